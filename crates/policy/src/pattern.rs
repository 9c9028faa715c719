//! Patterns of model names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most bytes of a pattern.
const MAX_LENGTH: usize = 256;

/// A pattern of names with `/`: `*` stands for any characters of one segment, and a last segment `**` for all segments from
/// there on, at least one. `vision/*` covers `vision/resnet` and not `vision/old/resnet`; `**` covers every name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern(String);

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern `{}`: expected segments of letters, digits, `.`, `_`, `-` and `*`, with `**` as the last one only", text.escape_debug())]
pub struct PatternError {
    /// The refused text, cut.
    pub text: String,
}

impl Pattern {
    /// The pattern of every name.
    pub fn everything() -> Self {
        Self("**".to_owned())
    }

    /// Whether it covers every name, and what is not about one model.
    pub fn is_everything(&self) -> bool {
        self.0 == "**"
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it covers `name`, of a model or of a pattern: then everything that that one covers.
    pub fn covers(&self, name: &str) -> bool {
        let mut names = name.split('/');
        let mut patterns = self.0.split('/');
        loop {
            match (patterns.next(), names.next()) {
                (None, None) | (Some("**"), Some(_)) => return true,
                (Some(pattern), Some(name))
                    if name != "**" && segment(pattern.as_bytes(), name.as_bytes()) => {}
                _ => return false,
            }
        }
    }
}

/// Whether a segment matches. Where a star fails to match, only the last star needs another try, so the work is bounded by the
/// product of the lengths.
fn segment(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == name[read] => {
                at += 1;
                read += 1;
            }
            _ => match &mut star {
                Some((place, from)) => {
                    *from += 1;
                    (at, read) = (*place + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-*".contains(&byte);
        let mut segments = text.split('/').rev();
        let last = segments.next().unwrap_or_default();
        let plain =
            |segment: &str| !segment.is_empty() && segment.bytes().all(allowed) && !segment.contains("**");
        if text.len() <= MAX_LENGTH && (last == "**" || plain(last)) && segments.all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PatternError { text: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_covered() {
        for (pattern, covered, not) in [
            ("vision/*", &["vision/resnet"][..], &["vision", "vision/old/resnet", "nlp/resnet"][..]),
            ("vision/**", &["vision/resnet", "vision/old/resnet"], &["vision", "visions/resnet"]),
            ("**", &["a", "a/b/c"], &[]),
            ("*", &["a"], &["a/b"]),
            ("a*b*c/x", &["abc/x", "a--b-b-c/x"], &["ab/x", "abc/y", "abcd/x"]),
            ("team/model", &["team/model"], &["team/model2", "team/mode", "Team/model"]),
            // Patterns whose models are all covered.
            ("vision/*", &["vision/*", "vision/d*"], &["vision/**", "**", "*", "*/a"]),
            ("vision/**", &["vision/**", "vision/*", "vision/a/*"], &["**", "*/**"]),
            ("*", &["*", "a*"], &["**"]),
            ("a*", &["ab*"], &["*", "*a"]),
        ] {
            let pattern: Pattern = pattern.parse().unwrap();
            assert!(covered.iter().all(|name| pattern.covers(name)), "{pattern}");
            assert!(!not.iter().any(|name| pattern.covers(name)), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in
            ["", "/", "a/", "/a", "a//b", "**/a", "a**", "a b", "ä", "a?", &"a".repeat(MAX_LENGTH + 1)]
        {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn stars_cover_what_was_between(parts in prop::collection::vec("[ab]{0,4}", 1..5), filling in "[ab]{0,4}") {
            let pattern: Result<Pattern, _> = parts.join("*").parse();
            if let Ok(pattern) = pattern {
                prop_assert!(pattern.covers(&parts.join(&filling)));
            }
        }

        #[test]
        fn nothing_panics(pattern: String, name: String) {
            if let Ok(pattern) = pattern.parse::<Pattern>() {
                pattern.covers(&name);
            }
        }
    }
}
