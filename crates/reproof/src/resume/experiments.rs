//! Where training began as recorded and numbers differ all the same: further runs that tell why, and how far harmless changes
//! move them.

use std::collections::BTreeMap;

use reproof_contract::report::{Confidence, ResumeExperiment, ResumeFinding, StreamReport};
use reproof_contract::trajectory::{Stream, Trajectory};
use reproof_contract::{Real, Verdict};

use super::ResumeError;
use super::attempt::{Attempts, Change};
use super::judge::explain;

/// How much further than a harmless change of environment a stream may be and still count as equivalent; the factor of
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
    let mut found = Found::default();
    for (setting, cause) in SWITCHES {
        let recorded = attempts.golden.setting.get(setting);
        let current = observed.setting.get(setting);
        let (Some(recorded), Some(current)) = (recorded, current) else { continue };
        let Some(change) = (recorded != current).then(|| put_back(setting, recorded)).flatten() else {
            continue;
        };
        let title = format!("{setting} {recorded}, as recorded, in place of {current}");
        let result = match attempts.run(cause, &change)?.observed {
            Some(again) if is_same(&explain(attempts.golden, &again).streams) => {
                found.findings.push(finding(cause, setting, recorded, current));
                "every bit is the recorded one"
            }
            Some(_) => "still other bits",
            None => "the training did not come to its end",
        };
        found.made.push(ResumeExperiment { title, result: result.to_owned() });
    }
    let again = attempts.run("again", &Change::default())?.observed;
    let noise = again.map(|again| explain(observed, &again).streams).unwrap_or_default();
    let repeats = is_same(&noise);
    let result = if repeats { "the same bits" } else { "other bits: this training does not repeat" };
    found.made.push(ResumeExperiment { title: "the same once more".to_owned(), result: result.to_owned() });
    if repeats {
        envelope(attempts, observed, streams, &mut found)?;
    } else {
        within(streams, &distances(&noise), NOISE_FACTOR, Verdict::Tolerated);
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

/// Measures how far harmless changes move each stream, and judges by that.
fn envelope(
    attempts: &Attempts<'_>,
    observed: &Trajectory,
    streams: &mut [StreamReport],
    found: &mut Found,
) -> Result<(), ResumeError> {
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
    let mut moved: BTreeMap<Stream, f64> = BTreeMap::new();
    for (index, (title, change)) in changes.into_iter().enumerate() {
        let changed = attempts.run(&format!("harmless-{index}"), &change)?.observed;
        let result = match changed.map(|changed| distances(&explain(observed, &changed).streams)) {
            Some(distances) => {
                for (stream, distance) in &distances {
                    let largest = moved.entry(*stream).or_default();
                    *largest = largest.max(*distance);
                }
                let loss = distances.get(&Stream::Loss).copied().unwrap_or_default();
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
    within(streams, &moved, ENVELOPE_FACTOR, Verdict::Equivalent);
    Ok(())
}

/// Gives streams that are near enough a better verdict. Of those that hold no numbers, only what follows from numbers.
fn within(streams: &mut [StreamReport], moved: &BTreeMap<Stream, f64>, factor: f64, verdict: Verdict) {
    for report in streams.iter_mut().filter(|report| report.verdict == Verdict::Drifted) {
        let limit = moved.get(&report.stream).copied().unwrap_or_default() * factor;
        if report.distance.is_some_and(|distance| distance.0 <= limit) {
            report.verdict = verdict;
        }
    }
}

fn distances(streams: &[StreamReport]) -> BTreeMap<Stream, f64> {
    streams.iter().filter_map(|report| Some((report.stream, report.distance?.0))).collect()
}

fn is_same(streams: &[StreamReport]) -> bool {
    !streams.is_empty() && streams.iter().all(|stream| stream.first.is_none())
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
