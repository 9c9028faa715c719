//! DLPack, the common exchange of tensors: a capsule with the address of a structure.
//!
//! Only looked at, never consumed: the capsule stays ours and frees what it lends when it goes.
//! Layout: `dlpack.h` of DLPack 1.1, <https://dmlc.github.io/dlpack/latest/c_api.html>.

use std::ffi::{CStr, c_void};

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use reproof_tensor::DType;

use super::borrowed::{Borrowed, Pointer};
use super::unfit;

/// Memory that this processor reads: ordinary, and pinned for CUDA or ROCm.
const READABLE: [i32; 3] = [1, 3, 11];

/// The oldest structure that has a version, and its flags.
const VERSIONED: &CStr = c"dltensor_versioned";
const UNVERSIONED: &CStr = c"dltensor";

/// The most dims that are read.
const DIMS: i32 = 64;

#[repr(C)]
struct Device {
    kind: i32,
    index: i32,
}

#[repr(C)]
struct DataType {
    code: u8,
    bits: u8,
    lanes: u16,
}

#[repr(C)]
struct DlTensor {
    data: *const u8,
    device: Device,
    dims: i32,
    dtype: DataType,
    shape: *const i64,
    strides: *const i64,
    offset: u64,
}

#[repr(C)]
struct Versioned {
    major: u32,
    minor: u32,
    context: *mut c_void,
    deleter: *const c_void,
    flags: u64,
    tensor: DlTensor,
}

/// Looks at an object with `__dlpack__`.
pub(super) fn borrow(object: &Bound<'_, PyAny>) -> PyResult<Borrowed> {
    let py = object.py();
    let (kind, _): (i32, i32) = object.call_method0("__dlpack_device__")?.extract()?;
    if !READABLE.contains(&kind) {
        let what = "a tensor that is not in the memory of this processor";
        return Err(unfit(py, what, "copy it first: tensor.cpu()"));
    }
    let capsule = lend(object)?.cast_into::<PyCapsule>()?;
    let name = if capsule.is_valid_checked(Some(VERSIONED)) { VERSIONED } else { UNVERSIONED };
    let address = capsule.pointer_checked(Some(name))?.as_ptr();
    let described = describe(address, name == VERSIONED);
    let Some((dtype, shape, strides, pointer)) = described else {
        let what = "a tensor of a type or layout that DLPack 1 does not describe in whole bytes";
        return Err(unfit(py, what, "convert it to an ordinary type"));
    };
    Ok(Borrowed { owner: capsule.into_any().unbind(), dtype, shape, strides, pointer })
}

/// The capsule, in the newest form that the library has.
fn lend<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let versions = PyDict::new(py);
    versions.set_item("max_version", (1, 0))?;
    match object.call_method("__dlpack__", (), Some(&versions)) {
        Err(error) if error.is_instance_of::<PyTypeError>(py) => object.call_method0("__dlpack__"),
        Err(error) if error.is_instance_of::<PyBufferError>(py) => {
            Err(unfit(py, &error.value(py).to_string(), "convert it to an ordinary array first"))
        }
        lent => lent,
    }
}

type Described = (DType, Vec<u64>, Option<Vec<i64>>, Pointer);

/// Reads the structure; nothing where it has what is not known.
#[expect(unsafe_code, reason = "a structure of C, whose layout is DLPack's promise")]
fn describe(address: *mut c_void, versioned: bool) -> Option<Described> {
    // SAFETY: the capsule has the name that DLPack gives to capsules with this structure, and it is alive.
    let tensor = unsafe {
        if versioned {
            let managed = address.cast::<Versioned>();
            // Another major version has another layout after the first field.
            if (*managed).major != 1 {
                return None;
            }
            &(*managed).tensor
        } else {
            &*address.cast::<DlTensor>()
        }
    };
    let dtype = dtype(&tensor.dtype)?;
    if !(0..=DIMS).contains(&tensor.dims) {
        return None;
    }
    let list = |pointer: *const i64| -> Vec<i64> {
        if tensor.dims == 0 || pointer.is_null() {
            return Vec::new();
        }
        // SAFETY: DLPack promises as many entries as there are dims.
        unsafe { std::slice::from_raw_parts(pointer, tensor.dims as usize) }.to_vec()
    };
    let width = i64::try_from(dtype.bits() / 8).ok()?;
    let shape: Vec<u64> = list(tensor.shape).into_iter().map(u64::try_from).collect::<Result<_, _>>().ok()?;
    let strides = (!tensor.strides.is_null())
        .then(|| list(tensor.strides).into_iter().map(|stride| stride.saturating_mul(width)).collect());
    // Without elements the address may be anything.
    let offset = usize::try_from(tensor.offset).ok()?;
    Some((dtype, shape, strides, Pointer(tensor.data.wrapping_add(offset))))
}

/// The dtype of a code, of whole bytes and one value per element.
fn dtype(found: &DataType) -> Option<DType> {
    let name = match (found.code, found.bits) {
        (0, 8) => "I8",
        (0, 16) => "I16",
        (0, 32) => "I32",
        (0, 64) => "I64",
        (1, 8) => "U8",
        (1, 16) => "U16",
        (1, 32) => "U32",
        (1, 64) => "U64",
        (2, 16) => "F16",
        (2, 32) => "F32",
        (2, 64) => "F64",
        (4, 16) => "BF16",
        (5, 32) => "C32",
        (5, 64) => "C64",
        (5, 128) => "C128",
        (6, 8) => "BOOL",
        (10, 8) => "F8_E4M3",
        (11, 8) => "F8_E4M3FNUZ",
        (12, 8) => "F8_E5M2",
        (13, 8) => "F8_E5M2FNUZ",
        (14, 8) => "F8_E8M0",
        _ => return None,
    };
    name.parse().ok().filter(|_| found.lanes == 1)
}
