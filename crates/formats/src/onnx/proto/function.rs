//! Functions: operators that the model defines itself.

use super::node::domain;
use super::{Attribute, Node};
use crate::Opset;
use crate::onnx::wire::{Field, Message, WireError};

/// An operator that the model defines itself.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// The operator.
    pub name: String,
    /// Its domain as stored.
    pub stored_domain: String,
    /// Which overload it defines.
    pub overload: String,
    /// Names of its inputs.
    pub inputs: Vec<String>,
    /// Names of its outputs.
    pub outputs: Vec<String>,
    /// Attributes that a caller must give.
    pub required_attributes: Vec<String>,
    /// Attributes with their defaults.
    pub default_attributes: Vec<Attribute>,
    /// Its body.
    pub nodes: Vec<Node>,
    /// Operator sets that its body uses.
    pub opsets: Vec<Opset>,
}

impl Function {
    /// Its domain; empty is ONNX's own.
    pub fn domain(&self) -> &str {
        domain(&self.stored_domain)
    }

    /// Its domain, name and overload as `domain::name:overload`, leaving out what is empty.
    pub fn qualified_name(&self) -> String {
        let mut name = String::new();
        if !self.domain().is_empty() {
            name = format!("{}::", self.domain());
        }
        name.push_str(&self.name);
        if !self.overload.is_empty() {
            name.push(':');
            name.push_str(&self.overload);
        }
        name
    }
}

impl Message for Function {
    const NAME: &'static str = "FunctionProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.name = field.text()?,
            4 => self.inputs.push(field.list_text()?),
            5 => self.outputs.push(field.list_text()?),
            6 => self.required_attributes.push(field.list_text()?),
            7 => {
                let mut node: Node = field.message()?;
                node.offset = field.offset();
                self.nodes.push(node);
            }
            9 => self.opsets.push(field.message()?),
            10 => self.stored_domain = field.text()?,
            11 => self.default_attributes.push(field.message()?),
            13 => self.overload = field.text()?,
            _ => {}
        }
        Ok(())
    }
}
