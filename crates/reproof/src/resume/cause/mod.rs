//! Why a resumed training went another way: what it lacked when it began, read from the state itself, and where that shows
//! nothing, from the steps at which streams differ first.
//!
//! Which loss of state shows at which step was measured, piece by piece: a stale optimizer acts on the weights after one
//! step, so that the second loss is the first that differs; a stale schedule needs one step more; random numbers act
//! at once; running means and averaged weights never reach a loss of training. `docs/resume.md` holds the table.

mod batch;
mod fix;
mod optimizer;
mod parts;
mod random;
mod rounding;
mod signature;
mod weights;

use std::collections::BTreeMap;

use reproof_contract::report::{Confidence, Mark, ResumeFinding, StreamReport};
use reproof_contract::trajectory::{Fact, Moment, MomentKind, Stream, Trajectory};

use super::compare::differing;

pub(super) use signature::sentence as signature;

/// What the causes are read from.
pub(super) struct Evidence<'a> {
    pub(super) golden: &'a Trajectory,
    pub(super) observed: &'a Trajectory,
    pub(super) streams: &'a [StreamReport],
}

/// The facts of one stream at one moment, as recorded and as seen.
#[derive(Clone, Copy)]
struct Sides<'a> {
    expected: &'a BTreeMap<String, Fact>,
    actual: &'a BTreeMap<String, Fact>,
}

impl<'a> Sides<'a> {
    fn differing(&self) -> Vec<&'a String> {
        differing(self.expected, self.actual)
    }
}

impl<'a> Evidence<'a> {
    /// The facts of a stream when training began again.
    fn begin(&self, stream: Stream) -> Option<Sides<'a>> {
        let facts = |trajectory: &'a Trajectory| {
            let begin = trajectory.moments.iter().find(|moment| moment.kind == MomentKind::Begin)?;
            begin.streams.get(&stream)
        };
        Some(Sides { expected: facts(self.golden)?, actual: facts(self.observed)? })
    }

    /// The facts of a stream in each step, in their order.
    fn steps(trajectory: &'a Trajectory, stream: Stream) -> Vec<&'a BTreeMap<String, Fact>> {
        let steps = trajectory.moments.iter().filter(|moment: &&Moment| moment.kind == MomentKind::Step);
        steps.filter_map(|moment| moment.streams.get(&stream)).collect()
    }

    fn report(&self, stream: Stream) -> Option<&'a StreamReport> {
        self.streams.iter().find(|report| report.stream == stream)
    }

    fn differs(&self, stream: Stream) -> bool {
        self.report(stream).is_some_and(|report| report.first.is_some())
    }

    /// The number of the first step, counted from 1, in which a stream differs.
    fn first_step(&self, stream: Stream) -> Option<usize> {
        let marks = &self.report(stream)?.marks;
        let steps = self.golden.moments.iter().zip(marks);
        let mut steps = steps.filter(|(moment, _)| moment.kind == MomentKind::Step);
        steps.position(|(_, mark)| *mark == Mark::Different).map(|index| index + 1)
    }

    /// The settings of both, where they differ.
    fn setting(&self, name: &str) -> Option<(&'a str, &'a str)> {
        let recorded = self.golden.setting.get(name)?;
        let current = self.observed.setting.get(name)?;
        (recorded != current).then_some((recorded, current))
    }
}

/// Every cause that can be named.
pub(super) fn name(evidence: &Evidence<'_>) -> Vec<ResumeFinding> {
    let mut findings = Vec::new();
    findings.extend(weights::cause(evidence));
    findings.extend(optimizer::cause(evidence));
    findings.extend(parts::causes(evidence));
    findings.extend(random::causes(evidence));
    let begun = findings.clone();
    findings.extend(batch::cause(evidence, &begun));
    if findings.is_empty() {
        findings.extend(signature::cause(evidence));
    }
    findings
}

/// A cause that was seen itself.
fn confirmed(evidence: &Evidence<'_>, cause: &str, statement: String, seen: Vec<String>) -> ResumeFinding {
    ResumeFinding {
        cause: cause.to_owned(),
        confidence: Confidence::Confirmed,
        statement,
        evidence: seen,
        fix: fix::of(cause, &evidence.golden.trainer).to_owned(),
    }
}

/// The first names of many.
fn list(names: &[&String]) -> String {
    const LISTED: usize = 3;
    let first = names.iter().take(LISTED).map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED) {
        None | Some(0) => first,
        Some(more) => format!("{first} and {more} more"),
    }
}
