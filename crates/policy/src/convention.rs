//! How things are called, for `lint`: the `[naming]` and `[require]` tables of `reproof.toml`.
//!
//! ```toml
//! [naming]
//! models = ["vision/*", "nlp/**"]      # a model's name matches one of these
//! version = "semver"                   # or "any"
//! aliases = ["staging", "production"]  # no others
//!
//! [require]
//! tags = ["task"]
//! fields = ["owner", "classification"]
//! values = { task = ["classification", "detection"] }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::pattern::Pattern;

/// The rules. Without tables nothing is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Convention {
    /// Names.
    pub naming: Naming,
    /// What must be there.
    pub require: Require,
}

/// How things are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Naming {
    /// Patterns of which a model's name matches one; none means any name.
    pub models: Vec<Pattern>,
    /// What a version is.
    pub version: VersionRule,
    /// The aliases that there may be; none means any.
    pub aliases: Vec<String>,
}

/// What a version is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionRule {
    /// Any text.
    #[default]
    Any,
    /// Three numbers and more after Semantic Versioning 2.0.0.
    Semver,
}

/// What must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Require {
    /// Tags.
    pub tags: Vec<String>,
    /// Fields of context and governance, such as `owner`.
    pub fields: Vec<String>,
    /// The values that a tag or field may have, where it is there.
    pub values: BTreeMap<String, Vec<String>>,
}

/// Why a text has no rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not naming rules: {message}")]
pub struct ConventionError {
    /// What is wrong, and where.
    pub message: String,
}

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The version.
    pub version: &'a str,
    /// Aliases that point at it.
    pub aliases: &'a [String],
    /// Tags with their values.
    pub tags: BTreeMap<&'a str, &'a str>,
    /// Fields that are filled, with their values.
    pub fields: BTreeMap<&'a str, &'a str>,
}

/// Something that is not as it should be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A fixed dotted word.
    pub id: &'static str,
    /// What is about: the name, the tag, the field.
    pub subject: String,
    /// What must be.
    pub expected: String,
    /// What is, or `nothing`.
    pub found: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: expected {}, got {}", self.id, self.subject, self.expected, self.found)
    }
}

impl Convention {
    /// Reads the two tables of a project file and ignores its others.
    pub fn parse(text: &str) -> Result<Self, ConventionError> {
        toml::from_str(text)
            .map_err(|source| ConventionError { message: source.to_string().trim_end().to_owned() })
    }

    /// Everything that breaks the rules.
    pub fn check(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut find = |id, of: &str, expected: String, got: Option<&str>| {
            let got = got.map_or_else(|| "nothing".to_owned(), |got| format!("`{}`", got.escape_debug()));
            found.push(Finding { id, subject: of.to_owned(), expected, found: got });
        };
        let Naming { models, version, aliases } = &self.naming;
        if !models.is_empty() && !models.iter().any(|pattern| pattern.covers(subject.model)) {
            let patterns: Vec<&str> = models.iter().map(Pattern::as_str).collect();
            find("naming.model", "model", one_of(&patterns), Some(subject.model));
        }
        if *version == VersionRule::Semver && !is_semver(subject.version) {
            let expected = "a semantic version such as 1.4.0 or 2.0.0-rc.1".to_owned();
            find("naming.version", "version", expected, Some(subject.version));
        }
        if !aliases.is_empty() {
            for alias in subject.aliases.iter().filter(|alias| !aliases.contains(alias)) {
                find("naming.alias", "alias", one_of(aliases), Some(alias));
            }
        }
        for (id, required, there) in [
            ("require.tag", &self.require.tags, &subject.tags),
            ("require.field", &self.require.fields, &subject.fields),
        ] {
            for name in
                required.iter().filter(|name| there.get(name.as_str()).is_none_or(|value| value.is_empty()))
            {
                find(id, name, "a value".to_owned(), None);
            }
        }
        for (name, allowed) in &self.require.values {
            let values =
                [&subject.tags, &subject.fields].into_iter().filter_map(|there| there.get(name.as_str()));
            let wrong: BTreeSet<&str> = values
                .copied()
                .filter(|value| !value.is_empty() && !allowed.iter().any(|one| one == value))
                .collect();
            for value in wrong {
                find("require.value", name, one_of(allowed), Some(value));
            }
        }
        found
    }
}

fn one_of<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("`{}`", text.as_ref())).collect();
    if texts.len() == 1 { texts.concat() } else { format!("one of {}", texts.join(", ")) }
}

/// Whether a text is a version after Semantic Versioning 2.0.0.
fn is_semver(text: &str) -> bool {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| digits(text) && (text == "0" || !text.starts_with('0'));
    let identifier = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    core.split('.').count() == 3
        && core.split('.').all(number)
        && pre
            .is_none_or(|pre| pre.split('.').all(|part| identifier(part) && (!digits(part) || number(part))))
        && build.is_none_or(|build| build.split('.').all(identifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [governance]
        owner = "vision team"
        [naming]
        models = ["vision/*", "nlp/**"]
        version = "semver"
        aliases = ["staging", "production"]
        [require]
        tags = ["task"]
        fields = ["owner"]
        values = { task = ["classification", "detection"] }
    "#;

    fn good() -> Subject<'static> {
        Subject {
            model: "vision/resnet",
            version: "1.4.0",
            aliases: &[],
            tags: BTreeMap::from([("task", "detection")]),
            fields: BTreeMap::from([("owner", "vision team")]),
        }
    }

    fn said(subject: &Subject<'_>) -> Vec<String> {
        Convention::parse(RULES).unwrap().check(subject).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_called_right_has_no_findings() {
        assert_eq!(said(&good()), Vec::<String>::new());
        assert!(Convention::parse("").unwrap().check(&Subject::default()).is_empty());
    }

    #[test]
    fn every_rule_can_be_broken() {
        for (subject, expected) in [
            (
                Subject { model: "resnet", ..good() },
                "naming.model: model: expected one of `vision/*`, `nlp/**`, got `resnet`",
            ),
            (
                Subject { version: "v1", ..good() },
                "naming.version: version: expected a semantic version such as 1.4.0 or 2.0.0-rc.1, got `v1`",
            ),
            (
                Subject { aliases: &["prod".to_owned()], ..good() },
                "naming.alias: alias: expected one of `staging`, `production`, got `prod`",
            ),
            (Subject { tags: BTreeMap::new(), ..good() }, "require.tag: task: expected a value, got nothing"),
            (
                Subject { fields: BTreeMap::from([("owner", "")]), ..good() },
                "require.field: owner: expected a value, got nothing",
            ),
            (
                Subject { tags: BTreeMap::from([("task", "cats")]), ..good() },
                "require.value: task: expected one of `classification`, `detection`, got `cats`",
            ),
        ] {
            assert_eq!(said(&subject), [expected]);
        }
    }

    /// Examples of the specification at semver.org.
    #[test]
    fn versions_are_those_of_the_specification() {
        for version in [
            "0.0.4",
            "1.2.3",
            "10.20.30",
            "1.1.2-prerelease+meta",
            "1.1.2+meta",
            "1.0.0-alpha",
            "1.0.0-alpha.beta.1",
            "1.0.0-alpha0.valid",
            "1.0.0-rc.1+build.1",
            "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
            "1.0.0-0A.is.legal",
        ] {
            assert!(is_semver(version), "{version}");
        }
        for version in [
            "",
            "1",
            "1.2",
            "1.2.3-0123",
            "1.2.3-0123.0123",
            "1.1.2+.123",
            "+invalid",
            "-invalid",
            "alpha",
            "1.0.0-alpha_beta",
            "1.0.0-alpha..",
            "01.1.1",
            "1.01.1",
            "1.2.3.DEV",
            "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
            "-1.0.3-gamma+b7718",
            "9.8.7+meta+meta",
            "1.2.3 ",
            "v1.2.3",
        ] {
            assert!(!is_semver(version), "{version}");
        }
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let refused = |text| Convention::parse(text).unwrap_err().to_string();
        assert!(refused("[naming]\nmodel = [\"a\"]").contains("unknown field `model`"));
        assert!(refused("[naming]\nmodels = [\"a b\"]").contains("pattern `a b`"));
        assert!(refused("[naming]\nversion = \"calver\"").contains("calver"));
    }
}
