//! Statements as they are written, and what reading them refuses.

use reproof_contract::report::CheckStatus;
use reproof_contract::scan::{Coverage, ScanFinding, ScanSchema, ScanVerdict, Severity};
use reproof_contract::{Assurance, Relation, Scan, Verdict};
use reproof_digest::{Digest, Kind};
use serde_json::{Value, json};

use super::*;
use crate::key::PrivateKey;
use crate::oms::File;
use crate::{Sha256, Timestamp};

fn artifact() -> Digest {
    Digest::new(Kind::Artifact, [0xab; 32])
}

fn time() -> Timestamp {
    Timestamp::from_unix(1_795_808_908).unwrap()
}

fn subject() -> Subject {
    let file = File { path: String::new(), size: 3, sha256: Sha256::of(b"abc") };
    Subject::new("model.onnx", artifact(), &[file]).unwrap()
}

fn verification(verdict: Verdict, required: Verdict) -> Verification {
    let check = |name: &str, status| CheckResult { name: name.to_owned(), status };
    Verification {
        claim: Claim {
            verdict,
            required,
            assurance: Assurance::Outputs,
            relation: Relation::Same,
            verified_at: time(),
            verified_by: "0.1.0".to_owned(),
        },
        checks: vec![
            check("load.integrity.files", CheckStatus::Pass),
            check("load.environment", CheckStatus::Warn),
            check("validate.output/typical-1/logits", CheckStatus::Fail),
            check("execute.case/corner-1", CheckStatus::Skip),
        ],
        configuration: vec![
            Descriptor::named("contract").with(&Digest::new(Kind::Contract, [1; 32])),
            Descriptor::of_bytes("report", "application/json", b"{}"),
        ],
    }
}

fn approval() -> Statement<Approval> {
    let approval = Approval {
        model: "team/digits".to_owned(),
        version: "1.2.0".to_owned(),
        artifact: Digest::new(Kind::Artifact, [0; 32]),
        person: "ada".to_owned(),
        role: "reviewer".to_owned(),
        decision: Decision::Approved,
        reason: "as good as the one before".to_owned(),
        time: time(),
    };
    Statement::of_approval(&subject(), approval)
}

fn as_json<P: Predicate>(statement: &Statement<P>) -> Value {
    serde_json::from_slice(&statement.to_payload().unwrap()).unwrap()
}

/// Every kind of statement, as it is signed.
#[test]
fn statements_are_written_as_in_their_golden_files() {
    let drifted = verification(Verdict::Drifted, Verdict::Equivalent);
    let identical = verification(Verdict::Identical, Verdict::Equivalent);
    for (written, golden) in [
        (as_json(&drifted.test_result(&subject())), include_str!("../../tests/golden/test-result.json")),
        (as_json(&identical.summary(&subject()).unwrap()), include_str!("../../tests/golden/svr.json")),
        (as_json(&approval()), include_str!("../../tests/golden/approval.json")),
        (as_json(&scanned()), include_str!("../../tests/golden/scai.json")),
        (as_json(&provenance()), include_str!("../../tests/golden/provenance.json")),
    ] {
        let golden: Value = serde_json::from_str(golden).unwrap();
        assert_eq!(written, golden, "{written:#}");
    }
}

fn scanned() -> Statement<Scai> {
    let scanned = Scan {
        schema: ScanSchema::V0,
        verdict: ScanVerdict::Findings,
        fail_on: Severity::Warning,
        path: "model.pt".to_owned(),
        findings: vec![ScanFinding {
            id: "pickle.call".to_owned(),
            severity: Severity::Dangerous,
            member: "model.pt:archive/data.pkl".to_owned(),
            offset: Some(17),
            would: Some("call os.system".to_owned()),
            message: "calls what the file chose".to_owned(),
            count: 1,
        }],
        coverage: Coverage { files: 1, inspected_bytes: 100, tensor_bytes: 900, ..Coverage::default() },
        scanned_by: "0.1.0".to_owned(),
        artifact_digest: None,
    };
    scan(&subject(), &scanned, &Descriptor::of_bytes("scan", "application/json", b"{}"))
}

fn provenance() -> Statement<Provenance> {
    let parameters = json!({ "command": ["train.py", "--epochs", "3"] });
    let predicate = Provenance {
        build_definition: BuildDefinition {
            build_type: "https://reproof.dev/training/v0".to_owned(),
            external_parameters: parameters.as_object().cloned().unwrap(),
            internal_parameters: serde_json::Map::new(),
            resolved_dependencies: vec![Descriptor::of_bytes("lock", "application/toml", b"")],
        },
        run_details: RunDetails {
            builder: Builder {
                id: "https://reproof.dev/recorder/0.1.0".to_owned(),
                version: serde_json::Map::new(),
            },
            metadata: Some(Metadata { finished_on: Some(time()), ..Metadata::default() }),
            byproducts: Vec::new(),
        },
    };
    Statement::new(&subject(), predicate)
}

#[test]
fn a_verdict_below_the_required_one_has_not_passed() {
    for (verdict, required, expected) in [
        (Verdict::Identical, Verdict::Identical, TestOutcome::Passed),
        (Verdict::Equivalent, Verdict::Equivalent, TestOutcome::Warned),
        (Verdict::Equivalent, Verdict::Identical, TestOutcome::Failed),
        (Verdict::Tolerated, Verdict::Equivalent, TestOutcome::Warned),
        (Verdict::Undecided, Verdict::Equivalent, TestOutcome::Failed),
        (Verdict::Undecided, Verdict::Undecided, TestOutcome::Failed),
        (Verdict::Drifted, Verdict::Drifted, TestOutcome::Failed),
        (Verdict::Corrupt, Verdict::Equivalent, TestOutcome::Failed),
    ] {
        let made = verification(verdict, required);
        assert_eq!(made.claim.outcome(), expected, "{verdict} for {required}");
        assert_eq!(made.summary(&subject()).is_err(), expected == TestOutcome::Failed, "{verdict}");
    }
    let tolerated = verification(Verdict::Tolerated, Verdict::Equivalent).summary(&subject()).unwrap();
    let expected = [
        "reproof.verdict.tolerated",
        "reproof.assurance.bytes",
        "reproof.assurance.loads",
        "reproof.assurance.outputs",
    ];
    assert_eq!(tolerated.predicate.properties, expected);
}

#[test]
fn a_statement_is_read_back_by_its_type_and_key_only() {
    let key = PrivateKey::generate_ed25519([1; 32]);
    let bundle = approval().sign(&key).unwrap();
    let public = key.public_key();
    assert_eq!(predicate_type(&bundle, &public).unwrap(), "https://reproof.dev/approval/v0");
    assert_eq!(read::<Approval>(&bundle, &public).unwrap(), approval());
    let error = read::<TestResult>(&bundle, &public).unwrap_err().to_string();
    assert!(
        error.contains("has type `https://reproof.dev/approval/v0`: expected `https://in-toto.io"),
        "{error}"
    );
    let other = PrivateKey::generate_ed25519([2; 32]).public_key();
    assert!(matches!(read::<Approval>(&bundle, &other), Err(ReadError::Key(_))));
    let text = Bundle::sign("text/plain", bundle.envelope.payload.clone(), &key).unwrap();
    assert!(matches!(read::<Approval>(&text, &public), Err(ReadError::PayloadType { .. })));
}

#[test]
fn unknown_members_are_passed_over_and_wrong_ones_refused() {
    let key = PrivateKey::generate_ed25519([1; 32]);
    let signed = |change: &dyn Fn(&mut Value)| {
        let mut value = as_json(&approval());
        change(&mut value);
        let bundle = Bundle::sign(IN_TOTO, value.to_string().into_bytes(), &key).unwrap();
        read::<Approval>(&bundle, &key.public_key())
    };
    assert_eq!(signed(&|v| v["predicate"]["later"] = json!([1])).unwrap(), approval());
    for change in [
        (|v| v["predicate"]["decision"] = json!("maybe")) as fn(&mut Value),
        |v| v["predicate"]["artifact"] = json!("artifact-v1:00"),
        |v| v["predicate"]["time"] = json!("yesterday"),
        |v| v["subject"] = json!({}),
        |v| v["predicate"] = json!([]),
    ] {
        assert!(matches!(signed(&change), Err(ReadError::Json(_))));
    }
    let error = signed(&|v| v["_type"] = json!("https://in-toto.io/Statement/v0.1")).unwrap_err();
    assert!(matches!(error, ReadError::Type { expected: STATEMENT_TYPE, .. }));
    let long = Bundle::sign(IN_TOTO, vec![b' '; STATEMENT_LIMIT + 1], &key).unwrap();
    assert!(matches!(read::<Approval>(&long, &key.public_key()), Err(ReadError::TooLong { .. })));
}

#[test]
fn an_approval_is_of_one_artifact() {
    let statement = approval();
    assert!(statement.approves(&artifact()) && statement.binds(&artifact()));
    let other = Digest::new(Kind::Artifact, [1; 32]);
    assert!(!statement.approves(&other) && !statement.binds(&other));
    // Another kind of digest with the same bytes is another thing.
    assert!(!statement.binds(&Digest::new(Kind::Weights, [0xab; 32])));
    // A body about one artifact under a subject of another.
    let mut mixed = approval();
    mixed.predicate.artifact = other;
    assert!(!mixed.approves(&artifact()) && !mixed.approves(&other));
    let mut rejected = approval();
    rejected.predicate.decision = Decision::Rejected;
    assert!(!rejected.approves(&artifact()));
}

#[test]
fn subjects_of_folders_list_their_files() {
    let file = |path: &str| File { path: path.to_owned(), size: 1, sha256: Sha256::of(path.as_bytes()) };
    let files = [file("b"), file("a/c"), file("reproof/evidence/x"), file(".git/HEAD")];
    let subject = Subject::new("model", artifact(), &files).unwrap();
    let names: Vec<_> = subject.descriptors().into_iter().filter_map(|descriptor| descriptor.name).collect();
    assert_eq!(names, ["model", "a/c", "b"]);
    let root = crate::oms::root(&files, &crate::oms::Ignore::at_signing(None)).unwrap();
    assert_eq!(subject.descriptors()[0].digest["sha256"], root.to_string());
    assert_eq!(Subject::new("model", artifact(), &[]).unwrap().descriptors()[0].digest.len(), 1);
    assert!(matches!(
        Subject::new("model", Digest::new(Kind::Weights, [0; 32]), &[]),
        Err(SubjectError::Kind { .. })
    ));
    assert!(matches!(Subject::new("", artifact(), &[]), Err(SubjectError::NoName { .. })));
}

fn report(digest: Option<Digest>) -> reproof_contract::Report {
    serde_json::from_value(json!({
        "schema": "reproof.report/v0",
        "verdict": "identical",
        "required": "equivalent",
        "assurance": "outputs",
        "summary": "every bit is the recorded one",
        "artifact": { "path": "model.onnx", "artifact_digest": digest },
        "contract": {
            "digest": Digest::new(Kind::Contract, [1; 32]), "signed": false, "recorded_at": "2026-01-01T00:00:00Z",
        },
        "relation": "same",
        "phases": [{
            "name": "validate",
            "verdict": "identical",
            "seconds": 0.5,
            "checks": [{
                "id": "validate.output", "status": "pass", "verdict": "identical",
                "case": "typical-1", "output": "logits", "title": "outputs",
            }],
        }],
        "cases": [],
        "environment": { "class": "cpu-x86_64", "differences": [] },
        "verified_at": "2026-11-27T19:48:28Z",
        "verified_by": "0.1.0",
    }))
    .unwrap()
}

#[test]
fn a_report_becomes_a_statement_about_its_own_artifact_only() {
    let report = report(Some(artifact()));
    let bytes = serde_json::to_vec(&report).unwrap();
    let environment = Descriptor::named("environment").with(&Digest::new(Kind::Environment, [7; 32]));
    let made = Verification::of_report(&subject(), &report, &bytes, vec![environment]).unwrap();
    let result = made.test_result(&subject()).predicate;
    assert_eq!(result.result, TestOutcome::Passed);
    assert_eq!(result.passed_tests, ["validate.output/typical-1/logits"]);
    assert_eq!(result.configuration[1].digest["sha256"], Sha256::of(&bytes).to_string());
    assert!(result.configuration.iter().all(|descriptor| !descriptor.digest.is_empty()));
    for digest in [None, Some(Digest::new(Kind::Artifact, [1; 32]))] {
        let error = Verification::of_report(&subject(), &self::report(digest), b"", Vec::new()).unwrap_err();
        assert!(matches!(error, VerificationError::OtherArtifact { .. }), "{error}");
    }
}
