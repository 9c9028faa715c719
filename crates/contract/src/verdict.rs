//! The verdict ladder and the words around it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as written in documents and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|value| value.as_str() == text);
                found.copied().ok_or_else(|| {
                    let words: Vec<&str> = Self::ALL.iter().map(|value| value.as_str()).collect();
                    format!("`{text}`: expected one of {}", words.join(", "))
                })
            }
        }
    };
}

words! {
    /// How far a result is from the promise, best first. The worst of several wins ([`Verdict::worst`]).
    Verdict {
        /// Every bit is the recorded one.
        Identical = "identical",
        /// Bits differ and the evidence shows the same function, no worse rounded, no decision changed.
        Equivalent = "equivalent",
        /// Within a tolerance that a person or an imported suite chose.
        Tolerated = "tolerated",
        /// No answer, with the reason and what to do.
        Undecided = "undecided",
        /// Outside all of these.
        Drifted = "drifted",
        /// Names, dtype or rank differ, or a case raises that did not (or the reverse).
        Incomparable = "incomparable",
        /// This runner can load such artifacts, and this one fails.
        Unloadable = "unloadable",
        /// A byte or weight is not the recorded one.
        Corrupt = "corrupt",
    }
}

words! {
    /// How far a verdict reaches.
    Assurance {
        /// Nothing was checked.
        None = "none",
        /// The bytes are the recorded ones.
        Bytes = "bytes",
        /// It loads.
        Loads = "loads",
        /// Its outputs were compared.
        Outputs = "outputs",
        /// Its training resumes on the recorded path.
        Resumes = "resumes",
        /// All that in every recorded environment.
        Environments = "environments",
    }
}

words! {
    /// What is compared with the contract.
    Relation {
        /// The same files.
        Same = "same",
        /// Other files, the same weights.
        Repackaged = "repackaged",
        /// Another framework or format, the same function.
        Converted = "converted",
        /// The same function with weights of lower precision.
        Quantised = "quantised",
        /// An adapter of the recorded model.
        AdapterOf = "adapter-of",
    }
}

words! {
    /// What a case stands for.
    CaseClass {
        /// What the model meets every day.
        Typical = "typical",
        /// The edge of what it must take.
        Boundary = "boundary",
        /// What it may refuse, but always in the same way.
        Corner = "corner",
    }
}

impl Verdict {
    /// The worst of several; `identical` of none. A negative verdict is worse than `undecided`, so that it
    /// always wins over it.
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Identical)
    }

    /// Whether it says that the promise is broken.
    pub fn is_negative(self) -> bool {
        self > Self::Undecided
    }

    /// Whether it reaches the rung `required`; `tolerated` also reaches `equivalent`, because its tolerance was
    /// chosen by a person or an imported suite.
    pub fn reaches(self, required: Self) -> bool {
        self <= required || (self == Self::Tolerated && required == Self::Equivalent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_verdict_wins_over_undecided() {
        assert_eq!(Verdict::worst([Verdict::Undecided, Verdict::Drifted]), Verdict::Drifted);
        assert_eq!(Verdict::worst([Verdict::Identical, Verdict::Undecided]), Verdict::Undecided);
        assert_eq!(Verdict::worst([]), Verdict::Identical);
    }

    #[test]
    fn tolerated_reaches_equivalent_and_never_identical() {
        assert!(Verdict::Tolerated.reaches(Verdict::Equivalent));
        assert!(!Verdict::Tolerated.reaches(Verdict::Identical));
        assert!(!Verdict::Undecided.reaches(Verdict::Tolerated));
    }

    #[test]
    fn words_are_read_back() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.as_str().parse::<Verdict>().as_ref(), Ok(verdict));
            assert_eq!(serde_json::to_string(verdict).unwrap(), format!("\"{verdict}\""));
        }
        assert!("fine".parse::<Verdict>().unwrap_err().contains("identical, equivalent"));
    }
}
