//! Bounds for graphs that nobody trusts: checked before memory is taken or time is spent.

use crate::Failure;

/// What a graph may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one tensor, at 8 for each number.
    pub tensor_bytes: u64,
    /// Nodes and graphs within graphs that run, those in loops counted each time.
    pub nodes: u64,
    /// Graphs within graphs.
    pub depth: u32,
}

impl Default for Limits {
    /// 16 GiB a tensor, 10 million nodes, 32 graphs within each other.
    fn default() -> Self {
        Self { tensor_bytes: 16 << 30, nodes: 10_000_000, depth: 32 }
    }
}

impl Limits {
    /// The number of elements of a shape that may be made.
    pub(crate) fn count(&self, shape: &[usize]) -> Result<usize, Failure> {
        let fits = |count: &usize| (*count as u64).saturating_mul(8) <= self.tensor_bytes;
        crate::tensor::count(shape).filter(fits).ok_or_else(|| Failure::Limit {
            what: format!("a tensor of the shape {shape:?}"),
            limit: self.tensor_bytes,
        })
    }
}
