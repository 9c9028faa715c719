//! The statements of a verification.

use reproof_contract::report::{Check, CheckStatus, Report};
use reproof_contract::{Assurance, Relation, Verdict};
use reproof_digest::Digest;
use serde::{Deserialize, Serialize};

use super::{Descriptor, Statement, Subject, Summary, TestOutcome, TestResult, Verifier};
use crate::Timestamp;
use crate::timestamp::TimestampError;

/// What a verification found, as far as statements tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// What it comes to.
    pub claim: Claim,
    /// The checks, in the order in which they were made.
    pub checks: Vec<CheckResult>,
    /// What it was made with: contract, report, environment; each with a digest.
    pub configuration: Vec<Descriptor>,
}

/// What a verification comes to: what the three words of a Test Result cannot say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict that was asked for.
    pub required: Verdict,
    /// How far it reaches.
    pub assurance: Assurance,
    /// What was compared with the contract.
    pub relation: Relation,
    /// When.
    pub verified_at: Timestamp,
    /// The version of Reproof.
    pub verified_by: String,
}

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// Its name, such as `validate.output/typical-1/logits`.
    pub name: String,
    /// How it ended.
    pub status: CheckStatus,
}

/// Why there is no statement of a verification.
#[derive(Debug, thiserror::Error)]
pub enum VerificationError {
    /// The report is about another artifact.
    #[error("report is about {got}: expected {expected}, the artifact of the statement")]
    OtherArtifact {
        /// The subject's digest.
        expected: Digest,
        /// The report's digest, or that it has none.
        got: String,
    },
    /// The report's time is none.
    #[error("report has no usable time")]
    Time(#[from] TimestampError),
    /// A summary cannot express a failure.
    #[error(
        "verdict {verdict} does not reach {required}: a summary lists kept promises only; write a test result"
    )]
    NotReached {
        /// The verdict.
        verdict: Verdict,
        /// The one that was asked for.
        required: Verdict,
    },
}

impl Claim {
    /// The word of a Test Result. What is not known has not passed.
    pub fn outcome(&self) -> TestOutcome {
        match self.verdict {
            Verdict::Identical => TestOutcome::Passed,
            verdict
                if !verdict.is_negative()
                    && verdict != Verdict::Undecided
                    && verdict.reaches(self.required) =>
            {
                TestOutcome::Warned
            }
            _ => TestOutcome::Failed,
        }
    }
}

impl Verification {
    /// What `report` says, where it is about `subject`. `report_bytes` are the document as it is kept, and `others` name
    /// what else it stands on, such as the environment.
    pub fn of_report(
        subject: &Subject,
        report: &Report,
        report_bytes: &[u8],
        others: Vec<Descriptor>,
    ) -> Result<Self, VerificationError> {
        if report.artifact.artifact_digest.as_ref() != Some(subject.artifact()) {
            let digest = report.artifact.artifact_digest;
            return Err(VerificationError::OtherArtifact {
                expected: *subject.artifact(),
                got: digest.map_or_else(|| "no digest".to_owned(), |digest| digest.to_string()),
            });
        }
        let mut configuration = vec![
            Descriptor::named("contract").with(&report.contract.digest),
            Descriptor::of_bytes("report", "application/json", report_bytes),
        ];
        configuration.extend(others);
        let checks = report
            .phases
            .iter()
            .flat_map(|phase| &phase.checks)
            .map(|check| CheckResult { name: name(check), status: check.status });
        Ok(Self {
            claim: Claim {
                verdict: report.verdict,
                required: report.required,
                assurance: report.assurance,
                relation: report.relation,
                verified_at: report.verified_at.parse()?,
                verified_by: report.verified_by.clone(),
            },
            checks: checks.collect(),
            configuration,
        })
    }

    /// The whole result, whatever it is.
    pub fn test_result(&self, subject: &Subject) -> Statement<TestResult> {
        let names = |status| {
            let checks = self.checks.iter().filter(move |check| check.status == status);
            checks.map(|check| check.name.clone()).collect()
        };
        let result = TestResult {
            result: self.claim.outcome(),
            configuration: self.configuration.clone(),
            passed_tests: names(CheckStatus::Pass),
            warned_tests: names(CheckStatus::Warn),
            failed_tests: names(CheckStatus::Fail),
            verification: Some(self.claim.clone()),
        };
        Statement::new(subject, result)
    }

    /// The promises that were found kept, where the required verdict was reached: every rung that the verdict and the
    /// assurance reach, so that a gate asks for one word.
    pub fn summary(&self, subject: &Subject) -> Result<Statement<Summary>, VerificationError> {
        let claim = &self.claim;
        if claim.outcome() == TestOutcome::Failed {
            return Err(VerificationError::NotReached { verdict: claim.verdict, required: claim.required });
        }
        let verdicts =
            Verdict::ALL.iter().filter(|rung| **rung < Verdict::Undecided && claim.verdict <= **rung);
        let assurances =
            Assurance::ALL.iter().filter(|rung| **rung > Assurance::None && **rung <= claim.assurance);
        let summary = Summary {
            verifier: Verifier { id: verifier(&claim.verified_by) },
            time_created: claim.verified_at.clone(),
            properties: verdicts
                .map(|rung| format!("reproof.verdict.{rung}"))
                .chain(assurances.map(|rung| format!("reproof.assurance.{rung}")))
                .collect(),
        };
        Ok(Statement::new(subject, summary))
    }
}

/// The URI of a version of Reproof.
pub(super) fn verifier(version: &str) -> String {
    format!("https://reproof.dev/verifier/{version}")
}

/// The name of a check: its word, then its case and output where it has them.
fn name(check: &Check) -> String {
    let parts = [Some(&check.id), check.case.as_ref(), check.output.as_ref()];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("/")
}
