//! Names and types: what an expression means, before it is ever asked.

use super::fact::{FACTS, Fact, Ladder, Type};
use super::parse::{Node, Shape};
use super::{ExpressionError, Problem};
use crate::period::Period;

/// A part of a checked expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Bool(bool),
    Number(f64),
    Text(String),
    Texts(Vec<String>),
    Period(Period),
    Rank(usize),
    Fact(Fact),
    /// The verdict in an environment class.
    Environment(String),
    /// The value of a tag.
    Tag(String),
    Count(Box<Term>),
    Known(Box<Term>),
    StartsWith(Box<Term>, Box<Term>),
    EndsWith(Box<Term>, Box<Term>),
    Not(Box<Term>),
    All(Vec<Term>),
    Any(Vec<Term>),
    Compare(Operator, Box<Term>, Box<Term>),
    In(Box<Term>, Box<Term>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
}

const FUNCTIONS: [&str; 6] = ["count", "ends_with", "environment", "known", "starts_with", "tag"];

type Checked = Result<(Term, Type), ExpressionError>;

/// An expression that is a condition.
pub(super) fn condition(node: &Node) -> Result<Term, ExpressionError> {
    of_type(node, Type::Bool)
}

fn of_type(node: &Node, expected: Type) -> Result<Term, ExpressionError> {
    let (term, got) = check(node)?;
    if got == expected { Ok(term) } else { type_error(node, &expected.to_string(), got) }
}

fn type_error<T>(node: &Node, expected: &str, got: Type) -> Result<T, ExpressionError> {
    error(node, Problem::Type { expected: expected.to_owned(), got: got.to_string() })
}

fn error<T>(node: &Node, problem: Problem) -> Result<T, ExpressionError> {
    Err(ExpressionError { column: node.column, problem })
}

fn check(node: &Node) -> Checked {
    let all = |nodes: &[Node]| nodes.iter().map(condition).collect::<Result<Vec<_>, _>>();
    Ok(match &node.shape {
        Shape::Bool(value) => (Term::Bool(*value), Type::Bool),
        Shape::Number(value) => (Term::Number(*value), Type::Number),
        Shape::Text(value) => (Term::Text(value.clone()), Type::Text),
        Shape::Period(value) => (Term::Period(*value), Type::Period),
        Shape::Name(name) => match FACTS.iter().find(|(known, _, _)| known == name) {
            Some((_, fact, kind)) => (Term::Fact(*fact), *kind),
            None => return unknown(node, "fact", name, FACTS.iter().map(|(known, _, _)| *known)),
        },
        Shape::List(nodes) => {
            let texts = nodes.iter().map(literal).collect::<Result<Vec<_>, _>>()?;
            (Term::Texts(texts), Type::Texts)
        }
        Shape::Call(name, arguments) => return call(node, name, arguments),
        Shape::Not(inner) => (Term::Not(Box::new(condition(inner)?)), Type::Bool),
        Shape::All(nodes) => (Term::All(all(nodes)?), Type::Bool),
        Shape::Any(nodes) => (Term::Any(all(nodes)?), Type::Bool),
        Shape::Compare(operator @ ("in" | "not in"), item, list) => {
            let found = contains(item, list)?;
            (if *operator == "in" { found } else { Term::Not(Box::new(found)) }, Type::Bool)
        }
        Shape::Compare(operator, left, right) => (compare(node, operator, left, right)?, Type::Bool),
    })
}

fn unknown<T>(
    node: &Node,
    what: &'static str,
    got: &str,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Result<T, ExpressionError> {
    let suggestion = crate::suggestion::nearest(got, known.clone());
    let known = known.collect::<Vec<_>>().join(", ");
    error(node, Problem::Unknown { what, got: got.chars().take(80).collect(), suggestion, known })
}

/// A text that is written out, where only that makes sense.
fn literal(node: &Node) -> Result<String, ExpressionError> {
    match &node.shape {
        Shape::Text(text) => Ok(text.clone()),
        _ => type_error(node, "a text in quotes", check(node)?.1),
    }
}

fn call(node: &Node, name: &str, arguments: &[Node]) -> Checked {
    Ok(match (name, arguments) {
        ("count", [list]) => (Term::Count(Box::new(of_type(list, Type::Texts)?)), Type::Number),
        ("known", [fact]) => (Term::Known(Box::new(check(fact)?.0)), Type::Bool),
        ("environment", [class]) => (Term::Environment(literal(class)?), Type::Ladder(Ladder::Verdict)),
        ("tag", [key]) => (Term::Tag(literal(key)?), Type::Text),
        ("starts_with" | "ends_with", [text, part]) => {
            let (text, part) = (Box::new(of_type(text, Type::Text)?), Box::new(of_type(part, Type::Text)?));
            let starts = name == "starts_with";
            (if starts { Term::StartsWith(text, part) } else { Term::EndsWith(text, part) }, Type::Bool)
        }
        _ if FUNCTIONS.contains(&name) => {
            let expected = if name.ends_with("_with") { "two arguments" } else { "one argument" };
            let got = format!("{} in `{name}(...)`", arguments.len());
            return error(node, Problem::Expected { expected, got });
        }
        _ => return unknown(node, "function", name, FUNCTIONS.into_iter()),
    })
}

fn contains(item: &Node, list: &Node) -> Result<Term, ExpressionError> {
    let (found, kind) = check(item)?;
    match (kind, &list.shape) {
        (Type::Text, _) => Ok(Term::In(Box::new(found), Box::new(of_type(list, Type::Texts)?))),
        (Type::Ladder(ladder), Shape::List(words)) => {
            let equal = words.iter().map(|word| {
                let rank = rank(word, ladder)?;
                Ok(Term::Compare(Operator::Equal, Box::new(found.clone()), Box::new(rank)))
            });
            Ok(Term::Any(equal.collect::<Result<_, ExpressionError>>()?))
        }
        (got, _) => type_error(item, "a text, or a word of a ladder and a list of its words", got),
    }
}

fn rank(node: &Node, ladder: Ladder) -> Result<Term, ExpressionError> {
    match ladder.rank(&literal(node)?) {
        Ok(rank) => Ok(Term::Rank(rank)),
        Err(word) => error(node, word.into()),
    }
}

fn compare(node: &Node, sign: &'static str, left: &Node, right: &Node) -> Result<Term, ExpressionError> {
    let operator = match sign {
        "==" => Operator::Equal,
        "!=" => Operator::Different,
        "<" => Operator::Less,
        "<=" => Operator::AtMost,
        ">" => Operator::More,
        _ => Operator::AtLeast,
    };
    let ((mut one, first), (mut other, second)) = (check(left)?, check(right)?);
    match (first, second) {
        // A text beside a word of a ladder is meant as one.
        (Type::Ladder(ladder), Type::Text) => other = rank(right, ladder)?,
        (Type::Text, Type::Ladder(ladder)) => one = rank(left, ladder)?,
        _ => {
            let ordered = matches!(first, Type::Number | Type::Period | Type::Ladder(_));
            let for_equality = matches!(operator, Operator::Equal | Operator::Different);
            let comparable = ordered || (for_equality && matches!(first, Type::Bool | Type::Text));
            if first != second || !comparable {
                let problem =
                    Problem::Compare { operator: sign, left: first.to_string(), right: second.to_string() };
                return error(node, problem);
            }
        }
    }
    Ok(Term::Compare(operator, Box::new(one), Box::new(other)))
}
