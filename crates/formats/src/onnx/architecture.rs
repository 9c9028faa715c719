//! The architecture digest: everything that steers a model, and no weight.
//!
//! Hashed are operator sets, inputs and outputs with their types, initializers and weights of `Constant` nodes
//! as name, dtype and dims, nodes in stored order with their operator, edges and attributes, subgraphs and
//! functions. Not hashed are bytes of weights, names of nodes and graphs, documentation, producer, metadata and
//! inferred types. The order of attributes, functions, operator sets and initializers does not count, nor where
//! the values of a tensor are stored.
//!
//! Every list is preceded by its length and every alternative by a word, so that two models share their hashed
//! bytes only if they share what is hashed.

use reproof_digest::{Builder, Digest, Kind};

use super::proto::{
    Attribute, AttributeValue, Dim, Function, Graph, Node, StoredSparseTensor, StoredTensor, TypeInfo,
    ValueInfo,
};
use super::storage::{Locator, shape, texts};
use super::weights::{Constant, constant};
use super::{Element, Model, OnnxError};
use crate::Opset;

/// The `architecture-v1` digest of a model.
pub(super) fn architecture(model: &Model, locator: &mut Locator<'_>) -> Result<Digest, OnnxError> {
    let mut digester = Digester { builder: Builder::new(Kind::Architecture), locator };
    digester.builder.text("onnx");
    digester.opsets(&model.opsets);
    digester.graph(&model.graph)?;
    let mut functions: Vec<&Function> = model.functions.iter().collect();
    functions.sort_by_key(|function| function.qualified_name());
    digester.builder.u64(functions.len() as u64);
    for function in functions {
        digester.function(function)?;
    }
    digester.builder.u64(model.training.len() as u64);
    for (initialization, algorithm) in &model.training {
        digester.graph(initialization)?;
        digester.graph(algorithm)?;
    }
    Ok(digester.builder.finish())
}

struct Digester<'a, 'b> {
    builder: Builder,
    locator: &'a mut Locator<'b>,
}

impl Digester<'_, '_> {
    fn opsets(&mut self, opsets: &[Opset]) {
        let own = |domain: &str| if domain == "ai.onnx" { String::new() } else { domain.to_owned() };
        let mut sorted: Vec<(String, i64)> =
            opsets.iter().map(|opset| (own(&opset.domain), opset.version)).collect();
        sorted.sort_unstable();
        self.builder.u64(sorted.len() as u64);
        for (domain, version) in sorted {
            self.builder.text(&domain).u64(version as u64);
        }
    }

    fn names(&mut self, names: &[String]) {
        self.builder.u64(names.len() as u64);
        for name in names {
            self.builder.text(name);
        }
    }

    fn graph(&mut self, graph: &Graph) -> Result<(), OnnxError> {
        let inputs: Vec<&ValueInfo> = graph.required_inputs().collect();
        self.values(&inputs);
        self.values(&graph.outputs.iter().collect::<Vec<_>>());
        let mut tensors: Vec<&StoredTensor> = graph.initializers.iter().collect();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        self.builder.u64(tensors.len() as u64);
        for tensor in tensors {
            self.builder.text(&tensor.name);
            self.initializer(tensor)?;
        }
        let mut sparse: Vec<&StoredSparseTensor> = graph.sparse_initializers.iter().collect();
        sparse.sort_by(|a, b| a.name().cmp(b.name()));
        self.builder.u64(sparse.len() as u64);
        for tensor in sparse {
            self.builder.text(tensor.name());
            self.sparse_signature(tensor)?;
        }
        self.nodes(&graph.nodes)
    }

    fn function(&mut self, function: &Function) -> Result<(), OnnxError> {
        self.builder.text(function.domain()).text(&function.name).text(&function.overload);
        self.names(&function.inputs);
        self.names(&function.outputs);
        let mut required = function.required_attributes.clone();
        required.sort_unstable();
        self.names(&required);
        self.attributes(&function.default_attributes, None)?;
        self.opsets(&function.opsets);
        self.nodes(&function.nodes)
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<(), OnnxError> {
        self.builder.u64(nodes.len() as u64);
        for node in nodes {
            self.builder.text(node.domain()).text(&node.op_type).text(&node.overload);
            self.names(&node.inputs);
            self.names(&node.outputs);
            self.attributes(&node.attributes, constant(node).as_ref())?;
        }
        Ok(())
    }

    /// Attributes by name; `weight` is the one whose values are a weight.
    fn attributes(
        &mut self,
        attributes: &[Attribute],
        weight: Option<&Constant<'_>>,
    ) -> Result<(), OnnxError> {
        let mut sorted: Vec<&Attribute> = attributes.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        self.builder.u64(sorted.len() as u64);
        for attribute in sorted {
            self.builder.text(&attribute.name);
            match (attribute.value(), weight) {
                (AttributeValue::Tensor(tensor), Some(Constant::Dense(weight)))
                    if std::ptr::eq(tensor, *weight) =>
                {
                    self.builder.text("weight");
                    self.signature(tensor)?;
                }
                (AttributeValue::Sparse(tensor), Some(Constant::Sparse(weight)))
                    if std::ptr::eq(tensor, *weight) =>
                {
                    self.builder.text("sparse weight");
                    self.sparse_signature(tensor)?;
                }
                (value, _) => self.attribute(value)?,
            }
        }
        Ok(())
    }

    fn attribute(&mut self, value: AttributeValue<'_>) -> Result<(), OnnxError> {
        use AttributeValue as Is;
        match value {
            Is::Undefined => {
                self.builder.text("undefined");
            }
            Is::Reference(name) => {
                self.builder.text("reference").text(name);
            }
            Is::Float(value) => {
                self.builder.text("float").u64(u64::from(value.to_bits()));
            }
            Is::Integer(value) => {
                self.builder.text("integer").u64(value as u64);
            }
            Is::Bytes(bytes) => {
                self.builder.text("bytes").bytes(bytes);
            }
            Is::Floats(values) => {
                self.builder.text("floats").u64(values.len() as u64);
                for value in values {
                    self.builder.u64(u64::from(value.to_bits()));
                }
            }
            Is::Integers(values) => {
                self.builder.text("integers").u64(values.len() as u64);
                for value in values {
                    self.builder.u64(*value as u64);
                }
            }
            Is::Strings(values) => {
                self.builder.text("strings").u64(values.len() as u64);
                for value in values {
                    self.builder.bytes(value);
                }
            }
            Is::Tensor(tensor) => self.list("tensor", std::slice::from_ref(tensor), Self::tensor)?,
            Is::Tensors(tensors) => self.list("tensors", tensors, Self::tensor)?,
            Is::Graph(graph) => self.list("graph", std::slice::from_ref(graph), Self::graph)?,
            Is::Graphs(graphs) => self.list("graphs", graphs, Self::graph)?,
            Is::Sparse(tensor) => self.list("sparse", std::slice::from_ref(tensor), Self::sparse)?,
            Is::Sparses(tensors) => self.list("sparses", tensors, Self::sparse)?,
            Is::Type(kind) => self.list("type", std::slice::from_ref(kind), Self::kind)?,
            Is::Types(kinds) => self.list("types", kinds, Self::kind)?,
        }
        Ok(())
    }

    fn list<T>(
        &mut self,
        word: &str,
        items: &[T],
        mut each: impl FnMut(&mut Self, &T) -> Result<(), OnnxError>,
    ) -> Result<(), OnnxError> {
        self.builder.text(word).u64(items.len() as u64);
        items.iter().try_for_each(|item| each(self, item))
    }

    fn values(&mut self, values: &[&ValueInfo]) {
        self.builder.u64(values.len() as u64);
        for value in values {
            self.builder.text(&value.name);
            self.type_info(&value.kind);
        }
    }

    /// Element type and dims of a tensor whose values do not count.
    fn signature(&mut self, tensor: &StoredTensor) -> Result<(), OnnxError> {
        self.builder.u64(tensor.element_code as u64);
        let shape = shape(tensor)?;
        self.builder.u64(shape.len() as u64);
        for dim in shape {
            self.builder.u64(dim);
        }
        Ok(())
    }

    fn sparse_signature(&mut self, tensor: &StoredSparseTensor) -> Result<(), OnnxError> {
        self.signature(&tensor.values)?;
        self.signature(&tensor.indices)?;
        self.builder.u64(tensor.dims.len() as u64);
        for dim in &tensor.dims {
            self.builder.u64(*dim as u64);
        }
        Ok(())
    }

    /// Texts have no place among the weights, so that their values count here.
    fn initializer(&mut self, tensor: &StoredTensor) -> Result<(), OnnxError> {
        if tensor.element() == Element::Text { self.tensor(tensor) } else { self.signature(tensor) }
    }

    fn tensor(&mut self, tensor: &StoredTensor) -> Result<(), OnnxError> {
        self.signature(tensor)?;
        if tensor.element() == Element::Text {
            let texts = texts(self.locator.window, tensor)?;
            self.builder.u64(texts.len() as u64);
            for text in texts {
                self.builder.bytes(&text);
            }
        } else {
            let located = self.locator.locate(tensor)?;
            self.builder.digest(&self.locator.digest(&tensor.name, &located)?);
        }
        Ok(())
    }

    fn sparse(&mut self, tensor: &StoredSparseTensor) -> Result<(), OnnxError> {
        self.sparse_signature(tensor)?;
        self.tensor(&tensor.values)?;
        self.tensor(&tensor.indices)
    }

    #[expect(clippy::unnecessary_wraps, reason = "one of the functions that `list` calls")]
    fn kind(&mut self, kind: &TypeInfo) -> Result<(), OnnxError> {
        self.type_info(kind);
        Ok(())
    }

    fn type_info(&mut self, kind: &TypeInfo) {
        match kind {
            TypeInfo::Unknown => {
                self.builder.text("unknown");
            }
            TypeInfo::Tensor { element, shape } => {
                self.builder.text("tensor").text(&element.to_string());
                self.dims(shape.as_deref());
            }
            TypeInfo::SparseTensor { element, shape } => {
                self.builder.text("sparse").text(&element.to_string());
                self.dims(shape.as_deref());
            }
            TypeInfo::Sequence(inner) => {
                self.builder.text("sequence");
                self.type_info(inner);
            }
            TypeInfo::Optional(inner) => {
                self.builder.text("optional");
                self.type_info(inner);
            }
            TypeInfo::Map { key, value } => {
                self.builder.text("map").text(&key.to_string());
                self.type_info(value);
            }
            TypeInfo::Opaque { domain, name } => {
                self.builder.text("opaque").text(domain).text(name);
            }
        }
    }

    fn dims(&mut self, shape: Option<&[Dim]>) {
        let Some(shape) = shape else {
            self.builder.text("any");
            return;
        };
        self.builder.text("dims").u64(shape.len() as u64);
        for dim in shape {
            match dim {
                Dim::Unknown => self.builder.text("unknown"),
                Dim::Fixed(size) => self.builder.text("fixed").u64(*size),
                Dim::Symbol(name) => self.builder.text("symbol").text(name),
            };
        }
    }
}
