//! One file per command: its arguments, whose doc comments are the help, and one function.

pub(crate) mod accept;
pub(crate) mod cases;
pub(crate) mod diagnose;
pub(crate) mod diff;
pub(crate) mod digest;
pub(crate) mod drill;
pub(crate) mod env;
pub(crate) mod inspect;
mod matrix;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod shell;
pub(crate) mod sign;
pub(crate) mod unit;
pub(crate) mod verify;
