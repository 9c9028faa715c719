//! The cases of several sources together.

use std::path::{Path, PathBuf};

use reproof_contract::Name;
use reproof_contract::signature::Inputs;
use reproof_formats::{FormatError, onnx};

use super::{Case, ImportError, OPEN_SIZES, ProposeError, import, import_named, propose, propose_calls};
use crate::record::RecordError;

/// The source that proposes cases from the model's signature.
pub const PROPOSED: &str = "auto";

/// Why there are no cases.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// There is nothing at a source.
    #[error("no inputs at {}", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Nobody knows what the model takes.
    #[error("inputs cannot be proposed: {reason}")]
    NotProposed {
        /// Why.
        reason: String,
    },
    /// Nothing makes a model of the artifact.
    #[error("nothing here makes a model of the artifact: {what}")]
    NoLoader {
        /// What is lacking.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The framework could not be asked what the model takes.
    #[error(transparent)]
    Describe(#[from] Box<RecordError>),
    /// The model could not be read.
    #[error("could not read {}", path.display())]
    Model {
        /// The model.
        path: PathBuf,
        /// Why.
        #[source]
        source: FormatError,
    },
    /// A source could not be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Nothing could be proposed.
    #[error(transparent)]
    Propose(#[from] ProposeError),
}

impl GatherError {
    /// What a contract without outputs says of itself, where all that is lacking is a loader: bytes and weights are a
    /// promise, too.
    pub fn without_outputs(&self) -> Option<String> {
        match self {
            Self::NoLoader { what, hint } => Some(format!(
                "the contract covers bytes and weights alone; for outputs it lacks {what}: {hint}"
            )),
            _ => None,
        }
    }
}

/// The cases of every source for an ONNX model, with names made distinct; proposals have open dims of the size `open`.
pub fn gather(model: &Path, sources: &[String], open: u64) -> Result<Vec<Case>, GatherError> {
    let read = onnx::read(model);
    let model = read.map_err(|source| GatherError::Model { path: model.to_owned(), source })?;
    let found = sources.iter().map(|source| match source.as_str() {
        PROPOSED => Ok(propose(&model, open)?),
        _ => Ok(import(&model, &there(source)?)?),
    });
    together(found)
}

/// The cases of every source for a model that only its framework knows, which `describe` asks what it takes.
pub fn gather_named(
    sources: &[String],
    describe: impl Fn() -> Result<Inputs, GatherError>,
) -> Result<Vec<Case>, GatherError> {
    let found = sources.iter().map(|source| match source.as_str() {
        PROPOSED => match describe()? {
            Inputs::Known(signatures) => Ok(propose_calls(&signatures, OPEN_SIZES[0])?),
            Inputs::Unknown(reason) => Err(GatherError::NotProposed { reason }),
            Inputs::NoLoader => Err(GatherError::NotProposed { reason: "there is no loader".to_owned() }),
        },
        _ => Ok(import_named(&there(source)?)?),
    });
    together(found)
}

fn there(source: &str) -> Result<PathBuf, GatherError> {
    let path = PathBuf::from(source);
    if path.exists() { Ok(path) } else { Err(GatherError::Missing { path }) }
}

fn together(found: impl Iterator<Item = Result<Vec<Case>, GatherError>>) -> Result<Vec<Case>, GatherError> {
    let mut cases: Vec<Case> = Vec::new();
    for found in found {
        for mut case in found? {
            case.name = distinct(case.name, |name| cases.iter().any(|known| known.name == *name));
            cases.push(case);
        }
    }
    Ok(cases)
}

/// The name, or the name with the first number that nobody took.
pub fn distinct(name: Name, is_taken: impl Fn(&Name) -> bool) -> Name {
    let base = name.to_string();
    let numbered = |number: u32| {
        let suffix = format!("-{number}");
        let kept = base.len().min(64 - suffix.len());
        Name::from_text(&format!("{}{suffix}", &base[..kept]))
    };
    let candidates = std::iter::once(name).chain((2..).map(numbered));
    let mut free = candidates.into_iter().filter(|candidate| !is_taken(candidate));
    free.next().expect("there are more numbers than cases")
}
