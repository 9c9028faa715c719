//! Enumerations that are words in documents and on the command line.

/// Defines an enumeration with its words, read and written as such.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().find(|value| value.as_str() == text).copied().ok_or_else(|| {
                    crate::words::UnknownWord::new(text, Self::ALL.iter().map(|value| value.as_str()))
                })
            }
        }
    };
}

pub(crate) use words;

/// A text that is none of the words that are known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}`: expected one of {expected}{}", got.escape_debug(), crate::suggestion::sentence(suggestion.as_deref()))]
pub struct UnknownWord {
    /// The text, cut.
    pub got: String,
    /// The known words, separated by commas.
    pub expected: String,
    /// The word that was probably meant.
    pub suggestion: Option<String>,
}

impl UnknownWord {
    pub(crate) fn new<'a>(got: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        Self {
            got: got.chars().take(80).collect(),
            expected: known.clone().collect::<Vec<_>>().join(", "),
            suggestion: crate::suggestion::nearest(got, known),
        }
    }
}
