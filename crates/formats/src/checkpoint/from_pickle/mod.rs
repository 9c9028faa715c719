//! From the inert values of a pickle to a tree of named values: known constructors become what they would make,
//! unknown ones stay described.

mod module;
mod nested;
mod numpy;
mod object;
mod storage;
mod tensor;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use reproof_digest::ReadAt;
use serde_json::{Number, Value as Json};

use super::CheckpointError;
use super::tree::Node;
use crate::pickle::{Blob, Id, Pickle, Text, Value};
use crate::{Finding, Storage};

pub(crate) use storage::{Base, Reference, StorageBytes, Storages, StoredTensor, Wanted, class_dtype};

/// Values of the tree at most: a pickle may share a value so often that the tree has more leaves than atoms.
const NODES: u64 = 2_000_000;

/// Findings of one pickle at most.
const FINDINGS: usize = 1000;

/// Bytes of a key that is shown as it is.
const KEY: usize = 512;

/// How deep values may lie in each other.
const DEPTH: usize = 200;

/// Bytes of texts, names and short byte strings that are copied from one pickle at most, each as often as it is shared;
/// the dotted names of everything below count too.
const COPIED: u64 = 64 << 20;

/// Bytes that are gathered in memory from one pickle at most: escaped texts, and what lies in another order in a
/// compressed member. What lies there as it is needed is shared.
pub(super) const GATHERED: u64 = 64 << 20;

/// What conversion needs besides the pickle.
pub(crate) struct Converter<'a> {
    pub(super) pickle: &'a Pickle,
    /// What the pickle was read from.
    pub(super) source: &'a dyn ReadAt,
    /// How ranges of that source become storage.
    pub(super) base: Base,
    /// What persistent references mean.
    pub(super) storages: &'a dyn Storages,
    /// What was noticed.
    pub(crate) findings: Vec<Finding>,
    nodes: u64,
    gathered: u64,
    copied: u64,
    /// Bytes of the dotted name of what is being converted.
    prefix: usize,
    /// Torch files inside the pickle that were read already.
    nested: HashMap<Id, (Reference, StorageBytes)>,
    /// Values that are being converted: a pickle may contain itself.
    path: HashSet<Id>,
}

impl<'a> Converter<'a> {
    pub(crate) fn new(
        pickle: &'a Pickle,
        source: &'a dyn ReadAt,
        base: Base,
        storages: &'a dyn Storages,
    ) -> Self {
        Self {
            pickle,
            source,
            base,
            storages,
            findings: Vec::new(),
            nodes: 0,
            gathered: 0,
            copied: 0,
            prefix: 0,
            nested: HashMap::new(),
            path: HashSet::new(),
        }
    }

    /// The tree of the pickle's result.
    pub(crate) fn root(&mut self) -> Result<Node, CheckpointError> {
        match self.pickle.root() {
            Some(root) => self.node(root),
            None => Ok(Node::Scalar(Json::Null)),
        }
    }

    pub(super) fn node(&mut self, id: Id) -> Result<Node, CheckpointError> {
        self.spend(1, id)?;
        if self.path.len() >= DEPTH {
            return Ok(Node::Opaque(format!("a value more than {DEPTH} deep in others")));
        }
        match self.pickle.get(id) {
            Value::None => return Ok(Node::Scalar(Json::Null)),
            Value::Bool(value) => return Ok(Node::Scalar(Json::Bool(*value))),
            Value::Int(value) => return Ok(Node::Scalar(Json::Number((*value).into()))),
            Value::Long(bytes) => {
                self.copies(bytes.len() * 2, id)?;
                return Ok(Node::text(hexadecimal(bytes)));
            }
            Value::Float(value) => return Ok(Node::Scalar(float(*value))),
            Value::Text(Text::Inline(text)) => {
                self.copies(text.len(), id)?;
                return Ok(Node::text(&**text));
            }
            Value::Text(Text::Stored(range)) => {
                return Ok(Node::Opaque(format!("a text of {} bytes", range.end - range.start)));
            }
            Value::Global { module, name } => {
                self.copies(module.len() + name.len(), id)?;
                return Ok(global(module, name));
            }
            Value::Extension(code) => return Ok(Node::Opaque(format!("extension {code}"))),
            Value::Buffer => return Ok(Node::Opaque("a buffer outside the pickle".to_owned())),
            _ => {}
        }
        if !self.path.insert(id) {
            return Ok(Node::Opaque("a reference to what contains it".to_owned()));
        }
        let node = self.container(id);
        self.path.remove(&id);
        node
    }

    fn container(&mut self, id: Id) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        match pickle.get(id) {
            Value::List(values) | Value::Set(values) => self.sequence(values),
            Value::Tuple(values) => self.sequence(values),
            Value::Dict(entries) => Ok(Node::Map(self.named(entries)?)),
            Value::Persistent(name) => self.persistent(id, *name),
            Value::Array(_) => self.array(id),
            Value::Bytes(_) => match self.bytes(id)? {
                Some(bytes) => self.byte_string(id, &bytes),
                None => Ok(Node::Opaque("bytes".to_owned())),
            },
            _ => self.object(id),
        }
    }

    pub(super) fn sequence(&mut self, values: &[Id]) -> Result<Node, CheckpointError> {
        let outer = self.prefix;
        // Positions are names too.
        self.prefix += 8;
        let nodes = values.iter().map(|id| self.node(*id)).collect::<Result<_, _>>();
        self.prefix = outer;
        Ok(Node::Sequence(nodes?))
    }

    /// Entries of a dictionary with their keys as names.
    pub(super) fn named(&mut self, entries: &[(Id, Id)]) -> Result<Vec<(String, Node)>, CheckpointError> {
        let mut named: Vec<(String, Node)> = Vec::with_capacity(entries.len());
        let mut keys: Vec<Id> = Vec::with_capacity(entries.len());
        let mut places: HashMap<String, usize> = HashMap::with_capacity(entries.len());
        for (key, value) in entries {
            let mut name = self.key(*key, 0);
            // Keys that differ and read alike, such as `0` and `"0"`, are told apart by their order.
            let clash = places.get(&name).map(|place| keys[*place]);
            if clash.is_some_and(|known| known != *key && self.pickle.get(known) != self.pickle.get(*key)) {
                name = format!("{name} ({})", named.len());
            }
            self.copies(self.prefix + 2 * name.len(), *key)?;
            let outer = self.prefix;
            self.prefix += name.len() + 1;
            let node = self.node(*value);
            self.prefix = outer;
            let node = node?;
            match places.entry(name) {
                Entry::Vacant(place) => {
                    named.push((place.key().clone(), node));
                    keys.push(*key);
                    place.insert(named.len() - 1);
                }
                // Two values of one key: the later one would be loaded, and hides the other.
                Entry::Occupied(place) => {
                    let message = format!("key `{}` is set twice", place.key());
                    named[*place.get()].1 = node;
                    self.warn("pickle.duplicate-key", message, *key);
                }
            }
        }
        Ok(named)
    }

    /// A key of a dictionary as a name; `depth` tuples are around it.
    fn key(&self, id: Id, depth: usize) -> String {
        let pickle = self.pickle;
        match pickle.get(id) {
            Value::None => "None".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Text(Text::Inline(text)) if text.len() <= KEY => text.to_string(),
            Value::Text(Text::Inline(text)) => reproof_digest::blob(text.as_bytes()).to_string(),
            Value::Bytes(Blob::Inline(bytes)) if bytes.len() <= KEY => format!("b'{}'", bytes.escape_ascii()),
            Value::Global { module, name } => format!("{module}.{name}"),
            Value::Tuple(values) if values.len() <= 8 && depth < 3 => {
                let inner: Vec<String> = values.iter().map(|id| self.key(*id, depth + 1)).collect();
                format!("({})", inner.join(", "))
            }
            other => format!("<{}>", other.kind()),
        }
    }

    pub(super) fn warn(&mut self, id: &str, message: String, at: Id) {
        if self.findings.len() >= FINDINGS {
            return;
        }
        self.findings.push(Finding {
            id: id.to_owned(),
            severity: crate::Severity::Warning,
            message,
            offset: Some(self.pickle.offset(at)),
        });
    }

    /// Counts values that are looked at.
    pub(super) fn spend(&mut self, values: usize, at: Id) -> Result<(), CheckpointError> {
        self.nodes = self.nodes.saturating_add(values as u64);
        if self.nodes > NODES {
            return Err(CheckpointError::Expands { offset: self.pickle.offset(at), limit: NODES });
        }
        Ok(())
    }

    /// Counts bytes of texts and names that are copied.
    pub(super) fn copies(&mut self, bytes: usize, at: Id) -> Result<(), CheckpointError> {
        self.copied = self.copied.saturating_add(bytes as u64);
        if self.copied > COPIED {
            return Err(CheckpointError::Gathered { offset: self.pickle.offset(at), limit: COPIED });
        }
        Ok(())
    }

    /// Counts what a storage has gathered.
    pub(super) fn charge_gathered(&mut self, storage: &Storage, at: Id) -> Result<(), CheckpointError> {
        match storage {
            Storage::Gathered(bytes) => self.charge(bytes.own_size(), at),
            _ => Ok(()),
        }
    }

    /// Takes room for values that are gathered in memory.
    pub(super) fn charge(&mut self, bytes: u64, at: Id) -> Result<(), CheckpointError> {
        self.gathered = self.gathered.saturating_add(bytes);
        if self.gathered > GATHERED {
            return Err(CheckpointError::Gathered { offset: self.pickle.offset(at), limit: GATHERED });
        }
        Ok(())
    }
}

/// A name that would be imported: dtypes and the like are values, everything else is described.
fn global(module: &str, name: &str) -> Node {
    match module {
        "torch" | "numpy" => Node::text(format!("{module}.{name}")),
        _ => Node::Opaque(format!("the name {module}.{name}")),
    }
}

/// A float as JSON; what JSON has no number for is a text.
pub(crate) fn float(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None => Json::String(if value.is_nan() { "NaN".to_owned() } else { format!("{value}") }),
    }
}

/// An integer beyond 64 bits, written so that it can be compared.
fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect();
    format!("two's complement {}", digits.concat())
}
