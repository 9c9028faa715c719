//! The stack with its marks, the values, and what may be wrong with them.

use super::super::opcode::mnemonic;
use super::super::value::{Id, Value};
use super::super::{PickleError, limits};
use super::Machine;

impl Machine<'_> {
    /// Adds a value without pushing it.
    pub(super) fn push_new(&mut self, value: Value) -> Result<Id, PickleError> {
        if self.pickle.values.len() >= limits::VALUES {
            return Err(self.limit("values", limits::VALUES as u64));
        }
        let id = Id(self.pickle.values.len() as u32);
        self.pickle.values.push(value);
        self.pickle.offsets.push(self.offset);
        Ok(id)
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), PickleError> {
        let id = self.push_new(value)?;
        self.push_id(id)
    }

    pub(super) fn push_interned(&mut self, key: u16, value: Value) -> Result<(), PickleError> {
        if let Some(id) = self.interned[usize::from(key)] {
            return self.push_id(id);
        }
        let id = self.push_new(value)?;
        self.interned[usize::from(key)] = Some(id);
        self.push_id(id)
    }

    pub(super) fn push_id(&mut self, id: Id) -> Result<(), PickleError> {
        if self.stack.len() >= limits::STACK {
            return Err(self.limit("stack entries", limits::STACK as u64));
        }
        self.stack.push(id);
        Ok(())
    }

    /// The height below which an opcode must not reach.
    pub(super) fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn top(&self) -> Result<Id, PickleError> {
        let above = &self.stack[self.floor().min(self.stack.len())..];
        above.last().copied().ok_or_else(|| self.underflow())
    }

    pub(super) fn pop(&mut self) -> Result<Id, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Pops a value, or the mark if it is on top.
    pub(super) fn pop_anything(&mut self) -> Result<(), PickleError> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    pub(super) fn since_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.underflow())?;
        Ok(self.stack.split_off(mark))
    }

    pub(super) fn pairs_since_mark(&mut self) -> Result<Vec<(Id, Id)>, PickleError> {
        let entries = self.since_mark()?;
        if entries.len() % 2 == 1 {
            return Err(self.operand("pairs of keys and values", "an odd number"));
        }
        Ok(entries.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    }

    /// Counts bytes of texts that are kept in memory however long they are: lines are bounded by themselves.
    pub(super) fn charge(&mut self, bytes: u64) {
        self.inline = self.inline.saturating_add(bytes);
    }

    pub(super) fn limit(&self, what: &'static str, limit: u64) -> PickleError {
        PickleError::Limit { offset: self.offset, what, limit }
    }

    pub(super) fn underflow(&self) -> PickleError {
        PickleError::Underflow { offset: self.offset, opcode: mnemonic(self.opcode) }
    }

    pub(super) fn operand(&self, expected: &'static str, actual: &'static str) -> PickleError {
        PickleError::Operand { offset: self.offset, opcode: mnemonic(self.opcode), expected, actual }
    }

    pub(super) fn literal(&self, expected: &'static str, line: &[u8]) -> PickleError {
        let actual = line[..line.len().min(32)].escape_ascii().to_string();
        PickleError::Literal { offset: self.offset, expected, actual }
    }

    /// The offset of the opcode being executed, for errors of others.
    pub(in super::super) fn offset(&self) -> u64 {
        self.offset
    }
}
