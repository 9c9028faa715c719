//! The stack machine: every opcode, no import, no call.

mod call;
mod container;
mod literal;
mod stack;

use std::ops::Range;

use reproof_digest::ReadAt;

use super::input::Input;
use super::memo::Memo;
use super::opcode::{
    ADDITEMS, APPEND, APPENDS, BINBYTES, BINBYTES8, BINFLOAT, BINGET, BININT, BININT1, BININT2, BINPERSID,
    BINPUT, BINSTRING, BINUNICODE, BINUNICODE8, BUILD, BYTEARRAY8, DICT, DUP, EMPTY_DICT, EMPTY_LIST,
    EMPTY_SET, EMPTY_TUPLE, EXT1, EXT2, EXT4, FLOAT, FRAME, FROZENSET, GET, GLOBAL, INST, INT, LIST, LONG,
    LONG_BINGET, LONG_BINPUT, LONG1, LONG4, MARK, MEMOIZE, NEWFALSE, NEWOBJ, NEWOBJ_EX, NEWTRUE, NEXT_BUFFER,
    NONE, OBJ, PERSID, POP, POP_MARK, PROTO, PUT, READONLY_BUFFER, REDUCE, SETITEM, SETITEMS, SHORT_BINBYTES,
    SHORT_BINSTRING, SHORT_BINUNICODE, STACK_GLOBAL, STOP, STRING, TUPLE, TUPLE1, TUPLE2, TUPLE3, UNICODE,
};
use super::value::{Id, Text, Value};
use super::{Pickle, PickleError, limits};

/// A pickle as far as it could be run, and why it ended if that was not its end.
#[derive(Debug)]
pub struct Run {
    /// What was built.
    pub pickle: Pickle,
    /// Why there is no result, where there is none.
    pub error: Option<PickleError>,
}

impl Run {
    /// The pickle, if it came to its end.
    pub fn whole(self) -> Result<Pickle, PickleError> {
        self.error.map_or(Ok(self.pickle), Err)
    }
}

/// Runs the pickle that starts at the beginning of `range`; it may end before the range does.
pub fn run(source: &dyn ReadAt, range: Range<u64>) -> Run {
    let start = range.start;
    let mut machine = Machine::new(Input::new(source, range));
    let error = match machine.run() {
        Ok(root) => {
            machine.pickle.root = Some(root);
            None
        }
        Err(error) => Some(error),
    };
    machine.pickle.range = start..machine.input.position();
    Run { pickle: machine.pickle, error }
}

/// The state of a run.
pub(super) struct Machine<'a> {
    pub(in super::super) input: Input<'a>,
    pub(super) pickle: Pickle,
    stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    marks: Vec<usize>,
    memo: Memo,
    /// Values without state that need to exist once: `None`, truth values, small integers, the empty tuple.
    interned: [Option<Id>; INTERNED],
    opcodes: u64,
    inline: u64,
    nested: usize,
    /// The opcode being executed and where it stands.
    opcode: u8,
    offset: u64,
}

/// Keys of [`Machine::interned`] beyond the integers 0 to 255.
const NONE_KEY: u16 = 256;
const FALSE_KEY: u16 = 257;
const TRUE_KEY: u16 = 258;
const EMPTY_TUPLE_KEY: u16 = 259;
/// Keys of [`Machine::interned`].
const INTERNED: usize = 260;

impl<'a> Machine<'a> {
    fn new(input: Input<'a>) -> Self {
        Self {
            input,
            pickle: Pickle::default(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            interned: [None; INTERNED],
            opcodes: 0,
            inline: 0,
            nested: 0,
            opcode: STOP,
            offset: 0,
        }
    }

    /// Runs up to `STOP` and gives the result.
    fn run(&mut self) -> Result<Id, PickleError> {
        loop {
            self.offset = self.input.position();
            self.opcode = self.input.byte("an opcode, before its end")?;
            self.opcodes += 1;
            if self.opcodes > limits::OPCODES {
                return Err(self.limit("opcodes", limits::OPCODES));
            }
            if self.opcode == STOP {
                return self.pop();
            }
            self.step()?;
        }
    }

    /// Runs a pickle that stands in the stream, with a stack and a memo of its own.
    pub(super) fn run_nested(&mut self) -> Result<Id, PickleError> {
        if self.nested == limits::NESTED {
            return Err(self.limit("nested pickles", limits::NESTED as u64));
        }
        self.nested += 1;
        let stack = std::mem::take(&mut self.stack);
        let marks = std::mem::take(&mut self.marks);
        let memo = std::mem::take(&mut self.memo);
        let (opcode, offset) = (self.opcode, self.offset);
        let result = self.run();
        (self.stack, self.marks, self.memo) = (stack, marks, memo);
        (self.opcode, self.offset) = (opcode, offset);
        self.nested -= 1;
        result
    }

    fn step(&mut self) -> Result<(), PickleError> {
        match self.opcode {
            MARK => {
                if self.marks.len() == limits::MARKS {
                    return Err(self.limit("marks", limits::MARKS as u64));
                }
                self.marks.push(self.stack.len());
            }
            POP => self.pop_anything()?,
            POP_MARK => drop(self.since_mark()?),
            DUP => {
                let top = self.top()?;
                self.push_id(top)?;
            }
            NONE => self.push_interned(NONE_KEY, Value::None)?,
            NEWTRUE => self.push_interned(TRUE_KEY, Value::Bool(true))?,
            NEWFALSE => self.push_interned(FALSE_KEY, Value::Bool(false))?,
            INT | LONG | BININT | BININT1 | BININT2 | LONG1 | LONG4 | FLOAT | BINFLOAT => self.number()?,
            STRING | BINSTRING | SHORT_BINSTRING | UNICODE | BINUNICODE | SHORT_BINUNICODE | BINUNICODE8
            | BINBYTES | SHORT_BINBYTES | BINBYTES8 | BYTEARRAY8 => self.string()?,
            EMPTY_TUPLE => self.push_interned(EMPTY_TUPLE_KEY, Value::Tuple(Box::new([])))?,
            TUPLE => {
                let entries = self.since_mark()?;
                self.push(Value::Tuple(entries.into()))?;
            }
            TUPLE1 => self.tuple(1)?,
            TUPLE2 => self.tuple(2)?,
            TUPLE3 => self.tuple(3)?,
            EMPTY_LIST => self.push(Value::List(Vec::new()))?,
            LIST => {
                let entries = self.since_mark()?;
                self.push(Value::List(entries))?;
            }
            EMPTY_DICT => self.push(Value::Dict(Vec::new()))?,
            DICT => {
                let entries = self.pairs_since_mark()?;
                self.push(Value::Dict(entries))?;
            }
            EMPTY_SET => self.push(Value::Set(Vec::new()))?,
            FROZENSET => {
                let entries = self.since_mark()?;
                self.push(Value::Set(entries))?;
            }
            APPEND | APPENDS | ADDITEMS => self.append()?,
            SETITEM | SETITEMS => self.set_items()?,
            PUT | BINPUT | LONG_BINPUT | MEMOIZE | GET | BINGET | LONG_BINGET => self.memo()?,
            GLOBAL | STACK_GLOBAL => {
                let global = self.global()?;
                self.push(global)?;
            }
            REDUCE | NEWOBJ | NEWOBJ_EX | OBJ | INST => self.call()?,
            BUILD => self.build()?,
            PERSID => {
                let line = self.input.line("PERSID")?;
                let name = self.push_new(Value::Text(Text::Inline(String::from_utf8_lossy(&line).into())))?;
                self.push(Value::Persistent(name))?;
            }
            BINPERSID => {
                let name = self.pop()?;
                self.push(Value::Persistent(name))?;
            }
            EXT1 => {
                let code = self.input.byte("EXT1")?.into();
                self.push(Value::Extension(code))?;
            }
            EXT2 => {
                let code = u16::from_le_bytes(self.input.array("EXT2")?).into();
                self.push(Value::Extension(code))?;
            }
            EXT4 => {
                let code = u32::from_le_bytes(self.input.array("EXT4")?);
                self.push(Value::Extension(code))?;
            }
            PROTO => {
                let protocol = self.input.byte("PROTO")?;
                if protocol > 5 {
                    return Err(PickleError::Protocol { offset: self.offset, protocol });
                }
                self.pickle.protocol = self.pickle.protocol.max(protocol);
            }
            // A hint for buffered readers, which joblib and strangers do not always keep.
            FRAME => drop(self.input.array::<8>("FRAME")?),
            NEXT_BUFFER => self.push(Value::Buffer)?,
            READONLY_BUFFER => drop(self.top()?),
            opcode => return Err(PickleError::Opcode { offset: self.offset, opcode }),
        }
        Ok(())
    }
}
