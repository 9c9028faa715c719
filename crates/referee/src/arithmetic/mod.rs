//! What every operator computes with: rounding, choosing, elementary functions, exact sums.

pub mod elementary;
pub mod exact;
pub mod order;
pub(crate) mod quick;
mod round;
pub(crate) mod vectors;

pub(crate) use round::{canonical, exponent, power, round_all};
pub use round::{round, saturate};
