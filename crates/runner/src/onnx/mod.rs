//! The built-in engine: tract, pure Rust, nothing to install.
//!
//! One thread, so that its bits depend on the instruction set alone. A plan is prepared per set of input shapes,
//! because tract resolves symbolic dims before it chooses kernels.

mod convert;
mod failure;
mod float64;
mod gemm;
mod port;
mod screen;
mod widen;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reproof_contract::environment::Engine;
use reproof_contract::run::{Device, Precision, RunSpec};
use reproof_tensor::Value;
use tract_onnx::pb;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::GenericFactoid;
use tract_onnx::tract_hir::ops::unimpl::UnimplementedOp;

use self::failure::{cannot_prepare, cannot_run, chain, unsupported};
use self::port::Port;
use crate::engine::{Failure, Loaded, Session, Values, option, refuse_unknown};

/// The version of tract that Cargo.lock pins.
const TRACT_VERSION: &str = "0.23.9";

/// How far the graph is rewritten before it runs; the perturbations of the envelope walk through these.
const OPTIMISATION: [&str; 3] = ["disabled", "basic", "all"];

/// Prepared plans that are kept: one per set of input shapes.
const PLANS: usize = 4;

/// Integer inputs of at most this many elements may be shapes or axes, which tract wants to know in advance.
const SHAPE_LIKE: usize = 16;

/// Inputs of rank 0 or 1 and at most this many elements may be scales, borders or statistics of a channel.
const PARAMETER_LIKE: usize = 4096;

/// Which inputs a plan may take for constant, beside their shapes. A plan with constants serves these values alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Constant {
    Nothing,
    Shapes,
    Parameters,
}

impl Constant {
    fn covers(self, input: &Tensor) -> bool {
        let shape = input.datum_type().is_integer() && input.len() <= SHAPE_LIKE;
        let parameter = input.rank() <= 1 && input.len() <= PARAMETER_LIKE;
        match self {
            Self::Nothing => false,
            Self::Shapes => shape,
            Self::Parameters => shape || parameter,
        }
    }
}

type Plan = Arc<TypedRunnableModel>;

/// Types and shapes of all inputs: what a plan is made for.
type Shapes = Vec<(DatumType, Vec<usize>)>;

struct Tract {
    framework: tract_onnx::Onnx,
    model: pb::ModelProto,
    folder: PathBuf,
    precision: Precision,
    optimisation: String,
    inputs: Vec<Port>,
    outputs: Vec<String>,
    plans: Vec<(Shapes, Plan)>,
}

/// Loads an ONNX file.
pub(crate) fn load(spec: &RunSpec) -> Result<Loaded, Failure> {
    let optimisation = option(spec, &[("optimisation", &OPTIMISATION)], "optimisation")?.unwrap_or(
        // The referee is a definition, and some of tract's rewrites put float32 constants into float64 graphs: the
        // same model then differs from itself by 5e-6.
        if spec.precision == Precision::Float64 { "disabled" } else { "all" },
    );
    if spec.device != Device::Cpu {
        return Err(unsupported("a device other than the processor"));
    }
    if spec.threads.is_some_and(|threads| threads > 1) {
        return Err(unsupported("more than one thread"));
    }
    let path = &spec.artifact;
    let mut framework = onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
    let mut model = framework.proto_model_for_path(path).map_err(|error| Failure::Refused(chain(&error)))?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let (inputs, outputs) = ports(&model)?;
    if spec.precision == Precision::Float64 {
        framework = framework.with_ignore_output_types(true);
        float64::register(&mut framework.op_register);
        widen::model(&mut model, &folder)?;
    }
    screen::screen(&model, &framework.op_register)?;
    let tract = Tract {
        framework,
        folder,
        precision: spec.precision,
        optimisation: optimisation.to_owned(),
        inputs,
        outputs,
        plans: Vec::new(),
        model,
    };
    tract.check_operators()?;
    let precision = if spec.precision == Precision::Float64 { "float64" } else { "stored" };
    let settings = [("optimisation", optimisation), ("precision", precision)];
    Ok(Loaded {
        session: Box::new(tract),
        engine: Engine {
            name: "tract".to_owned(),
            version: TRACT_VERSION.to_owned(),
            library_sha256: None,
            build: None,
        },
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect(),
    })
}

/// Inputs without stored values, and the names of outputs.
fn ports(model: &pb::ModelProto) -> Result<(Vec<Port>, Vec<String>), Failure> {
    let graph = model.graph.as_ref();
    let graph = graph.ok_or_else(|| Failure::Refused("the model holds no graph".to_owned()))?;
    let stored: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let inputs = graph.input.iter().filter(|port| !stored.contains(port.name.as_str()));
    let outputs = graph.output.iter().map(|port| port.name.clone());
    Ok((inputs.map(Port::declared).collect(), outputs.collect()))
}

impl Tract {
    /// Parses the graph into tract's own form.
    fn parse(&self) -> Result<InferenceModel, Failure> {
        let parsed = self.framework.parse(&self.model, self.folder.to_str());
        let parsed = parsed.map_err(|error| cannot_prepare(&error))?;
        match parsed.unresolved_inputs.as_slice() {
            [] => Ok(parsed.model),
            names => Err(Failure::Refused(format!(
                "the graph uses values that nothing makes: {}",
                names.join(", ")
            ))),
        }
    }

    /// Names the operators that tract lacks, all of them at once.
    fn check_operators(&self) -> Result<(), Failure> {
        let model = self.parse()?;
        let mut missing: BTreeMap<String, usize> = BTreeMap::new();
        for node in model.nodes() {
            if node.op_is::<UnimplementedOp>() {
                let name = node.op().name();
                let name =
                    name.strip_prefix("Unimplemented(").map_or(&*name, |rest| rest.trim_end_matches(')'));
                *missing.entry(name.to_owned()).or_default() += 1;
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = missing.into_keys().collect();
        Err(unsupported(&format!("operator {}", names.join(", "))))
    }

    /// Runs with a plan for inputs of these types and shapes, kept from an earlier run or made.
    fn execute(&mut self, inputs: &[Arc<Tensor>]) -> Result<TVec<TValue>, Failure> {
        let key: Shapes = inputs.iter().map(|input| (input.datum_type(), input.shape().to_vec())).collect();
        if let Some((_, plan)) = self.plans.iter().find(|(known, _)| *known == key) {
            return run(plan, inputs);
        }
        let attempt = match self.prepare(inputs, Constant::Nothing) {
            Ok(plan) => {
                let results = run(&plan, inputs);
                if self.plans.len() == PLANS {
                    self.plans.remove(0);
                }
                if results.is_ok() {
                    self.plans.push((key, plan));
                }
                results
            }
            Err(failure) => Err(failure),
        };
        let Err(failure @ Failure::Unsupported { .. }) = attempt else { return attempt };
        // Shapes, axes and scales that are inputs must be known in advance.
        for constant in [Constant::Shapes, Constant::Parameters] {
            if inputs.iter().any(|input| constant.covers(input))
                && let Ok(plan) = self.prepare(inputs, constant)
                && let Ok(results) = run(&plan, inputs)
            {
                return Ok(results);
            }
        }
        Err(failure)
    }

    fn prepare(&self, inputs: &[Arc<Tensor>], constant: Constant) -> Result<Plan, Failure> {
        let mut model = self.parse()?;
        let prepared = (|| {
            for (index, input) in inputs.iter().enumerate() {
                let mut fact = InferenceFact::dt_shape(input.datum_type(), input.shape());
                if constant.covers(input) {
                    fact.value = GenericFactoid::Only(Arc::clone(input));
                }
                model = std::mem::take(&mut model).with_input_fact(index, fact)?;
            }
            let typed = model.into_typed()?;
            let ready = match self.optimisation.as_str() {
                "disabled" => typed,
                "basic" => typed.into_decluttered()?,
                _ => typed.into_optimized()?,
            };
            ready.into_runnable()
        })();
        prepared.map_err(|error: TractError| cannot_prepare(&error))
    }
}

fn run(plan: &Plan, inputs: &[Arc<Tensor>]) -> Result<TVec<TValue>, Failure> {
    let arguments = inputs.iter().map(|input| Arc::clone(input).into_tvalue()).collect();
    plan.run(arguments).map_err(|error| cannot_run(&error))
}

impl Session for Tract {
    fn run(&mut self, inputs: &Values) -> Result<Values, Failure> {
        let given: HashMap<&str, &Value> =
            inputs.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let known: Vec<&str> = self.inputs.iter().map(|port| port.name.as_str()).collect();
        refuse_unknown(&known, inputs)?;
        let mut tensors = Vec::with_capacity(self.inputs.len());
        for port in &self.inputs {
            let name = port.name.as_str();
            let value = given.get(name);
            let value = value.ok_or_else(|| Failure::Refused(format!("no value for the input `{name}`")))?;
            port.accept(value)?;
            tensors.push(Arc::new(convert::to_tract(name, value, self.precision)?));
        }
        let results = self.execute(&tensors)?;
        let named = self.outputs.iter().zip(results);
        named.map(|(name, tensor)| Ok((name.clone(), convert::from_tract(name, &tensor)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::TRACT_VERSION;

    #[test]
    fn the_version_told_is_the_one_that_is_locked() {
        let lock = include_str!("../../../../Cargo.lock");
        let package = lock.split("[[package]]").find(|package| package.contains("name = \"tract-onnx\"\n"));
        let wanted = format!("version = \"{TRACT_VERSION}\"");
        assert!(package.is_some_and(|package| package.contains(&wanted)), "{package:?}");
    }
}
