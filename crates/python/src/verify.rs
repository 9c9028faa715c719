//! `verify`: load, execute, validate.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;
use pyo3::types::PyType;
use reproof::diagnose::{DiagnoseOptions, verify_and_explain};
use reproof::engines;
use reproof::folder::private_root;
use reproof::resume::ResumeCommand;
use reproof::verify::VerifyOptions;
use reproof_contract::{Relation, Verdict};
use reproof_digest::Digest;
use reproof_progress::Silent;
use reproof_report::{html, junit, sarif, terminal};

use crate::artifact::{json, of_json};
use crate::engine::Engine;
use crate::failure;
use crate::patience::detached;

/// What verification is told: an object with these attributes.
#[derive(FromPyObject, Debug)]
pub(crate) struct Verification {
    engine: Engine,
    contract: Option<PathBuf>,
    relation: Option<String>,
    expect: Option<String>,
    require: String,
    bytes_only: bool,
    fail_fast: bool,
    sha256: bool,
    keep: Option<PathBuf>,
    resume: Option<String>,
    resume_entry: Option<String>,
    /// Seconds for experiments that find out why, where that is asked for.
    diagnose: Option<f64>,
    shown: String,
}

impl Verification {
    fn options(&self, py: Python<'_>, path: &std::path::Path) -> PyResult<VerifyOptions> {
        let relation: Option<Relation> = parsed(py, "relation", self.relation.as_deref())?;
        let expect: Option<Digest> = parsed(py, "expect", self.expect.as_deref())?;
        // To require less would let broken promises pass.
        let Ok(required @ (Verdict::Identical | Verdict::Equivalent | Verdict::Tolerated)) =
            self.require.parse()
        else {
            let what = format!("require={:?}: expected identical, equivalent or tolerated", self.require);
            return Err(failure::usage(py, &what, None));
        };
        Ok(VerifyOptions {
            folder: self.contract.clone(),
            private_root: private_root(|name| std::env::var_os(name)),
            relation,
            expect,
            required,
            runner: self.engine.wanted().map(str::to_owned),
            bytes_only: self.bytes_only,
            fail_fast: self.fail_fast,
            sha256: self.sha256,
            keep: self.keep.clone(),
            resume: self.resumption(py)?,
            supervisor: Some(self.engine.engines().supervisor()),
            settings: self.engine.settings(py, path)?,
            limits: self.engine.limits(),
            shown_path: Some(self.shown.clone()),
            ..VerifyOptions::new(SystemTime::now())
        })
    }
}

impl Verification {
    /// How training is resumed, if it is.
    fn resumption(&self, py: Python<'_>) -> PyResult<Option<ResumeCommand>> {
        Ok(match (&self.resume, &self.resume_entry) {
            (Some(_), Some(_)) => {
                return Err(failure::usage(py, "both resume and resume_entry", Some("give one of them")));
            }
            (Some(command), None) => Some(ResumeCommand::Shell(command.clone())),
            (None, Some(function)) => Some(ResumeCommand::Entry {
                interpreter: self.engine.interpreter().to_owned(),
                function: function.clone(),
            }),
            (None, None) => None,
        })
    }
}

/// The value of an argument that is a text.
fn parsed<T: FromStr>(py: Python<'_>, name: &str, text: Option<&str>) -> PyResult<Option<T>>
where
    T::Err: Display,
{
    let wrong = |error: T::Err| failure::usage(py, &format!("{name}: {error}"), None);
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// The report of a verification.
#[pyclass(frozen, module = "reproof._reproof")]
#[derive(Debug)]
pub(crate) struct Report(reproof_contract::Report);

#[pymethods]
impl Report {
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

    /// The checklist for people.
    fn text(&self, width: usize, colour: bool, verbose: bool) -> String {
        terminal::checklist(&self.0, &terminal::Style { width, colour, verbose })
    }

    /// One self-contained page.
    fn html(&self) -> String {
        html::page(&self.0)
    }

    /// Test suites for continuous integration.
    fn junit(&self) -> String {
        junit::document(&self.0)
    }

    /// Findings for code scanning.
    fn sarif(&self) -> String {
        sarif::document(&self.0).to_string()
    }

    /// Whether the required rung is reached.
    #[getter]
    fn passed(&self) -> bool {
        self.0.verdict.reaches(self.0.required)
    }
}

/// Verifies the artifact at `path`.
#[pyfunction]
pub(crate) fn verify(py: Python<'_>, path: PathBuf, told: Verification) -> PyResult<Report> {
    let place = path.clone();
    let options = told.options(py, &path)?;
    let verified = detached(py, move || -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
        let wanted = told.engine.wanted().map(str::to_owned);
        let wanted = wanted.or_else(|| engines::recorded(&path, told.contract.as_deref()));
        let engines = told.engine.engines();
        let runners = engines.runners(wanted.as_deref())?;
        let report = match told.diagnose {
            Some(seconds) => {
                let budget = Duration::try_from_secs_f64(seconds)?;
                let diagnosing = DiagnoseOptions::of(&options, budget).keeping(engines.cache.as_deref());
                verify_and_explain(&path, &options, &diagnosing, &runners, &Silent)?
            }
            None => reproof::verify::verify(&path, &options, &runners, &Silent)?,
        };
        told.engine.keep_verification(&report);
        Ok(Report(report))
    })?;
    verified.map_err(|error| failure::raise(py, error.as_ref(), &place))
}
