//! Who may do what.
//!
//! A [`Role`] is a set of [`Act`]s. A [`Grant`] gives a person a role for the models that a pattern covers, and, if it says so,
//! for one alias only. [`Access::allowed`] decides. Two rules stand above the table: nobody approves what they pushed
//! ([`Access::may_approve`]), and in a local registry of one person everything is allowed and still logged.

mod access;
mod act;
mod table;

pub use access::{Access, Decision, Grant, Reason};
pub use act::Act;
pub use table::{Role, markdown};
