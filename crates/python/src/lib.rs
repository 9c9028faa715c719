//! The extension module `reproof._reproof`, on which the Python package in `python/reproof` stands.
//!
//! Parse, call, render: what is told from Python becomes the options of a use case, what comes back becomes a document.
//! Long work runs without the interpreter's lock. Tensors of NumPy, PyTorch and JAX are looked at where they lie.

mod artifact;
mod engine;
mod failure;
mod machine;
mod patience;
mod record;
mod tensor;
mod trajectory;
mod values;
mod verify;

use pyo3::prelude::*;

/// The native half of the package; its surface is private to it.
#[pymodule]
mod _reproof {
    use pyo3::prelude::*;

    /// The first look at the process.
    #[pymodule_init]
    #[expect(clippy::unnecessary_wraps, reason = "what is called when a module begins may fail")]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::patience::loaded();
        Ok(())
    }

    #[pymodule_export]
    use crate::artifact::{Diff, Scan, diff, digest, inspect, scan};
    #[pymodule_export]
    use crate::machine::{environment, worker};
    #[pymodule_export]
    use crate::record::record;
    #[pymodule_export]
    use crate::tensor::{compare, digest_tensors};
    #[pymodule_export]
    use crate::trajectory::{explain_resume, keep_trajectory, tensor_facts};
    #[pymodule_export]
    use crate::verify::{Report, verify};

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name that Python packages use")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
