//! NumPy's array interface, version 3: a dictionary with an address.
//!
//! It knows read-only arrays, any strides and any type, which DLPack does not.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use reproof_tensor::DType;

use super::borrowed::{Borrowed, Pointer};
use super::unfit;

/// Looks at an object with `__array_interface__`.
pub(super) fn borrow(object: &Bound<'_, PyAny>) -> PyResult<Borrowed> {
    let py = object.py();
    let interface = object.getattr("__array_interface__")?.cast_into::<PyDict>()?;
    let item = |name: &str| {
        let missing =
            || unfit(py, &format!("an array interface without {name:?}"), "report it to the library");
        interface.get_item(name)?.ok_or_else(missing)
    };
    let spelled: String = item("typestr")?.extract()?;
    let Some(dtype) = dtype(object, &spelled)? else {
        let what = format!("an array of the type {spelled}");
        return Err(unfit(py, &what, "convert it to numbers, little-endian: array.astype(...)"));
    };
    let (address, _readonly): (usize, bool) = item("data")?.extract()?;
    let strides: Option<Vec<i64>> = match interface.get_item("strides")? {
        Some(strides) => strides.extract()?,
        None => None,
    };
    let shape: Vec<u64> = item("shape")?.extract()?;
    if strides.as_ref().is_some_and(|strides| strides.len() != shape.len()) {
        return Err(unfit(py, "an array with other strides than dims", "report it to the library"));
    }
    Ok(Borrowed {
        owner: object.clone().unbind(),
        dtype,
        shape,
        strides,
        pointer: Pointer(std::ptr::with_exposed_provenance(address)),
    })
}

/// The dtype of a type string such as `<f4`; additional types call themselves void and are known by name.
fn dtype(object: &Bound<'_, PyAny>, spelled: &str) -> PyResult<Option<DType>> {
    let plain = spelled.trim_start_matches(['<', '|', '=']);
    let name = match plain {
        "b1" => "BOOL",
        "i1" => "I8",
        "u1" => "U8",
        "i2" => "I16",
        "u2" => "U16",
        "i4" => "I32",
        "u4" => "U32",
        "i8" => "I64",
        "u8" => "U64",
        "f2" => "F16",
        "f4" => "F32",
        "f8" => "F64",
        "c8" => "C64",
        "c16" => "C128",
        _ => {
            let Some(dtype) = object.getattr_opt("dtype")? else { return Ok(None) };
            let name: String = dtype.getattr("name")?.extract()?;
            return Ok(added(&name).and_then(|name| name.parse().ok()));
        }
    };
    Ok(name.parse().ok())
}

/// Types that the package ml_dtypes adds to NumPy, one byte or more per element.
fn added(name: &str) -> Option<&'static str> {
    Some(match name {
        "bfloat16" => "BF16",
        "float8_e4m3fn" => "F8_E4M3",
        "float8_e5m2" => "F8_E5M2",
        "float8_e4m3fnuz" => "F8_E4M3FNUZ",
        "float8_e5m2fnuz" => "F8_E5M2FNUZ",
        "float8_e8m0fnu" => "F8_E8M0",
        _ => return None,
    })
}
