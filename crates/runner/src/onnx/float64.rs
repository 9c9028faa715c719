//! Elementwise operators that tract has only in narrow floats, in float64.
//!
//! The referee needs them in the model's definition and nowhere else, so they are registered for float64 runs
//! alone. Each follows the formula of the ONNX operator reference.

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::element_wise::{ElementWiseMiniOp, ElementWiseOp};
use tract_onnx::tract_hir::internal::{ElementWiseIntoHir as _, InferenceOp, TractErrorContext as _};

/// A function of one float64 with up to two parameters.
type Formula = fn(f64, f64, f64) -> f64;

/// One operator: its name, its parameters with their defaults, its formula.
struct Definition {
    name: &'static str,
    parameters: [(&'static str, f32); 2],
    formula: Formula,
}

const NONE: (&str, f32) = ("", 0.0);

/// The scale and slope of Selu as the operator reference gives them.
const SELU: [(&str, f32); 2] = [("alpha", 1.673_263_2), ("gamma", 1.050_701)];

const DEFINITIONS: [Definition; 15] = [
    Definition { name: "Erf", parameters: [NONE, NONE], formula: |x, _, _| libm::erf(x) },
    Definition { name: "Sigmoid", parameters: [NONE, NONE], formula: |x, _, _| sigmoid(x) },
    Definition { name: "Tanh", parameters: [NONE, NONE], formula: |x, _, _| libm::tanh(x) },
    Definition { name: "Exp", parameters: [NONE, NONE], formula: |x, _, _| libm::exp(x) },
    Definition { name: "Log", parameters: [NONE, NONE], formula: |x, _, _| libm::log(x) },
    Definition { name: "Softplus", parameters: [NONE, NONE], formula: |x, _, _| softplus(x) },
    Definition { name: "Softsign", parameters: [NONE, NONE], formula: |x, _, _| x / (1.0 + x.abs()) },
    Definition { name: "Mish", parameters: [NONE, NONE], formula: |x, _, _| x * libm::tanh(softplus(x)) },
    Definition {
        name: "HardSwish",
        parameters: [NONE, NONE],
        formula: |x, _, _| x * clamp_unit(x / 6.0 + 0.5),
    },
    Definition {
        name: "HardSigmoid",
        parameters: [("alpha", 0.2), ("beta", 0.5)],
        formula: |x, alpha, beta| clamp_unit(alpha * x + beta),
    },
    Definition {
        name: "LeakyRelu",
        parameters: [("alpha", 0.01), NONE],
        formula: |x, alpha, _| if x < 0.0 { alpha * x } else { x },
    },
    Definition {
        name: "ThresholdedRelu",
        parameters: [("alpha", 1.0), NONE],
        formula: |x, alpha, _| if x > alpha || x.is_nan() { x } else { 0.0 },
    },
    Definition {
        name: "Elu",
        parameters: [("alpha", 1.0), NONE],
        formula: |x, alpha, _| if x < 0.0 { alpha * libm::expm1(x) } else { x },
    },
    Definition {
        name: "Selu",
        parameters: SELU,
        formula: |x, alpha, gamma| if x > 0.0 { gamma * x } else { gamma * alpha * libm::expm1(x) },
    },
    Definition {
        name: "Celu",
        parameters: [("alpha", 1.0), NONE],
        formula: |x, alpha, _| if x < 0.0 { alpha * libm::expm1(x / alpha) } else { x },
    },
];

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn softplus(x: f64) -> f64 {
    // ln(1 + e^x) without overflow for large x.
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

fn clamp_unit(x: f64) -> f64 {
    x.clamp(0.0, 1.0)
}

fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2))
}

fn gelu_tanh(x: f64) -> f64 {
    const ROOT: f64 = 0.797_884_560_802_865_4; // sqrt(2 / pi)
    0.5 * x * (1.0 + libm::tanh(ROOT * (x + 0.044_715 * x * x * x)))
}

/// Replaces tract's builders of these operators.
pub(super) fn register(operators: &mut OnnxOpRegister) {
    for definition in &DEFINITIONS {
        operators.insert(definition.name, build);
    }
    operators.insert("Gelu", build_gelu);
}

fn build(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let definition = DEFINITIONS.iter().find(|definition| definition.name == node.op_type);
    let definition = definition.context("registered under its own name")?;
    let [first, second] = definition.parameters.map(|(name, default)| {
        let given = node.attribute.iter().find(|attribute| attribute.name == name && !name.is_empty());
        f64::from(given.map_or(default, |attribute| attribute.f))
    });
    let operator = Elementwise { name: definition.name, first, second, formula: definition.formula };
    Ok((ElementWiseOp(Box::new(operator), None).into_hir(), vec![]))
}

#[expect(clippy::unnecessary_wraps, reason = "tract's table of builders asks for this type")]
fn build_gelu(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let tanh =
        node.attribute.iter().any(|attribute| attribute.name == "approximate" && &*attribute.s == b"tanh");
    let formula: Formula = if tanh { |x, _, _| gelu_tanh(x) } else { |x, _, _| gelu(x) };
    let operator =
        Elementwise { name: if tanh { "GeluTanh" } else { "Gelu" }, first: 0.0, second: 0.0, formula };
    Ok((ElementWiseOp(Box::new(operator), None).into_hir(), vec![]))
}

/// A formula applied to every element.
#[derive(Clone)]
struct Elementwise {
    name: &'static str,
    first: f64,
    second: f64,
    formula: Formula,
}

impl std::fmt::Debug for Elementwise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}64({}, {})", self.name, self.first, self.second)
    }
}

impl PartialEq for Elementwise {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.first, self.second) == (other.name, other.first, other.second)
    }
}

impl Eq for Elementwise {}

impl ElementWiseMiniOp for Elementwise {
    fn name(&self) -> String {
        format!("{}64", self.name)
    }

    fn operating_datum_type(&self, _: DatumType) -> DatumType {
        DatumType::F64
    }

    fn eval_in_place(&self, tensor: &mut Tensor, _: Option<DatumType>) -> TractResult<()> {
        let mut values = tensor.to_plain_array_view_mut::<f64>()?;
        values.mapv_inplace(|x| (self.formula)(x, self.first, self.second));
        Ok(())
    }
}
