//! The child's side: load, run each case, write down every step as soon as it is done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use reproof_contract::run::{CaseInput, Limits, RunSpec, Status, Taps};
use reproof_formats::values;
use reproof_tensor::Value;

use super::{CaseNote, Collector, LoadNote, Request, case_note, load_note, read_json, write_json};
use crate::RunError;
use crate::chain;
use crate::engine::{self, Failure, Loaded, Session, Values};
use crate::training;

/// Serves the request in `folder`. This is what the hidden command of the binary calls; it returns when every case
/// has its note, or when the training that was asked for has ended.
pub fn serve(folder: &Path) -> Result<(), RunError> {
    if let Some(asked) = training::asked(folder)? {
        return training::serve(folder, &asked);
    }
    let path = folder.join("request.json");
    let Some(request) = read_json::<Request>(&path)? else {
        return Err(RunError::Exchange { action: "read", path, source: std::io::ErrorKind::NotFound.into() });
    };
    guard(request.spec.limits);
    let started = Instant::now();
    let loaded = shielded(|| engine::load(&request));
    let seconds = started.elapsed().as_secs_f64();
    let Loaded { mut session, engine, settings } = match loaded {
        Ok(loaded) => loaded,
        Err(failure) => {
            let note = LoadNote { status: failure.into(), seconds, environment: None };
            return write_json(&load_note(folder), &note);
        }
    };
    let environment = Some(crate::environment::environment(&request.spec, engine, settings));
    write_json(&load_note(folder), &LoadNote { status: Status::Done, seconds, environment })?;
    for (index, case) in request.spec.cases.iter().enumerate() {
        let mut note = CaseNote::of(Status::Done);
        let target = folder.join(format!("case-{index}"));
        if let Err(failure) = run_case(session.as_mut(), case, &request.spec, &target, &mut note) {
            note.status = failure.into();
        }
        write_json(&case_note(folder, index), &note)?;
    }
    Ok(())
}

/// Runs one case as often as asked; `note` grows with every repeat that finished.
fn run_case(
    session: &mut dyn Session,
    case: &CaseInput,
    spec: &RunSpec,
    target: &Path,
    note: &mut CaseNote,
) -> Result<(), Failure> {
    let inputs = read(&case.folder, "inputs")?;
    let mut plain = None;
    for repeat in 0..spec.repeats {
        let started = Instant::now();
        let outputs = shielded(|| session.run(&inputs))?;
        if repeat == 0 {
            note.seconds = started.elapsed().as_secs_f64();
        }
        let folder: PathBuf = target.join(format!("repeat-{repeat}"));
        let written = std::fs::create_dir_all(&folder).map_err(|error| error.to_string());
        written
            .and_then(|()| values::write(&folder, "outputs", &outputs).map_err(|error| chain(&error)))
            .map_err(|problem| Failure::Unsupported {
                what: format!("the outputs cannot be written to {}: {problem}", folder.display()),
                hint: "free space in the folder for temporary files".to_owned(),
            })?;
        note.outputs.push(folder);
        plain.get_or_insert(outputs);
    }
    if spec.taps.want(&case.name) {
        let given = match spec.given.get(&case.name) {
            Some(folder) => read(folder, "outputs")?,
            None => Values::new(),
        };
        let mut taps = Collector::new(&spec.taps);
        let tapped = shielded(|| session.tapped(&inputs, &mut taps, &given)).and_then(|outputs| {
            let disturbed = given.is_empty() && plain.is_some_and(|plain| !same(&plain, &outputs));
            taps.write(&target.join("taps"), disturbed)
        });
        note.taps = match (tapped, &spec.taps) {
            (Err(_), Taps::Cases(_)) => None,
            (tapped, _) => Some(tapped?),
        };
    }
    Ok(())
}

/// Named values of a folder.
fn read(folder: &Path, stem: &str) -> Result<Values, Failure> {
    values::read(folder, stem).map_err(|error| Failure::Unsupported {
        what: format!("the {stem} in {} cannot be read: {}", folder.display(), chain(&error)),
        hint: "the case files are part of the contract: restore them".to_owned(),
    })
}

/// Whether two runs gave the same, to the bit.
fn same(a: &Values, b: &Values) -> bool {
    let tensor = |value: &Value| match value {
        Value::Tensor(tensor) => Some((tensor.dtype(), tensor.shape().to_vec(), tensor.bytes().to_vec())),
        _ => None,
    };
    a.len() == b.len() && a.iter().zip(b).all(|((_, a), (_, b))| tensor(a) == tensor(b))
}

/// Turns a panic of the engine into a failure: the engine is at fault, nothing is said about the model.
fn shielded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Failure::Unsupported {
            what: format!("the engine broke off: {text}"),
            hint: "try the other engine (--runner)".to_owned(),
        })
    })
}

/// Dies with the parent, and lets the system refuse memory far beyond the limit; the parent watches the limit
/// itself, this is for a single huge allocation between two looks.
fn guard(limits: Limits) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        if let Some(bytes) = limits.memory_bytes {
            const SLACK: u64 = 1 << 30;
            let bound = Some(bytes.saturating_add(SLACK));
            let _ = setrlimit(Resource::Data, Rlimit { current: bound, maximum: bound });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = limits;
}
