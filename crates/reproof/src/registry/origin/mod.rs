//! What other tools wrote beside an artifact, read when it is pushed: where it comes from, and by which names they know it.
//! Nothing is asked of a network, and nothing of these files is executed.

mod dvc;
mod huggingface;
mod mlflow;
mod yaml;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use reproof_registry::Relation;

use super::RegistryError;

/// What is known of an artifact from the tool that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The tool.
    pub tool: &'static str,
    /// Where the artifact is: what was given, or what it points to.
    pub path: PathBuf,
    /// Tags to set on the version.
    pub tags: Vec<(String, String)>,
    /// Where it comes from, as addresses.
    pub lineage: Vec<(Relation, String)>,
}

/// The most bytes of a tag's value; longer ones are cut.
const MAX_VALUE: usize = 200;

impl Origin {
    fn new(tool: &'static str, path: &Path) -> Self {
        Self { tool, path: path.to_owned(), tags: Vec::new(), lineage: Vec::new() }
    }

    /// Adds a tag, if there is something to say.
    fn tag(&mut self, key: &str, value: Option<&str>) {
        let printable = |text: &str| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
        // YAML's word for nothing is a text here, too.
        let says = |value: &String| !value.trim().is_empty() && value != "null";
        let Some(mut value) = value.map(printable).filter(says) else { return };
        while value.len() > MAX_VALUE {
            value.pop();
        }
        self.tags.push((format!("{}.{key}", self.tool), value));
    }

    fn comes(&mut self, how: Relation, from: String) {
        if from.len() <= MAX_VALUE && !from.chars().any(char::is_control) {
            self.lineage.push((how, from));
        }
    }
}

/// Reads what the tools that are known here left beside `path`; nothing where there is nothing.
pub(super) fn of(path: &Path) -> Result<Option<Origin>, RegistryError> {
    if let Some(origin) = dvc::read(path)? {
        return Ok(Some(origin));
    }
    if !path.is_dir() {
        return Ok(None);
    }
    Ok(mlflow::read(path)?.or_else(|| huggingface::read(path)))
}

/// A text file of at most so many bytes.
fn text(path: &Path, limit: u64) -> Result<String, RegistryError> {
    let failed = |source| RegistryError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(limit + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > limit {
        return Err(refused(path, format!("it is larger than {limit} bytes, which is no such file")));
    }
    Ok(text)
}

fn refused(path: &Path, problem: String) -> RegistryError {
    RegistryError::Origin { path: path.to_owned(), problem }
}
