//! Why a graph gives no outputs.

/// Why a graph, or a node of it, gives no outputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The graph or its inputs are at fault.
    #[error("{0}")]
    Refused(String),
    /// This engine lacks something; nothing is said about the graph.
    #[error("{0}")]
    Unsupported(String),
    /// A bound was reached: hostile graphs ask for more than any machine has.
    #[error("{what}: more than the {limit} that are allowed")]
    Limit {
        /// What would have been taken.
        what: String,
        /// The bound.
        limit: u64,
    },
}

impl Failure {
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    /// The same with the node that it happened in.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Refused(message) => Self::Refused(format!("{place}: {message}")),
            Self::Unsupported(what) => Self::Unsupported(format!("{place}: {what}")),
            Self::Limit { what, limit } => Self::Limit { what: format!("{place}: {what}"), limit },
        }
    }
}
