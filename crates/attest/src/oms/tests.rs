//! What is signed, and how files that differ are told apart.

use std::ops::Range;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::dsse::{Bundle, IN_TOTO, VerifyError};
use crate::key::PrivateKey;

fn key() -> PrivateKey {
    PrivateKey::generate_p256([9; 32])
}

fn file(path: &str, content: &str) -> File {
    File { path: path.to_owned(), size: content.len() as u64, sha256: Sha256::of(content.as_bytes()) }
}

fn model() -> Vec<File> {
    // Their order by code points is neither the order here nor that of path components.
    vec![file("a/b", "1"), file("a-b", "2"), file("é", "3"), file("z", ""), file("sub/.git/HEAD", "4")]
}

fn verify_files(bundle: &Bundle, files: &[File], options: &Options) -> Outcome {
    let mut listing = Listing::new(files);
    let found = listing.found();
    verify(bundle, &key().public_key(), found, options, &mut listing)
}

fn compared(bundle: &Bundle, files: &[File]) -> Comparison {
    let options = Options { ignore: Ignore::at_verification(None), permit_unsigned: false };
    match verify_files(bundle, files, &options) {
        Outcome::Compared(comparison) => comparison,
        Outcome::Refused(refusal) => panic!("{refusal}"),
    }
}

/// Signs any payload, as a signer of another make would.
fn foreign(statement: &Value) -> Bundle {
    Bundle::sign(IN_TOTO, statement.to_string().into_bytes(), &key()).unwrap()
}

/// A statement of another signer over these resources, with the right root.
fn statement_of(serialization: &Value, resources: &[(&str, &str, Vec<u8>)]) -> Value {
    let root = Sha256::of(&resources.iter().flat_map(|(_, _, digest)| digest.clone()).collect::<Vec<u8>>());
    let resources: Vec<Value> = resources
        .iter()
        .map(|(name, algorithm, digest)| {
            json!({ "name": name, "algorithm": algorithm, "digest": crate::hex::encode(digest) })
        })
        .collect();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "model", "digest": { "sha256": root } }],
        "predicateType": PREDICATE_TYPE,
        "predicate": { "serialization": serialization, "resources": resources },
    })
}

fn files_method() -> Value {
    json!({ "method": "files", "hash_type": "sha256", "allow_symlinks": false })
}

#[test]
fn a_manifest_lists_files_in_the_order_of_code_points() {
    let ignore = Ignore::at_signing(Some("model.sig"));
    let payload = statement("model", &model(), &ignore).unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let resources = statement["predicate"]["resources"].as_array().unwrap();
    let names: Vec<&str> = resources.iter().map(|resource| resource["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a-b", "a/b", "sub/.git/HEAD", "z", "é"]);
    assert_eq!(
        statement["subject"],
        json!([{ "name": "model", "digest": { "sha256": root(&model(), &ignore).unwrap() } }])
    );
    assert_eq!(
        statement["predicate"]["serialization"],
        json!({
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": false,
            "ignore_paths": [
                ".git", ".gitattributes", ".github", ".gitignore", "model.sig",
                "reproof/evidence", "reproof/history", "reproof/trajectory",
            ],
        })
    );
    let root_bytes: Vec<u8> = ["2", "1", "4", "", "3"]
        .iter()
        .flat_map(|content| *Sha256::of(content.as_bytes()).as_bytes())
        .collect();
    assert_eq!(root(&model(), &ignore).unwrap(), Sha256::of(&root_bytes));
}

#[test]
fn evidence_grows_and_the_signature_holds() {
    let bundle = sign("model", &model(), &Ignore::at_signing(Some("model.sig")), &key()).unwrap();
    let mut files = model();
    files.extend([
        file("reproof/evidence/1.sigstore.json", "x"),
        file(".git/HEAD", "x"),
        file("model.sig", "x"),
    ]);
    let comparison = compared(&bundle, &files);
    assert!(comparison.holds(), "{comparison:?}");
    assert_eq!(comparison.unchanged, 5);
    assert_eq!(comparison.ignored, [".git/HEAD", "model.sig", "reproof/evidence/1.sigstore.json"]);
    // What was recorded is not evidence.
    files.push(file("reproof/contract.json", "x"));
    assert_eq!(compared(&bundle, &files).extra, ["reproof/contract.json"]);
}

#[test]
fn every_difference_is_named() {
    let bundle = sign("model", &model(), &Ignore::at_signing(None), &key()).unwrap();
    let files = vec![
        file("a/b", "1"),
        file("a-b", "other"),
        file("é", "3"),
        file("sub/.git/HEAD", "4"),
        file("new", ""),
    ];
    let comparison = compared(&bundle, &files);
    assert!(!comparison.holds());
    assert_eq!(comparison.unchanged, 3);
    assert_eq!(
        (comparison.missing.as_slice(), comparison.extra.as_slice()),
        (&["z".to_owned()][..], &["new".to_owned()][..])
    );
    assert_eq!(comparison.changed[0].path, "a-b");
    assert_eq!(comparison.changed[0].found, format!("sha256 {}", Sha256::of(b"other")));

    let permitted = Options { permit_unsigned: true, ..Options::default() };
    let mut files = model();
    files.push(file("new", ""));
    let Outcome::Compared(comparison) = verify_files(&bundle, &files, &permitted) else { panic!("refused") };
    assert!(comparison.holds());
    assert_eq!(comparison.permitted, ["new"]);
}

#[test]
fn a_model_of_one_file_is_called_dot() {
    let files = [file("", "weights")];
    let bundle = sign("model.onnx", &files, &Ignore::at_signing(None), &key()).unwrap();
    let statement: Value = serde_json::from_slice(&bundle.envelope.payload).unwrap();
    assert_eq!(statement["predicate"]["resources"][0]["name"], ".");
    assert!(compared(&bundle, &files).holds());
    assert_eq!(compared(&bundle, &[file("", "other")]).changed.len(), 1);
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let ignore = Ignore::at_signing(None);
    let refused = |name: &str, files: &[File]| sign(name, files, &ignore, &key()).unwrap_err().to_string();
    assert!(refused("", &model()).contains("model has no name"));
    assert!(refused("m", &[file(".git/HEAD", "")]).contains("has no file that is not ignored"));
    assert!(refused("m", &[file("a", "1"), file("a", "2")]).contains("two files `a`"));
    for path in ["/a", "a/", "a//b", "./a", "a/../b", "a\0"] {
        let error = sign("m", &[file(path, "")], &ignore, &key()).unwrap_err();
        assert!(matches!(error, SignError::Path(_)), "{path}");
    }
    let ed25519 = PrivateKey::generate_ed25519([1; 32]);
    assert!(
        sign("m", &model(), &ignore, &ed25519)
            .unwrap_err()
            .to_string()
            .contains("key is Ed25519: expected ECDSA")
    );
}

#[test]
fn another_key_a_changed_payload_and_another_kind_are_refusals() {
    let bundle = sign("m", &model(), &Ignore::at_signing(None), &key()).unwrap();
    let files = model();
    let other = PrivateKey::generate_p256([8; 32]).public_key();
    let mut listing = Listing::new(&files);
    let outcome = verify(&bundle, &other, listing.found(), &Options::default(), &mut listing);
    assert!(matches!(outcome, Outcome::Refused(Refusal::Key(VerifyError::OtherKey { .. }))));

    let mut changed = bundle.clone();
    changed.envelope.payload[20] ^= 1;
    let outcome = verify_files(&changed, &files, &Options::default());
    assert!(matches!(outcome, Outcome::Refused(Refusal::Key(VerifyError::Signature))));
    assert!(!outcome.holds());

    let text = Bundle::sign("text/plain", bundle.envelope.payload.clone(), &key()).unwrap();
    let outcome = verify_files(&text, &files, &Options::default());
    assert!(matches!(outcome, Outcome::Refused(Refusal::PayloadType { .. })));
}

#[test]
fn any_order_is_read() {
    let digest = |content: &str| Sha256::of(content.as_bytes()).as_bytes().to_vec();
    let mut resources =
        vec![("a/b", "sha256", digest("1")), ("a-b", "sha256", digest("2")), ("é", "sha256", digest("3"))];
    for _ in 0..2 {
        let bundle = foreign(&statement_of(&files_method(), &resources));
        assert!(compared(&bundle, &[file("a/b", "1"), file("a-b", "2"), file("é", "3")]).holds());
        resources.reverse();
    }
}

#[test]
fn other_hashes_and_shards_are_compared_where_their_digests_can_be_had() {
    let content = b"0123456789";
    let mut asked = Vec::new();
    for (algorithm, method, pieces) in [
        (Algorithm::Blake3, json!({ "method": "files", "hash_type": "blake3" }), vec![("m", 0..10)]),
        (Algorithm::Blake2b, json!({ "method": "files", "hash_type": "blake2b" }), vec![("m", 0..10)]),
        (
            Algorithm::Sha256,
            // As the peer writes it: a float.
            json!({ "method": "shards", "hash_type": "sha256", "shard_size": 4.0 }),
            vec![("m:0:4", 0..4), ("m:4:8", 4..8), ("m:8:10", 8..10)],
        ),
    ] {
        let resources: Vec<_> = pieces
            .iter()
            .map(|(name, range)| (*name, algorithm.name(), algorithm.digest(&content[range.clone()])))
            .collect();
        let bundle = foreign(&statement_of(&method, &resources));
        let mut digests = |path: &str, range: Option<Range<u64>>, algorithm: Algorithm| {
            asked.push(path.to_owned());
            let range = range.map_or(0..10, |range| range.start as usize..range.end as usize);
            Ok(algorithm.digest(&content[range]))
        };
        let outcome = verify(&bundle, &key().public_key(), [("m", 10)], &Options::default(), &mut digests);
        assert!(outcome.holds(), "{algorithm}: {outcome:?}");
        // A list of SHA-256 of whole files does not know them.
        let unchecked = compared(&bundle, &[file("m", "0123456789")]);
        assert_eq!(unchecked.unchecked.len(), 1, "{algorithm}");
        assert!(!unchecked.holds());
    }
    assert_eq!(asked.len(), 5);
}

#[test]
fn a_sharded_file_of_another_length_is_changed_and_empty_ones_are_told() {
    let digest = Algorithm::Sha256.digest(b"0123");
    let method = json!({ "method": "shards", "hash_type": "sha256", "shard_size": 4 });
    let bundle = foreign(&statement_of(&method, &[("m:0:4", "sha256-sharded-4", digest)]));
    let mut digests = |_: &str, _: Option<Range<u64>>, algorithm: Algorithm| Ok(algorithm.digest(b"0123"));
    let outcome =
        verify(&bundle, &key().public_key(), [("m", 5), ("empty", 0)], &Options::default(), &mut digests);
    let Outcome::Compared(comparison) = outcome else { panic!("refused") };
    assert_eq!(
        (comparison.changed[0].expected.as_str(), comparison.changed[0].found.as_str()),
        ("4 bytes", "5 bytes")
    );
    assert_eq!(comparison.unlisted_empty, ["empty"]);
}

#[test]
fn manifests_that_lie_are_refused_by_what_is_wrong() {
    let digest = || Algorithm::Sha256.digest(b"");
    let one = || statement_of(&files_method(), &[("m", "sha256", digest())]);
    let shards = |names: &[&str]| {
        let method = json!({ "method": "shards", "hash_type": "sha256", "shard_size": 4 });
        let resources: Vec<_> = names.iter().map(|name| (*name, "sha256", digest())).collect();
        statement_of(&method, &resources)
    };
    let with = |pointer: &str, value: Value| {
        let mut statement = one();
        *statement.pointer_mut(pointer).unwrap() = value;
        statement
    };
    for (expected, statement) in [
        (
            "expected `https://in-toto.io/Statement/v1`",
            with("/_type", json!("https://in-toto.io/Statement/v0.1")),
        ),
        (
            "signed payload is a `https://model_signing/Digests/v0.1`",
            with("/predicateType", json!("https://model_signing/Digests/v0.1")),
        ),
        ("0 subjects", with("/subject", json!([]))),
        ("has the root 00", with("/subject/0/digest/sha256", json!("00"))),
        ("has method `chunks None`", with("/predicate/serialization/method", json!("chunks"))),
        ("has method `shards None`", with("/predicate/serialization/method", json!("shards"))),
        ("has algorithm `md5`", with("/predicate/serialization/hash_type", json!("md5"))),
        ("resource `m` has algorithm `blake3`", with("/predicate/resources/0/algorithm", json!("blake3"))),
        ("resource `m` has no sha256 digest", with("/predicate/resources/0/digest", json!("AA"))),
        ("has no usable name", with("/predicate/resources/0/name", json!(""))),
        ("has no usable name", with("/predicate/resources/0/name", json!("../m"))),
        ("lists no file", statement_of(&files_method(), &[])),
        (
            "`m` is listed twice",
            statement_of(&files_method(), &[("m", "sha256", digest()), ("m", "sha256", digest())]),
        ),
        ("not a manifest in JSON", json!({})),
        ("`m` is not a shard", shards(&["m"])),
        ("`m:4:8` is not a shard", shards(&["m:4:8"])),
        ("`m:0:5` is not a shard", shards(&["m:0:5"])),
        ("`m:+0:4` is not a shard", shards(&["m:+0:4"])),
        ("`m:0:0` is not a shard", shards(&["m:0:0"])),
        ("`m:2:6` is not a shard", shards(&["m:0:4", "m:2:6"])),
        ("`m:0:99999999999999999999` is not a shard", shards(&["m:0:99999999999999999999"])),
    ] {
        match verify_files(&foreign(&statement), &[], &Options::default()) {
            Outcome::Refused(refusal) => {
                assert!(refusal.to_string().contains(expected), "expected `{expected}`, got `{refusal}`");
            }
            Outcome::Compared(comparison) => panic!("expected `{expected}`, got {comparison:?}"),
        }
    }
}

#[test]
fn paths_with_colons_are_sharded_too() {
    let digest = Algorithm::Sha256.digest(b"0123");
    let method = json!({ "method": "shards", "hash_type": "sha256", "shard_size": 4 });
    let bundle = foreign(&statement_of(&method, &[("a:1:2:0:4", "sha256", digest)]));
    let mut digests = |_: &str, _: Option<Range<u64>>, algorithm: Algorithm| Ok(algorithm.digest(b"0123"));
    assert!(verify(&bundle, &key().public_key(), [("a:1:2", 4)], &Options::default(), &mut digests).holds());
}

proptest! {
    /// Whatever files a model has, its signature holds for them, and for no model that differs in one of them.
    #[test]
    fn a_signature_covers_every_file(
        paths in prop::collection::btree_set("[a-c.é]{1,3}(/[a-c]{1,2}){0,2}", 1..8),
        place: prop::sample::Index,
    ) {
        let valid = |path: &&String| path.split('/').all(|part| part != "." && part != "..");
        let files: Vec<File> = paths.iter().filter(valid).map(|path| file(path, path)).collect();
        prop_assume!(!files.is_empty());
        let bundle = sign("m", &files, &Ignore::at_signing(None), &key()).unwrap();
        let bundle = Bundle::parse(&bundle.to_json()).unwrap();
        let comparison = compared(&bundle, &files);
        prop_assert!(comparison.holds());
        prop_assert_eq!(comparison.unchanged, files.len() as u64);

        let mut without = files.clone();
        let removed = without.remove(place.index(files.len()));
        prop_assert_eq!(compared(&bundle, &without).missing, [removed.path.clone()]);
        without.push(file(&removed.path, "other"));
        prop_assert_eq!(&compared(&bundle, &without).changed[0].path, &removed.path);
    }

    #[test]
    fn no_payload_makes_the_reader_panic(payload in "[\\[\\]{}:,\"a-z0-9_./ -]{0,200}") {
        let _ = Manifest::parse(payload.as_bytes());
    }
}
