//! Nodes: one application of an operator.

use super::{Attribute, AttributeValue};
use crate::onnx::wire::{Field, Message, WireError};

/// One application of an operator.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its label; may be empty and need not be unique.
    pub name: String,
    /// The operator.
    pub op_type: String,
    /// The operator's domain as stored; see [`Node::domain`].
    pub stored_domain: String,
    /// Which overload of a local function it calls.
    pub overload: String,
    /// Names of the values that it takes; an empty name is an omitted optional input.
    pub inputs: Vec<String>,
    /// Names of the values that it makes; an empty name is an unused output.
    pub outputs: Vec<String>,
    /// Its attributes, in stored order.
    pub attributes: Vec<Attribute>,
    /// Where it starts in the file.
    pub offset: u64,
}

/// The domain of an operator set in one spelling: ONNX's own has two, the empty one and `ai.onnx`.
pub(in crate::onnx) fn domain(stored: &str) -> &str {
    if stored == "ai.onnx" { "" } else { stored }
}

impl Node {
    /// The operator's domain; empty is ONNX's own.
    pub fn domain(&self) -> &str {
        domain(&self.stored_domain)
    }

    /// Whether it applies this operator of ONNX's own domain.
    pub fn is(&self, op_type: &str) -> bool {
        self.op_type == op_type && self.domain().is_empty()
    }

    /// The operator, with its domain before `::` unless it is ONNX's own.
    pub fn operator(&self) -> String {
        match self.domain() {
            "" => self.op_type.clone(),
            domain => format!("{domain}::{}", self.op_type),
        }
    }

    /// The value of the attribute with this name.
    pub fn attribute(&self, name: &str) -> Option<AttributeValue<'_>> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(Attribute::value)
    }
}

impl Message for Node {
    const NAME: &'static str = "NodeProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.inputs.push(field.list_text()?),
            2 => self.outputs.push(field.list_text()?),
            3 => self.name = field.text()?,
            4 => self.op_type = field.text()?,
            5 => self.attributes.push(field.message()?),
            7 => self.stored_domain = field.text()?,
            8 => self.overload = field.text()?,
            _ => {}
        }
        Ok(())
    }
}
