//! The stack machine: every opcode, no import, no call.

use std::collections::HashMap;
use std::ops::Range;

use reproof_digest::ReadAt;

use super::input::Input;
use super::memo::Memo;
use super::opcode::*;
use super::value::{Blob, Call, Id, Object, Text, Value};
use super::{Pickle, PickleError, array, limits, text};

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
    pub(super) input: Input<'a>,
    pub(super) pickle: Pickle,
    stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    marks: Vec<usize>,
    memo: Memo,
    /// Values without state that need to exist once: `None`, truth values, small integers, the empty tuple.
    interned: HashMap<u16, Id>,
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

impl<'a> Machine<'a> {
    fn new(input: Input<'a>) -> Self {
        Self {
            input,
            pickle: Pickle::default(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            interned: HashMap::new(),
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

    fn number(&mut self) -> Result<(), PickleError> {
        let value = match self.opcode {
            BININT1 => {
                let value = self.input.byte("BININT1")?;
                return self.push_interned(value.into(), Value::Int(value.into()));
            }
            BININT2 => Value::Int(u16::from_le_bytes(self.input.array("BININT2")?).into()),
            BININT => Value::Int(i32::from_le_bytes(self.input.array("BININT")?).into()),
            BINFLOAT => Value::Float(f64::from_be_bytes(self.input.array("BINFLOAT")?)),
            LONG1 | LONG4 => {
                let length = if self.opcode == LONG1 {
                    u64::from(self.input.byte("LONG1")?)
                } else {
                    self.length_i32("LONG4")?
                };
                if length > limits::LONG {
                    return Err(self.limit("bytes in an integer", limits::LONG));
                }
                text::long(self.input.take(length as usize, "an integer")?)
            }
            FLOAT => {
                let line = self.input.line("FLOAT")?;
                let text = std::str::from_utf8(&line).ok().map(str::trim);
                match text.and_then(|text| text.parse().ok()) {
                    Some(value) => Value::Float(value),
                    None => return Err(self.literal("a float", &line)),
                }
            }
            _ => {
                let line = self.input.line("an integer")?;
                match line.trim_ascii() {
                    b"00" if self.opcode == INT => Value::Bool(false),
                    b"01" if self.opcode == INT => Value::Bool(true),
                    digits => text::integer(digits).ok_or_else(|| self.literal("an integer", &line))?,
                }
            }
        };
        self.push(value)
    }

    fn string(&mut self) -> Result<(), PickleError> {
        let name = mnemonic(self.opcode);
        let length = match self.opcode {
            STRING => {
                let line = self.input.line(name)?;
                let bytes = text::quoted(&line).ok_or_else(|| self.literal("a quoted text", &line))?;
                self.charge(bytes.len() as u64);
                // Python 2 made no difference between texts and bytes; what reads as text is text.
                let value = match String::from_utf8(bytes) {
                    Ok(text) => Value::Text(Text::Inline(text.into())),
                    Err(error) => Value::Bytes(Blob::Inline(error.into_bytes().into())),
                };
                return self.push(value);
            }
            UNICODE => {
                let line = self.input.line(name)?;
                self.charge(line.len() as u64);
                return self.push(Value::Text(Text::Inline(text::raw_unicode(&line).into())));
            }
            SHORT_BINSTRING | SHORT_BINUNICODE | SHORT_BINBYTES => u64::from(self.input.byte(name)?),
            BINSTRING => self.length_i32(name)?,
            BINUNICODE | BINBYTES => u32::from_le_bytes(self.input.array(name)?).into(),
            _ => u64::from_le_bytes(self.input.array(name)?),
        };
        let is_text = matches!(self.opcode, SHORT_BINUNICODE | BINUNICODE | BINUNICODE8);
        let either = matches!(self.opcode, SHORT_BINSTRING | BINSTRING);
        let value = if length <= limits::INLINE && self.inline + length <= limits::INLINE_TOTAL {
            self.inline += length;
            let bytes = self.input.take(length as usize, name)?;
            match std::str::from_utf8(bytes) {
                Ok(text) if is_text || either => Value::Text(Text::Inline(text.into())),
                Err(_) if is_text => Value::Text(Text::Inline(String::from_utf8_lossy(bytes).into())),
                _ => Value::Bytes(Blob::Inline(bytes.into())),
            }
        } else {
            let range = self.input.skip(length, name)?;
            if is_text { Value::Text(Text::Stored(range)) } else { Value::Bytes(Blob::Stored(range)) }
        };
        self.push(value)
    }

    /// A length of four bytes that must not be negative.
    fn length_i32(&mut self, name: &'static str) -> Result<u64, PickleError> {
        let length = i32::from_le_bytes(self.input.array(name)?);
        u64::try_from(length).map_err(|_| PickleError::Literal {
            offset: self.offset,
            expected: "a length",
            actual: length.to_string(),
        })
    }

    fn tuple(&mut self, length: usize) -> Result<(), PickleError> {
        let floor = self.floor();
        if self.stack.len() < floor + length {
            return Err(self.underflow());
        }
        let entries = self.stack.split_off(self.stack.len() - length);
        self.push(Value::Tuple(entries.into()))
    }

    fn append(&mut self) -> Result<(), PickleError> {
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

    fn set_items(&mut self) -> Result<(), PickleError> {
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

    fn memo(&mut self) -> Result<(), PickleError> {
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

    /// The name of `GLOBAL`, `INST` or `STACK_GLOBAL`.
    fn global(&mut self) -> Result<Value, PickleError> {
        if self.opcode == STACK_GLOBAL {
            let (name, module) = (self.pop()?, self.pop()?);
            let part = |id| self.pickle.text(id).map(Into::into);
            // What is no text cannot be imported; the scan sees the attempt.
            let unknown = || "?".into();
            let module = part(module).unwrap_or_else(unknown);
            return Ok(Value::Global { module, name: part(name).unwrap_or_else(unknown) });
        }
        let (module, name) = (self.input.line("a module's name")?, self.input.line("a name")?);
        self.charge((module.len() + name.len()) as u64);
        let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into();
        Ok(Value::Global { module: part(&module), name: part(&name) })
    }

    fn call(&mut self) -> Result<(), PickleError> {
        let (call, callable, arguments, keywords) = match self.opcode {
            INST => {
                let global = self.global()?;
                let arguments = self.since_mark()?;
                let callable = self.push_new(global)?;
                (Call::Instance, callable, self.push_new(Value::Tuple(arguments.into()))?, None)
            }
            OBJ => {
                let mut arguments = self.since_mark()?;
                if arguments.is_empty() {
                    return Err(self.underflow());
                }
                let callable = arguments.remove(0);
                (Call::Instance, callable, self.push_new(Value::Tuple(arguments.into()))?, None)
            }
            NEWOBJ_EX => {
                let (keywords, arguments, callable) = (self.pop()?, self.pop()?, self.pop()?);
                (Call::New, callable, arguments, Some(keywords))
            }
            opcode => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                (if opcode == REDUCE { Call::Reduce } else { Call::New }, callable, arguments, None)
            }
        };
        let object = Object {
            call,
            callable,
            arguments,
            keywords,
            states: Vec::new(),
            appended: Vec::new(),
            entries: Vec::new(),
        };
        self.push(Value::Object(Box::new(object)))
    }

    fn build(&mut self) -> Result<(), PickleError> {
        let state = self.pop()?;
        let target = self.top()?;
        match &mut self.pickle.values[target.0 as usize] {
            Value::Object(object) => object.states.push(state),
            // A state for anything else would be a call of its `__setstate__`: kept as an object around it.
            _ => {
                self.pop()?;
                let arguments = self.push_new(Value::Tuple(Box::new([])))?;
                let object = Object {
                    call: Call::Instance,
                    callable: target,
                    arguments,
                    keywords: None,
                    states: vec![state],
                    appended: Vec::new(),
                    entries: Vec::new(),
                };
                return self.push(Value::Object(Box::new(object)));
            }
        }
        if let Some(array) = array::inline(self, target)? {
            // The array takes the place of its wrapper, also for whoever remembered that.
            let wrapper = std::mem::replace(&mut self.pickle.values[target.0 as usize], Value::None);
            let kept = self.push_new(wrapper)?;
            let array = super::InlineArray { wrapper: kept, ..array };
            self.pickle.values[target.0 as usize] = Value::Array(Box::new(array));
        }
        Ok(())
    }

    /// Adds a value without pushing it.
    fn push_new(&mut self, value: Value) -> Result<Id, PickleError> {
        if self.pickle.values.len() >= limits::VALUES {
            return Err(self.limit("values", limits::VALUES as u64));
        }
        let id = Id(self.pickle.values.len() as u32);
        self.pickle.values.push(value);
        self.pickle.offsets.push(self.offset);
        Ok(id)
    }

    fn push(&mut self, value: Value) -> Result<(), PickleError> {
        let id = self.push_new(value)?;
        self.push_id(id)
    }

    fn push_interned(&mut self, key: u16, value: Value) -> Result<(), PickleError> {
        let id = match self.interned.get(&key) {
            Some(id) => *id,
            None => {
                let id = self.push_new(value)?;
                self.interned.insert(key, id);
                id
            }
        };
        self.push_id(id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), PickleError> {
        if self.stack.len() >= limits::STACK {
            return Err(self.limit("stack entries", limits::STACK as u64));
        }
        self.stack.push(id);
        Ok(())
    }

    /// The height below which an opcode must not reach.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, PickleError> {
        let above = &self.stack[self.floor().min(self.stack.len())..];
        above.last().copied().ok_or_else(|| self.underflow())
    }

    fn pop(&mut self) -> Result<Id, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Pops a value, or the mark if it is on top.
    fn pop_anything(&mut self) -> Result<(), PickleError> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.underflow())?;
        Ok(self.stack.split_off(mark))
    }

    fn pairs_since_mark(&mut self) -> Result<Vec<(Id, Id)>, PickleError> {
        let entries = self.since_mark()?;
        if entries.len() % 2 == 1 {
            return Err(self.operand("pairs of keys and values", "an odd number"));
        }
        Ok(entries.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    }

    /// Counts bytes of texts that are kept in memory however long they are: lines are bounded by themselves.
    fn charge(&mut self, bytes: u64) {
        self.inline = self.inline.saturating_add(bytes);
    }

    fn limit(&self, what: &'static str, limit: u64) -> PickleError {
        PickleError::Limit { offset: self.offset, what, limit }
    }

    fn underflow(&self) -> PickleError {
        PickleError::Underflow { offset: self.offset, opcode: mnemonic(self.opcode) }
    }

    fn operand(&self, expected: &'static str, actual: &'static str) -> PickleError {
        PickleError::Operand { offset: self.offset, opcode: mnemonic(self.opcode), expected, actual }
    }

    fn literal(&self, expected: &'static str, line: &[u8]) -> PickleError {
        let actual = line[..line.len().min(32)].escape_ascii().to_string();
        PickleError::Literal { offset: self.offset, expected, actual }
    }

    /// The offset of the opcode being executed, for errors of others.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
}
