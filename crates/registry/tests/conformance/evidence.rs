//! Evidence.

use reproof_digest::{Digest, Kind};
use reproof_registry::{Error, EvidenceKind, NewEvidence, PageRequest};
use sha2::Sha256;
use sha2::digest::Digest as _;

use crate::Case;
use crate::place::{Place, artifact, at, by, digest};

pub(crate) const CASES: &[Case] = &[
    ("evidence_is_bound_to_the_artifact", bound),
    ("a_batch_may_be_sent_again", again),
    ("the_latest_of_each_environment_is_found", latest),
    ("evidence_comes_in_pages", pages),
    ("the_log_has_the_root_of_a_batch", root),
    ("wrong_evidence_is_refused_before_anything_is_kept", refused),
    ("a_finding_against_a_version_flags_it_in_the_same_act", negative),
    ("every_statement_is_named", named),
];

fn negative(place: &Place) {
    let registry = place.with_versions(1);
    let finding = NewEvidence { verdict: "drifted", ..verification(1, "cpu-x86_64", 15) };
    let keep = |reason| registry.add_negative_evidence(by("ci", 20), &finding, "team/model", "1.0.0", reason);
    // A reason that is none keeps the finding out as well.
    assert!(keep("").is_err());
    assert!(registry.latest_evidence(&artifact(1)).unwrap().is_empty());
    let (batch, flagged) = keep("it drifted").unwrap();
    assert_eq!((batch.added, flagged), (1, true));
    // Sent again it flags nothing again, also after somebody cleared it.
    let flag = registry.show("team/model", "1.0.0").unwrap().flags.remove(0);
    registry.clear_flag(by("ben", 21), flag.id, "known").unwrap();
    let (batch, flagged) = keep("it drifted").unwrap();
    assert_eq!((batch.added, flagged), (0, false));
    assert!(registry.show("team/model", "1.0.0").unwrap().flags.is_empty());
}

fn named(place: &Place) {
    let registry = place.with_versions(1);
    let all: Vec<_> = (1..=3).map(|number| verification(number, "cpu-x86_64", 15)).collect();
    registry.add_evidence(by("ci", 20), &all).unwrap();
    let mut found = Vec::new();
    let mut request = Some(PageRequest::first(2));
    while let Some(page) = request {
        let some = registry.statements(&page).unwrap();
        request = page.next(&some);
        found.extend(some.items);
    }
    assert_eq!(found.len(), 3);
    assert!(
        all.iter()
            .all(|one| found.iter().any(|it| (it.artifact, it.statement) == (one.artifact, one.statement)))
    );
}

fn verification(number: u32, environment: &str, seconds: u64) -> NewEvidence<'_> {
    NewEvidence {
        artifact: artifact(1),
        kind: EvidenceKind::Verification,
        environment,
        verdict: "identical",
        assurance: "outputs",
        statement: digest(Kind::Blob, number),
        who: "runner-1",
        at: at(seconds),
        key_hint: "key-1",
    }
}

fn bound(place: &Place) {
    let registry = place.with_model();
    // Before there is a version.
    let batch = registry.add_evidence(by("ci", 20), &[verification(1, "cpu-x86_64", 15)]).unwrap();
    assert_eq!((batch.added, batch.known), (1, 0));
    crate::place::push(&registry, 1);
    crate::place::push(&registry, 2);
    let shown = registry.show("team/model", "1.0.0").unwrap();
    let evidence = &shown.evidence[0];
    assert_eq!((evidence.artifact, evidence.statement), (artifact(1), digest(Kind::Blob, 1)));
    assert_eq!((evidence.verdict.as_str(), evidence.assurance.as_str()), ("identical", "outputs"));
    assert_eq!((evidence.who.as_str(), evidence.at), ("runner-1", at(15)));
    assert_eq!((evidence.environment.as_str(), evidence.key_hint.as_str()), ("cpu-x86_64", "key-1"));
    assert_eq!(registry.show("team/model", "2.0.0").unwrap().evidence, []);
    let entry = registry.log_since(batch.sequence.unwrap(), 1).unwrap().remove(0);
    let leaf = String::from_utf8(entry.leaf).unwrap();
    assert!(leaf.contains(&digest(Kind::Blob, 1).to_string()), "{leaf}");
}

fn again(place: &Place) {
    let registry = place.registry();
    let first: Vec<_> = (0..100).map(|number| verification(number, "cpu-x86_64", 15)).collect();
    let more: Vec<_> = (50..150).map(|number| verification(number, "cpu-x86_64", 15)).collect();
    assert_eq!(registry.add_evidence(by("ci", 20), &first).unwrap().added, 100);
    let batch = registry.add_evidence(by("ci", 21), &more).unwrap();
    assert_eq!((batch.added, batch.known), (50, 50));
    let size = registry.log_size().unwrap();
    let batch = registry.add_evidence(by("ci", 22), &more).unwrap();
    assert_eq!((batch.added, batch.known, batch.sequence), (0, 100, None));
    assert_eq!(registry.log_size().unwrap(), size);
    // Twice in one batch counts once, and for another artifact it is another finding.
    let mut other = verification(0, "cpu-x86_64", 15);
    other.artifact = artifact(2);
    assert_eq!(registry.add_evidence(by("ci", 23), &[other, other]).unwrap().added, 1);
    assert_eq!(registry.add_evidence(by("ci", 24), &[]).unwrap().added, 0);
}

fn latest(place: &Place) {
    let registry = place.registry();
    let mut all = Vec::new();
    for number in 0..300 {
        let environment = ["cuda-sm90", "cpu-x86_64", "cpu-aarch64"][number as usize % 3];
        // The time told is not what decides.
        let mut one = verification(number, environment, 1000 - u64::from(number));
        one.verdict = if number >= 297 { "drifted" } else { "identical" };
        all.push(one);
    }
    let mut scan = verification(1000, "", 5);
    scan.kind = EvidenceKind::Scan;
    scan.verdict = "clean";
    all.push(scan);
    registry.add_evidence(by("ci", 20), &all).unwrap();
    let latest = registry.latest_evidence(&artifact(1)).unwrap();
    let told: Vec<_> = latest
        .iter()
        .map(|one| (one.kind, one.environment.as_str(), one.verdict.as_str(), one.statement))
        .collect();
    let statement = |number| digest(Kind::Blob, number);
    assert_eq!(
        told,
        [
            (EvidenceKind::Verification, "cpu-aarch64", "drifted", statement(299)),
            (EvidenceKind::Verification, "cpu-x86_64", "drifted", statement(298)),
            (EvidenceKind::Verification, "cuda-sm90", "drifted", statement(297)),
            (EvidenceKind::Scan, "", "clean", statement(1000)),
        ]
    );
    assert_eq!(registry.latest_evidence(&artifact(9)).unwrap(), []);
}

fn pages(place: &Place) {
    let registry = place.registry();
    let all: Vec<_> = (0..25).map(|number| verification(number, "cpu-x86_64", 15)).collect();
    registry.add_evidence(by("ci", 20), &all).unwrap();
    let mut request = PageRequest::first(10);
    let mut statements = Vec::new();
    loop {
        let page = registry.evidence(&artifact(1), &request).unwrap();
        statements.extend(page.items.iter().map(|one| one.statement));
        match request.next(&page) {
            Some(next) => request = next,
            None => break,
        }
    }
    assert_eq!(statements, (0..25).rev().map(|number| digest(Kind::Blob, number)).collect::<Vec<_>>());
}

fn root(place: &Place) {
    let registry = place.registry();
    let all: Vec<_> = (0..3).map(|number| verification(number, "cpu-x86_64", 15)).collect();
    let batch = registry.add_evidence(by("ci", 20), &all).unwrap();
    // By RFC 6962 with two subtrees: the first two statements, and the third.
    let mut leaves: Vec<[u8; 32]> = all.iter().map(|one| *one.statement.as_bytes()).collect();
    leaves.sort_unstable();
    let leaf = |bytes: &[u8; 32]| Sha256::new().chain_update([0]).chain_update(bytes).finalize();
    let node = |left: &[u8], right: &[u8]| {
        Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize()
    };
    let expected = node(&node(&leaf(&leaves[0]), &leaf(&leaves[1])), &leaf(&leaves[2]));
    assert_eq!(batch.root.as_slice(), expected.as_slice());
    let sequence = batch.sequence.unwrap();
    let kept = registry.batch(sequence, &PageRequest::default()).unwrap().items;
    assert_eq!(
        kept.iter().map(|one| one.statement).collect::<Vec<_>>(),
        all.iter().map(|one| one.statement).collect::<Vec<_>>()
    );
    let entry = registry.log_since(sequence, 1).unwrap().remove(0);
    let leaf = String::from_utf8(entry.leaf).unwrap();
    let hex = Digest::new(Kind::Blob, batch.root).to_hex();
    assert!(leaf.contains(&format!(r#""count":"3","root":"rfc6962-sha256:{hex}""#)), "{leaf}");
    assert!(matches!(
        registry.batch(sequence + 1, &PageRequest::default()),
        Err(Error::Unknown { what: "batch", .. })
    ));
}

fn refused(place: &Place) {
    let registry = place.registry();
    let good = verification(1, "cpu-x86_64", 15);
    let mut bad = good;
    bad.statement = digest(Kind::Artifact, 1);
    assert!(matches!(registry.add_evidence(by("ci", 20), &[good, bad]), Err(Error::WrongDigest { .. })));
    bad = good;
    bad.verdict = "";
    assert!(matches!(registry.add_evidence(by("ci", 20), &[good, bad]), Err(Error::BadText { .. })));
    bad = good;
    bad.environment = "nul\0";
    assert!(matches!(registry.add_evidence(by("ci", 20), &[good, bad]), Err(Error::BadText { .. })));
    assert_eq!(registry.log_size().unwrap(), 0);
    assert_eq!(registry.latest_evidence(&artifact(1)).unwrap(), []);
}
