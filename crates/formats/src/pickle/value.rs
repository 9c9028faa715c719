//! What a pickle builds, as inert values.

use std::ops::Range;

/// The number of a value in its [`Pickle`](super::Pickle).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(super) u32);

/// A value that a pickle builds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A longer integer: two's complement, little-endian.
    Long(Box<[u8]>),
    /// A float.
    Float(f64),
    /// A text.
    Text(Text),
    /// A byte string.
    Bytes(Blob),
    /// A list.
    List(Vec<Id>),
    /// A tuple.
    Tuple(Box<[Id]>),
    /// A dictionary in insertion order; keys may repeat in hostile files.
    Dict(Vec<(Id, Id)>),
    /// A set, frozen or not.
    Set(Vec<Id>),
    /// A name that unpickling would import.
    Global {
        /// The module as written.
        module: Box<str>,
        /// The name in it as written, maybe dotted.
        name: Box<str>,
    },
    /// A value that unpickling would have made by a call.
    Object(Box<Object>),
    /// A reference to something outside the pickle, by what the pickle calls it.
    Persistent(Id),
    /// A class by its number in the registry of extensions.
    Extension(u32),
    /// A buffer that should come with the pickle.
    Buffer,
    /// An array whose values stand in the stream itself, as joblib writes them.
    Array(Box<InlineArray>),
}

impl Value {
    /// Its kind in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Long(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Dict(_) => "a dictionary",
            Self::Set(_) => "a set",
            Self::Global { .. } => "a name to import",
            Self::Object(_) => "an object",
            Self::Persistent(_) => "a persistent reference",
            Self::Extension(_) => "an extension",
            Self::Buffer => "a buffer",
            Self::Array(_) => "an array",
        }
    }
}

/// A text, in memory if it is short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Here; what is no Unicode is replaced.
    Inline(Box<str>),
    /// In the source, as UTF-8 unless the pickle lies.
    Stored(Range<u64>),
}

/// A byte string, in memory if it is short or written with escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob {
    /// Here.
    Inline(Box<[u8]>),
    /// In the source.
    Stored(Range<u64>),
}

/// How an object would have been made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// A call with a tuple of arguments (`REDUCE`).
    Reduce,
    /// `cls.__new__(cls, *args)`, maybe with keywords (`NEWOBJ`, `NEWOBJ_EX`).
    New,
    /// A class with arguments from the stack (`OBJ`, `INST`).
    Instance,
}

/// A value that unpickling would have made by a call, and what would have been done to it since.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// How it would have been made.
    pub call: Call,
    /// What would have been called; not always a global.
    pub callable: Id,
    /// The arguments: a tuple, unless the file lies.
    pub arguments: Id,
    /// Keyword arguments, where there are any.
    pub keywords: Option<Id>,
    /// States that would have been set, in order (`BUILD`).
    pub states: Vec<Id>,
    /// Values that would have been appended or added.
    pub appended: Vec<Id>,
    /// Entries that would have been set.
    pub entries: Vec<(Id, Id)>,
}

/// An array whose values stand in the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct InlineArray {
    /// The wrapper object that announced it.
    pub wrapper: Id,
    /// Its values in the source: empty for an array of objects.
    pub data: Range<u64>,
    /// The nested pickle's result, for an array of objects.
    pub objects: Option<Id>,
}
