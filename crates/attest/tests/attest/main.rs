//! Our signatures and bills before those who read them elsewhere.

mod bill;
mod folder;
mod interoperation;
mod matrix;
mod peer;
