//! What a registry keeps and lets go: retention, holds, deletion; spot checks; pulls that prove themselves.

use std::fs;

use crate::registry::{array, ask, with_registry, with_token};

#[test]
fn a_version_is_deleted_only_when_nothing_keeps_it() {
    let sandbox = with_registry();
    let ada = |line: &str| ask(&sandbox, "ada", line);
    ada("push model.onnx team/net@1.0.0").exits(0);
    // Without a rule nothing goes.
    ada("delete team/net@1.0.0 --reason old").exits(1).says("no retention rule is about it");
    ada("retention --keep 90d").exits(0).says("all others").says("90d after the push");
    ada("delete team/net@1.0.0 --reason old").exits(1).says("kept 90d after it was pushed, 90 days more");
    ada("retention --keep 0s").exits(0);
    ada("retention --alias production --keep 2y").exits(0).says("alias production");
    ada("retention --classification restricted --keep 7y").exits(0);

    // An alias, then what it left behind, then the model's classification.
    ada("promote team/net@1.0.0 production").exits(0);
    ada("delete team/net@1.0.0 --reason old").exits(1).says("the alias `production` points at it");
    ada("push model.onnx team/net@1.1.0").exits(0);
    ada("promote team/net@1.1.0 production").exits(0);
    let kept = ada("delete team/net@1.0.0 --reason old");
    kept.exits(1).says("kept 2y after `production` last pointed at it, 730 days more");
    ada("retention --alias production --remove").exits(0);
    ada("describe team/net --classification restricted --owner grace").exits(0);
    ada("show team/net").exits(0).says("owner    grace").says("class    restricted");
    ada("delete team/net@1.0.0 --reason old").exits(1).says("kept 7y after it was pushed as `restricted`");
    ada("retention --classification restricted --remove").exits(0);

    // An approval and holds, each by its number.
    ada("approve team/net@1.0.0 --reason fine").exits(0);
    ada("delete team/net@1.0.0 --reason old").exits(1).says("approved by ada as reviewer");
    ada("approve team/net@1.0.0 --withdraw 1 --reason 'not any more'").exits(0).says("withdrawn by ada");
    ada("approve team/net@1.0.0 --withdraw 9 --reason none").exits(2).complains("it has no decision 9");
    ada("hold team/net@1.0.0 --reason 'case 7'").exits(0).says("number 1");
    ada("hold team/net --reason 'case 8'").exits(0).says("number 2");
    let held = ada("delete team/net@1.0.0 --reason old");
    held.exits(1).says("held by ada: case 7").says("held by ada: case 8");
    ada("hold --release 1 --reason closed").exits(0);
    ada("hold --release 2 --reason closed").exits(0);
    ada("hold --release 2 --reason again").exits(1).complains("released");

    ada("delete team/net@1.0.0 --reason old --dry-run").exits(0).says("may be deleted");
    ada("delete team/net@1.0.0 --reason old").exits(0).says("its name and digests stay");
    let shown = ada("show team/net@1.0.0 --json").exits(0).json();
    assert_eq!(shown["version"]["state"], "deleted");
    assert!(shown["version"]["artifact_digest"].is_string());
    ada("pull team/net@1.0.0 got.onnx").exits(2).complains("it was deleted by ada");
    ada("push model.onnx team/net@1.0.0").exits(1).complains("its name stays taken");
    // Another version has the same bytes.
    ada("gc --grace 0s").exits(0);
    ada("gc --grace 0s").exits(0);
    ada("pull team/net@1.1.0 got.onnx").exits(0);
    ada("audit verify").exits(0);
}

#[test]
fn only_who_may_keeps_and_deletes() {
    let sandbox = with_registry();
    let token = |name: &str, line: &str| {
        let made = ask(&sandbox, "root", line).exits(0).json();
        made["token"].as_str().unwrap_or_else(|| panic!("{name}: {made}")).to_owned()
    };
    let root = token("root", "access add root --json");
    let person = |name: &str, role: &str| {
        with_token(&sandbox, &root, &format!("access add {name}")).exits(0);
        with_token(&sandbox, &root, &format!("access grant {name} {role}")).exits(0);
        let made = with_token(&sandbox, &root, &format!("access token {name} --json")).exits(0).json();
        made["token"].as_str().unwrap().to_owned()
    };
    let (maker, auditor) = (person("maker", "maintainer"), person("law", "auditor"));
    with_token(&sandbox, &maker, "push model.onnx team/net@1.0.0").exits(0);
    with_token(&sandbox, &maker, "retention --keep 0s").exits(1).complains("`set-retention`");
    with_token(&sandbox, &maker, "describe team/net --classification open").exits(1).complains("`set-gate`");
    with_token(&sandbox, &root, "retention --keep 0s").exits(0);
    with_token(&sandbox, &maker, "delete team/net@1.0.0 --reason old").exits(1).complains("`delete`");
    with_token(&sandbox, &auditor, "hold team/net@1.0.0 --reason 'case 7'").exits(0);
    with_token(&sandbox, &auditor, "hold --release 1 --reason over").exits(1).complains("`release-hold`");
    with_token(&sandbox, &root, "delete team/net@1.0.0 --reason old").exits(1).says("held by law: case 7");
    // Whose job it is to check may also say what came of it.
    let spot = with_token(&sandbox, &auditor, "audit spot --sample 100%");
    spot.exits(0).says("1 of 1 versions checked").complains("kept as evidence");
    with_token(&sandbox, &maker, "audit spot").exits(1).complains("`audit`");
}

#[test]
fn statements_are_read_by_who_may_read_their_version_and_gates_set_by_who_may_for_all_their_models() {
    let sandbox = with_registry();
    for name in ["team/net", "secret/net"] {
        ask(&sandbox, "ada", &format!("push model.onnx {name}@1.0.0")).exits(0);
    }
    ask(&sandbox, "ada", "verify team/net@1.0.0").exits(0);
    let made = ask(&sandbox, "root", "access add root --json").exits(0).json();
    let root = made["token"].as_str().unwrap().to_owned();
    let as_root = |line: &str| with_token(&sandbox, &root, line);
    as_root("access add carl").exits(0);
    as_root("access grant carl administrator --models team/*").exits(0);
    let made = as_root("access token carl --json").exits(0).json();
    let carl = made["token"].as_str().unwrap().to_owned();
    let as_carl = |line: &str| with_token(&sandbox, &carl, line);
    let shown = as_root("show team/net@1.0.0 --json").exits(0).json();
    let statement = shown["evidence"][0]["statement"].as_str().unwrap();
    as_carl(&format!("evidence team/net@1.0.0 --statement {statement}")).exits(0).says("predicate");
    as_carl(&format!("evidence secret/net@1.0.0 --statement {statement}")).exits(1);

    sandbox.write("gate.toml", "verdict = \"equivalent\"\n");
    as_root("gate team/** production --set gate.toml").exits(0);
    as_carl("gate team/** production --remove").exits(1);
    as_carl("gate team/* production --set gate.toml").exits(0);
}

#[test]
fn a_spot_check_names_what_is_not_what_it_was() {
    let sandbox = with_registry();
    let ada = |line: &str| ask(&sandbox, "ada", line);
    ada("push model.onnx team/net@1.0.0").exits(0);
    sandbox.write("other.npy", array(20_000));
    ada("push other.npy team/data@1.0.0").exits(0);
    let first = ada("audit spot --sample 100% --seed 5");
    first
        .exits(0)
        .says("ok    team/net@1.0.0")
        .says("identical")
        .says("restored")
        .says("2 of 2 versions checked");
    let one = ada("audit spot --sample 0% --seed 5 --bytes-only --json").exits(0).json();
    assert_eq!((&one["versions"], one["checked"].as_array().unwrap().len()), (&2.into(), 1));
    // The same seed chooses the same one.
    let same = ada("audit spot --sample 0% --seed 5 --bytes-only --json").exits(0).json();
    assert_eq!(one["checked"], same["checked"]);

    let packs = sandbox.path(".reproof/store/packs");
    let mut files = vec![packs];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let spot = ada("audit spot --sample 100% --seed 5");
    spot.exits(1).says("FAIL").says("damaged").says("2 failed, 0 undecided: entry");
    let shown = ada("show team/net@1.0.0 --json").exits(0).json();
    assert!(shown["flags"][0]["reason"].as_str().unwrap().starts_with("a spot check could not restore it"));
    let exported = ada("audit export");
    let log = exported.exits(0).stdout();
    assert!(log.contains("\"audit.spot\"") && log.contains("team/net@1.0.0"), "{log}");
}

/// What says nothing about a version is not held against it: no engine here, no place to restore it to.
#[test]
fn a_spot_check_that_could_not_tell_says_so_and_flags_nothing() {
    let sandbox = with_registry();
    ask(&sandbox, "ada", "push model.onnx team/net@1.0.0").exits(0);
    let spot = ask(&sandbox, "ada", "audit spot --runner python --python /nowhere/python");
    spot.exits(3).says("?     team/net@1.0.0").says("0 failed, 1 undecided");
    let words = ["audit", "spot", "--bytes-only"];
    let nowhere = sandbox.command(words).variable("TMPDIR", "/nowhere").run();
    nowhere.exits(3).complains("/nowhere");
    let shown = ask(&sandbox, "ada", "show team/net@1.0.0 --json").exits(0).json();
    assert_eq!(shown["flags"], serde_json::json!([]));
}

#[test]
fn what_does_not_verify_is_not_put_in_its_place() {
    let sandbox = with_registry();
    let ada = |line: &str| ask(&sandbox, "ada", line);
    ada("push model.onnx team/net@1.0.0").exits(0);
    let pulled = ada("pull team/net@1.0.0 got.onnx --verify");
    pulled.exits(0).says("verified: identical").complains("kept as evidence");
    assert!(sandbox.path("got.onnx.reproof").is_dir());
    // The same contract with a model that does something else.
    crate::fixtures::place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "other.onnx");
    ada("push other.onnx team/net@1.1.0 --contract model.onnx.reproof").exits(0);
    let refused = ada("pull team/net@1.1.0 other/place.onnx --verify");
    refused.exits(1).complains("was not put in its place").complains("and the version is flagged");
    assert!(!sandbox.path("other/place.onnx").exists() && !sandbox.path("other/place.onnx.reproof").exists());
    assert_eq!(fs::read_dir(sandbox.path("other")).unwrap().count(), 0, "a draft was left behind");
    sandbox.write("plain.npy", array(20));
    ada("push plain.npy team/plain@1.0.0").exits(0);
    ada("pull team/plain@1.0.0 p.npy --verify").exits(2).complains("pushed without a contract");
    assert!(!sandbox.path("p.npy").exists());
}
