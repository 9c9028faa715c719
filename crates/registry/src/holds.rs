//! How long things are kept: retention settings, and holds that nothing overrules.

use crate::database::{Row, Value};
use crate::registry::{By, Registry, Stamp};
use crate::text::{self, MAX_FEW};
use crate::transaction::{Entry, Transaction, numbered, optional_stamp, stamp};
use crate::{Error, State, models, versions};

numbered! {
    /// What a retention setting is for.
    pub enum Retained {
        /// Versions that an alias of this name pointed to.
        Alias = 0, "alias";
        /// Versions of models of this classification.
        Classification = 1, "classification";
    }
}

/// How long versions are kept at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What the name is of.
    pub subject: Retained,
    /// The alias or classification.
    pub name: String,
    /// Seconds.
    pub seconds: u64,
    /// Who set it, and when.
    pub set: Stamp,
}

/// A hold: nothing that it covers is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub id: u64,
    /// The version; `None` where the hold covers the whole model.
    pub version: Option<String>,
    /// Why it was laid.
    pub reason: String,
    /// Who laid it, and when.
    pub laid: Stamp,
    /// Who released it, and when.
    pub released: Option<Stamp>,
    /// Why it was released.
    pub released_reason: Option<String>,
}

/// The columns of a [`Hold`], and where they come from.
macro_rules! hold_sql {
    ($rest:literal) => {
        concat!(
            "SELECT h.id, v.text, h.reason, l.sequence, w.text, l.at, r.sequence, rw.text, r.at, h.released_reason ",
            "FROM hold h LEFT JOIN version v ON v.id = h.version ",
            "JOIN log l ON l.sequence = h.sequence JOIN label w ON w.id = l.who ",
            "LEFT JOIN log r ON r.sequence = h.released LEFT JOIN label rw ON rw.id = r.who ",
            $rest
        )
    };
}

fn read(row: &mut Row) -> Result<Hold, Error> {
    Ok(Hold {
        id: row.count()?,
        version: row.optional_text()?,
        reason: row.text()?,
        laid: stamp(row)?,
        released: optional_stamp(row)?,
        released_reason: row.optional_text()?,
    })
}

fn read_all(rows: Vec<Row>) -> Result<Vec<Hold>, Error> {
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}

/// The holds in force over a version: its own and those over its model.
pub(crate) fn over(tx: &mut Transaction<'_>, model: i64, version: i64) -> Result<Vec<Hold>, Error> {
    read_all(tx.all(
        hold_sql!(
            "WHERE h.model = ?1 AND h.released IS NULL AND (h.version IS NULL OR h.version = ?2) ORDER BY h.id"
        ),
        &[model.into(), version.into()],
    )?)
}

impl Registry {
    /// Sets for how many seconds versions are kept at least, or removes the setting with `None`.
    pub fn set_retention(
        &self,
        by: By<'_>,
        subject: Retained,
        name: &str,
        seconds: Option<u64>,
    ) -> Result<(), Error> {
        match subject {
            Retained::Alias => text::alias(name)?,
            Retained::Classification => text::short("classification", name)?,
        }
        self.act(|tx| {
            let entry = Entry::new(if seconds.is_some() { "retention.set" } else { "retention.remove" })
                .subject(subject.name(), name);
            let Some(seconds) = seconds else {
                let gone = tx.run(
                    "DELETE FROM retention WHERE subject = ?1 AND name = ?2",
                    &[subject.number().into(), name.into()],
                )?;
                if gone == 0 {
                    return Err(Error::Unknown { what: "retention setting", name: name.to_owned() });
                }
                return tx.record(by, &entry).map(|_| ());
            };
            let kept = text::count("seconds of retention", seconds)?;
            let recorded = tx.record(by, &entry.detail("seconds", seconds.to_string()))?;
            tx.run(
                "INSERT INTO retention (subject, name, seconds, sequence) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subject, name) DO UPDATE SET seconds = excluded.seconds, sequence = excluded.sequence",
                &[subject.number().into(), name.into(), kept.into(), recorded.sequence.into()],
            )?;
            let count = tx.count("SELECT count(*) FROM retention", &[])?;
            if count > MAX_FEW {
                return Err(Error::TooMuch { what: "retention settings", limit: MAX_FEW, got: count });
            }
            Ok(())
        })
    }

    /// All retention settings, at most [`MAX_FEW`], by subject and name.
    pub fn retention(&self) -> Result<Vec<Retention>, Error> {
        let rows = self.read(|tx| {
            tx.all(
                "SELECT r.subject, r.name, r.seconds, l.sequence, w.text, l.at FROM retention r \
                 JOIN log l ON l.sequence = r.sequence JOIN label w ON w.id = l.who ORDER BY r.subject, r.name",
                &[],
            )
        })?;
        rows.into_iter()
            .map(|mut row| {
                Ok(Retention {
                    subject: Retained::from_number(row.integer()?)?,
                    name: row.text()?,
                    seconds: row.count()?,
                    set: stamp(&mut row)?,
                })
            })
            .collect()
    }

    /// Lays a hold on a version, or on a whole model with `None`. At most [`MAX_FEW`] are in force on a model.
    pub fn lay_hold(
        &self,
        by: By<'_>,
        model: &str,
        version: Option<&str>,
        reason: &str,
    ) -> Result<Hold, Error> {
        text::reason(reason)?;
        self.act(|tx| {
            let (model_id, version_id, entry) = if let Some(version) = version {
                let found = versions::find(tx, model, version)?;
                if found.version.state == State::Deleted {
                    return Err(found.refused("its bytes may be gone, so nothing can be held"));
                }
                (found.model, Value::from(found.id), found.entry("hold.lay"))
            } else {
                let id = models::find(tx, model)?;
                (id, Value::Null, Entry::new("hold.lay").of_model(id, model))
            };
            tx.room(
                "holds on a model",
                MAX_FEW,
                "SELECT count(*) FROM hold WHERE model = ?1 AND released IS NULL",
                &[model_id.into()],
            )?;
            let recorded = tx.record(by, &entry.detail("reason", reason))?;
            let id = tx.insert(
                "INSERT INTO hold (model, version, reason, sequence) VALUES (?1, ?2, ?3, ?4) RETURNING id",
                &[model_id.into(), version_id, reason.into(), recorded.sequence.into()],
            )?;
            Ok(Hold {
                id: id as u64,
                version: version.map(ToOwned::to_owned),
                reason: reason.to_owned(),
                laid: recorded.stamp(by),
                released: None,
                released_reason: None,
            })
        })
    }

    /// Releases a hold; it stays in the list with who released it and why.
    pub fn release_hold(&self, by: By<'_>, hold: u64, reason: &str) -> Result<(), Error> {
        text::reason(reason)?;
        let id = text::count("number of a hold", hold)?;
        self.act(|tx| {
            let row = tx.one(
                "SELECT h.model, m.name, h.released FROM hold h JOIN model m ON m.id = h.model WHERE h.id = ?1",
                &[id.into()],
            )?;
            let mut row = row.ok_or_else(|| Error::Unknown { what: "hold", name: hold.to_string() })?;
            let (model, name) = (row.integer()?, row.text()?);
            if row.optional_integer()?.is_some() {
                return Err(Error::AlreadyDone { what: "hold", name: hold.to_string(), done: "released" });
            }
            let entry = Entry::new("hold.release")
                .of_model(model, &name)
                .subject("hold", hold.to_string())
                .detail("reason", reason);
            let recorded = tx.record(by, &entry)?;
            tx.run(
                "UPDATE hold SET released = ?1, released_reason = ?2 WHERE id = ?3",
                &[recorded.sequence.into(), reason.into(), id.into()],
            )?;
            Ok(())
        })
    }

    /// The holds in force on a model and its versions, at most [`MAX_FEW`], oldest first.
    pub fn holds(&self, model: &str) -> Result<Vec<Hold>, Error> {
        self.read(|tx| {
            let model = models::find(tx, model)?;
            read_all(
                tx.all(
                    hold_sql!("WHERE h.model = ?1 AND h.released IS NULL ORDER BY h.id"),
                    &[model.into()],
                )?,
            )
        })
    }
}
