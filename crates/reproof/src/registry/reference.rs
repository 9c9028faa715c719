//! How versions are named: `MODEL@VERSION` or `MODEL@ALIAS`.

use std::fmt;
use std::str::FromStr;

use super::RegistryError;

/// A model, or one version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The model's name.
    pub model: String,
    /// Which version.
    pub selector: Selector,
}

/// Which version of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// None was named.
    Model,
    /// A semantic version, which begins with a digit, or an alias, which does not.
    Named(String),
}

impl Reference {
    /// The named version or alias, where one is needed.
    pub fn named(&self) -> Result<&str, RegistryError> {
        match &self.selector {
            Selector::Named(name) => Ok(name),
            Selector::Model => Err(RegistryError::Reference {
                text: self.to_string(),
                problem: "it names no version: write MODEL@VERSION or MODEL@ALIAS".to_owned(),
            }),
        }
    }
}

/// Whether a name is a version and no alias: versions begin with a digit.
pub(super) fn is_version(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

impl FromStr for Reference {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let refuse =
            |problem: &str| RegistryError::Reference { text: text.to_owned(), problem: problem.to_owned() };
        let (model, selector) = match text.split_once('@') {
            None => (text, Selector::Model),
            Some((_, "")) => return Err(refuse("nothing follows the `@`")),
            Some((_, name)) if name.contains('@') => return Err(refuse("it has more than one `@`")),
            Some((model, name)) => (model, Selector::Named(name.to_owned())),
        };
        if model.is_empty() {
            return Err(refuse("it names no model: write MODEL@VERSION"));
        }
        Ok(Self { model: model.to_owned(), selector })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.selector {
            Selector::Model => f.write_str(&self.model),
            Selector::Named(name) => write!(f, "{}@{name}", self.model),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_versions_and_aliases_are_told_apart() {
        let parse = |text: &str| text.parse::<Reference>();
        let named = |model: &str, name: &str| Reference {
            model: model.into(),
            selector: Selector::Named(name.into()),
        };
        assert_eq!(parse("team/net@1.2.0").ok(), Some(named("team/net", "1.2.0")));
        assert_eq!(parse("team/net@production").ok(), Some(named("team/net", "production")));
        assert_eq!(parse("net").ok().map(|reference| reference.selector), Some(Selector::Model));
        for refused in ["@1.0.0", "net@", "net@1@2", ""] {
            assert!(parse(refused).is_err(), "{refused:?} was accepted");
        }
    }
}
