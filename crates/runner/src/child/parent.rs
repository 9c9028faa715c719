//! The parent's side: start the child, watch it, gather its notes, go on after a case that killed it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reproof_contract::run::{CaseOutcome, LimitKind, Outcome, RunSpec, Status, Step};
use reproof_progress::Progress;

use super::supervise::{End, watch};
use super::{CaseNote, LoadNote, Request, case_note, load_note, read_json, write_json};
use crate::{RunError, Runner};

/// Environment variables that a child inherits: where programs, libraries and temporary files are, and nothing that
/// could hold a secret.
const INHERITED: [&str; 5] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "SYSTEMROOT"];

/// What the C library's allocator is told (glibc; others do not know the name): blocks of up to 32 MiB come from the
/// heap. By default each goes back to the system when it is freed, and loading a model of many layers then spends a
/// sixth of its time on the same pages again and again.
const ALLOCATOR: [(&str, &str); 1] = [("MALLOC_MMAP_THRESHOLD_", "33554432")];

/// How much of what a child printed is kept, in bytes, from its end.
const PRINTED: u64 = 4096;

/// Runs an in-process engine in a child that is this binary started again.
#[derive(Clone, Debug)]
pub struct ChildRunner {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<OsString>,
    library: Option<PathBuf>,
    widens: bool,
}

impl ChildRunner {
    /// The built-in engine, tract. `program` with `arguments` and then a folder must call [`super::serve`] with it.
    pub fn onnx(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { name: "onnx", program, arguments, library: None, widens: true }
    }

    /// ONNX Runtime from the shared library at `library`.
    pub fn onnxruntime(program: PathBuf, arguments: Vec<OsString>, library: PathBuf) -> Self {
        Self { name: "onnxruntime", program, arguments, library: Some(library), widens: false }
    }

    /// One child: serves the cases of `spec` from the first on, in an empty folder.
    fn attempt(&self, spec: &RunSpec, folder: &Path, progress: &dyn Progress) -> Result<Attempt, RunError> {
        let created = std::fs::create_dir_all(folder);
        created.map_err(|source| RunError::Exchange { action: "create", path: folder.to_owned(), source })?;
        let request =
            Request { runner: self.name.to_owned(), library: self.library.clone(), spec: spec.clone() };
        write_json(&folder.join("request.json"), &request)?;
        let printed = folder.join("printed.txt");
        let open = || File::create(&printed).and_then(|file| Ok((file.try_clone()?, file)));
        let (output, errors) = open().map_err(|source| RunError::Exchange {
            action: "create",
            path: printed.clone(),
            source,
        })?;
        let failed = |source| RunError::Start { program: self.program.clone(), source };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(folder)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(ALLOCATOR)
            // What a library leaves among the temporary files goes with the scratch folder.
            .env("TMPDIR", folder)
            .envs(&spec.variables)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(failed)?;
        let mut finished = 0;
        let watched = watch(&mut child, spec.limits, &load_note(folder), || {
            while finished < spec.cases.len() && case_note(folder, finished).exists() {
                finished += 1;
                progress.advance(1);
            }
        })
        .map_err(failed)?;
        Ok(Attempt {
            load: read_json(&load_note(folder))?,
            cases: (0..finished)
                .map(|index| read_json(&case_note(folder, index)))
                .collect::<Result<Vec<Option<CaseNote>>, _>>()?
                .into_iter()
                .flatten()
                .collect(),
            printed: last_words(&printed),
            end: watched.end,
            peaks: (watched.peak_before, watched.peak_after),
        })
    }
}

/// What one child left.
struct Attempt {
    load: Option<LoadNote>,
    cases: Vec<CaseNote>,
    printed: String,
    end: End,
    peaks: (Option<u64>, Option<u64>),
}

impl Attempt {
    /// Why the child did not finish the step that it was in.
    fn cause(&self) -> Status {
        match &self.end {
            End::Limit(limit, value) => Status::Limit { limit: *limit, value: *value },
            End::Exited(status) => Status::Died { how: describe(*status), last_words: self.printed.clone() },
        }
    }
}

impl Runner for ChildRunner {
    fn name(&self) -> &str {
        self.name
    }

    fn widens(&self) -> bool {
        self.widens
    }

    fn run(&self, spec: &RunSpec, scratch: &Path, progress: &dyn Progress) -> Result<Outcome, RunError> {
        let mut outcome: Option<Outcome> = None;
        let mut rest = spec.clone();
        for number in 0.. {
            let attempt = self.attempt(&rest, &scratch.join(format!("attempt-{number}")), progress)?;
            let cause = attempt.cause();
            let finished = attempt.cases.len();
            let step = |status, seconds, peak_memory_bytes| Step { status, seconds, peak_memory_bytes };
            let load =
                attempt.load.unwrap_or(LoadNote { status: cause.clone(), seconds: 0.0, environment: None });
            let loaded = load.status.is_done();
            let outcome = outcome.get_or_insert_with(|| Outcome {
                load: step(load.status.clone(), load.seconds, attempt.peaks.0),
                environment: load.environment,
                cases: Vec::new(),
                printed: String::new(),
            });
            outcome.printed.push_str(&attempt.printed);
            for (case, note) in rest.cases.iter().zip(attempt.cases) {
                outcome.cases.push(CaseOutcome {
                    name: case.name.clone(),
                    step: step(note.status, note.seconds, attempt.peaks.1),
                    outputs: note.outputs,
                    taps: Vec::new(),
                });
            }
            let mut unfinished = rest.cases.split_off(finished).into_iter();
            let fail = |outcome: &mut Outcome, name, status: &Status| {
                let step = step(status.clone(), 0.0, attempt.peaks.1);
                outcome.cases.push(CaseOutcome { name, step, outputs: Vec::new(), taps: Vec::new() });
                progress.advance(1);
            };
            // The step that the child died in is to blame; what comes after it deserves its own child.
            if loaded && let Some(blamed) = unfinished.next() {
                fail(outcome, blamed.name, &cause);
            }
            rest.cases = unfinished.collect();
            let out_of_time = matches!(cause, Status::Limit { limit: LimitKind::Time, .. });
            if !loaded || out_of_time || rest.cases.is_empty() {
                let status = if loaded { cause } else { load.status };
                for case in std::mem::take(&mut rest.cases) {
                    fail(outcome, case.name, &status);
                }
                break;
            }
        }
        Ok(outcome.expect("the loop runs at least once"))
    }
}

/// How a process ended, in words.
fn describe(status: std::process::ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "unknown end".to_owned(),
    }
}

/// The end of what the child printed, as text.
fn last_words(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(PRINTED)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}
