//! Data: another order, another position, other augmentation.

use std::collections::BTreeMap;

use reproof_contract::report::{Confidence, ResumeFinding};
use reproof_contract::trajectory::{Fact, Stream};

use super::random::LOADER;
use super::{Evidence, confirmed};
use crate::resume::distance::same;

/// Settings that decide which samples a batch holds.
const SIZES: [(&str, &str); 2] = [("batch-size", "their size"), ("world-size", "the number of processes")];

pub(super) fn cause(evidence: &Evidence<'_>, begun: &[ResumeFinding]) -> Option<ResumeFinding> {
    let first = evidence.first_step(Stream::Batch)?;
    let golden = Evidence::steps(evidence.golden, Stream::Batch);
    let observed = Evidence::steps(evidence.observed, Stream::Batch);
    let shift = shift(&golden, &observed);
    if let Some(shift) = shift {
        let (count, way) = (shift.unsigned_abs(), if shift > 0 { "behind" } else { "ahead" });
        let statement = format!("the data is {count} batches {way} of where it was");
        let seen = vec![format!(
            "the batch of step 1 is {count} steps {} in the other run",
            if shift > 0 { "later" } else { "earlier" }
        )];
        return Some(confirmed(evidence, "batch.position", statement, seen));
    }
    for (setting, what) in SIZES {
        if let Some((recorded, current)) = evidence.setting(setting) {
            let statement =
                format!("batches hold other samples: {what} is {current}, when recorded {recorded}");
            let seen = vec![format!("batches differ from step {first} on")];
            return Some(confirmed(evidence, "batch.size", statement, seen));
        }
    }
    if let Some((recorded, current)) = evidence.setting("workers") {
        let statement = format!("the data comes from {current} workers, when recorded from {recorded}");
        let seen =
            vec![format!("batches differ from step {first} on; each worker has random numbers of its own")];
        let mut finding = confirmed(evidence, "batch.workers", statement, seen);
        // Workers move augmentation; another order may have another reason.
        if !in_order(evidence) {
            finding.confidence = Confidence::Likely;
        }
        return Some(finding);
    }
    // The generator that decides the order was named already; other data follows from it.
    let drawn = |cause: &str| begun.iter().any(|finding| finding.cause == cause);
    let own = evidence.begin(Stream::Random).is_some_and(|sides| sides.expected.contains_key(LOADER));
    if drawn("random.loader") || (!own && drawn("random.torch")) {
        return None;
    }
    let (Some(expected), Some(actual)) = (golden.get(first - 1), observed.get(first - 1)) else {
        return None;
    };
    let alike = alike(expected, actual);
    // Without workers, augmentation draws from the generators of the main process.
    let in_main = evidence.golden.setting.get("workers").is_some_and(|workers| workers == "0");
    if alike > 0 && in_main && ["random.python", "random.numpy", "random.torch"].into_iter().any(drawn) {
        return None;
    }
    if alike > 0 && alike < expected.len() {
        let statement = "the same samples come in the same order with other augmentation".to_owned();
        let seen = vec![format!(
            "{alike} of {} tensors of the batch in step {first} are the recorded ones",
            expected.len()
        )];
        return Some(confirmed(evidence, "batch.augmentation", statement, seen));
    }
    let seen = vec![format!(
        "no tensor of the batch in step {first} is the recorded one, nor one of the other steps"
    )];
    Some(confirmed(evidence, "batch.order", "the samples come in another order".to_owned(), seen))
}

/// Whether the first batch has samples of the recorded first one: their labels, say, whatever became of the rest.
pub(super) fn in_order(evidence: &Evidence<'_>) -> bool {
    let first = |trajectory| Evidence::steps(trajectory, Stream::Batch).first().copied();
    let (golden, observed) = (first(evidence.golden), first(evidence.observed));
    golden.zip(observed).is_some_and(|(golden, observed)| alike(golden, observed) > 0)
}

/// By how many batches the seen data lags: its batch of that step is the recorded one of the first. Less than zero when
/// it is ahead.
fn shift(golden: &[&BTreeMap<String, Fact>], observed: &[&BTreeMap<String, Fact>]) -> Option<isize> {
    let (first, seen) = (golden.first()?, observed.first()?);
    if alike(first, seen) > 0 {
        return None;
    }
    let place = |facts: &[&BTreeMap<String, Fact>], wanted: &BTreeMap<String, Fact>| {
        facts.iter().skip(1).position(|facts| alike(facts, wanted) > 0).map(|index| index + 1)
    };
    let late = place(observed, first).and_then(|index| isize::try_from(index).ok());
    late.or_else(|| place(golden, seen).and_then(|index| isize::try_from(index).ok()).map(|index| -index))
}

/// How many tensors of two batches are the same. What holds one value only, such as a mask of ones, says nothing.
fn alike(a: &BTreeMap<String, Fact>, b: &BTreeMap<String, Fact>) -> usize {
    let telling = |fact: &Fact| match fact {
        Fact::Tensor { samples, .. } => samples.iter().any(|sample| sample != &samples[0]),
        Fact::Text(_) => false,
    };
    let equal =
        |name: &String, fact: &Fact| telling(fact) && b.get(name).is_some_and(|other| same(fact, other));
    a.iter().filter(|(name, fact)| equal(name, fact)).count()
}
