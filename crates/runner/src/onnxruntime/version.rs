//! The version of a library, asked of the library itself.

use std::ffi::CStr;
use std::path::Path;

use ort::sys::OrtApiBase;

/// The version that the library at `path` tells, such as `1.32.0`; empty if it does not tell.
///
/// The binding asks the same question when it loads a library and keeps the answer to itself. Opening a library that
/// is open already gives a second handle to the same one.
#[expect(unsafe_code, reason = "the library offers its version through a C function and nowhere else")]
pub(super) fn version(path: &Path) -> String {
    // SAFETY: the binding has loaded this file as ONNX Runtime and called the same functions, whose types are those of
    // its C header: `OrtGetApiBase` gives null or a table that lives as long as the library, and the text of
    // `GetVersionString` is static, ends with a zero and is copied before the handle is dropped.
    unsafe {
        let Ok(library) = libloading::Library::new(path) else { return String::new() };
        let Ok(base) = library.get::<unsafe extern "C" fn() -> *const OrtApiBase>(b"OrtGetApiBase\0") else {
            return String::new();
        };
        let Some(table) = base().as_ref() else { return String::new() };
        let text = (table.GetVersionString)();
        if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
    }
}
