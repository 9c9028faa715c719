//! What reads artifacts and executes nothing: inspect, digest, diff, scan.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyType;
use reproof::artifact::{Artifact, digests};
use reproof::diff::DiffOptions;
use reproof::scan::ScanOptions;
use reproof_contract::scan::Severity;
use reproof_formats::OpenOptions;
use reproof_progress::Silent;
use reproof_report::{html, sarif, terminal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure;
use crate::patience::detached;

/// A document as JSON.
pub(crate) fn json(py: Python<'_>, document: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(document).map_err(|error| failure::usage(py, &error.to_string(), None))
}

/// A document of JSON.
pub(crate) fn of_json<T: DeserializeOwned>(py: Python<'_>, text: &str) -> PyResult<T> {
    serde_json::from_str(text).map_err(|error| failure::usage(py, &error.to_string(), None))
}

/// Why something that reads failed.
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn refused(py: Python<'_>, error: &Failed, place: &std::path::Path) -> PyErr {
    failure::raise(py, error.as_ref(), place)
}

/// What an artifact holds, as JSON.
#[pyfunction]
pub(crate) fn inspect(
    py: Python<'_>,
    path: PathBuf,
    digest: bool,
    model: Option<String>,
) -> PyResult<String> {
    let place = path.clone();
    let told = detached(py, move || -> Result<String, Failed> {
        let artifact = Artifact::open_with(&path, &OpenOptions { model })?;
        let computed = if digest { Some(digests(&artifact, &Silent)?) } else { None };
        Ok(serde_json::to_string(&artifact.inspection(computed.as_ref()))?)
    })?;
    told.map_err(|error| refused(py, &error, &place))
}

/// Every digest of an artifact, as JSON.
#[pyfunction]
pub(crate) fn digest(py: Python<'_>, path: PathBuf, model: Option<String>) -> PyResult<String> {
    let place = path.clone();
    let told = detached(py, move || -> Result<String, Failed> {
        let artifact = Artifact::open_with(&path, &OpenOptions { model })?;
        let computed = digests(&artifact, &Silent)?;
        Ok(serde_json::to_string(&artifact.identification(computed))?)
    })?;
    told.map_err(|error| refused(py, &error, &place))
}

/// What changed between two artifacts.
#[pyclass(frozen, module = "reproof._reproof")]
#[derive(Debug)]
pub(crate) struct Diff(reproof_contract::Diff);

#[pymethods]
impl Diff {
    /// Of a document, as pickles bring it.
    #[new]
    fn new(py: Python<'_>, json: &str) -> PyResult<Self> {
        of_json(py, json).map(Self)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, (String,))> {
        Ok((py.get_type::<Self>(), (json(py, &self.0)?,)))
    }

    /// The document.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        json(py, &self.0)
    }

    /// The page with pictures.
    fn html(&self) -> String {
        html::diff(&self.0)
    }
}

/// Compares two artifacts tensor by tensor.
#[pyfunction]
pub(crate) fn diff(
    py: Python<'_>,
    a: PathBuf,
    b: PathBuf,
    bits: bool,
    part: Option<String>,
    shown: [String; 2],
) -> PyResult<Diff> {
    let place = a.clone();
    let compared = detached(py, move || -> Result<Diff, Failed> {
        let (a, b) = (Artifact::open(&a)?, Artifact::open(&b)?);
        Ok(Diff(reproof::diff::diff(&a, &b, &DiffOptions { bits, part, shown }, &Silent)?))
    })?;
    compared.map_err(|error| refused(py, &error, &place))
}

/// What would run or leak if an artifact were loaded.
#[pyclass(frozen, module = "reproof._reproof")]
#[derive(Debug)]
pub(crate) struct Scan(reproof_contract::Scan);

#[pymethods]
impl Scan {
    /// Of a document, as pickles bring it.
    #[new]
    fn new(py: Python<'_>, json: &str) -> PyResult<Self> {
        of_json(py, json).map(Self)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, (String,))> {
        Ok((py.get_type::<Self>(), (json(py, &self.0)?,)))
    }

    /// The document.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        json(py, &self.0)
    }

    /// The findings for people.
    fn text(&self, width: usize) -> String {
        terminal::scan(&self.0, &terminal::Style { width, ..terminal::Style::default() })
    }

    /// The findings for code scanning.
    fn sarif(&self) -> String {
        sarif::scan(&self.0).to_string()
    }
}

/// Scans an artifact.
#[pyfunction]
pub(crate) fn scan(
    py: Python<'_>,
    path: PathBuf,
    deep: bool,
    fail_on: &str,
    shown: String,
) -> PyResult<Scan> {
    let fail_on = match fail_on {
        "info" => Severity::Info,
        "warning" => Severity::Warning,
        "dangerous" => Severity::Dangerous,
        _ => {
            let what = format!("fail_on={fail_on:?}: expected info, warning or dangerous");
            return Err(failure::usage(py, &what, None));
        }
    };
    let place = path.clone();
    let options = ScanOptions { deep, fail_on, shown, artifact: None };
    let scanned = detached(py, move || reproof::scan::scan(&path, &options, &Silent))?;
    scanned.map(Scan).map_err(|error| failure::raise(py, &error, &place))
}
