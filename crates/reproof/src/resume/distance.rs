//! How far two trajectories are apart, name by name, and whether that is within what harmless changes move.

use std::collections::BTreeMap;

use reproof_contract::trajectory::{Fact, Stream, Trajectory};

use super::compare::{differing, pairs};

/// Distances of what differs, by stream and name: the largest over all moments. Infinite for what is no distance: other texts,
/// integers, shapes, names, or NaN. Zero where the bits differ and no sampled value does.
pub(super) type Distances = BTreeMap<Stream, BTreeMap<String, f64>>;

/// How far everything that differs is apart.
pub(super) fn distances(golden: &Trajectory, observed: &Trajectory) -> Distances {
    let mut found = Distances::new();
    for (golden, observed) in pairs(golden, observed) {
        let Some(observed) = observed else { continue };
        for (stream, expected) in &golden.streams {
            let Some(actual) = observed.streams.get(stream) else { continue };
            for name in differing(expected, actual) {
                let facts = expected.get(name).zip(actual.get(name));
                let apart = facts.and_then(|(a, b)| apart(a, b)).unwrap_or(f64::INFINITY);
                let largest = found.entry(*stream).or_default().entry(name.clone()).or_insert(apart);
                *largest = largest.max(apart);
            }
        }
    }
    found
}

/// Whether all that differs in a stream is within `factor` times what harmless changes moved: each name by what was seen of
/// itself, or by what was seen of most. One weight that moves for harmless reasons, such as a bias before a normalisation,
/// excuses no other.
pub(super) fn within(moved: &BTreeMap<String, f64>, harmless: &BTreeMap<String, f64>, factor: f64) -> bool {
    let mut known: Vec<f64> = harmless.values().copied().filter(|apart| apart.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let median = known.get(known.len() / 2).copied();
    moved.iter().all(|(name, apart)| {
        let own = harmless.get(name).copied().filter(|apart| apart.is_finite());
        match own.into_iter().chain(median).reduce(f64::max) {
            // Samples that agree say nothing by themselves: harmless changes must have moved other elements of it too.
            Some(_) if *apart == 0.0 => own.is_some(),
            Some(limit) => *apart <= limit * factor,
            None => false,
        }
    })
}

/// Takes over what is larger.
pub(super) fn widen(all: &mut Distances, more: Distances) {
    for (stream, names) in more {
        let known = all.entry(stream).or_default();
        for (name, apart) in names {
            let largest = known.entry(name).or_insert(apart);
            *largest = largest.max(apart);
        }
    }
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
/// Nothing for what is not numbers of equal shape, or not a number.
pub(super) fn apart(a: &Fact, b: &Fact) -> Option<f64> {
    let (a, b) = (numbers(a)?, numbers(b)?);
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(&b).map(|(a, b)| a - b));
    let size = norm(&mut a.iter().copied());
    // What was all zeros is infinitely far from anything else.
    let apart = if difference == 0.0 { 0.0 } else { difference / size };
    (!apart.is_nan()).then_some(apart)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
        pairs.iter().map(|(name, apart)| ((*name).to_owned(), *apart)).collect()
    }

    #[test]
    fn one_noisy_name_excuses_no_other() {
        let harmless = names(&[("a", 1e-7), ("b", 2e-7), ("bias", 2.0)]);
        assert!(within(&names(&[("a", 3e-7), ("bias", 1.0)]), &harmless, 4.0));
        assert!(!within(&names(&[("a", 0.5)]), &harmless, 4.0));
    }

    #[test]
    fn what_is_no_distance_is_never_excused() {
        let harmless = names(&[("a", 1e-7), ("b", f64::INFINITY)]);
        for moved in [names(&[("a", f64::INFINITY)]), names(&[("b", f64::INFINITY)]), names(&[("c", 0.0)])] {
            assert!(!within(&moved, &harmless, 4.0), "{moved:?}");
        }
        assert!(within(&names(&[("a", 0.0)]), &harmless, 4.0));
        assert!(!within(&names(&[("a", 1e-9)]), &names(&[]), 4.0));
    }
}
