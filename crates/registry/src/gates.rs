//! Gates: the texts of the rules by which aliases may be moved. The registry keeps them; what they mean is not its matter.

use crate::Error;
use crate::database::Row;
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry, Stamp};
use crate::text::{self, MAX_FEW, MAX_GATE};
use crate::transaction::{Entry, Transaction, stamp};

/// A revision of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The models that it is for: a name in which `*` stands for any characters.
    pub pattern: String,
    /// The alias that it guards.
    pub alias: String,
    /// Counts from 1.
    pub revision: u64,
    /// The rules; `None` where this revision removed the gate.
    pub text: Option<String>,
    /// Who set it, and when.
    pub set: Stamp,
}

/// The columns of a [`Gate`] after its key, and where they come from.
macro_rules! gate_sql {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.pattern, g.alias, g.revision, g.text, l.sequence, w.text, l.at FROM gate g ",
            "JOIN log l ON l.sequence = g.sequence JOIN label w ON w.id = l.who ",
            $rest
        )
    };
}

fn read(row: &mut Row) -> Result<Gate, Error> {
    Ok(Gate {
        pattern: row.text()?,
        alias: row.text()?,
        revision: row.count()?,
        text: row.optional_text()?,
        set: stamp(row)?,
    })
}

/// The gates that a model must pass for an alias, those with the longest pattern first.
pub(crate) fn of(tx: &mut Transaction<'_>, model: &str, alias: &str) -> Result<Vec<Gate>, Error> {
    let rows =
        tx.all(gate_sql!("WHERE g.alias = ?1 AND g.superseded IS NULL ORDER BY g.pattern"), &[alias.into()])?;
    let mut gates = Vec::new();
    for mut row in rows {
        row.integer()?;
        let gate = read(&mut row)?;
        if gate.text.is_some() && text::fits(&gate.pattern, model) {
            gates.push(gate);
        }
    }
    // Stable: patterns of one length stay in their order.
    gates.sort_by_key(|gate| std::cmp::Reverse(gate.pattern.len()));
    Ok(gates)
}

impl Registry {
    /// Sets the gate of the models of a pattern for an alias, or removes it with `None`, if its revision is still
    /// `expected` (0 for none yet). At most [`MAX_FEW`] gates guard one alias.
    pub fn set_gate(
        &self,
        by: By<'_>,
        pattern: &str,
        alias: &str,
        rules: Option<&str>,
        expected: u64,
    ) -> Result<Gate, Error> {
        text::pattern(pattern)?;
        text::alias(alias)?;
        if let Some(rules) = rules {
            text::text("gate", rules, MAX_GATE)?;
        }
        self.act(|tx| {
            let current = tx.one(
                "SELECT id, revision FROM gate WHERE pattern = ?1 AND alias = ?2 AND superseded IS NULL",
                &[pattern.into(), alias.into()],
            )?;
            let (before, actual) = match current {
                Some(mut row) => (Some(row.integer()?), row.count()?),
                None => (None, 0),
            };
            if actual != expected {
                let (pattern, alias) = (pattern.to_owned(), alias.to_owned());
                return Err(Error::GateChanged { pattern, alias, expected, actual });
            }
            if before.is_none() {
                tx.room(
                    "gates of an alias",
                    MAX_FEW,
                    "SELECT count(*) FROM gate WHERE alias = ?1 AND superseded IS NULL",
                    &[alias.into()],
                )?;
            }
            let revision = actual + 1;
            let mut entry = Entry::new(if rules.is_some() { "gate.set" } else { "gate.remove" })
                .subject("pattern", pattern)
                .subject("alias", alias)
                .detail("revision", revision.to_string());
            if let Some(rules) = rules {
                entry = entry.digest("text", &reproof_digest::blob(rules.as_bytes()));
            }
            let recorded = tx.record(by, &entry)?;
            if let Some(before) = before {
                tx.run(
                    "UPDATE gate SET superseded = ?1 WHERE id = ?2",
                    &[recorded.sequence.into(), before.into()],
                )?;
            }
            tx.run(
                "INSERT INTO gate (pattern, alias, revision, text, sequence) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[
                    pattern.into(),
                    alias.into(),
                    (revision as i64).into(),
                    rules.into(),
                    recorded.sequence.into(),
                ],
            )?;
            Ok(Gate {
                pattern: pattern.to_owned(),
                alias: alias.to_owned(),
                revision,
                text: rules.map(ToOwned::to_owned),
                set: recorded.stamp(by),
            })
        })
    }

    /// The gates that a model must pass for an alias, those with the longest pattern first.
    pub fn gates(&self, model: &str, alias: &str) -> Result<Vec<Gate>, Error> {
        text::model(model)?;
        text::alias(alias)?;
        self.read(|tx| of(tx, model, alias))
    }

    /// Every gate that is in force, in the order in which they were set.
    pub fn all_gates(&self, request: &PageRequest) -> Result<Page<Gate>, Error> {
        const LIST: &str = "gates";
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            tx.all(
                gate_sql!(
                    "WHERE g.id > ?1 AND g.superseded IS NULL AND g.text IS NOT NULL ORDER BY g.id LIMIT ?2"
                ),
                &[after.into(), request.rows().into()],
            )
        })?;
        request.numbered(LIST, rows, |_, row| read(row))
    }

    /// The revisions of a gate, newest first.
    pub fn gate_history(
        &self,
        pattern: &str,
        alias: &str,
        request: &PageRequest,
    ) -> Result<Page<Gate>, Error> {
        const LIST: &str = "gate-history";
        text::pattern(pattern)?;
        text::alias(alias)?;
        let before = request.after_number(LIST)?.unwrap_or(i64::MAX);
        let rows = self.read(|tx| {
            tx.all(
                gate_sql!("WHERE g.pattern = ?1 AND g.alias = ?2 AND g.revision < ?3 ORDER BY g.revision DESC LIMIT ?4"),
                &[pattern.into(), alias.into(), before.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            row.integer()?;
            let gate = read(row)?;
            Ok((gate.revision.to_string(), gate))
        })
    }
}
