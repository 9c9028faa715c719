//! The facts that an expression can ask for, and the types of values.

use std::fmt;

use reproof_contract::{Assurance, Verdict};

use crate::role::Role;
use crate::words::UnknownWord;

/// Words with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ladder {
    /// Verdicts, the best first.
    Verdict,
    /// Assurance, the least first.
    Assurance,
    /// Severities of a scan, from `none`.
    Severity,
    /// What a scan comes to, the best first.
    Scan,
}

impl Ladder {
    fn words(self) -> Vec<&'static str> {
        match self {
            Self::Verdict => Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect(),
            Self::Assurance => Assurance::ALL.iter().map(|assurance| assurance.as_str()).collect(),
            Self::Severity => vec!["none", "info", "warning", "dangerous"],
            Self::Scan => vec!["clean", "incomplete", "findings"],
        }
    }

    /// The place of a word, from 0.
    pub(super) fn rank(self, word: &str) -> Result<usize, UnknownWord> {
        let words = self.words();
        let place = words.iter().position(|known| *known == word);
        place.ok_or_else(|| UnknownWord::new(word, words.iter().copied()))
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Number,
    Text,
    Texts,
    Period,
    Ladder(Ladder),
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a condition",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Period => "a period",
            Self::Ladder(Ladder::Verdict) => "a verdict",
            Self::Ladder(Ladder::Assurance) => "an assurance",
            Self::Ladder(Ladder::Severity) => "a severity",
            Self::Ladder(Ladder::Scan) => "a scan's verdict",
        })
    }
}

/// A fact by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Verdict,
    Assurance,
    Age,
    Environments,
    ScanVerdict,
    ScanSeverity,
    ScanAge,
    Signed,
    Signatures,
    Approvals(Option<Role>),
    Submitter,
    Flags,
    Classification,
    Tags,
    Lint,
    Model,
    Version,
}

/// Every fact with its name and type.
pub(super) const FACTS: &[(&str, Fact, Type)] = &[
    ("verdict", Fact::Verdict, Type::Ladder(Ladder::Verdict)),
    ("assurance", Fact::Assurance, Type::Ladder(Ladder::Assurance)),
    ("age", Fact::Age, Type::Period),
    ("environments", Fact::Environments, Type::Texts),
    ("scan.verdict", Fact::ScanVerdict, Type::Ladder(Ladder::Scan)),
    ("scan.severity", Fact::ScanSeverity, Type::Ladder(Ladder::Severity)),
    ("scan.age", Fact::ScanAge, Type::Period),
    ("signed", Fact::Signed, Type::Bool),
    ("signatures", Fact::Signatures, Type::Texts),
    ("approvals", Fact::Approvals(None), Type::Texts),
    ("approvals.reviewer", Fact::Approvals(Some(Role::Reviewer)), Type::Texts),
    ("approvals.maintainer", Fact::Approvals(Some(Role::Maintainer)), Type::Texts),
    ("submitter", Fact::Submitter, Type::Text),
    ("flags", Fact::Flags, Type::Texts),
    ("classification", Fact::Classification, Type::Text),
    ("tags", Fact::Tags, Type::Texts),
    ("lint", Fact::Lint, Type::Texts),
    ("model", Fact::Model, Type::Text),
    ("version", Fact::Version, Type::Text),
];

impl Fact {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        FACTS.iter().find(|(_, fact, _)| *fact == self).map_or("", |(name, _, _)| name)
    }
}
