//! The roles and their acts: the one table that decisions and documentation are made from.

use std::fmt::Write as _;

use super::act::Act;
use crate::words::words;

words! {
    /// A set of acts.
    Role {
        /// Sees everything and changes nothing.
        Reader = "reader",
        /// Brings models and their evidence.
        Contributor = "contributor",
        /// Judges what others bring.
        Reviewer = "reviewer",
        /// Runs models: aliases, promotions, contracts.
        Maintainer = "maintainer",
        /// Checks the registry itself, and keeps what must not go.
        Auditor = "auditor",
        /// Sets the rules and gives roles. Judges no model: who sets a gate should not also pass it.
        Administrator = "administrator",
    }
}

/// What each role adds to [`Act::Read`], which all have.
const READER: &[Act] = &[Act::Read];
const CONTRIBUTOR: &[Act] =
    &[Act::Read, Act::CreateModel, Act::Push, Act::Tag, Act::Note, Act::Attest, Act::Flag];
const REVIEWER: &[Act] = &[Act::Read, Act::Note, Act::Attest, Act::Flag, Act::Review, Act::Approve];
const MAINTAINER: &[Act] = &[
    Act::Read,
    Act::CreateModel,
    Act::Push,
    Act::Tag,
    Act::Note,
    Act::Attest,
    Act::Flag,
    Act::Clear,
    Act::Review,
    Act::Approve,
    Act::AcceptGoldens,
    Act::SetAlias,
    Act::RemoveAlias,
    Act::Promote,
    Act::Revert,
    Act::Retire,
    Act::Export,
];
/// Their spot checks verify what is stored, and what they find counts as evidence.
const AUDITOR: &[Act] = &[Act::Read, Act::Note, Act::Attest, Act::Flag, Act::Hold, Act::Audit, Act::Export];
const ADMINISTRATOR: &[Act] = &[
    Act::Read,
    Act::CreateModel,
    Act::Note,
    Act::Flag,
    Act::Retire,
    Act::SetGate,
    Act::SetRetention,
    Act::Hold,
    Act::ReleaseHold,
    Act::Delete,
    Act::Grant,
    Act::CreateToken,
    Act::RevokeToken,
    Act::Audit,
    Act::Export,
];

impl Role {
    /// What it may do.
    pub const fn acts(self) -> &'static [Act] {
        match self {
            Self::Reader => READER,
            Self::Contributor => CONTRIBUTOR,
            Self::Reviewer => REVIEWER,
            Self::Maintainer => MAINTAINER,
            Self::Auditor => AUDITOR,
            Self::Administrator => ADMINISTRATOR,
        }
    }

    /// Whether it may do `act`.
    pub fn may(self, act: Act) -> bool {
        self.acts().contains(&act)
    }

    /// Whether it may do all that `other` may: an approval by a maintainer counts as one by a reviewer.
    pub fn includes(self, other: Self) -> bool {
        other.acts().iter().all(|act| self.may(*act))
    }

    /// The roles that may do `act`, in order.
    pub fn that_may(act: Act) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |role| role.may(act))
    }
}

/// The table in Markdown, for the documentation.
pub fn markdown() -> String {
    let mut text = "| act |".to_owned();
    for role in Role::ALL {
        let _ = write!(text, " {role} |");
    }
    text.push_str(" what it does |\n|---|");
    text.push_str(&":-:|".repeat(Role::ALL.len()));
    text.push_str("---|\n");
    for act in Act::ALL {
        let _ = write!(text, "| `{act}` |");
        for role in Role::ALL {
            text.push_str(if role.may(*act) { " yes |" } else { "  |" });
        }
        let _ = writeln!(text, " {} |", act.describe());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table. A change here is a change of who may do what, and wants a reason.
    const TABLE: &str = "\
| act | reader | contributor | reviewer | maintainer | auditor | administrator | what it does |
|---|:-:|:-:|:-:|:-:|:-:|:-:|---|
| `read` | yes | yes | yes | yes | yes | yes | see models, versions, reports and evidence |
| `create-model` |  | yes |  | yes |  | yes | make a model's name known |
| `push` |  | yes |  | yes |  |  | add a version with its files |
| `tag` |  | yes |  | yes |  |  | set or remove a tag of a version |
| `note` |  | yes | yes | yes | yes | yes | write a note |
| `attest` |  | yes | yes | yes | yes |  | add evidence: a verification, a scan, a signature |
| `flag` |  | yes | yes | yes | yes | yes | mark a version as doubtful |
| `clear` |  |  |  | yes |  |  | take a flag away |
| `review` |  |  | yes | yes |  |  | say that a version was looked at, without a decision |
| `approve` |  |  | yes | yes |  |  | approve a version |
| `accept-goldens` |  |  |  | yes |  |  | accept new goldens: make the next contract |
| `set-alias` |  |  |  | yes |  |  | point an alias without a gate at a version |
| `remove-alias` |  |  |  | yes |  |  | remove an alias |
| `promote` |  |  |  | yes |  |  | point an alias at a version that its gate lets pass |
| `revert` |  |  |  | yes |  |  | point an alias back at the version before |
| `retire` |  |  |  | yes |  | yes | take a version out of use |
| `set-gate` |  |  |  |  |  | yes | set the gate of an alias |
| `set-retention` |  |  |  |  |  | yes | set how long versions are kept |
| `hold` |  |  |  |  | yes | yes | put a version under legal hold |
| `release-hold` |  |  |  |  |  | yes | end a legal hold |
| `delete` |  |  |  |  |  | yes | delete the files of a version |
| `grant` |  |  |  |  |  | yes | give or take a role |
| `create-token` |  |  |  |  |  | yes | make a token |
| `revoke-token` |  |  |  |  |  | yes | make a token worthless |
| `audit` |  |  |  |  | yes | yes | check the log and everything it is about |
| `export` |  |  |  | yes | yes | yes | take evidence and history out in bulk |
";

    #[test]
    fn the_table_is_this_one() {
        assert_eq!(markdown(), TABLE);
    }

    #[test]
    fn every_act_has_a_role_and_every_role_reads() {
        assert!(Act::ALL.iter().all(|act| Role::that_may(*act).next().is_some()));
        assert!(Role::ALL.iter().all(|role| role.includes(Role::Reader)));
    }

    #[test]
    fn who_sets_gates_does_not_pass_them() {
        for role in Role::ALL {
            assert!(
                !(role.may(Act::SetGate) && (role.may(Act::Promote) || role.may(Act::Approve))),
                "{role}"
            );
            assert!(!(role.may(Act::Delete) && role.may(Act::Push)), "{role}");
        }
        assert!(Role::Maintainer.includes(Role::Reviewer) && !Role::Reviewer.includes(Role::Contributor));
    }

    #[test]
    fn words_are_read_back_and_misspelt_ones_get_a_suggestion() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
        for act in Act::ALL {
            assert_eq!(act.as_str().parse(), Ok(*act));
        }
        let refused = "reviwer".parse::<Role>().unwrap_err().to_string();
        assert!(refused.ends_with("administrator; did you mean `reviewer`?"), "{refused}");
    }
}
