//! An interpreter of Python and what is installed for it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An interpreter and what is installed for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Python {
    /// The program, home folder shortened.
    pub executable: String,
    /// Its implementation, such as `cpython`.
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// How it was built: revision, date, compiler.
    pub build: String,
    /// What it was built for, such as `linux-x86_64`.
    pub platform: String,
    /// The binary interface of extension modules, such as `cpython-311-x86_64-linux-gnu`.
    pub abi: String,
    /// What the environment is: `virtual environment`, `conda` or `interpreter`.
    pub kind: String,
    /// Switches of the interpreter that are not as usual.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flags: BTreeMap<String, String>,
    /// Every installed distribution, by normalised name.
    pub distributions: BTreeMap<String, Distribution>,
    /// The native libraries that are loaded, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<Library>,
    /// What frameworks say of the libraries that they compute with, by dotted name, such as `torch.onednn`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// How installed files were checked against the hashes of their installation: `every file` or `files changed since
    /// their installation`.
    pub checked: String,
    /// What could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// An installed distribution: what `pip list` calls a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// Its name as its authors spell it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from.
    pub origin: Origin,
    /// What installed it, such as `pip` or `uv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installer: Option<String>,
    /// SHA-256 over the sorted names and hashes that it was installed with, without what an installer adds: equal
    /// for the same wheel anywhere. Absent where there is no list of its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// Files that carry a hash.
    #[serde(default)]
    pub files: u64,
    /// Files that are not what was installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<AlteredFile>,
}

/// Where a distribution came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The kind of place.
    pub kind: OriginKind,
    /// The place, without credentials and with the home folder shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The commit, or the hash of the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// The kind of place that a distribution came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OriginKind {
    /// An index of packages: an installer that writes down every other origin wrote none.
    #[default]
    Index,
    /// An archive at a URL or path.
    Archive,
    /// A checkout of a version control system.
    Vcs,
    /// A folder.
    Directory,
    /// A folder that is used in place, so that its files can change at any time.
    Editable,
    /// Conda.
    Conda,
    /// Nobody wrote down what installed it.
    Unknown,
}

impl OriginKind {
    /// The word as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Archive => "archive",
            Self::Vcs => "vcs",
            Self::Directory => "directory",
            Self::Editable => "editable",
            Self::Conda => "conda",
            Self::Unknown => "unknown",
        }
    }
}

/// A file that is not what was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlteredFile {
    /// Its path as the list of files names it.
    pub path: String,
    /// The hash that it was installed with.
    pub expected: String,
    /// The hash that it has, or `missing`.
    pub actual: String,
}

/// A native library in memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Library {
    /// Its path: below the folder of packages for one that a distribution brings, else in full, home folder shortened.
    pub path: String,
    /// The distribution that brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// SHA-256; absent where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}
