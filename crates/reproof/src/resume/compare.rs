//! Two trajectories, moment by moment and stream by stream.

use std::collections::{BTreeMap, BTreeSet};

use reproof_contract::report::{Divergence, Mark, StreamReport};
use reproof_contract::trajectory::{Fact, Moment, MomentKind, Stream, Trajectory};
use reproof_contract::{Real, Verdict};

/// Names of a first difference that are listed.
const LISTED: usize = 6;

/// Pairs of moments that stand for the same: begin, the steps, and the end where both made as many steps.
pub(super) fn pairs<'a>(
    golden: &'a Trajectory,
    observed: &'a Trajectory,
) -> Vec<(&'a Moment, Option<&'a Moment>)> {
    let steps = |trajectory: &Trajectory| {
        trajectory.moments.iter().filter(|moment| moment.kind == MomentKind::Step).count()
    };
    let complete = steps(golden) == steps(observed);
    let partner = |moment: &Moment| {
        let alike = |other: &&Moment| other.kind == moment.kind && other.step == moment.step;
        observed.moments.iter().find(alike).filter(|_| complete || moment.kind != MomentKind::End)
    };
    golden.moments.iter().map(|moment| (moment, partner(moment))).collect()
}

/// Generators of random numbers that no step of either run drew from: a process that never uses one begins with any state of it.
pub(super) fn idle(golden: &Trajectory, observed: &Trajectory) -> BTreeSet<String> {
    let random = |moment: &'_ Moment| moment.streams.get(&Stream::Random).cloned().unwrap_or_default();
    let moved = |trajectory: &Trajectory, name: &String| {
        let mut states = trajectory.moments.iter().filter_map(|moment| random(moment).remove(name));
        let first = states.next();
        first.is_some_and(|first| states.any(|state| !same(&state, &first)))
    };
    let names: BTreeSet<String> =
        golden.moments.iter().flat_map(|moment| random(moment).into_keys()).collect();
    names.into_iter().filter(|name| !moved(golden, name) && !moved(observed, name)).collect()
}

/// Every stream that was recorded.
pub(super) fn compare(golden: &Trajectory, observed: &Trajectory) -> Vec<StreamReport> {
    let pairs = pairs(golden, observed);
    let streams: BTreeSet<Stream> =
        golden.moments.iter().flat_map(|moment| moment.streams.keys().copied()).collect();
    streams.into_iter().map(|stream| compare_stream(stream, &pairs)).collect()
}

/// A trajectory without generators of these names.
pub(super) fn without(trajectory: &Trajectory, idle: &BTreeSet<String>) -> Trajectory {
    let mut left = trajectory.clone();
    for moment in &mut left.moments {
        if let Some(states) = moment.streams.get_mut(&Stream::Random) {
            states.retain(|name, _| !idle.contains(name));
        }
    }
    left
}

fn compare_stream(stream: Stream, pairs: &[(&Moment, Option<&Moment>)]) -> StreamReport {
    let mut marks = Vec::new();
    let mut first = None;
    let mut distance: Option<f64> = None;
    for (golden, observed) in pairs {
        let expected = golden.streams.get(&stream);
        let actual = observed.and_then(|moment| moment.streams.get(&stream));
        let (Some(expected), Some(actual)) = (expected, actual) else {
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
    let verdict = match (&first, marks.contains(&Mark::Same)) {
        (Some(_), _) => Verdict::Drifted,
        (None, true) => Verdict::Identical,
        (None, false) => Verdict::Undecided,
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

/// Whether two facts are the same to the last bit.
pub(super) fn same(a: &Fact, b: &Fact) -> bool {
    match (a, b) {
        // Samples follow from the digest, and are no numbers where they are NaN.
        (Fact::Tensor { digest: a, .. }, Fact::Tensor { digest: b, .. }) => a == b,
        (Fact::Text(a), Fact::Text(b)) => a == b,
        _ => false,
    }
}

/// How far two facts of numbers are apart: the L2 norm of the difference of samples over that of the recorded ones.
/// Nothing for what is not numbers of equal shape.
pub(super) fn apart(a: &Fact, b: &Fact) -> Option<f64> {
    let (a, b) = (numbers(a)?, numbers(b)?);
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(&b).map(|(a, b)| a - b));
    let size = norm(&mut a.iter().copied());
    // What was all zeros is infinitely far from anything else.
    Some(if difference == 0.0 { 0.0 } else { difference / size })
}

fn numbers(fact: &Fact) -> Option<Vec<f64>> {
    match fact {
        Fact::Tensor { samples, dtype, .. } if dtype.is_float() => {
            Some(samples.iter().map(|sample| sample.0).collect())
        }
        Fact::Tensor { .. } => None,
        Fact::Text(text) => text.parse().ok().map(|value| vec![value]),
    }
}

/// A fact in a few words.
pub(super) fn show(fact: &Fact) -> String {
    match fact {
        Fact::Text(text) => text.clone(),
        Fact::Tensor { samples, shape, .. } if shape.iter().product::<u64>() == 1 && samples.len() == 1 => {
            let value = samples[0].0;
            format!("{value}")
        }
        Fact::Tensor { samples, digest, dtype, .. } => {
            let shown = samples.iter().take(4).map(|sample| format!("{sample}")).collect::<Vec<_>>();
            format!("{dtype} {} [{}]", digest.short(), shown.join(", "))
        }
    }
}
