//! Two trajectories, moment by moment and stream by stream.

use std::collections::{BTreeMap, BTreeSet};

use reproof_contract::report::{Divergence, Mark, StreamReport};
use reproof_contract::trajectory::{Fact, Moment, MomentKind, Stream, Trajectory};
use reproof_contract::{Real, Verdict};

use super::distance::{apart, same};

/// Names of a first difference that are listed.
const LISTED: usize = 6;

/// Ends the name of what says which process of a loader made a batch: evidence, and no part of the batch.
const WORKER: &str = ":worker";

/// Generators that every training of a framework draws from sooner or later, and those of loaders: never idle.
const NEVER_IDLE: [&str; 2] = ["torch", "loader"];

/// Pairs of moments that stand for the same: begin, the steps counted from it, and the end where both made as many.
pub(super) fn pairs<'a>(
    golden: &'a Trajectory,
    observed: &'a Trajectory,
) -> Vec<(&'a Moment, Option<&'a Moment>)> {
    let complete = steps(golden) == steps(observed);
    let key = |trajectory: &Trajectory, moment: &Moment| {
        (moment.kind as u8, moment.step.saturating_sub(trajectory.step))
    };
    let others: BTreeMap<(u8, u64), &Moment> =
        observed.moments.iter().map(|moment| (key(observed, moment), moment)).collect();
    let partner = |moment: &Moment| {
        let found = others.get(&key(golden, moment)).copied();
        found.filter(|_| complete || moment.kind != MomentKind::End)
    };
    golden.moments.iter().map(|moment| (moment, partner(moment))).collect()
}

/// Steps that a trajectory holds.
pub(super) fn steps(trajectory: &Trajectory) -> u64 {
    trajectory.moments.iter().filter(|moment| moment.kind == MomentKind::Step).count() as u64
}

/// Generators of random numbers that no step of either run drew from: a process that never uses one begins with any state of it.
pub(super) fn idle(golden: &Trajectory, observed: &Trajectory) -> BTreeSet<String> {
    let states = |trajectory: &Trajectory, name: &str| -> Vec<Fact> {
        let moments = trajectory.moments.iter();
        moments.filter_map(|moment| moment.streams.get(&Stream::Random)?.get(name).cloned()).collect()
    };
    let rests = |trajectory: &Trajectory, name: &str| {
        states(trajectory, name).windows(2).all(|two| same(&two[0], &two[1]))
    };
    let random = golden.moments.iter().filter_map(|moment| moment.streams.get(&Stream::Random));
    let names: BTreeSet<&String> = random.flat_map(BTreeMap::keys).collect();
    let may_idle = |name: &&String| !NEVER_IDLE.iter().any(|never| name.split('.').next() == Some(never));
    let names = names.into_iter().filter(may_idle);
    names.filter(|name| rests(golden, name) && rests(observed, name)).cloned().collect()
}

/// Begins the text of what lends no memory and was not looked at.
const UNREAD: &str = "unreadable ";

/// A trajectory without generators of these names, and without what is no fact about the training.
pub(super) fn comparable(trajectory: &Trajectory, idle: &BTreeSet<String>) -> Trajectory {
    let mut left = trajectory.clone();
    for moment in &mut left.moments {
        for facts in moment.streams.values_mut() {
            facts.retain(|_, fact| !matches!(fact, Fact::Text(text) if text.starts_with(UNREAD)));
        }
        if let Some(states) = moment.streams.get_mut(&Stream::Random) {
            states.retain(|name, _| !idle.contains(name));
        }
        if let Some(batch) = moment.streams.get_mut(&Stream::Batch) {
            batch.retain(|name, _| !name.ends_with(WORKER));
        }
    }
    left
}

/// Every stream that was recorded.
pub(super) fn compare(golden: &Trajectory, observed: &Trajectory) -> Vec<StreamReport> {
    let pairs = pairs(golden, observed);
    let streams: BTreeSet<Stream> =
        golden.moments.iter().flat_map(|moment| moment.streams.keys().copied()).collect();
    streams.into_iter().map(|stream| compare_stream(stream, &pairs)).collect()
}

fn compare_stream(stream: Stream, pairs: &[(&Moment, Option<&Moment>)]) -> StreamReport {
    let mut marks = Vec::new();
    let mut first = None;
    let mut distance: Option<f64> = None;
    // Something was recorded that the resumed training does not show.
    let mut unseen = false;
    for (golden, observed) in pairs {
        let expected =
            golden.streams.get(&stream).filter(|facts| !facts.is_empty() || stream == Stream::Gradients);
        let actual = observed.and_then(|moment| moment.streams.get(&stream));
        let Some(expected) = expected else {
            marks.push(Mark::Absent);
            continue;
        };
        let Some(actual) = actual else {
            unseen = true;
            marks.push(Mark::Absent);
            continue;
        };
        let names = differing(expected, actual);
        marks.push(if names.is_empty() { Mark::Same } else { Mark::Different });
        let Some(name) = names.first() else { continue };
        if first.is_none() {
            let shown =
                |facts: &BTreeMap<String, Fact>| facts.get(*name).map_or_else(|| "none".to_owned(), show);
            first = Some(Divergence {
                moment: golden.kind,
                step: golden.step,
                names: names.iter().take(LISTED).map(|name| (*name).clone()).collect(),
                count: names.len() as u64,
                total: expected.len().max(actual.len()) as u64,
                expected: shown(expected),
                actual: shown(actual),
            });
        }
        for name in names {
            if let (Some(a), Some(b)) = (expected.get(name), actual.get(name))
                && let Some(apart) = apart(a, b)
            {
                distance = Some(distance.map_or(apart, |distance| distance.max(apart)));
            }
        }
    }
    let verdict = match (&first, unseen, marks.contains(&Mark::Same)) {
        (Some(_), ..) => Verdict::Drifted,
        (None, false, true) => Verdict::Identical,
        (None, ..) => Verdict::Undecided,
    };
    StreamReport { stream, verdict, marks, first, distance: distance.map(Real) }
}

/// The names whose facts differ, those that one side lacks among them.
pub(super) fn differing<'a>(
    expected: &'a BTreeMap<String, Fact>,
    actual: &'a BTreeMap<String, Fact>,
) -> Vec<&'a String> {
    let changed =
        expected.iter().filter(|(name, fact)| !actual.get(*name).is_some_and(|other| same(fact, other)));
    let added = actual.keys().filter(|name| !expected.contains_key(*name));
    changed.map(|(name, _)| name).chain(added).collect()
}

/// A fact in a few words.
pub(super) fn show(fact: &Fact) -> String {
    match fact {
        Fact::Text(text) => text.clone(),
        Fact::Tensor { samples, shape, .. } if shape.iter().all(|dim| *dim == 1) && samples.len() == 1 => {
            format!("{}", samples[0].0)
        }
        Fact::Tensor { samples, digest, dtype, .. } => {
            let shown = samples.iter().take(4).map(|sample| format!("{sample}")).collect::<Vec<_>>();
            format!("{dtype} {} [{}]", digest.short(), shown.join(", "))
        }
    }
}
