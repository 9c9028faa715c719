//! Policy.
#![forbid(unsafe_code)]
