//! Each kind of difference is found once, with its grade and its reason.

use reproof_contract::environment::{AlteredFile, Distribution, Library, Origin, OriginKind, Python};

use super::*;

fn distribution(version: &str) -> Distribution {
    Distribution {
        version: version.to_owned(),
        content_sha256: Some("00".to_owned()),
        ..Distribution::default()
    }
}

fn with_python(change: impl FnOnce(&mut Python)) -> Environment {
    let mut python = Python { version: "3.11.7".to_owned(), ..Python::default() };
    for name in ["numpy", "tqdm", "nvidia-cublas", "my-layers"] {
        python.distributions.insert(name.to_owned(), distribution("1"));
    }
    change(&mut python);
    Environment { python: Some(Box::new(python)), ..Environment::default() }
}

fn only(change: impl FnOnce(&mut Python)) -> EnvironmentDifference {
    let found = differences(&with_python(|_| {}), &with_python(change));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(!found[0].reason.is_empty() && !found[0].source.is_empty(), "{:?}", found[0]);
    found[0].clone()
}

#[test]
fn equal_environments_do_not_differ() {
    let environment = with_python(|_| {});
    assert_eq!(differences(&environment, &environment), []);
}

#[test]
fn the_gravest_difference_comes_first() {
    let mut recorded = Environment::default();
    recorded.engine.name = "tract".to_owned();
    let mut current = recorded.clone();
    current.system.kernel = "6.1".to_owned();
    current.cpu.features = vec!["avx2".to_owned()];
    current.engine.version = "2.0".to_owned();
    current.variables.insert("OMP_NUM_THREADS".to_owned(), "4".to_owned());
    let found = differences(&recorded, &current);
    let items: Vec<&str> = found.iter().map(|difference| difference.item.as_str()).collect();
    assert_eq!(items, ["engine.version", "cpu.features", "variables.OMP_NUM_THREADS", "system.kernel"]);
    assert_eq!(found[2].recorded, "(not set)");
    assert_eq!(found[3].grade, Grade::Harmless);
}

#[test]
fn another_engine_is_not_the_same_and_a_machine_alone_has_none() {
    let recorded = Environment::default();
    let mut current = recorded.clone();
    assert!(same_engine(&recorded, &current));
    current.engine.name = "tract".to_owned();
    current.settings.insert("optimisation".to_owned(), "none".to_owned());
    assert!(!same_engine(&recorded, &current));
    assert_eq!(differences(&recorded, &current), []);
}

#[test]
fn versions_are_graded_by_what_the_package_does() {
    let grade = |name: &str| {
        let name = name.to_owned();
        only(move |python| drop(python.distributions.insert(name, distribution("2")))).grade
    };
    assert_eq!(grade("numpy"), Grade::MayChangeResults);
    assert_eq!(grade("nvidia-cublas"), Grade::MayMoveBits);
    assert_eq!(grade("tqdm"), Grade::Harmless);
    assert_eq!(grade("my-layers"), Grade::MayChangeResults);
    let gone = only(|python| drop(python.distributions.remove("numpy")));
    assert_eq!((gone.recorded.as_str(), gone.current.as_str()), ("1", "(not installed)"));
}

#[test]
fn an_altered_file_is_named_and_may_change_results_whoever_it_belongs_to() {
    let altered =
        AlteredFile { path: "tqdm/std.py".to_owned(), expected: "00".to_owned(), actual: "11".to_owned() };
    let found = only(|python| python.distributions.get_mut("tqdm").unwrap().altered.push(altered));
    assert_eq!(found.item, "distribution.tqdm.file tqdm/std.py");
    assert_eq!((found.recorded.as_str(), found.current.as_str()), ("as installed", "altered, sha256 11"));
    assert_eq!(found.grade, Grade::MayChangeResults);
    // Whoever moves an environment alters the first line of its launchers.
    let launcher = AlteredFile {
        path: "../../../bin/tqdm".to_owned(),
        expected: "00".to_owned(),
        actual: "missing".to_owned(),
    };
    let found = only(|python| python.distributions.get_mut("tqdm").unwrap().altered.push(launcher));
    assert_eq!((found.current.as_str(), found.grade), ("missing", Grade::Harmless));
}

#[test]
fn another_build_and_another_origin_are_told() {
    let build =
        only(|python| python.distributions.get_mut("numpy").unwrap().content_sha256 = Some("11".to_owned()));
    assert_eq!((build.item.as_str(), build.grade), ("distribution.numpy.content", Grade::MayMoveBits));
    let vcs = Origin {
        kind: OriginKind::Vcs,
        url: Some("https://host/x".to_owned()),
        revision: Some("git a".to_owned()),
    };
    let origin = only(|python| python.distributions.get_mut("numpy").unwrap().origin = vcs);
    assert_eq!((origin.current.as_str(), origin.grade), ("vcs https://host/x git a", Grade::Harmless));
    let editable = Origin { kind: OriginKind::Editable, ..Origin::default() };
    let origin = only(|python| python.distributions.get_mut("my-layers").unwrap().origin = editable);
    assert_eq!(origin.grade, Grade::MayChangeResults);
}

#[test]
fn a_micro_version_of_python_is_harmless_and_a_minor_one_is_not() {
    assert_eq!(only(|python| python.version = "3.11.9".to_owned()).grade, Grade::Harmless);
    assert_eq!(only(|python| python.version = "3.12.7".to_owned()).grade, Grade::MayMoveBits);
}

#[test]
fn a_library_is_told_once_and_facts_only_where_both_were_asked() {
    let library = |hash: &str| Library {
        path: "/lib/libm.so.6".to_owned(),
        distribution: None,
        sha256: Some(hash.to_owned()),
    };
    let recorded = with_python(|python| python.libraries.push(library("00")));
    let current = with_python(|python| python.libraries.push(library("11")));
    let found = differences(&recorded, &current);
    assert_eq!((found[0].item.as_str(), found.len()), ("library./lib/libm.so.6", 1));
    assert_eq!(differences(&recorded, &with_python(|_| {})), []);
    let asked = with_python(|python| drop(python.facts.insert("torch.onednn".to_owned(), "3".to_owned())));
    assert_eq!(differences(&with_python(|_| {}), &asked), []);
}
