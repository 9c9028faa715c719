//! What was found out about a version, as signed statements bound to its artifact digest. Failing verdicts are kept too.

use reproof_attest::Timestamp;
use reproof_attest::key::PrivateKey;
use reproof_attest::statement::{
    self, Approval, Decision, Descriptor, Statement as InToto, Subject, Verification,
};
use reproof_contract::report::Report;
use reproof_contract::scan::Scan;
use reproof_digest::{Digest, blob};
use reproof_policy::role::{Act, Grant, Role};
use reproof_registry::{At, Batch, Evidence, EvidenceKind, NewApproval, NewEvidence, State, Version};

use super::{Reference, Registry, RegistryError};

/// Letters of a reason that is made here, at most.
const MAX_REASON: usize = 1000;

/// The folder of statements in the store.
pub(super) const STATEMENTS: &str = "statements";

/// Bytes of a statement, at most.
pub(super) const STATEMENT_LIMIT: u64 = 64 << 20;

/// Seconds that the clock of who verified may be ahead.
pub(super) const CLOCK_DRIFT: u64 = 3600;

/// A statement that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its digest.
    pub digest: Digest,
    /// The hint of the key that signed it; empty where it is not signed.
    pub key_hint: String,
}

/// What came of attaching a document.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The version.
    pub version: Version,
    /// The statement.
    pub statement: Statement,
    /// What the records did.
    pub batch: Batch,
    /// Whether the version was flagged because of it.
    pub flagged: bool,
}

impl Registry {
    /// Keeps the report of a verification as evidence for a version: a signed statement where there is a key. A negative
    /// verdict flags the version where a gate of its model says so.
    pub fn attach_report(
        &self,
        reference: &Reference,
        report: &Report,
        key: Option<&PrivateKey>,
    ) -> Result<Attached, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Attest, Some(&version.model), None)?;
        if version.contract != Some(report.contract.digest) {
            return Err(RegistryError::Evidence {
                what: "the report".to_owned(),
                problem: format!(
                    "it is about {}, and {}@{} was pushed with {}",
                    report.contract.digest,
                    version.model,
                    version.number,
                    version
                        .contract
                        .map_or_else(|| "no contract".to_owned(), |contract| contract.to_string())
                ),
            });
        }
        let subject = subject(&version)?;
        let text = serde_json::to_vec(report).expect("a report is texts and numbers");
        let wrong = |error: &dyn std::fmt::Display| RegistryError::Evidence {
            what: "the report".into(),
            problem: error.to_string(),
        };
        let verification =
            Verification::of_report(&subject, report, &text, Vec::new()).map_err(|error| wrong(&error))?;
        let statement = self.keep(&verification.test_result(&subject), key)?;
        self.keep_document(&text)?;
        let at = moment(&report.verified_at).ok_or_else(|| wrong(&"its time is none"))?;
        if at > self.now().plus_seconds(CLOCK_DRIFT) {
            return Err(wrong(&"it was made in the future; one of two clocks is wrong"));
        }
        let environment = report.environment.class.clone();
        let evidence = NewEvidence {
            artifact: version.artifact,
            kind: EvidenceKind::Verification,
            environment: &environment,
            verdict: report.verdict.as_str(),
            assurance: report.assurance.as_str(),
            statement: statement.digest,
            who: self.who(),
            at,
            key_hint: &statement.key_hint,
        };
        let (batch, flagged) = if report.verdict.is_negative() {
            let reason = reason(report);
            let (model, number) = (&version.model, &version.number);
            self.records.add_negative_evidence(self.by(), &evidence, model, number, &reason)?
        } else {
            (self.records.add_evidence(self.by(), &[evidence])?, false)
        };
        Ok(Attached { version, statement, batch, flagged })
    }

    /// Keeps what a scan found as evidence for a version.
    pub fn attach_scan(
        &self,
        reference: &Reference,
        scan: &Scan,
        key: Option<&PrivateKey>,
    ) -> Result<Attached, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Attest, Some(&version.model), None)?;
        if scan.artifact_digest != Some(version.artifact) {
            let problem = match scan.artifact_digest {
                None => "it does not say which artifact it is about; scan with --digest".to_owned(),
                Some(other) => format!("it is about {other}, and the version is {}", version.artifact),
            };
            return Err(RegistryError::Evidence { what: "the scan".to_owned(), problem });
        }
        let subject = subject(&version)?;
        let text = serde_json::to_vec(scan).expect("a scan is texts and numbers");
        let described = Descriptor::of_bytes("scan.json", "application/vnd.reproof.scan+json", &text);
        let statement = self.keep(&statement::scan(&subject, scan, &described), key)?;
        self.keep_document(&text)?;
        let worst = scan.findings.iter().map(|finding| finding.severity).max();
        let evidence = NewEvidence {
            artifact: version.artifact,
            kind: EvidenceKind::Scan,
            environment: "",
            verdict: scan.verdict.as_str(),
            // How far a scan reaches is in its statement; what gates ask for is how serious it was.
            assurance: worst.map_or("", |severity| severity.as_str()),
            statement: statement.digest,
            who: self.who(),
            at: self.now(),
            key_hint: &statement.key_hint,
        };
        let batch = self.records.add_evidence(self.by(), &[evidence])?;
        Ok(Attached { version, statement, batch, flagged: false })
    }

    /// Approves or rejects a version in a role, as a statement that is signed where there is a key. With `alias`, the decision
    /// is for that alias only, which who has the role for it alone must say.
    pub fn decide(
        &self,
        reference: &Reference,
        (role, alias): (Role, Option<&str>),
        approved: bool,
        reason: &str,
        key: Option<&PrivateKey>,
    ) -> Result<reproof_registry::Approval, RegistryError> {
        let version = self.resolve(reference)?;
        if version.state == State::Deleted {
            let problem = format!("it was deleted by {}", version.since.who);
            return Err(RegistryError::Reference { text: reference.to_string(), problem });
        }
        let decision =
            self.access().may_approve(self.who(), Some(&version.submitted.who), &version.model, alias);
        if !decision.allowed {
            return Err(RegistryError::Denied {
                who: self.who().to_owned(),
                reason: decision.reason.to_string(),
            });
        }
        self.has(role, &version.model, alias)?;
        let role = in_words(role, alias);
        let subject = subject(&version)?;
        let said = Approval {
            model: version.model.clone(),
            version: version.number.clone(),
            artifact: version.artifact,
            person: self.who().to_owned(),
            role: role.clone(),
            decision: if approved { Decision::Approved } else { Decision::Rejected },
            reason: reason.to_owned(),
            time: Timestamp::from_unix(self.seconds() as i64).map_err(|error| RegistryError::Evidence {
                what: "the clock".to_owned(),
                problem: error.to_string(),
            })?,
        };
        let statement = self.keep(&InToto::of_approval(&subject, said), key)?;
        let new = NewApproval {
            model: &version.model,
            version: &version.number,
            artifact: version.artifact,
            role: &role,
            approved,
            reason,
            evidence: &[statement.digest],
        };
        Ok(self.records.decide(self.by(), &new)?)
    }

    /// Refuses a role that the actor does not have for a model, or for one alias of it.
    fn has(&self, role: Role, model: &str, alias: Option<&str>) -> Result<(), RegistryError> {
        let reproof_policy::role::Access::Granted(grants) = self.access() else { return Ok(()) };
        let fits = |grant: &Grant| {
            grant.alias.as_deref().is_none_or(|only| alias == Some(only))
                && grant.models.covers(model)
                && grant.role.includes(role)
        };
        if grants.iter().any(fits) {
            return Ok(());
        }
        let reason = format!("deciding as {} needs that role for {model}", role.as_str());
        Err(RegistryError::Denied { who: self.who().to_owned(), reason })
    }

    /// Stores a statement, signed where there is a key.
    pub(super) fn keep<P: statement::Predicate>(
        &self,
        statement: &InToto<P>,
        key: Option<&PrivateKey>,
    ) -> Result<Statement, RegistryError> {
        let wrong = |error: &dyn std::fmt::Display| RegistryError::Evidence {
            what: "the statement".into(),
            problem: error.to_string(),
        };
        let (bytes, key_hint) = match key {
            Some(key) => {
                self.keep_key(&key.public_key())?;
                let bundle = statement.sign(key).map_err(|error| wrong(&error))?;
                (bundle.to_json(), key.public_key().hint().to_string())
            }
            None => (statement.to_payload().map_err(|error| wrong(&error))?, String::new()),
        };
        Ok(Statement { digest: self.keep_document(&bytes)?, key_hint })
    }

    pub(super) fn keep_document(&self, bytes: &[u8]) -> Result<Digest, RegistryError> {
        let digest = blob(bytes);
        self.store.bucket().create(&statement_key(&digest), bytes.to_vec())?;
        Ok(digest)
    }

    /// The bytes of a kept statement or of the document that it is about.
    pub(super) fn statement(&self, digest: &Digest) -> Result<Option<Vec<u8>>, RegistryError> {
        let found = self.store.bucket().get(&statement_key(digest), STATEMENT_LIMIT)?;
        match found {
            Some(bytes) if blob(&bytes) != *digest => {
                let what = "a stored statement".to_owned();
                Err(RegistryError::Unexpected { what, expected: *digest, found: blob(&bytes) })
            }
            found => Ok(found.map(|bytes| bytes.to_vec())),
        }
    }

    /// Everything that was found out about a version's artifact, the newest of each kind and environment.
    pub fn evidence(&self, reference: &Reference) -> Result<Vec<Evidence>, RegistryError> {
        let version = self.resolve(reference)?;
        Ok(self.records.latest_evidence(&version.artifact)?)
    }
}

/// Why a version is flagged after a negative verdict, as short and plain as a reason must be.
fn reason(report: &Report) -> String {
    let text = format!("verification came to {}: {}", report.verdict, report.summary);
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).take(MAX_REASON).collect()
}

/// A role in a decision: `reviewer`, or `reviewer@production` where it is for one alias only.
fn in_words(role: Role, alias: Option<&str>) -> String {
    alias.map_or_else(|| role.as_str().to_owned(), |alias| format!("{role}@{alias}"))
}

/// The role of a decision, where it is about `alias`.
pub(super) fn role_for(words: &str, alias: &str) -> Option<Role> {
    match words.split_once('@') {
        None => words.parse().ok(),
        Some((role, only)) => role.parse().ok().filter(|_| only == alias),
    }
}

/// What statements about a version are about: the artifact, and its files by SHA-256 where the contract has it.
pub(super) fn subject(version: &Version) -> Result<Subject, RegistryError> {
    let name = format!("{}@{}", version.model, version.number);
    Subject::new(&name, version.artifact, &[])
        .map_err(|error| RegistryError::Evidence { what: name, problem: error.to_string() })
}

pub(super) fn statement_key(digest: &Digest) -> String {
    let hex = digest.to_hex();
    format!("{STATEMENTS}/{}/{hex}", &hex[..2])
}

/// A moment from RFC 3339.
fn moment(text: &str) -> Option<At> {
    At::from_seconds(crate::clock::parse_rfc3339(text)?)
}
