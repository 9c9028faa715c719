//! Small YAML documents as values: every scalar is a text, as no origin needs more. Anchors are refused, because a few of
//! them make a document of any size out of a small one.

use std::path::Path;

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use crate::registry::RegistryError;

/// The most bytes of a document.
const LIMIT: u64 = 1 << 20;

/// The deepest nesting.
const DEPTH: usize = 32;

/// Reads a file of one document.
pub(super) fn read(path: &Path) -> Result<Value, RegistryError> {
    let text = super::text(path, LIMIT)?;
    parse(&text).map_err(|problem| super::refused(path, problem))
}

/// Reads the first document of a text; null where there is none.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut events = Parser::new_from_str(text);
    loop {
        match next(&mut events)? {
            Event::StreamEnd => return Ok(Value::Null),
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => return value(event, &mut events, 0),
        }
    }
}

type Events<'a> = Parser<'a, saphyr_parser::StrInput<'a>>;

fn next<'a>(events: &mut Events<'a>) -> Result<Event<'a>, String> {
    let event = events.next_event().ok_or("it ends too early")?;
    Ok(event.map_err(|error| error.to_string())?.0)
}

fn value(event: Event<'_>, events: &mut Events<'_>, depth: usize) -> Result<Value, String> {
    if depth > DEPTH {
        return Err(format!("it is nested deeper than {DEPTH}"));
    }
    match event {
        Event::Scalar(text, ..) => Ok(Value::String(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(events)? {
                    Event::SequenceEnd => return Ok(Value::Array(items)),
                    event => items.push(value(event, events, depth + 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut members = Map::new();
            loop {
                let key = match next(events)? {
                    Event::MappingEnd => return Ok(Value::Object(members)),
                    Event::Scalar(text, ..) => text.into_owned(),
                    _ => return Err("a key is no text".to_owned()),
                };
                let event = next(events)?;
                let value = value(event, events, depth + 1)?;
                if members.insert(key.clone(), value).is_some() {
                    return Err(format!("the key `{}` is there twice", key.escape_debug()));
                }
            }
        }
        Event::Alias(_) => Err("it uses an alias (`*name`), which is not followed here".to_owned()),
        _ => Err("it is no single document".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_become_values() {
        let text =
            "run_id: 0a\nflavors:\n  python_function: {env: {conda: conda.yaml}}\nlist:\n- 1\n- \"two\"\n";
        let expected = json!({
            "run_id": "0a", "flavors": { "python_function": { "env": { "conda": "conda.yaml" } } }, "list": ["1", "two"],
        });
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse(""), Ok(Value::Null));
    }

    #[test]
    fn what_could_grow_or_mislead_is_refused() {
        let nested = format!("{}1", "- ".repeat(40));
        for (text, expected) in [
            ("a: &x [1]\nb: *x", "uses an alias"),
            ("a: 1\na: 2", "there twice"),
            (nested.as_str(), "nested deeper"),
            ("a: [1", "flow"),
            ("? [a]\n: 1", "a key is no text"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
