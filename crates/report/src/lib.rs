//! Reports for people and machines.
//!
//! * [`terminal`]: the checklist that `verify` prints, and the findings of `scan`.
//! * [`html`]: one self-contained page.
//! * [`junit`]: test suites for continuous integration.
//! * [`sarif`]: findings for code scanning.
//!
//! Everything here turns a [`Report`](reproof_contract::Report) into text: no file, no terminal, no process
//! environment. Names and messages of a report come from untrusted artifacts and engines; every renderer shows
//! invisible characters as escapes and escapes for its own syntax.
#![forbid(unsafe_code)]

mod advice;
mod budget;
mod catalogue;
mod facts;
mod figures;
pub mod html;
pub mod junit;
mod outcome;
pub mod sarif;
pub mod terminal;
mod text;
mod tone;

pub use text::visible_lines;
