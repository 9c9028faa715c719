//! How good or bad something is, and the mark that says so without colour.

use reproof_contract::report::{Check, CheckStatus, Grade};
use reproof_contract::{Report, Verdict};

/// How good or bad something is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// As promised.
    Good,
    /// Not done.
    Muted,
    /// Worth a look.
    Notice,
    /// No answer.
    Open,
    /// The promise is broken.
    Bad,
}

impl Tone {
    /// The tone of a verdict by itself.
    pub(crate) fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Identical | Verdict::Equivalent => Self::Good,
            Verdict::Tolerated => Self::Notice,
            Verdict::Undecided => Self::Open,
            Verdict::Drifted | Verdict::Incomparable | Verdict::Unloadable | Verdict::Corrupt => Self::Bad,
        }
    }

    /// The tone of a report: its verdict against the required one.
    pub(crate) fn of_report(report: &Report) -> Self {
        match Self::of_verdict(report.verdict) {
            Self::Good | Self::Notice if !report.verdict.reaches(report.required) => Self::Bad,
            tone => tone,
        }
    }

    /// The tone of a check. One that could not be decided is open, whatever its status.
    pub(crate) fn of_check(check: &Check) -> Self {
        match check.status {
            CheckStatus::Fail | CheckStatus::Skip if check.verdict == Verdict::Undecided => Self::Open,
            CheckStatus::Pass if check.verdict == Verdict::Tolerated => Self::Notice,
            CheckStatus::Pass => Self::Good,
            CheckStatus::Warn => Self::Notice,
            CheckStatus::Fail => Self::Bad,
            CheckStatus::Skip => Self::Muted,
        }
    }

    /// The tone of a difference of environments.
    pub(crate) fn of_grade(grade: Grade) -> Self {
        match grade {
            Grade::Harmless => Self::Muted,
            Grade::MayMoveBits => Self::Notice,
            Grade::MayChangeResults => Self::Bad,
        }
    }

    /// One character, one column wide.
    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Notice => "!",
            Self::Open => "?",
            Self::Bad => "✗",
            Self::Muted => "–",
        }
    }

    /// A fixed word, for style sheets.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Open => "open",
            Self::Bad => "bad",
            Self::Muted => "muted",
        }
    }
}
