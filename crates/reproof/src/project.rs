//! What `reproof.toml` says of an artifact: context, governance, how outputs are judged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reproof_contract::contract::{
    Context, DatasetReference, Governance, Revision, Tolerance, ToleranceOrigin,
};
use reproof_contract::{Threshold, ThresholdError};
use reproof_environment::privacy::without_credentials;
use serde::Deserialize;

use crate::record::UserRule;

/// The name of the file.
pub const FILE_NAME: &str = "reproof.toml";

/// What the file says, ready for recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// Seeds, code, data.
    pub context: Context,
    /// Owner and classification.
    pub governance: Governance,
    /// Preprocessing and configuration files, relative to the file's folder.
    pub context_files: Vec<PathBuf>,
    /// Rules by output path.
    pub rules: BTreeMap<String, UserRule>,
}

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what is expected.
    #[error("{} is not a project file", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, at which line.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A tolerance is not a number.
    #[error("{}: output `{output}`", path.display())]
    Threshold {
        /// The file.
        path: PathBuf,
        /// The output.
        output: String,
        /// What is wrong.
        #[source]
        source: ThresholdError,
    },
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    governance: GovernanceTable,
    context: ContextTable,
    outputs: BTreeMap<String, OutputTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct GovernanceTable {
    owner: Option<String>,
    classification: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ContextTable {
    seeds: BTreeMap<String, u64>,
    code: Option<Revision>,
    datasets: Vec<DatasetReference>,
    preprocessing: Files,
    initialisation: Option<String>,
    regularisation: Option<String>,
    optimizer: Option<String>,
    notes: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Files {
    files: Vec<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct OutputTable {
    absolute: Option<String>,
    relative: Option<String>,
    top: Option<u32>,
}

/// Reads the project file at `path`.
pub fn read(path: &Path) -> Result<Project, ProjectError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ProjectError::Read { path: path.to_owned(), source })?;
    let file: File = toml::from_str(&text)
        .map_err(|source| ProjectError::Malformed { path: path.to_owned(), source: Box::new(source) })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let table = file.context;
    let context = Context {
        seeds: table.seeds,
        code: table
            .code
            .map(|code| Revision { repository: code.repository.map(without_credentials), ..code }),
        datasets: table
            .datasets
            .into_iter()
            .map(|dataset| DatasetReference {
                reference: dataset.reference.map(without_credentials),
                ..dataset
            })
            .collect(),
        preprocessing: Vec::new(),
        sources: Vec::new(),
        initialisation: table.initialisation,
        regularisation: table.regularisation,
        optimizer: table.optimizer,
        notes: table.notes,
    };
    let rules = file.outputs.into_iter().map(|(output, table)| {
        let rule = rule(&table);
        let rule = rule.map_err(|source| ProjectError::Threshold {
            path: path.to_owned(),
            output: output.clone(),
            source,
        })?;
        Ok((output, rule))
    });
    Ok(Project {
        context,
        governance: Governance {
            owner: file.governance.owner,
            classification: file.governance.classification,
        },
        context_files: table.preprocessing.files.iter().map(|file| folder.join(file)).collect(),
        rules: rules.collect::<Result<_, ProjectError>>()?,
    })
}

fn rule(table: &OutputTable) -> Result<UserRule, ThresholdError> {
    let threshold = |text: &Option<String>| text.as_deref().unwrap_or("0").parse::<Threshold>();
    let given = table.absolute.is_some() || table.relative.is_some();
    let tolerance = Tolerance {
        absolute: threshold(&table.absolute)?,
        relative: threshold(&table.relative)?,
        origin: ToleranceOrigin::User,
    };
    Ok(UserRule { tolerance: given.then_some(tolerance), top: table.top })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_file_is_read_and_a_wrong_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(
            &path,
            "[governance]\nowner = \"vision team\"\n[context.seeds]\ntorch = 7\n[context.preprocessing]\nfiles = [\"a.py\"]\n\
             [outputs.logits]\nrelative = \"1e-3\"\ntop = 0\n",
        )
        .unwrap();
        let project = read(&path).unwrap();
        assert_eq!(project.governance.owner.as_deref(), Some("vision team"));
        assert_eq!(project.context.seeds["torch"], 7);
        assert_eq!(project.context_files, [folder.path().join("a.py")]);
        assert_eq!(project.rules["logits"].top, Some(0));
        std::fs::write(&path, "[governance]\nboss = \"x\"\n").unwrap();
        assert!(crate::chain(&read(&path).unwrap_err()).contains("boss"));
    }
}
