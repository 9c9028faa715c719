//! Paths that a signature does not cover.

use std::collections::BTreeSet;

/// What version control keeps in a model's folder. Only at the top: deeper ones are signed.
const VERSION_CONTROL: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// What Reproof adds to a model after it was recorded.
const GROWING: [&str; 3] = ["reproof/evidence", "reproof/history", "reproof/trajectory"];

/// Paths that a signature does not cover: files, and folders with all that is in them. No patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignore(BTreeSet<String>);

impl Ignore {
    /// What is left out when a model is signed: version control, what Reproof adds later, and the signature itself where
    /// it lies in the model, at this path.
    pub fn at_signing(signature: Option<&str>) -> Self {
        Self::new(VERSION_CONTROL.into_iter().chain(GROWING).chain(signature))
    }

    /// What is left out when a model is verified, besides what the signature says: version control and the signature
    /// itself where it lies in the model.
    pub fn at_verification(signature: Option<&str>) -> Self {
        Self::new(VERSION_CONTROL.into_iter().chain(signature))
    }

    /// These paths. A `/` at the end of a folder's name is dropped.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self(paths.into_iter().map(|path| path.trim_end_matches('/').to_owned()).collect())
    }

    /// These and the others.
    #[must_use]
    pub fn with<'a>(mut self, others: impl IntoIterator<Item = &'a str>) -> Self {
        self.0.extend(Self::new(others).0);
        self
    }

    /// The paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the file at `path` is left out: it, or a folder that it is in, is one of the paths. A model of one file
    /// is never left out, nor is a whole model.
    pub fn ignores(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.into_iter().any(|end| end > 0 && self.0.contains(&path[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_ignored_by_their_exact_path() {
        let ignore = Ignore::at_signing(Some("model.sig"));
        for path in
            [".git", ".git/HEAD", ".gitignore", "model.sig", "reproof/evidence/a", "reproof/history/1/c"]
        {
            assert!(ignore.ignores(path), "{path}");
        }
        for path in [
            "",
            "sub/.git/HEAD",
            ".gitmodules",
            "model.sig.txt",
            "reproof/contract.json",
            "reproof/evidences",
        ] {
            assert!(!ignore.ignores(path), "{path}");
        }
    }

    #[test]
    fn nothing_ignores_a_whole_model() {
        let ignore = Ignore::new(["", ".", "/", "./"]);
        assert!(!ignore.ignores("") && !ignore.ignores("model.onnx"));
    }
}
