//! Reading a contract and checking the files that it vouches for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use reproof_contract::canonical::{self, CanonicalError};
use reproof_contract::contract::{ArtifactIdentity, CaseRecord, ContractSchema, PrivateSuite};
use reproof_contract::environment::{Document, Environment, Fingerprint};
use reproof_contract::taps::Taps;
use reproof_contract::{Contract, Name};
use reproof_digest::{Digest, Kind, identity};
use reproof_formats::{FormatError, values};

use super::{CONTRACT_FILE, FINGERPRINT, FROZEN, LOADED, RECORDED_IN, STEPS, case_folder};
use crate::artifact::MODEL_PART;
use crate::cases::Case;

/// The largest `contract.json` that is read, in bytes: room for a million tensors and segments.
const LARGEST: u64 = 512 << 20;

/// A contract as stored.
#[derive(Debug)]
pub struct StoredContract {
    /// Its folder.
    pub folder: PathBuf,
    /// The folder of inputs and goldens: the same, or where the values of private suites lie.
    pub values: PathBuf,
    /// The document.
    pub contract: Contract,
    /// Its digest.
    pub digest: Digest,
}

/// The largest document beside a contract that is read, in bytes: a thousand packages take one, a hundred thousand steps forty.
const LARGEST_DOCUMENT: u64 = 64 << 20;

impl StoredContract {
    /// The environment that it was recorded in, with what was installed there where that was written down.
    pub fn recorded_environment(&self) -> Option<Environment> {
        let document: Option<Document> = self.document(RECORDED_IN);
        // The contract itself has the last word on what it says itself.
        match (self.contract.environment.clone(), document) {
            (Some(environment), Some(document)) => {
                Some(Environment { python: document.environment.python, ..environment })
            }
            (environment, _) => environment,
        }
    }

    /// What operators gave where it was recorded.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.document(FINGERPRINT)
    }

    /// Digests of the tensors of the model as it was loaded when recorded, by name.
    pub fn loaded(&self) -> Option<BTreeMap<String, String>> {
        self.document(LOADED)
    }

    /// A document beside the contract; one that is missing or unreadable is none, and its digest tells of damage.
    fn document<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        document(&self.folder.join(name))
    }
}

/// What a model computed on its way, where a run or a contract has it in this folder.
pub(crate) fn steps(folder: &Path) -> Option<Taps> {
    document(&folder.join(STEPS))
}

/// A document that is small enough to be one; nothing for what is missing or unreadable.
fn document<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST_DOCUMENT {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Why a contract could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is none.
    #[error("no contract at {}", path.display())]
    Missing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The document is a link, a device or a folder.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// The document is larger than any contract.
    #[error("{} holds {size} bytes, expected at most {LARGEST}", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// The document has a schema of a later version.
    #[error("{} has the schema `{found}`, this version reads {}", path.display(), ContractSchema::ALL.join(" and "))]
    NewerSchema {
        /// Which.
        path: PathBuf,
        /// The schema found.
        found: String,
    },
    /// The document is not a contract.
    #[error("{} is not a contract", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong, at which line.
        #[source]
        source: serde_json::Error,
    },
    /// The document says more than this version reads.
    #[error("{} holds fields that this version does not know", path.display())]
    UnknownFields {
        /// Which.
        path: PathBuf,
    },
    /// The document has no canonical form.
    #[error("{} has no canonical form", path.display())]
    Canonical {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: CanonicalError,
    },
    /// The document names a path that leaves its folder.
    #[error("{} names `{name}`, which leaves its folder", path.display())]
    Outside {
        /// The document.
        path: PathBuf,
        /// The refused path.
        name: String,
    },
    /// The inputs of a case could not be read.
    #[error("could not read the case in {}", path.display())]
    Values {
        /// Its folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: FormatError,
    },
    /// The document contradicts itself.
    #[error("{} contradicts itself: {problem}", path.display())]
    Contradiction {
        /// The document.
        path: PathBuf,
        /// How.
        problem: String,
    },
}

/// Reads the contract in `folder`; the files beside it are not looked at yet.
pub fn read(folder: &Path) -> Result<StoredContract, FolderError> {
    let path = folder.join(CONTRACT_FILE);
    let size = match std::fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Err(FolderError::NotAFile { path }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(FolderError::Missing { path });
        }
        Err(source) => return Err(FolderError::Read { path, source }),
    };
    if size > LARGEST {
        return Err(FolderError::TooLarge { path, size });
    }
    let bytes = std::fs::read(&path).map_err(|source| FolderError::Read { path: path.clone(), source })?;
    let contract = parse(&bytes, &path)?;
    let no_form = |source| FolderError::Canonical { path: path.clone(), source };
    let digest = contract.digest().map_err(no_form)?;
    // A field that this version does not know would be promised by the document and checked by nobody.
    let document: serde_json::Value = serde_json::from_slice(&bytes)
        .map_err(|source| FolderError::Malformed { path: path.clone(), source })?;
    if canonical::digest(Kind::Contract, &document).map_err(no_form)? != digest {
        return Err(FolderError::UnknownFields { path });
    }
    check(&contract, &path)?;
    // Until somebody says where to look, private values are nowhere.
    let values = match &contract.private {
        Some(private) => PathBuf::from(private.id.to_hex()),
        None => folder.to_owned(),
    };
    Ok(StoredContract { folder: folder.to_owned(), values, contract, digest })
}

/// Reads the document; a later schema is told apart from a broken one.
fn parse(bytes: &[u8], path: &Path) -> Result<Contract, FolderError> {
    serde_json::from_slice(bytes).map_err(|source| {
        #[derive(serde::Deserialize)]
        struct Header {
            schema: String,
        }
        match serde_json::from_slice::<Header>(bytes) {
            Ok(Header { schema }) if !ContractSchema::ALL.contains(&schema.as_str()) => {
                FolderError::NewerSchema { path: path.to_owned(), found: schema }
            }
            _ => FolderError::Malformed { path: path.to_owned(), source },
        }
    })
}

/// Refuses paths that leave their folder and names that stand twice or nowhere.
fn check(contract: &Contract, path: &Path) -> Result<(), FolderError> {
    let outside = |name: &str| FolderError::Outside { path: path.to_owned(), name: name.to_owned() };
    let names = contract.files.keys().chain(contract.artifact.files.iter().map(|file| &file.path));
    let names = names.chain(&contract.context.preprocessing);
    let names = names.chain(contract.private.iter().flat_map(|private| private.files.keys()));
    if let Some(name) = names.into_iter().find(|name| !stays_inside(name)) {
        return Err(outside(name));
    }
    if let Some(golden) = contract.goldens.iter().find(|golden| !is_class(&golden.class)) {
        return Err(outside(&golden.class));
    }
    let contradiction = |problem: String| FolderError::Contradiction { path: path.to_owned(), problem };
    let mut cases: BTreeSet<&Name> = BTreeSet::new();
    if let Some(twice) = contract.suite.iter().find(|case| !cases.insert(&case.name)) {
        return Err(contradiction(format!("the case {} stands twice in the suite", twice.name)));
    }
    let mut goldens = BTreeSet::new();
    for golden in &contract.goldens {
        if !cases.contains(&golden.case) {
            return Err(contradiction(format!(
                "a golden is for the case {}, which the suite lacks",
                golden.case
            )));
        }
        if !goldens.insert((&golden.class, &golden.case)) {
            return Err(contradiction(format!(
                "two goldens of {} for the case {}",
                golden.class, golden.case
            )));
        }
    }
    if let Some(bare) =
        contract.suite.iter().find(|case| contract.goldens.iter().all(|golden| golden.case != case.name))
    {
        return Err(contradiction(format!("the case {} has no golden", bare.name)));
    }
    if let Some(frozen) = &contract.frozen {
        let inside = format!("{}/", frozen.path);
        let held = |name: &String| *name == frozen.path || name.starts_with(&inside);
        if frozen.path.split('/').next() != Some(FROZEN) || !contract.files.keys().any(held) {
            return Err(contradiction(format!("the graph {} is none of its files", frozen.path)));
        }
    }
    if let Some(private) = &contract.private
        && PrivateSuite::identity(&private.files).ok() != Some(private.id)
    {
        return Err(contradiction("the private suite is not named by its files".to_owned()));
    }
    if contract.statistics.as_ref().is_some_and(|statistics| statistics.samples < 2) {
        return Err(contradiction("a distribution of fewer than 2 samples".to_owned()));
    }
    if !identity_holds(&contract.artifact) {
        return Err(contradiction(
            "the digests of the artifact are not those of its files and tensors".to_owned(),
        ));
    }
    Ok(())
}

/// Whether the digests over files and tensors are those of the files and tensors listed: a pinned digest must not be
/// claimed by a contract for something else.
fn identity_holds(artifact: &ArtifactIdentity) -> bool {
    let files = artifact.files.iter().map(|file| (file.path.as_str(), file.size, file.digest));
    let part = |name: &str| {
        let tensors = artifact.tensors.iter().filter(move |tensor| tensor.part == name);
        tensors.map(|tensor| (tensor.name.as_str(), tensor.digest)).collect::<Vec<_>>()
    };
    let model = part(MODEL_PART);
    identity::artifact(files) == artifact.artifact_digest
        && identity::values(model.iter().map(|(_, digest)| *digest)) == artifact.values_digest
        && identity::named(Kind::Weights, model) == artifact.weights_digest
        && artifact.parts.iter().all(|(name, digest)| identity::named(Kind::Part, part(name)) == *digest)
}

/// Whether a POSIX path stays below the folder that it is joined to; the empty path is the folder's own artifact.
fn stays_inside(name: &str) -> bool {
    let plain = Path::new(name).components().all(|component| matches!(component, Component::Normal(_)));
    plain && !name.contains(['\\', '\0', ':']) && !name.starts_with('/')
}

/// Whether a text can be the folder of an environment class.
fn is_class(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

impl StoredContract {
    /// The cases of the suite with their stored inputs.
    pub fn cases(&self) -> Result<Vec<Case>, FolderError> {
        let read = |record: &CaseRecord| {
            let folder = self.values.join(case_folder(&record.name));
            let inputs = values::read(&folder, "inputs");
            let inputs = inputs.map_err(|source| FolderError::Values { path: folder, source })?;
            Ok(Case {
                name: record.name.clone(),
                class: record.class,
                origin: record.origin,
                note: record.note.clone(),
                inputs,
                open: record.open.clone(),
            })
        };
        self.contract.suite.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_folder_are_seen() {
        for inside in ["", "a", "suite/zeros/inputs.json", "a.b/c-d_e"] {
            assert!(stays_inside(inside), "{inside}");
        }
        for outside in ["..", "a/../../b", "/etc/passwd", "C:\\x", "a\\..\\b", "a\0b", "./a"] {
            assert!(!stays_inside(outside), "{outside}");
        }
    }

    #[test]
    fn a_class_is_a_plain_word() {
        assert!(is_class("cpu-x86_64"));
        assert!(!is_class("../x") && !is_class("") && !is_class("a/b"));
    }
}
