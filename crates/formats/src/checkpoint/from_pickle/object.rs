//! Objects: well-known ones as values, others as records of what is known.

use serde_json::Value as Json;

use super::super::CheckpointError;
use super::super::tree::Node;
use super::{Converter, tensor};
use crate::pickle::{Id, Object, Value};

impl Converter<'_> {
    pub(super) fn object(&mut self, id: Id) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        let Some(object) = pickle.object(id) else { return Ok(Node::Opaque("a value".to_owned())) };
        let arguments = pickle.arguments(object).unwrap_or_default();
        let Some(function) = pickle.global(object.callable) else { return self.described(id, object) };
        if let Some(tensor) = self.rebuilt(id, function, arguments)? {
            return Ok(tensor);
        }
        match (function, arguments) {
            (("collections", "OrderedDict" | "defaultdict"), _) => {
                // `OrderedDict([(key, value), ...])` is how protocol 0 of Python 2 wrote one.
                let given = arguments.first().and_then(|pairs| pickle.sequence(*pairs)).unwrap_or_default();
                self.spend(given.len(), id)?;
                let mut entries: Vec<(Id, Id)> = Vec::new();
                for pair in given {
                    if let Some([key, value]) = pickle.sequence(*pair) {
                        entries.push((*key, *value));
                    }
                }
                entries.extend_from_slice(&object.entries);
                Ok(Node::Map(self.named(&entries)?))
            }
            (("collections", "Counter"), [inner]) => self.node(*inner),
            (("collections", "deque") | ("builtins", "set" | "frozenset" | "list" | "tuple"), _) => {
                let given = arguments.first().and_then(|values| pickle.sequence(*values)).unwrap_or_default();
                let values: Vec<Id> = given.iter().chain(&object.appended).copied().collect();
                self.sequence(&values)
            }
            (("torch", "Size"), [dims]) => self.node(*dims),
            (("torch", "device"), [kind, rest @ ..]) => {
                let kind = pickle.text(*kind).unwrap_or("?");
                let index = rest.first().and_then(|index| pickle.int(*index));
                Ok(Node::text(index.map_or(kind.to_owned(), |index| format!("{kind}:{index}"))))
            }
            (("torch.serialization", "_get_layout") | ("torch.torch_version", "TorchVersion"), [text]) => {
                self.node(*text)
            }
            (("builtins", "complex"), [real, imaginary]) => self.sequence(&[*real, *imaginary]),
            (("builtins", "bytes" | "bytearray") | ("_codecs", "encode"), _) => match self.bytes(id)? {
                Some(bytes) => self.byte_string(id, &bytes),
                None => Ok(Node::Opaque("bytes".to_owned())),
            },
            (("pathlib" | "pathlib._local", _), parts) => {
                let parts: Option<Vec<&str>> = parts.iter().map(|part| pickle.text(*part)).collect();
                let parts = parts.unwrap_or_default();
                self.copies(parts.iter().map(|part| part.len() + 1).sum(), id)?;
                Ok(Node::text(parts.join("/")))
            }
            (("numpy", "dtype"), _) => {
                let element = crate::pickle::NumpyType::of(pickle, id);
                Ok(Node::text(element.map_or("a dtype".to_owned(), |element| element.descr)))
            }
            (("numpy._core.multiarray", "scalar"), _) => match self.numpy_scalar(id)? {
                Some(number) => Ok(number),
                None => self.array(id),
            },
            (
                ("numpy._core.multiarray", "_reconstruct")
                | ("numpy._core.numeric", "_frombuffer")
                | ("numpy.ma.core", "_mareconstruct"),
                _,
            ) => self.array(id),
            // Values that TorchScript writes with their type.
            (("torch.jit._pickle", _), [value, ..]) => self.node(*value),
            (("torch.storage", "_load_from_bytes"), _) => {
                Ok(Node::Opaque("a torch file inside the pickle".to_owned()))
            }
            (("builtins", "getattr"), _) => Ok(Node::Opaque("an attribute of a name".to_owned())),
            _ => self.described(id, object),
        }
    }

    /// An object as a record of its class, arguments, state, items and entries.
    fn described(&mut self, id: Id, object: &Object) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        let class = pickle.class(id).map(|(module, name)| format!("{module}.{name}"));
        self.copies(class.as_ref().map_or(0, String::len), id)?;
        let class = class.unwrap_or_else(|| "an unnamed class".to_owned());
        if let Some(module) = self.module(id, &class)? {
            return Ok(module);
        }
        let mut fields = Vec::new();
        let is_reconstructor = pickle.global(object.callable).is_some_and(|(module, _)| module == "copyreg");
        let skipped = if is_reconstructor { 2 } else { 0 };
        let arguments = pickle.arguments(object).unwrap_or_default();
        let arguments = arguments.iter().skip(skipped).enumerate();
        for (index, argument) in arguments.filter(|(_, id)| !matches!(pickle.get(**id), Value::None)) {
            // An enumeration by its value is so common that it deserves the shorter name.
            let name = if skipped == 0 && pickle.arguments(object).is_some_and(|all| all.len() == 1) {
                "value".to_owned()
            } else {
                format!("argument {index}")
            };
            fields.push((name, self.node(*argument)?));
        }
        let attributes = pickle.attributes(id);
        self.spend(attributes.len() + object.states.len(), id)?;
        fields.extend(self.named(&attributes)?);
        for state in object.states.iter().filter(|state| pickle.sequence(**state).is_some()) {
            if attributes.is_empty() {
                fields.push(("state".to_owned(), self.node(*state)?));
            }
        }
        fields.extend(self.named(&object.entries)?);
        if !object.appended.is_empty() {
            fields.push(("items".to_owned(), self.sequence(&object.appended)?));
        }
        let named =
            pickle.global(object.callable).and_then(|(module, name)| tensor::named_dtype(module, name));
        if let (true, Some(dtype)) = (fields.is_empty(), named) {
            return Ok(Node::Scalar(dtype));
        }
        // An enumeration's member is known by its class and value.
        if let [(name, Node::Scalar(value @ (Json::String(_) | Json::Number(_))))] = fields.as_slice()
            && name == "value"
            && object.states.is_empty()
        {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            return Ok(Node::text(format!("{class}({value})")));
        }
        Ok(Node::Record { class, fields })
    }
}
