//! Lineage: what a version came from, and what came from it.

use crate::database::Row;
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry, Stamp};
use crate::transaction::{Transaction, numbered, stamp};
use crate::{Error, text, versions};

numbered! {
    /// How a version stands to what its edge leads to.
    pub enum Relation {
        /// It was trained from this data or these weights.
        TrainedFrom = 0, "trained-from";
        /// It was made from this one without training: quantised, converted, merged.
        DerivedFrom = 1, "derived-from";
        /// Its training went on from this checkpoint.
        ResumedFrom = 2, "resumed-from";
        /// It was judged by this suite or data.
        EvaluatedBy = 3, "evaluated-by";
    }
}

/// What an edge leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A version of this registry.
    Version {
        /// Its model.
        model: &'a str,
        /// Its semantic version.
        version: &'a str,
    },
    /// A digest or a URL, of at most 2048 bytes. Credentials have no place in it: it is shown to everybody.
    Other(&'a str),
}

/// One edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The version that came from the target: `model@version`.
    pub version: String,
    /// How.
    pub relation: Relation,
    /// The digest or URL of the target; for a version of this registry its artifact's digest.
    pub target: String,
    /// The target as `model@version`, where it is one of this registry.
    pub target_version: Option<String>,
    /// Who said so, and when.
    pub told: Stamp,
}

/// The most bytes of a target.
const MAX_TARGET: usize = 2048;

/// The columns of a [`Lineage`] after its key, and where they come from.
macro_rules! lineage_sql {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, m.name, v.text, e.relation, e.target, tm.name, t.text, l.sequence, w.text, l.at ",
            "FROM lineage e JOIN version v ON v.id = e.version JOIN model m ON m.id = v.model ",
            "LEFT JOIN version t ON t.id = e.target_version LEFT JOIN model tm ON tm.id = t.model ",
            "JOIN log l ON l.sequence = e.sequence JOIN label w ON w.id = l.who ",
            $rest
        )
    };
}

fn read(row: &mut Row) -> Result<Lineage, Error> {
    let version = format!("{}@{}", row.text()?, row.text()?);
    let (relation, target) = (Relation::from_number(row.integer()?)?, row.text()?);
    let target_version = match (row.optional_text()?, row.optional_text()?) {
        (Some(model), Some(version)) => Some(format!("{model}@{version}")),
        _ => None,
    };
    Ok(Lineage { version, relation, target, target_version, told: stamp(row)? })
}

/// Refuses what no edge can lead to.
pub fn check_target(text: &str) -> Result<(), Error> {
    text::text("target of an edge", text, MAX_TARGET)?;
    if text.trim().is_empty() || text.contains(char::is_whitespace) {
        return Err(Error::BadText {
            what: "target of an edge",
            text: text.chars().take(80).collect(),
            expected: "a digest or a URL without spaces",
        });
    }
    Ok(())
}

/// Adds an edge; whether it is new.
pub(crate) fn add(
    tx: &mut Transaction<'_>,
    by: By<'_>,
    found: &versions::Found,
    relation: Relation,
    target: Target<'_>,
) -> Result<bool, Error> {
    let (text, target_version) = match target {
        Target::Version { model, version } => {
            let target = versions::find(tx, model, version)?;
            (target.version.artifact.to_string(), Some(target.id))
        }
        Target::Other(text) => {
            check_target(text)?;
            (text.to_owned(), None)
        }
    };
    let known = tx.one(
        "SELECT id FROM lineage WHERE version = ?1 AND relation = ?2 AND target = ?3",
        &[found.id.into(), relation.number().into(), text.as_str().into()],
    )?;
    if known.is_some() {
        return Ok(false);
    }
    let entry =
        found.entry("lineage.add").subject("relation", relation.name()).subject("target", text.as_str());
    let recorded = tx.record(by, &entry)?;
    tx.run(
        "INSERT INTO lineage (version, relation, target, target_version, sequence) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            found.id.into(),
            relation.number().into(),
            text.into(),
            target_version.into(),
            recorded.sequence.into(),
        ],
    )?;
    Ok(true)
}

impl Registry {
    /// Adds an edge. The same edge again changes nothing and gives `false`.
    pub fn add_lineage(
        &self,
        by: By<'_>,
        model: &str,
        version: &str,
        relation: Relation,
        target: Target<'_>,
    ) -> Result<bool, Error> {
        self.act(|tx| {
            let found = versions::find(tx, model, version)?;
            add(tx, by, &found, relation, target)
        })
    }

    /// What a version came from, in the order told.
    pub fn lineage(&self, model: &str, version: &str, request: &PageRequest) -> Result<Page<Lineage>, Error> {
        const LIST: &str = "lineage";
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            let found = versions::find(tx, model, version)?;
            tx.all(
                lineage_sql!("WHERE e.version = ?1 AND e.id > ?2 ORDER BY e.id LIMIT ?3"),
                &[found.id.into(), after.into(), request.rows().into()],
            )
        })?;
        request.numbered(LIST, rows, |_, row| read(row))
    }

    /// What came from a digest or a URL, in the order told. For a version ask with its artifact's digest.
    pub fn descendants(&self, target: &str, request: &PageRequest) -> Result<Page<Lineage>, Error> {
        const LIST: &str = "descendants";
        text::text("target of an edge", target, MAX_TARGET)?;
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            tx.all(
                lineage_sql!("WHERE e.target = ?1 AND e.id > ?2 ORDER BY e.id LIMIT ?3"),
                &[target.into(), after.into(), request.rows().into()],
            )
        })?;
        request.numbered(LIST, rows, |_, row| read(row))
    }
}
