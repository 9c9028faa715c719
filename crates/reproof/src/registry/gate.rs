//! Promotion: an alias moves to a version only if its gates hold for that exact digest.

use reproof_contract::{Assurance, Verdict};
use reproof_digest::Digest;
use reproof_policy::role::Act;
use reproof_policy::{Acceptance, Approval, Facts, Gate, Outcome, ScanFacts};
use reproof_registry::{AliasEvent, Decision, GateFacts, MoveAlias, State, Version};
use serde::Serialize;

use super::evidence::role_for;
use super::proof::{Finding, Proof};
use super::reference::is_version;
use super::{Reference, Registry, RegistryError};

/// What one gate says.
#[derive(Clone, Debug, Serialize)]
pub struct GateOutcome {
    /// The models that it is for.
    pub pattern: String,
    /// Its revision.
    pub revision: u64,
    /// Requirement by requirement.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a promotion came to.
#[derive(Clone, Debug)]
pub struct Promotion {
    /// The version that was to be promoted.
    pub version: Version,
    /// Where the alias pointed.
    pub before: Option<String>,
    /// What each gate says.
    pub gates: Vec<GateOutcome>,
    /// Why it cannot be promoted whatever gates say, such as an open flag.
    pub obstacles: Vec<String>,
    /// The move, unless it was refused or only tried.
    pub moved: Option<AliasEvent>,
}

/// How often a promotion is judged again, where something comes while it is.
const ATTEMPTS: u32 = 8;

impl Promotion {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.obstacles.is_empty() && self.gates.iter().all(|gate| gate.outcome.holds)
    }
}

impl Registry {
    /// Points `alias` at a version if its gates hold; otherwise says what is missing. `trying` changes nothing.
    pub fn promote(
        &self,
        reference: &Reference,
        alias: &str,
        reason: &str,
        trying: bool,
    ) -> Result<Promotion, RegistryError> {
        if is_version(alias) {
            return Err(RegistryError::Reference {
                text: alias.to_owned(),
                problem: "an alias begins with a letter; what begins with a digit is a version".to_owned(),
            });
        }
        let version = self.resolve(reference)?;
        self.allow(Act::Promote, Some(&version.model), Some(alias))?;
        for _ in 0..ATTEMPTS {
            let (mut promotion, facts) = self.judge(reference, &version, alias)?;
            if !promotion.holds() || trying {
                return Ok(promotion);
            }
            let rests_on: Vec<Digest> = facts.evidence.iter().map(|evidence| evidence.statement).collect();
            let request = MoveAlias {
                model: &promotion.version.model,
                alias,
                expected: promotion.before.as_deref(),
                reason,
                evidence: &rests_on,
                as_of: facts.as_of,
            };
            match self.records.set_alias(self.by(), &request, &promotion.version.number) {
                Ok(moved) => {
                    promotion.moved = Some(moved);
                    return Ok(promotion);
                }
                // Judged again, with what came meanwhile.
                Err(reproof_registry::Error::DecidedBefore { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (model, alias) = (version.model, alias.to_owned());
        Err(reproof_registry::Error::DecidedBefore { model, alias }.into())
    }

    /// What the gates of an alias say of a version, and what they were asked with.
    fn judge(
        &self,
        reference: &Reference,
        version: &Version,
        alias: &str,
    ) -> Result<(Promotion, GateFacts), RegistryError> {
        let facts = self.records.gate_facts(&version.model, &version.number, alias)?;
        let now = self.seconds();
        let proofs = self.proofs(version, &facts.evidence)?;
        // The rules that every gate may ask about are those of the version itself.
        let lacks: Vec<String> = self.lint(reference, None)?.into_iter().map(|lack| lack.id).collect();
        let mut gates = Vec::new();
        for gate in &facts.gates {
            let text = gate.text.as_deref().unwrap_or_default();
            let rules = Gate::parse(text).map_err(|error| RegistryError::Rule {
                what: format!("the gate of `{}` for `{alias}`", gate.pattern),
                problem: error.to_string(),
            })?;
            let known = Facts {
                lint: Some(lacks.clone()),
                acceptance: if rules.reviewed { Some(self.acceptance(version)?) } else { None },
                ..facts_of(&facts, alias, &proofs, &rules.signed_by)
            };
            let outcome = rules.evaluate(&known, now);
            gates.push(GateOutcome { pattern: gate.pattern.clone(), revision: gate.revision, outcome });
        }
        let before = facts.alias.as_ref().and_then(|alias| alias.version.clone());
        let obstacles = obstacles(&facts, alias);
        Ok((Promotion { obstacles, version: version.clone(), before, gates, moved: None }, facts))
    }

    /// Where the contract of a version comes from.
    fn acceptance(&self, version: &Version) -> Result<Acceptance, RegistryError> {
        let contract = self.contract_of(&version.manifest)?;
        let previous = contract.and_then(|contract| contract.previous);
        Ok(previous.map_or(Acceptance::First, |previous| Acceptance::By(previous.accepted_by)))
    }

    /// The gates that a model must pass for an alias.
    pub fn gates(&self, model: &str, alias: &str) -> Result<Vec<reproof_registry::Gate>, RegistryError> {
        self.allow(Act::Read, Some(model), None).or_else(|_| self.allow(Act::Read, None, None))?;
        if model.contains('*') {
            let newest =
                self.records.gate_history(model, alias, &reproof_registry::PageRequest::first(1))?.items;
            return Ok(newest.into_iter().filter(|gate| gate.text.is_some()).collect());
        }
        Ok(self.records.gates(model, alias)?)
    }

    /// Sets the gate of an alias after checking that it can be understood, or removes it.
    pub fn set_gate(&self, pattern: &str, alias: &str, text: Option<&str>) -> Result<(), RegistryError> {
        self.allow(Act::SetGate, None, Some(alias))
            .or_else(|_| self.allow(Act::SetGate, Some(pattern), Some(alias)))?;
        if let Some(text) = text {
            Gate::parse(text).map_err(|error| RegistryError::Rule {
                what: "the gate".to_owned(),
                problem: error.to_string(),
            })?;
        }
        let current = self.records.gate_history(pattern, alias, &reproof_registry::PageRequest::first(1))?;
        let revision = current.items.first().map_or(0, |gate| gate.revision);
        self.records.set_gate(self.by(), pattern, alias, text, revision)?;
        Ok(())
    }
}

/// What is known of a version, as gates ask for it. Where a gate names who must have signed, evidence that others signed,
/// or nobody, does not count.
fn facts_of(known: &GateFacts, alias: &str, proofs: &[Proof], signers: &[String]) -> Facts {
    let version = &known.version;
    let counts =
        |proof: &&Proof| signers.is_empty() || proof.key.as_ref().is_some_and(|key| signers.contains(key));
    let counting: Vec<&Proof> = proofs.iter().filter(counts).collect();
    let verdicts: Vec<(&Proof, Verdict, Assurance)> = counting
        .iter()
        .filter_map(|proof| match proof.finding {
            Finding::Verification(verdict, assurance) => Some((*proof, verdict, assurance)),
            Finding::Scan(..) | Finding::Endorsement => None,
        })
        .collect();
    let scan = counting.iter().rev().find_map(|proof| match proof.finding {
        Finding::Scan(verdict, severity) => Some(ScanFacts { verdict, severity, at: proof.at }),
        Finding::Verification(..) | Finding::Endorsement => None,
    });
    let approvals = known.approvals.iter().filter(|approval| approval.decision == Decision::Approved);
    let read = counting.iter().filter(|proof| !proof.is_lost);
    let mut signatures: Vec<String> = read.filter_map(|proof| proof.key.clone()).collect();
    signatures.sort();
    signatures.dedup();
    Facts {
        model: version.model.clone(),
        version: version.number.clone(),
        artifact: version.artifact.to_string(),
        verdict: verdicts.iter().map(|(_, verdict, _)| *verdict).max(),
        assurance: verdicts.iter().map(|(.., assurance)| *assurance).min(),
        verified_at: verdicts.iter().map(|(proof, ..)| proof.at).min(),
        environments: verdicts
            .iter()
            .filter(|(proof, ..)| !proof.environment.is_empty())
            .map(|(proof, verdict, _)| (proof.environment.clone(), *verdict))
            .collect(),
        scan,
        signed: Some(counting.iter().any(|proof| matches!(proof.finding, Finding::Endorsement))),
        signatures: Some(signatures),
        approvals: approvals
            .filter_map(|approval| {
                Some(Approval {
                    person: approval.decided.who.clone(),
                    role: role_for(&approval.role, alias)?,
                    at: approval.decided.at.seconds(),
                })
            })
            .collect(),
        submitter: Some(version.submitted.who.clone()),
        flags: Some(known.flags.iter().map(|flag| flag.reason.clone()).collect()),
        classification: Some(known.model.classification.clone()).filter(|word| !word.is_empty()),
        tags: known.tags.iter().cloned().collect(),
        acceptance: None,
        lint: None,
    }
}

/// What keeps a version from any alias.
fn obstacles(facts: &GateFacts, alias: &str) -> Vec<String> {
    let version = &facts.version;
    let mut obstacles = Vec::new();
    if version.state != State::Active {
        obstacles
            .push(format!("it is {} since {}, by {}", version.state, version.since.at, version.since.who));
    }
    obstacles.extend(facts.flags.iter().map(|flag| {
        format!(
            "it is flagged by {}: {} (reproof clear {}@{} --reason TEXT)",
            flag.raised.who, flag.reason, version.model, version.number
        )
    }));
    let rejected = facts.approvals.iter().filter(|approval| {
        approval.decision == Decision::Rejected && role_for(&approval.role, alias).is_some()
    });
    obstacles.extend(rejected.map(|approval| {
        format!("{} rejected it as {}: {}", approval.decided.who, approval.role, approval.reason)
    }));
    obstacles
}
