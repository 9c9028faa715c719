//! Whatever was stored comes back byte for byte, and what is stored already costs nothing.

use proptest::prelude::*;
use reproof_progress::Silent;
use reproof_store::{AddOptions, Bucket, Store, StoreError};

use crate::support::{Made, Place, Tensor, add, add_changed, float_bytes, noise, restored, weights};

fn tensor(name: &str, dtype: &'static str, bytes: Vec<u8>) -> Tensor {
    Tensor { name: name.into(), dtype, bytes }
}

fn model() -> Made {
    let tensors = vec![
        tensor("large", "F32", float_bytes(&weights(1, 700_000))),
        tensor("small", "F32", float_bytes(&weights(2, 20))),
        tensor("empty", "F32", Vec::new()),
        tensor("odd", "U8", noise(3, 1_048_577)),
    ];
    Made { head: b"{\"a header\": 1}".to_vec(), tensors, tail: noise(4, 600_000) }
}

#[test]
fn a_file_comes_back_byte_for_byte_from_a_folder() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let bucket = || Bucket::folder(folder.path()).expect("it is a folder");
    let added = add(&Store::new(bucket()), &model(), &AddOptions::default()).expect("it is stored");
    assert_eq!(added.size, model().bytes().len() as u64);
    // Another process knows the digest only.
    let store = Store::new(bucket());
    let manifest = store.manifest(&added.manifest).expect("it is there");
    assert_eq!(restored(&store, &manifest).expect("it is restored"), model().bytes());
}

#[test]
fn storing_again_writes_nothing() {
    let store = Place::sound().store();
    let first = add(&store, &model(), &AddOptions::default()).expect("it is stored");
    let again =
        add(&store, &model(), &AddOptions { session: 1, ..AddOptions::default() }).expect("it is stored");
    assert_eq!((again.manifest, again.new, again.written), (first.manifest, 0, 0));
    assert!(first.written > 0);
}

#[test]
fn another_layout_of_the_same_tensors_costs_its_head_only() {
    let store = Place::sound().store();
    let first = add(&store, &model(), &AddOptions::default()).expect("it is stored");
    let mut other = model();
    other.tensors.reverse();
    other.head = noise(9, 5000);
    let second =
        add(&store, &other, &AddOptions { session: 1, ..AddOptions::default() }).expect("it is stored");
    assert_eq!(second.new, 5000);
    assert!(second.written < 8000 && first.written > 3_000_000, "{} bytes", second.written);
    let manifest = store.manifest(&second.manifest).expect("it is there");
    assert_eq!(restored(&store, &manifest).expect("it is restored"), other.bytes());
}

#[test]
fn an_interrupted_restore_goes_on_and_mends_what_is_wrong() {
    let store = Place::sound().store();
    let added = add(&store, &model(), &AddOptions::default()).expect("it is stored");
    let manifest = store.manifest(&added.manifest).expect("it is there");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("file");
    let mut half = model().bytes();
    let middle = half.len() / 2;
    half[middle..].fill(0);
    std::fs::write(&path, half).expect("it can be written");
    store.restore(&manifest.files, &path, &Silent).expect("it is restored");
    assert_eq!(std::fs::read(&path).expect("it is there"), model().bytes());
}

#[test]
fn what_was_restored_and_changed_since_is_named_with_its_place() {
    let store = Place::sound().store();
    let added = add(&store, &model(), &AddOptions::default()).expect("it is stored");
    let manifest = store.manifest(&added.manifest).expect("it is there");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("file");
    store.restore(&manifest.files, &path, &Silent).expect("it is restored");
    store.check_restored(&manifest.files, &path).expect("it is what was stored");
    let mut bytes = model().bytes();
    bytes[1_000_000] ^= 1;
    std::fs::write(&path, bytes).expect("it can be written");
    let error = store.check_restored(&manifest.files, &path).expect_err("one byte is another");
    let (StoreError::Damaged { key, problem, .. }, head) = (&error, model().head.len()) else {
        panic!("{error}")
    };
    assert!(key.starts_with("object blob-v1:"), "{key}");
    assert!(
        problem.starts_with(&format!("its bytes are not what its name says (for byte {head} of ")),
        "{problem}"
    );
}

#[test]
fn a_file_that_changed_since_it_was_hashed_is_refused_and_leaves_nothing() {
    let (whole, made) = (model().bytes(), model());
    let head = made.head.len();
    let ends = [0, head + 5, whole.len() - 5];
    let edited = ends.map(|place| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    });
    let other_lengths = [whole[..whole.len() - 1].to_vec(), [whole.as_slice(), b"more"].concat()];
    for bytes in edited.iter().chain(&other_lengths) {
        let store = Place::sound().store();
        let error = add_changed(&store, &made, bytes, &AddOptions::default()).expect_err("it changed");
        assert!(matches!(error, StoreError::Changed { .. }), "{error}");
        let mut manifests = 0;
        store.bucket().list("manifests", |_| manifests += 1).expect("it can be listed");
        assert_eq!(manifests, 0);
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let store = Place::sound().store();
    let added = add(&store, &model(), &AddOptions::default()).expect("it is stored");
    let manifest = store.manifest(&added.manifest).expect("it is there");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "mine").expect("it can be written");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&victim, &link).expect("a link can be made");
    let error = store.restore(&manifest.files, &link, &Silent).expect_err("a link is refused");
    assert!(error.to_string().contains("could not write"), "{error}");
    assert_eq!(std::fs::read(&victim).expect("it is there"), b"mine");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_file_comes_back(
        head in proptest::collection::vec(any::<u8>(), 0..400),
        sizes in proptest::collection::vec((0..300_000_usize, prop::sample::select(vec!["F32", "BF16", "U8", "I64"])), 0..5),
        tail in proptest::collection::vec(any::<u8>(), 0..400),
        seed in any::<u64>(),
    ) {
        let tensors = sizes.iter().enumerate().map(|(index, (length, dtype))| {
            tensor(&format!("t{index}"), dtype, noise(seed ^ index as u64, *length))
        });
        let made = Made { head, tensors: tensors.collect(), tail };
        let store = Place::sound().store();
        let added = add(&store, &made, &AddOptions::default()).expect("it is stored");
        let manifest = store.manifest(&added.manifest).expect("it is there");
        prop_assert_eq!(restored(&store, &manifest).expect("it is restored"), made.bytes());
    }
}
