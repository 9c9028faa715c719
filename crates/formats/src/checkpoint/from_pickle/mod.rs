//! From the inert values of a pickle to a tree of named values: known constructors become what they would make,
//! unknown ones stay described.

mod module;
mod nested;
mod numpy;
mod object;
mod storage;
mod tensor;

use std::collections::HashSet;

use reproof_digest::ReadAt;
use serde_json::{Number, Value as Json};

use super::CheckpointError;
use super::tree::Node;
use crate::Finding;
use crate::pickle::{Id, Pickle, Text, Value};

pub(crate) use storage::{Base, Reference, StorageBytes, Storages, StoredTensor, Wanted, class_dtype};

/// Values of the tree at most: a pickle may share a value so often that the tree has more leaves than atoms.
const NODES: u64 = 4_000_000;

/// How deep values may lie in each other.
const DEPTH: usize = 200;

/// Bytes that are gathered in memory from one pickle at most: compressed members, escaped texts.
pub(super) const GATHERED: u64 = 256 << 20;

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
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(CheckpointError::Expands { offset: self.pickle.offset(id), limit: NODES });
        }
        if self.path.len() >= DEPTH {
            return Err(CheckpointError::Deep { offset: self.pickle.offset(id), limit: DEPTH });
        }
        match self.pickle.get(id) {
            Value::None => return Ok(Node::Scalar(Json::Null)),
            Value::Bool(value) => return Ok(Node::Scalar(Json::Bool(*value))),
            Value::Int(value) => return Ok(Node::Scalar(Json::Number((*value).into()))),
            Value::Long(bytes) => return Ok(Node::text(hexadecimal(bytes))),
            Value::Float(value) => return Ok(Node::Scalar(float(*value))),
            Value::Text(Text::Inline(text)) => return Ok(Node::text(&**text)),
            Value::Text(Text::Stored(range)) => {
                return Ok(Node::Opaque(format!("a text of {} bytes", range.end - range.start)));
            }
            Value::Global { module, name } => return Ok(global(module, name)),
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
        let nodes = values.iter().map(|id| self.node(*id));
        Ok(Node::Sequence(nodes.collect::<Result<_, _>>()?))
    }

    /// Entries of a dictionary with their keys as names.
    pub(super) fn named(&mut self, entries: &[(Id, Id)]) -> Result<Vec<(String, Node)>, CheckpointError> {
        let mut named = Vec::with_capacity(entries.len());
        let mut seen = HashSet::new();
        for (key, value) in entries {
            let name = self.key(*key);
            // Two values of one key: the later one would be loaded, and hides the other.
            if !seen.insert(name.clone()) {
                named.retain(|(known, _)| *known != name);
                self.warn("pickle.duplicate-key", format!("key `{name}` is set twice"), *key);
            }
            named.push((name, self.node(*value)?));
        }
        Ok(named)
    }

    /// A key of a dictionary as a name.
    fn key(&self, id: Id) -> String {
        let pickle = self.pickle;
        match pickle.get(id) {
            Value::None => "None".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Text(Text::Inline(text)) => text.to_string(),
            Value::Global { module, name } => format!("{module}.{name}"),
            Value::Tuple(values) if values.len() <= 8 => {
                let flat = |id: &Id| match pickle.get(*id) {
                    Value::Tuple(_) => "...".to_owned(),
                    _ => self.key(*id),
                };
                format!("({})", values.iter().map(flat).collect::<Vec<_>>().join(", "))
            }
            other => format!("<{} at byte {}>", other.kind(), pickle.offset(id)),
        }
    }

    pub(super) fn warn(&mut self, id: &str, message: String, at: Id) {
        self.findings.push(Finding {
            id: id.to_owned(),
            severity: crate::Severity::Warning,
            message,
            offset: Some(self.pickle.offset(at)),
        });
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
