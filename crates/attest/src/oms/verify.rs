//! Comparing a signature with the files of a model.

use std::collections::BTreeMap;
use std::ops::Range;

use super::manifest::Piece;
use super::{Algorithm, Changed, Comparison, File, Ignore, Manifest, Outcome, Refusal, Unchecked};
use crate::dsse::{Bundle, IN_TOTO};
use crate::hex;
use crate::key::PublicKey;

/// Where digests of the files of now come from.
pub trait Digests {
    /// The digest of a file, or of a range of its bytes; why there is none otherwise.
    fn digest(
        &mut self,
        path: &str,
        range: Option<Range<u64>>,
        algorithm: Algorithm,
    ) -> Result<Vec<u8>, String>;
}

impl<F> Digests for F
where
    F: FnMut(&str, Option<Range<u64>>, Algorithm) -> Result<Vec<u8>, String>,
{
    fn digest(
        &mut self,
        path: &str,
        range: Option<Range<u64>>,
        algorithm: Algorithm,
    ) -> Result<Vec<u8>, String> {
        self(path, range, algorithm)
    }
}

/// Files whose SHA-256 the caller has already. Other digests are not known.
#[derive(Clone, Debug)]
pub struct Listing<'a>(BTreeMap<&'a str, &'a File>);

impl<'a> Listing<'a> {
    /// These files; of two with one path, the later one.
    pub fn new(files: &'a [File]) -> Self {
        Self(files.iter().map(|file| (file.path.as_str(), file)).collect())
    }

    /// Their paths and sizes, for [`verify`].
    pub fn found(&self) -> Vec<(&'a str, u64)> {
        self.0.iter().map(|(path, file)| (*path, file.size)).collect()
    }
}

impl Digests for Listing<'_> {
    fn digest(
        &mut self,
        path: &str,
        range: Option<Range<u64>>,
        algorithm: Algorithm,
    ) -> Result<Vec<u8>, String> {
        if range.is_some() || algorithm != Algorithm::Sha256 {
            let of = if range.is_some() { "of a shard" } else { "of a file" };
            return Err(format!("signed with {algorithm} {of}: only the SHA-256 of whole files is known"));
        }
        let file = self.0.get(path).ok_or_else(|| "its digest is not known".to_owned())?;
        Ok(file.sha256.as_bytes().to_vec())
    }
}

/// How a verification is done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Paths left out besides those that the signature names: [`Ignore::at_verification`] as a rule.
    pub ignore: Ignore,
    /// Whether files that are not signed may be there.
    pub permit_unsigned: bool,
}

/// Verifies `bundle` with the public key that the caller trusts, against the files as they were found: the path and size
/// of each, with an empty path for a model of one file. `digests` is asked once per signed file or shard that is there.
pub fn verify<'a>(
    bundle: &Bundle,
    key: &PublicKey,
    found: impl IntoIterator<Item = (&'a str, u64)>,
    options: &Options,
    digests: &mut impl Digests,
) -> Outcome {
    match manifest(bundle, key) {
        Ok(manifest) => Outcome::Compared(compare(&manifest, found, options, digests)),
        Err(refusal) => Outcome::Refused(refusal),
    }
}

fn manifest(bundle: &Bundle, key: &PublicKey) -> Result<Manifest, Refusal> {
    let payload = bundle.verify(key)?;
    if bundle.envelope.payload_type != IN_TOTO {
        return Err(Refusal::PayloadType { got: bundle.envelope.payload_type.clone() });
    }
    Ok(Manifest::parse(payload)?)
}

fn compare<'a>(
    manifest: &Manifest,
    found: impl IntoIterator<Item = (&'a str, u64)>,
    options: &Options,
    digests: &mut impl Digests,
) -> Comparison {
    let ignore = options.ignore.clone().with(manifest.ignore_paths.iter().map(String::as_str));
    let mut comparison = Comparison { allow_symlinks: manifest.allow_symlinks, ..Comparison::default() };
    let mut left = BTreeMap::new();
    for (path, size) in found {
        if ignore.ignores(path) {
            comparison.ignored.push(path.to_owned());
        } else {
            left.insert(path, size);
        }
    }
    comparison.ignored.sort_unstable();
    for (path, pieces) in &manifest.files {
        match left.remove(path.as_str()) {
            None => comparison.missing.push(path.clone()),
            Some(size) => match difference(path, size, pieces, digests) {
                Ok(None) => comparison.unchanged += 1,
                Ok(Some(changed)) => comparison.changed.push(changed),
                Err(reason) => comparison.unchecked.push(Unchecked { path: path.clone(), reason }),
            },
        }
    }
    for (path, size) in left {
        let list = if options.permit_unsigned {
            &mut comparison.permitted
        } else if manifest.sharded && size == 0 {
            &mut comparison.unlisted_empty
        } else {
            &mut comparison.extra
        };
        list.push(path.to_owned());
    }
    comparison
}

/// The first difference of a file from its signed pieces; why there is no answer otherwise.
fn difference(
    path: &str,
    size: u64,
    pieces: &[Piece],
    digests: &mut impl Digests,
) -> Result<Option<Changed>, String> {
    let changed = |expected, found| Ok(Some(Changed { path: path.to_owned(), expected, found }));
    // Before ranges are asked for that are not there.
    if let Some(end) = pieces.last().and_then(|last| last.range.as_ref()).map(|range| range.end)
        && end != size
    {
        return changed(format!("{end} bytes"), format!("{size} bytes"));
    }
    for piece in pieces {
        let found = digests.digest(path, piece.range.clone(), piece.algorithm)?;
        if found != piece.digest {
            let place = piece.range.as_ref().map_or(String::new(), |range| format!(" of bytes {range:?}"));
            let text = |digest: &[u8]| format!("{} {}{place}", piece.algorithm, hex::encode(digest));
            return changed(text(&piece.digest), text(&found));
        }
    }
    Ok(None)
}
