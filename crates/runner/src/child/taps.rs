//! Writing down what an in-process engine shows of a run, step by step.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::Real;
use reproof_contract::run::Taps as Wanted;
use reproof_contract::taps::{LARGEST, Step, Tapped, Taps};
use reproof_formats::values;
use reproof_tensor::{Key, Tensor, Value};
use sha2::{Digest as _, Sha256};

use crate::chain;
use crate::engine::{Failure, Values};

/// As many values of a tensor are shown.
const SAMPLES: usize = 8;

/// The place of the only tensor that a step gives, as adapters of Python name it.
const OUTPUT: &str = "output";

/// The steps of one case.
pub(crate) struct Collector {
    /// The names that are wanted; nothing for all.
    named: Option<HashSet<String>>,
    calls: BTreeMap<String, u32>,
    steps: Vec<Step>,
    kept: Values,
}

impl Collector {
    /// Collects what is `wanted`.
    pub(crate) fn new(wanted: &Wanted) -> Self {
        let named = match wanted {
            Wanted::Named(names) => Some(names.iter().cloned().collect()),
            Wanted::None | Wanted::All | Wanted::Cases(_) => None,
        };
        Self { named, calls: BTreeMap::new(), steps: Vec::new(), kept: Vec::new() }
    }

    /// Whether a step of this name is told.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.named.as_ref().is_none_or(|named| named.contains(name))
    }

    /// A step that ended: digests of what it took, and the value that it gave. What is no tensor of numbers is passed over.
    pub(crate) fn add(
        &mut self,
        name: &str,
        kind: &str,
        inputs: Vec<String>,
        given: &Value,
    ) -> Result<(), Failure> {
        let call = self.calls.entry(name.to_owned()).or_default();
        let number = *call;
        *call += 1;
        let Value::Tensor(tensor) = given else { return Ok(()) };
        if !self.wants(name) {
            return Ok(());
        }
        if self.steps.len() == LARGEST {
            return Err(Failure::Unsupported {
                what: format!("taps of more than {LARGEST} steps"),
                hint: "name the steps that you want".to_owned(),
            });
        }
        let output = Tapped {
            path: String::new(),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            digest: step_digest(tensor),
            samples: samples(tensor),
        };
        let outputs = vec![output];
        self.steps.push(Step { name: name.to_owned(), call: number, kind: kind.to_owned(), inputs, outputs });
        if self.named.is_some() {
            let value = Value::Map(vec![(Key::Text(OUTPUT.to_owned()), given.clone())]);
            self.kept.push((format!("{name}#{number}"), value));
        }
        Ok(())
    }

    /// Writes `taps.json` and the values that are kept into a folder, which is made. Looking has `disturbed` the run if it
    /// gave other outputs.
    pub(super) fn write(self, folder: &Path, disturbed: bool) -> Result<PathBuf, Failure> {
        let failed = |problem: String| Failure::Unsupported {
            what: format!("the taps cannot be written to {}: {problem}", folder.display()),
            hint: "free space in the folder for temporary files, or name fewer steps".to_owned(),
        };
        let text = serde_json::to_vec(&Taps { disturbed, steps: self.steps })
            .map_err(|error| failed(error.to_string()))?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(folder.join("taps.json"), text))
            .map_err(|error| failed(error.to_string()))?;
        values::write(folder, "outputs", &self.kept).map_err(|error| failed(chain(&error)))?;
        Ok(folder.to_owned())
    }
}

/// Digests of the tensors among these values.
pub(crate) fn digests<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let tensors = values.filter_map(|value| match value {
        Value::Tensor(tensor) => Some(tensor),
        _ => None,
    });
    tensors.map(step_digest).collect()
}

/// Digest of dtype, shape and values, as taps tell what a step took and gave, and as adapters of Python compute it.
pub fn step_digest(tensor: &Tensor) -> String {
    let dims = tensor.shape().iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let mut hasher = Sha256::new();
    hasher.update(format!("{} [{dims}] ", tensor.dtype()));
    hasher.update(tensor.bytes());
    crate::hexadecimal(&hasher.finalize())
}

/// Values at positions spread evenly over a tensor.
fn samples(tensor: &Tensor) -> Vec<Real> {
    let Some(elements) = tensor.view().elements() else { return Vec::new() };
    let (count, taken) = (elements.len(), elements.len().min(SAMPLES));
    (0..taken).map(|index| Real(elements.get(index * count / taken))).collect()
}
