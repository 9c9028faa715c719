//! One exchange with a worker: the greeting, the model, each case, and what is made of the answers.

use std::collections::BTreeSet;
use std::path::Path;

use reproof_contract::run::{CaseInput, ModelState, RunSpec, Status, Trial};
use reproof_formats::values;
use reproof_progress::Progress;

use super::message::{Answer, Greeting, PROTOCOL, Reply, Request, TriedOut, Wanted};
use super::worker::{Event, Worker};
use super::{outputs, taps};
use crate::chain;
use crate::child::{CaseNote, End, LoadNote, Told};

/// One exchange with a worker, and what came of it so far.
pub(super) struct Conversation<'a> {
    spec: &'a RunSpec,
    threads: u32,
    folder: &'a Path,
    pub(super) worker: Worker<'a>,
    pub(super) load: Option<LoadNote>,
    pub(super) told: Told,
    pub(super) cases: Vec<CaseNote>,
    /// Peak memory of loading.
    pub(super) peak: Option<u64>,
}

impl<'a> Conversation<'a> {
    /// A worker that was not spoken to yet; its outputs go below `folder`.
    pub(super) fn new(spec: &'a RunSpec, threads: u32, folder: &'a Path, worker: Worker<'a>) -> Self {
        let (load, told) = (None, Told::default());
        Self { spec, threads, folder, worker, load, told, cases: Vec::new(), peak: None }
    }

    /// Asks for everything; returns the worker's end where it came before everything was answered.
    pub(super) fn hold(&mut self, progress: &dyn Progress) -> std::io::Result<Option<End>> {
        if let Err(end) = self.greeting()? {
            return Ok(end);
        }
        if let Some(problem) = lacking(self.spec) {
            self.load = Some(LoadNote { status: problem, seconds: 0.0, environment: None });
            return Ok(None);
        }
        self.worker.send(&Request::load(self.spec, self.threads))?;
        let reply = match self.reply(0)? {
            Ok(reply) => reply,
            Err(end) => return Ok(end),
        };
        self.peak = self.worker.peak.take();
        let status = reply.status.status;
        let loaded = status.is_done();
        let environment = reply.environment.map(|facts| facts.environment(self.threads));
        self.told = Told { state: reply.state, inputs: reply.inputs, sources: reply.sources };
        self.load = Some(LoadNote { status, seconds: reply.seconds, environment });
        if !loaded {
            return Ok(None);
        }
        let spec = self.spec;
        for (index, case) in spec.cases.iter().enumerate() {
            let folder = self.folder.join(format!("case-{index}"));
            if let Some(problem) = unreadable(case) {
                self.cases.push(CaseNote::of(problem));
                progress.advance(1);
                continue;
            }
            self.worker.send(&Request::Run {
                id: index + 1,
                inputs: &case.folder,
                outputs: &folder,
                repeats: spec.repeats,
                // Once, after the last: a pass over every tensor is not free.
                state: spec.loading.state && index + 1 == spec.cases.len(),
                taps: Wanted::of(&spec.taps, &case.name),
                trials: &spec.trials,
            })?;
            let reply = match self.reply(index + 1)? {
                Ok(reply) => reply,
                Err(end) => return Ok(end),
            };
            self.compare(reply.state.as_ref());
            self.cases.push(taken(reply, &folder, spec.repeats));
            progress.advance(1);
        }
        Ok(None)
    }

    /// Asks which modules a worker that has answered everything else has imported; none where it does not say.
    pub(super) fn imported(&mut self) -> std::io::Result<Vec<String>> {
        let id = self.spec.cases.len() + 1;
        self.worker.send(&Request::Imported { id })?;
        Ok(self.reply(id)?.map_or_else(|_| Vec::new(), |reply| reply.imported))
    }

    /// The worker's first line, which must be of this protocol; else its end, or nothing where it said something else.
    pub(super) fn greeting(&mut self) -> std::io::Result<Result<(), Option<End>>> {
        let line = match self.worker.next()? {
            Event::Line(line) => line,
            Event::End(end) => return Ok(Err(Some(end))),
        };
        let speaks = serde_json::from_slice::<Greeting>(&line).map(|greeting| greeting.hello.protocol);
        if speaks.ok() == Some(PROTOCOL) {
            return Ok(Ok(()));
        }
        self.refuse("a worker that speaks this protocol", "do not write to the worker's channel");
        Ok(Err(None))
    }

    /// The answer to a request; else the worker's end, or nothing where it said something else.
    pub(super) fn reply(&mut self, id: usize) -> std::io::Result<Result<Reply, Option<End>>> {
        let line = match self.worker.next()? {
            Event::Line(line) => line,
            Event::End(end) => return Ok(Err(Some(end))),
        };
        match serde_json::from_slice::<Answer>(&line) {
            Ok(answer) if answer.id == id => Ok(Ok(answer.reply)),
            _ => {
                self.refuse(
                    "an answer of the worker",
                    "the model's code must not write to the worker's channel",
                );
                Ok(Err(None))
            }
        }
    }

    /// Notes that the worker cannot be understood.
    fn refuse(&mut self, what: &str, hint: &str) {
        let status = Status::Unsupported { what: what.to_owned(), hint: hint.to_owned() };
        self.load = Some(LoadNote { status, seconds: 0.0, environment: None });
    }

    /// Notes what changed while cases ran.
    fn compare(&mut self, now: Option<&ModelState>) {
        if let (Some(before), Some(now)) = (&mut self.told.state, now) {
            // What is gone has changed, too.
            let names: BTreeSet<&String> = before.tensors.keys().chain(now.tensors.keys()).collect();
            let changed =
                names.into_iter().filter(|name| before.tensors.get(*name) != now.tensors.get(*name));
            before.changed = Some(changed.cloned().collect());
        }
    }
}

/// What this runner cannot do for a specification.
fn lacking(spec: &RunSpec) -> Option<Status> {
    let (name, _) = spec.options.first_key_value()?;
    Some(Status::Unsupported {
        what: format!("engine option `{name}` in Python"),
        hint: "set it in the loader (--loader MODULE:FUNCTION)".to_owned(),
    })
}

/// Why the inputs of a case cannot be given to a worker, which checks nothing.
fn unreadable(case: &CaseInput) -> Option<Status> {
    let error = values::read(&case.folder, "inputs").err()?;
    Some(Status::Unsupported {
        what: format!("the inputs in {} cannot be read: {}", case.folder.display(), chain(&error)),
        hint: "the case files are part of the contract: restore them".to_owned(),
    })
}

/// The note of a case, with its outputs in place: one folder for each of the `repeats` that were asked for.
fn taken(reply: Reply, folder: &Path, repeats: u32) -> CaseNote {
    let unreadable = |problem: String| Status::Unsupported {
        what: format!("the outputs of the worker: {problem}"),
        hint: "return plain tensors from the loader".to_owned(),
    };
    let mut note = CaseNote { seconds: reply.seconds, ..CaseNote::of(reply.status.status) };
    for (repeat, told) in reply.outputs.iter().enumerate() {
        let place = folder.join(format!("repeat-{repeat}"));
        // Only what lies where it was asked for is looked at.
        let inside = *told == folder.join(format!("told-{repeat}"));
        let result = if inside { outputs::take(told, &place).map_err(|error| chain(&error)) } else { Ok(()) };
        match result {
            Ok(()) if inside => note.outputs.push(place),
            Ok(()) => {}
            Err(problem) => {
                note.status = unreadable(problem);
                break;
            }
        }
    }
    if let Some(told) = reply.taps.filter(|told| *told == folder.join("told-taps")) {
        let place = folder.join("taps");
        match taps::take(&told, &place) {
            Ok(()) => note.taps = Some(place),
            Err(error) => note.status = unreadable(chain(&error)),
        }
    }
    note.trials = trials(reply.trials, folder, reply.restored);
    note.catalogue = reply.catalogue;
    // A case that ran and left nothing to compare must not pass.
    if note.status.is_done() && note.outputs.len() != repeats as usize {
        let problem = format!("expected those of {repeats} runs, got {}", note.outputs.len());
        note.status = unreadable(problem);
    }
    note
}

/// What altered models gave. Where the model was not itself again after the last of them, none says anything.
fn trials(told: Vec<TriedOut>, folder: &Path, restored: Option<bool>) -> Vec<Trial> {
    let unsupported = |what: String| Status::Unsupported { what, hint: String::new() };
    let taken = |(index, tried): (usize, TriedOut)| {
        let place = folder.join(format!("trial-{index}"));
        let told = tried.outputs.filter(|told| *told == folder.join(format!("told-trial-{index}")));
        let (status, outputs) = match (tried.status, told) {
            _ if restored != Some(true) => {
                (unsupported("a model that can be altered and restored".to_owned()), None)
            }
            (None, Some(told)) => match outputs::take(&told, &place) {
                Ok(()) => (Status::Done, Some(place)),
                Err(error) => (unsupported(chain(&error)), None),
            },
            (Some(status), _) => (status, None),
            (None, None) => (unsupported("outputs of the trial".to_owned()), None),
        };
        Trial { alteration: tried.alteration, status, outputs }
    };
    told.into_iter().enumerate().map(taken).collect()
}
