//! Experiments that a diagnosis has made, on disk until it comes to its end: one that is begun again after it was killed, or
//! had no time left, takes them from there.
//!
//! Nothing depends on the file: what cannot be read is made again, and what cannot be written is not kept.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use reproof_contract::diagnosis::{Experiment, Finding};
use reproof_contract::plan::Unit;
use reproof_contract::run::Limits;
use reproof_digest::{Digest, blob};
use reproof_runner::step_digest;

use super::Case;
use super::bench::Differing;

/// What the notes of experiments say that an earlier diagnosis made.
const EARLIER: &str = "made by an earlier diagnosis";

/// A log that nobody went on with for so long is of no use.
const KEPT: Duration = Duration::from_hours(24 * 7);

/// The largest log that is read, in bytes: experiments are some hundreds at most.
const LARGEST: u64 = 16 << 20;

/// The experiments of one diagnosis.
#[derive(Default)]
pub(super) struct Log {
    place: Option<PathBuf>,
    file: RefCell<Option<File>>,
    /// By cause and title.
    known: HashMap<(String, String), Experiment>,
}

impl Log {
    /// The log of a diagnosis: that of the same artifact, contract, set-up and environment which gave the same outputs.
    pub(super) fn open(case: &Case<'_>, template: &Unit, differing: &[Differing]) -> Self {
        let Some(folder) = case.options.log.as_deref() else { return Self::default() };
        let Some(key) = key(case, template, differing) else { return Self::default() };
        forget_old(folder);
        let place = folder.join(format!("{}.jsonl", key.to_hex()));
        let known = read(&place).into_iter().map(|made| ((made.cause.clone(), made.title.clone()), made));
        Self { known: known.collect(), place: Some(place), file: RefCell::default() }
    }

    /// An experiment that was made before.
    pub(super) fn known(&self, cause: &str, title: &str) -> Option<Experiment> {
        let made = self.known.get(&(cause.to_owned(), title.to_owned()))?;
        Some(Experiment { note: Some(EARLIER.to_owned()), ..made.clone() })
    }

    /// Keeps an experiment; one that failed may not do so the next time.
    pub(super) fn keep(&self, made: &Experiment) {
        let Some(place) = self.place.as_deref().filter(|_| made.finding != Finding::Failed) else { return };
        let mut file = self.file.borrow_mut();
        if file.is_none() {
            let folder = place.parent().unwrap_or(Path::new("."));
            let opened = std::fs::create_dir_all(folder)
                .and_then(|()| OpenOptions::new().create(true).append(true).open(place));
            *file = opened.ok();
            // The last line of one that was killed may have been cut.
            if let Some(file) = file.as_mut().filter(|file| file.metadata().is_ok_and(|file| file.len() > 0))
            {
                let _ = file.write_all(b"\n");
            }
        }
        if let (Some(file), Ok(mut line)) = (file.as_mut(), serde_json::to_string(made)) {
            line.push('\n');
            // In one piece, so that whoever is killed meanwhile spoils no other line.
            let _ = file.write_all(line.as_bytes());
        }
    }

    /// Ends the diagnosis: the log goes, unless experiments are left for another one.
    pub(super) fn end(self, left_out: usize) {
        if let Some(place) = self.place.filter(|_| left_out == 0) {
            let _ = std::fs::remove_file(place);
        }
    }
}

/// The digest of all that experiments depend on.
fn key(case: &Case<'_>, template: &Unit, differing: &[Differing]) -> Option<Digest> {
    let outputs: Vec<(&str, Vec<String>)> = differing
        .iter()
        .map(|one| {
            let tensors = one.current.iter().flat_map(|(_, value)| value.tensors());
            (one.name.as_str(), tensors.map(step_digest).collect())
        })
        .collect();
    let report = case.report;
    // Memory that happens to be free decides over limits.
    let mut template = template.clone();
    template.spec.limits = Limits::default();
    let all = (
        env!("CARGO_PKG_VERSION"),
        case.stored.digest,
        report.artifact.artifact_digest,
        &report.environment,
        &template,
        outputs,
    );
    Some(blob(&serde_json::to_vec(&all).ok()?))
}

/// Whole lines; the last one may have been cut.
fn read(place: &Path) -> Vec<Experiment> {
    let small = std::fs::metadata(place).is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
    let text = if small { std::fs::read(place).unwrap_or_default() } else { Vec::new() };
    text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

fn forget_old(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let is_old = |path: &Path| {
        let changed = std::fs::metadata(path).and_then(|file| file.modified()).ok();
        changed.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|age| age > KEPT)
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "jsonl") && is_old(&path) {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use reproof_contract::Real;

    use super::*;

    fn experiment(title: &str, finding: Finding) -> Experiment {
        Experiment {
            cause: "kernels.threads".to_owned(),
            title: title.to_owned(),
            finding,
            distance: Some(Real(0.5)),
            note: None,
            seconds: Real(1.0),
        }
    }

    fn log(place: &Path) -> Log {
        let known = read(place).into_iter().map(|made| ((made.cause.clone(), made.title.clone()), made));
        Log { place: Some(place.to_owned()), known: known.collect(), file: RefCell::default() }
    }

    #[test]
    fn what_was_kept_is_known_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("below/one.jsonl");
        let first = log(&place);
        first.keep(&experiment("--threads 1", Finding::Other));
        first.keep(&experiment("--threads 2", Finding::Failed));
        first.keep(&experiment("--threads 4", Finding::Unchanged));
        first.end(3);
        // Killed in the middle of a line.
        let mut text = std::fs::read_to_string(&place).unwrap();
        text.push_str("{\"cause\":\"kern");
        std::fs::write(&place, text).unwrap();
        let second = log(&place);
        let known = second.known("kernels.threads", "--threads 1").unwrap();
        assert_eq!((known.finding, known.note.as_deref()), (Finding::Other, Some(EARLIER)));
        assert_eq!(second.known("kernels.threads", "--threads 2"), None, "it may work this time");
        assert!(second.known("kernels.threads", "--threads 4").is_some());
        assert_eq!(second.known("package", "--threads 4"), None);
        second.keep(&experiment("--threads 8", Finding::Other));
        assert!(log(&place).known("kernels.threads", "--threads 8").is_some(), "it has a line of its own");
        second.end(0);
        assert!(!place.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("below"), "a file").unwrap();
        let log = log(&folder.path().join("below/one.jsonl"));
        log.keep(&experiment("--threads 1", Finding::Other));
        log.end(0);
    }
}
