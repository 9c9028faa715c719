//! Words, numbers, texts and signs of an expression.

use super::{ExpressionError, Problem};
use crate::period::Period;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name with its members, such as `scan.verdict`, or a word of the language.
    Name(String),
    Text(String),
    Number(f64),
    Period(Period),
    Sign(&'static str),
    End,
}

impl Token {
    /// As messages name it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Text(text) => {
                format!("the text \"{}\"", text.chars().take(40).collect::<String>().escape_debug())
            }
            Self::Number(number) => format!("`{number}`"),
            Self::Period(period) => format!("`{period}`"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// A token and the character that it begins at, from 1.
pub(super) type Placed = (Token, usize);

/// The longest signs first.
const SIGNS: [&str; 12] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", "-"];

/// The tokens of a text, and the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, ExpressionError> {
    let mut tokens = Vec::new();
    let (mut rest, mut column) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let error = |problem| ExpressionError { column, problem };
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = span(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            tokens.push((Token::Name(rest[..length].to_owned()), column));
            length
        } else if first.is_ascii_digit() {
            let length = span(rest, |c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
            let token = number(&rest[..length]);
            tokens.push((token.ok_or_else(|| error(number_problem(&rest[..length])))?, column));
            length
        } else if first == '"' {
            let (content, length) = quoted(rest).ok_or_else(|| error(Problem::OpenText))?;
            tokens.push((Token::Text(content), column));
            length
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push((Token::Sign(sign), column));
            sign.len()
        } else {
            return Err(error(Problem::Character { got: first }));
        };
        column += rest[..length].chars().count();
        rest = &rest[length..];
    }
    tokens.push((Token::End, column));
    Ok(tokens)
}

/// Bytes at the start whose characters pass.
fn span(text: &str, passes: impl Fn(char) -> bool) -> usize {
    text.find(|character| !passes(character)).unwrap_or(text.len())
}

fn number(text: &str) -> Option<Token> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.parse().ok().map(Token::Number);
    }
    text.parse().ok().map(Token::Period)
}

fn number_problem(text: &str) -> Problem {
    Problem::Number { got: text.chars().take(40).collect() }
}

/// A text in quotes, in which a backslash makes a quote or a backslash; and its bytes with the quotes.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((content, place + 1)),
            '\\' => {
                content.push(characters.next().map(|(_, next)| next).filter(|next| "\"\\".contains(*next))?);
            }
            other => content.push(other),
        }
    }
    None
}
