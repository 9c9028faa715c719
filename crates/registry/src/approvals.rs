//! Decisions of people about versions.

use reproof_digest::{Digest, Kind};

use crate::database::Row;
use crate::registry::{By, Registry, Stamp};
use crate::text::{self, MAX_TEXT};
use crate::transaction::{Transaction, digest, numbered, stamp};
use crate::{Error, State, versions};

numbered! {
    /// What was decided.
    pub enum Decision {
        /// The version may go where the role decides.
        Approved = 0, "approved";
        /// It may not.
        Rejected = 1, "rejected";
        /// An earlier decision does not count any more.
        Withdrawn = 2, "withdrawn";
    }
}

/// A decision to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewApproval<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The version.
    pub version: &'a str,
    /// The digest that was decided about. One that is not the version's is refused: nobody approves what was not looked at.
    pub artifact: Digest,
    /// The role in which the person decides.
    pub role: &'a str,
    /// Whether it may go on.
    pub approved: bool,
    /// Why.
    pub reason: &'a str,
    /// The digests of the statements that it rests on, at most 256.
    pub evidence: &'a [Digest],
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its number.
    pub id: u64,
    /// The artifact that was decided about.
    pub artifact: Digest,
    /// The role.
    pub role: String,
    /// What was decided.
    pub decision: Decision,
    /// The number of the decision that this one takes back.
    pub withdraws: Option<u64>,
    /// Whether it counts: it takes nothing back, was not taken back, and the same person did not decide again in this role.
    pub in_force: bool,
    /// Why.
    pub reason: String,
    /// Who decided, and when.
    pub decided: Stamp,
}

/// The most decisions about a version.
pub const MAX_APPROVALS: u64 = 1000;

fn read(row: &mut Row) -> Result<Approval, Error> {
    Ok(Approval {
        id: row.count()?,
        artifact: digest(row, Kind::Artifact)?,
        role: row.text()?,
        decision: Decision::from_number(row.integer()?)?,
        withdraws: row.optional_count()?,
        in_force: false,
        reason: row.text()?,
        decided: stamp(row)?,
    })
}

/// All decisions about a version in the order in which they were made.
pub(crate) fn of_version(tx: &mut Transaction<'_>, version: i64) -> Result<Vec<Approval>, Error> {
    let rows = tx.all(
        "SELECT p.id, a.digest, p.role, p.decision, p.withdraws, p.reason, l.sequence, w.text, l.at FROM approval p \
         JOIN artifact a ON a.id = p.artifact JOIN log l ON l.sequence = p.sequence JOIN label w ON w.id = l.who \
         WHERE p.version = ?1 ORDER BY p.id",
        &[version.into()],
    )?;
    let mut approvals: Vec<Approval> =
        rows.into_iter().map(|mut row| read(&mut row)).collect::<Result<_, _>>()?;
    for place in 0..approvals.len() {
        let (earlier, rest) = approvals.split_at_mut(place);
        let Some(this) = rest.first_mut() else { break };
        this.in_force = this.withdraws.is_none();
        for before in earlier {
            let again = before.decided.who == this.decided.who && before.role == this.role;
            let ended = this.withdraws.map_or(again, |id| before.id == id);
            before.in_force &= !ended;
        }
    }
    Ok(approvals)
}

fn room(tx: &mut Transaction<'_>, version: i64) -> Result<(), Error> {
    let count = "SELECT count(*) FROM approval WHERE version = ?1";
    tx.room("decisions about a version", MAX_APPROVALS, count, &[version.into()])
}

impl Registry {
    /// Keeps the decision of a person about a version that is not deleted. Deciding again in the same role replaces what
    /// was decided before; both stay to be seen.
    pub fn decide(&self, by: By<'_>, new: &NewApproval<'_>) -> Result<Approval, Error> {
        text::short("role", new.role)?;
        text::text("reason", new.reason, MAX_TEXT)?;
        self.act(|tx| {
            let found = versions::find(tx, new.model, new.version)?;
            if found.version.artifact != new.artifact {
                return Err(Error::OtherArtifact {
                    model: found.version.model,
                    version: found.version.number,
                    existing: found.version.artifact,
                    offered: new.artifact,
                });
            }
            if found.version.state == State::Deleted {
                return Err(found.refused("nothing is left to decide about"));
            }
            room(tx, found.id)?;
            let decision = if new.approved { Decision::Approved } else { Decision::Rejected };
            let entry = found
                .entry("approval.decide")
                .detail("role", new.role)
                .detail("decision", decision.name())
                .detail("reason", new.reason)
                .evidence(new.evidence);
            let recorded = tx.record(by, &entry)?;
            let id = tx.insert(
                "INSERT INTO approval (version, artifact, role, decision, reason, sequence) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                &[
                    found.id.into(),
                    found.artifact.into(),
                    new.role.into(),
                    decision.number().into(),
                    new.reason.into(),
                    recorded.sequence.into(),
                ],
            )?;
            Ok(Approval {
                id: id as u64,
                artifact: new.artifact,
                role: new.role.to_owned(),
                decision,
                withdraws: None,
                in_force: true,
                reason: new.reason.to_owned(),
                decided: recorded.stamp(by),
            })
        })
    }

    /// Takes a decision back, as a new row beside it.
    pub fn withdraw(&self, by: By<'_>, approval: u64, reason: &str) -> Result<Approval, Error> {
        text::reason(reason)?;
        let id = text::count("number of a decision", approval)?;
        let unknown = || Error::Unknown { what: "decision", name: approval.to_string() };
        self.act(|tx| {
            let row = tx.one(
                "SELECT m.name, v.text, p.decision FROM approval p JOIN version v ON v.id = p.version \
                 JOIN model m ON m.id = v.model WHERE p.id = ?1",
                &[id.into()],
            )?;
            let mut row = row.ok_or_else(unknown)?;
            let (model, version) = (row.text()?, row.text()?);
            let withdrawn = tx.one("SELECT id FROM approval WHERE withdraws = ?1", &[id.into()])?;
            if Decision::from_number(row.integer()?)? == Decision::Withdrawn || withdrawn.is_some() {
                let name = approval.to_string();
                return Err(Error::AlreadyDone { what: "decision", name, done: "withdrawn" });
            }
            let found = versions::find(tx, &model, &version)?;
            room(tx, found.id)?;
            let entry = found
                .entry("approval.withdraw")
                .subject("approval", approval.to_string())
                .detail("reason", reason);
            let recorded = tx.record(by, &entry)?;
            let new = tx.insert(
                "INSERT INTO approval (version, artifact, role, decision, withdraws, reason, sequence) \
                 SELECT version, artifact, role, 2, id, ?1, ?2 FROM approval WHERE id = ?3 RETURNING id",
                &[reason.into(), recorded.sequence.into(), id.into()],
            )?;
            of_version(tx, found.id)?.into_iter().find(|one| one.id == new as u64).ok_or_else(unknown)
        })
    }

    /// All decisions about a version, at most [`MAX_APPROVALS`], in the order in which they were made.
    pub fn approvals(&self, model: &str, version: &str) -> Result<Vec<Approval>, Error> {
        self.read(|tx| {
            let found = versions::find(tx, model, version)?;
            of_version(tx, found.id)
        })
    }
}
