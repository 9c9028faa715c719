//! Members that are not what they seem: each kind of anomaly, and what is refused.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;

use super::build::{Item, archive, body, end, fatal, open, stored, torch, words, zip64_extra};
use crate::ErrorKind;
use crate::zip::{self, AnomalyKind, DEFLATE, NameProblem, ZipError};

/// What makes a sound member a deceitful one.
type Change = fn(&mut Item);
/// Whether the error is the one that must come.
type Expected = fn(&ZipError) -> bool;

fn deflated(name: &str, content: &[u8]) -> Item {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    let data = encoder.finish().unwrap();
    let mut item = stored(name, content);
    for header in [&mut item.local, &mut item.entry] {
        header.method = DEFLATE;
        header.compressed_size = data.len() as u32;
    }
    item.data = data;
    item
}

#[test]
fn each_anomaly_of_a_member_is_told() {
    let cases: &[(&[&str], Change)] = &[
        (&["local-name"], |item| item.local.name = b"b".to_vec()),
        (&["local-flags"], |item| item.local.flags = 0x0800),
        (&["local-method"], |item| item.local.method = 8),
        (&["local-size"], |item| item.local.size = 1),
        (&["local-size"], |item| item.local.compressed_size = 0),
        (&["local-crc"], |item| item.local.crc = 1),
        (&["local-flags", "descriptor"], |item| item.local.flags = 8),
        (&["descriptor", "gap"], |item| {
            *item = torch("a", b"content", 0);
            item.descriptor[4] ^= 1;
        }),
        (&["local-size", "descriptor"], |item| {
            *item = torch("a", b"content", 0);
            item.local.size = 6;
            item.descriptor.clear();
        }),
        (&["encrypted"], |item| (item.local.flags, item.entry.flags) = (1, 1)),
        (&["local-flags", "encrypted"], |item| item.entry.flags = 1),
        (&["local-flags", "encrypted"], |item| item.local.flags = 1),
        (&["encrypted"], |item| item.entry.extra = b"\x01\x99\0\0".to_vec()),
        (&["unsupported-method"], |item| (item.local.method, item.entry.method) = (12, 12)),
        (&["stored-sizes", "local-size"], |item| item.entry.size = 8),
        (&["no-crc"], |item| (item.local.crc, item.entry.crc) = (0, 0)),
        (&["symbolic-link"], |item| item.attributes = 0o120_777 << 16),
        (&["special-file"], |item| item.attributes = 0o020_666 << 16),
        (&["member-comment"], |item| item.comment = b"hello".to_vec()),
        (&["multi-disk"], |item| item.disk = 1),
        (&["unknown-extra"], |item| item.entry.extra = b"\x34\x12\0\0".to_vec()),
        (&["unknown-extra"], |item| item.local.extra = b"\x34\x12\0\0".to_vec()),
        (&["malformed-extra"], |item| item.entry.extra = b"\x34".to_vec()),
        (&["malformed-extra"], |item| item.local.extra = b"\x34".to_vec()),
        (&["second-name"], |item| item.entry.extra = b"up\0\0".to_vec()),
        (&["unneeded-zip64"], |item| item.entry.extra = zip64_extra(&[1])),
        (&["gap"], |item| item.descriptor = b"hidden".to_vec()),
        (&["gap"], |item| item.descriptor = vec![0; 70_000]),
    ];
    for (expected, change) in cases {
        let mut item = stored("a", b"content");
        change(&mut item);
        let archive = open(&archive(&[item, stored("z", b"after")]));
        assert_eq!(words(&archive), *expected);
    }
}

#[test]
fn each_dangerous_name_is_told() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "unsafe-name"),
        (b"/etc/passwd", "unsafe-name"),
        (b"a/../../b", "unsafe-name"),
        (b"a\\b", "unsafe-name"),
        (b"c:x", "unsafe-name"),
        (b"a\0b", "unsafe-name"),
        (b"\xff\xfe", "name-not-utf8"),
        (b"folder/", "folder-with-data"),
        (b"first", "duplicate-name"),
        (b"FIRST", "same-ignoring-case"),
    ];
    for (name, expected) in cases {
        let mut item = stored("", b"content");
        (item.local.name, item.entry.name) = (name.to_vec(), name.to_vec());
        let file = archive(&[stored("first", b"1"), item]);
        let archive = open(&file);
        assert_eq!(words(&archive), [*expected], "{}", String::from_utf8_lossy(name));
        assert_eq!(fatal(&archive).is_some(), *expected == "duplicate-name");
        assert_eq!(archive.members[1].name_bytes(), *name);
        assert_eq!(archive.find("first").unwrap().data.end, archive.members[0].data.end);
    }
}

#[test]
fn an_anomaly_says_where_and_of_which_member() {
    let mut link = stored("../link", b"target");
    link.attributes = 0o120_777 << 16;
    let file = archive(&[stored("first", b"1"), link]);
    let archive = open(&file);
    let first = archive.anomalies.iter().next().unwrap();
    assert_eq!(first.kind, AnomalyKind::UnsafeName(NameProblem::Parent));
    assert_eq!(first.member, Some(1));
    assert_eq!(file[first.offset as usize..][..4], *b"PK\x01\x02");
    assert_eq!(archive.members[1].external_attributes >> 16, 0o120_777);
}

#[test]
fn overlaps_are_fatal_anomalies() {
    let mut long = stored("long", b"content");
    (long.entry.compressed_size, long.entry.size) = (20, 20);
    (long.local.compressed_size, long.local.size) = (20, 20);
    let mut again = stored("again", b"");
    again.offset = Some(0);
    for items in [
        vec![long.clone(), stored("next", b"more")],
        // The data reaches into the directory.
        vec![long],
        // Two entries for one local header, as the densest bombs have them.
        vec![stored("again", b""), again],
    ] {
        let archive = open(&archive(&items));
        assert_eq!(fatal(&archive), Some("overlap"));
    }
}

#[test]
fn members_that_cannot_be_placed_are_refused() {
    let mut outside = stored("a", b"content");
    outside.entry.compressed_size = 10_000;
    let mut misplaced = stored("a", b"content");
    misplaced.offset = Some(1);
    let mut beyond = stored("a", b"content");
    beyond.offset = Some(u32::MAX - 1);
    let mut huge = stored("a", b"content");
    huge.entry.compressed_size = u32::MAX;
    huge.entry.extra = zip64_extra(&[u64::MAX]);
    let mut short = stored("a", b"content");
    short.entry.size = u32::MAX;
    short.entry.extra = zip64_extra(&[]);
    let cases: [(Item, Expected); 5] = [
        (outside, |error| matches!(error, ZipError::DataOutOfRange { .. })),
        (misplaced, |error| matches!(error, ZipError::Signature { record: "the local header", .. })),
        (beyond, |error| matches!(error, ZipError::Truncated { record: "the local header", .. })),
        (huge, |error| matches!(error, ZipError::DataOutOfRange { .. })),
        (short, |error| matches!(error, ZipError::Truncated { record: "the zip64 extra field", .. })),
    ];
    for (item, expected) in cases {
        let error = zip::open(&archive(&[item])).unwrap_err();
        assert!(expected(&error), "{error}");
        assert!(error.offset().is_some());
    }
}

#[test]
fn bombs_and_lies_are_refused_when_read() {
    let content = vec![0; 1 << 20];
    let sound = deflated("bomb", &content);
    let mut more = sound.clone();
    (more.local.size, more.entry.size) = (1000, 1000);
    let mut fewer = sound.clone();
    (fewer.local.size, fewer.entry.size) = (2 << 20, 2 << 20);
    let mut leftover = sound.clone();
    leftover.data.extend(b"hidden");
    leftover.local.compressed_size += 6;
    leftover.entry.compressed_size += 6;
    let mut cut = sound.clone();
    cut.data.pop();
    cut.local.compressed_size -= 1;
    cut.entry.compressed_size -= 1;
    let mut locked = sound.clone();
    locked.local.flags = 1;
    let mut foreign = sound.clone();
    foreign.entry.method = 93;
    let mut lying = stored("a", b"content");
    lying.entry.size = 6;
    let cases: [(Item, u64, Expected, ErrorKind); 8] = [
        (sound, (1 << 20) - 1, |error| matches!(error, ZipError::TooLarge { .. }), ErrorKind::TooLarge),
        (more, 1000, |error| matches!(error, ZipError::Size { more: true, .. }), ErrorKind::Malformed),
        (fewer, 2 << 20, |error| matches!(error, ZipError::Size { more: false, .. }), ErrorKind::Malformed),
        (leftover, 1 << 20, |error| matches!(error, ZipError::Leftover { .. }), ErrorKind::Malformed),
        (cut, 1 << 20, |error| matches!(error, ZipError::Expand { .. }), ErrorKind::Malformed),
        (locked, 1 << 20, |error| matches!(error, ZipError::Encrypted { .. }), ErrorKind::Unsupported),
        (
            foreign,
            1 << 20,
            |error| matches!(error, ZipError::Method { method: 93, .. }),
            ErrorKind::Unsupported,
        ),
        (lying, 100, |error| matches!(error, ZipError::Size { .. }), ErrorKind::Malformed),
    ];
    for (item, limit, expected, kind) in cases {
        let file = archive(&[item]);
        let error = open(&file).members[0].bytes(&file, limit).unwrap_err();
        assert!(expected(&error), "{error}");
        assert_eq!(error.kind(), kind);
    }
}

#[test]
fn of_a_million_anomalies_a_hundred_are_kept() {
    let mut items: Vec<Item> = (0..300).map(|index| stored(&format!("/{index:03}"), b"")).collect();
    items.push(stored("/299", b""));
    let (mut file, _, directory) = body(&items);
    let length = file.len() as u32 - directory as u32;
    file.extend(end(301, length, directory as u32, b""));
    let archive = open(&file);
    assert_eq!(archive.anomalies.iter().count(), 101);
    assert_eq!(archive.anomalies.counts()["unsafe-name"], 301);
    assert!(archive.anomalies.fatal().is_some());
}
