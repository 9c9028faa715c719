//! The registry: artifacts stored once and for ever, versions with names, promotion with proof, every act in a log.
//!
//! Three things make it: the records (`reproof-registry`, a SQLite file or a PostgreSQL database), the store
//! (`reproof-store`, a folder or a bucket) and the rules (`reproof-policy`). This module joins them and decides nothing
//! that one of them could decide.

mod aliases;
mod audit;
mod brought;
mod endorse;
mod error;
mod evidence;
mod gate;
mod gather;
mod keep;
mod lint;
mod maintain;
mod open;
mod origin;
mod people;
mod proof;
mod pull;
mod push;
mod reference;
mod settings;
mod show;
mod spot;
mod statements;

pub use audit::{Audited, Published};
pub use brought::Brought;
pub use error::RegistryError;
pub use evidence::{Attached, Statement};
pub use gate::{GateOutcome, Promotion};
pub use keep::{Removal, Scope};
pub use lint::Lack;
pub use maintain::{Collection, Examination, GRACE};
pub use open::{Actor, Connections, InitOptions, Registry, find};
pub use origin::Origin;
pub use people::Access;
pub use pull::{PullOptions, Pulled};
pub use push::{PushOptions, Pushed};
pub use reference::{Reference, Selector};
pub use settings::{S3Settings, SETTINGS_FILE, Settings};
pub use show::{Overview, Page, VersionOverview};
pub use spot::Sample;

pub use reproof_policy as policy;
pub use reproof_registry as records;
pub use reproof_store as store;
