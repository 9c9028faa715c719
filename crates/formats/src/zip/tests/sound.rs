//! Archives that nothing is wrong with.

use std::process::Command;

use super::build::{self, archive, open, stored, torch, torch_archive, words, zip64_extra};
use crate::section::Section;
use crate::zip::{self, CrcMismatch, crc32};

/// Writes an archive to standard output with Python's own library.
const PYTHON: &str = r#"
import io, sys, zipfile
written = io.BytesIO()
with zipfile.ZipFile(written, "w") as file:
    file.mkdir("folder")
    for name, method in ("folder/stored", 0), ("ö", 8), ("empty", 8):
        member = zipfile.ZipInfo(name)
        member.compress_type = method
        with file.open(member, "w", force_zip64=sys.argv[1] == "large") as out:
            out.write(b"the same again and again. " * 5000 if name != "empty" else b"")
sys.stdout.buffer.write(written.getvalue())
"#;

#[test]
fn archives_of_python_are_read() {
    let text = b"the same again and again. ".repeat(5000);
    for large in [false, true] {
        let size = if large { "large" } else { "small" };
        let output = Command::new("python3").args(["-c", PYTHON, size]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let file = output.stdout;

        let archive = open(&file);
        assert_eq!(words(&archive), [""; 0], "{large}");
        assert!(archive.gaps.is_empty());
        let names: Vec<_> = archive.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["folder/", "folder/stored", "ö", "empty"]);
        assert!(
            archive.members[0].is_directory
                && archive.members[1].is_stored()
                && !archive.members[2].is_stored()
        );
        for member in &archive.members[1..3] {
            assert_eq!(build::bytes(&file, member), text);
            assert_eq!(member.check_crc(&text), Ok(()));
        }
        assert_eq!(build::bytes(&file, &archive.members[3]), b"");
        let stored = &archive.members[1];
        assert_eq!(crc32(&file, stored.data.clone()).unwrap(), stored.crc);
        let mismatch = CrcMismatch { stored: stored.crc, computed: crc32fast::hash(b"other") };
        assert_eq!(stored.check_crc(b"other"), Err(mismatch));
    }
}

#[test]
fn archives_of_torch_are_read() {
    let items = [torch("archive/data.pkl", b"\x80\x02}.", 12), torch("archive/data/0", &[7; 64], 40)];
    let file = torch_archive(&items);
    let archive = open(&file);
    assert_eq!(words(&archive), [""; 0]);
    assert!(archive.gaps.is_empty() && archive.comment.is_empty());
    let tensor = archive.find("archive/data/0").unwrap();
    assert!(tensor.is_stored());
    assert_eq!(file[tensor.data.start as usize..tensor.data.end as usize], [7; 64]);
    assert!(archive.find("archive/data/1").is_none() && archive.find("ARCHIVE/data/0").is_none());
}

#[test]
fn a_whole_archive_within_a_file_is_read_as_a_section() {
    let first = torch_archive(&[torch("archive/data.pkl", b"first", 3)]);
    let second = torch_archive(&[torch("archive/data.pkl", b"the second", 3)]);
    let file = [first.as_slice(), &second].concat();
    for (range, expected) in
        [(0..first.len() as u64, b"first".as_slice()), (first.len() as u64..file.len() as u64, b"the second")]
    {
        let section = Section::new(&file, range).unwrap();
        let archive = zip::open(&section).unwrap();
        assert_eq!(words(&archive), [""; 0]);
        assert_eq!(archive.members[0].bytes(&section, 100).unwrap(), expected);
    }
}

#[test]
fn full_fields_have_their_values_in_zip64_fields() {
    let mut item = stored("a", b"content");
    for header in [&mut item.local, &mut item.entry] {
        (header.size, header.compressed_size) = (u32::MAX, u32::MAX);
        header.extra = zip64_extra(&[7, 7]);
    }
    let mut far = stored("b", b"content");
    far.offset = Some(u32::MAX);
    let start = 30 + 1 + item.local.extra.len() as u64 + 7;
    far.entry.extra = zip64_extra(&[start]);
    let items = [item, far];
    let (mut file, _, directory) = build::body(&items);
    let end = file.len() as u64;
    file.extend(build::zip64_end(2, end - directory, directory, end));
    file.extend(build::end(u16::MAX, u32::MAX, u32::MAX, b""));
    let archive = open(&file);
    assert_eq!(words(&archive), [""; 0]);
    for member in &archive.members {
        assert_eq!(build::bytes(&file, member), b"content");
    }
}

#[test]
fn all_forms_of_descriptors_are_accounted_for() {
    let signature = 0x0807_4b50_u32.to_le_bytes();
    for signed in [false, true] {
        for wide in [false, true] {
            let mut item = torch("a", b"content", 0);
            item.descriptor = if signed { signature.to_vec() } else { Vec::new() };
            item.descriptor.extend(item.entry.crc.to_le_bytes());
            let size: &[u8] = if wide { &7_u64.to_le_bytes() } else { &7_u32.to_le_bytes() };
            item.descriptor.extend([size, size].concat());
            let archive = open(&archive(&[item, stored("b", b"more")]));
            assert_eq!(words(&archive), [""; 0], "{signed} {wide}");
            assert!(archive.gaps.is_empty());
        }
    }
}

#[test]
fn empty_archives_and_zero_padding_are_ordinary() {
    let mut folder = stored("folder/", b"");
    // Python compresses the nothing of folders too.
    for header in [&mut folder.local, &mut folder.entry] {
        (header.method, header.compressed_size) = (8, 2);
    }
    folder.data = vec![3, 0];
    assert_eq!(words(&open(&archive(&[folder]))), [""; 0]);
    assert_eq!(words(&open(&archive(&[]))), [""; 0]);
    assert_eq!(words(&open(&torch_archive(&[]))), [""; 0]);
    let mut padded = stored("b", b"more");
    padded.before = vec![0; 100];
    let archive = open(&archive(&[stored("a", b"content"), padded]));
    assert_eq!(words(&archive), [""; 0]);
    assert_eq!(archive.gaps.len(), 1);
}

#[test]
fn many_members_are_read_through_few_reads() {
    let names: Vec<String> = (0..3000).map(|index| format!("archive/data/{index}")).collect();
    let items: Vec<_> = names.iter().map(|name| torch(name, name.as_bytes(), 20)).collect();
    let file = Counting { bytes: torch_archive(&items), reads: 0.into() };
    let archive = zip::open(&file).unwrap();
    let reads = file.reads.into_inner();
    assert!(reads < 200, "{reads} reads");
    for name in &names {
        assert_eq!(build::bytes(&file.bytes, archive.find(name).unwrap()), name.as_bytes());
    }
}

/// A source that counts how often it is read.
struct Counting {
    bytes: Vec<u8>,
    reads: std::sync::atomic::AtomicUsize,
}

impl reproof_digest::ReadAt for Counting {
    fn size(&self) -> u64 {
        self.bytes.size()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.bytes.read_exact_at(buffer, offset)
    }
}
