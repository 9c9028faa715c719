//! Where the tables say something else than the log: somebody wrote to the database past the registry.
//!
//! The log is what is published and signed, and the tables are what is asked. Every row names the entry that it came with, so
//! each is compared with the leaf of that entry, field by field; every entry must have its row; and of what is set again and
//! again, the row must be of the last entry. Evidence that came in batches is compared by the root over its statements.

mod batches;
mod column;
mod rules;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use self::column::Field;
use self::rules::{KEYED, Keyed, ROWS, Rows};
use crate::database::Row;
use crate::registry::Registry;
use crate::transaction::Transaction;
use crate::{Error, secret};

/// What was found, the first of it in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contradictions {
    /// The first ones, in words.
    pub told: Vec<String>,
    /// How many more there are.
    pub omitted: u64,
}

impl Contradictions {
    /// Those that are told; the rest is counted.
    const TOLD: usize = 20;

    fn add(&mut self, text: String) {
        if self.told.len() < Self::TOLD {
            self.told.push(text);
        } else {
            self.omitted += 1;
        }
    }
}

impl Registry {
    /// Compares everything that gates, aliases and rights rest on with the log. Reads all of it, in one transaction.
    pub fn contradictions(&self) -> Result<Contradictions, Error> {
        self.read(|tx| {
            let mut found = Contradictions::default();
            for rule in ROWS {
                rows(tx, rule, &mut found)?;
            }
            for rule in KEYED {
                keyed(tx, rule, &mut found)?;
            }
            for (sql, text) in rules::NONE {
                for mut row in tx.all(sql, &[])? {
                    let (first, second) = (row.text()?, row.text()?);
                    found.add(format!("{text} of {first} for {second}"));
                }
            }
            times(tx, &mut found)?;
            batches::compare(tx, &mut found)?;
            Ok(found)
        })
    }
}

/// Compares the times in force, by which the past is asked for: that of an entry is its own or that of the one before,
/// whichever is later, and that of a move the one of its entry.
fn times(tx: &mut Transaction<'_>, found: &mut Contradictions) -> Result<(), Error> {
    const LOG: &str =
        "SELECT sequence, at, effective FROM log WHERE sequence > ?1 ORDER BY sequence LIMIT 1000";
    const MOVES: &str = "SELECT e.sequence, e.effective, l.effective FROM alias_event e \
                         JOIN log l ON l.sequence = e.sequence WHERE e.sequence > ?1 ORDER BY e.sequence LIMIT 1000";
    let mut latest = i64::MIN;
    paged(tx, LOG, &mut |sequence, mut row| {
        latest = latest.max(row.integer()?);
        let effective = row.integer()?;
        if effective != latest {
            found.add(format!("entry {sequence} is in force from {effective}, and the log says {latest}"));
        }
        Ok(())
    })?;
    paged(tx, MOVES, &mut |sequence, mut row| {
        let (here, there) = (row.integer()?, row.integer()?);
        if here != there {
            found.add(format!(
                "the move of an alias of entry {sequence} is in force from {here}, not {there}"
            ));
        }
        Ok(())
    })
}

/// An entry of the log, read again.
struct Entry {
    sequence: i64,
    leaf: Json,
}

impl Entry {
    /// What it says in a section, or of itself where the section is empty.
    fn says(&self, section: &str, key: &str) -> Option<&str> {
        let place = if section.is_empty() { &self.leaf } else { &self.leaf[section] };
        place[key].as_str()
    }
}

/// Gives every entry with one of these acts, in their order.
fn entries(
    tx: &mut Transaction<'_>,
    acts: &[&'static str],
    each: &mut dyn FnMut(Entry),
) -> Result<(), Error> {
    let act = |place: usize| acts.get(place).copied().unwrap_or_default();
    let mut after = -1;
    loop {
        let parameters = [act(0).into(), act(1).into(), act(2).into(), act(3).into(), after.into()];
        let rows = tx.all(
            "SELECT l.sequence, l.leaf FROM log l JOIN label a ON a.id = l.act \
             WHERE a.text IN (?1, ?2, ?3, ?4) AND l.sequence > ?5 ORDER BY l.sequence LIMIT 1000",
            &parameters,
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            let entry = entry(&mut row)?;
            after = entry.sequence;
            each(entry);
        }
    }
}

/// The next two columns: the number of an entry, and its leaf.
fn entry(row: &mut Row) -> Result<Entry, Error> {
    let sequence = row.integer()?;
    // A leaf that is no document says nothing, which contradicts every row.
    Ok(Entry { sequence, leaf: serde_json::from_slice(&row.bytes()?).unwrap_or_default() })
}

/// Gives every row of a statement that pages by the number that it gives first: that number, and the row behind it.
fn paged(
    tx: &mut Transaction<'_>,
    sql: &'static str,
    each: &mut dyn FnMut(i64, Row) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = -1;
    loop {
        let page = tx.all(sql, &[after.into()])?;
        if page.is_empty() {
            return Ok(());
        }
        for mut row in page {
            after = row.integer()?;
            each(after, row)?;
        }
    }
}

/// Compares rows with the entries that they came with.
fn rows(tx: &mut Transaction<'_>, rule: &Rows, found: &mut Contradictions) -> Result<(), Error> {
    let mut seen = Vec::new();
    paged(tx, rule.sql, &mut |number, mut row| {
        let entry = entry(&mut row)?;
        seen.push(entry.sequence);
        let act = entry.says("", "act").unwrap_or_default();
        if !rule.acts.is_empty() && !rule.acts.contains(&act) {
            found.add(format!("{} {number} came with entry {}, which is `{act}`", rule.what, entry.sequence));
            return Ok(());
        }
        for Field { section, key, column } in rule.fields {
            let here = match column.written(&mut row) {
                Ok(here) => here,
                // What cannot even be read is a finding, and the other rows are looked at all the same.
                Err(Error::Damaged { what }) => {
                    found.add(format!("the {key} of {} {number} is none: {what}", rule.what));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let there = entry.says(section, key);
            if here.as_deref() != there {
                found.add(format!(
                    "{} {number} has {} as its {key}, and entry {} says {}",
                    rule.what,
                    here.as_deref().unwrap_or("nothing"),
                    entry.sequence,
                    there.unwrap_or("nothing")
                ));
            }
        }
        Ok(())
    })?;
    if !rule.every {
        return Ok(());
    }
    seen.sort_unstable();
    for pair in seen.windows(2).filter(|pair| pair[0] == pair[1]) {
        found.add(format!("more than one {} came with entry {}", rule.what, pair[0]));
    }
    entries(tx, rule.acts, &mut |entry| {
        if seen.binary_search(&entry.sequence).is_err() {
            found.add(format!(
                "the {} that came with entry {} is gone ({})",
                rule.what,
                entry.sequence,
                subject(&entry.leaf)
            ));
        }
    })
}

/// Compares what is set again and again with the last entry about it.
fn keyed(tx: &mut Transaction<'_>, rule: &Keyed, found: &mut Contradictions) -> Result<(), Error> {
    let mut last: BTreeMap<Vec<String>, Option<i64>> = BTreeMap::new();
    let acts = [rule.set, rule.remove].concat();
    entries(tx, &acts, &mut |entry| {
        let part = |key: &&str| entry.says("subject", key).unwrap_or_default().to_owned();
        let stays = entry.says("", "act").is_some_and(|act| rule.set.contains(&act));
        last.insert(rule.key.iter().map(part).collect(), stays.then_some(entry.sequence));
    })?;
    paged(tx, rule.sql, &mut |after, mut row| {
        let key = rule.key.iter().map(|_| row.text()).collect::<Result<Vec<_>, _>>()?;
        let name = key.join(" ");
        match last.remove(&key) {
            Some(Some(sequence)) if sequence == after => {}
            Some(Some(sequence)) => found.add(format!(
                "{} {name} is as entry {after} left it, and entry {sequence} is later",
                rule.what
            )),
            _ => found
                .add(format!("{} {name} is there, and the log says it was removed or never made", rule.what)),
        }
        Ok(())
    })?;
    for (key, sequence) in last {
        if let Some(sequence) = sequence {
            found.add(format!("{} {} of entry {sequence} is gone", rule.what, key.join(" ")));
        }
    }
    Ok(())
}

/// What an entry is about, in words.
fn subject(leaf: &Json) -> String {
    let parts = leaf["subject"].as_object().into_iter().flatten();
    let parts: Vec<String> =
        parts.map(|(key, value)| format!("{key} {}", value.as_str().unwrap_or_default())).collect();
    parts.join(", ")
}

/// A root as leaves have it.
fn root_text(root: &[u8; 32]) -> String {
    format!("rfc6962-sha256:{}", secret::hex(root))
}
