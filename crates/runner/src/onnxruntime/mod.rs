//! ONNX Runtime, by loading the library that the user has.

mod absent;
mod element;
mod empty;
mod failure;
mod input;
mod locate;
mod output;
mod version;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use ort::environment::Environment;
use ort::session::Session as OrtSession;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{DynValue, Outlet, ValueType};
use reproof_contract::environment::Engine;
use reproof_contract::run::{Device, Precision, RunSpec};
use reproof_tensor::Value;
use sha2::{Digest as _, Sha256};

use crate::engine::{Failure, Loaded, Session, Values, option, refuse_unknown};
use failure::{failure, unsupported};

pub use locate::{LocateError, Located, locate};

const OPTIMISATION: [&str; 4] = ["disabled", "basic", "extended", "all"];

struct OnnxRuntime {
    session: OrtSession,
    outputs: Vec<String>,
    inputs: Vec<(String, ValueType)>,
    // Sessions hold the environment by reference inside the library; it goes last.
    environment: Environment,
}

/// Loads an ONNX file with the library at `library`.
pub(crate) fn load(spec: &RunSpec, library: Option<&Path>) -> Result<Loaded, Failure> {
    let optimisation = option(spec, &[("optimisation", &OPTIMISATION)], "optimisation")?.unwrap_or("all");
    if spec.precision == Precision::Float64 {
        return Err(unsupported("a float64 run of every operator", "the onnx runner computes the referee"));
    }
    if spec.device != Device::Cpu {
        return Err(unsupported("a device other than the processor here", "pass --device cpu"));
    }
    let library =
        library.ok_or_else(|| unsupported("a library to load", "name one with --onnxruntime PATH"))?;
    let builder = ort::init_from(library).map_err(|error| {
        unsupported(&format!("a usable library: {error}"), "name another with --onnxruntime PATH")
    })?;
    let environment = builder.with_name("reproof").with_telemetry(false).build().map_err(failure)?;
    let threads = spec.threads.unwrap_or(1).max(1) as usize;
    let level = match optimisation {
        "disabled" => GraphOptimizationLevel::Disable,
        "basic" => GraphOptimizationLevel::Level1,
        "extended" => GraphOptimizationLevel::Level2,
        _ => GraphOptimizationLevel::All,
    };
    let session = (|| {
        let mut builder = OrtSession::builder(&environment)?
            .with_intra_threads(threads)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_deterministic_compute(true)?
            .with_optimization_level(level)?;
        builder.commit_from_file(&spec.artifact)
    })()
    .map_err(failure)?;
    let typed = |outlet: &Outlet| (outlet.name().to_owned(), outlet.dtype().clone());
    let settings = [("optimisation", optimisation), ("deterministic_compute", "true")];
    Ok(Loaded {
        engine: Engine {
            name: "onnxruntime".to_owned(),
            version: version::version(library),
            library_sha256: sha256(library),
            build: Some(ort::info().to_owned()),
        },
        session: Box::new(OnnxRuntime {
            outputs: session.outputs().iter().map(|outlet| outlet.name().to_owned()).collect(),
            inputs: session.inputs().iter().map(typed).collect(),
            session,
            environment,
        }),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect(),
    })
}

impl Session for OnnxRuntime {
    fn run(&mut self, inputs: &Values) -> Result<Values, Failure> {
        let given: HashMap<&str, &Value> =
            inputs.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let known: Vec<&str> = self.inputs.iter().map(|(name, _)| name.as_str()).collect();
        refuse_unknown(&known, inputs)?;
        let mut arguments: Vec<(&str, DynValue)> = Vec::with_capacity(self.inputs.len());
        for (name, declared) in &self.inputs {
            match given.get(name.as_str()) {
                // An optional input that is absent is not given at all.
                Some(Value::Optional(None)) => {}
                Some(value) => {
                    let argument = input::to_runtime(&self.environment, name, value, declared)?;
                    arguments.push((name, argument));
                }
                None => return Err(Failure::Refused(format!("no value for the input `{name}`"))),
            }
        }
        if absent::possible(&self.session) {
            let outputs = absent::run(&mut self.session, &arguments, &self.outputs)?;
            let read = |(name, value): (&String, Option<DynValue>)| {
                let value = value.map(|value| output::from_runtime(name, &value)).transpose()?;
                Ok((name.clone(), value.unwrap_or(Value::Optional(None))))
            };
            return self.outputs.iter().zip(outputs).map(read).collect();
        }
        let outputs = self.session.run(arguments).map_err(failure)?;
        let names = self.outputs.iter();
        let read = |name: &String| match outputs.get(name) {
            Some(value) => Ok((name.clone(), output::from_runtime(name, value)?)),
            None => Err(Failure::Refused(format!("the model made no output `{name}`"))),
        };
        names.map(read).collect()
    }
}

/// SHA-256 of the library, `None` if it cannot be read again.
fn sha256(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        write!(text, "{byte:02x}").expect("a text takes any text");
    }
    Some(text)
}
