//! The log, and what was published of it.

use std::fs;

use reproof_digest::Kind;
use reproof_registry::{Error, EvidenceKind, LogEntry, NewEvidence, NewVersion, PageRequest, Registry};
use sha2::{Digest as _, Sha256};

use crate::Case;
use crate::place::{Place, artifact, at, by, digest, new, push};

pub(crate) const CASES: &[Case] = &[
    ("every_act_has_its_place", sequence),
    ("a_refused_act_leaves_no_hole", no_hole),
    ("leaves_are_canonical_and_hashed", leaves),
    ("the_log_of_a_model_comes_in_pages", of_model),
    ("the_log_of_a_model_has_the_evidence_about_its_versions", evidence_of_model),
    ("what_was_published_only_grows", published),
    ("a_database_with_another_history_is_found_out", differs),
];

fn sequence(place: &Place) {
    let registry = place.with_versions(3);
    let log = registry.log_since(0, 100).unwrap();
    let acts: Vec<_> = log.iter().map(|entry| (entry.sequence, entry.act.as_str())).collect();
    assert_eq!(acts, [(0, "model.create"), (1, "version.push"), (2, "version.push"), (3, "version.push")]);
    assert_eq!(registry.log_size().unwrap(), 4);
    assert_eq!(registry.log_since(2, 1).unwrap(), log[2..3]);
    assert_eq!(registry.log_since(4, 10).unwrap(), []);
    assert_eq!(registry.log_since(0, 0).unwrap(), []);
}

fn no_hole(place: &Place) {
    let registry = place.with_versions(1);
    let size = registry.log_size().unwrap();
    // Each of these is refused after the log's row was written.
    for number in 0..260 {
        let _ = registry.set_tag(by("anna", 20), "team/model", "1.0.0", &format!("k{number}"), Some("v"));
    }
    assert_eq!(registry.log_size().unwrap(), size + 256);
    push(&registry, 2);
    let log = registry.log_since(0, 1000).unwrap();
    assert!(log.iter().zip(0..).all(|(entry, place)| entry.sequence == place));
}

fn leaves(place: &Place) {
    let registry = place.with_versions(2);
    for entry in registry.log_since(0, 100).unwrap() {
        let hash = Sha256::new().chain_update([0]).chain_update(&entry.leaf).finalize();
        assert_eq!(entry.leaf_hash.as_slice(), hash.as_slice());
        let document: serde_json::Value = serde_json::from_slice(&entry.leaf).unwrap();
        assert_eq!(reproof_contract::canonical::bytes(&document).unwrap(), entry.leaf);
        assert_eq!(document["sequence"], entry.sequence);
        assert_eq!(document["at"], entry.at.to_string());
    }
}

fn of_model(place: &Place) {
    let registry = place.with_versions(3);
    registry.create_model(by("anna", 50), &crate::place::model("team/other")).unwrap();
    let first = registry.log_of("team/model", &PageRequest::first(3)).unwrap();
    assert_eq!(first.items.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [3, 2, 1]);
    let rest = registry.log_of("team/model", &PageRequest::first(3).next(&first).unwrap()).unwrap();
    assert_eq!((rest.items.len(), rest.items[0].act.as_str(), rest.next), (1, "model.create", None));
}

fn evidence_of_model(place: &Place) {
    let registry = place.with_model();
    let finding = |number: u32, statement: u32| NewEvidence {
        artifact: artifact(number),
        kind: EvidenceKind::Verification,
        environment: "cpu-x86_64",
        verdict: "identical",
        assurance: "outputs",
        statement: digest(Kind::Blob, statement),
        who: "runner-1",
        at: at(15),
        key_hint: "",
    };
    let add = |findings: &[NewEvidence<'_>]| registry.add_evidence(by("ci", 20), findings).unwrap().sequence;
    // Before there is a version, of several artifacts at once, and about none of the model's.
    let early = add(&[finding(1, 1)]);
    add(&[finding(8, 2)]);
    push(&registry, 1);
    push(&registry, 2);
    let both = add(&[finding(8, 3), finding(1, 4), finding(2, 5), finding(2, 6), finding(9, 7)]);
    add(&[finding(9, 8)]);
    // What is there already is no act.
    assert_eq!(add(&[finding(1, 4)]), None);
    registry.create_model(by("anna", 50), &crate::place::model("team/other")).unwrap();
    let second = add(&[finding(2, 9)]);
    // Other versions with artifacts that have evidence: of the same model, and of another one.
    registry.add_version(by("anna", 60), &new("3.0.0", 1)).unwrap();
    let other = NewVersion { model: "team/other", ..new("1.0.0", 2) };
    registry.add_version(by("anna", 61), &other).unwrap();

    let sequences = |page: &[LogEntry]| page.iter().map(|entry| entry.sequence).collect::<Vec<_>>();
    let all = |model: &str| registry.log_of(model, &PageRequest::default()).unwrap();
    let [early, both, second] = [early, both, second].map(Option::unwrap);
    let log = all("team/model");
    assert_eq!(sequences(&log.items), [9, second, both, 4, 3, early, 0]);
    assert_eq!(log.next, None);
    assert_eq!(log.items[1].act, "evidence.add");
    assert_eq!(sequences(&all("team/other").items), [10, second, 7, both]);
    // Pages of any length are the same list, each entry once.
    for length in 1..=8 {
        let mut request = PageRequest::first(length);
        let mut found = Vec::new();
        loop {
            let page = registry.log_of("team/model", &request).unwrap();
            assert!(page.items.len() <= length as usize);
            found.extend(page.items.iter().cloned());
            let Some(next) = request.next(&page) else { break };
            request = next;
        }
        assert_eq!(found, log.items, "in pages of {length}");
    }
}

fn published(place: &Place) {
    let registry = place.with_versions(3);
    assert_eq!(registry.published().unwrap(), None);
    registry.set_published(2, "example\n2\nroot\n", at(100)).unwrap();
    registry.set_published(4, "example\n4\nroot\n", at(200)).unwrap();
    registry.set_published(4, "example\n4\nroot\n", at(201)).unwrap();
    assert_eq!(
        registry.set_published(3, "example\n3\nroot\n", at(202)),
        Err(Error::PublishedMore { published: 4, offered: 3 })
    );
    assert_eq!(
        registry.set_published(5, "example\n5\nroot\n", at(203)),
        Err(Error::LogShorter { log: 4, published: 5 })
    );
    let last = registry.published().unwrap().unwrap();
    assert_eq!((last.size, last.checkpoint.as_str(), last.at), (4, "example\n4\nroot\n", at(200)));
}

fn differs(place: &Place) {
    let registry = place.with_versions(3);
    for size in 0..=4 {
        let root = registry.log_root(size).unwrap();
        assert_eq!(registry.check_against(size, |_| Ok(root)), Ok(()));
    }
    let asked = registry.check_against(5, |_| panic!("asked for a root that cannot be right"));
    assert_eq!(asked, Err(Error::LogShorter { log: 4, published: 5 }));
    let other = registry.log_root(3).unwrap();
    assert!(matches!(registry.check_against(4, |_| Ok(other)), Err(Error::LogDiffers { size: 4, .. })));
}

/// A copy of the file from before some acts were published, put back in its place.
pub(crate) fn restored_from_an_old_copy() {
    let place = Place::sqlite();
    let path = place.url.strip_prefix("sqlite:").unwrap().to_owned();
    let registry = place.with_versions(2);
    drop(registry);
    let old = fs::read(&path).unwrap();
    let registry = Registry::open(&place.url).unwrap();
    push(&registry, 3);
    push(&registry, 4);
    let size = registry.log_size().unwrap();
    let root = registry.log_root(size).unwrap();
    registry.set_published(size, "checkpoint", at(100)).unwrap();
    drop(registry);
    fs::write(&path, old).unwrap();
    let registry = Registry::open(&place.url).unwrap();
    assert_eq!(registry.check_against(size, |_| Ok(root)), Err(Error::LogShorter { log: 3, published: 5 }));
    // Written to again it is as long, and still another history.
    push(&registry, 5);
    push(&registry, 6);
    assert!(matches!(registry.check_against(size, |_| Ok(root)), Err(Error::LogDiffers { size: 5, .. })));
}
