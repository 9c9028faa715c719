//! What an in-process engine is to the child that serves it.

use std::collections::BTreeMap;

use reproof_contract::environment::Engine;
use reproof_contract::run::{RunSpec, Status};
use reproof_tensor::Value;

use crate::child::{Collector, Request};

/// Named values in the model's order.
pub(crate) type Values = Vec<(String, Value)>;

/// Why an engine did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The model or its input is at fault, in the engine's words.
    Refused(String),
    /// The engine lacks something; nothing is said about the model.
    Unsupported {
        /// What is lacking.
        what: String,
        /// What to do.
        hint: String,
    },
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(message) => Self::Refused { message },
            Failure::Unsupported { what, hint } => Self::Unsupported { what, hint },
        }
    }
}

/// A loaded model.
pub(crate) trait Session {
    /// Executes one case.
    fn run(&mut self, inputs: &Values) -> Result<Values, Failure>;

    /// Executes one case and shows what it computes on its way. `given` are values that steps gave elsewhere: each step takes
    /// these in place of what the steps before it give here.
    fn tapped(&mut self, inputs: &Values, taps: &mut Collector, given: &Values) -> Result<Values, Failure>;
}

/// A loaded model with what loaded it.
pub(crate) struct Loaded {
    pub(crate) session: Box<dyn Session>,
    pub(crate) engine: Engine,
    pub(crate) settings: BTreeMap<String, String>,
}

/// The value of an engine option, if it is among the `known` ones; an unknown option or value is refused by name,
/// because a setting that silently does nothing would be recorded as if it did.
pub(crate) fn option<'a>(
    spec: &'a RunSpec,
    known: &[(&str, &[&str])],
    wanted: &str,
) -> Result<Option<&'a str>, Failure> {
    for (name, value) in &spec.options {
        let values = known.iter().find(|(known, _)| known == name).map(|(_, values)| *values);
        let problem = match values {
            Some(values) if values.contains(&value.as_str()) => continue,
            Some(values) => {
                format!("engine option `{name} = {value}`: expected one of {}", values.join(", "))
            }
            None => format!("engine option `{name}`"),
        };
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Unsupported {
            what: problem,
            hint: format!("this engine knows: {}", names.join(", ")),
        });
    }
    Ok(spec.options.get(wanted).map(String::as_str))
}

/// Refuses a value for an input that the model does not have: ignored, it would be recorded as if it had an effect.
pub(crate) fn refuse_unknown(known: &[&str], given: &Values) -> Result<(), Failure> {
    match given.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => {
            let known = known.join(", ");
            Err(Failure::Refused(format!("the model has no input `{name}`: expected {known}")))
        }
        None => Ok(()),
    }
}

/// Loads the artifact of a request with the engine that it names.
pub(crate) fn load(request: &Request) -> Result<Loaded, Failure> {
    match request.runner.as_str() {
        "onnxruntime" => crate::onnxruntime::load(&request.spec, request.library.as_deref()),
        "referee" => crate::referee::load(&request.spec, request.keep.as_ref()),
        other => Err(Failure::Unsupported {
            what: format!("runner `{other}`"),
            hint: "this binary serves onnxruntime and referee".to_owned(),
        }),
    }
}
