//! The answer of an expression.

use std::borrow::Cow;
use std::collections::BTreeSet;

use reproof_contract::scan::{ScanVerdict, Severity};
use reproof_contract::{Assurance, Verdict};

use super::check::{Operator, Term};
use super::fact::Fact;
use crate::facts::Facts;
use crate::role::Role;

/// An answer of three values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be told, because these facts are not known.
    Unknown(BTreeSet<String>),
}

#[derive(Debug)]
enum Value<'a> {
    Bool(bool),
    Number(f64),
    Text(&'a str),
    Texts(Vec<Cow<'a, str>>),
    /// Seconds, or a place in a ladder.
    Whole(u64),
}

/// A fact that is not known.
type Missing = BTreeSet<String>;

pub(super) fn truth(term: &Term, facts: &Facts, now: u64) -> Truth {
    match evaluate(term, facts, now) {
        Ok(Value::Bool(true)) => Truth::Yes,
        Ok(_) => Truth::No,
        Err(missing) => Truth::Unknown(missing),
    }
}

fn evaluate<'a>(term: &'a Term, facts: &'a Facts, now: u64) -> Result<Value<'a>, Missing> {
    let evaluate = |term| evaluate(term, facts, now);
    Ok(match term {
        Term::Bool(value) => Value::Bool(*value),
        Term::Number(value) => Value::Number(*value),
        Term::Text(text) => Value::Text(text),
        Term::Texts(texts) => Value::Texts(texts.iter().map(|text| Cow::Borrowed(text.as_str())).collect()),
        Term::Period(period) => Value::Whole(period.seconds()),
        Term::Rank(rank) => Value::Whole(*rank as u64),
        Term::Fact(fact) => value(*fact, facts, now).ok_or_else(|| missing(fact.name().to_owned()))?,
        Term::Environment(class) => {
            let verdict = facts.environments.get(class).copied();
            verdict_rank(verdict).ok_or_else(|| missing(format!("environment(\"{class}\")")))?
        }
        Term::Tag(key) => {
            let tag = facts.tags.get(key).ok_or_else(|| missing(format!("tag(\"{key}\")")))?;
            Value::Text(tag)
        }
        Term::Count(list) => match evaluate(list)? {
            Value::Texts(texts) => Value::Number(texts.len() as f64),
            _ => Value::Number(0.0),
        },
        Term::Known(inner) => Value::Bool(evaluate(inner).is_ok()),
        Term::StartsWith(text, part) => {
            Value::Bool(texts(&evaluate(text)?, &evaluate(part)?, |text, part| text.starts_with(part)))
        }
        Term::EndsWith(text, part) => {
            Value::Bool(texts(&evaluate(text)?, &evaluate(part)?, |text, part| text.ends_with(part)))
        }
        Term::Not(inner) => match evaluate(inner)? {
            Value::Bool(value) => Value::Bool(!value),
            other => other,
        },
        Term::All(parts) => Value::Bool(decide(parts.iter().map(evaluate), false)?),
        Term::Any(parts) => Value::Bool(decide(parts.iter().map(evaluate), true)?),
        Term::Compare(operator, left, right) => {
            Value::Bool(compare(*operator, &evaluate(left)?, &evaluate(right)?))
        }
        Term::In(item, list) => match (evaluate(item)?, evaluate(list)?) {
            (Value::Text(item), Value::Texts(list)) => Value::Bool(list.iter().any(|text| text == item)),
            _ => Value::Bool(false),
        },
    })
}

fn missing(name: String) -> Missing {
    BTreeSet::from([name])
}

/// The first `deciding` value decides; without one, what is unknown stays so.
fn decide<'a>(
    parts: impl Iterator<Item = Result<Value<'a>, Missing>>,
    deciding: bool,
) -> Result<bool, Missing> {
    let mut unknown = Missing::new();
    for part in parts {
        match part {
            Ok(Value::Bool(value)) if value == deciding => return Ok(deciding),
            Ok(_) => {}
            Err(missing) => unknown.extend(missing),
        }
    }
    if unknown.is_empty() { Ok(!deciding) } else { Err(unknown) }
}

fn texts(text: &Value<'_>, part: &Value<'_>, holds: fn(&str, &str) -> bool) -> bool {
    matches!((text, part), (Value::Text(text), Value::Text(part)) if holds(text, part))
}

fn compare(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> bool {
    let order = match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Whole(left), Value::Whole(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        // The check lets no other pair through.
        _ => None,
    };
    order.is_some_and(|order| match operator {
        Operator::Equal => order.is_eq(),
        Operator::Different => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::AtMost => order.is_le(),
        Operator::More => order.is_gt(),
        Operator::AtLeast => order.is_ge(),
    })
}

fn verdict_rank<'a>(verdict: Option<Verdict>) -> Option<Value<'a>> {
    let place = Verdict::ALL.iter().position(|known| Some(*known) == verdict)?;
    Some(Value::Whole(place as u64))
}

fn list<'a, T: AsRef<str> + 'a>(texts: impl IntoIterator<Item = &'a T>) -> Value<'a> {
    Value::Texts(texts.into_iter().map(|text| Cow::Borrowed(text.as_ref())).collect())
}

/// The value of a fact, if it is known.
fn value(fact: Fact, facts: &Facts, now: u64) -> Option<Value<'_>> {
    Some(match fact {
        Fact::Verdict => verdict_rank(facts.verdict)?,
        Fact::Assurance => {
            let place = Assurance::ALL.iter().position(|known| Some(*known) == facts.assurance)?;
            Value::Whole(place as u64)
        }
        Fact::Age => Value::Whole(age(facts.verified_at?, now)?),
        Fact::Environments => list(facts.environments.keys()),
        Fact::ScanVerdict => Value::Whole(match facts.scan?.verdict {
            ScanVerdict::Clean => 0,
            ScanVerdict::Incomplete => 1,
            ScanVerdict::Findings => 2,
        }),
        Fact::ScanSeverity => Value::Whole(match facts.scan?.severity {
            None => 0,
            Some(Severity::Info) => 1,
            Some(Severity::Warning) => 2,
            Some(Severity::Dangerous) => 3,
        }),
        Fact::ScanAge => Value::Whole(age(facts.scan?.at, now)?),
        Fact::Signed => Value::Bool(facts.signed?),
        Fact::Signatures => list(facts.signatures.as_ref()?),
        Fact::Approvals(role) => {
            let persons = facts.approved_by(role.unwrap_or(Role::Reader));
            Value::Texts(persons.into_iter().map(Cow::Borrowed).collect())
        }
        Fact::Submitter => Value::Text(facts.submitter.as_deref()?),
        Fact::Flags => list(facts.flags.as_ref()?),
        Fact::Classification => Value::Text(facts.classification.as_deref()?),
        Fact::Tags => list(facts.tags.keys()),
        Fact::Lint => list(facts.lint.as_ref()?),
        Fact::Model => Value::Text(&facts.model),
        Fact::Version => Value::Text(&facts.version),
    })
}

/// Seconds since `then`. What was made in the future has no age, and with it nothing that asks for one holds.
pub(crate) fn age(then: u64, now: u64) -> Option<u64> {
    now.checked_sub(then)
}
