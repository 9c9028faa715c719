//! The context of a recording: the project file, then what the command line says over it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::Args;
use reproof::project::{self, Project};
use reproof::record::RecordOptions;
use reproof_contract::contract::{DatasetReference, Revision, Tolerance, ToleranceOrigin};
use reproof_environment::privacy::without_credentials;

use crate::failure::UsageError;

#[derive(Args, Debug, Clone, Default)]
pub(crate) struct ContextArguments {
    /// The project file [default: reproof.toml in the artifact's folder].
    #[arg(long, value_name = "FILE", help_heading = "Context")]
    project: Option<PathBuf>,
    /// A seed of the training, such as `torch=7`. Repeat for several.
    #[arg(long, value_name = "NAME=N", help_heading = "Context")]
    seed: Vec<String>,
    /// The source repository that made the artifact: its commit and whether files differ are recorded.
    #[arg(long, value_name = "DIR", help_heading = "Context")]
    code: Option<PathBuf>,
    /// A data set with where it is, such as `digits=https://…`. Repeat for several.
    #[arg(long, value_name = "NAME=REFERENCE", help_heading = "Context")]
    dataset: Vec<String>,
    /// A preprocessing or configuration file to copy into the contract. Repeat for several.
    #[arg(long, value_name = "FILE", help_heading = "Context")]
    preprocessing: Vec<PathBuf>,
    /// How the model was initialised.
    #[arg(long, value_name = "TEXT", help_heading = "Context")]
    initialisation: Option<String>,
    /// How it was regularised.
    #[arg(long, value_name = "TEXT", help_heading = "Context")]
    regularisation: Option<String>,
    /// Anything else worth keeping, such as `epochs=60`. Repeat for several.
    #[arg(long, value_name = "NAME=TEXT", help_heading = "Context")]
    note: Vec<String>,
    /// Who answers for the artifact.
    #[arg(long, value_name = "NAME", help_heading = "Context")]
    owner: Option<String>,
    /// How confidential it is.
    #[arg(long, value_name = "WORD", help_heading = "Context")]
    classification: Option<String>,
    /// A tolerance that passes as `tolerated`: `OUTPUT=ABSOLUTE,RELATIVE`. Repeat for several.
    #[arg(long, value_name = "OUTPUT=ABS,REL", help_heading = "Context")]
    tolerance: Vec<String>,
}

/// Fills the options from the project file and the command line.
pub(crate) fn fill(arguments: &ContextArguments, artifact: &Path, options: &mut RecordOptions) -> Result<()> {
    let folder = if artifact.is_dir() { artifact } else { artifact.parent().unwrap_or(Path::new("")) };
    let beside = folder.join(project::FILE_NAME);
    let project = match &arguments.project {
        Some(path) => project::read(path)?,
        None if beside.is_file() => project::read(&beside)?,
        None => Project::default(),
    };
    options.context = project.context;
    options.governance = project.governance;
    options.context_files = project.context_files;
    options.rules = project.rules;
    options.context_files.extend(arguments.preprocessing.iter().cloned());
    for text in &arguments.seed {
        let (name, value) = pair("--seed", text)?;
        let value =
            value.parse().map_err(|_| UsageError(format!("--seed {text}: expected a whole number")))?;
        options.context.seeds.insert(name, value);
    }
    for text in &arguments.dataset {
        let (name, reference) = pair("--dataset", text)?;
        options.context.datasets.push(DatasetReference {
            name,
            reference: Some(without_credentials(reference)),
            schema: std::collections::BTreeMap::new(),
            fingerprint: None,
        });
    }
    for text in &arguments.note {
        let (name, value) = pair("--note", text)?;
        options.context.notes.insert(name, value);
    }
    for text in &arguments.tolerance {
        let (output, tolerance) = tolerance(text)?;
        options.rules.entry(output).or_default().tolerance = Some(tolerance);
    }
    let overwrite = |target: &mut Option<String>, told: &Option<String>| {
        if told.is_some() {
            target.clone_from(told);
        }
    };
    overwrite(&mut options.context.initialisation, &arguments.initialisation);
    overwrite(&mut options.context.regularisation, &arguments.regularisation);
    overwrite(&mut options.governance.owner, &arguments.owner);
    overwrite(&mut options.governance.classification, &arguments.classification);
    if let Some(folder) = &arguments.code {
        options.context.code = Some(revision(folder)?);
    }
    if let Some(missing) = options.context_files.iter().find(|file| !file.is_file()) {
        return Err(UsageError(format!("no file to copy at {}", missing.display())).into());
    }
    Ok(())
}

fn pair(option: &str, text: &str) -> Result<(String, String)> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| UsageError(format!("{option} {text}: expected NAME=VALUE")))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn tolerance(text: &str) -> Result<(String, Tolerance)> {
    let wrong = |why: String| UsageError(format!("--tolerance {text}: {why}"));
    let (output, limits) = pair("--tolerance", text)?;
    let (absolute, relative) =
        limits.split_once(',').ok_or_else(|| wrong("expected OUTPUT=ABSOLUTE,RELATIVE".to_owned()))?;
    let parse = |text: &str| text.trim().parse().map_err(|error| wrong(format!("{error}")));
    let tolerance =
        Tolerance { absolute: parse(absolute)?, relative: parse(relative)?, origin: ToleranceOrigin::User };
    Ok((output, tolerance))
}

/// Commit and cleanliness of a git checkout.
fn revision(folder: &Path) -> Result<Revision> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"]).ok_or_else(|| {
        UsageError(format!("--code {}: not a git checkout with a commit", folder.display()))
    })?;
    Ok(Revision {
        commit,
        dirty: git(&["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty()),
        repository: git(&["remote", "get-url", "origin"]).map(without_credentials),
    })
}
