//! Aliases: names that move from version to version, and what they pointed to on any day.

use reproof_digest::Digest;

use crate::database::{Row, Value};
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry, Stamp};
use crate::text::MAX_FEW;
use crate::transaction::{Recorded, Transaction, numbered, stamp};
use crate::versions::Found;
use crate::{At, Error, State, facts, models, notes, text, versions};

numbered! {
    /// How an alias came to point where it does.
    pub enum AliasMove {
        /// It was set to a version.
        Set = 0, "set";
        /// It was set back to a version that it had pointed to.
        Reverted = 1, "reverted";
        /// It points nowhere any more.
        Removed = 2, "removed";
    }
}

/// An alias to be moved.
#[derive(Clone, Copy, Debug)]
pub struct MoveAlias<'a> {
    /// The model's name.
    pub model: &'a str,
    /// `[a-z0-9._-]{1,64}`.
    pub alias: &'a str,
    /// The version that the caller believes it points to; `None` for nowhere. Otherwise nothing happens, and the error
    /// tells who moved it.
    pub expected: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
    /// The digests of the statements that the decision rests on, at most 256.
    pub evidence: &'a [Digest],
    /// What was known when it was decided, of [`crate::GateFacts::as_of`]; `None` where nothing was asked. If a gate, a
    /// decision, a flag or evidence came since, nothing happens, and the decision is to be made again.
    pub as_of: Option<u64>,
}

/// Where an alias points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its name.
    pub name: String,
    /// The version; `None` for nowhere.
    pub version: Option<String>,
    /// Who moved it last, and when.
    pub since: Stamp,
}

/// One move of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasEvent {
    /// How.
    pub kind: AliasMove,
    /// The version that it points to from here on.
    pub version: Option<String>,
    /// The version that it pointed to before.
    pub previous: Option<String>,
    /// Why.
    pub reason: String,
    /// Who, and when.
    pub moved: Stamp,
}

/// The columns of an [`AliasEvent`], and where they come from.
macro_rules! event_sql {
    ($rest:literal) => {
        concat!(
            "SELECT l.sequence, w.text, l.at, e.kind, v.text, p.text, e.reason FROM alias_event e ",
            "JOIN log l ON l.sequence = e.sequence JOIN label w ON w.id = l.who ",
            "LEFT JOIN version v ON v.id = e.version LEFT JOIN version p ON p.id = e.previous ",
            $rest
        )
    };
}

fn read_event(row: &mut Row) -> Result<AliasEvent, Error> {
    let moved = stamp(row)?;
    Ok(AliasEvent {
        kind: AliasMove::from_number(row.integer()?)?,
        version: row.optional_text()?,
        previous: row.optional_text()?,
        reason: row.text()?,
        moved,
    })
}

/// An alias with its keys.
struct Pointer {
    id: i64,
    model: i64,
    version: Option<i64>,
    alias: Alias,
}

fn pointer(tx: &mut Transaction<'_>, model: i64, name: &str) -> Result<Option<Pointer>, Error> {
    text::alias(name)?;
    let row = tx.one(
        "SELECT a.id, a.version, a.name, v.text, l.sequence, w.text, l.at FROM alias a \
         JOIN log l ON l.sequence = a.sequence JOIN label w ON w.id = l.who LEFT JOIN version v ON v.id = a.version \
         WHERE a.model = ?1 AND a.name = ?2",
        &[model.into(), name.into()],
    )?;
    row.map(|mut row| {
        Ok(Pointer {
            id: row.integer()?,
            model,
            version: row.optional_integer()?,
            alias: Alias { name: row.text()?, version: row.optional_text()?, since: stamp(&mut row)? },
        })
    })
    .transpose()
}

pub(crate) fn get(tx: &mut Transaction<'_>, model: i64, name: &str) -> Result<Option<Alias>, Error> {
    Ok(pointer(tx, model, name)?.map(|pointer| pointer.alias))
}

/// The names of the aliases that point to a version.
pub(crate) fn of_version(tx: &mut Transaction<'_>, version: i64) -> Result<Vec<String>, Error> {
    tx.all("SELECT name FROM alias WHERE version = ?1 ORDER BY name", &[version.into()])?
        .into_iter()
        .map(|mut row| row.text())
        .collect()
}

/// Compares where an alias points with what the caller believes.
fn check_expected(pointer: Option<&Pointer>, request: &MoveAlias<'_>) -> Result<(), Error> {
    let actual = pointer.and_then(|pointer| pointer.alias.version.as_deref());
    if actual == request.expected {
        return Ok(());
    }
    Err(Error::AliasMoved {
        model: request.model.to_owned(),
        alias: request.alias.to_owned(),
        expected: request.expected.map(ToOwned::to_owned),
        actual: actual.map(ToOwned::to_owned),
        last: pointer.map(|pointer| Box::new(pointer.alias.since.clone())),
    })
}

/// Refuses to point to what is not active.
fn check_target(tx: &mut Transaction<'_>, target: &Found) -> Result<(), Error> {
    if target.version.state != State::Active {
        return Err(target.refused("an alias points to active versions only"));
    }
    if notes::open_flags(tx, target.id)?.is_empty() {
        return Ok(());
    }
    Err(target.refused("it is flagged, and no alias moves to it until the flag is cleared"))
}

/// Writes a move that was found right.
fn write(
    tx: &mut Transaction<'_>,
    by: By<'_>,
    request: &MoveAlias<'_>,
    (model, pointer): (i64, Option<Pointer>),
    kind: AliasMove,
    target: Option<&Found>,
) -> Result<AliasEvent, Error> {
    let act = match kind {
        AliasMove::Set => "alias.set",
        AliasMove::Reverted => "alias.revert",
        AliasMove::Removed => "alias.remove",
    };
    let entry = match target {
        Some(target) => target.entry(act),
        None => crate::transaction::Entry::new(act).of_model(model, request.model),
    };
    let mut entry =
        entry.subject("alias", request.alias).detail("reason", request.reason).evidence(request.evidence);
    if let Some(previous) = request.expected {
        entry = entry.detail("previous", previous);
    }
    let recorded = tx.record(by, &entry)?;
    let Recorded { sequence, effective } = recorded;
    let version: Value = target.map(|target| target.id).into();
    let previous = pointer.as_ref().and_then(|pointer| pointer.version);
    let alias = if let Some(pointer) = pointer {
        tx.run(
            "UPDATE alias SET version = ?1, sequence = ?2 WHERE id = ?3",
            &[version.clone(), sequence.into(), pointer.id.into()],
        )?;
        pointer.id
    } else {
        tx.room(
            "aliases of a model",
            MAX_FEW,
            "SELECT count(*) FROM alias WHERE model = ?1",
            &[model.into()],
        )?;
        tx.insert(
            "INSERT INTO alias (model, name, version, sequence) VALUES (?1, ?2, ?3, ?4) RETURNING id",
            &[model.into(), request.alias.into(), version.clone(), sequence.into()],
        )?
    };
    tx.run(
        "INSERT INTO alias_event (sequence, alias, kind, version, previous, reason, effective) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            sequence.into(),
            alias.into(),
            kind.number().into(),
            version,
            previous.into(),
            request.reason.into(),
            effective.into(),
        ],
    )?;
    Ok(AliasEvent {
        kind,
        version: target.map(|target| target.version.number.clone()),
        previous: request.expected.map(ToOwned::to_owned),
        reason: request.reason.to_owned(),
        moved: recorded.stamp(by),
    })
}

/// Moves that are looked at to find out what to go back to.
const LOOKED_AT: i64 = 10_000;

/// The version to go back to: the one before, and after going back the one before that, so that in an incident the same
/// command can be given until it is over.
fn before(tx: &mut Transaction<'_>, pointer: &Pointer, request: &MoveAlias<'_>) -> Result<String, Error> {
    let rows = tx.all(
        "SELECT e.kind, p.text FROM alias_event e LEFT JOIN version p ON p.id = e.version \
         WHERE e.alias = ?1 ORDER BY e.sequence DESC LIMIT ?2",
        &[pointer.id.into(), LOOKED_AT.into()],
    )?;
    let mut path: Vec<String> = Vec::new();
    let mut points = false;
    for mut row in rows.into_iter().rev() {
        let kind = AliasMove::from_number(row.integer()?)?;
        let version = row.optional_text()?;
        points = version.is_some();
        let Some(version) = version else { continue };
        match path.iter().rposition(|earlier| *earlier == version) {
            Some(place) if kind == AliasMove::Reverted => path.truncate(place + 1),
            _ if path.last() == Some(&version) => {}
            _ => path.push(version),
        }
    }
    if points {
        path.pop();
    }
    path.pop().ok_or_else(|| Error::NothingToRevert {
        model: request.model.to_owned(),
        alias: request.alias.to_owned(),
        problem: "it pointed to no version before".to_owned(),
    })
}

impl Registry {
    /// Points an alias to an active version, if it still points where the caller believes.
    pub fn set_alias(&self, by: By<'_>, request: &MoveAlias<'_>, version: &str) -> Result<AliasEvent, Error> {
        text::reason(request.reason)?;
        self.act(|tx| {
            let target = versions::find(tx, request.model, version)?;
            let pointer = pointer(tx, target.model, request.alias)?;
            check_expected(pointer.as_ref(), request)?;
            if request.as_of.is_some() && facts::changed_since(tx, request.as_of)? {
                return Err(Error::DecidedBefore {
                    model: request.model.to_owned(),
                    alias: request.alias.to_owned(),
                });
            }
            check_target(tx, &target)?;
            write(tx, by, request, (target.model, pointer), AliasMove::Set, Some(&target))
        })
    }

    /// Points an alias back to a version that it pointed to earlier: to `version`, or to the one before the present one; done
    /// again, to the one before that. This is a new move; nothing of the history goes away.
    pub fn revert_alias(
        &self,
        by: By<'_>,
        request: &MoveAlias<'_>,
        version: Option<&str>,
    ) -> Result<AliasEvent, Error> {
        text::reason(request.reason)?;
        self.act(|tx| {
            let model = models::find(tx, request.model)?;
            let pointer = pointer(tx, model, request.alias)?
                .ok_or_else(|| Error::Unknown { what: "alias", name: request.alias.to_owned() })?;
            check_expected(Some(&pointer), request)?;
            let version = match version {
                Some(version) => version.to_owned(),
                None => before(tx, &pointer, request)?,
            };
            let target = versions::find(tx, request.model, &version)?;
            let earlier = tx.one(
                "SELECT sequence FROM alias_event WHERE alias = ?1 AND version = ?2 LIMIT 1",
                &[pointer.id.into(), target.id.into()],
            )?;
            if earlier.is_none() {
                return Err(Error::NothingToRevert {
                    model: request.model.to_owned(),
                    alias: request.alias.to_owned(),
                    problem: format!("it never pointed to {version}"),
                });
            }
            check_target(tx, &target)?;
            write(tx, by, request, (pointer.model, Some(pointer)), AliasMove::Reverted, Some(&target))
        })
    }

    /// Lets an alias point nowhere. Its history stays.
    pub fn remove_alias(&self, by: By<'_>, request: &MoveAlias<'_>) -> Result<AliasEvent, Error> {
        text::reason(request.reason)?;
        self.act(|tx| {
            let model = models::find(tx, request.model)?;
            let pointer = pointer(tx, model, request.alias)?
                .filter(|pointer| pointer.version.is_some())
                .ok_or_else(|| Error::Unknown { what: "alias", name: request.alias.to_owned() })?;
            check_expected(Some(&pointer), request)?;
            write(tx, by, request, (model, Some(pointer)), AliasMove::Removed, None)
        })
    }

    /// Where an alias points; one that was never set is unknown.
    pub fn alias(&self, model: &str, alias: &str) -> Result<Alias, Error> {
        self.read(|tx| {
            let id = models::find(tx, model)?;
            get(tx, id, alias)?
                .ok_or_else(|| Error::Unknown { what: "alias", name: format!("{model}@{alias}") })
        })
    }

    /// The aliases of a model by name, also those that point nowhere any more: at most [`MAX_FEW`].
    pub fn aliases(&self, model: &str) -> Result<Vec<Alias>, Error> {
        let rows = self.read(|tx| {
            let model = models::find(tx, model)?;
            tx.all(
                "SELECT a.name, v.text, l.sequence, w.text, l.at FROM alias a JOIN log l ON l.sequence = a.sequence \
                 JOIN label w ON w.id = l.who LEFT JOIN version v ON v.id = a.version \
                 WHERE a.model = ?1 ORDER BY a.name",
                &[model.into()],
            )
        })?;
        rows.into_iter()
            .map(|mut row| {
                Ok(Alias { name: row.text()?, version: row.optional_text()?, since: stamp(&mut row)? })
            })
            .collect()
    }

    /// The moves of an alias, newest first.
    pub fn alias_history(
        &self,
        model: &str,
        alias: &str,
        request: &PageRequest,
    ) -> Result<Page<AliasEvent>, Error> {
        const LIST: &str = "alias-history";
        let before = request.after_number(LIST)?.unwrap_or(i64::MAX);
        let rows = self.read(|tx| {
            let model = models::find(tx, model)?;
            let Some(pointer) = pointer(tx, model, alias)? else { return Ok(Vec::new()) };
            tx.all(
                event_sql!("WHERE e.alias = ?1 AND e.sequence < ?2 ORDER BY e.sequence DESC LIMIT ?3"),
                &[pointer.id.into(), before.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            let event = read_event(row)?;
            Ok((event.moved.sequence.to_string(), event))
        })
    }

    /// The last move of an alias up to a moment: what it pointed to then. `None` if it was not set yet. An act whose clock
    /// was behind counts at the time of the act before it, so that the order is that of the log.
    pub fn alias_at(&self, model: &str, alias: &str, at: At) -> Result<Option<AliasEvent>, Error> {
        self.read(|tx| {
            let model = models::find(tx, model)?;
            let Some(pointer) = pointer(tx, model, alias)? else { return Ok(None) };
            tx.one(
                event_sql!(
                    "WHERE e.alias = ?1 AND e.effective <= ?2 ORDER BY e.effective DESC, e.sequence DESC LIMIT 1"
                ),
                &[pointer.id.into(), at.microseconds().into()],
            )?
            .map(|mut row| read_event(&mut row))
            .transpose()
        })
    }
}
