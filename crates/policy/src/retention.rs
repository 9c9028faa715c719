//! How long versions are kept.
//!
//! ```toml
//! keep = "90d"                                       # what no rule is about
//! rules = [
//!     { alias = "production", keep = "2y" },         # from when the alias last pointed there
//!     { classification = "restricted", keep = "7y" },# from when it was pushed
//! ]
//! ```
//!
//! All rules that are about a version hold, so that the longest decides. A legal hold, an alias that points there, an approval in
//! force and a version that is built on it keep it whatever its age. Without any rule nothing may be deleted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// The most rules.
pub const MAX_RULES: usize = 1000;

/// The rules of a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// How long versions are kept, from when they were pushed, that no rule is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Period>,
    /// The rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// How long versions of a kind are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Versions that this alias points at, or pointed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Versions of this classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// How long: from when the alias last pointed there, without an alias from when it was pushed.
    pub keep: Period,
}

/// Why a text is no set of rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    /// It is not TOML of such rules.
    #[error("not retention rules: {message}")]
    Malformed {
        /// What is wrong, and where.
        message: String,
    },
    /// There are too many.
    #[error("{got} retention rules, expected at most {MAX_RULES}")]
    TooMany {
        /// How many.
        got: usize,
    },
    /// A rule is about everything, which is what `keep` is for.
    #[error("retention rule {place} names neither an alias nor a classification; say `keep` for all others")]
    Everything {
        /// The rule, from 1.
        place: usize,
    },
}

/// What is known of a version that may be deleted. Times are seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// When it was pushed; `None` if nobody knows, and then it is kept.
    pub pushed_at: Option<u64>,
    /// Its classification.
    pub classification: Option<String>,
    /// Aliases that point at it.
    pub aliases: Vec<String>,
    /// Aliases that pointed at it, with when they last did.
    pub former_aliases: BTreeMap<String, u64>,
    /// Legal holds.
    pub holds: Vec<Hold>,
    /// Approvals in force, each in words such as `ada as reviewer`.
    pub approvals: Vec<String>,
    /// Versions that need its files or its contract.
    pub needed_by: Vec<String>,
}

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who put it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Whether a version may be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deletion {
    /// Whether it may.
    pub allowed: bool,
    /// Everything that keeps it; nothing if it may.
    pub reasons: Vec<Keeping>,
}

/// What keeps a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Keeping {
    /// A legal hold.
    #[error("held by {}: {}; an administrator can end the hold", hold.by, hold.reason)]
    Held {
        /// The hold.
        hold: Hold,
    },
    /// An alias points at it.
    #[error("the alias `{alias}` points at it")]
    InUse {
        /// The alias.
        alias: String,
    },
    /// Somebody approved it, and stands by it.
    #[error("approved by {by}; withdraw that first")]
    Approved {
        /// Who, in which role.
        by: String,
    },
    /// Another version needs it.
    #[error("`{version}` needs it")]
    Needed {
        /// The version.
        version: String,
    },
    /// Its time has not come.
    #[error("kept {keep} {because}, {} days more", left.div_ceil(86_400))]
    TooEarly {
        /// How long.
        keep: Period,
        /// By which rule.
        because: String,
        /// When it may go, in seconds since 1970.
        until: u64,
        /// Seconds until then.
        left: u64,
    },
    /// When it was pushed is not known.
    #[error("when it was pushed is not known")]
    Unknown,
    /// No rule says how long.
    #[error("no retention rule is about it; set `keep`")]
    NoRule,
}

impl Retention {
    /// Reads rules in TOML.
    pub fn parse(text: &str) -> Result<Self, RetentionError> {
        let retention: Self = toml::from_str(text).map_err(|source| RetentionError::Malformed {
            message: source.to_string().trim_end().to_owned(),
        })?;
        if retention.rules.len() > MAX_RULES {
            return Err(RetentionError::TooMany { got: retention.rules.len() });
        }
        let everything = |rule: &Rule| rule.alias.is_none() && rule.classification.is_none();
        match retention.rules.iter().position(everything) {
            Some(place) => Err(RetentionError::Everything { place: place + 1 }),
            None => Ok(retention),
        }
    }

    /// Whether a version may be deleted at the time `now`.
    pub fn may_delete(&self, stored: &Stored, now: u64) -> Deletion {
        let mut reasons: Vec<Keeping> =
            stored.holds.iter().map(|hold| Keeping::Held { hold: hold.clone() }).collect();
        reasons.extend(stored.aliases.iter().map(|alias| Keeping::InUse { alias: alias.clone() }));
        reasons.extend(stored.approvals.iter().map(|by| Keeping::Approved { by: by.clone() }));
        reasons.extend(stored.needed_by.iter().map(|version| Keeping::Needed { version: version.clone() }));
        let mut known = false;
        for rule in &self.rules {
            let class = rule.classification.as_ref();
            if class.is_some() && class != stored.classification.as_ref() {
                continue;
            }
            let (since, because) = match &rule.alias {
                None => (stored.pushed_at, "after it was pushed".to_owned()),
                // An alias that points there now keeps it anyway.
                Some(alias) if stored.aliases.contains(alias) => {
                    known = true;
                    continue;
                }
                Some(alias) => match stored.former_aliases.get(alias) {
                    Some(last) => (Some(*last), format!("after `{alias}` last pointed at it")),
                    None => continue,
                },
            };
            known = true;
            let class = class.map(|class| format!(" as `{class}`")).unwrap_or_default();
            reasons.extend(early(rule.keep, since, now, &format!("{because}{class}")));
        }
        if !known {
            match self.keep {
                None => reasons.push(Keeping::NoRule),
                Some(keep) => reasons.extend(early(keep, stored.pushed_at, now, "after it was pushed")),
            }
        }
        Deletion { allowed: reasons.is_empty(), reasons }
    }
}

/// What keeps a version whose period began at `since`, if anything does.
fn early(keep: Period, since: Option<u64>, now: u64, because: &str) -> Option<Keeping> {
    let Some(since) = since else { return Some(Keeping::Unknown) };
    let until = since.saturating_add(keep.seconds());
    let left = until.saturating_sub(now);
    (left > 0).then(|| Keeping::TooEarly { keep, because: because.to_owned(), until, left })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    const RULES: &str = r#"
        keep = "90d"
        rules = [
            { alias = "production", keep = "2y" },
            { classification = "restricted", keep = "7y" },
            { alias = "staging", classification = "open", keep = "10d" },
        ]
    "#;

    fn stored() -> Stored {
        Stored { pushed_at: Some(0), ..Stored::default() }
    }

    fn said(stored: &Stored, day: u64) -> Vec<String> {
        let deletion = Retention::parse(RULES).unwrap().may_delete(stored, day * DAY);
        assert_eq!(deletion.allowed, deletion.reasons.is_empty());
        deletion.reasons.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_version_goes_when_its_time_has_come() {
        assert_eq!(said(&stored(), 89), ["kept 90d after it was pushed, 1 days more"]);
        assert_eq!(said(&stored(), 90), Vec::<String>::new());
    }

    #[test]
    fn the_longest_rule_decides_and_replaces_the_default() {
        let former = |alias: &str| BTreeMap::from([(alias.to_owned(), 100 * DAY)]);
        let once = Stored { former_aliases: former("production"), ..stored() };
        assert_eq!(said(&once, 829), ["kept 2y after `production` last pointed at it, 1 days more"]);
        assert_eq!(said(&once, 830), Vec::<String>::new());
        let both = Stored { classification: Some("restricted".to_owned()), ..once };
        assert_eq!(said(&both, 830), ["kept 7y after it was pushed as `restricted`, 1725 days more"]);
        assert_eq!(said(&both, 829).len(), 2);
        let open = |class: &str| Stored {
            former_aliases: former("staging"),
            classification: Some(class.to_owned()),
            pushed_at: Some(100 * DAY),
            ..stored()
        };
        assert_eq!(said(&open("open"), 110), Vec::<String>::new());
        assert_eq!(said(&open("other"), 110), ["kept 90d after it was pushed, 80 days more"]);
    }

    #[test]
    fn holds_aliases_and_needs_keep_whatever_the_age() {
        let kept = Stored {
            aliases: vec!["production".to_owned()],
            holds: vec![Hold { by: "ada".to_owned(), reason: "case 7".to_owned() }],
            approvals: vec!["grace as reviewer".to_owned()],
            needed_by: vec!["m@2".to_owned()],
            ..stored()
        };
        let expected = [
            "held by ada: case 7; an administrator can end the hold",
            "the alias `production` points at it",
            "approved by grace as reviewer; withdraw that first",
            "`m@2` needs it",
        ];
        assert_eq!(said(&kept, 100_000), expected);
    }

    #[test]
    fn what_is_not_known_is_kept() {
        assert_eq!(said(&Stored::default(), 100_000), ["when it was pushed is not known"]);
        let none = Retention::default().may_delete(&stored(), u64::MAX);
        assert_eq!(none.reasons, [Keeping::NoRule]);
        let future = Stored { pushed_at: Some(u64::MAX), ..stored() };
        assert!(!Retention::parse(RULES).unwrap().may_delete(&future, 0).allowed);
    }

    #[test]
    fn what_are_no_rules_is_refused() {
        for (text, expected) in [
            ("keep = \"ever\"", "period `ever`"),
            ("keeps = \"1d\"", "unknown field `keeps`"),
            ("rules = [{ keep = \"1d\" }]", "rule 1 names neither"),
            ("rules = [{ alias = \"a\" }]", "missing field `keep`"),
        ] {
            let refused = Retention::parse(text).unwrap_err().to_string();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
        let many = format!("rules = [{}]", "{ alias = \"a\", keep = \"1d\" },".repeat(MAX_RULES + 1));
        assert_eq!(Retention::parse(&many), Err(RetentionError::TooMany { got: MAX_RULES + 1 }));
    }
}
