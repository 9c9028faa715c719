//! The store as its users see it: artifacts in, the same bytes out, whatever happens in between.

mod collecting;
mod damage;
mod interruptions;
mod probing;
mod round_trips;
mod series;
mod service;
mod support;
