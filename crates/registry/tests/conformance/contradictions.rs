//! Tables that somebody wrote to past the registry contradict the log.

use reproof_digest::Kind;
use reproof_registry::{
    Contradictions, EvidenceKind, ModelChange, NewApproval, NewEvidence, PrincipalKind, Registry, Relation,
    Retained, State, Target,
};

use crate::Case;
use crate::place::{Place, artifact, at, by, digest, production};

pub(crate) const CASES: &[Case] = &[
    ("tables_that_nobody_touched_say_what_the_log_says", untouched),
    ("every_row_that_is_changed_past_the_registry_is_told", touched),
];

/// A registry in which everything was done at least once, and undone where that can be.
fn lived(place: &Place) -> Registry {
    let registry = place.with_versions(3);
    let (model, first, second) = ("team/model", "1.0.0", "2.0.0");
    let change = ModelChange { owner: Some("platform"), ..ModelChange::default() };
    registry.change_model(by("anna", 20), model, &change).unwrap();
    let finding = |number: u32| NewEvidence {
        artifact: artifact(number),
        kind: EvidenceKind::Verification,
        environment: "cpu-x86_64",
        verdict: "identical",
        assurance: "outputs",
        statement: digest(Kind::Blob, 100 + number),
        who: "runner",
        at: at(number.into()),
        key_hint: "",
    };
    registry.add_evidence(by("anna", 21), &[finding(1)]).unwrap();
    registry.add_evidence(by("anna", 22), &[finding(1), finding(2), finding(3)]).unwrap();
    registry.set_alias(by("anna", 23), &production(None), first).unwrap();
    registry.set_alias(by("anna", 24), &production(Some(first)), second).unwrap();
    registry.revert_alias(by("anna", 25), &production(Some(second)), None).unwrap();
    for value in [Some("0.91"), Some("0.92")] {
        registry.set_tag(by("anna", 26), model, first, "metric", value).unwrap();
    }
    registry.set_tag(by("anna", 27), model, first, "gone", Some("x")).unwrap();
    registry.set_tag(by("anna", 28), model, first, "gone", None).unwrap();
    registry.add_note(by("anna", 29), model, first, "Looked at it.").unwrap();
    registry.raise_flag(by("anna", 30), model, first, "slow").unwrap();
    let flag = registry.raise_flag(by("anna", 31), model, second, "odd").unwrap();
    registry.clear_flag(by("ben", 32), flag.id, "it was not").unwrap();
    let other = Target::Other("https://data.example/7");
    registry.add_lineage(by("anna", 33), model, first, Relation::TrainedFrom, other).unwrap();
    let decision = |approved| NewApproval {
        model,
        version: first,
        artifact: artifact(1),
        role: "release",
        approved,
        reason: "looked at it",
        evidence: &[],
    };
    registry.decide(by("ben", 34), &decision(false)).unwrap();
    let yes = registry.decide(by("cleo", 35), &decision(true)).unwrap();
    registry.withdraw(by("cleo", 36), yes.id, "too early").unwrap();
    registry.lay_hold(by("anna", 37), model, None, "case 7").unwrap();
    let hold = registry.lay_hold(by("anna", 38), model, Some(first), "case 8").unwrap();
    registry.release_hold(by("anna", 39), hold.id, "closed").unwrap();
    registry.set_gate(by("anna", 40), "team/*", "production", Some("rules"), 0).unwrap();
    registry.set_gate(by("anna", 41), "team/*", "production", Some("other rules"), 1).unwrap();
    registry.set_retention(by("anna", 42), Retained::Alias, "production", Some(86_400)).unwrap();
    registry.set_retention(by("anna", 43), Retained::Classification, "internal", Some(60)).unwrap();
    registry.set_retention(by("anna", 44), Retained::Classification, "internal", None).unwrap();
    for (name, kind) in [("anna", PrincipalKind::Person), ("reviewers", PrincipalKind::Group)] {
        registry.add_principal(by("root", 45), name, kind).unwrap();
    }
    registry.set_member(by("root", 46), "reviewers", "anna", true).unwrap();
    registry.set_member(by("root", 47), "reviewers", "anna", false).unwrap();
    registry.grant(by("root", 48), "reviewers", "reviewer", "team/*", Some("production")).unwrap();
    let grant = registry.grant(by("root", 49), "anna", "administrator", "**", None).unwrap();
    registry.revoke_grant(by("root", 50), grant.id).unwrap();
    registry.issue_token(by("root", 51), "anna", "laptop", Some(at(1000))).unwrap();
    let (_, token) = registry.issue_token(by("root", 52), "anna", "lost", None).unwrap();
    registry.revoke_token(by("root", 53), token.id).unwrap();
    registry.set_state(by("anna", 54), model, "3.0.0", State::Retired, "superseded").unwrap();
    registry
}

fn untouched(place: &Place) {
    assert_eq!(lived(place).contradictions().unwrap(), Contradictions::default());
}

/// What somebody does in the database, and what is told of it.
const TOUCHED: &[(&str, &str)] = &[
    (
        "UPDATE version SET weights = contract WHERE text = '1.0.0'",
        "as its weights, and entry 1 says weights-v1:",
    ),
    (
        "UPDATE version SET contract = NULL WHERE text = '1.0.0'",
        "has nothing as its contract, and entry 1 says",
    ),
    (
        "UPDATE version SET state = 0, state_sequence = sequence WHERE state = 1",
        "state of version team/model 3.0.0",
    ),
    ("UPDATE version SET state = 2 WHERE state = 1", "as its act, and entry"),
    ("UPDATE model SET owner = 'eve'", "model 1 has eve as its owner, and entry 4 says platform"),
    (
        "UPDATE alias SET version = (SELECT id FROM version WHERE text = '2.0.0')",
        "alias 1 has 2.0.0 as its version",
    ),
    (
        "UPDATE alias SET version = (SELECT id FROM version WHERE text = '2.0.0'), sequence = \
         (SELECT max(sequence) FROM alias_event WHERE kind = 0)",
        "alias team/model production is as entry 8 left it, and entry 9 is later",
    ),
    ("DELETE FROM alias_event WHERE kind = 1", "the move of an alias that came with entry 9 is gone"),
    ("UPDATE approval SET decision = 0 WHERE decision = 1", "as its decision, and entry"),
    ("DELETE FROM approval WHERE withdraws IS NOT NULL", "the withdrawal of a decision that came with entry"),
    ("DELETE FROM flag WHERE cleared IS NULL", "the flag that came with entry"),
    (
        "UPDATE flag SET cleared = sequence, cleared_reason = 'fine' WHERE cleared IS NULL",
        "which is `flag.raise`",
    ),
    ("UPDATE gate SET text = 'no rules' WHERE superseded IS NULL", "as its text, and entry"),
    (
        "UPDATE gate SET superseded = NULL",
        "another revision than the last is the gate of team/* for production",
    ),
    ("UPDATE hold SET released = NULL", "the released hold that came with entry"),
    ("UPDATE retention SET seconds = 1", "has 1 as its seconds"),
    ("UPDATE tag SET value = '0.99'", "has 0.99 as its value"),
    ("DELETE FROM tag", "tag team/model 1.0.0 metric of entry"),
    ("UPDATE note SET text = 'Fine.'", "has Fine. as its text"),
    ("UPDATE permit SET role = 'administrator'", "has administrator as its role"),
    ("UPDATE permit SET revoked = NULL", "the revoked grant that came with entry"),
    (
        "INSERT INTO permit (principal, role, pattern, alias, sequence) \
         SELECT principal, role, pattern, alias, sequence FROM permit WHERE revoked IS NULL",
        "more than one grant came with entry",
    ),
    ("UPDATE token SET revoked = NULL", "the revoked token that came with entry"),
    ("UPDATE token SET expires = NULL", "has nothing as its expires"),
    (
        "INSERT INTO membership (member, team, sequence) SELECT m.id, t.id, l.sequence FROM principal m, principal t, \
         log l JOIN label a ON a.id = l.act WHERE m.name = 'anna' AND t.name = 'reviewers' AND a.text = 'group.add'",
        "membership reviewers anna is there, and the log says it was removed or never made",
    ),
    (
        "DELETE FROM evidence WHERE id = (SELECT max(id) FROM evidence)",
        "the evidence that came with entry 6 is not what that entry says",
    ),
    ("UPDATE version SET weights = substr(weights, 1, 5)", "the weights of version 1 is none"),
    (
        "UPDATE evidence SET statement = substr(statement, 1, 5)",
        "the evidence that came with entry 5 is not what",
    ),
    ("UPDATE batch SET last = 1000000000", "the evidence that came with entry 5 is not what that entry says"),
    (
        "DELETE FROM batch WHERE sequence = 6; DELETE FROM evidence WHERE id > (SELECT min(id) FROM evidence)",
        "the batch of evidence that came with entry 6 is gone",
    ),
    ("UPDATE evidence SET verdict = environment", "as its verdict, and entry 5 says identical"),
    (
        "INSERT INTO evidence (artifact, kind, environment, verdict, assurance, who, key_hint, at, statement) \
         SELECT e.artifact, e.kind, e.environment, e.verdict, e.assurance, e.who, e.key_hint, e.at, v.weights \
         FROM evidence e, version v WHERE e.id = (SELECT min(id) FROM evidence) AND v.text = '1.0.0'",
        "4 findings are there, and the log says 3",
    ),
    (
        "UPDATE log SET who = (SELECT id FROM label WHERE text = 'ben') WHERE sequence = 0",
        "entry 0 has ben as its who, and entry 0 says anna",
    ),
    ("UPDATE log SET model = NULL", "has nothing as its model, and entry"),
    ("UPDATE alias_event SET previous = NULL", "has nothing as its previous, and entry"),
    ("UPDATE alias_event SET kind = 2 WHERE kind = 0", "has alias.remove as its act, and entry"),
    ("UPDATE log SET effective = 1 WHERE sequence = 2", "entry 2 is in force from 1, and the log says"),
    (
        "UPDATE alias_event SET effective = 1 WHERE sequence = 8",
        "the move of an alias of entry 8 is in force from 1, not",
    ),
];

fn touched(place: &Place) {
    drop(lived(place));
    for (sql, told) in TOUCHED {
        let (registry, _place) = place.touched(sql);
        let found = registry.contradictions().unwrap();
        assert!(found.told.iter().any(|text| text.contains(told)), "{sql}\n{told}\n{found:#?}");
    }
}
