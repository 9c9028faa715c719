//! The contract's folder beside or inside an artifact.
//!
//! A folder artifact keeps it in `reproof/`, a single file in `<file>.reproof/`; it may lie anywhere when the artifact
//! is read-only. It is written whole: built beside its place, synced, renamed.

mod private;
mod read;
mod tampering;
mod write;

use std::path::{Path, PathBuf};

use reproof_contract::Name;
use reproof_contract::run::CaseInput;

pub use private::private_root;
pub(crate) use read::steps;
pub use read::{FolderError, StoredContract, read};
pub use tampering::Tampering;
pub(crate) use write::{Draft, WriteError, exchange};

use crate::artifact::CONTRACT_FOLDER;

/// Where the contract of an artifact lies by default.
pub fn beside(artifact: &Path) -> PathBuf {
    if artifact.is_dir() {
        return artifact.join(CONTRACT_FOLDER);
    }
    let mut name = artifact.file_name().unwrap_or_default().to_owned();
    name.push(".reproof");
    artifact.with_file_name(name)
}

/// The document at the root of the folder.
pub(crate) const CONTRACT_FILE: &str = "contract.json";

/// Where it was recorded, with what was installed there.
pub(crate) const RECORDED_IN: &str = "environment/recorded-in.json";

/// What operators gave there.
pub(crate) const FINGERPRINT: &str = "environment/fingerprint.json";

/// Digests of what the model remembers once it is loaded.
pub(crate) const LOADED: &str = "environment/loaded.json";

/// What the model computed on its way, beside the goldens of a case.
pub(crate) const STEPS: &str = "taps.json";

/// The folder of the model's graph.
pub(crate) const FROZEN: &str = "frozen";

/// How the folder is named while it is being built; what a killed process left behind is told by it.
pub(crate) const DRAFT_PREFIX: &str = ".reproof-draft-";

/// What grows after recording; the contract does not vouch for it.
pub(crate) const GROWING: [&str; 3] = ["trajectory", "evidence", "history"];

/// The folders of a contract that hold values.
pub(crate) const VALUES: [&str; 2] = ["suite", "goldens"];

/// The folder of a case's inputs, below the contract's folder.
pub(crate) fn case_folder(case: &Name) -> PathBuf {
    Path::new("suite").join(case.as_str())
}

/// A case as runs take it: its inputs below the folder of values.
pub(crate) fn case_input(values: &Path, case: &Name) -> CaseInput {
    let folder = values.join(case_folder(case));
    CaseInput { name: case.clone(), folder: std::path::absolute(&folder).unwrap_or(folder) }
}

/// As [`case_input`], as the contract's graph takes it: below the case, where that is something else.
pub(crate) fn graph_input(values: &Path, case: &Name) -> CaseInput {
    let CaseInput { name, folder } = case_input(values, case);
    CaseInput { name, folder: folder.join(FROZEN) }
}

/// The folder of a case's goldens, below the contract's folder.
pub(crate) fn golden_folder(class: &str, case: &Name) -> PathBuf {
    Path::new("goldens").join(class).join(case.as_str())
}
