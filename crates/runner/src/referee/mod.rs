//! The referee: an engine whose bits are the same on every machine.

mod convert;
mod kept;
mod model;
mod port;
mod taps;

use std::collections::HashMap;

use reproof_contract::environment::{EVERYWHERE, Engine};
use reproof_contract::run::{Device, Precision, RunSpec};
use reproof_formats::onnx;
use reproof_referee::{Mode, Options, Value as Held};

use self::kept::Kept;
use self::taps::Tapping;
use crate::child::{Collector, Keep};
use crate::engine::{Failure, Loaded, Session, Values, option, refuse_unknown};

/// The version of the definition that `docs/referee.md` writes down: outputs of one version are the same bits for ever. Goldens
/// of the class `referee` are those of version 1; a definition that moves a bit needs another class.
const DEFINITION: &str = "1.0.0";

struct Referee {
    model: reproof_referee::Model,
    declared: onnx::Model,
    options: Options,
    mode: &'static str,
    kept: Option<Kept>,
}

/// Loads an ONNX file; long runs are kept where `keep` says.
pub(crate) fn load(spec: &RunSpec, keep: Option<&Keep>) -> Result<Loaded, Failure> {
    // Nothing is rewritten: the graph is what is defined.
    let known: [(&str, &[&str]); 2] =
        [("optimisation", &["disabled"]), ("rounding", &["defined", "ordinary"])];
    let is_ordinary = option(spec, &known, "rounding")? == Some("ordinary");
    if spec.device != Device::Cpu {
        return Err(unsupported("a device other than the processor"));
    }
    let kept = keep.and_then(|keep| Kept::new(keep.clone(), &spec.artifact));
    let (model, declared) = model::read(&spec.artifact)?;
    model.check().map_err(convert::failure)?;
    let lacking = model.lacking();
    if !lacking.is_empty() {
        return Err(unsupported(&format!("operator {}", lacking.join(", "))));
    }
    let (mode, word) = match spec.precision {
        Precision::Stored if is_ordinary => (Mode::Ordinary, "ordinary"),
        Precision::Stored => (Mode::Typed, "typed"),
        Precision::Float64 => (Mode::Wide, "wide"),
    };
    // They change no bit, so that there is no reason to leave cores idle.
    let all = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = spec.threads.map_or_else(all, |threads| threads.max(1) as usize);
    Ok(Loaded {
        session: Box::new(Referee {
            model,
            declared,
            options: Options { mode, threads, ..Options::default() },
            mode: word,
            kept,
        }),
        engine: Engine {
            name: EVERYWHERE.to_owned(),
            version: DEFINITION.to_owned(),
            library_sha256: None,
            build: None,
        },
        settings: [("mode", word), ("optimisation", "disabled")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    })
}

impl Session for Referee {
    fn run(&mut self, inputs: &Values) -> Result<Values, Failure> {
        let taken = self.taken(inputs)?;
        let outputs = match &self.kept {
            Some(kept) => kept.run(&self.model, &taken, self.options, self.mode),
            None => self.model.run(&taken, self.options, &()),
        };
        given(&outputs.map_err(convert::failure)?)
    }

    fn tapped(&mut self, inputs: &Values, taps: &mut Collector, values: &Values) -> Result<Values, Failure> {
        let taken = self.taken(inputs)?;
        let tapping = Tapping::new(taps, values);
        let outputs = self.model.run(&taken, self.options, &tapping).map_err(convert::failure)?;
        tapping.end()?;
        given(&outputs)
    }
}

impl Referee {
    /// The inputs in the order of the graph, as the referee takes them.
    fn taken(&self, inputs: &Values) -> Result<Vec<(String, Held)>, Failure> {
        let ports = self.declared.inputs();
        let known: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
        refuse_unknown(&known, inputs)?;
        let given: HashMap<&str, _> = inputs.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let mut taken = Vec::with_capacity(ports.len());
        for port in ports {
            let name = port.name.as_str();
            let value = given
                .get(name)
                .ok_or_else(|| Failure::Refused(format!("no value for the input `{name}`")))?;
            port::accept(port, value)?;
            taken.push((name.to_owned(), convert::taken(name, &port.kind, value)?));
        }
        Ok(taken)
    }
}

fn given(outputs: &[(String, Held)]) -> Result<Values, Failure> {
    outputs.iter().map(|(name, value)| Ok((name.clone(), convert::given(name, value)?))).collect()
}

fn unsupported(what: &str) -> Failure {
    let hint = "run it with ONNX Runtime: --runner onnxruntime".to_owned();
    Failure::Unsupported { what: what.to_owned(), hint }
}
