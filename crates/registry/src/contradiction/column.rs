//! Columns, and how entries of the log have them.

use reproof_digest::{Digest, Kind, blob};

use crate::database::Row;
use crate::transaction::{at, digest};
use crate::{Decision, Error, PrincipalKind, Relation};

/// A column, and where its entry has it.
pub(super) struct Field {
    /// `subject`, `digests` or `detail`; empty for the entry itself.
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) column: Column,
}

/// How a column is written in an entry.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Text,
    Number,
    Time,
    Digest(Kind),
    /// A text that the entry has the digest of.
    Hashed,
    /// A number that stands for a word; nothing where it stands for none.
    Word(fn(i64) -> Option<&'static str>),
}

impl Column {
    /// The next column, as an entry has it.
    pub(super) fn written(self, row: &mut Row) -> Result<Option<String>, Error> {
        Ok(match self {
            Self::Text => row.optional_text()?,
            Self::Number => row.optional_integer()?.map(|number| number.to_string()),
            Self::Time => row.optional_integer()?.map(at).transpose()?.map(|at| at.to_string()),
            Self::Digest(kind) => row
                .optional_bytes()?
                .map(|bytes| digest(&mut Row::new(vec![bytes.into()]), kind).map(|digest| digest.to_string()))
                .transpose()?,
            Self::Hashed => row.optional_text()?.map(|text| Digest::to_string(&blob(text.as_bytes()))),
            Self::Word(words) => row.optional_integer()?.and_then(words).map(str::to_owned),
        })
    }
}

pub(super) const fn subject(key: &'static str, column: Column) -> Field {
    Field { section: "subject", key, column }
}

pub(super) const fn digests(key: &'static str, column: Column) -> Field {
    Field { section: "digests", key, column }
}

pub(super) const fn detail(key: &'static str, column: Column) -> Field {
    Field { section: "detail", key, column }
}

pub(super) const fn own(key: &'static str, column: Column) -> Field {
    Field { section: "", key, column }
}

/// The act that a state came with, where it is not the push.
pub(super) fn state_act(number: i64) -> Option<&'static str> {
    ["version.restore", "version.retire", "version.delete"].get(usize::try_from(number).ok()?).copied()
}

/// The act that a move of an alias came with.
pub(super) fn alias_move(number: i64) -> Option<&'static str> {
    ["alias.set", "alias.revert", "alias.remove"].get(usize::try_from(number).ok()?).copied()
}

/// The act that a version came with: of a pushed one the state is active.
pub(super) fn push_act(number: i64) -> Option<&'static str> {
    (number == 0).then_some("version.push")
}

pub(super) fn decision(number: i64) -> Option<&'static str> {
    Decision::from_number(number).ok().map(Decision::name)
}

pub(super) fn relation(number: i64) -> Option<&'static str> {
    Relation::from_number(number).ok().map(Relation::name)
}

pub(super) fn principal_kind(number: i64) -> Option<&'static str> {
    PrincipalKind::from_number(number).ok().map(PrincipalKind::name)
}
