//! Runs models whose outputs may be absent.
//!
//! The binding asks every output for its type, and an optional without a value has none: the question takes the
//! process down. So models that declare optional outputs are run here, and each output is asked first whether it is
//! there.

use std::ffi::{CString, c_char};
use std::ptr::{NonNull, null, null_mut};

use ort::session::Session;
use ort::sys::OrtValue;
use ort::value::{DynValue, ValueType};
use ort::{AsPointer as _, Error};

use super::failure::{failure, unsupported};
use crate::engine::Failure;

/// Whether an output of the model may be absent.
pub(super) fn possible(session: &Session) -> bool {
    session.outputs().iter().any(|outlet| matches!(outlet.dtype(), ValueType::Optional(_)))
}

/// The outputs in the order of their names, `None` for those that are absent.
pub(super) fn run(
    session: &mut Session,
    inputs: &[(&str, DynValue)],
    outputs: &[String],
) -> Result<Vec<Option<DynValue>>, Failure> {
    let name = |name: &str| {
        CString::new(name).map_err(|_| unsupported("names with a zero byte", "rename inputs and outputs"))
    };
    let input_names = inputs.iter().map(|(input, _)| name(input)).collect::<Result<Vec<_>, _>>()?;
    let output_names = outputs.iter().map(|output| name(output)).collect::<Result<Vec<_>, _>>()?;
    let pointers = |names: &[CString]| names.iter().map(|name| name.as_ptr()).collect::<Vec<*const c_char>>();
    let (input_pointers, output_pointers) = (pointers(&input_names), pointers(&output_names));
    let values: Vec<*const OrtValue> = inputs.iter().map(|(_, value)| value.ptr()).collect();
    let mut made: Vec<*mut OrtValue> = vec![null_mut(); outputs.len()];
    let api = ort::api();
    #[expect(unsafe_code, reason = "the binding has no way to ask whether an output is there")]
    // SAFETY: names and values are as many as told and outlive the call, which keeps none of them; null options are the
    // defaults; the runtime fills `made` with values that we own.
    unsafe {
        let status = (api.Run)(
            session.ptr_mut(),
            null(),
            input_pointers.as_ptr(),
            values.as_ptr(),
            values.len(),
            output_pointers.as_ptr(),
            output_pointers.len(),
            made.as_mut_ptr(),
        );
        Error::result_from_status(status).map_err(failure)?;
    }
    let allocator = session.allocator();
    let taken = made.into_iter().map(|pointer| {
        let value = NonNull::new(pointer)?;
        let mut there = 0;
        #[expect(unsafe_code, reason = "the binding has no way to ask whether an output is there")]
        // SAFETY: the runtime made the value with the session's allocator and we own it: either it is released here
        // or the binding does so later.
        unsafe {
            let status = (api.HasValue)(value.as_ptr(), &raw mut there);
            if Error::result_from_status(status).is_err() || there == 0 {
                (api.ReleaseValue)(value.as_ptr());
                return None;
            }
            Some(DynValue::from_ptr(value, Some(allocator)))
        }
    });
    Ok(taken.collect())
}
