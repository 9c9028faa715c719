//! The same over a real connection: an S3-compatible server that the test starts.

use reproof_progress::Silent;
use reproof_store::{AddOptions, Bucket, CheckOptions, S3Options, Store, StoreError, probe};
use reproof_testing::{BUCKET, BucketServer};

use crate::support::{Made, Tensor, add, noise, restored};

fn options(server: &BucketServer) -> S3Options {
    S3Options {
        endpoint: Some(server.endpoint().to_owned()),
        access_key: Some(server.keys().0.into()),
        secret_key: Some(server.keys().1.into()),
        allow_http: true,
        ..S3Options::default()
    }
}

#[test]
fn a_service_that_ignores_conditions_is_refused() {
    let server = BucketServer::overwriting();
    let bucket = Bucket::s3(&format!("s3://{BUCKET}/team"), &options(&server)).expect("it is an address");
    let refused = probe(&bucket, "one").expect_err("nothing there is written once");
    assert!(refused.to_string().ends_with("(If-None-Match is ignored)"), "{refused}");
}

#[test]
fn requests_are_signed_and_a_wrong_key_is_told() {
    let server = BucketServer::signed();
    let open =
        |options: &S3Options| Bucket::s3(&format!("s3://{BUCKET}/team"), options).expect("it is an address");
    probe(&open(&options(&server)), "one").expect("it holds history");
    let wrong = S3Options { secret_key: Some("guessed".into()), ..options(&server) };
    let refused = probe(&open(&wrong), "two").expect_err("the signature is wrong");
    let shown = format!("{refused:?} {refused}");
    assert!(matches!(refused, StoreError::Bucket { .. }) && !shown.contains("guessed"), "{shown}");
    assert!(shown.contains("403"), "{shown}");
}

#[test]
fn a_bucket_is_probed_and_keeps_what_it_is_given() {
    let server = BucketServer::start();
    let open = |prefix: &str| {
        Bucket::s3(&format!("s3://{BUCKET}/{prefix}"), &options(&server)).expect("it is an address")
    };
    probe(&open("team"), "one").expect("it holds history");

    let tensors = vec![Tensor { name: "t".into(), dtype: "F32", bytes: noise(1, 5 << 20) }];
    let made = Made { head: noise(2, 700), tensors, tail: noise(3, 300_000) };
    let added = add(&Store::new(open("team")), &made, &AddOptions::default()).expect("it is stored");
    let store = Store::new(open("team"));
    let manifest = store.manifest(&added.manifest).expect("it is there");
    assert_eq!(restored(&store, &manifest).expect("it is restored"), made.bytes());
    let again =
        add(&store, &made, &AddOptions { session: 1, ..AddOptions::default() }).expect("it is stored");
    assert_eq!((again.new, again.written), (0, 0));
    let checking = CheckOptions { manifests: &[added.manifest], sample: 1.0, ..CheckOptions::default() };
    let checked = store.check(&checking, &Silent).expect("it can be looked at");
    assert!(checked.faults.is_empty() && checked.hashed > 0, "{checked:?}");
    // Another prefix is another store.
    let other = Store::new(open("other")).manifest(&added.manifest).expect_err("it is not there");
    assert!(matches!(other, StoreError::MissingManifest { .. }), "{other}");

    let address = server.endpoint().to_owned();
    drop(server);
    let lost = S3Options { endpoint: Some(address), ..options_without_server() };
    let bucket = Bucket::s3(&format!("s3://{BUCKET}/team"), &lost).expect("it is an address");
    let error = Store::new(bucket).manifest(&added.manifest).expect_err("nobody answers");
    assert!(matches!(error, StoreError::Bucket { .. }), "{error}");
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains("secret"), "{shown}");
}

fn options_without_server() -> S3Options {
    S3Options {
        access_key: Some("test".into()),
        secret_key: Some("secret".into()),
        allow_http: true,
        ..S3Options::default()
    }
}

#[test]
fn addresses_without_a_bucket_or_with_keys_are_refused() {
    for address in ["s3://", "http://bucket/prefix", "s3://key:secret@bucket/prefix"] {
        let error = Bucket::s3(address, &S3Options::default()).expect_err(address);
        assert!(error.to_string().contains("s3://BUCKET/PREFIX"), "{error}");
    }
}
