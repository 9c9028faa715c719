//! Damaged and hostile model files: a message that says what and where, exit code 3, and nothing written.

use std::fs;

use reproof_contract::Verdict;
use reproof_testing::folder::Snapshot;
use reproof_testing::{Finished, Sandbox, damage};

use crate::comparing::{check, report};
use crate::fixtures::{models, place, sandbox};

/// Every command that reads a model, on `model.onnx`.
const READERS: [&[&str]; 5] = [
    &["inspect", "model.onnx"],
    &["inspect", "model.onnx", "--digest", "--json"],
    &["digest", "model.onnx"],
    &["cases", "model.onnx"],
    &["record", "model.onnx", "--runner", "referee"],
];

/// Runs every reader: each refuses with exit code 3 and the words, and leaves no trace.
#[track_caller]
fn refused_everywhere(sandbox: &Sandbox, words: &str) {
    let before = Snapshot::of(&sandbox.folder());
    for arguments in READERS {
        let refused = sandbox.run(arguments);
        refused.exits(3).complains("error: ").complains("model.onnx").complains(words).prints("");
        quiet(&refused);
    }
    before.unchanged(&sandbox.folder());
    assert_eq!(Snapshot::of(&sandbox.temporary()).paths().count(), 0, "temporary files are left");
}

#[track_caller]
fn quiet(finished: &Finished) {
    finished.never_mentions("panicked").never_mentions("RUST_BACKTRACE").never_mentions("unwrap");
}

fn with_model() -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    sandbox
}

/// A protobuf field of wire type 2.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(content);
    bytes
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let size = fs::metadata(models().join("planted/perceptron.float32.onnx")).unwrap().len();
    for (kept, words) in [
        (1, "format is not known"),
        (100, "more bytes"),
        (size / 3, "more bytes"),
        (size / 2, "more bytes"),
        (size - 1, "more bytes, "),
    ] {
        let sandbox = with_model();
        damage::truncate(&sandbox.path("model.onnx"), kept);
        refused_everywhere(&sandbox, words);
    }
}

#[test]
fn an_empty_file_is_refused() {
    let sandbox = sandbox();
    sandbox.write("model.onnx", "");
    refused_everywhere(&sandbox, "empty");
}

#[test]
fn another_kind_of_file_is_refused() {
    let sandbox = sandbox();
    sandbox.write("model.onnx", "import torch\nprint('no model')\n");
    refused_everywhere(&sandbox, "");
    sandbox.write("model.onnx", b"\x80\x04\x95pickle");
    refused_everywhere(&sandbox, "");
}

#[test]
fn no_flipped_bit_of_the_structure_breaks_a_reader() {
    // Every reader walks the same bytes, so that one command suffices for each bit; what is still a model is fine.
    let sandbox = with_model();
    let whole = fs::read(sandbox.path("model.onnx")).unwrap();
    for bit in 0..160 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        sandbox.write("model.onnx", bytes);
        let finished = sandbox.run(["digest", "model.onnx", "--json"]);
        quiet(&finished);
        match finished.code() {
            Some(0) => drop(finished.json()),
            Some(3) => drop(finished.complains("error: ")),
            _ => panic!("bit {bit}: {}", finished.everything()),
        }
    }
}

#[test]
fn a_length_beyond_the_file_is_refused() {
    let sandbox = sandbox();
    // A graph that claims 2^63 - 1 bytes.
    let mut bytes = vec![8, 8, 7 << 3 | 2];
    bytes.extend([0xff; 8]);
    bytes.extend([0x7f, 1, 2, 3]);
    sandbox.write("model.onnx", bytes);
    refused_everywhere(&sandbox, "needs 9223372036854775807 more bytes, 3 are left");
}

#[test]
fn a_field_of_the_wrong_type_is_refused() {
    let sandbox = sandbox();
    // The graph as a number instead of a message.
    sandbox.write("model.onnx", [8, 8, 7 << 3, 5]);
    refused_everywhere(&sandbox, "");
}

#[test]
fn graphs_nested_too_deeply_are_refused() {
    let sandbox = sandbox();
    // Graph, node, attribute, graph, and so on, from the inside out.
    let mut graph = field(2, b"innermost");
    for _ in 0..5_000 {
        let attribute = [field(1, b"body"), field(6, &graph)].concat();
        let node = [field(4, b"Loop"), field(5, &attribute)].concat();
        graph = field(1, &node);
    }
    sandbox.write("model.onnx", [vec![8, 8], field(7, &graph)].concat());
    refused_everywhere(&sandbox, "deep");
}

#[test]
fn a_dims_product_beyond_the_values_is_refused() {
    let sandbox = sandbox();
    place(&sandbox, "local/scores.onnx", "model.onnx");
    // The stored [1, 10] becomes [1, 11]: dims are one packed-free varint each, before name and values.
    damage::replace(&sandbox.path("model.onnx"), &[8, 1, 8, 10, 16, 1], &[8, 1, 8, 11, 16, 1]);
    refused_everywhere(&sandbox, "close");
}

fn with_external() -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, "planted/external.onnx", "model.onnx");
    place(&sandbox, "planted/external.bin", "external.bin");
    sandbox
}

#[test]
fn external_data_that_is_missing_or_short_is_named() {
    let sandbox = with_external();
    damage::truncate(&sandbox.path("external.bin"), 1000);
    refused_everywhere(&sandbox, "external.bin");
    fs::remove_file(sandbox.path("external.bin")).unwrap();
    refused_everywhere(&sandbox, "external.bin");
}

#[test]
fn external_data_outside_the_folder_is_never_read() {
    for outside in ["../xternal.b", "/etc/hosts.b", "a/../../xt.b", "C:\\xternal.b"] {
        let sandbox = with_external();
        assert_eq!(outside.len(), "external.bin".len());
        damage::replace(&sandbox.path("model.onnx"), b"external.bin", outside.as_bytes());
        refused_everywhere(&sandbox, "expected a relative path inside the model's folder");
    }
    #[cfg(unix)]
    {
        // A link that leads out is as bad as a path that does.
        let sandbox = with_external();
        fs::rename(sandbox.path("external.bin"), sandbox.home().join("external.bin")).unwrap();
        std::os::unix::fs::symlink(sandbox.home().join("external.bin"), sandbox.path("external.bin"))
            .unwrap();
        for arguments in READERS {
            let refused = sandbox.run(arguments);
            refused.exits(3).complains("external.bin");
            quiet(&refused);
        }
        assert!(!sandbox.path("model.onnx.reproof").exists());
    }
}

#[test]
fn a_recorded_artifact_whose_files_break_is_corrupt() {
    let sandbox = with_external();
    sandbox.run(["record", "model.onnx", "--runner", "referee"]).exits(0);
    let verify = ["verify", "model.onnx", "--json"];
    sandbox.run(verify).exits(0);
    let cut = |size: u64, file: &str| damage::truncate(&sandbox.path(file), size);

    cut(1000, "external.bin");
    let before = Snapshot::of(&sandbox.folder());
    let found = sandbox.run(verify);
    found.exits(1);
    let short = report(&found);
    assert_eq!(short.verdict, Verdict::Corrupt);
    assert_eq!(check(&short, "load.integrity.files").title, "file external.bin");

    fs::remove_file(sandbox.path("external.bin")).unwrap();
    let missing = report(&sandbox.run(verify));
    assert_eq!(check(&missing, "load.integrity.files").actual.as_deref(), Some("missing"));
    assert_eq!(missing.verdict, Verdict::Corrupt);
    assert_eq!(before.changes(&Snapshot::of(&sandbox.folder())), ["- external.bin"]);

    cut(100, "model.onnx");
    let unreadable = sandbox.run(verify);
    unreadable.exits(1);
    assert_eq!(report(&unreadable).verdict, Verdict::Corrupt);
    quiet(&unreadable);
    sandbox.write("model.onnx", "no model at all");
    let converted = sandbox.run(["verify", "model.onnx", "--relation", "converted", "--json"]);
    converted.exits(1);
    assert_eq!(report(&converted).verdict, Verdict::Unloadable);
}

#[test]
fn weights_files_with_lies_in_their_header_are_refused() {
    let header = |json: &str| [&(json.len() as u64).to_le_bytes()[..], json.as_bytes(), &[0; 8]].concat();
    for (bytes, words) in [
        (header(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,80]}}"#), "a"),
        (header(r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#), "a"),
        (header(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#), "a"),
        (header(r#"{"a":{"dtype":"X9","shape":[2],"data_offsets":[0,8]}}"#), "X9"),
        (header("{"), ""),
        ([&u64::MAX.to_le_bytes()[..], b"{}"].concat(), ""),
    ] {
        let sandbox = sandbox();
        sandbox.write("model.safetensors", bytes);
        let before = Snapshot::of(&sandbox.folder());
        for command in ["inspect", "digest", "record"] {
            let refused = sandbox.run([command, "model.safetensors"]);
            refused.exits(3).complains("model.safetensors").complains(words).prints("");
            quiet(&refused);
        }
        before.unchanged(&sandbox.folder());
    }
}
