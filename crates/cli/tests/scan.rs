//! `scan`: exit codes, documents, and every hostile file of the tests.

use reproof_testing::Sandbox;
use serde_json::Value;

use crate::fixtures::sandbox;
use crate::hostile::{bounded, complaints};

/// A pickle that would print a word.
const PAYLOAD: &[u8] = b"\x80\x02cos\nsystem\nX\x0a\0\0\0echo never\x85R.";
/// A pickle of `None`.
const HARMLESS: &[u8] = b"\x80\x02N.";
/// A pickle of an object of a class of nobody.
const OWN_CLASS: &[u8] = b"\x80\x02cmy_training\nNet\n)\x81.";

fn write(sandbox: &Sandbox, path: &str, content: &[u8]) {
    let path = sandbox.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn members(document: &Value, id: &str) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    let named = findings.filter(|finding| finding["id"] == id);
    named.map(|finding| finding["member"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn exit_codes_tell_clean_from_findings_and_from_what_was_not_read() {
    let sandbox = sandbox();
    write(&sandbox, "harmless.pkl", HARMLESS);
    write(&sandbox, "own.pkl", OWN_CLASS);
    write(&sandbox, "payload.pkl", PAYLOAD);
    write(&sandbox, "weights.h5", b"\x89HDF\r\n\x1a\n........");
    write(&sandbox, "notes.txt", b"written by ada@example.org\n");
    for (arguments, code) in [
        (&["harmless.pkl"][..], 0),
        (&["own.pkl"], 1),
        (&["own.pkl", "--fail-on", "dangerous"], 0),
        (&["payload.pkl", "--fail-on", "dangerous"], 1),
        (&["notes.txt"], 0),
        (&["notes.txt", "--fail-on", "info"], 1),
        (&["weights.h5"], 3),
        (&["."], 1),
        (&[".", "--fail-on", "nothing"], 2),
        (&["nothing.pkl"], 2),
        (&[], 2),
    ] {
        sandbox.run([&["scan"], arguments].concat()).exits(code).never_mentions("panicked");
    }
    let told = sandbox.run(["scan", "payload.pkl"]);
    told.says("✗ findings").says("call os.system").says("payload.pkl at byte 29").says("do not load it");
    sandbox.run(["scan", "weights.h5"]).says("? incomplete").says("HDF5 is not read by this version");
    sandbox.run(["scan", "harmless.pkl"]).says("✓ clean").says("4 bytes inspected");
}

#[test]
fn the_document_has_the_promised_fields() {
    let sandbox = sandbox();
    write(&sandbox, "payload.pkl", PAYLOAD);
    let document = sandbox.run(["scan", "payload.pkl", "--json"]).json();
    assert_eq!(document["schema"], "reproof.scan/v0");
    assert_eq!(document["verdict"], "findings");
    let finding = &document["findings"][0];
    assert_eq!(finding["id"], "pickle.call");
    assert_eq!(finding["severity"], "dangerous");
    assert_eq!(finding["member"], "payload.pkl");
    assert_eq!(finding["offset"], 29);
    assert_eq!(finding["would"], "call os.system");
    let coverage = &document["coverage"];
    assert_eq!(coverage["inspected_bytes"], PAYLOAD.len());
    assert_eq!((&coverage["tensor_bytes"], &coverage["unread_bytes"]), (&0.into(), &0.into()));
    assert_eq!((&coverage["files"], &coverage["unread"]), (&1.into(), &Value::Array(Vec::new())));
    sandbox.run(["schema", "scan"]).exits(0).says("reproof.scan/v0");
}

#[test]
fn code_scanning_gets_a_result_per_finding() {
    let sandbox = sandbox();
    write(&sandbox, "folder/payload.pkl", PAYLOAD);
    write(&sandbox, "folder/own.pkl", OWN_CLASS);
    sandbox.run(["scan", "folder", "--sarif", "scan.sarif"]).exits(1);
    let log: Value = serde_json::from_slice(&std::fs::read(sandbox.path("scan.sarif")).unwrap()).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let told: Vec<(&str, &str)> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            (result["level"].as_str().unwrap(), place.as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("error", "payload.pkl"), ("warning", "own.pkl")]);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!((rules.len(), &rules[0]["id"]), (1, &"pickle.call".into()));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn a_folder_is_searched_also_where_nobody_looks() {
    let sandbox = sandbox();
    // Assembled, so that no scanner takes this file for a leak.
    let token = format!("token: {}{}\n", "ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    write(&sandbox, "folder/config.yaml", token.as_bytes());
    write(&sandbox, "folder/setup", b"#!/bin/sh\nls\n");
    write(&sandbox, "folder/convert.py", b"import json\n");
    write(&sandbox, "folder/.git/hidden.bin", PAYLOAD);
    write(&sandbox, "folder/.cache/deep/er/x", PAYLOAD);
    write(&sandbox, "outside.pkl", PAYLOAD);
    #[cfg(unix)]
    {
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(target, sandbox.path(format!("folder/{name}"))).unwrap();
        };
        link("../outside.pkl", "out.pkl");
        link("nowhere", "dangling.pkl");
        link("convert.py", "inside.py");
        link(".", "circle");
    }
    let printed = sandbox.run(["scan", "folder", "--json"]);
    printed.exits(1).never_mentions("a1B2c3D4");
    let document = printed.json();
    assert_eq!(members(&document, "secret.token"), ["config.yaml"]);
    assert_eq!(members(&document, "file.script"), ["setup", "convert.py"]);
    assert_eq!(members(&document, "pickle.call"), [".cache/deep/er/x", ".git/hidden.bin"]);
    assert_eq!(members(&document, "folder.hidden"), [".git"]);
    if cfg!(unix) {
        // Download caches are made of links.
        write(&sandbox, "hub/models--x/blobs/0123", PAYLOAD);
        std::fs::create_dir_all(sandbox.path("hub/models--x/snapshots/main")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(
            "../../blobs/0123",
            sandbox.path("hub/models--x/snapshots/main/model.bin"),
        )
        .unwrap();
        let cached = sandbox.run(["scan", "hub/models--x/snapshots/main", "--json"]).json();
        assert_eq!(members(&cached, "pickle.call"), ["model.bin"]);
        let mut links = members(&document, "folder.link");
        links.sort();
        assert_eq!(links, ["dangling.pkl", "out.pkl"]);
        assert_eq!(document["coverage"]["unread"][0]["path"], "out.pkl");
    }
}

#[test]
fn every_hostile_file_is_found_and_no_harmless_one() {
    let complaints = complaints(|file, path| {
        let output = bounded(&["scan", "--json"], path);
        let errors = String::from_utf8_lossy(&output.stderr);
        let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
            // A link that leads nowhere has nothing to scan.
            return (!path.exists()).then_some(()).map_or(Some(format!("no document: {errors}")), |()| None);
        };
        let findings = document["findings"].as_array().unwrap().iter();
        let is = |severity: &str| findings.clone().any(|finding| finding["severity"] == severity);
        match file.expect.as_str() {
            // A link out of a folder is told, and runs nothing by itself.
            "flagged" if file.family == "folder" => (!is("warning")).then(|| "is not told".to_owned()),
            "dangerous" | "flagged" if !is("dangerous") => Some("is not called dangerous".to_owned()),
            "clean" if is("dangerous") || is("warning") => {
                Some(format!("is called {}", document["findings"]))
            }
            "bounded" | "refused" if is("dangerous") => Some(format!("is called {}", document["findings"])),
            _ => None,
        }
    });
    assert!(complaints.is_empty(), "{}:\n{}", complaints.len(), complaints.join("\n"));
}
