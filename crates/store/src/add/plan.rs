//! What has to be written for an artifact, decided before anything is.

use std::collections::{HashMap, HashSet};

use reproof_codec::Element;
use reproof_digest::{Digest, blob};

use super::base::{self, Chosen, Known};
use super::{AddOptions, Source, SourceFile};
use crate::catalog::Catalog;
use crate::manifest::{SCHEMA, StoredFile, StoredSegment, StoredTensor};
use crate::{Manifest, Store, StoreError, chunk};

/// Bytes that are written into the manifest. In base64 these take 356; an object of as many would take 508 with its place in
/// the manifest and its two entries of an index. The heads of files in a zip archive are shorter and are others each time.
const INLINE: u64 = 256;

/// Bytes of opaque data above which it is cut into pieces.
const WHOLE: u64 = 256 << 10;

/// What has to be written.
pub(super) struct Plan {
    pub(super) manifest: Manifest,
    pub(super) jobs: Vec<Job>,
}

/// An object that is not stored yet.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) digest: Digest,
    pub(super) length: u64,
    pub(super) element: Element,
    /// Where its bytes are: the number of the file, the contract's after the artifact's, and the offset in it.
    pub(super) place: (usize, u64),
    pub(super) base: Option<Chosen>,
}

/// Decides what has to be written for `source`, given what is stored.
pub(super) fn make(
    store: &Store,
    catalog: &Catalog,
    source: &Source<'_>,
    options: &AddOptions<'_>,
) -> Result<Plan, StoreError> {
    let dtypes = dtypes(source);
    let mut jobs = Vec::new();
    let mut seen = HashSet::new();
    let mut place = |digest: &Digest, length: u64, element: Element, place: (usize, u64)| {
        // Two empty tensors of one file have one digest and nothing to store.
        if length > 0 && seen.insert(*digest) && catalog.find(digest.as_bytes()).is_none() {
            jobs.push(Job { digest: *digest, length, element, place, base: None });
        }
    };
    let mut describe = |files: &[SourceFile<'_>], first: usize| {
        let files = files.iter().enumerate();
        files
            .map(|(number, file)| stored_file(file, first + number, &dtypes, &mut place))
            .collect::<Result<Vec<_>, _>>()
    };
    let files = describe(&source.files, 0)?;
    let contract = describe(&source.contract, source.files.len())?;
    let known = Known::new(&jobs, source);
    let tensors = stored_tensors(source);
    for index in base::order(&jobs) {
        let chosen = base::choose(store, catalog, source, options, &known, &jobs, index)?;
        jobs[index].base = chosen;
    }
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        artifact: source.artifact,
        name: source.name.clone(),
        folder: source.folder,
        files,
        contract,
        tensors,
    };
    Ok(Plan { manifest, jobs })
}

/// The dtype of the values that begin at a place of a file.
fn dtypes(source: &Source<'_>) -> HashMap<(usize, u64), Element> {
    let tensors = source.tensors.iter();
    tensors.map(|tensor| ((tensor.file, tensor.offset), Element::of_dtype(&tensor.dtype))).collect()
}

fn stored_file(
    file: &SourceFile<'_>,
    number: usize,
    dtypes: &HashMap<(usize, u64), Element>,
    place: &mut impl FnMut(&Digest, u64, Element, (usize, u64)),
) -> Result<StoredFile, StoreError> {
    let failed = |error| StoreError::Source { file: file.path.clone(), source: error };
    let changed = |offset| StoreError::Changed { file: file.path.clone(), offset };
    let length: u64 = file.segments.iter().map(|segment| segment.length).sum();
    if length != file.bytes.size() {
        return Err(changed(length.min(file.bytes.size())));
    }
    let mut segments = Vec::with_capacity(file.segments.len());
    for segment in file.segments.iter().filter(|segment| segment.length > 0) {
        let (offset, length) = (segment.offset, segment.length);
        if let (Some(digest), true) = (segment.digest, segment.whole && length > INLINE) {
            let element = dtypes.get(&(number, offset)).copied().unwrap_or(Element::Byte);
            place(&digest, length, element, (number, offset));
            segments.push(StoredSegment::Object { digest, length });
            continue;
        }
        let pieces = if length > WHOLE {
            chunk::lengths(file.bytes, offset, length).map_err(failed)?
        } else {
            vec![length]
        };
        let (mut start, mut hasher) = (offset, blake3::Hasher::new());
        for length in pieces {
            let bytes = file.bytes.read_range(start, length as usize).map_err(failed)?;
            hasher.update(&bytes);
            if length > INLINE {
                let digest = blob(&bytes);
                place(&digest, length, Element::Byte, (number, start));
                segments.push(StoredSegment::Object { digest, length });
            } else {
                segments.push(StoredSegment::Inline(bytes));
            }
            start += length;
        }
        if segment.digest.is_some_and(|digest| digest.as_bytes() != hasher.finalize().as_bytes()) {
            return Err(changed(offset));
        }
    }
    Ok(StoredFile { path: file.path.clone(), size: file.bytes.size(), segments })
}

/// The tensors whose values are a whole segment.
fn stored_tensors(source: &Source<'_>) -> Vec<StoredTensor> {
    let digests: HashMap<(usize, u64, u64), Digest> = source
        .files
        .iter()
        .enumerate()
        .flat_map(|(number, file)| file.segments.iter().map(move |segment| (number, segment)))
        .filter(|(_, segment)| segment.whole)
        .filter_map(|(number, segment)| Some(((number, segment.offset, segment.length), segment.digest?)))
        .filter(|((_, _, length), _)| *length > INLINE)
        .collect();
    let tensors = source.tensors.iter().filter_map(|tensor| {
        let object = *digests.get(&(tensor.file, tensor.offset, tensor.length))?;
        Some(StoredTensor {
            name: tensor.name.clone(),
            part: tensor.part.clone(),
            dtype: tensor.dtype.clone(),
            shape: tensor.shape.clone(),
            object,
        })
    });
    tensors.collect()
}
