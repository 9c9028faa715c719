//! Reports for people and machines.
#![forbid(unsafe_code)]
