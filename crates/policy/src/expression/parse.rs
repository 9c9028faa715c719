//! The shape of an expression: what stands around what.

use super::token::{Placed, Token, tokens};
use super::{ExpressionError, MAX_DEPTH, Problem};
use crate::period::Period;

/// A part of an expression and the character that it begins at, from 1.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) column: usize,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Bool(bool),
    Number(f64),
    Text(String),
    Period(Period),
    Name(String),
    List(Vec<Node>),
    Call(String, Vec<Node>),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Compare(&'static str, Box<Node>, Box<Node>),
}

/// Words that are no names of facts.
const RESERVED: [&str; 6] = ["and", "or", "not", "in", "true", "false"];

pub(super) fn parse(text: &str) -> Result<Node, ExpressionError> {
    let mut parser = Parser { tokens: tokens(text)?, place: 0, depth: 0 };
    let node = parser.any()?;
    parser.expect_end().map(|()| node)
}

struct Parser {
    tokens: Vec<Placed>,
    place: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Placed {
        self.tokens.get(self.place).unwrap_or(&(Token::End, 0))
    }

    fn next(&mut self) -> Placed {
        let token = self.peek().clone();
        // The end stays where it is.
        self.place = (self.place + 1).min(self.tokens.len().saturating_sub(1));
        token
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(&self.peek().0, Token::Name(name) if name == word);
        if found {
            self.next();
        }
        found
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let found = matches!(&self.peek().0, Token::Sign(found) if *found == sign);
        if found {
            self.next();
        }
        found
    }

    fn error<T>(&self, expected: &'static str) -> Result<T, ExpressionError> {
        let (token, column) = self.peek();
        Err(ExpressionError {
            column: *column,
            problem: Problem::Expected { expected, got: token.describe() },
        })
    }

    fn expect_end(&self) -> Result<(), ExpressionError> {
        if self.peek().0 == Token::End { Ok(()) } else { self.error("`and`, `or` or the end") }
    }

    /// Everything that recurses comes through here.
    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ExpressionError>,
    ) -> Result<T, ExpressionError> {
        if self.depth == MAX_DEPTH {
            return Err(ExpressionError { column: self.peek().1, problem: Problem::TooDeep });
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn any(&mut self) -> Result<Node, ExpressionError> {
        self.deeper(|parser| parser.chain("or", Self::all, Shape::Any))
    }

    fn all(&mut self) -> Result<Node, ExpressionError> {
        self.chain("and", Self::not, Shape::All)
    }

    /// Parts with a word between them: one node for all of them, so that length is no depth.
    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Node, ExpressionError>,
        shape: fn(Vec<Node>) -> Shape,
    ) -> Result<Node, ExpressionError> {
        let first = part(self)?;
        let column = first.column;
        let mut parts = vec![first];
        while self.takes_word(word) {
            parts.push(part(self)?);
        }
        match (parts.pop(), parts.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                parts.extend(last);
                Ok(Node { column, shape: shape(parts) })
            }
        }
    }

    fn not(&mut self) -> Result<Node, ExpressionError> {
        let column = self.peek().1;
        if self.takes_word("not") {
            let inner = self.deeper(Self::not)?;
            return Ok(Node { column, shape: Shape::Not(Box::new(inner)) });
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, ExpressionError> {
        let left = self.operand()?;
        let operator = match &self.peek().0 {
            Token::Sign(sign @ ("==" | "!=" | "<" | "<=" | ">" | ">=")) => sign,
            Token::Name(name) if name == "in" => "in",
            Token::Name(name) if name == "not" => "not in",
            _ => return Ok(left),
        };
        self.next();
        if operator == "not in" && !self.takes_word("in") {
            return self.error("`in`");
        }
        let column = left.column;
        let right = self.operand()?;
        Ok(Node { column, shape: Shape::Compare(operator, Box::new(left), Box::new(right)) })
    }

    fn operand(&mut self) -> Result<Node, ExpressionError> {
        const OPERAND: &str = "a fact, a value or `(`";
        let (token, column) = self.peek().clone();
        let shape = match token {
            Token::Text(text) => Shape::Text(text),
            Token::Number(number) => Shape::Number(number),
            Token::Period(period) => Shape::Period(period),
            Token::Name(name) if name == "true" || name == "false" => Shape::Bool(name == "true"),
            Token::Name(name) if RESERVED.contains(&name.as_str()) => return self.error(OPERAND),
            Token::Name(name) => {
                self.next();
                if !self.takes_sign("(") {
                    return Ok(Node { column, shape: Shape::Name(name) });
                }
                return Ok(Node { column, shape: Shape::Call(name, self.list(")", "`,` or `)`")?) });
            }
            Token::Sign("(") => {
                self.next();
                let inner = self.any()?;
                return if self.takes_sign(")") { Ok(inner) } else { self.error("`and`, `or` or `)`") };
            }
            Token::Sign("[") => {
                self.next();
                return Ok(Node { column, shape: Shape::List(self.list("]", "`,` or `]`")?) });
            }
            Token::Sign(_) | Token::End => return self.error(OPERAND),
        };
        self.next();
        Ok(Node { column, shape })
    }

    /// Parts with commas between them, up to a closing sign.
    fn list(&mut self, close: &str, expected: &'static str) -> Result<Vec<Node>, ExpressionError> {
        let mut parts = Vec::new();
        if self.takes_sign(close) {
            return Ok(parts);
        }
        loop {
            parts.push(self.any()?);
            if self.takes_sign(close) {
                return Ok(parts);
            }
            if !self.takes_sign(",") {
                return self.error(expected);
            }
        }
    }
}
