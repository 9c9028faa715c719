//! Every digest of an artifact, each byte hashed once where the format allows it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use reproof_contract::contract::{ArtifactIdentity, FileRecord, TensorRecord};
use reproof_digest::ranges::{self, RangeError};
use reproof_digest::{Digest, Kind, ReadAt as _, blob, identity};
use reproof_formats::{FormatError, Sources, Storage, StorageError, TensorDescription};
use reproof_progress::{Progress, Unit};
use sha2::{Digest as _, Sha256};

use super::Artifact;

/// The part of a checkpoint that is the model.
pub(crate) const MODEL_PART: &str = "model";

/// The digests of an artifact, without the file's SHA-256.
#[derive(Debug, Clone)]
pub struct Digests {
    /// Over all files.
    pub artifact: Digest,
    /// Over the named tensors of the model.
    pub weights: Digest,
    /// Over the distinct tensors of the model.
    pub values: Digest,
    /// Over everything but the weights.
    pub architecture: Digest,
    /// Over each other part.
    pub parts: BTreeMap<String, Digest>,
    /// Per file, in the order of [`Artifact::files`]: size and `layout-v1` digest.
    pub files: Vec<(u64, Digest)>,
    /// Per file, the BLAKE3 of each segment; empty where digests are recorded ones.
    pub segments: Vec<Vec<Digest>>,
    /// Per tensor, in the order of the description.
    pub tensors: Vec<Digest>,
}

/// Why digests could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    /// A file could not be opened or read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A range of a file could not be read, because it shrank or the disk failed.
    #[error("could not hash {}", path.display())]
    Range {
        /// Which.
        path: PathBuf,
        /// Where.
        #[source]
        source: RangeError,
    },
    /// A file of the artifact could not be opened again.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A tensor has no values that could be hashed.
    #[error("could not hash tensor `{tensor}`")]
    Tensor {
        /// Its name.
        tensor: String,
        /// Why.
        #[source]
        source: StorageError,
    },
    /// The values of a tensor could not be read.
    #[error("could not hash tensor `{tensor}`")]
    Values {
        /// Its name.
        tensor: String,
        /// Where.
        #[source]
        source: RangeError,
    },
}

/// Computes every digest of an artifact.
pub fn digests(artifact: &Artifact, progress: &dyn Progress) -> Result<Digests, IdentifyError> {
    let total = artifact.files.iter().map(|file| file.layout.size()).sum();
    progress.begin(&format!("hashing {}", artifact.path.display()), Some(total), Unit::Bytes);
    let segments: Vec<Vec<Digest>> = artifact
        .files
        .par_iter()
        .map(|file| hash_segments(&file.location, file.layout.segments(), progress))
        .collect::<Result<_, _>>()?;
    let files: Vec<(u64, Digest)> = artifact
        .files
        .iter()
        .zip(&segments)
        .map(|(file, blobs)| (file.layout.size(), file.layout.digest(blobs)))
        .collect();
    let tensors = tensor_digests(artifact, &segments)?;
    progress.end();
    let description = &artifact.description;
    let part = |name: &str| {
        let named = description.tensors.iter().zip(&tensors).filter(move |(tensor, _)| tensor.part == name);
        named.map(|(tensor, digest)| (tensor.name.as_str(), *digest)).collect::<Vec<_>>()
    };
    let others: std::collections::BTreeSet<&str> = description
        .tensors
        .iter()
        .map(|tensor| tensor.part.as_str())
        .filter(|part| *part != MODEL_PART)
        .collect();
    let model = part(MODEL_PART);
    let (values, weights) = rayon::join(
        || identity::values(model.iter().map(|(_, digest)| *digest)),
        || identity::named(Kind::Weights, model.iter().copied()),
    );
    Ok(Digests {
        artifact: identity::artifact(
            artifact
                .files
                .iter()
                .zip(&files)
                .map(|(file, (size, digest))| (file.path.as_str(), *size, *digest)),
        ),
        values,
        weights,
        architecture: description.architecture,
        parts: others
            .iter()
            .map(|name| ((*name).to_owned(), identity::named(Kind::Part, part(name))))
            .collect(),
        files,
        segments,
        tensors,
    })
}

/// The identity that a contract stores: digests, SHA-256 of each file, tensors by name.
pub fn identify(artifact: &Artifact, progress: &dyn Progress) -> Result<ArtifactIdentity, IdentifyError> {
    let digests = digests(artifact, progress)?;
    let records: Vec<FileRecord> = artifact
        .files
        .par_iter()
        .zip(&digests.files)
        .map(|(file, (size, digest))| {
            Ok(FileRecord {
                path: file.path.clone(),
                size: *size,
                digest: *digest,
                sha256: sha256(&file.location)?,
                segments: file.layout.segments().to_vec(),
            })
        })
        .collect::<Result<_, IdentifyError>>()?;
    let described = artifact.description.tensors.iter().zip(&digests.tensors);
    let mut tensors: Vec<TensorRecord> = described
        .map(|(tensor, digest)| TensorRecord {
            name: tensor.name.clone(),
            part: tensor.part.clone(),
            dtype: tensor.dtype,
            shape: tensor.shape.clone(),
            digest: *digest,
            tied_to: tensor.tied_to.clone(),
        })
        .collect();
    tensors.sort_by(|a, b| (&a.part, &a.name).cmp(&(&b.part, &b.name)));
    Ok(ArtifactIdentity {
        kind: artifact.kind,
        format: artifact.description.format.as_str().to_owned(),
        artifact_digest: digests.artifact,
        weights_digest: digests.weights,
        values_digest: digests.values,
        architecture_digest: digests.architecture,
        parts: digests.parts,
        files: records,
        tensors,
    })
}

/// The BLAKE3 of each segment of a file.
pub(crate) fn hash_segments(
    location: &Path,
    segments: &[reproof_digest::layout::Segment],
    progress: &dyn Progress,
) -> Result<Vec<Digest>, IdentifyError> {
    let file =
        File::open(location).map_err(|source| IdentifyError::Read { path: location.to_owned(), source })?;
    let ranges: Vec<_> =
        segments.iter().map(|segment| segment.offset..segment.offset + segment.length).collect();
    ranges::blobs(&file, &ranges, &|bytes| progress.advance(bytes))
        .map_err(|source| IdentifyError::Range { path: location.to_owned(), source })
}

/// The digest of each described tensor: from its segment where it is one, else from a second look at its bytes.
fn tensor_digests(artifact: &Artifact, segments: &[Vec<Digest>]) -> Result<Vec<Digest>, IdentifyError> {
    let description = &artifact.description;
    // Where each described file stands among the artifact's files.
    let known: HashMap<&Path, usize> =
        artifact.files.iter().enumerate().map(|(index, file)| (file.location.as_path(), index)).collect();
    let positions: Vec<usize> = description
        .files
        .iter()
        .map(|file| known.get(file.location.as_path()).copied())
        .collect::<Option<_>>()
        .expect("every described file is a file of the artifact");
    // The digest of a segment that is exactly this range; segments are sorted.
    let known = |index: usize, offset: u64, length: u64| {
        let layout = artifact.files[index].layout.segments();
        let found = layout.binary_search_by_key(&offset, |segment| segment.offset).ok()?;
        (layout[found].length == length).then(|| segments[index][found])
    };
    let sources = Sources::open(description)?;
    let second_look = |tensor: &TensorDescription| {
        let name = || tensor.name.clone();
        let bytes = sources.bytes(tensor);
        let bytes = bytes.map_err(|source| IdentifyError::Tensor { tensor: name(), source })?;
        let hashed = ranges::blobs(&bytes, std::slice::from_ref(&(0..bytes.size())), &|_| ());
        let digests = hashed.map_err(|source| IdentifyError::Values { tensor: name(), source })?;
        Ok::<Digest, IdentifyError>(digests[0])
    };
    let values = |tensor: &TensorDescription| match &tensor.storage {
        Storage::Gathered(bytes) => Ok(blob(bytes)),
        // A tensor without values has dtype and shape alone.
        Storage::Absent { .. } => Ok(blob(&[])),
        Storage::Range { file, offset, length } => {
            known(positions[*file], *offset, *length).map_or_else(|| second_look(tensor), Ok)
        }
        Storage::View(_) | Storage::Pieces(_) => second_look(tensor),
    };
    let tensors = description.tensors.par_iter();
    tensors.map(|tensor| Ok(identity::tensor(tensor.dtype.name(), &tensor.shape, &values(tensor)?))).collect()
}

/// SHA-256 of a whole file in 64 hexadecimal digits.
pub(crate) fn sha256(location: &Path) -> Result<String, IdentifyError> {
    let failed = |source| IdentifyError::Read { path: location.to_owned(), source };
    let mut file = File::open(location).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    // The digest type writes hexadecimal; only its digits are taken.
    Ok(Digest::new(Kind::Blob, digest).to_hex())
}
