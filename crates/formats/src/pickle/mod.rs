//! Pickles as inert data.
//!
//! A pickle is a program for a stack machine that can import and call anything. [`run`] executes the program on a
//! machine that can do neither: what would be imported is a [`Value::Global`], what would be called is an
//! [`Object`] that says so, each with the byte of its opcode. Values have numbers and refer to each other by
//! them, because a pickle is a graph: it may share and contain itself.
//!
//! All opcodes of protocols 0 to 5 are known. Long texts and byte strings stay in the file, as ranges of it.

mod array;
mod error;
mod input;
mod machine;
mod memo;
mod numpy;
mod opcode;
mod program;
mod text;
mod value;

pub use error::PickleError;
pub use machine::{Run, run};
pub use numpy::{ArrayData, ArrayLayout, NumpyType};
pub use program::Pickle;
pub use value::{Blob, Call, Id, InlineArray, Object, Text, Value};

/// What a pickle may cost. Legitimate files stay far below; hostile ones end here.
mod limits {
    /// Opcodes of one pickle with those nested in it.
    pub(super) const OPCODES: u64 = 50_000_000;
    /// Values: about 40 bytes each.
    pub(super) const VALUES: usize = 8_000_000;
    /// Entries of the stack.
    pub(super) const STACK: usize = 4_000_000;
    /// Marks on the stack at one time.
    pub(super) const MARKS: usize = 10_000;
    /// Entries of the memo.
    pub(super) const MEMO: usize = 10_000_000;
    /// Bytes of a line, which holds a number, a name or an old text.
    pub(super) const LINE: usize = 1 << 20;
    /// Bytes of the name of a module, or of what is imported from it.
    pub(super) const NAME: usize = 1 << 10;
    /// Bytes of a text or byte string that are kept in memory; longer ones stay in the file.
    pub(super) const INLINE: u64 = 16 << 10;
    /// Bytes of all of those together.
    pub(super) const INLINE_TOTAL: u64 = 64 << 20;
    /// Bytes of an integer in two's complement.
    pub(super) const LONG: u64 = 64 << 10;
    /// Digits of an integer in decimal: Python's own limit.
    pub(super) const DIGITS: usize = 4300;
    /// Pickles inside arrays inside pickles.
    pub(super) const NESTED: usize = 8;
}
