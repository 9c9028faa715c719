//! Models and versions.

use reproof_digest::Kind;
use reproof_registry::{Error, ModelChange, PageRequest, Pushed, Relation, State, Target};

use crate::Case;
use crate::place::{Place, artifact, at, by, digest, model, new, production, push};

pub(crate) const CASES: &[Case] = &[
    ("models_are_made_changed_and_listed", models),
    ("a_version_is_kept_as_pushed", kept),
    ("the_same_push_again_changes_nothing", same),
    ("another_content_under_a_name_is_refused", taken),
    ("many_versions_come_together_or_not_at_all", many),
    ("versions_are_listed_in_pages", pages),
    ("versions_are_found_by_digest", found),
    ("states_lead_to_deleted_and_not_back", states),
    ("what_is_aliased_or_held_is_not_deleted", kept_back),
    ("a_deleted_version_is_no_root", roots),
    ("an_upload_keeps_its_objects_until_the_version_is_there", uploads),
    ("tags_notes_and_flags_are_kept", notes),
    ("lineage_is_found_from_both_ends", lineage),
    ("show_tells_everything", show),
    ("hostile_texts_are_kept_or_refused_and_never_run", hostile),
];

fn models(place: &Place) {
    let registry = place.registry();
    for name in ["b/one", "a/two", "a/one"] {
        let made = registry.create_model(by("anna", 5), &model(name)).unwrap();
        assert_eq!((made.created.who.as_str(), made.created.at), ("anna", at(5)));
        assert_eq!(registry.model(name).unwrap(), made);
    }
    assert_eq!(
        registry.create_model(by("anna", 6), &model("a/one")),
        Err(Error::Exists { what: "model", name: "a/one".to_owned() })
    );
    let change = ModelChange { classification: Some("high-risk"), ..ModelChange::default() };
    let changed = registry.change_model(by("ben", 7), "a/one", &change).unwrap();
    assert_eq!((changed.classification.as_str(), changed.owner.as_str()), ("high-risk", "team"));
    assert_eq!(changed.created.who, "anna");
    let names = |prefix: &str, request: &PageRequest| {
        let page = registry.models(prefix, request).unwrap();
        (page.items.iter().map(|model| model.name.clone()).collect::<Vec<_>>(), request.next(&page))
    };
    let (first, next) = names("", &PageRequest::first(2));
    assert_eq!(first, ["a/one", "a/two"]);
    assert_eq!(names("", &next.unwrap()), (vec!["b/one".to_owned()], None));
    assert_eq!(names("a/", &PageRequest::default()).0, ["a/one", "a/two"]);
    assert_eq!(registry.model("a/none"), Err(Error::Unknown { what: "model", name: "a/none".to_owned() }));
    assert!(matches!(registry.model("A/None"), Err(Error::BadText { what: "model name", .. })));
}

fn kept(place: &Place) {
    let registry = place.with_model();
    let Pushed::New(version) = push(&registry, 1) else { panic!("not new") };
    assert_eq!(registry.version("team/model", "1.0.0").unwrap(), version);
    assert_eq!(version.artifact, artifact(1));
    assert_eq!(version.contract, Some(digest(Kind::Contract, 1)));
    assert_eq!((version.size, version.state), (1001, State::Active));
    assert_eq!((version.submitted.who.as_str(), version.submitted.at), ("anna", at(11)));
    let mut without = new("1.1.0", 2);
    without.contract = None;
    registry.add_version(by("anna", 12), &without).unwrap();
    assert_eq!(registry.version("team/model", "1.1.0").unwrap().contract, None);
    let mut wrong = new("1.2.0", 3);
    wrong.artifact = digest(Kind::Weights, 3);
    assert_eq!(
        registry.add_version(by("anna", 13), &wrong),
        Err(Error::WrongDigest { what: "artifact", expected: "artifact-v1", got: digest(Kind::Weights, 3) })
    );
    wrong = new("1.2.0", 3);
    wrong.size = u64::MAX;
    assert!(matches!(registry.add_version(by("anna", 13), &wrong), Err(Error::TooMuch { .. })));
    wrong = new("1.2", 3);
    assert!(matches!(registry.add_version(by("anna", 13), &wrong), Err(Error::BadText { .. })));
}

fn same(place: &Place) {
    let registry = place.with_versions(1);
    let before = registry.log_size().unwrap();
    let Pushed::Same(version) = registry.add_version(by("ben", 99), &new("1.0.0", 1)).unwrap() else {
        panic!("not the same")
    };
    assert_eq!((version.submitted.who.as_str(), version.submitted.at), ("anna", at(11)));
    // Packed in another way, and with a signature more beside its contract, it is still the same artifact.
    let mut repacked = new("1.0.0", 1);
    repacked.manifest = digest(Kind::Blob, 77);
    repacked.size += 100;
    let pushed = registry.add_version(by("ben", 99), &repacked).unwrap();
    assert_eq!(pushed, Pushed::Same(version));
    assert_eq!(registry.log_size().unwrap(), before);
}

fn taken(place: &Place) {
    let registry = place.with_versions(1);
    let error = registry.add_version(by("ben", 99), &new("1.0.0", 2)).unwrap_err();
    assert_eq!(
        error,
        Error::VersionTaken {
            model: "team/model".to_owned(),
            version: "1.0.0".to_owned(),
            existing: artifact(1),
            offered: artifact(2),
        }
    );
    for part in [artifact(1).to_string(), artifact(2).to_string()] {
        assert!(error.to_string().contains(&part), "{error}");
    }
    let mut other = new("1.0.0", 1);
    other.contract = None;
    assert!(matches!(
        registry.add_version(by("ben", 99), &other),
        Err(Error::VersionDiffers { what: "contract", .. })
    ));
    assert_eq!(registry.version("team/model", "1.0.0").unwrap().artifact, artifact(1));
}

fn many(place: &Place) {
    let registry = place.with_versions(1);
    let texts: Vec<String> = (1..=50).map(|number| format!("{number}.0.0")).collect();
    let all: Vec<_> = texts.iter().zip(1..).map(|(text, number)| new(text, number)).collect();
    let pushed = registry.add_versions(by("anna", 50), &all).unwrap();
    assert!(matches!(pushed[0], Pushed::Same(_)) && matches!(pushed[49], Pushed::New(_)));
    let more = [new("60.0.0", 60), new("2.0.0", 61)];
    assert!(matches!(registry.add_versions(by("anna", 51), &more), Err(Error::VersionTaken { .. })));
    assert!(matches!(registry.version("team/model", "60.0.0"), Err(Error::Unknown { .. })));
}

fn pages(place: &Place) {
    let registry = place.with_versions(7);
    let mut request = PageRequest::first(3);
    let mut seen = Vec::new();
    loop {
        let page = registry.versions("team/model", &request).unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(page.items.iter().map(|version| version.number.clone()));
        // What is added meanwhile is newer and moves nothing.
        push(&registry, 100 + seen.len() as u32);
        match request.next(&page) {
            Some(next) => request = next,
            None => break,
        }
    }
    assert_eq!(seen, ["7.0.0", "6.0.0", "5.0.0", "4.0.0", "3.0.0", "2.0.0", "1.0.0"]);
    // The cursor comes back from its text, and no other list takes it.
    let page = registry.versions("team/model", &PageRequest::first(1)).unwrap();
    let cursor = page.next.unwrap();
    assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
    let request = PageRequest { after: Some(cursor), limit: 1 };
    assert!(matches!(registry.live_manifests(&request), Err(Error::BadCursor { .. })));
}

fn found(place: &Place) {
    let registry = place.with_versions(3);
    let mut again = new("3.1.0", 3);
    again.artifact = artifact(4);
    registry.add_version(by("anna", 20), &again).unwrap();
    let versions = |digest| {
        let page = registry.versions_with(&digest, &PageRequest::default()).unwrap();
        page.items.into_iter().map(|version| version.number).collect::<Vec<_>>()
    };
    assert_eq!(versions(artifact(3)), ["3.0.0"]);
    assert_eq!(versions(digest(Kind::Weights, 3)), ["3.0.0", "3.1.0"]);
    assert_eq!(versions(artifact(9)), Vec::<String>::new());
    assert!(matches!(
        registry.versions_with(&digest(Kind::Blob, 3), &PageRequest::default()),
        Err(Error::WrongDigest { .. })
    ));
}

fn states(place: &Place) {
    let registry = place.with_versions(1);
    let set = |state| registry.set_state(by("anna", 30), "team/model", "1.0.0", state, "old");
    assert_eq!(set(State::Retired).unwrap().state, State::Retired);
    assert!(matches!(
        registry.set_alias(by("anna", 31), &production(None), "1.0.0"),
        Err(Error::WrongState { state: "retired", .. })
    ));
    assert_eq!(set(State::Active).unwrap().state, State::Active);
    let size = registry.log_size().unwrap();
    assert_eq!(set(State::Active).unwrap().state, State::Active);
    assert_eq!(registry.log_size().unwrap(), size);
    let deleted = set(State::Deleted).unwrap();
    assert_eq!((deleted.artifact, deleted.since.at), (artifact(1), at(30)));
    assert!(matches!(set(State::Active), Err(Error::WrongState { state: "deleted", .. })));
    // The name stays taken, also for the same content: its bytes may be gone.
    assert!(matches!(registry.add_version(by("anna", 32), &new("1.0.0", 1)), Err(Error::WrongState { .. })));
    assert!(matches!(
        registry.add_version(by("anna", 32), &new("1.0.0", 2)),
        Err(Error::VersionTaken { .. })
    ));
    assert!(matches!(
        registry.set_state(by("anna", 33), "team/model", "1.0.0", State::Retired, " "),
        Err(Error::BadText { what: "reason", .. })
    ));
}

fn kept_back(place: &Place) {
    let registry = place.with_versions(2);
    let delete = |version| registry.set_state(by("anna", 40), "team/model", version, State::Deleted, "old");
    registry.set_alias(by("anna", 31), &production(None), "1.0.0").unwrap();
    assert_eq!(
        delete("1.0.0"),
        Err(Error::StillAliased {
            model: "team/model".to_owned(),
            version: "1.0.0".to_owned(),
            alias: "production".to_owned()
        })
    );
    let own = registry.lay_hold(by("law", 32), "team/model", Some("2.0.0"), "case 7").unwrap();
    assert!(matches!(delete("2.0.0"), Err(Error::Held { hold, .. }) if hold == own.id));
    let whole = registry.lay_hold(by("law", 33), "team/model", None, "case 8").unwrap();
    registry.release_hold(by("law", 34), own.id, "closed").unwrap();
    assert!(matches!(delete("2.0.0"), Err(Error::Held { hold, .. }) if hold == whole.id));
    assert_eq!(registry.holds("team/model").unwrap(), std::slice::from_ref(&whole));
    registry.release_hold(by("law", 35), whole.id, "closed").unwrap();
    assert!(matches!(
        registry.release_hold(by("law", 36), whole.id, "closed"),
        Err(Error::AlreadyDone { done: "released", .. })
    ));
    assert_eq!(delete("2.0.0").unwrap().state, State::Deleted);
    assert!(matches!(
        registry.lay_hold(by("law", 37), "team/model", Some("2.0.0"), "late"),
        Err(Error::WrongState { .. })
    ));
}

fn roots(place: &Place) {
    let registry = place.with_versions(5);
    let set = |version, state| {
        registry.set_state(by("anna", 40), "team/model", version, state, "old").unwrap();
    };
    set("2.0.0", State::Deleted);
    set("3.0.0", State::Retired);
    let mut request = PageRequest::first(2);
    let mut manifests = Vec::new();
    loop {
        let page = registry.live_manifests(&request).unwrap();
        manifests.extend(page.items.iter().copied());
        match request.next(&page) {
            Some(next) => request = next,
            None => break,
        }
    }
    assert_eq!(manifests, [1, 3, 4, 5].map(|number| digest(Kind::Blob, number)));
}

fn uploads(place: &Place) {
    let registry = place.with_model();
    let (first, second) =
        (registry.start_upload(by("anna", 100)).unwrap(), registry.start_upload(by("ben", 110)).unwrap());
    registry.heartbeat(&first, at(200)).unwrap();
    let live = registry.live_uploads(at(105)).unwrap();
    assert_eq!(live.iter().map(|upload| upload.who.as_str()).collect::<Vec<_>>(), ["anna", "ben"]);
    assert_eq!((live[0].started, live[0].heartbeat), (at(100), at(200)));
    // The second was silent for too long; its objects may be collected, so its version is refused.
    assert_eq!(registry.live_uploads(at(150)).unwrap().len(), 1);
    let lost = Error::UploadLost { upload: second.as_str().to_owned() };
    assert_eq!(registry.heartbeat(&second, at(201)), Err(lost.clone()));
    let mut version = new("1.0.0", 1);
    version.upload = Some(&second);
    assert_eq!(registry.add_version(by("ben", 202), &version), Err(lost));
    assert!(matches!(registry.version("team/model", "1.0.0"), Err(Error::Unknown { .. })));
    version.upload = Some(&first);
    registry.add_version(by("anna", 203), &version).unwrap();
    assert_eq!(registry.live_uploads(at(0)).unwrap(), []);
    assert!(matches!(registry.abandon_upload(&first), Err(Error::UploadLost { .. })));
    assert_eq!(reproof_registry::UploadId::from_text(first.as_str()), Ok(first));
}

fn notes(place: &Place) {
    let registry = place.with_versions(1);
    let tag = |key, value| registry.set_tag(by("anna", 20), "team/model", "1.0.0", key, value);
    tag("metric", Some("0.91")).unwrap();
    tag("dataset", Some("a")).unwrap();
    tag("metric", Some("0.92")).unwrap();
    tag("dataset", None).unwrap();
    assert!(matches!(tag("dataset", None), Err(Error::Unknown { what: "tag", .. })));
    assert_eq!(registry.tags("team/model", "1.0.0").unwrap(), [("metric".to_owned(), "0.92".to_owned())]);
    for number in 0..3 {
        registry
            .add_note(by("ben", 21), "team/model", "1.0.0", &format!("Note {number},\nwith two lines."))
            .unwrap();
    }
    let first = registry.notes("team/model", "1.0.0", &PageRequest::first(2)).unwrap();
    let rest = registry.notes("team/model", "1.0.0", &PageRequest::first(2).next(&first).unwrap()).unwrap();
    assert_eq!(rest.items[0].text, "Note 2,\nwith two lines.");
    assert_eq!((rest.items[0].written.who.as_str(), rest.next), ("ben", None));
    let flag = registry.raise_flag(by("ben", 22), "team/model", "1.0.0", "drifts").unwrap();
    registry.raise_flag(by("ben", 23), "team/model", "1.0.0", "slow").unwrap();
    let version = registry.clear_flag(by("anna", 24), flag.id, "fixed").unwrap();
    assert_eq!(version.number, "1.0.0");
    assert_eq!(
        registry.clear_flag(by("anna", 25), flag.id, "again"),
        Err(Error::AlreadyDone { what: "flag", name: flag.id.to_string(), done: "cleared" })
    );
    let flags = registry.flags("team/model", "1.0.0", &PageRequest::default()).unwrap().items;
    assert_eq!(flags[0].cleared_reason.as_deref(), Some("fixed"));
    assert_eq!(flags[0].cleared.as_ref().map(|stamp| stamp.at), Some(at(24)));
    assert_eq!((flags[1].reason.as_str(), &flags[1].cleared), ("slow", &None));
}

fn lineage(place: &Place) {
    let registry = place.with_versions(2);
    let source = Target::Version { model: "team/model", version: "1.0.0" };
    let add =
        |relation, target| registry.add_lineage(by("anna", 20), "team/model", "2.0.0", relation, target);
    assert_eq!(add(Relation::DerivedFrom, source), Ok(true));
    assert_eq!(add(Relation::DerivedFrom, source), Ok(false));
    assert_eq!(add(Relation::TrainedFrom, Target::Other("https://data.example/set-7")), Ok(true));
    assert!(matches!(add(Relation::TrainedFrom, Target::Other("two words")), Err(Error::BadText { .. })));
    let edges = registry.lineage("team/model", "2.0.0", &PageRequest::default()).unwrap().items;
    assert_eq!(edges[0].target_version.as_deref(), Some("team/model@1.0.0"));
    assert_eq!(edges[0].target, artifact(1).to_string());
    assert_eq!((edges[1].relation, edges[1].target_version.as_ref()), (Relation::TrainedFrom, None));
    let from = registry.descendants(&artifact(1).to_string(), &PageRequest::default()).unwrap().items;
    assert_eq!(from, edges[..1]);
}

fn show(place: &Place) {
    let registry = place.with_versions(1);
    registry.set_alias(by("anna", 20), &production(None), "1.0.0").unwrap();
    registry.set_tag(by("anna", 21), "team/model", "1.0.0", "k", Some("v")).unwrap();
    registry.raise_flag(by("ben", 22), "team/model", "1.0.0", "drifts").unwrap();
    let shown = registry.show("team/model", "1.0.0").unwrap();
    assert_eq!(shown.version, registry.version("team/model", "1.0.0").unwrap());
    assert_eq!((shown.aliases, shown.tags.len(), shown.flags.len()), (vec!["production".to_owned()], 1, 1));
    assert_eq!((shown.holds, shown.evidence), (vec![], vec![]));
    assert!(matches!(registry.show("team/model", "9.0.0"), Err(Error::Unknown { what: "version", .. })));
}

fn hostile(place: &Place) {
    let registry = place.with_versions(1);
    for text in [
        "'; DROP TABLE version; --",
        "?1 $1 %s {id}",
        "\u{202e}עברית",
        "\\x00 \\u0000",
        "𝕏".repeat(20).as_str(),
    ] {
        registry.set_tag(by(text, 20), "team/model", "1.0.0", "k", Some(text)).unwrap();
        assert_eq!(registry.tags("team/model", "1.0.0").unwrap()[0].1, text);
    }
    for text in ["nul\0", "bell\u{7}"] {
        assert!(matches!(
            registry.set_tag(by("anna", 20), "team/model", "1.0.0", text, Some("v")),
            Err(Error::BadText { .. })
        ));
    }
    assert!(matches!(
        registry.set_tag(by("an\0na", 20), "team/model", "1.0.0", "k", Some("v")),
        Err(Error::BadText { .. })
    ));
    // What is read from outside is bounded before it reaches a database.
    assert!(registry.model(&"a".repeat(1 << 20)).is_err());
    assert!(registry.principal(&"a\0".repeat(100)).is_err());
}
