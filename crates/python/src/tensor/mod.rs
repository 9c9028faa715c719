//! Live tensors of NumPy, PyTorch and JAX, looked at where they lie: their digests, and how two of them differ.

mod array_interface;
mod borrowed;
mod dlpack;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use reproof_digest::{Digest, Kind, blob, identity};
use reproof_tensor::compare::difference;

use crate::failure;

pub(crate) use borrowed::Borrowed;

/// Digests as texts: of each tensor by its name, weights, values.
type Digested = (Vec<(String, String)>, String, String);

/// The digests of named tensors: of each, of all with their names, and of the distinct ones without.
///
/// A tensor in row-major order is hashed where it lies, any other from a copy.
#[pyfunction]
pub(crate) fn digest_tensors(py: Python<'_>, tensors: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<Digested> {
    let mut digests: Vec<(String, Digest)> = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let borrowed = Borrowed::of(&tensor)?;
        let values = borrowed.with_bytes(py, blob)?;
        digests.push((name, identity::tensor(borrowed.dtype().name(), borrowed.shape(), &values)));
    }
    let weights =
        identity::named(Kind::Weights, digests.iter().map(|(name, digest)| (name.as_str(), *digest)));
    let values = identity::values(digests.iter().map(|(_, digest)| *digest));
    let digests = digests.into_iter().map(|(name, digest)| (name, digest.to_string())).collect();
    Ok((digests, weights.to_string(), values.to_string()))
}

/// How two tensors differ, as a dictionary; `kind` says whether they could be compared.
#[pyfunction]
pub(crate) fn compare<'py>(
    py: Python<'py>,
    expected: &Bound<'py, PyAny>,
    actual: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let (a, b) = (Borrowed::of(expected)?, Borrowed::of(actual)?);
    let found = PyDict::new(py);
    found.set_item("dtype", (a.dtype().name(), b.dtype().name()))?;
    found.set_item("shape", (a.shape().to_vec(), b.shape().to_vec()))?;
    if a.dtype() != b.dtype() || a.shape() != b.shape() {
        found.set_item("kind", "incomparable")?;
        return Ok(found);
    }
    let (one, two) = (a.view(py)?, b.view(py)?);
    let (one, two) = (one.view(), two.view());
    let (identical, measured) = py.detach(|| {
        let identical = one.bytes() == two.bytes();
        (identical, difference(one, two))
    });
    found.set_item("kind", if identical { "identical" } else { "different" })?;
    let Some(measured) = measured else { return Ok(found) };
    found.set_item("elements", measured.elements)?;
    found.set_item("differing", measured.differing)?;
    found.set_item("special_mismatches", measured.special_mismatches)?;
    found.set_item("maximum_absolute", measured.maximum_absolute)?;
    found.set_item("maximum_relative", measured.maximum_relative)?;
    found.set_item("relative_l2", measured.relative_l2)?;
    found.set_item("cosine", measured.cosine)?;
    if let Some(ulp) = measured.ulp {
        found.set_item("maximum_ulp", ulp.maximum)?;
    }
    if let Some(worst) = measured.worst {
        found.set_item("worst", (one.index_of(worst.position), worst.expected, worst.actual))?;
    }
    Ok(found)
}

/// What is no tensor that we can look at.
fn unfit(py: Python<'_>, what: &str, hint: &str) -> PyErr {
    failure::usage(py, what, Some(hint))
}
