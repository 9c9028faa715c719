//! Signatures: over contracts, which say who stands for a promise, and over files.

use std::fs;
use std::process::Command;

use reproof_testing::{Sandbox, folder};

use crate::fixtures::{place, sandbox};
use crate::registry::{ask, with_registry, words};

/// Makes a pair of keys, `NAME.pem` and `NAME.public.pem`.
pub(crate) fn keys(sandbox: &Sandbox, name: &str) {
    let made = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).current_dir(sandbox.folder()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let (private, public) = (format!("{name}.pem"), format!("{name}.public.pem"));
    made(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &private]);
    made(&["ec", "-in", &private, "-pubout", "-out", &public]);
}

fn hint(sandbox: &Sandbox, line: &str) -> String {
    ask(sandbox, "ada", line).exits(0).json()["key_hint"].as_str().unwrap().to_owned()
}

#[test]
fn a_contract_is_the_one_that_who_is_trusted_signed() {
    let sandbox = sandbox();
    keys(&sandbox, "ours");
    keys(&sandbox, "theirs");
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    let run = |line: &str| sandbox.run(words(line));
    run("sign model.onnx --key ours.pem").exits(3).complains("model.onnx.reproof");
    run("record model.onnx --budget 1s").exits(0);
    run("verify model.onnx --public-key ours.public.pem")
        .exits(1)
        .complains("model.onnx.reproof is not signed by the trusted key")
        .complains("reproof sign PATH --key PEM");
    assert_eq!(run("verify model.onnx --json").exits(0).json()["contract"]["signed"], false);

    run("sign model.onnx --key ours.pem").exits(0).says("signed the contract contract-v1:");
    let trusted = "verify model.onnx --public-key ours.public.pem";
    assert_eq!(run(&format!("{trusted} --json")).exits(0).json()["contract"]["signed"], true);
    run(trusted).exits(0).says(", signed");
    run("verify model.onnx").exits(0).says(", unsigned").complains("--public-key");
    // One of several is enough, and each has a signature of its own.
    run(&format!("{trusted} --public-key theirs.public.pem")).exits(0);
    run("verify model.onnx --public-key theirs.public.pem").exits(1).complains("by another key");
    run("sign model.onnx --key theirs.pem").exits(0);
    run(trusted).exits(0);
    assert_eq!(fs::read_dir(sandbox.path("model.onnx.reproof/evidence")).unwrap().count(), 2);

    // Another promise is another contract, whatever lies with it.
    run("accept model.onnx --budget 1s --by ada --reason meant").exits(0);
    run(trusted).exits(1).complains("the signatures with it are by another key, over another contract");
    run("sign model.onnx --key ours.pem").exits(0);
    run(trusted).exits(0);
    // A signature that was changed is none.
    let signature = ask(&sandbox, "ada", "sign model.onnx --key ours.pem --json").exits(0).json();
    let path = sandbox.path(signature["signature"].as_str().unwrap());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("payload\":\"eyJ", "payload\":\"eyK", 1)).unwrap();
    run(trusted).exits(1).complains("is not signed by the trusted key");
    fs::write(&path, "[".repeat(100_000)).unwrap();
    run(trusted).exits(1).complains("is not signed by the trusted key");
    // A folder or a pipe in its place is none either, and nothing waits for it.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    run(trusted).exits(1);
    fs::remove_dir(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    run(trusted).exits(1);
    fs::remove_file(&path).unwrap();
    // Nobody stands for an artifact that is not what its contract says.
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "model.onnx");
    run("sign model.onnx --key ours.pem").exits(1).complains("is not what its contract promises");
    run("sign model.onnx --key ours.public.pem").exits(3).complains("ours.public.pem");
    run("sign model.onnx --key nobody.pem").exits(3).complains("could not read nobody.pem");
    run("verify model.onnx --public-key model.onnx.reproof").exits(3).complains("could not read");
}

#[test]
fn a_gate_asks_who_stands_for_the_contract() {
    let sandbox = with_registry();
    keys(&sandbox, "ours");
    keys(&sandbox, "theirs");
    ask(&sandbox, "ada", "push model.onnx team/net@1.0.0").exits(0);
    sandbox.write("gate.toml", "signed = true\n");
    ask(&sandbox, "ada", "gate team/* production --set gate.toml").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.0.0 production")
        .exits(1)
        .says("expected signed, found unsigned")
        .says("reproof sign team/net@1.0.0 --key PEM");
    let ours = hint(&sandbox, "sign team/net@1.0.0 --key ours.pem --json");
    ask(&sandbox, "ada", "promote team/net@1.0.0 production --dry-run").exits(0);
    ask(&sandbox, "ada", "show team/net@1.0.0")
        .exits(0)
        .says("signature")
        .says(&format!("key-{}", &ours[..32]));

    // Where a gate names keys, one of them must have signed; a later signature by another takes nothing away.
    let theirs = hint(&sandbox, "sign team/net@1.0.0 --key theirs.pem --json");
    for (key, code) in [(&ours, 0), (&theirs, 0), (&"0".repeat(64), 1)] {
        sandbox.write("gate.toml", format!("signed = true\nsigned_by = [\"{key}\"]\n"));
        ask(&sandbox, "ada", "gate team/* production --set gate.toml").exits(0);
        ask(&sandbox, "ada", "promote team/net@1.0.0 production --dry-run").exits(code);
    }
    // What is pulled has the signatures with it.
    ask(&sandbox, "ada", "pull team/net@1.0.0 pulled.onnx").exits(0);
    for key in ["ours", "theirs"] {
        let line = format!("verify pulled.onnx --public-key {key}.public.pem --bytes-only");
        ask(&sandbox, "ada", &line).exits(0).says(", signed");
    }
    let line = "verify team/net@1.0.0 --public-key ours.public.pem --bytes-only --json";
    assert_eq!(ask(&sandbox, "ada", line).exits(0).json()["contract"]["signed"], true);

    // The same bytes with another contract: nobody stands for that one.
    sandbox.run(words("record model.onnx --contract lax --owner somebody --budget 1s")).exits(0);
    ask(&sandbox, "ada", "push model.onnx team/net@1.1.0 --contract lax").exits(0);
    sandbox.write("gate.toml", "signed = true\n");
    ask(&sandbox, "ada", "gate team/* production --set gate.toml").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.1.0 production --dry-run").exits(1).says("found unsigned");
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "bare.onnx");
    ask(&sandbox, "ada", "push bare.onnx team/net@2.0.0").exits(0);
    ask(&sandbox, "ada", "sign team/net@2.0.0 --key ours.pem").exits(1).complains("was pushed without one");
}

#[test]
fn a_push_takes_the_signatures_of_a_contract_along() {
    let sandbox = with_registry();
    keys(&sandbox, "ours");
    keys(&sandbox, "theirs");
    let ada = |line: &str| ask(&sandbox, "ada", line);
    let entries = || ada("log --json").exits(0).json()["entries"].as_array().unwrap().len();
    let ours = hint(&sandbox, "sign model.onnx --key ours.pem --json");
    sandbox.write("gate.toml", format!("signed = true\nsigned_by = [\"{ours}\"]\n"));
    ada("gate team/* production --set gate.toml").exits(0);
    let pushed = ada("push model.onnx team/net@1.0.0 --json").exits(0).json();
    assert_eq!(
        (&pushed["signatures"][0]["key_hint"], &pushed["signatures"][0]["new"]),
        (&ours.clone().into(), &true.into())
    );
    ada("show team/net@1.0.0").exits(0).says("signature").says(&format!("key-{}", &ours[..32]));
    ada("promote team/net@1.0.0 production --dry-run").exits(0);

    // Once is enough; who signed since is taken along by the same push, and a pull brings both.
    let before = entries();
    ada("push model.onnx team/net@1.0.0").exits(0).says("evidence already");
    assert_eq!(entries(), before);
    let theirs = hint(&sandbox, "sign model.onnx --key theirs.pem --json");
    ada("push model.onnx team/net@1.0.0").exits(0).says(&format!("key {theirs}, kept as evidence"));
    assert_eq!(entries(), before + 1);
    fs::remove_dir_all(sandbox.path("model.onnx.reproof/evidence")).unwrap();
    ada("pull team/net@1.0.0 pulled.onnx").exits(0);
    let signed = |path: &str, key: &str| {
        let line = format!("verify {path} --public-key {key}.public.pem --bytes-only");
        ada(&line).exits(0).says(", signed");
    };
    signed("pulled.onnx", "ours");
    signed("pulled.onnx", "theirs");
    // It is the same evidence that is pushed from there.
    ada("push pulled.onnx team/net@1.0.0").exits(0).says("evidence already");
    assert_eq!(entries(), before + 1);

    // What is over another promise is named, and is no evidence.
    sandbox.run(words("record model.onnx --contract lax --owner somebody --budget 1s")).exits(0);
    folder::copy(&sandbox.path("pulled.onnx.reproof/evidence"), &sandbox.path("lax/evidence"));
    let pushed = ada("push model.onnx team/net@1.1.0 --contract lax --json");
    pushed.exits(0).complains("contract.sigstore.json was not kept as evidence: it is over contract-v1:");
    let pushed = pushed.json();
    assert_eq!(pushed["signatures"].as_array().map(Vec::len), Some(0));
    assert_eq!(pushed["signatures_left_out"].as_array().map(Vec::len), Some(2));
    ada("promote team/net@1.1.0 production --dry-run").exits(1).says("found unsigned");
    // The same key stands for both promises: the newer signature takes nothing from the older one.
    ada("sign model.onnx --contract lax --key ours.pem").exits(0);
    ada("push model.onnx team/net@1.1.0 --contract lax").exits(0).says("kept as evidence");
    ada("promote team/net@1.1.0 production --dry-run").exits(0);
    ada("promote team/net@1.0.0 production --dry-run").exits(0);
    // A pull gives back what counts, also where something else was pushed under its name.
    ada("sign team/net@1.1.0 --key theirs.pem").exits(0);
    ada("pull team/net@1.1.0 lax.onnx").exits(0);
    signed("lax.onnx", "ours");
    signed("lax.onnx", "theirs");

    // Neither is one over another artifact, one that was changed, or one under another key's name.
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "other.onnx");
    ada("push other.onnx team/net@2.0.0 --contract pulled.onnx.reproof")
        .exits(0)
        .complains("was not kept as evidence: it is over contract-v1:");
    let place = |hint: &str| {
        sandbox.path("pulled.onnx.reproof/evidence").join(format!("{hint}.contract.sigstore.json"))
    };
    let text = fs::read_to_string(place(&ours)).unwrap();
    fs::write(place(&ours), text.replacen("payload\":\"eyJ", "payload\":\"eyK", 1)).unwrap();
    fs::write(place(&"0".repeat(64)), fs::read(place(&theirs)).unwrap()).unwrap();
    fs::write(place("none"), "[").unwrap();
    let pushed = ada("push pulled.onnx team/net@3.0.0");
    pushed.exits(0).says(&format!("key {theirs}, evidence already"));
    pushed
        .complains("signature does not hold")
        .complains("it is not by the key 0000")
        .complains("not a Sigstore bundle");
    ada("audit verify").exits(0);
}

#[test]
fn signatures_over_files_hold_until_something_changes() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model/model.onnx");
    sandbox.write("model/config.json", "{}");
    keys(&sandbox, "key");
    sandbox
        .run(words("sign model --key key.pem --signature model/model.sig"))
        .exits(0)
        .says("signed 2 files");
    let verify = "attest verify model --public-key key.public.pem --signature model/model.sig";
    sandbox.run(words(verify)).exits(0).says("2 files are what was signed");
    // The contract that is recorded later grows beside what was signed.
    sandbox.write("model/extra.txt", "new");
    sandbox.run(words(verify)).exits(1).says("extra.txt is there and was not signed");
    fs::remove_file(sandbox.path("model/extra.txt")).unwrap();
    sandbox.write("model/config.json", "[]");
    sandbox.run(words(verify)).exits(1).says("config.json is not what was signed");
    sandbox.run(words("attest verify model --public-key key.pem --signature model/model.sig")).exits(3);
}
