//! Decisions, gates and retention.

use reproof_digest::Kind;
use reproof_registry::{Decision, Error, NewApproval, PageRequest, Retained};

use crate::Case;
use crate::place::{Place, artifact, at, by, digest, production};

pub(crate) const CASES: &[Case] = &[
    ("a_decision_is_about_one_artifact", decide),
    ("a_withdrawal_is_a_row_of_its_own", withdraw),
    ("gates_have_revisions", gates),
    ("the_gates_of_a_model_are_those_whose_pattern_fits", fitting),
    ("gate_facts_hold_what_counts_now", facts),
    ("retention_is_set_and_removed", retention),
];

fn approval(number: u32, role: &str, approved: bool) -> NewApproval<'_> {
    NewApproval {
        model: "team/model",
        version: "1.0.0",
        artifact: artifact(number),
        role,
        approved,
        reason: "looked at it",
        evidence: &[],
    }
}

fn decide(place: &Place) {
    let registry = place.with_versions(1);
    assert_eq!(
        registry.decide(by("ben", 20), &approval(2, "release", true)),
        Err(Error::OtherArtifact {
            model: "team/model".to_owned(),
            version: "1.0.0".to_owned(),
            existing: artifact(1),
            offered: artifact(2),
        })
    );
    registry.decide(by("ben", 21), &approval(1, "release", true)).unwrap();
    registry.decide(by("ben", 22), &approval(1, "risk", true)).unwrap();
    registry.decide(by("cleo", 23), &approval(1, "release", true)).unwrap();
    // The same person in the same role decides again: the last word counts.
    registry.decide(by("ben", 24), &approval(1, "release", false)).unwrap();
    let told: Vec<_> = registry
        .approvals("team/model", "1.0.0")
        .unwrap()
        .into_iter()
        .map(|one| (one.decided.who, one.role, one.decision, one.in_force))
        .collect();
    let expect =
        |who: &str, role: &str, decision, in_force| (who.to_owned(), role.to_owned(), decision, in_force);
    assert_eq!(
        told,
        [
            expect("ben", "release", Decision::Approved, false),
            expect("ben", "risk", Decision::Approved, true),
            expect("cleo", "release", Decision::Approved, true),
            expect("ben", "release", Decision::Rejected, true),
        ]
    );
}

fn withdraw(place: &Place) {
    let registry = place.with_versions(1);
    let made = registry.decide(by("ben", 21), &approval(1, "release", true)).unwrap();
    let taken = registry.withdraw(by("ben", 22), made.id, "a test was missed").unwrap();
    assert_eq!(
        (taken.decision, taken.withdraws, taken.in_force),
        (Decision::Withdrawn, Some(made.id), false)
    );
    let all = registry.approvals("team/model", "1.0.0").unwrap();
    assert_eq!((all.len(), all[0].in_force, all[1].decided.at), (2, false, at(22)));
    let done = |id: u64| Error::AlreadyDone { what: "decision", name: id.to_string(), done: "withdrawn" };
    assert_eq!(registry.withdraw(by("ben", 23), made.id, "again"), Err(done(made.id)));
    assert_eq!(registry.withdraw(by("ben", 23), taken.id, "again"), Err(done(taken.id)));
    assert!(matches!(registry.withdraw(by("ben", 23), 999, "none"), Err(Error::Unknown { .. })));
    // An older decision does not come back into force when a newer one is taken back.
    registry.decide(by("ben", 24), &approval(1, "release", true)).unwrap();
    assert!(registry.gate_facts("team/model", "1.0.0", "production").unwrap().approvals.len() == 1);
}

fn gates(place: &Place) {
    let registry = place.registry();
    let set = |text, expected| registry.set_gate(by("anna", 20), "team/*", "production", text, expected);
    assert_eq!(set(Some("require = 1"), 0).unwrap().revision, 1);
    assert_eq!(set(Some("require = 2"), 1).unwrap().revision, 2);
    let changed = |expected, actual| Error::GateChanged {
        pattern: "team/*".to_owned(),
        alias: "production".to_owned(),
        expected,
        actual,
    };
    assert_eq!(set(Some("require = 3"), 1), Err(changed(1, 2)));
    assert_eq!(set(Some("require = 3"), 0), Err(changed(0, 2)));
    assert_eq!(set(None, 2).unwrap().text, None);
    assert_eq!(registry.gates("team/model", "production").unwrap(), []);
    assert_eq!(registry.all_gates(&PageRequest::default()).unwrap().items, []);
    assert_eq!(set(Some("require = 4"), 3).unwrap().revision, 4);
    let texts = |request: &PageRequest| {
        let page = registry.gate_history("team/*", "production", request).unwrap();
        let texts: Vec<_> = page.items.iter().map(|gate| gate.text.clone()).collect();
        (texts, request.next(&page))
    };
    let (first, next) = texts(&PageRequest::first(3));
    let text = |number: u32| Some(format!("require = {number}"));
    assert_eq!(first, [text(4), None, text(2)]);
    assert_eq!(texts(&next.unwrap()).0, [text(1)]);
    assert!(matches!(
        registry.set_gate(by("anna", 20), "team/*", "production", Some(&"x".repeat(70_000)), 4),
        Err(Error::TooMuch { what: "gate", .. })
    ));
    // The log has the text's digest, so that a changed row shows.
    let entry = registry.log_since(0, 1).unwrap().remove(0);
    let leaf = String::from_utf8(entry.leaf).unwrap();
    assert!(leaf.contains(&reproof_digest::blob(b"require = 1").to_string()), "{leaf}");
}

fn fitting(place: &Place) {
    let registry = place.registry();
    for pattern in ["**", "team/*", "team/model", "other/*", "*/model"] {
        registry.set_gate(by("anna", 20), pattern, "production", Some(pattern), 0).unwrap();
    }
    registry.set_gate(by("anna", 20), "team/model", "staging", Some("other alias"), 0).unwrap();
    let patterns: Vec<_> =
        registry.gates("team/model", "production").unwrap().into_iter().map(|gate| gate.pattern).collect();
    assert_eq!(patterns, ["team/model", "*/model", "team/*", "**"]);
}

fn facts(place: &Place) {
    let registry = place.with_versions(2);
    registry.set_alias(by("anna", 20), &production(None), "2.0.0").unwrap();
    registry.set_gate(by("anna", 20), "team/*", "production", Some("rules"), 0).unwrap();
    registry.decide(by("ben", 21), &approval(1, "release", false)).unwrap();
    registry.decide(by("ben", 22), &approval(1, "release", true)).unwrap();
    let cleared = registry.raise_flag(by("ben", 23), "team/model", "1.0.0", "drifts").unwrap();
    registry.clear_flag(by("ben", 24), cleared.id, "fixed").unwrap();
    registry.raise_flag(by("ben", 25), "team/model", "1.0.0", "slow").unwrap();
    let facts = registry.gate_facts("team/model", "1.0.0", "production").unwrap();
    assert_eq!(facts.version.artifact, artifact(1));
    assert_eq!(facts.model.classification, "internal");
    assert_eq!(facts.alias.and_then(|alias| alias.version).as_deref(), Some("2.0.0"));
    assert_eq!(facts.gates[0].text.as_deref(), Some("rules"));
    assert_eq!((facts.approvals.len(), facts.approvals[0].decision), (1, Decision::Approved));
    assert_eq!((facts.flags.len(), facts.flags[0].reason.as_str()), (1, "slow"));
    let none = registry.gate_facts("team/model", "1.0.0", "staging").unwrap();
    assert_eq!((none.alias, none.gates), (None, vec![]));
    assert_ne!(digest(Kind::Artifact, 1), digest(Kind::Artifact, 2));
}

fn retention(place: &Place) {
    let registry = place.registry();
    let set = |subject, name, seconds| registry.set_retention(by("anna", 20), subject, name, seconds);
    set(Retained::Classification, "high-risk", Some(315_360_000)).unwrap();
    set(Retained::Alias, "production", Some(100)).unwrap();
    set(Retained::Alias, "production", Some(200)).unwrap();
    let told: Vec<_> =
        registry.retention().unwrap().into_iter().map(|one| (one.subject, one.name, one.seconds)).collect();
    assert_eq!(
        told,
        [
            (Retained::Alias, "production".to_owned(), 200),
            (Retained::Classification, "high-risk".to_owned(), 315_360_000)
        ]
    );
    set(Retained::Alias, "production", None).unwrap();
    assert!(matches!(set(Retained::Alias, "production", None), Err(Error::Unknown { .. })));
    assert!(matches!(set(Retained::Alias, "production", Some(u64::MAX)), Err(Error::TooMuch { .. })));
    assert_eq!(registry.retention().unwrap().len(), 1);
}
