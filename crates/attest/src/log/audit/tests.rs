use std::io;

use proptest::prelude::*;

use super::*;
use crate::log::bundle;
use crate::log::hash::{HASH_LENGTH, Hash};
use crate::log::note::NoteError;
use crate::log::testing::{Counted, Log, ORIGIN, entry, signed, signer};

fn audited(log: &Log, kept: Option<&[u8]>) -> Audit {
    let mut told = 0;
    let audit = audit(&log.files, ORIGIN, &signer().verifier(), kept, &mut |done| told += done);
    assert_eq!(told, audit.entries);
    audit
}

fn findings(log: &Log, kept: Option<&[u8]>) -> Vec<Finding> {
    audited(log, kept).findings
}

/// The log's entries after `change`, grown anew by whoever has its key.
fn rewritten(size: u64, change: impl Fn(&mut Vec<Vec<u8>>)) -> Log {
    let mut entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
    change(&mut entries);
    let mut log = Log::new();
    log.append(&entries);
    log
}

/// Changes the entries of one bundle and leaves everything else.
fn rebundle(log: &mut Log, path: &str, change: impl Fn(&mut Vec<Vec<u8>>)) {
    let bytes = log.files.get_mut(path).unwrap();
    let mut entries: Vec<Vec<u8>> =
        bundle::Entries::new(bytes).map(|entry| entry.unwrap().to_vec()).collect();
    change(&mut entries);
    bytes.clear();
    for entry in &entries {
        assert!(bundle::push(bytes, entry));
    }
}

fn flip(log: &mut Log, path: &str, hash: usize) {
    log.files.get_mut(path).unwrap()[hash * HASH_LENGTH] ^= 1;
}

fn path(path: &str) -> String {
    path.to_owned()
}

#[test]
fn intact_logs_are_intact_at_every_size_and_against_every_older_checkpoint() {
    let mut log = Log::new();
    let mut checkpoints = vec![log.checkpoint()];
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 700] {
        log.grow_to(size);
        checkpoints.push(log.checkpoint());
        for kept in &checkpoints {
            let audit = audited(&log, Some(kept));
            assert!(audit.is_intact(), "{size}: {:?}", audit.findings);
            assert_eq!((audit.entries, audit.tree), (size, Some(log.tree)));
        }
    }
}

#[test]
fn every_file_is_read_once_apart_from_the_edge() {
    let log = Log::of(70_000);
    let counted = Counted::new(&log.files);
    assert!(audit(&counted, ORIGIN, &signer().verifier(), None, &mut |_| ()).is_intact());
    let read = counted.read.into_inner();
    let mut once = read.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), log.files.len(), "all of them");
    assert_eq!(read.len(), once.len() + 3, "the edge of three levels twice");
}

#[test]
fn an_edited_entry_is_named() {
    let mut log = Log::of(700);
    let kept = log.checkpoint();
    rebundle(&mut log, "tile/entries/001", |entries| entries[44] = b"other".to_vec());
    let edited = |index, of: &str| Finding::Edited { index, path: path(of) };
    assert_eq!(findings(&log, None), [edited(300, "tile/entries/001")]);
    assert_eq!(findings(&log, Some(&kept)), [edited(300, "tile/entries/001")]);
    // One bit, in the last bundle.
    *log.files.get_mut("tile/entries/002.p/188").unwrap().last_mut().unwrap() ^= 1;
    assert_eq!(
        findings(&log, None),
        [edited(300, "tile/entries/001"), edited(699, "tile/entries/002.p/188")]
    );
}

#[test]
fn reordered_entries_are_named() {
    let mut log = Log::of(700);
    rebundle(&mut log, "tile/entries/000", |entries| entries.swap(3, 200));
    let moved = |index, logged, of: &str| Finding::Moved { index, logged, path: path(of) };
    assert_eq!(findings(&log, None), [moved(3, 200, "tile/entries/000"), moved(200, 3, "tile/entries/000")]);
    let mut log = Log::of(700);
    rebundle(&mut log, "tile/entries/000", |entries| entries[7] = entry(400));
    rebundle(&mut log, "tile/entries/001", |entries| entries[144] = entry(7));
    assert_eq!(findings(&log, None), [moved(7, 400, "tile/entries/000"), moved(400, 7, "tile/entries/001")]);
}

#[test]
fn an_entry_that_is_gone_is_named() {
    let mut log = Log::of(300);
    rebundle(&mut log, "tile/entries/001.p/44", |entries| drop(entries.remove(40)));
    let found = findings(&log, None);
    assert!(found.contains(&Finding::Lost { index: 296, path: path("tile/entries/001.p/44") }), "{found:?}");
    assert!(found.contains(&Finding::Moved { index: 296, logged: 297, path: path("tile/entries/001.p/44") }));
    assert!(matches!(&found[0], Finding::Unreadable(TileError { problem: TileProblem::Bundle(_), .. })));
    // Overwritten by its neighbour.
    let mut log = Log::of(300);
    rebundle(&mut log, "tile/entries/000", |entries| entries[5] = entry(6));
    assert_eq!(findings(&log, None), [Finding::Edited { index: 5, path: path("tile/entries/000") }]);
}

#[test]
fn entries_removed_at_the_end_are_seen_by_a_kept_checkpoint() {
    let long = Log::of(700);
    let short = Log::of(512);
    assert!(audited(&short, None).is_intact(), "nothing in the files tells");
    let found = findings(&short, Some(&long.checkpoint()));
    assert_eq!(found, [Finding::Shortened { size: 512, signed: 700 }]);
    assert!(found[0].to_string().contains("entries 512 to 699 were removed"));
}

#[test]
fn a_history_that_was_rewritten_and_signed_again_is_a_fork() {
    let honest = Log::of(700);
    let forged = rewritten(700, |entries| entries[3] = b"other".to_vec());
    assert!(audited(&forged, None).is_intact(), "nothing in the files tells");
    let forked = |size, signed: &Log, found: Hash| Finding::Forked { size, signed: signed.tree.root, found };
    assert_eq!(findings(&forged, Some(&honest.checkpoint())), [forked(700, &honest, forged.tree.root)]);
    for size in [4, 256, 300, 512] {
        let older = Log::of(size);
        let then = rewritten(size, |entries| entries[3] = b"other".to_vec());
        assert_eq!(findings(&forged, Some(&older.checkpoint())), [forked(size, &older, then.tree.root)]);
    }
    assert!(audited(&forged, Some(&Log::of(3).checkpoint())).is_intact(), "before the change");
    let swapped = rewritten(700, |entries| entries.swap(10, 500));
    let older = Log::of(400);
    assert!(matches!(findings(&swapped, Some(&older.checkpoint()))[..], [Finding::Forked { size: 400, .. }]));
}

#[test]
fn a_changed_tile_is_named_at_every_level() {
    let whole = Log::of(70_000);
    for changed in
        ["tile/0/000", "tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    {
        let mut log = whole.clone();
        flip(&mut log, changed, 0);
        assert_eq!(findings(&log, None), [Finding::Tile { path: path(changed) }], "{changed}");
        log.files.remove(changed);
        let problem = TileProblem::Missing;
        assert_eq!(findings(&log, None), [Finding::Unreadable(TileError { path: path(changed), problem })]);
    }
}

#[test]
fn entries_changed_with_their_tile_are_narrowed_down() {
    let forged = rewritten(70_000, |entries| entries[300] = b"other".to_vec());
    let mut log = Log::of(70_000);
    let take =
        |log: &mut Log, path: &str| drop(log.files.insert(path.to_owned(), forged.files[path].clone()));
    take(&mut log, "tile/entries/001");
    take(&mut log, "tile/0/001");
    let tile = |first, last, of: &str| Finding::Rewritten { first, last, path: path(of) };
    assert_eq!(findings(&log, None), [tile(256, 511, "tile/0/001")]);
    take(&mut log, "tile/1/000");
    assert_eq!(findings(&log, None), [tile(0, 65_535, "tile/1/000")]);
    // All but the signature: only the root and a kept checkpoint tell.
    take(&mut log, "tile/2/000.p/1");
    let kept = Log::of(200).checkpoint();
    let root =
        |borne_out| Finding::Root { size: 70_000, signed: log.tree.root, found: forged.tree.root, borne_out };
    assert_eq!(findings(&log, None), [root(0)]);
    assert_eq!(findings(&log, Some(&kept)), [root(200)]);
    assert_eq!(findings(&log, Some(&Log::of(400).checkpoint())), [root(0)]);
}

#[test]
fn a_contradiction_that_nothing_decides_is_one() {
    let mut log = Log::of(300);
    // The edge does not hold, and neither do the entries.
    flip(&mut log, "tile/1/000.p/1", 0);
    rebundle(&mut log, "tile/entries/000", |entries| entries[5] = b"other".to_vec());
    let found = findings(&log, None);
    let contradiction = |first, last, of: &str| Finding::Contradiction { first, last, path: path(of) };
    assert_eq!(found, [contradiction(0, 255, "tile/0/000"), contradiction(0, 255, "tile/1/000.p/1")]);
}

#[test]
fn unreadable_files_are_named_and_the_rest_is_audited() {
    let whole = Log::of(70_000);
    let mut log = whole.clone();
    log.files.remove("tile/entries/100");
    log.files.get_mut("tile/entries/200").unwrap().truncate(1000);
    let mut found = findings(&log, Some(&whole.checkpoint())).into_iter();
    let missing = TileError { path: path("tile/entries/100"), problem: TileProblem::Missing };
    assert_eq!(found.next(), Some(Finding::Unreadable(missing)));
    assert!(matches!(found.next(), Some(Finding::Unreadable(error)) if error.path == "tile/entries/200"));
    let lost: Vec<u64> = found
        .map(|finding| if let Finding::Lost { index, .. } = finding { index } else { panic!("{finding}") })
        .collect();
    assert_eq!(lost[..256], (25_600..25_856).collect::<Vec<u64>>());
    assert!(lost[256..].iter().all(|index| (51_200..51_456).contains(index)) && lost.len() > 400);
    // Entries and their hashes: the tile above still bears out the others.
    let mut log = whole;
    log.files.remove("tile/entries/100");
    log.files.remove("tile/0/100");
    let audit = audited(&log, None);
    assert_eq!(audit.findings.len(), 2);
    assert_eq!(audit.entries, 70_000 - 256);
    // Everything: an audit ends where nothing is known any more, and says why.
    log.files.retain(|path, _| path == "checkpoint");
    assert!(!audited(&log, None).is_intact());
}

#[test]
fn what_cannot_be_read_is_not_the_log_s_fault_and_told() {
    struct Broken;
    impl Tiles for Broken {
        fn read(&self, _: &str, _: usize) -> io::Result<Option<Vec<u8>>> {
            Err(io::Error::other("no medium"))
        }
    }
    let kept = Log::of(3).checkpoint();
    let audit = audit(&Broken, ORIGIN, &signer().verifier(), Some(&kept), &mut |_| ());
    assert_eq!(audit.findings.len(), 3, "checkpoint, tile, entries: {:?}", audit.findings);
    assert!(audit.findings.iter().all(|finding| finding.to_string().contains("no medium")));
}

#[test]
fn signatures_are_checked() {
    let mut log = Log::of(300);
    let honest = log.checkpoint();
    log.files.insert(
        "checkpoint".to_owned(),
        String::from_utf8(honest.clone()).unwrap().replace("\n300\n", "\n200\n").into(),
    );
    let forged = |signer| Finding::Checkpoint {
        signer,
        error: NoteError::Forged {
            key: format!("{ORIGIN}+{:08x}", super::super::testing::signer().verifier().id()),
        }
        .into(),
    };
    let audit = audited(&log, None);
    assert_eq!((audit.findings, audit.tree, audit.entries), (vec![forged(Signer::Log)], None, 0));
    // A kept checkpoint stands in.
    let audit = audited(&log, Some(&honest));
    assert_eq!((audit.findings, audit.entries), (vec![forged(Signer::Log)], 300));
    let damaged = log.files["checkpoint"].clone();
    log.sign();
    assert_eq!(findings(&log, Some(&damaged)), [forged(Signer::Kept)]);
    log.files.remove("checkpoint");
    let missing = TileError { path: path("checkpoint"), problem: TileProblem::Missing };
    assert_eq!(findings(&log, None), [Finding::Unreadable(missing)]);
    let other = Checkpoint::new("other", log.tree).sign(&signer()).unwrap().to_string();
    log.files.insert("checkpoint".to_owned(), other.into());
    assert!(matches!(findings(&log, None)[..], [Finding::Checkpoint { signer: Signer::Log, .. }]));
}

#[test]
fn a_claim_of_entries_that_nobody_has_ends_at_once() {
    let mut log = Log::of(300);
    let tree = Tree { size: 1 << 60, root: log.tree.root };
    log.files.insert("checkpoint".to_owned(), signed(tree));
    let audit = audited(&log, None);
    assert_eq!(audit.entries, 300 - 44, "the full bundle");
    assert!(!audit.is_intact());
}

#[test]
fn findings_are_bounded() {
    let mut log = Log::of(5000);
    for index in 0..19 {
        let path = format!("tile/entries/{index:03}");
        rebundle(&mut log, &path, |entries| entries.iter_mut().for_each(|entry| entry.push(b'!')));
    }
    let audit = audited(&log, None);
    assert_eq!(audit.findings.len(), MAX_FINDINGS);
    assert_eq!(audit.omitted, 19 * 256 - MAX_FINDINGS as u64);
    assert!(!audit.is_intact());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No byte of any file can change unseen, and the finding names the file.
    #[test]
    fn every_flipped_bit_is_found(size in 1_u64..700, file: prop::sample::Index, place: prop::sample::Index, bit in 0_u8..8) {
        let mut log = Log::of(size);
        let paths: Vec<String> = log.files.keys().cloned().collect();
        let path = file.get(&paths);
        let bytes = log.files.get_mut(path).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let audit = audited(&log, None);
        prop_assert!(!audit.is_intact());
        let named = audit.findings.iter().any(|finding| finding.to_string().contains(path.as_str()));
        prop_assert!(named, "{}: {:?}", path, audit.findings);
    }

    #[test]
    fn hostile_files_make_no_panic(size in 1_u64..700, file: prop::sample::Index, bytes: Vec<u8>) {
        let mut log = Log::of(size);
        let paths: Vec<String> = log.files.keys().cloned().collect();
        log.files.insert(file.get(&paths).clone(), bytes);
        prop_assert!(!audited(&log, None).is_intact());
    }
}
