//! A gate against the facts of one version.

use reproof_contract::Verdict;
use reproof_contract::scan::ScanVerdict;
use serde::Serialize;

use super::{Gate, ScanRequirement};
use crate::expression::Truth;
use crate::facts::{Acceptance, Facts};
use crate::role::Role;

/// Whether a gate lets a version pass, requirement by requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whether every requirement is met.
    pub holds: bool,
    /// All of them, in the order of the gate's keys.
    pub requirements: Vec<Requirement>,
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// The key of the gate.
    #[serde(rename = "requirement")]
    pub key: &'static str,
    /// Whether it is met.
    pub met: bool,
    /// What must be.
    pub expected: String,
    /// What is, or `not known`.
    pub found: String,
    /// The command that provides what is missing, if one can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What is said of a fact that is not there.
const NOT_KNOWN: &str = "not known";

impl Outcome {
    /// What is not met.
    pub fn missing(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter().filter(|requirement| !requirement.met)
    }
}

/// Collects requirements.
struct Judge<'a> {
    facts: &'a Facts,
    requirements: Vec<Requirement>,
}

impl Judge<'_> {
    /// Notes a requirement; `command` is what provides it and is kept only where it is missing.
    fn note(
        &mut self,
        key: &'static str,
        met: bool,
        expected: impl Into<String>,
        found: Option<String>,
        command: Option<&str>,
    ) {
        let reference = self.facts.reference();
        self.requirements.push(Requirement {
            key,
            met,
            expected: expected.into(),
            found: found.unwrap_or_else(|| NOT_KNOWN.to_owned()),
            command: command.filter(|_| !met).map(|command| command.replace("MODEL@VERSION", &reference)),
        });
    }
}

impl Gate {
    /// What the gate says of `facts` at the time `now`, in seconds since 1970.
    pub fn evaluate(&self, facts: &Facts, now: u64) -> Outcome {
        let mut judge = Judge { facts, requirements: Vec::new() };
        self.verification(&mut judge, now);
        self.scan(&mut judge, now);
        self.signatures(&mut judge);
        self.approvals(&mut judge);
        self.state(&mut judge);
        if let Some(expression) = &self.expression {
            let (met, found) = match expression.evaluate(facts, now) {
                Truth::Yes => (true, "holds".to_owned()),
                Truth::No => (false, "does not hold".to_owned()),
                Truth::Unknown(missing) => {
                    let names: Vec<String> = missing.into_iter().collect();
                    (false, format!("{NOT_KNOWN}: {}", names.join(", ")))
                }
            };
            judge.note("expression", met, expression.as_str(), Some(found), None);
        }
        let requirements = judge.requirements;
        Outcome { holds: requirements.iter().all(|requirement| requirement.met), requirements }
    }

    fn verification(&self, judge: &mut Judge<'_>, now: u64) {
        const VERIFY: Option<&str> = Some("reproof verify MODEL@VERSION");
        const DIAGNOSE: &str = "reproof pull MODEL@VERSION copy; reproof diagnose copy";
        let facts = judge.facts;
        if let Some(required) = self.verdict {
            let met = facts.verdict.is_some_and(|verdict| verdict.reaches(required));
            // Where a verdict is negative, another run will not change it.
            let decided = facts.verdict.is_some_and(Verdict::is_negative);
            let command = if decided { Some(DIAGNOSE) } else { VERIFY };
            judge.note("verdict", met, format!("{required} or better"), text(facts.verdict), command);
        }
        if let Some(required) = self.assurance {
            let met = facts.assurance.is_some_and(|assurance| assurance >= required);
            judge.note("assurance", met, format!("{required} or further"), text(facts.assurance), VERIFY);
        }
        let required = self.verdict.unwrap_or(Verdict::Equivalent);
        for class in &self.environments {
            let verdict = facts.environments.get(class).copied();
            let met = verdict.is_some_and(|verdict| verdict.reaches(required));
            let command = format!("reproof verify MODEL@VERSION, on a machine of the class {class}");
            judge.note(
                "environments",
                met,
                format!("{class}: {required} or better"),
                text(verdict),
                Some(&command),
            );
        }
        if let Some(longest) = self.evidence_age {
            let age = facts.verified_at.and_then(|then| now.checked_sub(then));
            let met = age.is_some_and(|age| age <= longest.seconds());
            judge.note(
                "evidence_age",
                met,
                format!("at most {longest}"),
                days(facts.verified_at, now),
                VERIFY,
            );
        }
    }

    fn scan(&self, judge: &mut Judge<'_>, now: u64) {
        const SCAN: Option<&str> = Some("reproof scan MODEL@VERSION");
        let Some(required) = self.scan else { return };
        let scan = judge.facts.scan;
        let found = scan.map(|scan| scan.verdict);
        let (met, expected) = match required {
            ScanRequirement::Clean => (found == Some(ScanVerdict::Clean), "clean"),
            ScanRequirement::Incomplete => {
                (matches!(found, Some(ScanVerdict::Clean | ScanVerdict::Incomplete)), "incomplete or clean")
            }
        };
        judge.note("scan", met, expected, text(found.map(ScanVerdict::as_str)), SCAN);
        if let Some(longest) = self.evidence_age {
            let then = scan.map(|scan| scan.at);
            let age = then.and_then(|then| now.checked_sub(then));
            let met = age.is_some_and(|age| age <= longest.seconds());
            judge.note("evidence_age", met, format!("scan at most {longest}"), days(then, now), SCAN);
        }
    }

    fn signatures(&self, judge: &mut Judge<'_>) {
        const SIGN: Option<&str> = Some("reproof sign MODEL@VERSION --key PEM");
        const VERIFY: Option<&str> = Some("reproof verify MODEL@VERSION --key PEM");
        let facts = judge.facts;
        if self.signed {
            let found = facts.signed.map(|signed| if signed { "signed" } else { "unsigned" });
            judge.note("signed", facts.signed == Some(true), "signed", text(found), SIGN);
        }
        for identity in &self.signed_by {
            let signatures = facts.signatures.as_deref();
            let met = signatures.is_some_and(|signatures| signatures.contains(identity));
            judge.note("signed_by", met, identity.as_str(), signatures.map(list), VERIFY);
        }
    }

    fn approvals(&self, judge: &mut Judge<'_>) {
        const APPROVE: Option<&str> = Some("reproof approve MODEL@VERSION --reason TEXT");
        let facts = judge.facts;
        let submitter = facts.submitter.as_deref();
        if self.not_by_submitter && submitter.is_none() {
            judge.note("not_by_submitter", false, "a known submitter", None, None);
        }
        for required in &self.approvals {
            let mut persons = facts.approved_by(required.role);
            if self.not_by_submitter {
                persons.retain(|person| Some(*person) != submitter);
            }
            let count = required.count;
            let others = if self.not_by_submitter { " who did not push it" } else { "" };
            let expected = format!("{count} {}{}{others}", required.role, if count == 1 { "" } else { "s" });
            let met = persons.len() >= count as usize;
            let found = list(&persons.into_iter().collect::<Vec<_>>());
            judge.note("approvals", met, expected, Some(found), APPROVE);
        }
        if self.reviewed {
            let mut persons = facts.approved_by(Role::Reviewer);
            let (met, found) = match &facts.acceptance {
                None => (false, None),
                Some(Acceptance::First) => (true, Some("its first goldens".to_owned())),
                Some(Acceptance::By(accepted)) => {
                    persons.retain(|person| *person != accepted && Some(*person) != submitter);
                    let others = list(&persons.iter().collect::<Vec<_>>());
                    let found = format!("new goldens accepted by {accepted}, reviewed by others: {others}");
                    (submitter.is_some() && !persons.is_empty(), Some(found))
                }
            };
            let expected = "a reviewer who neither accepted the new goldens nor pushed them";
            judge.note("reviewed", met, expected, found, APPROVE);
        }
    }

    fn state(&self, judge: &mut Judge<'_>) {
        let facts = judge.facts;
        if self.unflagged {
            let met = facts.flags.as_ref().is_some_and(Vec::is_empty);
            let found = facts.flags.as_deref().map(list);
            judge.note(
                "unflagged",
                met,
                "no open flags",
                found,
                Some("reproof clear MODEL@VERSION --reason TEXT"),
            );
        }
        if self.lint {
            let met = facts.lint.as_ref().is_some_and(Vec::is_empty);
            let found = facts.lint.as_deref().map(list);
            judge.note("lint", met, "no findings", found, Some("reproof lint MODEL@VERSION"));
        }
        if !self.classification.is_empty() {
            let found = facts.classification.as_ref();
            let met = found.is_some_and(|found| self.classification.contains(found));
            judge.note(
                "classification",
                met,
                format!("one of {}", list(&self.classification)),
                found.cloned(),
                None,
            );
        }
    }
}

fn text(fact: Option<impl ToString>) -> Option<String> {
    fact.map(|fact| fact.to_string())
}

fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

/// An age in days, rounded down, as it is read.
fn days(then: Option<u64>, now: u64) -> Option<String> {
    let then = then?;
    Some(match now.checked_sub(then) {
        Some(age) => format!("{} days old", age / 86_400),
        None => "made in the future: a clock is wrong".to_owned(),
    })
}
