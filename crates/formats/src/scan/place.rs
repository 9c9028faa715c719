//! Where in an artifact something lies.

use crate::Severity;

/// Files inside files at most.
pub(super) const DEPTH: usize = 8;

/// A file, or something in it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The path for findings.
    pub(super) member: String,
    /// How many files it lies in.
    pub(super) depth: usize,
    /// The worst severity of what is found here: what no loader reaches is never dangerous by itself.
    pub(super) worst: Severity,
    /// Whether it lies in an archive whose loader compiles TorchScript.
    pub(super) scripted: bool,
    /// Whether it was found by searching, so that it is being searched already.
    pub(super) searched: bool,
}

impl Place {
    /// A whole file.
    pub(super) fn file(name: &str) -> Self {
        Self {
            member: name.to_owned(),
            depth: 0,
            worst: Severity::Dangerous,
            scripted: false,
            searched: false,
        }
    }

    /// Something inside.
    pub(super) fn inside(&self, name: &str) -> Self {
        Self { member: format!("{}:{name}", self.member), depth: self.depth + 1, ..self.clone() }
    }

    /// The same as a place in which a search found something.
    pub(super) fn found(&self) -> Self {
        Self { searched: true, ..self.clone() }
    }

    /// The same where no loader looks.
    pub(super) fn hidden(&self) -> Self {
        Self { worst: Severity::Warning, ..self.clone() }
    }

    /// What follows the last dot of its name, in lower case.
    pub(super) fn extension(&self) -> String {
        self.file_name().rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default()
    }

    /// The last component of its name, in lower case.
    pub(super) fn file_name(&self) -> String {
        let last = self.member.rsplit(['/', ':', '\\']).next().unwrap_or_default();
        last.to_ascii_lowercase()
    }
}
