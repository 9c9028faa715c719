//! `diff`: what changed between two artifacts, tensor by tensor and state by state; executes nothing.
//!
//! Tensors are matched by part and name, then by what else can have become of them: another beginning of the name,
//! another name, another order of dims, another dtype, several in one. Values are read in blocks and never kept.

mod compare;
mod document;
mod loose;
mod names;
mod pair;
mod pieces;
mod reading;
mod state;
mod summary;
mod transpose;

use rayon::prelude::*;
use reproof_contract::Diff;
use reproof_contract::diff::{DiffSchema, DiffSide, TensorDiff, TensorStatus};
use reproof_formats::FormatError;
use reproof_progress::{Progress, Unit};

use crate::artifact::Artifact;
use names::Matching;
use reading::{Reading, Side};

/// Heat maps that are kept, of the tensors that differ most: more is neither looked at nor worth the memory.
const PICTURES: usize = 64;

/// Tensors that are compared before pictures beyond [`PICTURES`] are dropped.
const BATCH: usize = 1024;

/// How to compare.
#[derive(Clone, Debug, Default)]
pub struct DiffOptions {
    /// Compare bits alone, which is as fast as reading.
    pub bits: bool,
    /// Compare one part, such as `model`.
    pub part: Option<String>,
    /// How the paths are shown.
    pub shown: [String; 2],
}

/// Why two artifacts could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A file could not be opened again.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The values of a tensor could not be read.
    #[error("could not read tensor `{tensor}` of {artifact}")]
    Read {
        /// Which artifact, as shown.
        artifact: String,
        /// Its name.
        tensor: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A tensor has values that are refused.
    #[error("could not read tensor `{tensor}` of {artifact}")]
    Storage {
        /// Which artifact, as shown.
        artifact: String,
        /// Its name.
        tensor: String,
        /// Why.
        #[source]
        source: Box<reproof_formats::StorageError>,
    },
    /// Neither artifact has the part that was asked for.
    #[error("no part `{part}` in either artifact; there {}", list(known))]
    NoPart {
        /// What was asked for.
        part: String,
        /// What there is.
        known: Vec<String>,
    },
}

fn list(known: &[String]) -> String {
    match known {
        [] => "is none".to_owned(),
        [only] => format!("is `{only}`"),
        several => format!("are `{}`", several.join("`, `")),
    }
}

/// Compares two artifacts.
pub fn diff(
    a: &Artifact,
    b: &Artifact,
    options: &DiffOptions,
    progress: &dyn Progress,
) -> Result<Diff, DiffError> {
    check_part(a, b, options)?;
    let part = options.part.as_deref();
    let (a, b) = (Side::open(a, &options.shown[0], part)?, Side::open(b, &options.shown[1], part)?);
    let matching = Matching::of(&a, &b);
    let total = matching.pairs.iter().map(|pair| a.bytes_of(pair.a)).sum();
    progress.begin("comparing tensors", Some(total), Unit::Bytes);
    let reading = Reading { a: &a, b: &b, bits: options.bits, progress };
    let mut tensors: Vec<TensorDiff> = Vec::with_capacity(matching.pairs.len());
    for batch in matching.pairs.chunks(BATCH) {
        let found: Vec<TensorDiff> =
            batch.par_iter().map(|pair| pair::compare(&reading, pair)).collect::<Result<_, DiffError>>()?;
        tensors.extend(found);
        document::keep_pictures(&mut tensors, PICTURES);
    }
    tensors.extend(loose::explain(&reading, &matching)?);
    progress.end();
    document::sort(&mut tensors);
    let states = state::compare(a.description, b.description, part);
    let graphs = (&a.description.graph, &b.description.graph);
    let same_graph = match graphs {
        (Some(_), Some(_)) if part.is_none() => {
            Some(a.description.architecture == b.description.architecture)
        }
        _ => None,
    };
    let same = tensors.iter().all(|tensor| tensor.status == TensorStatus::Identical);
    let mut document = Diff {
        schema: DiffSchema::V0,
        equal: same && states.iter().all(state::is_same) && same_graph != Some(false),
        bits_only: options.bits,
        part: options.part.clone(),
        summary: Vec::new(),
        a: side(&a),
        b: side(&b),
        same_graph,
        roots: matching.roots,
        tensors,
        states,
        compared_by: env!("CARGO_PKG_VERSION").to_owned(),
    };
    document.summary = summary::sentences(&document);
    Ok(document)
}

fn side(side: &Side<'_>) -> DiffSide {
    let trainer = side.description.state.trainer.as_ref().map(|trainer| match &trainer.version {
        Some(version) => format!("{} {version}", trainer.name),
        None => trainer.name.clone(),
    });
    DiffSide {
        path: side.shown.to_owned(),
        format: side.description.format.as_str().to_owned(),
        tensors: side.tensors.len() as u64,
        trainer,
    }
}

fn check_part(a: &Artifact, b: &Artifact, options: &DiffOptions) -> Result<(), DiffError> {
    let Some(part) = &options.part else { return Ok(()) };
    let mut known: Vec<String> = [a, b]
        .into_iter()
        .flat_map(|artifact| {
            let tensors = artifact.description.tensors.iter().map(|tensor| tensor.part.clone());
            tensors.chain(artifact.description.state.parts.iter().map(|part| part.name.clone()))
        })
        .collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(part) { Ok(()) } else { Err(DiffError::NoPart { part: part.clone(), known }) }
}
