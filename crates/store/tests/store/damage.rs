//! Damaged stores: what is wrong is named, what is not stays readable, and a second copy mends.

use std::fs;
use std::path::{Path, PathBuf};

use reproof_progress::Silent;
use reproof_store::{AddOptions, Bucket, CheckOptions, Store, StoreError};

use crate::support::{Made, Tensor, add, noise, restored};

fn made(seed: u64) -> Made {
    let tensors = vec![Tensor { name: "t".into(), dtype: "U8", bytes: noise(seed, 3 << 20) }];
    Made { head: Vec::new(), tensors, tail: Vec::new() }
}

fn open(folder: &Path) -> Store {
    Store::new(Bucket::folder(folder).expect("it is a folder"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).expect("it is a folder").map(|entry| entry.expect("it can be read").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn flip(path: &Path, byte: usize) {
    let mut bytes = fs::read(path).expect("it is there");
    bytes[byte] ^= 0x10;
    fs::write(path, bytes).expect("it can be written");
}

#[test]
fn a_damaged_pack_is_named_with_what_it_affects_and_mended_from_a_copy() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let first = add(&open(folder.path()), &made(1), &AddOptions::default()).expect("it is stored");
    let pack = files(&folder.path().join("packs")).remove(0);
    let second = add(&open(folder.path()), &made(2), &AddOptions { session: 1, ..AddOptions::default() });
    let second = second.expect("it is stored");
    let copy = tempfile::tempdir().expect("a folder can be made");
    for file in files(&folder.path().join("packs")) {
        let target = copy.path().join(file.strip_prefix(folder.path()).expect("it lies below"));
        fs::create_dir_all(target.parent().expect("it has one")).expect("it can be made");
        fs::copy(&file, target).expect("it can be copied");
    }
    flip(&pack, 2_000_000);

    let manifests = [first.manifest, second.manifest];
    let store = open(folder.path());
    let options = CheckOptions { manifests: &manifests, sample: 1.0, ..CheckOptions::default() };
    let checked = store.check(&options, &Silent).expect("it can be looked at");
    assert_eq!((checked.manifests, checked.objects, checked.hashed), (2, 2, 2));
    let [fault] = checked.faults.as_slice() else { panic!("{:?}", checked.faults) };
    assert_eq!(fault.affects, [first.manifest]);
    assert!(
        fault.problem.contains("block 1 at byte") && fault.problem.contains("is not what was written"),
        "{fault:?}"
    );
    // The other one is whole.
    let manifest = store.manifest(&second.manifest).expect("it is there");
    assert_eq!(restored(&store, &manifest).expect("it is whole"), made(2).bytes());
    let broken = store.manifest(&first.manifest).expect("it is there");
    assert!(matches!(restored(&store, &broken), Err(StoreError::Damaged { .. })));

    let bucket = Bucket::folder(copy.path()).expect("it is a folder");
    let mending = CheckOptions { repair_from: Some(&bucket), ..options };
    let mended = store.check(&mending, &Silent).expect("it can be mended");
    assert!(mended.faults.iter().all(|fault| fault.mended), "{:?}", mended.faults);
    assert_eq!(restored(&store, &broken).expect("it is whole again"), made(1).bytes());
}

/// A copy is taken by what it is, not by the size of what it replaces; and what is whole is not made worse.
#[test]
fn a_pack_that_is_shorter_longer_or_gone_is_mended_from_a_copy() {
    type Damage = fn(&Path);
    let damages: [Damage; 4] = [
        |pack| fs::write(pack, &fs::read(pack).expect("it is there")[10..]).expect("it can be written"),
        |pack| {
            let bytes = fs::read(pack).expect("it is there");
            fs::write(pack, &bytes[..bytes.len() - 10]).expect("it can be written");
        },
        |pack| {
            let bytes = fs::read(pack).expect("it is there");
            fs::write(pack, [&bytes[..], &bytes[..]].concat()).expect("it can be written");
        },
        |pack| fs::remove_file(pack).expect("it is there"),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let added = add(&open(folder.path()), &made(1), &AddOptions::default()).expect("it is stored");
        let pack = files(&folder.path().join("packs")).remove(0);
        let copy = tempfile::tempdir().expect("a folder can be made");
        let target = copy.path().join(pack.strip_prefix(folder.path()).expect("it lies below"));
        fs::create_dir_all(target.parent().expect("it has one")).expect("it can be made");
        fs::copy(&pack, target).expect("it can be copied");
        damage(&pack);
        let bucket = Bucket::folder(copy.path()).expect("it is a folder");
        let manifests = [added.manifest];
        let options = CheckOptions { manifests: &manifests, sample: 1.0, ..CheckOptions::default() };
        let mending = CheckOptions { repair_from: Some(&bucket), ..options };
        let mended = open(folder.path()).check(&mending, &Silent).expect("it can be mended");
        assert!(mended.faults.iter().all(|fault| fault.mended), "damage {number}: {:?}", mended.faults);
        assert_eq!(mended.faults.len(), 1, "damage {number}: {:?}", mended.faults);
        let store = open(folder.path());
        let manifest = store.manifest(&added.manifest).expect("it is there");
        assert_eq!(restored(&store, &manifest).expect("it is whole"), made(1).bytes(), "damage {number}");
    }
}

#[test]
fn every_byte_of_a_small_store_matters_and_none_brings_it_down() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let made = Made { head: noise(5, 300), ..Made::default() };
    let added = add(&open(folder.path()), &made, &AddOptions::default()).expect("it is stored");
    for file in files(folder.path()) {
        let whole = fs::read(&file).expect("it is there");
        for byte in 0..whole.len() {
            flip(&file, byte);
            let store = open(folder.path());
            let read = store.manifest(&added.manifest).and_then(|manifest| restored(&store, &manifest));
            // What a pack's own index and header say is not read where the index file beside it is whole.
            assert!(
                read.is_err() || read.is_ok_and(|bytes| bytes == made.bytes()),
                "{}: {byte}",
                file.display()
            );
            let options =
                CheckOptions { manifests: &[added.manifest], sample: 1.0, ..CheckOptions::default() };
            let _ = store.check(&options, &Silent);
            fs::write(&file, &whole).expect("it can be written");
        }
        for length in (0..whole.len()).step_by(7) {
            fs::write(&file, &whole[..length]).expect("it can be written");
            let store = open(folder.path());
            let read = store.manifest(&added.manifest).and_then(|manifest| restored(&store, &manifest));
            assert!(
                read.is_err() || read.is_ok_and(|bytes| bytes == made.bytes()),
                "{}: {length}",
                file.display()
            );
        }
        fs::write(&file, &whole).expect("it can be written");
    }
}

#[test]
fn an_index_that_is_gone_is_made_anew_from_its_pack() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let added = add(&open(folder.path()), &made(1), &AddOptions::default()).expect("it is stored");
    fs::remove_file(files(&folder.path().join("indexes")).remove(0)).expect("it is there");
    let store = open(folder.path());
    let manifest = store.manifest(&added.manifest).expect("it is there");
    let error = restored(&store, &manifest).expect_err("nothing says where the object is");
    assert!(matches!(error, StoreError::MissingObject { .. }), "{error}");
    let empty = tempfile::tempdir().expect("a folder can be made");
    let bucket = Bucket::folder(empty.path()).expect("it is a folder");
    let options = CheckOptions { repair_from: Some(&bucket), ..CheckOptions::default() };
    store.check(&options, &Silent).expect("it can be mended");
    assert_eq!(restored(&store, &manifest).expect("it is whole again"), made(1).bytes());
}

#[test]
fn a_damaged_index_stops_nobody_and_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = open(folder.path());
    let first = add(&store, &made(1), &AddOptions::default()).expect("it is stored");
    let second = add(&store, &made(2), &AddOptions::default()).expect("it is stored");
    let index = files(&folder.path().join("indexes")).remove(0);
    let whole = fs::read(&index).expect("it can be read");
    for length in [whole.len(), whole.len() / 2, 0] {
        fs::write(&index, &whole[..length]).expect("it can be written");
        if length == whole.len() {
            flip(&index, 20);
        }
        let store = open(folder.path());
        for (added, seed) in [(&first, 1), (&second, 2)] {
            let manifest = store.manifest(&added.manifest).expect("it is there");
            assert_eq!(restored(&store, &manifest).expect("its pack says the same"), made(seed).bytes());
        }
        let checked = store.check(&CheckOptions::default(), &Silent).expect("it can be looked at");
        let [fault] = checked.faults.as_slice() else { panic!("{:?}", checked.faults) };
        assert!(fault.mended && fault.problem.starts_with("its index is damaged"), "{fault:?}");
        assert_eq!(fs::read(&index).expect("it is there"), whole);
    }
}

#[test]
fn a_manifest_is_mended_from_a_copy() {
    let [folder, copy] = [(), ()].map(|()| tempfile::tempdir().expect("a folder can be made"));
    let added = add(&open(folder.path()), &made(1), &AddOptions::default()).expect("it is stored");
    add(&open(copy.path()), &made(1), &AddOptions::default()).expect("it is stored");
    let manifest = files(&folder.path().join("manifests")).remove(0);
    let bucket = Bucket::folder(copy.path()).expect("it is a folder");
    let manifests = [added.manifest];
    let look = |repair_from| {
        let options = CheckOptions { manifests: &manifests, repair_from, ..CheckOptions::default() };
        open(folder.path()).check(&options, &Silent).expect("it can be looked at").faults
    };
    flip(&manifest, 5);
    for damage in ["are not what its name says", "is missing"] {
        let [fault] = look(None).try_into().expect("one is wrong");
        assert!(!fault.mended && fault.problem.contains(damage), "{fault:?}");
        let [fault] = look(Some(&bucket)).try_into().expect("one was wrong");
        assert!(fault.mended && fault.affects == manifests, "{fault:?}");
        assert!(look(None).is_empty());
        fs::remove_file(&manifest).expect("it is there");
    }
}
