//! The registry as its users meet it: from a push to production, and everything that must be refused on the way.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use reproof_testing::{BUCKET, BucketServer, Finished, Postgres, Sandbox};

use crate::fixtures::{place, sandbox};
use crate::signing::keys;

/// A sandbox with a registry and a small recorded model, `model.onnx`.
pub(crate) fn with_registry() -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    sandbox.run(["record", "model.onnx"]).exits(0);
    ask(&sandbox, "ada", "init").exits(0);
    sandbox
}

/// Runs a command line as somebody.
#[track_caller]
pub(crate) fn ask(sandbox: &Sandbox, who: &str, line: &str) -> Finished {
    sandbox.command(words(line)).variable("REPROOF_USER", who).run()
}

/// Runs a command line with the token of a registry's user.
#[track_caller]
pub(crate) fn with_token(sandbox: &Sandbox, token: &str, line: &str) -> Finished {
    sandbox.command(words(line)).variable("REPROOF_TOKEN", token).run()
}

/// The words of a command line; a text in single quotes is one.
pub(crate) fn words(line: &str) -> Vec<String> {
    let pieces = line.split('\'').enumerate();
    let words = pieces.flat_map(|(index, piece)| {
        if index % 2 == 1 {
            vec![piece.to_owned()]
        } else {
            piece.split_whitespace().map(str::to_owned).collect()
        }
    });
    words.collect()
}

const GATE: &str = "verdict = \"equivalent\"\nassurance = \"outputs\"\nscan = \"clean\"\nevidence_age = \"30d\"\n\
                    not_by_submitter = true\napprovals = [{ role = \"reviewer\", count = 1 }]\n";

#[test]
fn a_version_goes_to_production_with_proof_and_back() {
    let sandbox = with_registry();
    let pushed = ask(&sandbox, "ada", "push model.onnx team/net@1.0.0 --tag task=demo --json");
    let artifact = pushed.exits(0).json()["version"]["artifact_digest"].as_str().unwrap().to_owned();
    let again = ask(&sandbox, "ada", "push model.onnx team/net@1.0.0 --json").exits(0).json();
    assert_eq!((&again["new"], &again["written_bytes"]), (&false.into(), &0.into()));
    sandbox.write("gate.toml", GATE);
    ask(&sandbox, "ada", "gate team/net production --set gate.toml").exits(0).says("revision 1");

    // Nothing is known yet: each requirement is named with what provides it.
    let refused = ask(&sandbox, "ada", "promote team/net@1.0.0 production");
    refused.exits(1).says("refused: team/net@1.0.0 does not become production, which stays at nothing");
    refused.says("reproof verify team/net@1.0.0").says("reproof approve team/net@1.0.0");
    ask(&sandbox, "ada", "alias team/net").exits(0).prints("\n");

    let verified = ask(&sandbox, "ada", "verify team/net@1.0.0 --json").exits(0).json();
    assert_eq!(verified["artifact"]["path"], "team/net@1.0.0");
    ask(&sandbox, "ada", "scan team/net@1.0.0").exits(0);
    // Who pushed it may approve it here, where there are no roles, but that does not count for this gate.
    ask(&sandbox, "ada", "approve team/net@1.0.0 --reason mine").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.0.0 production").exits(1).says("1 reviewer who did not push it");
    ask(&sandbox, "bob", "approve team/net@1.0.0 --reason 'looked at it'").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.0.0 production --dry-run").exits(0).says("nothing was changed");
    ask(&sandbox, "ada", "promote team/net@1.0.0 production")
        .exits(0)
        .says("points to 1.0.0 now, before to nothing");

    // Evidence is bound to the digest: the same artifact under another name passes with it, but not with its approvals.
    ask(&sandbox, "ada", "push model.onnx team/net@1.1.0").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.1.0 production").exits(1).says("approvals");
    ask(&sandbox, "bob", "approve team/net@1.1.0 --reason 'the same bytes'").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.1.0 production").exits(0);
    ask(&sandbox, "ada", "revert team/net production --reason 'slower'")
        .exits(0)
        .says("points to 1.0.0 again");
    let moves = ask(&sandbox, "ada", "alias team/net production --json").exits(0).json();
    let to: Vec<&str> =
        moves["moves"].as_array().unwrap().iter().map(|event| event["version"].as_str().unwrap()).collect();
    assert_eq!(to, ["1.0.0", "1.1.0", "1.0.0"]);

    // Elsewhere: by alias, with the digest that one relies on, and the contract is there.
    ask(&sandbox, "eve", &format!("pull team/net@production got.onnx --expect {artifact}")).exits(0);
    assert_eq!(fs::read(sandbox.path("got.onnx")).unwrap(), fs::read(sandbox.path("model.onnx")).unwrap());
    sandbox.run(["verify", "got.onnx"]).exits(0).says("identical");
    ask(&sandbox, "eve", "pull team/net@production got.onnx").exits(2).complains("exists already");
    let other = artifact.replace(&artifact[artifact.len() - 4..], "0000");
    let refused = ask(&sandbox, "eve", &format!("pull team/net@production other.onnx --expect {other}"));
    refused.exits(1).complains(&artifact);
    assert!(!sandbox.path("other.onnx").exists());

    ask(&sandbox, "ada", "flag team/net@1.1.0 --reason 'looks odd'").exits(0);
    ask(&sandbox, "ada", "revert team/net production --to 1.1.0 --reason back")
        .exits(1)
        .complains("it is flagged");
    ask(&sandbox, "ada", "clear team/net@1.1.0 --reason 'it is well'").exits(0);
    ask(&sandbox, "ada", "retire team/net@1.1.0 --reason slow").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.1.0 production").exits(1).says("it is retired");
    ask(&sandbox, "eve", "audit verify").exits(0).says("entries hashed again");
    ask(&sandbox, "eve", "fsck").exits(0).says("everything is there");
}

#[test]
fn a_negative_verdict_is_kept_and_holds_the_version_back() {
    let sandbox = with_registry();
    let mut bytes = fs::read(sandbox.path("model.onnx")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    sandbox.write("model.onnx", bytes);
    ask(&sandbox, "ada", "push model.onnx team/net@1.0.0").exits(0);
    ask(&sandbox, "ada", "verify team/net@1.0.0").exits(1).complains("and the version is flagged");
    let shown = ask(&sandbox, "ada", "show team/net@1.0.0 --json").exits(0).json();
    assert_eq!(shown["evidence"][0]["verdict"], "corrupt");
    ask(&sandbox, "ada", "promote team/net@1.0.0 staging").exits(1).says("it is flagged by ada");
    ask(&sandbox, "ada", "clear team/net@1.0.0 --reason 'known, and wanted'").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.0.0 staging").exits(0);
}

#[test]
fn evidence_is_about_one_artifact_and_one_contract_and_signed_by_who_must() {
    let sandbox = with_registry();
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "other.onnx");
    ask(&sandbox, "ada", "push model.onnx team/net@1.0.0").exits(0);
    ask(&sandbox, "ada", "push other.onnx team/net@1.1.0 --contract model.onnx.reproof").exits(0);
    sandbox.write("report.json", sandbox.run(words("verify model.onnx --json")).exits(0).stdout());
    sandbox.write("loose.json", sandbox.run(words("scan model.onnx --json")).exits(0).stdout());
    sandbox.write("scan.json", sandbox.run(words("scan model.onnx --digest --json")).exits(0).stdout());
    let evidence = |what: &str| ask(&sandbox, "ada", &format!("evidence {what}"));
    evidence("team/net@1.0.0 --add loose.json").exits(1).complains("scan with --digest");
    evidence("team/net@1.1.0 --add scan.json").exits(1).complains("it is about artifact-v1:");
    evidence("team/net@1.1.0 --add report.json").exits(1).complains("report is about artifact-v1:");
    // The same bytes with another contract: what was verified against the first says nothing about the second.
    sandbox.run(words("record model.onnx --contract lax --owner somebody")).exits(0);
    ask(&sandbox, "ada", "push model.onnx team/net@1.2.0 --contract lax").exits(0);
    evidence("team/net@1.2.0 --add report.json").exits(1).complains("and team/net@1.2.0 was pushed with");
    evidence("team/net@1.0.0 --add report.json --add scan.json").exits(0);
    sandbox.write("gate.toml", "verdict = \"equivalent\"\nscan = \"clean\"\n");
    ask(&sandbox, "ada", "gate team/* production --set gate.toml").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.0.0 production --dry-run").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.2.0 production")
        .exits(1)
        .says("verdict: expected equivalent or better, found not known");

    // A gate that names who must have signed counts nothing else.
    keys(&sandbox, "key");
    let signed =
        ask(&sandbox, "ada", "sign model.onnx --key key.pem --signature model.sig --json").exits(0).json();
    let hint = signed["key_hint"].as_str().unwrap().to_owned();
    sandbox.write("gate.toml", format!("verdict = \"equivalent\"\nsigned_by = [\"{hint}\"]\n"));
    ask(&sandbox, "ada", "gate team/* production --set gate.toml").exits(0).says("revision 2");
    ask(&sandbox, "ada", "promote team/net@1.0.0 production").exits(1).says("found not known");
    evidence("team/net@1.0.0 --add report.json --key key.pem").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.0.0 production --dry-run").exits(0);
    // A statement that somebody changed in the store is found, and counts for nothing.
    let shown = evidence("team/net@1.0.0 --json").exits(0).json();
    let found =
        shown["evidence"].as_array().unwrap().iter().find(|one| one["kind"] == "verification").unwrap();
    let digits = found["statement"].as_str().unwrap().split_once(':').unwrap().1.to_owned();
    let file = sandbox.path(".reproof/store/statements").join(&digits[..2]).join(&digits);
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 1;
    fs::write(&file, bytes).unwrap();
    ask(&sandbox, "ada", "promote team/net@1.0.0 production").exits(1).says("found not known");
    ask(&sandbox, "ada", "fsck").exits(1).says("no gate counts it");
}

#[test]
fn new_goldens_pass_a_gate_that_wants_them_reviewed_only_when_somebody_else_did() {
    let sandbox = with_registry();
    ask(&sandbox, "ada", "push model.onnx team/net@1.0.0").exits(0);
    sandbox.write("gate.toml", "reviewed = true\n");
    ask(&sandbox, "ada", "gate team/net production --set gate.toml").exits(0);
    // The first goldens took the place of none.
    ask(&sandbox, "ada", "promote team/net@1.0.0 production").exits(0);
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "model.onnx");
    ask(&sandbox, "ada", "accept model.onnx --by carl --reason 'another epsilon'").exits(0);
    ask(&sandbox, "ada", "push model.onnx team/net@1.1.0").exits(0);
    let refused = |found: &str| {
        ask(&sandbox, "ada", "promote team/net@1.1.0 production")
            .exits(1)
            .says("a reviewer who neither accepted the new goldens nor pushed them")
            .says(found);
    };
    refused("new goldens accepted by carl");
    for alone in ["ada", "carl"] {
        ask(&sandbox, alone, "approve team/net@1.1.0 --reason mine").exits(0);
        refused("reviewed by others: none");
    }
    ask(&sandbox, "bob", "approve team/net@1.1.0 --reason 'looked at both'").exits(0);
    ask(&sandbox, "ada", "promote team/net@1.1.0 production").exits(0);
}

#[test]
fn roles_decide_and_nobody_approves_their_own_push() {
    let sandbox = with_registry();
    let first = ask(&sandbox, "ada", "access add root --json").exits(0).json();
    let root = first["token"].as_str().unwrap().to_owned();
    ask(&sandbox, "ada", "show").exits(2).complains("this registry has users, and no token was given");
    let mut tokens = Vec::new();
    for (name, role) in [("carl", "contributor"), ("rita", "reviewer"), ("mia", "maintainer")] {
        with_token(&sandbox, &root, &format!("access add {name}")).exits(0);
        with_token(&sandbox, &root, &format!("access grant {name} {role} --models team/*")).exits(0);
        let made = with_token(&sandbox, &root, &format!("access token {name} --json")).exits(0).json();
        tokens.push(made["token"].as_str().unwrap().to_owned());
    }
    let [carl, rita, mia] = <[String; 3]>::try_from(tokens).unwrap();
    with_token(&sandbox, &carl, "push model.onnx team/net@1.0.0").exits(0);
    with_token(&sandbox, &carl, "push model.onnx other/net@1.0.0").exits(1).complains("needs the role");
    with_token(&sandbox, &rita, "push model.onnx team/net@2.0.0").exits(1).complains("needs the role");
    with_token(&sandbox, &carl, "approve team/net@1.0.0 --reason mine").exits(1);
    with_token(&sandbox, &carl, "promote team/net@1.0.0 production").exits(1).complains("needs the role");
    with_token(&sandbox, &rita, "approve team/net@1.0.0 --reason good").exits(0).says("approved by rita");
    with_token(&sandbox, &mia, "push model.onnx team/net@1.1.0").exits(0);
    with_token(&sandbox, &mia, "approve team/net@1.1.0 --as maintainer --reason mine")
        .exits(1)
        .complains("mia");
    with_token(&sandbox, &mia, "promote team/net@1.0.0 production").exits(0);
    with_token(&sandbox, &root, "promote team/net@1.1.0 production").exits(1);

    // Who reviews for one alias decides for that alias.
    sandbox.write("gate.toml", "approvals = [{ role = \"reviewer\", count = 1 }]\n");
    for alias in ["production", "staging"] {
        with_token(&sandbox, &root, &format!("gate team/net {alias} --set gate.toml")).exits(0);
    }
    with_token(&sandbox, &root, "access add sam").exits(0);
    with_token(&sandbox, &root, "access grant sam reviewer --models team/* --alias staging").exits(0);
    let sam = with_token(&sandbox, &root, "access token sam --json").exits(0).json();
    let sam = sam["token"].as_str().unwrap();
    with_token(&sandbox, sam, "approve team/net@1.1.0 --reason good").exits(1).complains("needs the role");
    let only = "approve team/net@1.1.0 --for staging --reason good";
    with_token(&sandbox, sam, only).exits(0).says("as reviewer@staging");
    with_token(&sandbox, &mia, "promote team/net@1.1.0 production").exits(1).says("1 reviewer");
    with_token(&sandbox, &mia, "promote team/net@1.1.0 staging").exits(0);

    let shown = with_token(&sandbox, &root, "access show carl --json").exits(0).json();
    let number = shown["principals"][0]["tokens"][0]["id"].as_u64().unwrap();
    with_token(&sandbox, &root, &format!("access revoke-token {number}")).exits(0);
    with_token(&sandbox, &carl, "show team/net").exits(1).complains("was revoked");
    with_token(&sandbox, "rpf_nonsense", "show team/net").exits(1).complains("not known");
}

/// The files of a folder and below.
pub(crate) fn files(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(path) } else { vec![path] }).collect()
}

#[test]
fn a_log_that_somebody_changed_is_told_and_the_entry_named() {
    let sandbox = with_registry();
    ask(&sandbox, "ada", "push model.onnx team/net@1.0.0").exits(0);
    let backup = fs::read(sandbox.path(".reproof/registry.sqlite")).unwrap();
    ask(&sandbox, "ada", "flag team/net@1.0.0 --reason 'looks odd'").exits(0);
    let kept = ask(&sandbox, "ada", "audit checkpoint").exits(0).stdout().to_owned();
    sandbox.write("kept", &kept);
    ask(&sandbox, "eve", "audit verify --checkpoint kept").exits(0).says("goes on from the kept checkpoint");

    // What is asked are tables beside the log. Somebody clears the flag in the database itself, past the registry.
    let touch = |sql: &str| {
        let script = format!(
            "import sqlite3; c = sqlite3.connect('registry.sqlite'); c.execute(\"{sql}\"); c.commit()"
        );
        let done =
            Command::new("python3").args(["-c", &script]).current_dir(sandbox.path(".reproof")).status();
        assert!(done.unwrap().success(), "{sql}");
    };
    touch("UPDATE flag SET cleared = sequence, cleared_reason = 'fine'");
    ask(&sandbox, "eve", "audit verify --checkpoint kept")
        .exits(1)
        .says("cleared flag 1 came with entry 2, which is `flag.raise`")
        .says("the log is what was signed, and the database says something else");
    touch("UPDATE flag SET cleared = NULL, cleared_reason = NULL");
    ask(&sandbox, "eve", "audit verify --checkpoint kept").exits(0);

    // An entry is edited where it was published.
    let log = sandbox.path(".reproof/store/log");
    let holds = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).contains("looks odd");
    let entry = files(log.join("tile/entries")).into_iter().find(holds).unwrap();
    let whole = fs::read(&entry).unwrap();
    let at = whole.windows(9).position(|bytes| bytes == b"looks odd").unwrap();
    let mut edited = whole.clone();
    edited[at..at + 9].copy_from_slice(b"looks ok!");
    fs::write(&entry, edited).unwrap();
    let told = ask(&sandbox, "eve", "audit verify --checkpoint kept --json").exits(1).json();
    let findings = told["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|finding| finding.as_str().unwrap().contains("is not the one that was logged")),
        "{told}"
    );
    fs::write(&entry, whole).unwrap();

    // The database is an old backup: it has fewer entries than were published.
    for extra in ["registry.sqlite-wal", "registry.sqlite-shm"] {
        let _ = fs::remove_file(sandbox.path(".reproof").join(extra));
    }
    fs::write(sandbox.path(".reproof/registry.sqlite"), backup).unwrap();
    ask(&sandbox, "eve", "audit verify --checkpoint kept")
        .exits(1)
        .says("it was restored from an old backup");
    // The next act is kept, and is not published over the history that it contradicts.
    ask(&sandbox, "ada", "note team/net@1.0.0 'after the restore'").exits(0);
    ask(&sandbox, "eve", "audit verify --checkpoint kept").exits(1);
}

/// An array file with so many bytes that nothing makes shorter.
pub(crate) fn array(length: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({length},), }}");
    header.push_str(&" ".repeat(117 - header.len()));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let mut state = 1_u64;
    bytes.extend((0..length).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    }));
    bytes
}

#[test]
fn a_team_shares_postgresql_and_a_bucket() {
    let postgres = Postgres::start().unwrap_or_else(|error| panic!("{error}"));
    let url = postgres.database();
    let (user, rest) = url.strip_prefix("postgres://").and_then(|rest| rest.split_once('@')).unwrap();
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let address = format!("postgres://{rest}");
    let server = BucketServer::start();
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    sandbox.run(["record", "model.onnx"]).exits(0);
    let team = |line: &str| {
        let mut command = sandbox.command(words(line)).variable("REPROOF_USER", "ada");
        for (name, value) in [
            ("PGUSER", user),
            ("PGPASSWORD", password),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ] {
            command = command.variable(name, value);
        }
        command.run()
    };
    let endpoint = server.endpoint();
    // Who has no password is told where it is looked for.
    ask(&sandbox, "ada", &format!("init nobody --database {address}")).exits(3).complains("PGPASSWORD");
    team(&format!("init team --database {address} --store s3://{BUCKET}/models --s3-endpoint {endpoint} --log example.org/models"))
        .exits(0)
        .never_mentions(Postgres::password());
    let settings = fs::read_to_string(sandbox.path("team/.reproof/registry.toml")).unwrap();
    assert!(!settings.contains(Postgres::password()), "{settings}");

    team("push model.onnx team/net@1.0.0 --registry team").exits(0);
    team("verify team/net@1.0.0 --registry team").exits(0);
    team("promote team/net@1.0.0 production --registry team").exits(0);
    // A colleague has a copy of the settings, and nothing else.
    fs::create_dir_all(sandbox.path("colleague/.reproof")).unwrap();
    sandbox.write("colleague/.reproof/registry.toml", settings);
    team("pull team/net@production got.onnx --registry colleague").exits(0);
    assert_eq!(fs::read(sandbox.path("got.onnx")).unwrap(), fs::read(sandbox.path("model.onnx")).unwrap());
    team("audit verify --registry colleague").exits(0);
    team("fsck --registry colleague").exits(0);
    drop(server);
    team("pull team/net@production other.onnx --registry colleague")
        .exits(3)
        .never_mentions(Postgres::password());
}

#[test]
fn a_version_that_is_none_is_refused_before_anything_is_stored() {
    let sandbox = with_registry();
    let before = files(sandbox.path(".reproof"));
    let refused = ask(&sandbox, "ada", "push model.onnx team/net@1");
    refused.exits(2).complains("version `1`: expected a semantic version such as 1.4.0");
    assert_eq!(files(sandbox.path(".reproof")), before);
}

#[test]
fn what_a_model_is_changes_with_no_push() {
    let sandbox = with_registry();
    ask(&sandbox, "ada", "push model.onnx team/net@1.0.0 --classification open").exits(0);
    let other = ask(&sandbox, "ada", "push model.onnx team/net@1.1.0 --classification secret");
    other
        .exits(2)
        .complains("its classification is `open`, not `secret`")
        .complains("reproof describe team/net");
    ask(&sandbox, "ada", "push model.onnx team/net@1.1.0 --owner eve")
        .exits(2)
        .complains("its owner is `ada`");
    ask(&sandbox, "ada", "push model.onnx team/net@1.1.0 --owner ada --classification open").exits(0);
}

#[test]
fn a_folder_that_has_a_registry_is_pushed_without_it() {
    let sandbox = with_registry();
    let before = ask(&sandbox, "ada", "push . team/folder@1.0.0 --json").exits(0).json();
    // What the registry wrote since changes nothing, and its key is in nobody's version.
    let after = ask(&sandbox, "ada", "push . team/folder@1.0.1 --json").exits(0).json();
    assert_eq!(before["version"]["artifact_digest"], after["version"]["artifact_digest"]);
    ask(&sandbox, "ada", "pull team/folder@1.0.0 got").exits(0);
    assert!(sandbox.path("got/model.onnx").is_file() && !sandbox.path("got/.reproof").exists());
}
