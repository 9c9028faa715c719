//! Names that would be imported, calls that would be made, states that would be set: each kept as a value.

use super::super::opcode::{INST, NEWOBJ_EX, OBJ, REDUCE, STACK_GLOBAL};
use super::super::value::{Call, Object, Value};
use super::super::{InlineArray, PickleError, array, limits};
use super::Machine;

impl Machine<'_> {
    /// The name of `GLOBAL`, `INST` or `STACK_GLOBAL`.
    pub(super) fn global(&mut self) -> Result<Value, PickleError> {
        if self.opcode == STACK_GLOBAL {
            let (name, module) = (self.pop()?, self.pop()?);
            let part = |id| self.pickle.text(id).filter(|text| text.len() <= limits::NAME).map(Into::into);
            // What is no text, or no name by its length, cannot be imported; the scan sees the attempt.
            let unknown = || "?".into();
            let module = part(module).unwrap_or_else(unknown);
            return Ok(Value::Global { module, name: part(name).unwrap_or_else(unknown) });
        }
        let (module, name) = (self.input.line("a module's name")?, self.input.line("a name")?);
        self.charge((module.len() + name.len()) as u64);
        let part = |bytes: &[u8]| {
            let bytes = &bytes[..bytes.len().min(limits::NAME)];
            String::from_utf8_lossy(bytes).into()
        };
        Ok(Value::Global { module: part(&module), name: part(&name) })
    }

    pub(super) fn call(&mut self) -> Result<(), PickleError> {
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

    pub(super) fn build(&mut self) -> Result<(), PickleError> {
        let state = self.pop()?;
        let target = self.top()?;
        if let Value::Object(object) = &mut self.pickle.values[target.0 as usize] {
            object.states.push(state);
        } else {
            // A state for anything else would be a call of its `__setstate__`: kept as an object around it.
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
        if let Some(array) = array::inline(self, target)? {
            // The array takes the place of its wrapper, also for whoever remembered that.
            let wrapper = std::mem::replace(&mut self.pickle.values[target.0 as usize], Value::None);
            let kept = self.push_new(wrapper)?;
            let array = InlineArray { wrapper: kept, ..array };
            self.pickle.values[target.0 as usize] = Value::Array(Box::new(array));
        }
        Ok(())
    }
}
