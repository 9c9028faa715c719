//! Readers of model artifacts: untrusted bytes to inert descriptions.
#![forbid(unsafe_code)]

mod description;

pub use description::{
    Description, FileDescription, Finding, Format, GraphSummary, OperatorCount, Opset, Severity, Storage,
    TensorDescription,
};
