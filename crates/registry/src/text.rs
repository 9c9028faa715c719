//! The rules for texts and numbers that callers give.

use reproof_digest::{Digest, Kind};
use reproof_policy::Pattern;

use crate::Error;

/// The most bytes of a reason, a note, a description.
pub const MAX_TEXT: usize = 4096;

/// The most bytes of a short text: an owner, a tag's value, a role, an environment class.
pub const MAX_SHORT: usize = 256;

/// The most bytes of a gate.
pub const MAX_GATE: usize = 64 << 10;

/// The most bytes of a model's name.
pub const MAX_NAME: usize = 200;

/// The most things of one kind on one thing that are shown without pages: aliases of a model, tags, open flags and holds.
pub const MAX_FEW: u64 = 256;

fn refused(what: &'static str, text: &str, expected: &'static str) -> Error {
    Error::BadText { what, text: text.chars().take(80).collect(), expected }
}

fn name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
}

/// `team/model`: parts of `[a-z0-9._-]`, joined by `/`.
pub(crate) fn model(name: &str) -> Result<(), Error> {
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(name_byte);
    if name.len() <= MAX_NAME && name.split('/').all(part) {
        return Ok(());
    }
    Err(refused(
        "model name",
        name,
        "`team/model`: 1 to 200 characters from a-z, 0-9, . _ - and / between parts",
    ))
}

/// A pattern of models' names, as the rules have it.
pub(crate) fn pattern(text: &str) -> Result<(), Error> {
    match text.parse::<Pattern>() {
        Ok(_) => Ok(()),
        Err(_) => {
            Err(refused("model pattern", text, "a model name with `*` in its parts, or `**` as the last one"))
        }
    }
}

/// Whether a pattern covers a model's name.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    pattern.parse::<Pattern>().is_ok_and(|pattern| pattern.covers(name))
}

/// `[a-z0-9._-]{1,64}`.
pub(crate) fn alias(name: &str) -> Result<(), Error> {
    if (1..=64).contains(&name.len()) && name.bytes().all(name_byte) {
        return Ok(());
    }
    Err(refused("alias", name, "1 to 64 characters from a-z, 0-9, . _ and -"))
}

/// Refuses what is no semantic version, as <https://semver.org> defines it.
pub fn version(text: &str) -> Result<(), Error> {
    if text.len() <= 128 && semver::Version::parse(text).is_ok() {
        return Ok(());
    }
    Err(refused("version", text, "a semantic version such as 1.4.0 or 2.0.0-rc.1, of at most 128 characters"))
}

/// A text of at most `limit` bytes without control characters other than line ends and tabs.
pub(crate) fn text(what: &'static str, text: &str, limit: usize) -> Result<(), Error> {
    if text.len() > limit {
        return Err(Error::TooMuch { what, limit: limit as u64, got: text.len() as u64 });
    }
    if text.chars().any(|character| character.is_control() && character != '\n' && character != '\t') {
        return Err(refused(what, text, "a text without control characters"));
    }
    Ok(())
}

/// A short text of one line that is not empty.
pub(crate) fn short(what: &'static str, value: &str) -> Result<(), Error> {
    text(what, value, MAX_SHORT)?;
    if value.trim().is_empty() || value.contains(['\n', '\t']) {
        return Err(refused(what, value, "one line that is not empty"));
    }
    Ok(())
}

/// A reason: why something was done is part of every act that somebody may question.
pub(crate) fn reason(value: &str) -> Result<(), Error> {
    text("reason", value, MAX_TEXT)?;
    if value.trim().is_empty() {
        return Err(refused("reason", value, "a text that says why"));
    }
    Ok(())
}

/// A digest of the kind that a column fixes.
pub(crate) fn digest(what: &'static str, kind: Kind, digest: &Digest) -> Result<(), Error> {
    if digest.kind() == kind {
        return Ok(());
    }
    Err(Error::WrongDigest { what, expected: kind.name(), got: *digest })
}

/// A count that both databases can keep.
pub(crate) fn count(what: &'static str, value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::TooMuch { what, limit: i64::MAX as u64, got: value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_rules() {
        for good in ["vision/resnet", "a", "a/b/c", "team-1/model_2.5"] {
            assert!(model(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "a//b", "a/", "/a", "A/b", "a b", "a/../b", ".", "ä", "a/b\n", &"a".repeat(201)]
        {
            assert!(model(bad).is_err(), "{bad}");
        }
        for bad in ["", "a/b", "Production", &"a".repeat(65)] {
            assert!(alias(bad).is_err(), "{bad}");
        }
        for bad in ["", "1", "1.0", "v1.0.0", "1.0.0 ", "01.0.0", &format!("1.0.0-{}", "a".repeat(200))] {
            assert!(version(bad).is_err(), "{bad}");
        }
        assert!(version("1.0.0-rc.1+build.5").is_ok());
    }

    #[test]
    fn control_characters_and_empty_reasons_are_refused() {
        assert!(text("note", "two\nlines\tand a tab", MAX_TEXT).is_ok());
        assert!(text("note", "nul\0", MAX_TEXT).is_err());
        assert!(text("note", "escape\u{1b}[31m", MAX_TEXT).is_err());
        assert!(reason(" \n").is_err());
        assert!(short("owner", "two\nlines").is_err());
        assert_eq!(
            text("note", &"x".repeat(5000), MAX_TEXT),
            Err(Error::TooMuch { what: "note", limit: 4096, got: 5000 })
        );
    }

    #[test]
    fn patterns_are_those_of_the_rules() {
        assert!(pattern("team/*").is_ok() && pattern("**").is_ok());
        assert!(pattern("").is_err() && pattern("**/net").is_err() && pattern("a b").is_err());
        assert!(fits("team/*", "team/net") && !fits("team/*", "team/old/net") && fits("**", "team/old/net"));
        assert!(!fits("not a pattern", "not a pattern"));
    }
}
