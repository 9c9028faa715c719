//! Signatures: over contracts, which say who stands for a promise, and over files.

use std::fs;
use std::process::Command;

use reproof_testing::Sandbox;

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
