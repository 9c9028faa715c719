//! A reference executor for ONNX graphs whose arithmetic is defined to the last bit: the same graph and inputs give the
//! same bits on every machine, for ever. `docs/referee.md` is the definition; this is one implementation of it.
//!
//! # Why bits hold
//!
//! * Every step is an IEEE 754 operation of float64 that the language rounds once: `+ - * /`, square roots, rounding to
//!   integers and comparisons. Nothing is contracted or reassociated.
//! * Elementary functions are correctly rounded ([`arithmetic::elementary`]), those of the platform are not used.
//! * Sums have a written order, or none at all: in [`Mode::Typed`] they are exact ([`arithmetic::exact`]).
//! * What the language or the specification leaves open is chosen here: NaN, signed zeros, ties.
//!
//! Vectors, blocks and threads therefore change nothing but time.
#![forbid(unsafe_code)]

pub mod arithmetic;
mod broadcast;
mod call;
mod check;
mod encode;
mod failure;
pub mod graph;
mod limits;
mod map;
mod noise;
mod observer;
mod operators;
mod parallel;
mod product;
mod run;
mod tensor;
mod value;

pub use encode::encode_floats;
pub use failure::Failure;
pub use graph::Model;
pub use limits::Limits;
pub use map::Map;
pub use observer::{Halt, Observer};
pub use operators::operators;
pub use run::{Mode, Options};
pub use tensor::{Data, Tensor, is_float};
pub use value::Value;
