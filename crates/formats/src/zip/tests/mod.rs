//! Archives of real writers, archives made to deceive, and damaged ones.

mod build;
mod damage;
mod deceit;
mod ends;
mod sound;
