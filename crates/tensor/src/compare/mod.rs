//! How a produced tensor differs from its golden.
//!
//! Names, dtype and shape have been found equal before; here only values are compared. Infinities and NaN are
//! compared by position first and never enter the arithmetic.

mod decision;
mod difference;
mod picture;
pub mod stream;
mod ulp;

pub use decision::{Decisions, decisions};
pub use difference::{Difference, Worst, difference, error_against, root_mean_square};
pub use picture::{Grid, Spread, grid, spread};
pub use ulp::Ulp;
