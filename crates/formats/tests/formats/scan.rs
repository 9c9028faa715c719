//! What a scan finds in pickles and archives that were assembled here and never run.

use reproof_formats::Severity;
use reproof_formats::scan::{FileScan, ScanOptions, scan};

use crate::zipped::archive;

/// A text of protocol 2 and later.
fn text(text: &str) -> Vec<u8> {
    [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// A name to import.
fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

/// A tuple.
fn tuple(entries: &[Vec<u8>]) -> Vec<u8> {
    [&b"("[..], &entries.concat(), b"t"].concat()
}

/// A call with a tuple of arguments.
fn call(module: &str, name: &str, arguments: &[Vec<u8>]) -> Vec<u8> {
    [global(module, name), tuple(arguments), b"R".to_vec()].concat()
}

/// An object of a class, with a state.
fn made(module: &str, name: &str, state: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<u8> =
        state.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [global(module, name), b")\x81}(".to_vec(), entries, b"ub".to_vec()].concat()
}

/// A whole pickle.
fn pickle(value: &[u8]) -> Vec<u8> {
    [b"\x80\x02", value, b"."].concat()
}

/// A pickle that would print a word.
fn payload() -> Vec<u8> {
    pickle(&call("os", "system", &[text("echo never")]))
}

fn scanned(bytes: &[u8]) -> FileScan {
    let scan = scan(&bytes, "file", ScanOptions::default());
    assert!(scan.tally.total() >= bytes.len() as u64, "{:?} of {} bytes", scan.tally, bytes.len());
    scan
}

fn worst(scan: &FileScan) -> Option<Severity> {
    scan.findings.iter().map(|finding| finding.severity).max()
}

#[track_caller]
fn is(bytes: &[u8], expected: Option<Severity>) -> FileScan {
    let scan = scanned(bytes);
    assert_eq!(worst(&scan), expected, "{:#?}", scan.findings);
    scan
}

/// The scan is the worst there is, and says what would be done.
#[track_caller]
fn would(bytes: &[u8], expected: &str) {
    let scan = is(bytes, Some(Severity::Dangerous));
    let told: Vec<&str> = scan.findings.iter().map(|finding| finding.would.as_str()).collect();
    assert!(told.contains(&expected), "{told:?}");
}

#[test]
fn a_call_is_named_with_its_offset() {
    let scan = is(&payload(), Some(Severity::Dangerous));
    let finding = &scan.findings[0];
    assert_eq!((finding.id, finding.would.as_str()), ("pickle.call", "call os.system"));
    assert_eq!((finding.member.as_str(), finding.offset), ("file", Some(payload().len() as u64 - 2)));
    assert!(finding.message.contains("echo never"), "{}", finding.message);
    assert_eq!((scan.tally.unread, scan.unread.len()), (0, 0));
}

#[test]
fn every_way_to_call_is_seen() {
    let system = "call os.system";
    would(b"cos\nsystem\n(S'echo never'\ntR.", system);
    would(b"(S'echo never'\nios\nsystem\n.", system);
    would(b"\x80\x02(cos\nsystem\nX\x01\0\0\0ao.", system);
    would(b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\0h\x01\x93\x8c\x01a\x85R.", system);
    would(b"\x80\x02cos\nsystem\n)\x81.", "make a os.system");
    would(b"\x80\x02cos\nsystem\n.", "import os.system");
    would(&[&payload()[..payload().len() - 1], b"\xff"].concat(), system);
    would(&[pickle(b"N"), payload()].concat(), system);
    would(&[pickle(b"N"), b"\0\0junk".to_vec(), payload()].concat(), system);
}

#[test]
fn chains_end_in_a_finding_whatever_they_reach() {
    let module = call("importlib", "import_module", &[text("os")]);
    would(&pickle(&call("builtins", "getattr", &[module, text("system")])), "call builtins.getattr");
    let partial = call("functools", "partial", &[global("os", "system"), text("a")]);
    would(&pickle(&[partial, b")R".to_vec()].concat()), "call what another call made");
    would(&pickle(&call("collections", "defaultdict", &[global("os", "abort")])), "import os.abort");
    let rebuilt = &[global("torch.hub", "load"), b"N".to_vec(), b")".to_vec(), b"N".to_vec()];
    would(&pickle(&call("torch._tensor", "_rebuild_from_type_v2", rebuilt)), "import torch.hub.load");
    would(&pickle(b"\x82\x01)R"), "call a class of a registry outside of the file");
    let odd = call("_codecs", "encode", &[text("a"), text("rot13")]);
    is(&pickle(&odd), Some(Severity::Warning));
}

#[test]
fn what_checkpoints_are_made_of_is_no_finding() {
    let ordered = call("collections", "OrderedDict", &[]);
    let storage =
        tuple(&[text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), b"K\x01".to_vec()]);
    let tensor = call(
        "torch._utils",
        "_rebuild_tensor_v2",
        &[
            [storage, b"Q".to_vec()].concat(),
            b"K\0".to_vec(),
            b")".to_vec(),
            b")".to_vec(),
            b"\x89".to_vec(),
            ordered,
        ],
    );
    is(&pickle(&tensor), None);
    for value in [
        call("torch", "device", &[text("cuda"), b"K\0".to_vec()]),
        call("numpy", "dtype", &[text("f4"), b"\x89".to_vec(), b"\x88".to_vec()]),
        call("builtins", "set", &[b"]".to_vec()]),
        call("_codecs", "encode", &[text("os\nsystem\n"), text("latin1")]),
        made("argparse", "Namespace", &[("eval", b"K\x01".to_vec())]),
        call(
            "copyreg",
            "_reconstructor",
            &[global("argparse", "Namespace"), global("builtins", "object"), b"N".to_vec()],
        ),
        call("pathlib", "PosixPath", &[text("a"), text("b")]),
        call("collections", "defaultdict", &[global("builtins", "list")]),
    ] {
        is(&pickle(&value), None);
    }
}

#[test]
fn classes_are_told_by_how_well_they_are_known() {
    is(&pickle(&made("sklearn.pipeline", "Pipeline", &[])), Some(Severity::Info));
    is(&pickle(&made("torch.nn.modules.conv", "Conv2d", &[])), Some(Severity::Info));
    is(
        &pickle(&call("transformers.trainer_utils", "IntervalStrategy", &[text("steps")])),
        Some(Severity::Info),
    );
    is(&pickle(&made("__main__", "Net", &[])), Some(Severity::Warning));
    is(&pickle(&call("my_training", "Precision", &[b"K\x01".to_vec()])), Some(Severity::Warning));
    is(&pickle(&call("my_training", "run", &[])), Some(Severity::Dangerous));
    is(
        &pickle(&made("my_training", "Net", &[("__call__", made("my_training", "Other", &[]))])),
        Some(Severity::Warning),
    );
    let nested =
        [global("torch.distributed._shard.sharded_tensor.api", "ShardedTensor"), text("ProcessGroupState")];
    is(&pickle(&[call("__builtin__", "getattr", &nested), b")\x81".to_vec()].concat()), Some(Severity::Info));
}

#[test]
fn bytes_that_are_unpickled_are_followed() {
    let inner = payload();
    let bytes = |inner: &[u8]| [&b"B"[..], &(inner.len() as u32).to_le_bytes(), inner].concat();
    would(&pickle(&call("torch.storage", "_load_from_bytes", &[bytes(&inner)])), "call os.system");
    would(&pickle(&bytes(&inner)), "call os.system");
    is(&pickle(&call("torch.storage", "_load_from_bytes", &[bytes(&pickle(b"N"))])), None);
    let unknown = call("torch.storage", "_load_from_bytes", &[b"N".to_vec()]);
    would(&pickle(&unknown), "unpickle bytes");
    let mut deep = inner;
    for _ in 0..12 {
        deep = pickle(&call("torch.storage", "_load_from_bytes", &[bytes(&deep)]));
    }
    let scan = is(&deep, Some(Severity::Warning));
    assert_eq!((scan.findings[0].id, scan.unread.len()), ("scan.depth", 1));
}

#[test]
fn archives_are_searched_to_the_last_byte() {
    let torch = |data: &[u8]| archive(&[("m/data.pkl", data, false), ("m/version", b"3\n", false)]);
    would(&torch(&payload()), "call os.system");
    would(&archive(&[("inner.pt", &torch(&payload()), true)]), "call os.system");
    would(&archive(&[("notes.txt", &payload(), true)]), "call os.system");
    let inside = is(&archive(&[("inner.pt", &torch(&payload()), false)]), Some(Severity::Dangerous));
    assert_eq!(inside.findings[0].member, "file:inner.pt:m/data.pkl");
    is(&torch(&pickle(b"N")), None);
    is(&[torch(&pickle(b"N")), b"after".to_vec()].concat(), Some(Severity::Warning));
    is(&archive(&[("../out", b"text", false)]), Some(Severity::Warning));
    is(
        &archive(&[("m/data.pkl", &pickle(b"N"), false), ("m/data.pkl", &pickle(b"N."), false)]),
        Some(Severity::Dangerous),
    );
    // Without a directory, members are still found.
    let mut broken = torch(&payload());
    let end = broken.len();
    broken[end - 10..end - 6].copy_from_slice(&[0xff; 4]);
    would(&broken, "call os.system");
}

#[test]
fn tensors_are_inert_and_counted() {
    let storage =
        tuple(&[text("storage"), global("torch", "ByteStorage"), text("0"), text("cpu"), b"K\x08".to_vec()]);
    let data = pickle(&[storage, b"Q".to_vec()].concat());
    let members =
        |numbers: &'static [u8]| archive(&[("m/data.pkl", &data, false), ("m/data/0", numbers, false)]);
    assert_eq!(is(&members(b"\x80\x02\x03\x04\x05\x06\x07\x08"), None).tally.tensors, 8);
    let same = scan(&members(b"12345678").as_slice(), "file", ScanOptions { deep: true });
    assert_eq!(worst(&same), None);
    let mut changed = members(b"12345678");
    let at = changed.windows(8).position(|window| window == b"12345678").unwrap();
    changed[at] ^= 1;
    assert_eq!(worst(&scanned(&changed)), None);
    let deep = scan(&changed.as_slice(), "file", ScanOptions { deep: true });
    assert_eq!(deep.findings[0].id, "zip.checksum");
}

#[test]
fn settings_that_run_code_are_found() {
    for (settings, id, severity) in [
        (r#"{"auto_map": {"AutoModel": "modeling_x.Model"}}"#, "hf.custom-code", Severity::Warning),
        (
            r#"{"class_name": "Lambda", "config": {"function": ["4wE=", null, null]}}"#,
            "keras.lambda",
            Severity::Dangerous,
        ),
        (
            r#"{"class_name": "system", "module": "os", "config": {}}"#,
            "keras.custom-object",
            Severity::Dangerous,
        ),
        (r#"{"chat_template": "{{ ''.__class__ }}"}"#, "template.escape", Severity::Dangerous),
        (r#"{"cells": [], "nbformat": 4}"#, "file.notebook", Severity::Info),
        (r#"{"weight_map": {"a": "../b"}}"#, "index.path", Severity::Warning),
        ("#!/bin/sh\nls\n", "file.script", Severity::Warning),
        ("import os\nmodel.eval()\n", "file.script", Severity::Info),
        ("import os\neval('1')\n", "file.script-content", Severity::Warning),
        ("a: !!python/object/apply:os.system [x]", "yaml.python", Severity::Dangerous),
        ("\u{7f}ELF\u{2}\u{1}\u{1}\0", "file.executable", Severity::Warning),
        ("notes by ada@example.org", "personal.email", Severity::Info),
    ] {
        let scan = is(settings.as_bytes(), Some(severity));
        assert!(scan.findings.iter().any(|finding| finding.id == id), "{id}: {:#?}", scan.findings);
    }
    let dense = r#"{"class_name": "Dense", "module": "keras.layers", "config": {"units": 4}, "registered_name": null}"#;
    is(dense.as_bytes(), None);
    is(b"Just some words about a model, (see below).\n", None);
    is(b"1.0\n", None);
    is(b"I am a text\n.", None);
}

#[test]
fn what_nobody_reads_is_told() {
    let scan = is(b"\x89HDF\r\n\x1a\n........", None);
    assert_eq!((scan.tally.unread, scan.unread[0].reason.as_str()), (16, "HDF5 is not read by this version"));
    let scan = is(&[0xfe; 40], None);
    assert_eq!(scan.tally.unread, 40);
}

#[test]
fn no_damage_makes_it_panic_or_forget_bytes() {
    let torch = archive(&[
        ("m/data.pkl", &pickle(&call("os", "system", &[text("echo never")])), false),
        ("m/code/a.py", b"import os\n", true),
        ("m/config.json", br#"{"auto_map": {}}"#, true),
    ]);
    let compressed = {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&payload()).unwrap();
        encoder.finish().unwrap()
    };
    for sample in [torch, compressed, payload(), b"(S'echo never'\nios\nsystem\n.".to_vec()] {
        for length in 0..sample.len() {
            scanned(&sample[..length]);
        }
        let mut copy = sample.clone();
        for position in 0..sample.len() {
            for bit in 0..8 {
                copy[position] ^= 1 << bit;
                scanned(&copy);
                copy[position] ^= 1 << bit;
            }
        }
    }
}
