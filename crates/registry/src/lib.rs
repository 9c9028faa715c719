//! The registry's metadata, on SQLite and PostgreSQL.
//!
//! A [`Registry`] keeps [models](Model), their immutable [versions](Version), [aliases](Alias) with all of their history,
//! what people say (tags, notes, [flags](Flag), [decisions](Approval)), what was found out ([evidence](Evidence)), the
//! [gates](Gate) that guard aliases, who may act ([principals](Principal), [grants](Grant), [tokens](Token)), and the
//! [log](LogEntry) of every act, written in the transaction of the act.
//!
//! It keeps these and judges nothing: what a gate's text means, what a role allows and whether a signature is right is
//! asked elsewhere. It has no clock: whoever acts says who and when ([`By`]). Bytes of models are elsewhere too; a version
//! names the manifest by which they are found.
//!
//! Acts happen one at a time, in the order of the log. Reading goes on meanwhile. Everything that can grow is given in
//! [pages](Page).
#![forbid(unsafe_code)]

mod aliases;
mod approvals;
mod contradiction;
mod database;
mod error;
mod evidence;
mod facts;
mod gates;
mod holds;
mod lineage;
mod log;
mod merkle;
mod migrations;
mod models;
mod notes;
mod page;
mod principals;
mod pushes;
mod registry;
mod secret;
mod text;
mod time;
mod tokens;
mod transaction;
mod uploads;
mod versions;

pub use aliases::{Alias, AliasEvent, AliasMove, MoveAlias};
pub use approvals::{Approval, Decision, MAX_APPROVALS, NewApproval};
pub use contradiction::Contradictions;
pub use database::{Options, StatementObserver};
pub use error::Error;
pub use evidence::{Batch, Evidence, EvidenceKind, MAX_BATCH, MAX_ENVIRONMENTS, NamedStatement, NewEvidence};
pub use facts::{GateFacts, Shown};
pub use gates::Gate;
pub use holds::{Hold, Retained, Retention};
pub use lineage::{Lineage, Relation, Target, check_target};
pub use log::{LogEntry, MAX_ENTRIES, Published, SpotCheck};
pub use migrations::SCHEMA_VERSION;
pub use models::{Model, ModelChange, NewModel};
pub use notes::{Flag, Note, Tag, check_tag};
pub use page::{Cursor, MAX_PAGE, Page, PageRequest};
pub use principals::{Grant, Principal, PrincipalKind};
pub use pushes::Push;
pub use registry::{By, Registry, Stamp};
pub use text::{MAX_FEW, MAX_GATE, MAX_NAME, MAX_SHORT, MAX_TEXT, version as check_version};
pub use time::At;
pub use tokens::{Secret, TOKEN_PREFIX, Token};
pub use transaction::{MAX_EVIDENCE, MAX_LEAF};
pub use uploads::{Upload, UploadId};
pub use versions::{NewVersion, Pushed, State, Version};
