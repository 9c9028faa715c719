//! What a recorder of training needs: facts about tensors at the speed of memory, and a trajectory kept with its contract.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::prelude::*;
use reproof_contract::Real;
use reproof_contract::trajectory::{Fact, Trajectory};
use reproof_digest::{blob, identity};

use crate::artifact::json;
use crate::failure;
use crate::patience::detached;
use crate::tensor::Borrowed;

/// Values of each tensor that are kept beside its digest.
const SAMPLES: usize = 8;

/// The facts of named tensors as a JSON object: dtype, shape, digest and up to eight values of each.
#[pyfunction]
pub(crate) fn tensor_facts(py: Python<'_>, tensors: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<String> {
    let mut facts: BTreeMap<String, Fact> = BTreeMap::new();
    for (name, tensor) in tensors {
        let borrowed = Borrowed::of(&tensor)?;
        let bytes = borrowed.view(py)?;
        let view = bytes.view();
        let samples = view.elements().map_or_else(Vec::new, |elements| {
            let (count, taken) = (elements.len(), elements.len().min(SAMPLES));
            (0..taken).map(|index| Real(elements.get(index * count / taken))).collect()
        });
        let values = py.detach(|| blob(view.bytes()));
        let digest = identity::tensor(borrowed.dtype().name(), borrowed.shape(), &values);
        let fact =
            Fact::Tensor { dtype: borrowed.dtype(), shape: borrowed.shape().to_vec(), digest, samples };
        facts.insert(name, fact);
    }
    json(py, &facts)
}

/// What a resumed training did against what was recorded, both as JSON: the streams, and the causes that can be named.
#[pyfunction]
pub(crate) fn explain_resume(py: Python<'_>, recorded: &str, resumed: &str) -> PyResult<String> {
    let read = |text: &str| -> PyResult<Trajectory> {
        let wrong = |error| failure::usage(py, &format!("a trajectory that is none: {error}"), None);
        serde_json::from_str(text).map_err(wrong)
    };
    json(py, &reproof::resume::explain(&read(recorded)?, &read(resumed)?))
}

/// Keeps a trajectory, given as JSON, with the contract in a folder.
#[pyfunction]
pub(crate) fn keep_trajectory(py: Python<'_>, contract: PathBuf, trajectory: &str) -> PyResult<()> {
    let trajectory: Trajectory = serde_json::from_str(trajectory)
        .map_err(|error| failure::usage(py, &format!("a trajectory that is none: {error}"), None))?;
    let place = contract.clone();
    let kept = detached(py, move || reproof::resume::keep(&contract, &trajectory))?;
    kept.map(drop).map_err(|error| failure::raise(py, &error, &place))
}
