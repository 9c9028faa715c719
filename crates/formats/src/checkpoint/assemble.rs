//! From parts to what a description says of them: named tensors, facts, what is missing.

use std::collections::HashMap;

use reproof_tensor::DType;

use super::description::{PartDescription, Trainer, TrainingState};
use super::facts::facts;
use super::missing::missing;
use super::order::{Order, Swapped};
use super::parts::Part;
use super::role::Role;
use super::tree::{Node, join};
use crate::{Sources, TensorDescription, tensors};

/// Bytes of the state of PyTorch's generator on the CPU: seed, flags, 624 words of 64 bits, cached normals.
const TORCH_GENERATOR: u64 = 5056;

/// The part of tensors that a module makes anew when it is built.
const TRANSIENT: &str = "transient";

/// The tensors and the training state of a checkpoint in parts.
pub(crate) fn assemble(
    parts: Vec<Part>,
    trainer: Option<Trainer>,
    sources: &Sources<'_>,
) -> (Vec<TensorDescription>, TrainingState) {
    let mut described = Vec::new();
    let mut state = TrainingState { trainer, ..TrainingState::default() };
    let mut counts: HashMap<Role, u64> = HashMap::new();
    let swapped: Vec<Option<Swapped>> = {
        let order = Order::of(&parts);
        parts.iter().map(|part| order.swapped(&part.node)).collect()
    };
    for (part, swapped) in parts.into_iter().zip(swapped) {
        let count = counts.entry(part.role).or_default();
        let name = match *count {
            0 => part.role.as_str().to_owned(),
            number => format!("{}.{number}", part.role.as_str()),
        };
        *count += 1;
        if !part.node.has_tensors() && matches!(&part.node, Node::Map(entries) if entries.is_empty()) {
            continue;
        }
        let (kind, mut facts) = facts(part.role, &part.node, sources);
        if let Some(Swapped { first, second }) = swapped {
            let told = format!("`{first}` before `{second}`, unlike the model");
            facts.insert(Swapped::FACT.to_owned(), told.into());
        }
        let before = described.len();
        collect(part.node, "", &name, &mut described);
        let tensors = (described.len() - before) as u64;
        state.parts.push(PartDescription { name, root: part.root, kind, tensors, facts });
    }
    tensors::tie(&mut described);
    finish(&mut state, &described);
    (described, state)
}

/// Orders the parts and says what is missing, once all of them are known.
pub(crate) fn finish(state: &mut TrainingState, described: &[TensorDescription]) {
    // Bare weights have no state worth naming.
    if let [only] = state.parts.as_slice()
        && only.name == tensors::MODEL
        && only.root.is_empty()
        && only.kind.is_none()
        && only.facts.is_empty()
        && state.trainer.is_none()
    {
        state.parts.clear();
    }
    let others = described.iter().filter(|tensor| tensor.part != tensors::MODEL);
    let names: Vec<(String, String)> = others
        .map(|tensor| {
            // The state of PyTorch's generator is known by its size, whatever it is called.
            let is_generator = tensor.dtype == DType::U8 && tensor.shape == [TORCH_GENERATOR];
            let name = if is_generator { format!("{} torch", tensor.name) } else { tensor.name.clone() };
            (tensor.part.clone(), name)
        })
        .collect();
    let trainer = state.trainer.as_ref().map(|trainer| trainer.name.as_str());
    state.missing = missing(trainer, &state.parts, &names);
}

/// Every tensor below a node by its dotted name.
fn collect(node: Node, name: &str, part: &str, found: &mut Vec<TensorDescription>) {
    match node {
        Node::Tensor(tensor) => {
            let part = if tensor.transient { TRANSIENT } else { part };
            found.push(TensorDescription {
                name: name.to_owned(),
                part: part.to_owned(),
                dtype: tensor.dtype,
                shape: tensor.shape,
                storage: tensor.storage,
                tied_to: None,
                note: tensor.note,
            });
            for (key, companion) in tensor.companions {
                collect(companion, &join(name, &key), part, found);
            }
        }
        Node::Map(entries) | Node::Record { fields: entries, .. } => {
            for (key, value) in entries {
                collect(value, &join(name, &key), part, found);
            }
        }
        Node::Sequence(values) => {
            for (index, value) in values.into_iter().enumerate() {
                collect(value, &join(name, &index.to_string()), part, found);
            }
        }
        Node::Scalar(_) | Node::Opaque(_) => {}
    }
}
