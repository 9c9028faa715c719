//! Making lines of the checklist.

use reproof_contract::Verdict;
use reproof_contract::report::{Check, CheckStatus};

/// A line without details: its status follows from its verdict.
pub(super) fn check(id: &str, title: impl Into<String>, verdict: Verdict) -> Check {
    let status = match verdict {
        Verdict::Identical | Verdict::Equivalent | Verdict::Tolerated => CheckStatus::Pass,
        Verdict::Undecided => CheckStatus::Skip,
        _ => CheckStatus::Fail,
    };
    Check {
        id: id.to_owned(),
        status,
        verdict,
        case: None,
        output: None,
        title: title.into(),
        expected: None,
        actual: None,
        hint: None,
    }
}

/// Fluent details of a line.
pub(super) trait Details {
    fn status(self, status: CheckStatus) -> Self;
    fn expected(self, text: impl Into<String>) -> Self;
    fn actual(self, text: impl Into<String>) -> Self;
    fn hint(self, text: impl Into<String>) -> Self;
    fn case(self, name: impl Into<String>) -> Self;
    fn output(self, path: impl Into<String>) -> Self;
}

impl Details for Check {
    fn status(mut self, status: CheckStatus) -> Self {
        self.status = status;
        self
    }

    fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    fn actual(mut self, text: impl Into<String>) -> Self {
        self.actual = Some(text.into());
        self
    }

    fn hint(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.hint = (!text.is_empty()).then_some(text);
        self
    }

    fn case(mut self, name: impl Into<String>) -> Self {
        self.case = Some(name.into());
        self
    }

    fn output(mut self, path: impl Into<String>) -> Self {
        self.output = Some(path.into());
        self
    }
}
