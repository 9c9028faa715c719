//! Who looks on while a graph runs, and what it takes to go on with it another time.

use crate::Value;
use crate::graph::Node;

/// Where an execution stands between two nodes of the model's own graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Halt {
    /// Nodes of the model's own graph that are done.
    pub done: usize,
    /// All nodes and graphs that ran so far, those inside of others included.
    pub counted: u64,
    /// What later nodes take, without the model's constants.
    pub values: Vec<(String, Value)>,
}

/// Whoever wants to know what nodes take and give.
pub trait Observer {
    /// A node of the model's own graph that ended, with the outputs that it made. What is returned is given to later nodes in
    /// their place.
    fn step(&self, node: &Node, inputs: &[Option<Value>], outputs: Vec<Value>) -> Vec<Value>;

    /// Between two nodes of the model's own graph: what `halt` makes is all that [`Model::go_on`](crate::Model::go_on) needs to go on from here.
    fn between(&self, _halt: &dyn Fn() -> Halt) {}
}

/// Nobody.
impl Observer for () {
    fn step(&self, _: &Node, _: &[Option<Value>], outputs: Vec<Value>) -> Vec<Value> {
        outputs
    }
}
