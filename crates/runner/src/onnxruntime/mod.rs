//! ONNX Runtime, by loading the library that the user has.

mod convert;
mod locate;

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session as OrtSession, SessionInputValue};
use ort::{Error, ErrorCode};
use reproof_contract::environment::Engine;
use reproof_contract::run::{Device, Precision, RunSpec};
use reproof_tensor::Value;
use sha2::{Digest as _, Sha256};

use crate::engine::{Failure, Loaded, Session, Values, option};

pub use locate::{LocateError, Located, locate};

const OPTIMISATION: [&str; 4] = ["disabled", "basic", "extended", "all"];

struct OnnxRuntime {
    session: OrtSession,
    outputs: Vec<String>,
    inputs: Vec<String>,
    // Sessions hold the environment by reference inside the library; it goes last.
    _environment: Environment,
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
    let names = |outlets: &[ort::value::Outlet]| outlets.iter().map(|o| o.name().to_owned()).collect();
    let settings = [("optimisation", optimisation), ("deterministic_compute", "true")];
    Ok(Loaded {
        engine: Engine {
            name: "onnxruntime".to_owned(),
            version: version(ort::info()),
            library_sha256: sha256(library),
            build: Some(ort::info().to_owned()),
        },
        session: Box::new(OnnxRuntime {
            outputs: names(session.outputs()),
            inputs: names(session.inputs()),
            session,
            _environment: environment,
        }),
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect(),
    })
}

impl Session for OnnxRuntime {
    fn run(&mut self, inputs: &Values) -> Result<Values, Failure> {
        let given: HashMap<&str, &Value> = inputs.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let mut arguments: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(self.inputs.len());
        for name in &self.inputs {
            // An optional input that is absent is not given at all.
            match given.get(name.as_str()) {
                Some(Value::Optional(None)) => {}
                Some(value) => arguments.push((name, convert::to_runtime(name, value)?.into())),
                None => return Err(Failure::Refused(format!("no value for the input `{name}`"))),
            }
        }
        let outputs = self.session.run(arguments).map_err(failure)?;
        let names = self.outputs.iter();
        names.map(|name| Ok((name.clone(), convert::from_runtime(name, &outputs[name.as_str()])?))).collect()
    }
}

/// Sorts the runtime's errors: what it lacks is not the model's fault.
fn failure(error: impl Into<Error>) -> Failure {
    let error = error.into();
    let message = error.message().replace('\n', " ");
    let lacks = error.code() == ErrorCode::NotImplemented
        || message.contains("NOT_IMPLEMENTED")
        || message.contains("is not a registered function/op")
        || message.contains("Could not find an implementation for");
    if lacks { unsupported(&message, "another version or build of ONNX Runtime may have it") } else { Failure::Refused(message) }
}

fn unsupported(what: &str, hint: &str) -> Failure {
    Failure::Unsupported { what: format!("ONNX Runtime lacks {what}"), hint: hint.to_owned() }
}

/// The version inside the build description, such as `1.32.0`.
fn version(info: &str) -> String {
    let numbers = info.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let version = numbers.filter(|word| word.split('.').filter(|part| !part.is_empty()).count() == 3).next();
    version.unwrap_or_default().to_owned()
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
    Some(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
