//! From Python's values to trees of values.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use reproof_tensor::{Key, StringTensor, Value};

use crate::failure;
use crate::tensor::Borrowed;

/// As deep as a tree may be; contracts are read no deeper.
const DEPTH: usize = 30;

/// The tree of a value: tensors are copied, for they stay in a contract.
pub(crate) fn value(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    node(object, DEPTH)
}

fn node(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    let py = object.py();
    if depth == 0 {
        return Err(failure::usage(py, &format!("values nested deeper than {DEPTH} levels"), None));
    }
    if object.is_none() {
        return Ok(Value::Optional(None));
    }
    if let Some(texts) = texts(object)? {
        return Ok(Value::Strings(texts));
    }
    // NumPy's scalars are tensors, though some of them are Python's numbers too.
    if Borrowed::is_tensor(object)? {
        return Ok(Value::Tensor(Borrowed::of(object)?.to_tensor(py)?));
    }
    if object.is_instance_of::<PyBool>() {
        return Ok(Value::Boolean(object.extract()?));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(Value::Integer(object.extract()?));
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(Value::Real(object.extract()?));
    }
    if object.is_instance_of::<PyString>() {
        return Ok(Value::Text(object.extract()?));
    }
    if let Ok(entries) = object.cast::<PyDict>() {
        let entries = entries.iter().map(|(name, item)| Ok((key(&name)?, node(&item, depth - 1)?)));
        return Ok(Value::Map(entries.collect::<PyResult<_>>()?));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let items = object.try_iter()?.map(|item| node(&item?, depth - 1));
        return Ok(Value::Sequence(items.collect::<PyResult<_>>()?));
    }
    let kind = object.get_type().fully_qualified_name()?.to_string();
    let hint = "give arrays of NumPy, PyTorch or JAX, texts, numbers, or lists and dictionaries of them";
    Err(failure::usage(py, &format!("a value of the type {kind} is no input"), Some(hint)))
}

fn key(object: &Bound<'_, PyAny>) -> PyResult<Key> {
    if object.is_instance_of::<PyInt>() {
        return Ok(Key::Integer(object.extract()?));
    }
    Ok(Key::Text(object.str()?.extract()?))
}

/// An array of texts, if it is one.
fn texts(object: &Bound<'_, PyAny>) -> PyResult<Option<StringTensor>> {
    let Some(dtype) = object.getattr_opt("dtype")? else { return Ok(None) };
    let Some(kind) = dtype.getattr_opt("kind")? else { return Ok(None) };
    let kind: String = kind.extract()?;
    if !matches!(kind.as_str(), "U" | "O") {
        return Ok(None);
    }
    let values: Vec<String> = object.call_method0("ravel")?.call_method0("tolist")?.extract()?;
    Ok(Some(StringTensor { shape: object.getattr("shape")?.extract()?, values }))
}
