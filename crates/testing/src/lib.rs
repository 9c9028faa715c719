//! What the tests of the other crates stand on.
//!
//! * [`Sandbox`]: runs the built binary with nothing of the machine around it.
//! * [`python`]: virtual environments from lock files, built once and kept outside the checkout.
//! * [`Postgres`]: a real PostgreSQL server, for as long as a test needs it.
//! * [`generated`]: folders of files that a script makes once.
//! * [`folder`]: copies of folders, and proof that nothing in one changed.
//! * [`damage`]: files broken in one exact place.
//! * [`SuddenEnd`]: processes that end before a write of the test's choice.
//!
//! Never a dependency of a product crate; `cargo xtask layers` sees to that.
#![forbid(unsafe_code)]

mod bucket;
pub mod damage;
pub mod folder;
pub mod generated;
mod invocation;
mod postgres;
pub mod python;
mod sandbox;
#[cfg(target_os = "linux")]
mod sudden_end;

pub use bucket::{BUCKET, BucketServer};
pub use invocation::{Finished, Invocation};
pub use postgres::{Postgres, PostgresError};
pub use sandbox::Sandbox;
#[cfg(target_os = "linux")]
pub use sudden_end::SuddenEnd;
