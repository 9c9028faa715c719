//! What is asked most: all of a version at a glance, and what a gate judges by. Each is one transaction, so its parts fit
//! together.

use crate::approvals::{self, Approval};
use crate::evidence::{self, Evidence};
use crate::gates::{self, Gate};
use crate::holds::{self, Hold};
use crate::notes::{self, Flag, Tag};
use crate::registry::Registry;
use crate::transaction::Transaction;
use crate::{Alias, Error, Model, Version, aliases, log, models, text, versions};

/// A version with what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The model.
    pub model: Model,
    /// The version.
    pub version: Version,
    /// The aliases that point to it, by name.
    pub aliases: Vec<String>,
    /// Its tags by key.
    pub tags: Vec<Tag>,
    /// The flags that nobody cleared.
    pub flags: Vec<Flag>,
    /// The holds in force over it.
    pub holds: Vec<Hold>,
    /// The finding that arrived last, of each kind and in each environment.
    pub evidence: Vec<Evidence>,
}

/// What a gate judges by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateFacts {
    /// The model.
    pub model: Model,
    /// The version that wants to pass.
    pub version: Version,
    /// Where the alias points now; `None` if it was never set.
    pub alias: Option<Alias>,
    /// The gates to pass, those with the longest pattern first.
    pub gates: Vec<Gate>,
    /// The finding about the artifact that arrived last, of each kind and in each environment.
    pub evidence: Vec<Evidence>,
    /// The decisions in force.
    pub approvals: Vec<Approval>,
    /// The flags that nobody cleared.
    pub flags: Vec<Flag>,
    /// The holds in force over the version.
    pub holds: Vec<Hold>,
    /// The version's tags by key.
    pub tags: Vec<Tag>,
    /// The entry of the log after which all this was so.
    pub as_of: Option<u64>,
}

/// The acts that change what a gate says.
const JUDGED: [&str; 10] = [
    "approval.decide",
    "approval.withdraw",
    "evidence.add",
    "flag.clear",
    "flag.raise",
    "gate.remove",
    "gate.set",
    "model.change",
    "tag.remove",
    "tag.set",
];

/// Whether something that gates ask about was changed after an entry of the log.
pub(crate) fn changed_since(tx: &mut Transaction<'_>, entry: Option<u64>) -> Result<bool, Error> {
    log::happened_since(tx, &JUDGED, entry)
}

impl Registry {
    /// A version with what is said of it.
    pub fn show(&self, model: &str, version: &str) -> Result<Shown, Error> {
        self.read(|tx| {
            let found = versions::find(tx, model, version)?;
            Ok(Shown {
                model: models::get(tx, model)?.1,
                aliases: aliases::of_version(tx, found.id)?,
                tags: notes::tags(tx, found.id)?,
                flags: notes::open_flags(tx, found.id)?,
                holds: holds::over(tx, found.model, found.id)?,
                evidence: evidence::latest(tx, found.artifact)?,
                version: found.version,
            })
        })
    }

    /// What the gates of an alias need to know to let a version pass.
    pub fn gate_facts(&self, model: &str, version: &str, alias: &str) -> Result<GateFacts, Error> {
        text::alias(alias)?;
        self.read(|tx| {
            let found = versions::find(tx, model, version)?;
            let mut approvals = approvals::of_version(tx, found.id)?;
            approvals.retain(|approval| approval.in_force);
            Ok(GateFacts {
                model: models::get(tx, model)?.1,
                alias: aliases::get(tx, found.model, alias)?,
                gates: gates::of(tx, model, alias)?,
                evidence: evidence::latest(tx, found.artifact)?,
                approvals,
                flags: notes::open_flags(tx, found.id)?,
                holds: holds::over(tx, found.model, found.id)?,
                tags: notes::tags(tx, found.id)?,
                as_of: log::last(tx)?,
                version: found.version,
            })
        })
    }
}
