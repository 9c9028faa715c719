//! What the package needs of the layers below beside the use cases.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use reproof_contract::environment::{Engine, Environment, System};

use crate::artifact::json;

/// The environment of this process, as JSON: what the interpreter tells, and the machine as numeric libraries see it.
#[pyfunction]
#[pyo3(signature = (class, engine, libc, threads, settings, /))]
pub(crate) fn environment(
    py: Python<'_>,
    class: String,
    engine: (String, String),
    libc: String,
    threads: u32,
    settings: BTreeMap<String, String>,
) -> PyResult<String> {
    let machine = reproof_runner::machine_environment();
    let (name, version) = engine;
    let environment = Environment {
        class,
        engine: Engine { name, version, library_sha256: None, build: None },
        system: System { libc, ..machine.system },
        threads,
        settings,
        ..machine
    };
    json(py, &environment)
}

/// The files of the worker's program by their path: what runs a live model runs as a fresh process would.
#[pyfunction]
pub(crate) fn worker() -> BTreeMap<&'static str, &'static str> {
    reproof_runner::WORKER.iter().copied().collect()
}
