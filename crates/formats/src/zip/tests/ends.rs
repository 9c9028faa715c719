//! End records that lie, and what surrounds an archive.

use super::build::{self, archive, body, end, fatal, open, stored, torch, torch_archive, words, zip64_end};
use crate::ErrorKind;
use crate::zip::{self, AnomalyKind, ZipError};

fn items() -> [build::Item; 2] {
    [stored("a", b"content"), stored("b", b"more content")]
}

#[test]
fn what_is_before_and_after_an_archive_is_told() {
    let plain = archive(&items());
    let junk = [b"#!/bin/sh\n".as_slice(), &plain, b"tail"].concat();
    let opened = open(&junk);
    assert_eq!(words(&opened), ["prefix", "trailing"]);
    assert_eq!(opened.gaps, [0..10, junk.len() as u64 - 4..junk.len() as u64]);
    assert_eq!(build::bytes(&junk, &opened.members[1]), b"more content");

    let first = torch_archive(&[torch("x", b"long", 9)]);
    for second in [plain, torch_archive(&items())] {
        let two = [first.as_slice(), &second].concat();
        let opened = open(&two);
        let prefix = AnomalyKind::Prefix { length: first.len() as u64, archive: true };
        assert_eq!(opened.anomalies.iter().map(|anomaly| &anomaly.kind).collect::<Vec<_>>(), [&prefix]);
        assert_eq!(build::bytes(&two, &opened.members[0]), b"content");
    }
}

#[test]
fn a_directory_at_the_declared_place_is_taken_although_a_gap_follows() {
    let (mut file, _, directory) = body(&items());
    let length = file.len() as u64 - directory;
    file.extend(b"hidden");
    file.extend(end(2, length as u32, directory as u32, b""));
    let opened = open(&file);
    assert_eq!(words(&opened), ["gap"]);
    assert_eq!(opened.directory, directory..directory + length);
}

#[test]
fn two_directories_are_fatal() {
    let (mut file, _, directory) = body(&items());
    let length = file.len() - directory as usize;
    // The second one counts from where the first archive ends.
    let second = archive(&items());
    assert_eq!(second.len(), file.len() + 22);
    file.extend(end(2, length as u32, directory as u32, b""));
    file.extend(second);
    let opened = open(&file);
    assert_eq!(fatal(&opened), Some("second-directory"));
}

#[test]
fn an_end_in_the_comment_of_another_is_fatal() {
    let (mut file, _, directory) = body(&items());
    let length = file.len() as u32 - directory as u32;
    let inner = end(2, length, directory as u32, b"");
    file.extend(end(2, length, directory as u32, &inner));
    let opened = open(&file);
    assert_eq!(fatal(&opened), Some("second-end"));
}

#[test]
fn archive_comments_and_disks_are_told() {
    let (mut file, _, directory) = body(&items());
    let length = file.len() as u32 - directory as u32;
    file.extend(end(2, length, directory as u32, b"hello"));
    let opened = open(&file);
    assert_eq!(words(&opened), ["archive-comment"]);
    assert_eq!(&file[opened.comment.start as usize..], b"hello");

    let mut file = archive(&items());
    let disk = file.len() - 18;
    file[disk] = 1;
    assert_eq!(words(&open(&file)), ["multi-disk"]);
}

#[test]
fn ends_that_leave_open_what_is_where_are_refused() {
    let refused = |name: &str, file: &Vec<u8>, expected: fn(&ZipError) -> bool| {
        let error = zip::open(file).expect_err(name);
        assert!(expected(&error), "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::Malformed, "{name}");
    };
    let (file, _, directory) = body(&items());
    let (start, length) = (file.len() as u64, (file.len() as u64 - directory) as u32);
    let with = |tail: &[u8]| [file.as_slice(), tail].concat();
    let directory32 = directory as u32;

    refused("nothing", &Vec::new(), |error| matches!(error, ZipError::NoEnd { .. }));
    refused("no end", &file, |error| matches!(error, ZipError::NoEnd { .. }));
    let far = [archive(&items()), vec![0; 70_000]].concat();
    refused("end too far", &far, |error| matches!(error, ZipError::NoEnd { .. }));
    let mut cut = with(&end(2, length, directory32, b"a comment"));
    cut.pop();
    refused("comment", &cut, |error| matches!(error, ZipError::CommentTruncated { needed: 9, left: 8, .. }));
    let range = |error: &ZipError| matches!(error, ZipError::DirectoryOutOfRange { .. });
    refused("too long", &with(&end(2, u32::MAX, directory32, b"")), range);
    refused("beyond", &with(&end(2, length, directory32 + 1, b"")), range);
    refused("one more", &with(&end(3, length, directory32, b"")), |error| {
        matches!(error, ZipError::CountMismatch { expected: 3, actual: 2, .. })
    });
    refused("one less", &with(&end(1, length, directory32, b"")), |error| {
        matches!(error, ZipError::DirectoryLeftover { members: 1, .. })
    });
    let wide = zip64_end(2, length.into(), directory, start);
    refused(
        "another count",
        &with(&[wide.as_slice(), &end(1, length, directory32, b"")].concat()),
        |error| matches!(error, ZipError::EndsDisagree { classic: 1, zip64: 2, .. }),
    );
    let mut lost = wide.clone();
    lost[0] = b'X';
    refused("no record", &with(&[lost.as_slice(), &end(2, length, directory32, b"")].concat()), |error| {
        matches!(error, ZipError::NoZip64End { .. })
    });
    let elsewhere = zip64_end(2, length.into(), directory, start - 1);
    refused(
        "another place",
        &with(&[elsewhere.as_slice(), &end(2, length, directory32, b"")].concat()),
        |error| matches!(error, ZipError::NoZip64End { .. }),
    );
}

#[test]
fn declared_counts_take_no_memory() {
    let (mut file, _, directory) = body(&items());
    let (start, length) = (file.len() as u64, file.len() as u64 - directory);
    file.extend(zip64_end(u64::MAX, length, directory, start));
    file.extend(end(u16::MAX, length as u32, directory as u32, b""));
    let error = zip::open(&file).unwrap_err();
    assert!(matches!(error, ZipError::TooManyMembers { actual: u64::MAX, .. }));
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}
