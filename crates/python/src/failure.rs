//! From Rust's errors to the package's exceptions, each with what, where and what to do.

use std::error::Error;
use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use reproof::failure::{Failure, classify, hint};

/// The exception for an error about the artifact at `place`.
pub(crate) fn raise(py: Python<'_>, error: &(dyn Error + 'static), place: &Path) -> PyErr {
    let class = match classify(error) {
        Failure::Usage => "UsageError",
        Failure::Negative => "RefusedError",
        Failure::Unanswered => "UndecidedError",
    };
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let message = cause.to_string();
        // Transparent errors repeat the message of what they wrap.
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        next = cause.source();
    }
    exception(py, class, &messages.join(": "), Some(place), hint(error).as_deref())
}

/// A wrong argument.
pub(crate) fn usage(py: Python<'_>, what: &str, hint: Option<&str>) -> PyErr {
    exception(py, "UsageError", what, None, hint)
}

/// An exception of the package by the name of its class.
pub(crate) fn exception(
    py: Python<'_>,
    class: &str,
    what: &str,
    place: Option<&Path>,
    hint: Option<&str>,
) -> PyErr {
    let made = || {
        let details = PyDict::new(py);
        details.set_item("where", place.map(|place| place.display().to_string()))?;
        details.set_item("hint", hint)?;
        py.import("reproof.errors")?.getattr(class)?.call((what,), Some(&details))
    };
    match made() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}
