//! Writing markup from untrusted text.

use std::fmt;

use reproof_contract::Verdict;

use crate::text::{elide, prose, visible};
use crate::tone::Tone;

/// Columns of a name; whoever needs the rest has the JSON report.
const LONGEST_NAME: usize = 240;
/// Columns of a message.
const LONGEST_MESSAGE: usize = 2_000;

/// The page written so far. `write!` on it cannot fail.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) {
        fmt::Write::write_fmt(&mut self.0, arguments).expect("writing to memory does not fail");
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// A name from the report: invisible characters shown, cut in the middle, escaped for text and attributes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a>(pub(super) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(f, &elide(&visible(self.0), LONGEST_NAME))
    }
}

/// A sentence or message from the report, escaped as [`Name`]; what stands between backticks is set as code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prose<'a>(pub(super) &'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = prose(self.0, LONGEST_MESSAGE);
        let parts: Vec<&str> = text.split('`').collect();
        // A backtick without its partner is just a character.
        if parts.len().is_multiple_of(2) {
            return escape(f, &text);
        }
        for (index, part) in parts.into_iter().enumerate() {
            let is_code = index % 2 == 1;
            f.write_str(if is_code { "<code>" } else { "" })?;
            escape(f, part)?;
            f.write_str(if is_code { "</code>" } else { "" })?;
        }
        Ok(())
    }
}

fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        f.write_str(&rest[..at])?;
        f.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    f.write_str(rest)
}

/// A verdict as a coloured word with its mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chip(pub(super) Verdict);

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tone = Tone::of_verdict(self.0);
        let (class, mark) = (tone.as_str(), tone.mark());
        write!(f, "<span class=\"chip {class}\"><span aria-hidden=\"true\">{mark}</span> {}</span>", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_text_or_attribute() {
        assert_eq!(Name("<a b='c' d=\"&\">").to_string(), "&lt;a b=&#39;c&#39; d=&quot;&amp;&quot;&gt;");
        assert_eq!(Name("a\u{202e}b\n").to_string(), "a\\u{202e}b\\u{a}");
        assert_eq!(Prose("two\n lines").to_string(), "two lines");
        assert_eq!(Prose("run `a <b>` now").to_string(), "run <code>a &lt;b&gt;</code> now");
        assert_eq!(Prose("a ` b").to_string(), "a ` b");
        assert!(Name(&"&".repeat(10_000)).to_string().len() <= 240 * 5);
    }
}
