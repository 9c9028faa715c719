//! Tuples, lists, sets, dictionaries and the memo.

use super::super::opcode::{
    APPEND, BINGET, BINPUT, GET, LONG_BINGET, LONG_BINPUT, MEMOIZE, SETITEM, mnemonic,
};
use super::super::value::Value;
use super::super::{PickleError, limits};
use super::Machine;

impl Machine<'_> {
    pub(super) fn tuple(&mut self, length: usize) -> Result<(), PickleError> {
        let floor = self.floor();
        if self.stack.len() < floor + length {
            return Err(self.underflow());
        }
        let entries = self.stack.split_off(self.stack.len() - length);
        self.push(Value::Tuple(entries.into()))
    }

    pub(super) fn append(&mut self) -> Result<(), PickleError> {
        let added = if self.opcode == APPEND { vec![self.pop()?] } else { self.since_mark()? };
        let target = self.top()?;
        match &mut self.pickle.values[target.0 as usize] {
            Value::List(entries) | Value::Set(entries) => entries.extend(added),
            Value::Object(object) => object.appended.extend(added),
            other => {
                let actual = other.kind();
                return Err(self.operand("a list or set", actual));
            }
        }
        Ok(())
    }

    pub(super) fn set_items(&mut self) -> Result<(), PickleError> {
        let added = if self.opcode == SETITEM {
            let value = self.pop()?;
            vec![(self.pop()?, value)]
        } else {
            self.pairs_since_mark()?
        };
        let target = self.top()?;
        match &mut self.pickle.values[target.0 as usize] {
            Value::Dict(entries) => entries.extend(added),
            Value::Object(object) => object.entries.extend(added),
            // A list takes items by index too; nothing that is meant well does so.
            other => {
                let actual = other.kind();
                return Err(self.operand("a dictionary", actual));
            }
        }
        Ok(())
    }

    pub(super) fn memo(&mut self) -> Result<(), PickleError> {
        let name = mnemonic(self.opcode);
        let index = match self.opcode {
            BINPUT | BINGET => u64::from(self.input.byte(name)?),
            LONG_BINPUT | LONG_BINGET => u32::from_le_bytes(self.input.array(name)?).into(),
            MEMOIZE => self.memo.len() as u64,
            _ => {
                let line = self.input.line(name)?;
                let digits = std::str::from_utf8(line.trim_ascii()).ok();
                let index = digits.and_then(|digits| digits.parse().ok());
                index.ok_or_else(|| self.literal("a number", &line))?
            }
        };
        if matches!(self.opcode, GET | BINGET | LONG_BINGET) {
            let value = self.memo.get(index).ok_or(PickleError::Memo { offset: self.offset, index })?;
            return self.push_id(value);
        }
        if self.memo.len() >= limits::MEMO {
            return Err(self.limit("memo entries", limits::MEMO as u64));
        }
        let value = self.top()?;
        self.memo.put(index, value);
        Ok(())
    }
}
