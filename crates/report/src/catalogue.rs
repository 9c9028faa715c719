//! What the checks mean: names and help for their fixed ids.

use reproof_contract::Verdict;

use crate::figures::{count, counted};
use crate::outcome::VERDICT;

/// What is known about a check id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// The fixed dotted word.
    pub(crate) id: &'static str,
    /// A name in one word.
    pub(crate) name: &'static str,
    /// What is checked.
    pub(crate) summary: &'static str,
    /// What a failure means and what to do.
    pub(crate) help: &'static str,
}

const RULES: [Rule; 15] = [
    Rule {
        id: "load.integrity.contract",
        name: "ContractIntact",
        summary: "Every file of the contract's folder is the recorded one.",
        help: "A file of the contract's folder was changed, removed or added by hand, so nothing that rests on it can \
               be believed. Restore the folder, for example from version control.",
    },
    Rule {
        id: "load.integrity.files",
        name: "FilesIntact",
        summary: "Every byte of every file is the recorded one.",
        help: "A file was changed, truncated, added or removed after the contract was recorded. Restore it from \
               where it was recorded, or accept the change, which makes the next contract.",
    },
    Rule {
        id: "load.integrity.weights",
        name: "WeightsIntact",
        summary: "Every tensor of the model holds the recorded values.",
        help: "The named tensors differ from those that were recorded. Restore the weights, or accept the change, \
               which makes the next contract.",
    },
    Rule {
        id: "load.architecture",
        name: "ArchitectureUnchanged",
        summary: "Names, types, shapes, topology and attributes are the recorded ones.",
        help: "An operator, attribute, name, type or shape changed: the model was exported or edited differently. \
               `reproof inspect` shows what each of two models holds.",
    },
    Rule {
        id: "load.environment",
        name: "EnvironmentKnown",
        summary: "The environment is like the one that the goldens were recorded in.",
        help: "Differences are graded: some are harmless, some may move the last bits, some may change results. \
               Goldens belong to one environment class; record them for this one too if there are none.",
    },
    Rule {
        id: "load.restore",
        name: "Loads",
        summary: "The runner loads the artifact.",
        help: "The runner can load such artifacts and failed on this one, or it lacks something that the artifact \
               needs; the verdict tells which.",
    },
    Rule {
        id: "load.state",
        name: "StateComplete",
        summary: "The checkpoint holds what a resume on the identical path needs.",
        help: "What is listed is not in the checkpoint. Its trainer may not save it, or the training has none of it: \
               `reproof inspect` says what each piece does and how it is saved.",
    },
    Rule {
        id: "load.trajectory",
        name: "TrajectoryIntact",
        summary: "What the training did after this checkpoint was saved is there and whole.",
        help: "A recorder writes the steps after a checkpoint beside its contract. Restore the folder `trajectory` if \
               it was changed; if it is missing, the training ended or was interrupted before a step was done.",
    },
    Rule {
        id: "execute.resume",
        name: "TrainingResumes",
        summary: "The training goes on from the checkpoint, at the step at which it was saved.",
        help: "The command failed, did not end, ignored the checkpoint, went on from another step, trains another \
               model or wrote to the checkpoint; the title tells which. It resumes from a copy: `{checkpoint}`.",
    },
    Rule {
        id: "validate.resume.cause",
        name: "NothingIsMissing",
        summary: "No piece of the training's state is missing.",
        help: "This piece of state was not restored, or not as it was saved; the hint is what restores it.",
    },
    Rule {
        id: "validate.resume.idle",
        name: "GeneratorsRestored",
        summary: "Generators of random numbers that no step drew from are as recorded too.",
        help: "Neither run drew from them in these steps, so nothing followed from it; a later step may.",
    },
    Rule {
        id: "validate.resume",
        name: "SamePath",
        summary: "A stream of the resumed training is the recorded one in every step.",
        help: "The stream differs from the recorded one. Streams are listed in the order in which one acts on the \
               next: look at the first that differs.",
    },
    Rule {
        id: "execute.case",
        name: "CaseExecutes",
        summary: "A case runs to its end, or is refused as it was when it was recorded.",
        help: "The case raised although it did not when it was recorded, or the reverse, or a limit was reached.",
    },
    Rule {
        id: "validate.output",
        name: "OutputMatchesGolden",
        summary: "An output is identical or equivalent to its golden.",
        help: "The output differs from its golden and the evidence does not show the same function. Verify with \
               the runner that recorded to tell the engine from the model; `reproof verify --html` shows where and \
               by how much.",
    },
    Rule {
        id: VERDICT,
        name: "VerdictReachesRequired",
        summary: "The verdict reaches the rung that was asked for.",
        help: "No single check failed and the verdict is still short of the required one. Verify in the \
               environment of the goldens, or ask for a lower rung with `--require`.",
    },
];

/// What is known about an id; `None` for one of a later version.
pub(crate) fn rule(id: &str) -> Option<Rule> {
    RULES.into_iter().find(|rule| rule.id == id)
}

/// Many checks of one id that came to one verdict, in one line.
pub(crate) fn counted_checks(id: &str, verdict: Verdict, number: usize, total: usize) -> String {
    let (number, total) = (number as u64, total as u64);
    let identical = verdict == Verdict::Identical;
    match id {
        "execute.case" if identical => format!("{} executed as recorded", counted(number, "case")),
        "validate.output" if identical => format!("{} identical to the golden", counted(number, "output")),
        "validate.resume" if identical => format!("{} of training as recorded", counted(number, "stream")),
        "validate.resume" => format!("{} of {}", count(number), counted(total, "stream")),
        "validate.resume.cause" => counted(number, "cause"),
        "execute.case" => format!("{} of {}", count(number), counted(total, "case")),
        "validate.output" => format!("{} of {}", count(number), counted(total, "output")),
        _ if identical => format!("{} checks {id} passed", count(number)),
        _ => format!("{} of {id}", counted(number, "check")),
    }
}
