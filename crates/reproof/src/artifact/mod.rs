//! An artifact on disk: its files, its model, its digests.

mod document;
mod identify;
mod open;

pub use document::{Identification, IdentifiedFile, InspectedFile, InspectedTensor, Inspection, Tie};
pub use identify::{Digests, IdentifyError, digests, identify};
pub(crate) use identify::{MODEL_PART, hash_segments, sha256};
pub use open::{Artifact, ArtifactFile, OpenError};
pub(crate) use open::{CONTRACT_FOLDER, REGISTRY_FOLDER, list_files};
