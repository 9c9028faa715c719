//! Has a worker write the graph of a model.

use std::path::{Component, Path, PathBuf};

use reproof_contract::run::{RunSpec, Status};

use super::conversation::Conversation;
use super::message::{Graph, Reply, Request};
use super::outputs::told_values;
use super::{PythonRunner, threads};
use crate::child::{End, cause, last_words};
use crate::{FreezeOrder, Frozen, RunError};

impl PythonRunner {
    /// Loads the model in a worker of its own and asks for the graph of all cases of `spec`.
    pub(super) fn graph(
        &self,
        spec: &RunSpec,
        order: &FreezeOrder<'_>,
    ) -> Result<Result<Frozen, Status>, RunError> {
        let prepared = order.scratch.join("prepared");
        let created = std::fs::create_dir_all(&prepared);
        created.map_err(|source| RunError::Exchange { action: "create", path: prepared.clone(), source })?;
        let printed = order.scratch.join("printed.txt");
        let failed = |source| RunError::Start { program: self.interpreter.clone(), source };
        let worker = self.start(self.command(spec, order.scratch), spec, order.scratch, &printed)?;
        let mut conversation = Conversation::new(spec, threads(spec), order.scratch, worker);
        if let Err(end) = conversation.greeting().map_err(failed)? {
            return Ok(Err(status(end, &printed)));
        }
        let request = Request::load(spec, threads(spec));
        conversation.worker.send(&request).map_err(failed)?;
        let loaded = match conversation.reply(0).map_err(failed)? {
            Ok(reply) => reply,
            Err(end) => return Ok(Err(status(end, &printed))),
        };
        if !loaded.status.status.is_done() {
            return Ok(Err(loaded.status.status));
        }
        let request = Request::Freeze {
            id: 1,
            form: order.choice.word(),
            cases: spec.cases.iter().map(|case| case.folder.as_path()).collect(),
            folder: order.folder,
            prepared: &prepared,
        };
        conversation.worker.send(&request).map_err(failed)?;
        let reply = match conversation.reply(1).map_err(failed)? {
            Ok(reply) => reply,
            Err(end) => return Ok(Err(status(end, &printed))),
        };
        conversation.worker.farewell().map_err(failed)?;
        Ok(taken(reply, spec, order.folder, &prepared))
    }
}

/// What the end of a worker says; one that said something else than an answer has none.
fn status(end: Option<End>, printed: &Path) -> Status {
    match end {
        Some(end) => cause(&end, &last_words(printed)),
        None => strange("something that is no answer of the worker".to_owned()),
    }
}

fn strange(what: String) -> Status {
    Status::Unsupported { what, hint: "the model's code must not write to the worker's channel".to_owned() }
}

/// The graph as the worker tells it; nothing of that is believed.
fn taken(reply: Reply, spec: &RunSpec, folder: &Path, prepared: &Path) -> Result<Frozen, Status> {
    if !reply.status.status.is_done() {
        return Err(reply.status.status);
    }
    let Some(Graph { form, entry, exporter, cases }) = reply.frozen else {
        return Err(strange("an answer without a graph".to_owned()));
    };
    let entry = entry.map(PathBuf::from);
    let stays = |path: &Path| {
        let mut parts = path.components();
        matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none()
    };
    let there = entry.as_ref().is_none_or(|entry| stays(entry) && folder.join(entry).is_file());
    let plain = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !there || !plain {
        return Err(strange("a graph that is not where it should be".to_owned()));
    }
    let mut read = Vec::new();
    for place in cases.into_iter().filter(|place| *place < spec.cases.len()) {
        let values = told_values(&prepared.join(place.to_string()));
        let values = values.map_err(|error| strange(format!("inputs of the graph: {error}")))?;
        read.push((place, values));
    }
    Ok(Frozen { form, entry, exporter, cases: read })
}
