//! The language of gates: one question about the facts of one version.
//!
//! ```text
//! verdict <= "equivalent" and "cpu-x86_64" in environments and count(approvals.reviewer) >= 2
//! scan.severity < "warning" or tag("stage") == "research"
//! age < 30d and not ("restricted" == classification)
//! ```
//!
//! It is checked when it is written, not when somebody promotes: names, types and words of a ladder are known, and a mistake is
//! told with its column and what was probably meant. An expression is at most [`MAX_LENGTH`] bytes and nests at most
//! [`MAX_DEPTH`] deep; there are no loops and nothing that could run long.
//!
//! What is not known makes an answer unknown, unless the rest decides: `unknown or true` is true, `unknown and false` is false.
//! An unknown answer is never a yes.
//!
//! A general language (CEL) was tried: its crate brings a parser generator's runtime, and would find a misspelt name only when a
//! promotion meets it.

mod check;
mod evaluate;
mod fact;
mod parse;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use evaluate::Truth;

use crate::facts::Facts;
use check::Term;

/// The most bytes of an expression.
pub const MAX_LENGTH: usize = 4096;

/// How deep parentheses, calls and `not` may nest.
pub const MAX_DEPTH: usize = 32;

/// A checked expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    source: String,
    term: Term,
}

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expression, column {column}: {problem}")]
pub struct ExpressionError {
    /// The character, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is too long.
    #[error("{got} bytes, expected at most {MAX_LENGTH}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// It nests too deep.
    #[error("nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// A character that begins nothing.
    #[error("unexpected character `{}`{}", visible(*got), hint(*got))]
    Character {
        /// The character.
        got: char,
    },
    /// A text without its end.
    #[error("text without a closing quote")]
    OpenText,
    /// A number that is none.
    #[error("`{got}` is no number; periods are a whole number with y, w, d, h, m or s")]
    Number {
        /// What stands there.
        got: String,
    },
    /// Something else must stand here.
    #[error("expected {expected}, got {got}")]
    Expected {
        /// What.
        expected: &'static str,
        /// What stands there.
        got: String,
    },
    /// A fact or function that does not exist.
    #[error("unknown {what} `{got}`{}; known are {known}", crate::suggestion::sentence(suggestion.as_deref()))]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The name.
        got: String,
        /// What was probably meant.
        suggestion: Option<String>,
        /// All names.
        known: String,
    },
    /// A word that its ladder does not have.
    #[error(transparent)]
    Word(#[from] crate::words::UnknownWord),
    /// A value of another type is needed.
    #[error("expected {expected}, got {got}")]
    Type {
        /// The types that fit.
        expected: String,
        /// The type of what stands there.
        got: String,
    },
    /// Values that this operator does not compare.
    #[error("`{operator}` does not compare {left} with {right}")]
    Compare {
        /// The operator.
        operator: &'static str,
        /// The type on its left.
        left: String,
        /// The type on its right.
        right: String,
    },
}

/// A character that does nothing to the terminal that shows it.
fn visible(character: char) -> String {
    if character.is_alphanumeric() || character.is_ascii_punctuation() {
        character.to_string()
    } else {
        character.escape_unicode().to_string()
    }
}

fn hint(character: char) -> &'static str {
    match character {
        '&' => "; write `and`",
        '|' => "; write `or`",
        '!' => "; write `not`, or `!=` to compare",
        '=' => "; write `==` to compare",
        '\'' => "; texts stand in double quotes",
        _ => "",
    }
}

impl Expression {
    /// The answer for `facts` at the time `now`, in seconds since 1970.
    pub fn evaluate(&self, facts: &Facts, now: u64) -> Truth {
        evaluate::truth(&self.term, facts, now)
    }

    /// The text that it was read from.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_LENGTH {
            return Err(ExpressionError { column: 1, problem: Problem::TooLong { got: text.len() } });
        }
        let parsed = parse::parse(text)?;
        Ok(Self { source: text.to_owned(), term: check::condition(&parsed)? })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
