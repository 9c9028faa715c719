//! What every operator computes with: rounding, choosing, elementary functions, exact sums.

pub mod elementary;
pub mod exact;
pub mod order;
mod round;

pub(crate) use round::{canonical, exponent, power, round_all};
pub use round::{round, saturate};
