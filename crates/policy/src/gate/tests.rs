use proptest::prelude::*;
use reproof_contract::Assurance;
use reproof_contract::scan::{ScanVerdict, Severity};

use super::*;
use crate::facts::{Acceptance, Approval, Facts, ScanFacts};

const DAY: u64 = 86_400;
const NOW: u64 = 1000 * DAY;

const GATE: &str = r#"
verdict = "equivalent"
assurance = "outputs"
environments = ["cpu-x86_64"]
evidence_age = "30d"
scan = "clean"
signed = true
signed_by = ["release@example.com"]
approvals = [{ role = "reviewer", count = 2 }, { role = "maintainer" }]
not_by_submitter = true
unflagged = true
lint = true
classification = ["open", "internal"]
expression = 'scan.severity < "warning"'
"#;

fn approval(person: &str, role: Role) -> Approval {
    Approval { person: person.to_owned(), role, at: NOW }
}

/// Facts that meet all of [`GATE`].
fn good() -> Facts {
    Facts {
        model: "vision/resnet".to_owned(),
        version: "1.2.0".to_owned(),
        artifact: "artifact-v1:00".to_owned(),
        verdict: Some(Verdict::Identical),
        assurance: Some(Assurance::Resumes),
        verified_at: Some(NOW - 30 * DAY),
        environments: [("cpu-x86_64".to_owned(), Verdict::Tolerated)].into(),
        scan: Some(ScanFacts { verdict: ScanVerdict::Clean, severity: Some(Severity::Info), at: NOW }),
        signed: Some(true),
        signatures: Some(vec!["release@example.com".to_owned()]),
        approvals: vec![approval("ada", Role::Reviewer), approval("grace", Role::Maintainer)],
        submitter: Some("eve".to_owned()),
        acceptance: Some(Acceptance::First),
        flags: Some(Vec::new()),
        classification: Some("internal".to_owned()),
        tags: [].into(),
        lint: Some(Vec::new()),
    }
}

fn gate() -> Gate {
    Gate::parse(GATE).unwrap()
}

#[test]
fn a_version_that_meets_everything_passes() {
    let outcome = gate().evaluate(&good(), NOW);
    assert!(outcome.holds, "{:?}", outcome.missing().collect::<Vec<_>>());
    assert_eq!(outcome.requirements.len(), 14);
    assert!(outcome.requirements.iter().all(|requirement| requirement.met && requirement.command.is_none()));
}

/// Whoever accepts new goldens, or pushes them, is not the one who reviews them.
#[test]
fn new_goldens_are_reviewed_by_somebody_else() {
    let gate = Gate::parse("reviewed = true").unwrap();
    let with = |acceptance: Option<Acceptance>, approvals: &[Approval]| {
        gate.evaluate(&Facts { acceptance, approvals: approvals.to_vec(), ..good() }, NOW)
    };
    let by_ada = || Some(Acceptance::By("ada".to_owned()));
    let (ada, eve) = (approval("ada", Role::Reviewer), approval("eve", Role::Maintainer));
    assert!(with(Some(Acceptance::First), &[]).holds);
    assert!(!with(None, &[approval("grace", Role::Reviewer)]).holds);
    // Ada accepted them and Eve pushed them.
    let refused = with(by_ada(), &[ada.clone(), eve.clone()]);
    let missing: Vec<_> = refused.missing().collect();
    assert_eq!(missing[0].found, "new goldens accepted by ada, reviewed by others: none");
    assert_eq!(missing[0].command.as_deref(), Some("reproof approve vision/resnet@1.2.0 --reason TEXT"));
    assert!(!with(by_ada(), &[ada.clone(), approval("carl", Role::Contributor)]).holds);
    assert!(with(by_ada(), &[ada, eve, approval("grace", Role::Maintainer)]).holds);
}

#[test]
fn a_gate_without_keys_lets_everything_pass() {
    assert_eq!(
        Gate::parse("").unwrap().evaluate(&Facts::default(), NOW),
        Outcome { holds: true, requirements: Vec::new() }
    );
}

/// Each requirement alone: what is missing, what is said, and which command provides it.
#[test]
fn every_requirement_can_be_missing() {
    type Damage = fn(&mut Facts);
    let cases: [(Damage, &str, &str, &str, Option<&str>); 24] = [
        (
            |f| f.verdict = None,
            "verdict",
            "equivalent or better",
            "not known",
            Some("reproof verify vision/resnet@1.2.0"),
        ),
        (
            |f| f.verdict = Some(Verdict::Undecided),
            "verdict",
            "equivalent or better",
            "undecided",
            Some("reproof verify vision/resnet@1.2.0"),
        ),
        (
            |f| f.verdict = Some(Verdict::Drifted),
            "verdict",
            "equivalent or better",
            "drifted",
            Some("reproof pull vision/resnet@1.2.0 copy; reproof diagnose copy"),
        ),
        (
            |f| f.assurance = Some(Assurance::Loads),
            "assurance",
            "outputs or further",
            "loads",
            Some("reproof verify vision/resnet@1.2.0"),
        ),
        (
            |f| f.assurance = None,
            "assurance",
            "outputs or further",
            "not known",
            Some("reproof verify vision/resnet@1.2.0"),
        ),
        (
            |f| f.environments.clear(),
            "environments",
            "cpu-x86_64: equivalent or better",
            "not known",
            Some("reproof verify vision/resnet@1.2.0, on a machine of the class cpu-x86_64"),
        ),
        (
            |f| f.environments = [("cpu-x86_64".into(), Verdict::Corrupt)].into(),
            "environments",
            "cpu-x86_64: equivalent or better",
            "corrupt",
            Some("reproof verify vision/resnet@1.2.0, on a machine of the class cpu-x86_64"),
        ),
        (
            |f| f.verified_at = Some(NOW - 30 * DAY - 1),
            "evidence_age",
            "at most 30d",
            "30 days old",
            Some("reproof verify vision/resnet@1.2.0"),
        ),
        (
            |f| f.verified_at = None,
            "evidence_age",
            "at most 30d",
            "not known",
            Some("reproof verify vision/resnet@1.2.0"),
        ),
        (
            |f| f.verified_at = Some(NOW + 1),
            "evidence_age",
            "at most 30d",
            "made in the future: a clock is wrong",
            Some("reproof verify vision/resnet@1.2.0"),
        ),
        (
            |f| f.scan.as_mut().unwrap().verdict = ScanVerdict::Incomplete,
            "scan",
            "clean",
            "incomplete",
            Some("reproof scan vision/resnet@1.2.0"),
        ),
        (
            |f| f.scan.as_mut().unwrap().at = NOW - 40 * DAY,
            "evidence_age",
            "scan at most 30d",
            "40 days old",
            Some("reproof scan vision/resnet@1.2.0"),
        ),
        (
            |f| f.signed = Some(false),
            "signed",
            "signed",
            "unsigned",
            Some("reproof sign vision/resnet@1.2.0 --key PEM"),
        ),
        (
            |f| f.signed = None,
            "signed",
            "signed",
            "not known",
            Some("reproof sign vision/resnet@1.2.0 --key PEM"),
        ),
        (
            |f| f.signatures = Some(vec!["other".into()]),
            "signed_by",
            "release@example.com",
            "other",
            Some("reproof verify vision/resnet@1.2.0 --key PEM"),
        ),
        (
            |f| f.approvals[0].person = "grace".into(),
            "approvals",
            "2 reviewers who did not push it",
            "grace",
            Some("reproof approve vision/resnet@1.2.0 --reason TEXT"),
        ),
        (
            |f| f.submitter = Some("ada".into()),
            "approvals",
            "2 reviewers who did not push it",
            "grace",
            Some("reproof approve vision/resnet@1.2.0 --reason TEXT"),
        ),
        (
            |f| f.approvals[1].role = Role::Reviewer,
            "approvals",
            "1 maintainer who did not push it",
            "none",
            Some("reproof approve vision/resnet@1.2.0 --reason TEXT"),
        ),
        (|f| f.submitter = None, "not_by_submitter", "a known submitter", "not known", None),
        (
            |f| f.flags = Some(vec!["leak".into()]),
            "unflagged",
            "no open flags",
            "leak",
            Some("reproof clear vision/resnet@1.2.0 --reason TEXT"),
        ),
        (
            |f| f.lint = Some(vec!["name.version".into()]),
            "lint",
            "no findings",
            "name.version",
            Some("reproof lint vision/resnet@1.2.0"),
        ),
        (
            |f| f.classification = Some("secret".into()),
            "classification",
            "one of open, internal",
            "secret",
            None,
        ),
        (|f| f.classification = None, "classification", "one of open, internal", "not known", None),
        (
            |f| f.scan.as_mut().unwrap().severity = Some(Severity::Warning),
            "expression",
            "scan.severity < \"warning\"",
            "does not hold",
            None,
        ),
    ];
    for (damage, requirement, expected, found, command) in cases {
        let mut facts = good();
        damage(&mut facts);
        let outcome = gate().evaluate(&facts, NOW);
        assert!(!outcome.holds, "{requirement}: {found}");
        let missing: Vec<&Requirement> = outcome.missing().collect();
        let wanted = Requirement {
            key: requirement,
            met: false,
            expected: expected.to_owned(),
            found: found.to_owned(),
            command: command.map(str::to_owned),
        };
        assert_eq!(missing, [&wanted]);
    }
}

#[test]
fn nothing_that_is_not_known_is_met() {
    let facts = Facts { model: "m".to_owned(), version: "1".to_owned(), ..Facts::default() };
    let outcome = gate().evaluate(&facts, NOW);
    assert!(outcome.requirements.iter().all(|requirement| !requirement.met), "{outcome:?}");
    let expression = outcome.requirements.last().unwrap();
    assert_eq!(expression.found, "not known: scan.severity");
}

#[test]
fn an_incomplete_scan_passes_where_that_is_asked_for() {
    let gate = Gate::parse("scan = \"incomplete\"").unwrap();
    let with = |verdict| {
        let scan = Some(ScanFacts { verdict, severity: None, at: NOW });
        gate.evaluate(&Facts { scan, ..good() }, NOW).holds
    };
    assert!(with(ScanVerdict::Clean) && with(ScanVerdict::Incomplete) && !with(ScanVerdict::Findings));
}

#[test]
fn a_gate_is_read_from_json_and_written_as_it_was_meant() {
    let json = serde_json::to_string(&gate()).unwrap();
    assert_eq!(Gate::parse(&json).unwrap(), gate());
    assert_eq!(Gate::parse(&toml::to_string(&gate()).unwrap()).unwrap(), gate());
    assert_eq!(toml::to_string(&Gate::default()).unwrap(), "");
}

#[test]
fn what_is_no_gate_is_refused() {
    for (text, expected) in [
        ("verdit = \"identical\"", "unknown field `verdit`, expected one of `verdict`"),
        ("verdict = \"fine\"", "line 1"),
        ("evidence_age = \"a month\"", "period `a month`"),
        ("expression = \"age < 30\"", "expression, column 1: `<` does not compare a period with a number"),
        ("approvals = [{ role = \"boss\" }]", "boss"),
        ("approvals = [{ role = \"auditor\" }]", "the role auditor cannot be had"),
        ("approvals = [{ role = \"reviewer\", count = 0 }]", "0 approvals, expected 1 to 100"),
        ("approvals = [{ role = \"reviewer\", count = -1 }]", "line 1"),
        ("{\"scan\": \"findings\"}", "expected `clean` or `incomplete`"),
        ("{\"signed\": true", "EOF"),
        ("[gate]\nsigned = true", "unknown field `gate`"),
    ] {
        let refused = Gate::parse(text).unwrap_err().to_string();
        assert!(refused.contains(expected), "{text}: {refused}");
    }
    let many = format!("environments = [{}]", "\"a\",".repeat(MAX_ITEMS + 1));
    assert_eq!(Gate::parse(&many), Err(GateError::TooMany { key: "environments", got: MAX_ITEMS + 1 }));
    assert_eq!(Gate::parse(&"#".repeat(MAX_LENGTH + 1)), Err(GateError::TooLong { got: MAX_LENGTH + 1 }));
    let nested = format!("{{\"verdict\": {}", "[".repeat(60_000));
    assert!(matches!(Gate::parse(&nested), Err(GateError::Malformed { .. })));
    let nested = format!("verdict = {}", "[".repeat(60_000));
    assert!(matches!(Gate::parse(&nested), Err(GateError::Malformed { .. })));
}

proptest! {
    #[test]
    fn no_text_panics(text: String) {
        let _ = Gate::parse(&text);
    }
}
