//! Aliases and their history.

use std::sync::Barrier;
use std::thread;

use reproof_digest::Kind;
use reproof_registry::{AliasMove, Error, MoveAlias, Options, PageRequest, Registry};

use crate::Case;
use crate::place::{Place, at, by, digest, production};

pub(crate) const CASES: &[Case] = &[
    ("an_alias_moves_only_from_where_it_is_believed_to_be", compare_and_set),
    ("history_says_what_it_pointed_to_on_any_day", days),
    ("history_comes_in_pages", pages),
    ("reverting_is_a_new_move", revert),
    ("a_removed_alias_keeps_its_history", remove),
    ("a_clock_that_goes_back_changes_no_order", clock),
    ("of_two_threads_one_moves_the_alias", race),
    ("the_log_says_on_what_evidence", evidence),
    ("aliases_of_a_model_are_few", few),
    ("what_was_decided_before_something_came_is_decided_again", decided_before),
];

fn decided_before(place: &Place) {
    let registry = place.with_versions(2);
    let facts = registry.gate_facts("team/model", "1.0.0", "production").unwrap();
    // What gates do not ask about is no reason.
    registry.add_note(by("ben", 20), "team/model", "1.0.0", "seen").unwrap();
    let asked = |as_of| MoveAlias { as_of, ..production(None) };
    registry.raise_flag(by("ben", 21), "team/model", "2.0.0", "look").unwrap();
    let refused = registry.set_alias(by("anna", 22), &asked(facts.as_of), "1.0.0");
    assert!(matches!(refused, Err(Error::DecidedBefore { .. })), "{refused:?}");
    let again = registry.gate_facts("team/model", "1.0.0", "production").unwrap();
    registry.add_note(by("ben", 23), "team/model", "1.0.0", "seen again").unwrap();
    registry.set_alias(by("anna", 24), &asked(again.as_of), "1.0.0").unwrap();
}

fn set(registry: &Registry, seconds: u64, expected: Option<&str>, version: &str) {
    registry.set_alias(by("anna", seconds), &production(expected), version).unwrap();
}

fn compare_and_set(place: &Place) {
    let registry = place.with_versions(3);
    let event = registry.set_alias(by("anna", 20), &production(None), "1.0.0").unwrap();
    assert_eq!((event.kind, event.version.as_deref(), event.previous), (AliasMove::Set, Some("1.0.0"), None));
    set(&registry, 30, Some("1.0.0"), "2.0.0");
    let error = registry.set_alias(by("ben", 40), &production(Some("1.0.0")), "3.0.0").unwrap_err();
    assert_eq!(
        error,
        Error::AliasMoved {
            model: "team/model".to_owned(),
            alias: "production".to_owned(),
            expected: Some("1.0.0".to_owned()),
            actual: Some("2.0.0".to_owned()),
            last: Some(Box::new(registry.alias("team/model", "production").unwrap().since)),
        }
    );
    assert_eq!(
        error.to_string(),
        "alias `production` of team/model was moved: expected 1.0.0, got 2.0.0, by anna at \
         2023-11-14T22:13:50.000000Z; look at it and decide again"
    );
    assert!(matches!(
        registry.set_alias(by("ben", 41), &production(None), "3.0.0"),
        Err(Error::AliasMoved { expected: None, .. })
    ));
    let alias = registry.alias("team/model", "production").unwrap();
    assert_eq!((alias.version.as_deref(), alias.since.at), (Some("2.0.0"), at(30)));
    assert!(matches!(
        registry.set_alias(by("ben", 42), &production(Some("2.0.0")), "9.0.0"),
        Err(Error::Unknown { what: "version", .. })
    ));
    assert!(matches!(registry.alias("team/model", "staging"), Err(Error::Unknown { what: "alias", .. })));
}

fn days(place: &Place) {
    let registry = place.with_versions(3);
    set(&registry, 100, None, "1.0.0");
    set(&registry, 200, Some("1.0.0"), "2.0.0");
    set(&registry, 300, Some("2.0.0"), "3.0.0");
    let on = |seconds| {
        registry.alias_at("team/model", "production", at(seconds)).unwrap().and_then(|event| event.version)
    };
    assert_eq!(on(99), None);
    assert_eq!(on(100).as_deref(), Some("1.0.0"));
    assert_eq!(on(199).as_deref(), Some("1.0.0"));
    assert_eq!(on(250).as_deref(), Some("2.0.0"));
    assert_eq!(on(1_000_000).as_deref(), Some("3.0.0"));
    assert_eq!(registry.alias_at("team/model", "staging", at(250)).unwrap(), None);
}

fn pages(place: &Place) {
    let registry = place.with_versions(2);
    set(&registry, 100, None, "1.0.0");
    for number in 0..10 {
        let (from, to) = if number % 2 == 0 { ("1.0.0", "2.0.0") } else { ("2.0.0", "1.0.0") };
        set(&registry, 101 + number, Some(from), to);
    }
    let mut request = PageRequest::first(4);
    let mut moments = Vec::new();
    loop {
        let page = registry.alias_history("team/model", "production", &request).unwrap();
        moments.extend(page.items.iter().map(|event| event.moved.at));
        match request.next(&page) {
            Some(next) => request = next,
            None => break,
        }
    }
    assert_eq!(moments, (100..=110).rev().map(at).collect::<Vec<_>>());
}

fn revert(place: &Place) {
    let registry = place.with_versions(4);
    set(&registry, 100, None, "1.0.0");
    assert!(matches!(
        registry.revert_alias(by("ben", 101), &production(Some("1.0.0")), None),
        Err(Error::NothingToRevert { .. })
    ));
    set(&registry, 110, Some("1.0.0"), "2.0.0");
    set(&registry, 120, Some("2.0.0"), "3.0.0");
    // Set once more to the same: what was there before is still 2.0.0.
    set(&registry, 125, Some("3.0.0"), "3.0.0");
    let event = registry.revert_alias(by("ben", 130), &production(Some("3.0.0")), None).unwrap();
    assert_eq!((event.kind, event.version.as_deref()), (AliasMove::Reverted, Some("2.0.0")));
    assert_eq!(event.previous.as_deref(), Some("3.0.0"));
    // Again: further back, and not forward to what was just left.
    let event = registry.revert_alias(by("ben", 135), &production(Some("2.0.0")), None).unwrap();
    assert_eq!(event.version.as_deref(), Some("1.0.0"));
    assert!(matches!(
        registry.revert_alias(by("ben", 136), &production(Some("1.0.0")), None),
        Err(Error::NothingToRevert { .. })
    ));
    // To any that it pointed to by name, and from there to the one before.
    registry.revert_alias(by("ben", 137), &production(Some("1.0.0")), Some("3.0.0")).unwrap();
    let event = registry.revert_alias(by("ben", 140), &production(Some("3.0.0")), None).unwrap();
    assert_eq!(event.version.as_deref(), Some("1.0.0"));
    assert!(matches!(
        registry.revert_alias(by("ben", 150), &production(Some("1.0.0")), Some("4.0.0")),
        Err(Error::NothingToRevert { .. })
    ));
    assert!(matches!(
        registry.revert_alias(by("ben", 150), &production(Some("3.0.0")), None),
        Err(Error::AliasMoved { .. })
    ));
    let history = registry.alias_history("team/model", "production", &PageRequest::default()).unwrap();
    assert_eq!(history.items.len(), 8);
}

fn remove(place: &Place) {
    let registry = place.with_versions(2);
    set(&registry, 100, None, "1.0.0");
    registry.remove_alias(by("anna", 110), &production(Some("1.0.0"))).unwrap();
    assert_eq!(registry.alias("team/model", "production").unwrap().version, None);
    assert!(matches!(
        registry.remove_alias(by("anna", 111), &production(None)),
        Err(Error::Unknown { what: "alias", .. })
    ));
    set(&registry, 120, None, "2.0.0");
    let history = registry.alias_history("team/model", "production", &PageRequest::default()).unwrap();
    let kinds: Vec<_> = history.items.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [AliasMove::Set, AliasMove::Removed, AliasMove::Set]);
    assert_eq!(
        registry.alias_at("team/model", "production", at(115)).unwrap().map(|event| event.version),
        Some(None)
    );
}

fn clock(place: &Place) {
    let registry = place.with_versions(3);
    set(&registry, 1000, None, "1.0.0");
    // This machine's clock is behind. Its act still came later.
    set(&registry, 500, Some("1.0.0"), "2.0.0");
    let history = registry.alias_history("team/model", "production", &PageRequest::default()).unwrap();
    assert_eq!(history.items[0].version.as_deref(), Some("2.0.0"));
    assert_eq!(history.items[0].moved.at, at(500));
    let on = |seconds| {
        registry.alias_at("team/model", "production", at(seconds)).unwrap().and_then(|event| event.version)
    };
    assert_eq!(on(700), None);
    assert_eq!(on(1000).as_deref(), Some("2.0.0"));
    let entry = registry.log_since(history.items[0].moved.sequence, 1).unwrap().remove(0);
    assert_eq!((entry.at, entry.effective), (at(500), at(1000)));
    let leaf = String::from_utf8(entry.leaf).unwrap();
    assert!(leaf.contains(r#""clock_behind":500000000"#), "{leaf}");
}

/// Two threads with connections of their own begin at the same moment, over and over.
fn race(place: &Place) {
    place.with_versions(3);
    let registries = [place.again(&Options::default()), place.again(&Options::default())];
    let mut before: Option<String> = None;
    for round in 0..10_u64 {
        let start = Barrier::new(2);
        let outcomes = thread::scope(|scope| {
            let threads: Vec<_> = [("anna", "1.0.0"), ("ben", "2.0.0")]
                .into_iter()
                .zip(&registries)
                .map(|((who, version), registry)| {
                    let (start, before) = (&start, before.as_deref());
                    scope.spawn(move || {
                        start.wait();
                        registry.set_alias(by(who, 100 + round), &production(before), version)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let won: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
        let moved: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!((won.len(), moved.len()), (1, 1), "round {round}: {outcomes:?}");
        let Error::AliasMoved { actual, last: Some(last), .. } = moved[0] else { panic!("{outcomes:?}") };
        assert_eq!((actual, &**last), (&won[0].version, &won[0].moved));
        // The next round begins from where the winner left it, so that neither version is there already.
        set(&registries[0], 100 + round, won[0].version.as_deref(), "3.0.0");
        before = Some("3.0.0".to_owned());
    }
    let log = registries[0].log_since(0, 1000).unwrap();
    assert!(log.iter().zip(0..).all(|(entry, place)| entry.sequence == place));
}

fn evidence(place: &Place) {
    let registry = place.with_versions(1);
    let statements = [digest(Kind::Blob, 7), digest(Kind::Blob, 8)];
    let request = MoveAlias { evidence: &statements, ..production(None) };
    let event = registry.set_alias(by("anna", 20), &request, "1.0.0").unwrap();
    let entry = registry.log_since(event.moved.sequence, 1).unwrap().remove(0);
    assert_eq!((entry.act.as_str(), entry.who.as_str()), ("alias.set", "anna"));
    let leaf = String::from_utf8(entry.leaf).unwrap();
    assert_eq!(
        leaf,
        format!(
            r#"{{"act":"alias.set","at":"2023-11-14T22:13:40.000000Z","detail":{{"reason":"it is good"}},"digests":{{"artifact":"{}"}},"evidence":["{}","{}"],"schema":"reproof.log/v0","sequence":{},"subject":{{"alias":"production","model":"team/model","version":"1.0.0"}},"who":"anna"}}"#,
            crate::place::artifact(1),
            statements[0],
            statements[1],
            entry.sequence
        )
    );
    let many = vec![statements[0]; 257];
    let request = MoveAlias { evidence: &many, ..production(Some("1.0.0")) };
    assert_eq!(
        registry.set_alias(by("anna", 21), &request, "1.0.0"),
        Err(Error::TooMuch { what: "statements of an act", limit: 256, got: 257 })
    );
}

fn few(place: &Place) {
    let registry = place.with_versions(1);
    let names: Vec<String> = (0..257).map(|number| format!("a{number}")).collect();
    let move_of = |name| MoveAlias { alias: name, ..production(None) };
    for name in &names[..256] {
        registry.set_alias(by("anna", 20), &move_of(name), "1.0.0").unwrap();
    }
    assert_eq!(
        registry.set_alias(by("anna", 20), &move_of(&names[256]), "1.0.0"),
        Err(Error::TooMuch { what: "aliases of a model", limit: 256, got: 257 })
    );
    assert_eq!(registry.aliases("team/model").unwrap().len(), 256);
}
