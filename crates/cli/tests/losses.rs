//! A registry of which something was lost: nothing more goes, nothing gets past a gate, and what can be mended is.

use std::fs;
use std::path::PathBuf;

use reproof_testing::{Finished, Sandbox};

use crate::fixtures::{place, sandbox};
use crate::registry::{ask, files, with_registry};

fn stored(sandbox: &Sandbox, folder: &str) -> Vec<PathBuf> {
    files(sandbox.path(format!(".reproof/store/{folder}")))
}

/// Does something as Ada.
#[track_caller]
fn ada(sandbox: &Sandbox) -> impl Fn(&str) -> Finished + '_ {
    move |line| ask(sandbox, "ada", line)
}

/// Makes everything in the store days old.
fn age(sandbox: &Sandbox) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_hours(72);
    for path in stored(sandbox, "") {
        fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
    }
}

#[test]
fn a_collection_takes_nothing_from_a_store_that_is_not_whole() {
    for folder in ["indexes", "manifests", "packs"] {
        let sandbox = with_registry();
        let ada = ada(&sandbox);
        ada("push model.onnx team/net@1.0.0").exits(0);
        age(&sandbox);
        let lost = stored(&sandbox, folder).remove(0);
        let bytes = fs::read(&lost).unwrap();
        fs::remove_file(&lost).unwrap();
        let before = stored(&sandbox, "");
        for _ in 0..2 {
            ada("gc --grace 0s").exits(3).complains("nothing was removed").complains("is missing");
        }
        assert_eq!(stored(&sandbox, ""), before);
        if folder == "indexes" {
            // The pack says what it holds once more.
            ada("fsck").exits(0).says("its index is missing").says("mended");
        } else {
            ada("fsck").exits(1).says("team/net@1.0.0");
            fs::write(&lost, bytes).unwrap();
        }
        ada("gc --grace 0s").exits(0);
        ada("pull team/net@1.0.0 got.onnx").exits(0);
    }
}

#[test]
fn a_collection_knows_a_database_that_was_restored_from_an_old_copy() {
    let sandbox = with_registry();
    let ada = ada(&sandbox);
    ada("push model.onnx team/net@1.0.0").exits(0);
    let (database, newer) = (sandbox.path(".reproof/registry.sqlite"), sandbox.path("newer"));
    let old = fs::read(&database).unwrap();
    fs::write(sandbox.path("second.onnx"), fs::read(sandbox.path("model.onnx")).unwrap()).unwrap();
    ada("push second.onnx team/other@1.0.0").exits(0);
    fs::copy(&database, &newer).unwrap();
    fs::write(&database, old).unwrap();
    ada("gc --grace 0s").exits(3).complains("restored from an old backup");
    // With acts of its own it has as many entries as were published, and others.
    for note in ["one", "two", "three", "four"] {
        ada(&format!("note team/net@1.0.0 {note}")).exits(0).complains("the log was not published");
    }
    ada("audit checkpoint").exits(3).complains("has another one as number");
    ada("gc --grace 0s").exits(3).complains("restored from an old backup");
    fs::copy(&newer, &database).unwrap();
    ada("pull team/other@1.0.0 got.onnx").exits(0);
}

#[test]
fn a_lost_statement_against_a_version_still_speaks() {
    let sandbox = with_registry();
    let ada = ada(&sandbox);
    sandbox.write("gate.toml", "verdict = \"equivalent\"\n");
    ada("gate team/net production --set gate.toml").exits(0);
    let good = fs::read(sandbox.path("model.onnx")).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 0x40;
    sandbox.write("model.onnx", bad);
    ada("push model.onnx team/net@1.0.0").exits(0);
    ada("verify team/net@1.0.0").exits(1);
    ada("clear team/net@1.0.0 --reason seen").exits(0);
    ada("promote team/net@1.0.0 production --dry-run").exits(1).says("found corrupt");
    let copy = sandbox.path("copy");
    let shown = ada("show team/net@1.0.0 --json").exits(0).json();
    let digest = shown["evidence"][0]["statement"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let mut statements = stored(&sandbox, "statements");
    statements.retain(|path| path.ends_with(&digest));
    let statement = statements.remove(0);
    let within = statement.strip_prefix(sandbox.path(".reproof/store")).unwrap();
    fs::create_dir_all(copy.join(within).parent().unwrap()).unwrap();
    fs::copy(&statement, copy.join(within)).unwrap();
    for damaged in [None, Some("{}")] {
        match damaged {
            None => fs::remove_file(&statement).unwrap(),
            Some(text) => fs::write(&statement, text).unwrap(),
        }
        ada("promote team/net@1.0.0 production").exits(1).says("found corrupt");
        ada("fsck").exits(1).says("FAULT  statement").says("needed by team/net@1.0.0");
        ada("fsck --repair-from copy").exits(0).says("mended  statement");
        ada("fsck").exits(0);
    }
}

#[test]
fn a_run_that_did_not_end_is_replaced_by_one_that_does() {
    let sandbox = with_registry();
    let ada = ada(&sandbox);
    sandbox.write("gate.toml", "verdict = \"equivalent\"\n");
    ada("gate team/net production --set gate.toml").exits(0);
    ada("push model.onnx team/net@1.0.0").exits(0);
    ada("verify team/net@1.0.0 --timeout 1ms").exits(3);
    ada("promote team/net@1.0.0 production").exits(1).says("found undecided");
    ada("verify team/net@1.0.0").exits(0);
    ada("promote team/net@1.0.0 production").exits(0);
}

#[test]
fn a_push_that_is_refused_publishes_nothing() {
    let sandbox = with_registry();
    let ada = ada(&sandbox);
    let long = "x".repeat(300);
    ada(&format!("push model.onnx team/net@1.0.0 --tag note={long}")).exits(2).complains("at most 256");
    ada("push model.onnx team/net@1.0.0 --from trained-from='two words'").exits(2);
    ada("show team/net").exits(2);
    assert!(!sandbox.path(".reproof/store/packs").exists());
    ada("push model.onnx team/net@1.0.0 --tag note=fine").exits(0);
    ada("show team/net@1.0.0").exits(0).says("note");
}

#[test]
fn a_model_comes_back_with_the_data_beside_it() {
    let sandbox = sandbox();
    place(&sandbox, "planted/external.onnx", "model.onnx");
    place(&sandbox, "planted/external.bin", "external.bin");
    sandbox.run(["record", "model.onnx"]).exits(0);
    let ada = ada(&sandbox);
    ada("init").exits(0);
    ada("push model.onnx team/net@1.0.0").exits(0);
    ada("verify team/net@1.0.0").exits(0);
    ada("pull team/net@1.0.0 got/renamed.onnx").exits(0);
    assert_eq!(
        fs::read(sandbox.path("got/external.bin")).unwrap(),
        fs::read(sandbox.path("external.bin")).unwrap()
    );
    ada("verify got/renamed.onnx").exits(0);
    // The same data serves a second copy; other data is left alone.
    ada("pull team/net@1.0.0 got/second.onnx").exits(0);
    sandbox.write("got/external.bin", "somebody else's");
    ada("pull team/net@1.0.0 got/third.onnx").exits(2).complains("external.bin exists already");
    assert_eq!(fs::read(sandbox.path("got/external.bin")).unwrap(), b"somebody else's");
    assert!(!sandbox.path("got/third.onnx").exists());
    assert!(
        fs::read_dir(sandbox.path("got"))
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().contains("reproof-pull") })
    );
}

#[test]
fn an_empty_log_is_signed_and_what_is_kept_of_it_may_come_back_through_a_mail() {
    let sandbox = with_registry();
    let ada = ada(&sandbox);
    ada("audit verify").exits(0);
    let kept = ada("audit checkpoint").exits(0).stdout().to_owned();
    sandbox.write("kept", kept.replace('\n', "\r\n"));
    ada("push model.onnx team/net@1.0.0").exits(0);
    ada("audit verify --checkpoint kept").exits(0).says("goes on from the kept checkpoint");
    for text in ["", "\n", "no checkpoint at all\n"] {
        sandbox.write("kept", text);
        ada("audit verify --checkpoint kept").exits(3).complains("is no checkpoint of a log");
    }
}

#[test]
fn bytes_that_contradict_their_contract_are_told_when_they_are_pushed() {
    let sandbox = with_registry();
    let ada = ada(&sandbox);
    let mut bytes = fs::read(sandbox.path("model.onnx")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    sandbox.write("model.onnx", bytes);
    ada("push model.onnx team/net@1.0.0").exits(0).complains("its contract is of other bytes");
    ada("lint team/net@1.0.0").exits(1).says("lint.artifact");
}
