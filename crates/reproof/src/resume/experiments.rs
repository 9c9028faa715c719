//! Where training began as recorded and numbers differ all the same: further runs that tell why, and how far harmless changes
//! move them.

use std::collections::BTreeMap;

use reproof_contract::report::{Confidence, ResumeExperiment, ResumeFinding, StreamReport};
use reproof_contract::trajectory::{Stream, Trajectory};
use reproof_contract::{Real, Verdict};

use super::ResumeError;
use super::attempt::{Attempts, Change};
use super::compare::{comparable, idle};
use super::distance::{Distances, distances, widen, within};
use super::judge::explain;

/// How much further than a harmless change of environment a value may be and still count as equivalent; the factor of
/// envelopes of outputs (docs/envelope.md).
const ENVELOPE_FACTOR: f64 = 4.0;

/// How much further than two runs of the same are from one another it may be and still count as noise.
const NOISE_FACTOR: f64 = 3.0;

/// What experiments showed.
#[derive(Default)]
pub(super) struct Found {
    pub(super) findings: Vec<ResumeFinding>,
    pub(super) made: Vec<ResumeExperiment>,
}

/// Settings that an experiment can put back, with what does it.
const SWITCHES: [(&str, &str); 2] = [("threads", "threads"), ("cpu-capability", "instruction-set")];

/// Runs again: as recorded where settings differ, unchanged, and changed harmlessly. Streams that are within what that
/// moves become equivalent.
pub(super) fn numbers(
    attempts: &Attempts<'_>,
    observed: &Trajectory,
    streams: &mut [StreamReport],
) -> Result<Found, ResumeError> {
    let golden = attempts.golden;
    let mut found = Found::default();
    for (setting, cause) in SWITCHES {
        let (Some(recorded), Some(current)) = (golden.setting.get(setting), observed.setting.get(setting))
        else {
            continue;
        };
        let change = (recorded != current).then(|| put_back(setting, recorded)).flatten();
        let Some(change) = change else { continue };
        let title = format!("{setting} {recorded}, as recorded, in place of {current}");
        let again = attempts.run(cause, &change)?.observed;
        let same = again.as_ref().is_some_and(|again| is_same(golden, again));
        let result = match again {
            Some(_) if same => "every bit is the recorded one",
            Some(_) => "still other bits",
            None => "the training did not come to its end",
        };
        found.made.push(ResumeExperiment { title, result: result.to_owned() });
        if same {
            found.findings.push(finding(cause, setting, recorded, current));
            // All that differs follows from this setting.
            for report in streams.iter_mut().filter(|report| report.verdict == Verdict::Drifted) {
                report.verdict = Verdict::Equivalent;
            }
            return Ok(found);
        }
    }
    let moved = between(golden, observed);
    let title = "the same once more".to_owned();
    let Some(again) = attempts.run("again", &Change::default())?.observed else {
        found
            .made
            .push(ResumeExperiment { title, result: "the training did not come to its end".to_owned() });
        return Ok(found);
    };
    let repeats = is_same(observed, &again);
    let result = if repeats { "the same bits" } else { "other bits: this training does not repeat" };
    found.made.push(ResumeExperiment { title, result: result.to_owned() });
    if repeats {
        let harmless = envelope(attempts, observed, &mut found)?;
        judge(streams, &moved, &harmless, ENVELOPE_FACTOR, Verdict::Equivalent);
    } else {
        judge(streams, &moved, &between(observed, &again), NOISE_FACTOR, Verdict::Tolerated);
        found.findings.push(ResumeFinding {
            cause: "nondeterminism".to_owned(),
            confidence: Confidence::Confirmed,
            statement: "two resumed trainings differ from one another".to_owned(),
            evidence: vec!["the same command from the same checkpoint gave other bits".to_owned()],
            fix: "train under `reproof.determinism()`, or call torch.use_deterministic_algorithms(True)"
                .to_owned(),
        });
    }
    Ok(found)
}

/// How far harmless changes move everything.
fn envelope(
    attempts: &Attempts<'_>,
    observed: &Trajectory,
    found: &mut Found,
) -> Result<Distances, ResumeError> {
    let threads = if observed.setting.get("threads").is_some_and(|threads| threads == "1") { 2 } else { 1 };
    let instructions =
        [("ATEN_CPU_CAPABILITY", "avx2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("MKL_CBWR", "COMPATIBLE")];
    let variables = instructions.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let changes = [
        (
            if threads == 1 { "one thread".to_owned() } else { format!("{threads} threads") },
            Change { threads: Some(threads), ..Change::default() },
        ),
        (
            "older instructions".to_owned(),
            Change { variables: BTreeMap::from(variables), ..Change::default() },
        ),
    ];
    let mut moved = Distances::new();
    for (index, (title, change)) in changes.into_iter().enumerate() {
        let changed = attempts.run(&format!("harmless-{index}"), &change)?.observed;
        let result = match changed.map(|changed| between(observed, &changed)) {
            Some(distances) => {
                let losses = distances.get(&Stream::Loss).into_iter().flat_map(BTreeMap::values);
                let loss = losses.copied().fold(0.0, f64::max);
                widen(&mut moved, distances);
                if loss > 0.0 {
                    format!("moves the loss by {}", Real(loss))
                } else {
                    "moves no loss".to_owned()
                }
            }
            None => "the training did not come to its end".to_owned(),
        };
        found.made.push(ResumeExperiment { title: format!("a harmless change: {title}"), result });
    }
    Ok(moved)
}

/// Gives streams that are near enough a better verdict.
fn judge(
    streams: &mut [StreamReport],
    moved: &Distances,
    harmless: &Distances,
    factor: f64,
    verdict: Verdict,
) {
    for report in streams.iter_mut().filter(|report| report.verdict == Verdict::Drifted) {
        let (Some(moved), Some(harmless)) = (moved.get(&report.stream), harmless.get(&report.stream)) else {
            continue;
        };
        if within(moved, harmless, factor) {
            report.verdict = verdict;
        }
    }
}

/// Distances between two runs, without what is not compared.
fn between(a: &Trajectory, b: &Trajectory) -> Distances {
    let idle = idle(a, b);
    distances(&comparable(a, &idle), &comparable(b, &idle))
}

/// Whether a run did all that another did, to the bit.
pub(super) fn is_same(golden: &Trajectory, again: &Trajectory) -> bool {
    let report = explain(golden, again);
    report.compared == report.recorded
        && !report.streams.is_empty()
        && report.streams.iter().all(|stream| stream.verdict == Verdict::Identical)
}

/// What puts a setting back to its recorded value.
fn put_back(setting: &str, recorded: &str) -> Option<Change> {
    match setting {
        "threads" => Some(Change { threads: Some(recorded.parse().ok()?), ..Change::default() }),
        "cpu-capability" => {
            let value = recorded.to_ascii_lowercase();
            let variables = BTreeMap::from([("ATEN_CPU_CAPABILITY".to_owned(), value)]);
            Some(Change { variables, ..Change::default() })
        }
        _ => None,
    }
}

fn finding(cause: &str, setting: &str, recorded: &str, current: &str) -> ResumeFinding {
    let fix = match cause {
        "threads" => format!("torch.set_num_threads({recorded}), or OMP_NUM_THREADS={recorded}"),
        _ => format!("ATEN_CPU_CAPABILITY={}", recorded.to_ascii_lowercase()),
    };
    ResumeFinding {
        cause: cause.to_owned(),
        confidence: Confidence::Confirmed,
        statement: format!("{setting} is {current}, when recorded {recorded}"),
        evidence: vec![format!("with {recorded} every bit is the recorded one")],
        fix,
    }
}
