//! A finished pickle and ways to look into it.

use std::ops::Range;

use super::{Id, Object, Text, Value};

/// The values of a pickle.
#[derive(Debug, Default)]
pub struct Pickle {
    pub(super) values: Vec<Value>,
    /// The byte of the opcode that made each value.
    pub(super) offsets: Vec<u64>,
    /// The result; none if the pickle ends before it has one.
    pub(super) root: Option<Id>,
    /// The highest protocol that it declares.
    pub(super) protocol: u8,
    /// The bytes that it takes.
    pub(super) range: Range<u64>,
}

impl Pickle {
    /// The result; none if the pickle ends before it has one.
    pub fn root(&self) -> Option<Id> {
        self.root
    }

    /// The highest protocol that it declares; 0 where it declares none.
    pub fn protocol(&self) -> u8 {
        self.protocol
    }

    /// The bytes that it takes in its source.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// A value by its number.
    pub fn get(&self, id: Id) -> &Value {
        &self.values[id.0 as usize]
    }

    /// The byte of the opcode that made a value.
    pub fn offset(&self, id: Id) -> u64 {
        self.offsets[id.0 as usize]
    }

    /// Every value that was ever made, also those that the result does not reach.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Value)> {
        self.values.iter().enumerate().map(|(index, value)| (Id(index as u32), value))
    }

    /// A short text.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Text(Text::Inline(text)) => Some(text),
            // Python 2 wrote names as byte strings.
            Value::Bytes(super::Blob::Inline(bytes)) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// An integer of at most 64 bits.
    pub fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Value::Int(value) => Some(*value),
            Value::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// A count, size or index.
    pub fn unsigned(&self, id: Id) -> Option<u64> {
        self.int(id).and_then(|value| u64::try_from(value).ok())
    }

    /// A truth value.
    pub fn boolean(&self, id: Id) -> Option<bool> {
        match self.get(id) {
            Value::Bool(value) => Some(*value),
            Value::Int(value) => Some(*value != 0),
            _ => None,
        }
    }

    /// The entries of a tuple or list.
    pub fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(entries) => Some(entries),
            Value::List(entries) => Some(entries),
            // `torch.Size` is a tuple of its one argument.
            // Once: what stands inside may stand inside itself.
            Value::Object(object) if self.is_global(object.callable, "torch", "Size") => {
                match self.get(*self.arguments(object)?.first()?) {
                    Value::Tuple(entries) => Some(entries),
                    Value::List(entries) => Some(entries),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The entries of a sequence of counts.
    pub fn dims(&self, id: Id) -> Option<Vec<u64>> {
        self.sequence(id)?.iter().map(|id| self.unsigned(*id)).collect()
    }

    /// Module and name of a global, Python 2's names as those of Python 3.
    pub fn global(&self, id: Id) -> Option<(&str, &str)> {
        match self.get(id) {
            Value::Global { module, name } => Some(modern(module, name)),
            _ => None,
        }
    }

    /// Whether a value is this global.
    pub fn is_global(&self, id: Id, module: &str, name: &str) -> bool {
        self.global(id) == Some((module, name))
    }

    /// A value that would be made by a call.
    pub fn object(&self, id: Id) -> Option<&Object> {
        match self.get(id) {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Module and name of what an object would be made with.
    pub fn class(&self, id: Id) -> Option<(&str, &str)> {
        let object = self.object(id)?;
        match self.global(object.callable)? {
            // `copyreg._reconstructor(cls, base, state)` makes a `cls`.
            ("copyreg", "_reconstructor" | "__newobj__" | "__newobj_ex__") => {
                self.global(*self.arguments(object)?.first()?)
            }
            name => Some(name),
        }
    }

    /// The arguments of an object.
    pub fn arguments(&self, object: &Object) -> Option<&[Id]> {
        match self.get(object.arguments) {
            Value::Tuple(entries) => Some(entries),
            Value::List(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entries of a dictionary, or of an object that is one (`OrderedDict`, `defaultdict`).
    pub fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(entries) => Some(entries),
            Value::Object(object) => match self.global(object.callable)? {
                ("collections", "OrderedDict" | "defaultdict" | "Counter") => Some(&object.entries),
                _ if !object.entries.is_empty() => Some(&object.entries),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of a text key; the last one, as when it is set twice.
    pub fn entry(&self, id: Id, key: &str) -> Option<Id> {
        let entries = self.entries(id)?;
        entries.iter().rev().find(|(name, _)| self.text(*name) == Some(key)).map(|(_, value)| *value)
    }

    /// The attributes that an object's state sets by name: a dictionary, or a pair of dictionaries.
    pub fn attributes(&self, id: Id) -> Vec<(Id, Id)> {
        let Some(object) = self.object(id) else { return Vec::new() };
        let mut attributes = Vec::new();
        for state in &object.states {
            match self.get(*state) {
                Value::Dict(entries) => attributes.extend_from_slice(entries),
                Value::Tuple(pair) if pair.len() == 2 => {
                    for half in pair {
                        if let Value::Dict(entries) = self.get(*half) {
                            attributes.extend_from_slice(entries);
                        }
                    }
                }
                _ => {}
            }
        }
        attributes
    }

    /// An attribute by its name; the last one, as when it is set twice.
    pub fn attribute(&self, id: Id, name: &str) -> Option<Id> {
        let object = self.object(id)?;
        let of = |entries: &[(Id, Id)]| {
            entries.iter().rev().find(|(key, _)| self.text(*key) == Some(name)).map(|(_, value)| *value)
        };
        object.states.iter().rev().find_map(|state| match self.get(*state) {
            Value::Dict(entries) => of(entries),
            Value::Tuple(pair) if pair.len() == 2 => {
                pair.iter().rev().find_map(|half| match self.get(*half) {
                    Value::Dict(entries) => of(entries),
                    _ => None,
                })
            }
            _ => None,
        })
    }
}

/// Names of Python 2, and of NumPy before 2, as they are called now.
fn modern<'a>(module: &'a str, name: &'a str) -> (&'a str, &'a str) {
    match (module, name) {
        ("__builtin__", "xrange") => ("builtins", "range"),
        ("__builtin__", "long") => ("builtins", "int"),
        ("__builtin__", "unicode" | "basestring") => ("builtins", "str"),
        ("__builtin__" | "builtins", name) => ("builtins", name),
        ("copy_reg", name) => ("copyreg", name),
        ("numpy.core.multiarray", name) => ("numpy._core.multiarray", name),
        ("numpy.core.numeric", name) => ("numpy._core.numeric", name),
        ("numpy.core._internal", name) => ("numpy._core._internal", name),
        ("torch.tensor", name @ ("_rebuild_from_type" | "_rebuild_from_type_v2")) => ("torch._tensor", name),
        same => same,
    }
}
