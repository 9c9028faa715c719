//! One adapter of the Python worker after another, each with the real framework: a model that keeps its promise, and
//! changes, damages and attacks that must be told.

mod boosted_trees;
mod freezing;
mod jax;
mod tensorflow;
mod torch_and_onnx;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use reproof_testing::{Finished, Sandbox, folder, generated, python};
use serde_json::Value;

use crate::fixtures::sandbox;

/// A set of frameworks: an interpreter that has them, and the models that a script makes with them.
pub(crate) struct Frameworks {
    set: &'static str,
    script: &'static str,
    interpreter: OnceLock<String>,
    models: OnceLock<PathBuf>,
}

/// JAX, Flax and Orbax; scikit-learn and the boosted trees.
static JAX: Frameworks = Frameworks::new("jax", "frameworks_jax.py");

/// TensorFlow, Keras and LiteRT.
static TENSORFLOW: Frameworks = Frameworks::new("tf", "frameworks_tf.py");

/// PyTorch and what stands on it.
pub(crate) static TORCH: Frameworks = Frameworks::new("checkpoints", "frameworks.py");

impl Frameworks {
    const fn new(set: &'static str, script: &'static str) -> Self {
        Self { set, script, interpreter: OnceLock::new(), models: OnceLock::new() }
    }

    fn interpreter(&self) -> &str {
        self.interpreter.get_or_init(|| {
            let found = python::environment(self.set);
            found.unwrap_or_else(|error| panic!("no Python for the tests: {error}")).display().to_string()
        })
    }

    /// A sandbox with the models in `m/`.
    pub(crate) fn sandbox(&self) -> Models<'_> {
        let made = self.models.get_or_init(|| {
            generated::by_script(Path::new(self.interpreter()), self.script, &["frameworks"])
        });
        let sandbox = sandbox();
        folder::copy(made, &sandbox.path("m"));
        Models { sandbox, interpreter: self.interpreter() }
    }
}

/// Models in a sandbox, and the interpreter that runs them.
pub(crate) struct Models<'a> {
    pub(crate) sandbox: Sandbox,
    interpreter: &'a str,
}

impl Models<'_> {
    /// Runs a command on `m/ARTIFACT`.
    #[track_caller]
    pub(crate) fn run(&self, command: &str, artifact: &str, arguments: &[&str]) -> Finished {
        let path = format!("m/{artifact}");
        self.sandbox.run([&[command, &path, "--python", self.interpreter], arguments].concat())
    }

    /// Records without envelope and referee, which most promises need no run for.
    #[track_caller]
    fn record(&self, artifact: &str, cases: &str, arguments: &[&str]) {
        let cases = format!("m/{cases}");
        let quickly = ["--budget", "1s", "--cases", cases.as_str()];
        self.run("record", artifact, &[&quickly[..], arguments].concat()).exits(0);
    }

    /// Records everything; gives the referee of the contract.
    #[track_caller]
    fn record_wholly(&self, artifact: &str, cases: &str, arguments: &[&str]) -> Value {
        let cases = format!("m/{cases}");
        let recorded =
            self.run("record", artifact, &[&["--json", "--cases", cases.as_str()], arguments].concat());
        recorded.exits(0);
        recorded.json()["referee"].clone()
    }

    /// Records, and verifies in a fresh process: every bit must be the recorded one.
    #[track_caller]
    fn keeps(&self, artifact: &str, cases: &str, arguments: &[&str]) -> Value {
        self.record(artifact, cases, arguments);
        let verified = self.run("verify", artifact, &["--json"]);
        verified.exits(0);
        let report = verified.json();
        assert_eq!(report["verdict"], "identical", "{artifact}: {report:#}");
        report
    }

    /// Verifies another artifact against the contract of `original`: it must have drifted.
    #[track_caller]
    fn drifts(&self, planted: &str, original: &str) {
        let contract = format!("m/{original}.reproof");
        let verified = self.run("verify", planted, &["--contract", &contract, "--json"]);
        verified.exits(1);
        assert_eq!(verified.json()["verdict"], "drifted", "{planted}: {:#}", verified.json());
    }

    /// Tries to record, which must fail with this exit code and message.
    #[track_caller]
    fn refuses(&self, artifact: &str, cases: &str, arguments: &[&str], code: i32, message: &str) {
        let cases = format!("m/{cases}");
        let usual = ["--budget", "1s", "--cases", cases.as_str()];
        let finished = self.run("record", artifact, &[&usual[..], arguments].concat());
        finished.exits(code).prints("").complains(message);
    }
}

#[test]
fn an_adapter_that_is_not_there_names_those_that_are() {
    let models = JAX.sandbox();
    models.refuses("boosted.ubj", "tables", &["--adapter", "mystery"], 3, "an adapter called `mystery`");
    models.refuses("boosted.ubj", "tables", &["--adapter", "mystery"], 3, "xgboost");
    // The interpreter lacks the framework, which says nothing about the model.
    models.refuses(
        "boosted.ubj",
        "tables",
        &["--adapter", "savedmodel"],
        3,
        "the Python package `tensorflow`",
    );
}
