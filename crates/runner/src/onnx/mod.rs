//! The built-in engine: tract, pure Rust, nothing to install.
//!
//! One thread, so that its bits depend on the instruction set alone. A plan is prepared per set of input shapes,
//! because tract resolves symbolic dims before it chooses kernels.

mod convert;
mod float64;
mod gemm;
mod widen;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reproof_contract::environment::Engine;
use reproof_contract::run::{Device, Precision, RunSpec};
use reproof_tensor::Value;
use tract_onnx::pb;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::GenericFactoid;
use tract_onnx::tract_hir::ops::unimpl::UnimplementedOp;

use crate::engine::{Failure, Loaded, Session, Values, option};

/// The version of tract that Cargo.lock pins.
const TRACT_VERSION: &str = "0.23.9";

/// How far the graph is rewritten before it runs; the perturbations of the envelope walk through these.
const OPTIMISATION: [&str; 3] = ["disabled", "basic", "all"];

/// Prepared plans that are kept: one per set of input shapes.
const PLANS: usize = 4;

/// Integer inputs of at most this many elements may be shapes or axes, which tract wants to know in advance.
const SHAPE_LIKE: usize = 16;

type Plan = Arc<TypedRunnableModel>;

struct Tract {
    framework: tract_onnx::Onnx,
    model: pb::ModelProto,
    folder: PathBuf,
    precision: Precision,
    optimisation: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
    plans: Vec<(Vec<(DatumType, Vec<usize>)>, Plan)>,
}

/// Loads an ONNX file.
pub(crate) fn load(spec: &RunSpec) -> Result<Loaded, Failure> {
    let optimisation = option(spec, &[("optimisation", &OPTIMISATION)], "optimisation")?.unwrap_or(
        // The referee is a definition: no rewrite may fold constants or reorder sums on the way to it.
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
    if spec.precision == Precision::Float64 {
        framework = framework.with_ignore_output_types(true);
        float64::register(&mut framework.op_register);
        widen::model(&mut model, &folder)?;
    }
    let graph = model.graph.as_ref().ok_or_else(|| Failure::Refused("the model holds no graph".to_owned()))?;
    let initializers: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let names = |ports: &[pb::ValueInfoProto]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
    let mut inputs = names(&graph.input);
    inputs.retain(|name| !initializers.contains(&name.as_str()));
    let outputs = names(&graph.output);
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

impl Tract {
    /// Parses the graph into tract's own form.
    fn parse(&self) -> Result<InferenceModel, Failure> {
        let parsed = self.framework.parse(&self.model, self.folder.to_str());
        let parsed = parsed.map_err(|error| cannot_prepare(&error))?;
        match parsed.unresolved_inputs.as_slice() {
            [] => Ok(parsed.model),
            names => Err(Failure::Refused(format!("the graph uses values that nothing makes: {}", names.join(", ")))),
        }
    }

    /// Names the operators that tract lacks, all of them at once.
    fn check_operators(&self) -> Result<(), Failure> {
        let model = self.parse()?;
        let mut missing: BTreeMap<String, usize> = BTreeMap::new();
        for node in model.nodes() {
            if node.op_is::<UnimplementedOp>() {
                let name = node.op().name();
                let name = name.strip_prefix("Unimplemented(").map_or(&*name, |rest| rest.trim_end_matches(')'));
                *missing.entry(name.to_owned()).or_default() += 1;
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = missing.into_keys().collect();
        Err(unsupported(&format!("operator {}", names.join(", "))))
    }

    /// The plan for inputs of these types and shapes.
    fn plan(&mut self, inputs: &[Tensor]) -> Result<Plan, Failure> {
        let key: Vec<_> = inputs.iter().map(|input| (input.datum_type(), input.shape().to_vec())).collect();
        if let Some((_, plan)) = self.plans.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(plan));
        }
        let plan = match self.prepare(inputs, false) {
            Ok(plan) => plan,
            // Shapes and axes that are inputs must be known in advance; such a plan serves these values alone.
            Err(first) => return self.prepare(inputs, true).map_err(|_| first),
        };
        if self.plans.len() == PLANS {
            self.plans.remove(0);
        }
        self.plans.push((key, Arc::clone(&plan)));
        Ok(plan)
    }

    fn prepare(&self, inputs: &[Tensor], shapes_are_constant: bool) -> Result<Plan, Failure> {
        let mut model = self.parse()?;
        let prepared = (|| {
            for (index, input) in inputs.iter().enumerate() {
                let mut fact = InferenceFact::dt_shape(input.datum_type(), input.shape());
                let shape_like = input.datum_type().is_integer() && input.len() <= SHAPE_LIKE;
                if shapes_are_constant && shape_like {
                    fact.value = GenericFactoid::Only(Arc::new(input.clone()));
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

impl Session for Tract {
    fn run(&mut self, inputs: &Values) -> Result<Values, Failure> {
        let given: HashMap<&str, &Value> = inputs.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let mut tensors = Vec::with_capacity(self.inputs.len());
        for name in &self.inputs {
            let value = given.get(name.as_str());
            let value = value.ok_or_else(|| Failure::Refused(format!("no value for the input `{name}`")))?;
            tensors.push(convert::to_tract(name, value, self.precision)?);
        }
        let plan = self.plan(&tensors)?;
        let arguments = tensors.into_iter().map(IntoTValue::into_tvalue).collect();
        let results = plan.run(arguments).map_err(|error| Failure::Refused(chain(&error)))?;
        let named = self.outputs.iter().zip(results);
        named.map(|(name, tensor)| Ok((name.clone(), convert::from_tract(name, &tensor)?))).collect()
    }
}

fn cannot_prepare(error: &TractError) -> Failure {
    unsupported(&format!("preparing this graph: {}", chain(error)))
}

/// Something that tract lacks, with the way out.
fn unsupported(what: &str) -> Failure {
    Failure::Unsupported {
        what: format!("tract {TRACT_VERSION} lacks {what}"),
        hint: "ONNX Runtime has it: pass --runner onnxruntime".to_owned(),
    }
}

/// The message of a tract error with its causes, on one line.
fn chain(error: &TractError) -> String {
    let mut text = format!("{error:#}").replace('\n', " ");
    if text.len() > 600 {
        let end = (0..=600).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
