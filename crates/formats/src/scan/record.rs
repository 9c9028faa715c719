//! Small questions about the values of a pickle.

use std::collections::HashSet;

use reproof_digest::ReadAt;

use crate::pickle::{Call, Id, Object, Pickle, Value};

/// Attributes that Python calls by itself.
const SPECIAL: &[&str] = &[
    "__builtins__",
    "__call__",
    "__class__",
    "__del__",
    "__delattr__",
    "__dict__",
    "__enter__",
    "__eq__",
    "__getattr__",
    "__getattribute__",
    "__getitem__",
    "__getstate__",
    "__globals__",
    "__hash__",
    "__import__",
    "__init__",
    "__iter__",
    "__new__",
    "__reduce__",
    "__reduce_ex__",
    "__setattr__",
    "__setitem__",
    "__setstate__",
];

/// Characters of an argument that are shown.
const SHOWN: usize = 60;

pub(super) fn is_special_attribute(name: &str) -> bool {
    SPECIAL.binary_search(&name).is_ok()
}

/// What a persistent reference of torch is.
pub(super) enum Persistent {
    /// A class with its source code.
    Module {
        /// The class, where it is one.
        class: Option<Id>,
    },
    /// A call of `torch.package`.
    Package,
    /// A storage, or a key.
    Other,
}

pub(super) fn persistent(pickle: &Pickle, name: Id) -> Persistent {
    let Some([kind, first, ..]) = pickle.sequence(name) else { return Persistent::Other };
    match pickle.text(*kind) {
        Some("module") => {
            Persistent::Module { class: matches!(pickle.get(*first), Value::Global { .. }).then_some(*first) }
        }
        Some("reduce_package" | "reduce_deploy") => Persistent::Package,
        _ => Persistent::Other,
    }
}

/// Every value that another one holds, other than as what it was made with.
pub(super) fn referred(pickle: &Pickle) -> HashSet<Id> {
    let mut referred = HashSet::new();
    let mut mark = |id: Id| {
        if matches!(pickle.get(id), Value::Global { .. }) {
            referred.insert(id);
        }
    };
    for (_, value) in pickle.iter() {
        match value {
            Value::List(entries) | Value::Set(entries) => entries.iter().copied().for_each(&mut mark),
            Value::Tuple(entries) => entries.iter().copied().for_each(&mut mark),
            Value::Dict(entries) => entries.iter().for_each(|(key, value)| {
                mark(*key);
                mark(*value);
            }),
            Value::Object(object) => {
                mark(object.arguments);
                object.keywords.into_iter().for_each(&mut mark);
                object.states.iter().chain(&object.appended).copied().for_each(&mut mark);
                object.entries.iter().for_each(|(key, value)| {
                    mark(*key);
                    mark(*value);
                });
            }
            Value::Persistent(name) => mark(*name),
            _ => {}
        }
    }
    pickle.root().into_iter().for_each(&mut mark);
    referred
}

/// Whether a class is called as members of enums are made, with one constant, or as containers are, with nothing and
/// entries or a state after that.
pub(super) fn is_ordinary(pickle: &Pickle, object: &Object) -> bool {
    if object.call != Call::Reduce {
        return object.call == Call::New;
    }
    match pickle.arguments(object) {
        Some([]) => !(object.entries.is_empty() && object.appended.is_empty() && object.states.is_empty()),
        Some([only]) => match pickle.get(*only) {
            Value::Int(_) | Value::Bool(_) => true,
            Value::Text(_) => pickle.text(*only).is_some_and(is_word),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a text is one that a member of an enum has.
fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// The first text among the arguments, for people.
pub(super) fn shown_arguments(pickle: &Pickle, object: &Object) -> String {
    let arguments = pickle.arguments(object).unwrap_or_default();
    let Some(text) = arguments.iter().find_map(|id| pickle.text(*id)).filter(|text| !text.is_empty()) else {
        return String::new();
    };
    if super::secrets::holds_any(text.as_bytes()) {
        return String::new();
    }
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("; given `{shown}{more}`")
}

/// The bytes that a value is: itself, or the call with which old protocols write them.
pub(super) fn bytes_of(pickle: &Pickle, id: Id) -> Option<Bytes> {
    match pickle.get(id) {
        Value::Bytes(crate::pickle::Blob::Inline(bytes)) => Some(Bytes::Here(bytes.to_vec())),
        Value::Bytes(crate::pickle::Blob::Stored(range)) => Some(Bytes::Stored(range.clone())),
        // Python 2 wrote byte strings as texts.
        Value::Text(crate::pickle::Text::Inline(text)) => latin1(text).map(Bytes::Here),
        Value::Object(object) => {
            let (module, name) = pickle.global(object.callable)?;
            let first = *pickle.arguments(object)?.first()?;
            match (module, name) {
                ("_codecs", "encode") if !encodes_oddly(pickle, object) => match pickle.get(first) {
                    Value::Text(crate::pickle::Text::Stored(range)) => Some(Bytes::Latin(range.clone())),
                    _ => latin1(pickle.text(first)?).map(Bytes::Here),
                },
                ("builtins", "bytes" | "bytearray") | ("_io" | "io", "BytesIO") => {
                    // Each of them may stand in the next one, and no honest file goes further.
                    match pickle.get(first) {
                        Value::Object(inner) if pickle.is_global(inner.callable, "_codecs", "encode") => {
                            bytes_of(pickle, first)
                        }
                        Value::Object(_) => None,
                        _ => bytes_of(pickle, first),
                    }
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether an object is a text encoded otherwise than Python itself does it to write bytes.
pub(super) fn encodes_oddly(pickle: &Pickle, object: &Object) -> bool {
    if !pickle.is_global(object.callable, "_codecs", "encode") {
        return false;
    }
    let codec = pickle.arguments(object).and_then(|arguments| pickle.text(*arguments.get(1)?));
    !matches!(codec, Some("latin1" | "latin-1" | "latin_1" | "iso-8859-1" | "ascii"))
}

/// Where bytes are.
pub(super) enum Bytes {
    Here(Vec<u8>),
    Stored(std::ops::Range<u64>),
    /// In the source, as the UTF-8 of a text whose characters are the bytes.
    Latin(std::ops::Range<u64>),
}

/// Bytes of such a text at most: they are held in memory.
const LATIN: u64 = 64 << 20;

impl Bytes {
    /// The same, with a text of the source read and decoded; `None` if it cannot be.
    pub(super) fn decoded(self, source: &dyn ReadAt) -> Option<Self> {
        let Self::Latin(range) = self else { return Some(self) };
        let length = (range.end - range.start).min(LATIN + 1);
        let bytes = (length <= LATIN).then(|| source.read_range(range.start, length as usize).ok())??;
        latin1(std::str::from_utf8(&bytes).ok()?).map(Self::Here)
    }
}

/// The bytes whose numbers are the characters of a text.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn tables_are_sorted() {
        assert!(super::SPECIAL.is_sorted());
    }
}
