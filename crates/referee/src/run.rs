//! Executes a graph node by node; what no later node takes is freed.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use reproof_tensor::DType;

use crate::call::Call;
use crate::graph::{Attribute, Function, Graph, Model, Node};
use crate::tensor::{Data, is_float};
use crate::{Failure, Halt, Limits, Observer, Tensor, Value};
use crate::{noise, operators};

/// In which arithmetic a graph runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Each operator in the graph's own types: products are summed exactly and rounded once.
    #[default]
    Typed,
    /// As [`Mode::Typed`], but rounded as engines do that promise no bits: products of matrices and convolutions summed in
    /// float32, and every result off by up to four units in its last place at random. What it gives shows how far rounding alone moves a model's outputs
    /// (Monte Carlo arithmetic; Parker, 1997); it is the same on every machine, and no definition.
    Ordinary,
    /// Every float as float64, sums in ascending order, a product and an addition at a time.
    Wide,
}

/// How a graph runs.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// In which arithmetic.
    pub mode: Mode,
    /// What it may take.
    pub limits: Limits,
    /// Threads inside one operator. They change no bit.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { mode: Mode::Typed, limits: Limits::default(), threads: 1 }
    }
}

/// One execution of a model.
pub(crate) struct Run<'a> {
    pub(crate) options: Options,
    model: &'a Model,
    observer: &'a dyn Observer,
    /// Nodes of the model's own graph that were done before.
    first: usize,
    nodes: Cell<u64>,
    depth: Cell<u32>,
}

/// Values by name, with those of the graphs around.
pub(crate) struct Scope<'a> {
    values: HashMap<&'a str, Value>,
    outer: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn find(&self, name: &str) -> Option<&Value> {
        self.values.get(name).or_else(|| self.outer?.find(name))
    }
}

impl Model {
    /// The outputs for named inputs, in the graph's order.
    ///
    /// # Errors
    /// What is at fault or lacking, with the node that it happened in.
    pub fn run(
        &self,
        inputs: &[(String, Value)],
        options: Options,
        observer: &dyn Observer,
    ) -> Result<Vec<(String, Value)>, Failure> {
        self.go_on(inputs, options, observer, None)
    }

    /// As [`Self::run`], from where an execution with the same inputs and options stood.
    ///
    /// # Errors
    /// As those of [`Self::run`].
    pub fn go_on(
        &self,
        inputs: &[(String, Value)],
        options: Options,
        observer: &dyn Observer,
        from: Option<&Halt>,
    ) -> Result<Vec<(String, Value)>, Failure> {
        // The model's own graph counts once.
        let (first, counted) = from.map_or((0, 0), |halt| (halt.done, halt.counted.saturating_sub(1)));
        let (nodes, depth) = (Cell::new(counted), Cell::new(0));
        let run = Run { options, model: self, observer, first, nodes, depth };
        let given = inputs.iter().map(|(name, value)| (name.as_str(), run.taken(value)));
        let mut given: HashMap<&str, Value> = given.collect();
        given.extend(
            from.iter().flat_map(|halt| &halt.values).map(|(name, value)| (name.as_str(), value.clone())),
        );
        let outputs = run.graph(&self.graph, given, None, &self.opsets)?;
        Ok(self.graph.outputs.iter().cloned().zip(outputs).collect())
    }

    /// The version of a domain's operators where these are in force: those of a function may leave some to the model.
    fn version(&self, opsets: &BTreeMap<String, i64>, domain: &str) -> i64 {
        opsets.get(domain).or_else(|| self.opsets.get(domain)).copied().unwrap_or(1)
    }

    /// Operators that this engine lacks, each once, in the order of their first use.
    pub fn lacking(&self) -> Vec<String> {
        let mut found = Vec::new();
        let bodies = self.functions.iter().map(|function| function.nodes.as_slice());
        for nodes in std::iter::once(self.graph.nodes.as_slice()).chain(bodies) {
            self.lacking_in(nodes, &mut found);
        }
        found
    }

    fn lacking_in(&self, nodes: &[Node], found: &mut Vec<String>) {
        for node in nodes {
            let known = self.function(node).is_some() || operators::find(node).is_some();
            let name = match node.domain.as_str() {
                "" => node.operator.clone(),
                domain => format!("{domain}:{}", node.operator),
            };
            if !known && !found.contains(&name) {
                found.push(name);
            }
            for attribute in node.attributes.values() {
                if let Attribute::Graph(graph) = attribute {
                    self.lacking_in(&graph.nodes, found);
                }
            }
        }
    }

    fn function(&self, node: &Node) -> Option<&Function> {
        let same = |function: &&Function| function.name == node.operator && function.domain == node.domain;
        self.functions.iter().find(same)
    }
}

impl Run<'_> {
    /// The type that floats of a type have in this mode.
    pub(crate) fn float(&self, dtype: DType) -> DType {
        if self.options.mode == Mode::Wide && is_float(dtype) { DType::F64 } else { dtype }
    }

    /// A value from outside as this mode takes it.
    fn taken(&self, value: &Value) -> Value {
        match value {
            Value::Tensor(tensor) => match tensor.data() {
                Data::Float(dtype, values) if self.float(*dtype) != *dtype => {
                    Tensor::new(tensor.shape().to_vec(), Data::Float(DType::F64, values.clone())).into()
                }
                _ => value.clone(),
            },
            Value::Sequence(items) => Value::Sequence(items.iter().map(|item| self.taken(item)).collect()),
            Value::Optional(inner) => {
                Value::Optional(inner.as_ref().map(|inner| Box::new(self.taken(inner))))
            }
            Value::Map(map) => match map.values() {
                Data::Float(dtype, values) if self.float(*dtype) != *dtype => {
                    map.with(Data::Float(DType::F64, values.clone())).into()
                }
                _ => value.clone(),
            },
        }
    }

    /// A tensor of an attribute as this mode takes it.
    pub(crate) fn constant(&self, tensor: &std::sync::Arc<Tensor>) -> Value {
        self.taken(&Value::Tensor(tensor.clone()))
    }

    /// The outputs of a graph whose inputs have these values.
    pub(crate) fn graph<'s>(
        &self,
        graph: &'s Graph,
        given: HashMap<&'s str, Value>,
        outer: Option<&'s Scope<'s>>,
        opsets: &BTreeMap<String, i64>,
    ) -> Result<Vec<Value>, Failure> {
        let mut values = given;
        for (name, tensor) in &graph.constants {
            values.entry(name).or_insert_with(|| self.constant(tensor));
        }
        if let Some(missing) = graph.inputs.iter().find(|name| !values.contains_key(name.as_str())) {
            return Err(Failure::refused(format!("no value for the input `{missing}`")));
        }
        let scope = Scope { values, outer };
        self.within(|| self.nodes(&graph.nodes, &graph.outputs, scope, opsets))
    }

    /// Counts a node or a graph that runs.
    fn count(&self) -> Result<(), Failure> {
        let (count, limit) = (self.nodes.get() + 1, self.options.limits.nodes);
        if count > limit {
            return Err(Failure::Limit { what: "nodes that run".to_owned(), limit });
        }
        self.nodes.set(count);
        Ok(())
    }

    /// Runs what is one graph deeper.
    fn within<T>(&self, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let (depth, limit) = (self.depth.get() + 1, self.options.limits.depth);
        if depth > limit {
            return Err(Failure::Limit { what: "graphs within graphs".to_owned(), limit: limit.into() });
        }
        // A loop over nothing would never end.
        self.count()?;
        self.depth.set(depth);
        let result = work();
        self.depth.set(depth - 1);
        result
    }

    fn nodes<'s>(
        &self,
        nodes: &'s [Node],
        outputs: &'s [String],
        mut scope: Scope<'s>,
        opsets: &BTreeMap<String, i64>,
    ) -> Result<Vec<Value>, Failure> {
        let last = last_uses(nodes, outputs);
        let outermost = self.depth.get() == 1;
        let first = if outermost { self.first } else { 0 };
        // What only nodes took that are done.
        for name in (0..first.min(nodes.len())).filter_map(|index| last.get(&index)).flatten() {
            scope.values.remove(name);
        }
        for (index, node) in nodes.iter().enumerate().skip(first) {
            self.count()?;
            let made = self.node(node, &scope, opsets).map_err(|failure| failure.at(&node.label()))?;
            for (name, value) in node.outputs.iter().zip(made) {
                if !name.is_empty() {
                    scope.values.insert(name, value);
                }
            }
            for name in last.get(&index).into_iter().flatten() {
                scope.values.remove(name);
            }
            if outermost {
                self.observer.between(&|| self.halt(index + 1, &scope));
            }
        }
        let found = |name: &String| {
            let value = scope.find(name).cloned();
            value.ok_or_else(|| Failure::refused(format!("nothing makes the output `{name}`")))
        };
        outputs.iter().map(found).collect()
    }

    fn halt(&self, done: usize, scope: &Scope<'_>) -> Halt {
        let graph = &self.model.graph;
        let again =
            |name: &str| graph.constants.contains_key(name) || graph.inputs.iter().any(|input| input == name);
        let left = scope.values.iter().filter(|(name, _)| !again(name));
        let mut values: Vec<(String, Value)> =
            left.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        values.sort_by(|one, other| one.0.cmp(&other.0));
        Halt { done, counted: self.nodes.get(), values }
    }

    fn node(
        &self,
        node: &Node,
        scope: &Scope<'_>,
        opsets: &BTreeMap<String, i64>,
    ) -> Result<Vec<Value>, Failure> {
        let found = |name: &String| match name.as_str() {
            "" => Ok(None),
            name => scope
                .find(name)
                .map(|value| Some(value.clone()))
                .ok_or_else(|| Failure::refused(format!("nothing makes its input `{name}`"))),
        };
        let inputs: Vec<Option<Value>> = node.inputs.iter().map(found).collect::<Result<_, _>>()?;
        let outputs = if let Some(function) = self.model.function(node) {
            self.within(|| self.function(function, node, &inputs))?
        } else {
            let opset = self.model.version(opsets, &node.domain);
            let call = Call { node, inputs: &inputs, opset, opsets, run: self };
            match operators::find(node) {
                Some(operators::Operator::Plain(operator)) => operator(&call)?,
                Some(operators::Operator::Scoped(operator)) => operator(&call, scope)?,
                None => return Err(Failure::unsupported("this operator")),
            }
        };
        let computes = || operators::computes(node) && self.model.function(node).is_none();
        let outputs = if self.options.mode == Mode::Ordinary && computes() {
            noise::add(outputs, self.nodes.get())
        } else {
            outputs
        };
        // Nodes inside of others can run many times under one name.
        let outermost = self.depth.get() == 1;
        Ok(if outermost { self.observer.step(node, &inputs, outputs) } else { outputs })
    }

    /// The body of an operator that the model defines, with the caller's attributes in place.
    fn function(
        &self,
        function: &Function,
        caller: &Node,
        inputs: &[Option<Value>],
    ) -> Result<Vec<Value>, Failure> {
        let nodes: Vec<Node> =
            function.nodes.iter().map(|node| bound(node, caller, &function.defaults)).collect();
        let names = function.inputs.iter().map(String::as_str);
        let values = names.zip(inputs).filter_map(|(name, value)| Some((name, value.clone()?))).collect();
        // What the caller left out is left out inside.
        let absent: Vec<&str> = function
            .inputs
            .iter()
            .enumerate()
            .filter(|(index, _)| !matches!(inputs.get(*index), Some(Some(_))))
            .map(|(_, name)| name.as_str())
            .collect();
        let nodes: Vec<Node> = nodes
            .into_iter()
            .map(|mut node| {
                for name in &mut node.inputs {
                    if absent.contains(&name.as_str()) {
                        name.clear();
                    }
                }
                node
            })
            .collect();
        self.nodes(&nodes, &function.outputs, Scope { values, outer: None }, &function.opsets)
    }
}

/// A node of a function's body with the attributes of its caller.
fn bound(node: &Node, caller: &Node, defaults: &BTreeMap<String, Attribute>) -> Node {
    let value = |attribute: &Attribute| match attribute {
        Attribute::Reference(name) => caller.attributes.get(name).or_else(|| defaults.get(name)).cloned(),
        other => Some(other.clone()),
    };
    let attributes = node.attributes.iter();
    let attributes = attributes.filter_map(|(name, attribute)| Some((name.clone(), value(attribute)?)));
    Node { attributes: attributes.collect(), ..node.clone() }
}

/// By the index of a node, the names that nothing takes after it.
fn last_uses<'a>(nodes: &'a [Node], outputs: &[String]) -> HashMap<usize, Vec<&'a str>> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for name in node.uses().into_iter().chain(node.outputs.iter().map(String::as_str)) {
            last.insert(name, index);
        }
    }
    let mut by_node: HashMap<usize, Vec<&str>> = HashMap::new();
    for (name, index) in last {
        if !name.is_empty() && outputs.iter().all(|output| output != name) {
            by_node.entry(index).or_default().push(name);
        }
    }
    by_node
}
