//! Long runs on disk: one that was ended before its time is gone on with by the next of the same model and inputs.
//!
//! After some minutes, and again and again after that, what later nodes take is written to a folder, with digests of its files;
//! the last state that is whole counts. Nothing depends on it: what cannot be written or read is computed again.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use reproof_formats::onnx::TypeInfo;
use reproof_formats::values;
use reproof_referee::graph::{Attribute, Graph, Node};
use reproof_referee::{Halt, Model, Observer, Value as Held};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{DEFINITION, convert};
use crate::child::{Keep, step_digest};
use crate::engine::{Failure, Values};

/// The stem of the files with values.
const VALUES: &str = "values";

/// What is told beside them.
const HALT: &str = "halt.json";

/// Writing takes at most this part of the time.
const SHARE: u32 = 10;

/// Elements of what later nodes take, beyond which nothing is kept at that place: writing needs memory of its own, which must not
/// end a run that would have had enough.
const MOST: usize = 1 << 27;

/// A state that nobody went on with for so long is of no use.
const FORGOTTEN: Duration = Duration::from_hours(24 * 7);

/// What a state says of itself.
#[derive(Serialize, Deserialize)]
struct Told {
    done: usize,
    counted: u64,
    /// Digests of the files beside it.
    files: BTreeMap<String, String>,
}

/// What is kept of one run.
pub(super) struct Kept<'a> {
    keep: &'a Keep,
    /// The folder for all runs of the model at this place: whether it is there is known without a look at the model.
    folder: PathBuf,
    identity: &'a dyn Fn() -> Option<String>,
    key: Cell<Option<String>>,
    /// When the next state is written.
    next: Cell<Instant>,
}

impl<'a> Kept<'a> {
    /// `identity` tells the model and all that its outputs depend on; it is asked only where something is kept.
    pub(super) fn new(keep: &'a Keep, artifact: &Path, identity: &'a dyn Fn() -> Option<String>) -> Self {
        let place = fs::canonicalize(artifact).unwrap_or_else(|_| artifact.to_owned());
        let folder = keep.folder.join(hex(Sha256::new_with_prefix(place.as_os_str().as_encoded_bytes())));
        Self { keep, folder, identity, key: Cell::new(None), next: Cell::new(Instant::now() + keep.every) }
    }

    /// Where an earlier run stood.
    pub(super) fn last(&self) -> Option<Halt> {
        if !self.folder.exists() {
            return None;
        }
        let mut states = self.states();
        states.sort_by_key(|(done, _)| std::cmp::Reverse(*done));
        states.iter().find_map(|(_, folder)| read(folder))
    }

    /// The run came to its end.
    pub(super) fn end(&self) {
        if self.key.take().is_some() {
            self.forget(None);
        }
    }

    fn key(&self) -> Option<String> {
        let key = self.key.take().or_else(|| (self.identity)());
        self.key.set(key.clone());
        key
    }

    /// States of this run, by the nodes that are done.
    fn states(&self) -> Vec<(usize, PathBuf)> {
        let Some(key) = self.key() else { return Vec::new() };
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let state = |path: PathBuf| {
            let done = path.file_name()?.to_str()?.strip_prefix(&key)?.strip_prefix('-')?.parse().ok()?;
            Some((done, path))
        };
        entries.filter_map(|entry| state(entry.path())).collect()
    }

    /// Removes its states but one, and what was forgotten.
    fn forget(&self, but: Option<usize>) {
        for (_, folder) in self.states().into_iter().filter(|(done, _)| Some(*done) != but) {
            let _ = fs::remove_dir_all(folder);
        }
        // It goes with the last state.
        let _ = fs::remove_dir(&self.folder);
        for entry in fs::read_dir(&self.keep.folder).into_iter().flatten().flatten() {
            let changed = entry.metadata().and_then(|found| found.modified());
            let age = changed.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if age.is_some_and(|age| age > FORGOTTEN) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn write(&self, halt: &Halt) -> io::Result<()> {
        if halt.values.iter().map(|(_, value)| elements(value)).sum::<usize>() > MOST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let key = self.key().ok_or(io::ErrorKind::NotFound)?;
        fs::create_dir_all(&self.folder)?;
        let draft = tempfile::Builder::new().prefix("draft-").tempdir_in(&self.folder)?;
        let given = halt.values.iter().map(|(name, value)| Ok((name.clone(), convert::given(name, value)?)));
        let given: Values = given.collect::<Result<_, Failure>>().map_err(|_| io::ErrorKind::Unsupported)?;
        values::write(draft.path(), VALUES, &given).map_err(io::Error::other)?;
        let files = fs::read_dir(draft.path())?.map(|entry| {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            Ok((name, digest(&path)?))
        });
        let told = Told { done: halt.done, counted: halt.counted, files: files.collect::<io::Result<_>>()? };
        fs::write(draft.path().join(HALT), serde_json::to_vec(&told)?)?;
        let target = self.folder.join(format!("{key}-{}", halt.done));
        // One that is there is whole, and the same.
        if !target.exists() {
            fs::rename(draft.path(), &target)?;
        }
        self.forget(Some(halt.done));
        Ok(())
    }
}

impl Observer for Kept<'_> {
    fn step(&self, _: &Node, _: &[Option<Held>], outputs: Vec<Held>) -> Vec<Held> {
        outputs
    }

    fn between(&self, halt: &dyn Fn() -> Halt) {
        let started = Instant::now();
        if started < self.next.get() {
            return;
        }
        let _ = self.write(&halt());
        self.next.set(Instant::now() + self.keep.every.max(started.elapsed() * SHARE));
    }
}

/// A state, if its files are those that were written and hold what the engine takes.
fn read(folder: &Path) -> Option<Halt> {
    let told: Told = serde_json::from_slice(&fs::read(folder.join(HALT)).ok()?).ok()?;
    let whole = |(name, wanted): (&String, &String)| {
        Path::new(name).components().count() == 1
            && digest(&folder.join(name)).is_ok_and(|found| found == *wanted)
    };
    if told.files.is_empty() || !told.files.iter().all(whole) {
        return None;
    }
    let read = values::read(folder, VALUES).ok()?;
    let taken = read
        .iter()
        .map(|(name, value)| Some((name.clone(), convert::taken(name, &TypeInfo::Unknown, value).ok()?)));
    Some(Halt { done: told.done, counted: told.counted, values: taken.collect::<Option<_>>()? })
}

fn digest(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(hasher)),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn hex(hasher: Sha256) -> String {
    crate::hexadecimal(&hasher.finalize())
}

/// The digest of a model, of what it is given and of how it runs; nothing where one of them cannot be told.
pub(super) fn identity(path: &Path, model: &Model, inputs: &[(String, Held)], mode: &str) -> Option<String> {
    let mut told = vec![
        DEFINITION.to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
        mode.to_owned(),
        digest(path).ok()?,
    ];
    // Large models have their tensors in other files.
    constants(&model.graph, &mut told)?;
    for function in &model.functions {
        of_nodes(&function.nodes, &mut told)?;
    }
    for (name, value) in inputs {
        told.push(named(name, value)?);
    }
    Some(hex(Sha256::new_with_prefix(told.join("\n"))))
}

/// The digests of all tensors that are stored in a graph and in those inside of it.
fn constants(graph: &Graph, told: &mut Vec<String>) -> Option<()> {
    for (name, tensor) in &graph.constants {
        told.push(named(name, &Held::Tensor(tensor.clone()))?);
    }
    of_nodes(&graph.nodes, told)
}

fn of_nodes(nodes: &[Node], told: &mut Vec<String>) -> Option<()> {
    for (name, attribute) in nodes.iter().flat_map(|node| &node.attributes) {
        match attribute {
            Attribute::Tensor(tensor) => told.push(named(name, &Held::Tensor(tensor.clone()))?),
            Attribute::Graph(graph) => constants(graph, told)?,
            _ => {}
        }
    }
    Some(())
}

fn elements(value: &Held) -> usize {
    match value {
        Held::Tensor(tensor) => tensor.data().len(),
        Held::Sequence(items) => items.iter().map(elements).sum(),
        Held::Optional(inner) => inner.as_deref().map_or(0, elements),
        Held::Map(map) => map.values().len(),
    }
}

/// A name with the digest of its value.
fn named(name: &str, value: &Held) -> Option<String> {
    let given = convert::given(name, value).ok()?;
    let tensors: Vec<String> = given.tensors().into_iter().map(step_digest).collect();
    // Texts and keys of maps have no digest of tensors.
    let rest = if tensors.is_empty() { format!("{given:?}") } else { String::new() };
    Some(format!("{name:?} {} {rest}", tensors.join(" ")))
}
