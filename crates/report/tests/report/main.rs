//! Every rendering of the same reports: golden files, hostile names, and what each format demands.
#![allow(missing_docs, clippy::unwrap_used)]

mod diff;
mod fixtures;
mod golden;
mod html;
mod junit;
mod sarif;
mod terminal;
