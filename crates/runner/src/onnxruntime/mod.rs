//! ONNX Runtime, by loading the library that the user has.

mod absent;
mod element;
mod empty;
mod failure;
mod input;
mod locate;
mod output;
mod taps;
mod version;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session as OrtSession, SessionOutputs};
use ort::value::{DynValue, Outlet, ValueType};
use reproof_contract::environment::Engine;
use reproof_contract::run::{Device, Precision, RunSpec};
use reproof_tensor::Value;

use crate::child::{Collector, digests};
use crate::engine::{Failure, Loaded, Session, Values, option, refuse_unknown};
use crate::file::sha256;
use failure::{failure, unsupported};
use taps::Graph;

pub use locate::{LocateError, Located, locate};

const OPTIMISATION: [&str; 4] = ["disabled", "basic", "extended", "all"];

struct OnnxRuntime {
    session: OrtSession,
    outputs: Vec<String>,
    inputs: Vec<(String, ValueType)>,
    settings: Settings,
    artifact: PathBuf,
    // Sessions hold the environment by reference inside the library; it goes last.
    environment: Environment,
}

/// How sessions are made.
#[derive(Clone, Copy)]
struct Settings {
    threads: usize,
    level: GraphOptimizationLevel,
}

impl Settings {
    fn builder(self, environment: &Environment) -> Result<SessionBuilder, Failure> {
        let made = || -> ort::Result<SessionBuilder> {
            Ok(OrtSession::builder(environment)?
                .with_intra_threads(self.threads)?
                .with_inter_threads(1)?
                .with_intra_op_spinning(false)?
                .with_deterministic_compute(true)?
                .with_optimization_level(self.level)?)
        };
        made().map_err(failure)
    }
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
    let settings = Settings { threads, level };
    let session = settings.builder(&environment)?.commit_from_file(&spec.artifact).map_err(failure)?;
    let typed = |outlet: &Outlet| (outlet.name().to_owned(), outlet.dtype().clone());
    let told = [("optimisation", optimisation), ("deterministic_compute", "true")];
    Ok(Loaded {
        engine: Engine {
            name: "onnxruntime".to_owned(),
            version: version::version(library),
            // It may be gone by now.
            library_sha256: sha256(library).ok().map(|hash| crate::hexadecimal(&hash)),
            build: Some(ort::info().to_owned()),
        },
        session: Box::new(OnnxRuntime {
            outputs: session.outputs().iter().map(|outlet| outlet.name().to_owned()).collect(),
            inputs: session.inputs().iter().map(typed).collect(),
            session,
            environment,
            settings,
            artifact: spec.artifact.clone(),
        }),
        settings: told.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect(),
    })
}

impl Session for OnnxRuntime {
    fn run(&mut self, inputs: &Values) -> Result<Values, Failure> {
        let arguments = arguments(&self.inputs, &self.environment, inputs)?;
        if absent::possible(&self.session) {
            let outputs = absent::run(&mut self.session, &arguments, &self.outputs)?;
            let read = |(name, value): (&String, Option<DynValue>)| {
                let value = value.map(|value| output::from_runtime(name, &value)).transpose()?;
                Ok((name.clone(), value.unwrap_or(Value::Optional(None))))
            };
            return self.outputs.iter().zip(outputs).map(read).collect();
        }
        named(&self.session.run(arguments).map_err(failure)?, &self.outputs)
    }

    fn tapped(&mut self, inputs: &Values, taps: &mut Collector, given: &Values) -> Result<Values, Failure> {
        if !given.is_empty() {
            return Err(unsupported("a way to give values to nodes", "give them to the referee"));
        }
        let graph = Graph::read(&self.artifact)?;
        let mut known: HashMap<String, Vec<String>> =
            inputs.iter().map(|(name, value)| (name.clone(), digests(std::iter::once(value)))).collect();
        let (mut rest, mut at_once, mut last) = (graph.nodes.as_slice(), taps::FIRST, Values::new());
        while !rest.is_empty() {
            let nodes;
            (nodes, rest) = rest.split_at(at_once.min(rest.len()));
            let made = nodes.iter().flat_map(|node| &node.outputs);
            let mut wanted: Vec<String> =
                made.filter(|name| taps.wants(name) && !self.outputs.contains(name)).cloned().collect();
            wanted.sort();
            wanted.dedup();
            let (outputs, found) = self.values(&graph, &wanted, inputs)?;
            let values: HashMap<&str, &Value> =
                outputs.iter().chain(&found).map(|(name, value)| (name.as_str(), value)).collect();
            for node in nodes {
                let taken: Vec<String> =
                    node.inputs.iter().filter_map(|name| known.get(name)).flatten().cloned().collect();
                for name in &node.outputs {
                    let Some(value) = values.get(name.as_str()) else { continue };
                    taps.add(name, &node.operator, taken.clone(), value)?;
                    known.insert(name.clone(), digests(std::iter::once(*value)));
                }
            }
            at_once = taps::next(at_once, &found);
            last = outputs;
        }
        Ok(last)
    }
}

impl OnnxRuntime {
    /// The outputs of a run that also gives these values, and the values.
    fn values(&self, graph: &Graph, wanted: &[String], inputs: &Values) -> Result<(Values, Values), Failure> {
        let model = graph.with_outputs(wanted)?;
        let builder = self.settings.builder(&self.environment)?;
        let builder = builder.with_config_entry(taps::BESIDE, graph.folder().to_string_lossy());
        let mut session = builder.map_err(failure)?.commit_from_memory(&model).map_err(failure)?;
        drop(model);
        let outputs = session.run(arguments(&self.inputs, &self.environment, inputs)?).map_err(failure)?;
        // What is between can be of types that nobody can be given.
        let read = |name: &String| Some((name.clone(), output::from_runtime(name, outputs.get(name)?).ok()?));
        Ok((named(&outputs, &self.outputs)?, wanted.iter().filter_map(read).collect()))
    }
}

/// Values for the model's inputs as the runtime takes them.
fn arguments<'a>(
    ports: &'a [(String, ValueType)],
    environment: &Environment,
    inputs: &Values,
) -> Result<Vec<(&'a str, DynValue)>, Failure> {
    let given: HashMap<&str, &Value> = inputs.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let known: Vec<&str> = ports.iter().map(|(name, _)| name.as_str()).collect();
    refuse_unknown(&known, inputs)?;
    let mut arguments = Vec::with_capacity(inputs.len());
    for (name, declared) in ports {
        match given.get(name.as_str()) {
            // An optional input that is absent is not given at all.
            Some(Value::Optional(None)) => {}
            Some(value) => {
                arguments.push((name.as_str(), input::to_runtime(environment, name, value, declared)?));
            }
            None => return Err(Failure::Refused(format!("no value for the input `{name}`"))),
        }
    }
    Ok(arguments)
}

/// Outputs by name, in this order.
fn named(outputs: &SessionOutputs<'_>, names: &[String]) -> Result<Values, Failure> {
    let read = |name: &String| match outputs.get(name) {
        Some(value) => Ok((name.clone(), output::from_runtime(name, value)?)),
        None => Err(Failure::Refused(format!("the model made no output `{name}`"))),
    };
    names.iter().map(read).collect()
}
