//! What people say of a version: tags, notes and flags.

use crate::database::Row;
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry, Stamp};
use crate::text::{self, MAX_FEW, MAX_TEXT};
use crate::transaction::{Transaction, optional_stamp, stamp};
use crate::{Batch, Error, NewEvidence, State, Version, evidence, versions};

/// A note of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// Who wrote it, and when.
    pub written: Stamp,
}

/// A warning that stays on a version until somebody clears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its number.
    pub id: u64,
    /// Why it was raised.
    pub reason: String,
    /// Who raised it, and when.
    pub raised: Stamp,
    /// Who cleared it, and when.
    pub cleared: Option<Stamp>,
    /// Why it was cleared.
    pub cleared_reason: Option<String>,
}

/// A tag: a key and a value.
pub type Tag = (String, String);

/// The columns of a [`Flag`], and where they come from.
macro_rules! flag_sql {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, f.reason, l.sequence, w.text, l.at, c.sequence, cw.text, c.at, f.cleared_reason FROM flag f ",
            "JOIN log l ON l.sequence = f.sequence JOIN label w ON w.id = l.who ",
            "LEFT JOIN log c ON c.sequence = f.cleared LEFT JOIN label cw ON cw.id = c.who ",
            $rest
        )
    };
}

fn read_flag(row: &mut Row) -> Result<Flag, Error> {
    Ok(Flag {
        id: row.count()?,
        reason: row.text()?,
        raised: stamp(row)?,
        cleared: optional_stamp(row)?,
        cleared_reason: row.optional_text()?,
    })
}

/// The tags of a version by key.
pub(crate) fn tags(tx: &mut Transaction<'_>, version: i64) -> Result<Vec<Tag>, Error> {
    tx.all("SELECT key, value FROM tag WHERE version = ?1 ORDER BY key", &[version.into()])?
        .into_iter()
        .map(|mut row| Ok((row.text()?, row.text()?)))
        .collect()
}

/// The flags of a version that nobody cleared.
pub(crate) fn open_flags(tx: &mut Transaction<'_>, version: i64) -> Result<Vec<Flag>, Error> {
    tx.all(flag_sql!("WHERE f.version = ?1 AND f.cleared IS NULL ORDER BY f.id"), &[version.into()])?
        .into_iter()
        .map(|mut row| read_flag(&mut row))
        .collect()
}

/// Refuses what is no tag.
pub fn check_tag(key: &str, value: Option<&str>) -> Result<(), Error> {
    text::short("tag", key)?;
    value.map_or(Ok(()), |value| text::text("value of a tag", value, text::MAX_SHORT))
}

/// Sets a tag.
pub(crate) fn tag(
    tx: &mut Transaction<'_>,
    by: By<'_>,
    found: &versions::Found,
    key: &str,
    value: &str,
) -> Result<(), Error> {
    let recorded = tx.record(by, &found.entry("tag.set").subject("tag", key).detail("value", value))?;
    tx.run(
        "INSERT INTO tag (version, key, value, sequence) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (version, key) DO UPDATE SET value = excluded.value, sequence = excluded.sequence",
        &[found.id.into(), key.into(), value.into(), recorded.sequence.into()],
    )?;
    let count = tx.count("SELECT count(*) FROM tag WHERE version = ?1", &[found.id.into()])?;
    if count > MAX_FEW {
        return Err(Error::TooMuch { what: "tags of a version", limit: MAX_FEW, got: count });
    }
    Ok(())
}

fn untag(tx: &mut Transaction<'_>, by: By<'_>, found: &versions::Found, key: &str) -> Result<(), Error> {
    let gone = tx.run("DELETE FROM tag WHERE version = ?1 AND key = ?2", &[found.id.into(), key.into()])?;
    if gone == 0 {
        return Err(Error::Unknown { what: "tag", name: key.to_owned() });
    }
    tx.record(by, &found.entry("tag.remove").subject("tag", key)).map(|_| ())
}

/// Raises a flag.
fn flag(tx: &mut Transaction<'_>, by: By<'_>, found: &versions::Found, reason: &str) -> Result<Flag, Error> {
    let open = open_flags(tx, found.id)?.len() as u64;
    if open >= MAX_FEW {
        return Err(Error::TooMuch { what: "open flags of a version", limit: MAX_FEW, got: open + 1 });
    }
    let recorded = tx.record(by, &found.entry("flag.raise").detail("reason", reason))?;
    let id = tx.insert(
        "INSERT INTO flag (version, reason, sequence) VALUES (?1, ?2, ?3) RETURNING id",
        &[found.id.into(), reason.into(), recorded.sequence.into()],
    )?;
    Ok(Flag {
        id: id as u64,
        reason: reason.to_owned(),
        raised: recorded.stamp(by),
        cleared: None,
        cleared_reason: None,
    })
}

impl Registry {
    /// Sets the value of a tag, or removes it with `None`. A version has at most [`MAX_FEW`] tags.
    pub fn set_tag(
        &self,
        by: By<'_>,
        model: &str,
        version: &str,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), Error> {
        check_tag(key, value)?;
        self.act(|tx| {
            let found = versions::find(tx, model, version)?;
            match value {
                Some(value) => tag(tx, by, &found, key, value),
                None => untag(tx, by, &found, key),
            }
        })
    }

    /// The tags of a version by key.
    pub fn tags(&self, model: &str, version: &str) -> Result<Vec<Tag>, Error> {
        self.read(|tx| {
            let found = versions::find(tx, model, version)?;
            tags(tx, found.id)
        })
    }

    /// Adds a note of at most [`MAX_TEXT`] bytes. Notes are never changed.
    pub fn add_note(&self, by: By<'_>, model: &str, version: &str, note: &str) -> Result<Note, Error> {
        text::reason(note)?;
        text::text("note", note, MAX_TEXT)?;
        self.act(|tx| {
            let found = versions::find(tx, model, version)?;
            let recorded = tx.record(by, &found.entry("note.add").detail("text", note))?;
            tx.run(
                "INSERT INTO note (sequence, version, text) VALUES (?1, ?2, ?3)",
                &[recorded.sequence.into(), found.id.into(), note.into()],
            )?;
            let written = recorded.stamp(by);
            Ok(Note { text: note.to_owned(), written })
        })
    }

    /// The notes on a version, oldest first.
    pub fn notes(&self, model: &str, version: &str, request: &PageRequest) -> Result<Page<Note>, Error> {
        const LIST: &str = "notes";
        let after = request.after_number(LIST)?.unwrap_or(-1);
        let rows = self.read(|tx| {
            let found = versions::find(tx, model, version)?;
            tx.all(
                "SELECT l.sequence, w.text, l.at, n.text FROM note n JOIN log l ON l.sequence = n.sequence \
                 JOIN label w ON w.id = l.who WHERE n.version = ?1 AND n.sequence > ?2 ORDER BY n.sequence LIMIT ?3",
                &[found.id.into(), after.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            let written = stamp(row)?;
            Ok((written.sequence.to_string(), Note { text: row.text()?, written }))
        })
    }

    /// Raises a flag on a version. At most [`MAX_FEW`] are open at a time.
    pub fn raise_flag(&self, by: By<'_>, model: &str, version: &str, reason: &str) -> Result<Flag, Error> {
        text::reason(reason)?;
        self.act(|tx| {
            let found = versions::find(tx, model, version)?;
            flag(tx, by, &found, reason)
        })
    }

    /// Adds a finding against a version, and if it is new flags the version as well, unless it is flagged or not active;
    /// whether it was.
    pub fn add_negative_evidence(
        &self,
        by: By<'_>,
        evidence: &NewEvidence<'_>,
        model: &str,
        version: &str,
        reason: &str,
    ) -> Result<(Batch, bool), Error> {
        text::reason(reason)?;
        evidence::check(std::slice::from_ref(evidence))?;
        self.act(|tx| {
            let batch = evidence::add(tx, by, std::slice::from_ref(evidence))?;
            let found = versions::find(tx, model, version)?;
            let flagged = batch.added > 0
                && found.version.state == State::Active
                && open_flags(tx, found.id)?.is_empty();
            if flagged {
                flag(tx, by, &found, reason)?;
            }
            Ok((batch, flagged))
        })
    }

    /// Clears a flag; it stays in the list of flags with who cleared it and why.
    pub fn clear_flag(&self, by: By<'_>, flag: u64, reason: &str) -> Result<Version, Error> {
        text::reason(reason)?;
        let id = text::count("number of a flag", flag)?;
        self.act(|tx| {
            let row = tx.one(
                "SELECT m.name, v.text, f.cleared FROM flag f JOIN version v ON v.id = f.version \
                 JOIN model m ON m.id = v.model WHERE f.id = ?1",
                &[id.into()],
            )?;
            let mut row = row.ok_or_else(|| Error::Unknown { what: "flag", name: flag.to_string() })?;
            let (model, version) = (row.text()?, row.text()?);
            if row.optional_integer()?.is_some() {
                return Err(Error::AlreadyDone { what: "flag", name: flag.to_string(), done: "cleared" });
            }
            let found = versions::find(tx, &model, &version)?;
            let entry = found.entry("flag.clear").subject("flag", flag.to_string()).detail("reason", reason);
            let recorded = tx.record(by, &entry)?;
            tx.run(
                "UPDATE flag SET cleared = ?1, cleared_reason = ?2 WHERE id = ?3",
                &[recorded.sequence.into(), reason.into(), id.into()],
            )?;
            Ok(found.version)
        })
    }

    /// The flags of a version, cleared ones too, oldest first.
    pub fn flags(&self, model: &str, version: &str, request: &PageRequest) -> Result<Page<Flag>, Error> {
        const LIST: &str = "flags";
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            let found = versions::find(tx, model, version)?;
            tx.all(
                flag_sql!("WHERE f.version = ?1 AND f.id > ?2 ORDER BY f.id LIMIT ?3"),
                &[found.id.into(), after.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            let flag = read_flag(row)?;
            Ok((flag.id.to_string(), flag))
        })
    }
}
