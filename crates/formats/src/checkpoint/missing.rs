//! What a bit-identical resume needs and a checkpoint does not hold.
//!
//! The list and the consequences are measured: a small network was resumed with one piece left out at a time, and
//! the step at which its loss first differed noted.

use super::description::{Missing, PartDescription};
use super::order::Swapped;

/// A piece of training state.
struct Piece {
    what: &'static str,
    /// Parts of which one holds it, and names of which one of its facts or tensors has one.
    held_by: &'static [(&'static str, &'static [&'static str])],
    why: &'static str,
    fix: &'static str,
}

const PIECES: &[Piece] = &[
    Piece {
        what: "optimizer",
        held_by: &[("optimizer", &[])],
        why: "moments and step counts start at zero: the loss differs from the second step on",
        fix: "save `optimizer.state_dict()`",
    },
    Piece {
        what: "scheduler",
        held_by: &[("scheduler", &[])],
        why: "a schedule of the learning rate starts again: the loss differs from the third step on",
        fix: "save `scheduler.state_dict()`; without a schedule nothing is missing",
    },
    Piece {
        what: "scaler",
        held_by: &[("scaler", &[])],
        why: "with float16 autocast the loss scale starts again: the loss differs when it would have grown",
        fix: "save `scaler.state_dict()`; without float16 autocast nothing is missing",
    },
    Piece {
        what: "rng.python",
        held_by: &[("rng", &["python", "random_state", "random_rng"])],
        why: "augmentation and sampling with `random` take another path from the first step on",
        fix: "save `random.getstate()`",
    },
    Piece {
        what: "rng.numpy",
        held_by: &[("rng", &["numpy", "np_"])],
        why: "augmentation and sampling with NumPy take another path from the first step on",
        fix: "save `numpy.random.get_state()`, and the state of each Generator",
    },
    Piece {
        what: "rng.torch",
        held_by: &[("rng", &["torch", "cpu"])],
        why: "dropout and sampling take another path from the first step on",
        fix: "save `torch.get_rng_state()`, and `torch.cuda.get_rng_state_all()` when training on a GPU",
    },
    Piece {
        what: "loader.position",
        held_by: &[("loader", &[])],
        why: "a resume inside an epoch sees other batches from the first step on",
        fix: "save the state of a stateful loader (torchdata's StatefulDataLoader), or the batch index and the state \
              of the sampler's generator at the start of the epoch",
    },
    Piece {
        what: "progress",
        held_by: &[("progress", &[]), ("loader", &[]), ("rng", &["step"])],
        why: "nothing says at which step or epoch training stood",
        fix: "save the step and the epoch",
    },
    Piece {
        what: "environment",
        held_by: &[("environment", &[])],
        why: "threads, instruction set and precision flags decide over the last bits, and no trainer saves them",
        fix: "record a contract where the checkpoint is written",
    },
];

/// What a trainer does about a piece, as its sources say: Hugging Face 5.23, Accelerate 1.15, Lightning 2.6.
struct Habit {
    trainer: &'static str,
    what: &'static str,
    fix: &'static str,
}

const HABITS: &[Habit] = &[
    Habit {
        trainer: "Hugging Face Trainer",
        what: "loader.position",
        fix: "keep `ignore_data_skip=False`, so that the Trainer skips the batches that were seen; it restores the \
              random states after the first batch, so a resume inside an epoch with random augmentation in the main \
              process still differs: save at the end of an epoch",
    },
    Habit {
        trainer: "Hugging Face Trainer",
        what: "scaler",
        fix: "the Trainer saves `scaler.pt` when it scales (`fp16=True`); without it nothing is missing",
    },
    Habit {
        trainer: "Accelerate",
        what: "loader.position",
        fix: "set `use_stateful_dataloader=True` in the DataLoaderConfiguration, or call `skip_first_batches`",
    },
    Habit {
        trainer: "Accelerate",
        what: "scaler",
        fix: "`save_state` writes `scaler.pt` when mixed precision is `fp16`; without it nothing is missing",
    },
    Habit {
        trainer: "Accelerate",
        what: "progress",
        fix: "`save_state` keeps the step of the random states alone; register an object with step and epoch by \
              `register_for_checkpointing`",
    },
    Habit {
        trainer: "Lightning",
        what: "rng.python",
        fix: "Lightning saves no random state: save `random.getstate()` in `on_save_checkpoint` of a callback",
    },
    Habit {
        trainer: "Lightning",
        what: "rng.numpy",
        fix: "Lightning saves no random state: save `numpy.random.get_state()` in `on_save_checkpoint` of a callback",
    },
    Habit {
        trainer: "Lightning",
        what: "rng.torch",
        fix: "Lightning saves no random state: save `torch.get_rng_state()` and `torch.cuda.get_rng_state_all()` in \
              `on_save_checkpoint` of a callback",
    },
    Habit {
        trainer: "Lightning",
        what: "loader.position",
        fix: "give the Trainer a loader with `state_dict` and `load_state_dict`, such as torchdata's \
              StatefulDataLoader; Lightning saves its state",
    },
    Habit {
        trainer: "Lightning",
        what: "scaler",
        fix: "Lightning saves the scaler of `precision=\"16-mixed\"` as `MixedPrecision`; without it nothing is missing",
    },
];

/// What is missing from these parts of a training checkpoint; nothing where there is no sign of training.
pub(crate) fn missing(
    trainer: Option<&str>,
    parts: &[PartDescription],
    tensors: &[(String, String)],
) -> Vec<Missing> {
    let is_training = parts
        .iter()
        .any(|part| matches!(base(&part.name), "optimizer" | "scheduler" | "scaler" | "rng" | "loader"));
    if !is_training {
        return Vec::new();
    }
    let holds = |(wanted, names): &(&str, &[&str])| {
        let fits =
            |name: &str| names.is_empty() || names.iter().any(|word| name.to_lowercase().contains(word));
        let of_part = parts.iter().filter(|part| base(&part.name) == *wanted);
        of_part.into_iter().any(|part| {
            (names.is_empty() && (part.tensors > 0 || !part.facts.is_empty()))
                || part.facts.keys().any(|name| fits(name))
        }) || tensors.iter().any(|(part, name)| base(part) == *wanted && fits(name))
    };
    let absent = PIECES.iter().filter(|piece| !piece.held_by.iter().any(holds));
    let absent = absent.map(|piece| Missing {
        what: piece.what.to_owned(),
        why: piece.why.to_owned(),
        fix: HABITS
            .iter()
            .find(|habit| Some(habit.trainer) == trainer && habit.what == piece.what)
            .map_or(piece.fix, |habit| habit.fix)
            .to_owned(),
    });
    absent.chain(parts.iter().filter_map(disordered)).collect()
}

/// What is there in another order than a resumed training may expect.
fn disordered(part: &PartDescription) -> Option<Missing> {
    let order = part.facts.get(Swapped::FACT).filter(|_| base(&part.name) == "optimizer")?.as_str()?;
    Some(Missing {
        what: format!("{}.order", part.name),
        why: format!(
            "it has {order}: `load_state_dict` goes by place, so an optimizer that is built in the model's order gets \
             the moments of other weights of the same shape, without an error: the loss differs from the second step on"
        ),
        fix: "build the optimizer in the order of its saved `param_names`, or give it `model.named_parameters()` and \
              save again"
            .to_owned(),
    })
}

/// The name of a part without its number.
fn base(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
