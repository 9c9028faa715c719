//! The encoding of the specification, bundles of others, and bundles that lie.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::key::{PrivateKey, PublicKey};

fn key() -> PrivateKey {
    PrivateKey::generate_p256([5; 32])
}

/// How a bundle is made into another one.
type Change = fn(&mut Value);

fn signed() -> Value {
    let bundle = Bundle::sign(IN_TOTO, b"{}".to_vec(), &key()).unwrap();
    serde_json::from_slice(&bundle.to_json()).unwrap()
}

fn parse(value: &Value) -> Result<Bundle, BundleError> {
    Bundle::parse(value.to_string().as_bytes())
}

/// The example of DSSE's protocol.md, and what it says of lengths in bytes.
#[test]
fn the_encoding_is_that_of_the_specification() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("\u{e9}", b""), b"DSSEv1 2 \xc3\xa9 0 ");
}

#[test]
fn a_bundle_has_the_members_that_stock_readers_want() {
    let hint = key().public_key().hint().to_string();
    let text = signed();
    assert_eq!(text["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    assert_eq!(text["verificationMaterial"], json!({ "publicKey": { "hint": hint }, "tlogEntries": [] }));
    assert_eq!(text["dsseEnvelope"]["payload"], "e30=");
    assert_eq!(text["dsseEnvelope"]["payloadType"], "application/vnd.in-toto+json");
    assert_eq!(text["dsseEnvelope"]["signatures"][0]["keyid"], "");
    assert_eq!(text["dsseEnvelope"]["signatures"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_hint_tells_which_key_made_a_signature_that_gives_away_a_few() {
    for private in
        [include_str!("../../tests/keys/p256-sec1.pem"), include_str!("../../tests/keys/p384-sec1.pem")]
    {
        let key = PrivateKey::from_pem(private).unwrap();
        let hint = key.public_key().hint().to_string();
        for payload in 0..20_u8 {
            let mut bundle = Bundle::sign(IN_TOTO, vec![payload], &key).unwrap();
            assert_eq!(bundle.key_of(&hint), Some(key.public_key()));
            assert_eq!(bundle.key_of(&self::key().public_key().hint().to_string()), None);
            bundle.envelope.payload.push(0);
            assert_eq!(bundle.key_of(&hint), None);
        }
    }
    let key = PrivateKey::generate_ed25519([3; 32]);
    let bundle = Bundle::sign(IN_TOTO, b"{}".to_vec(), &key).unwrap();
    assert_eq!(bundle.key_of(&key.public_key().hint().to_string()), None);
}

#[test]
fn forms_that_others_write_are_read() {
    let public = key().public_key();
    let changes: [(&str, Change); 8] = [
        ("no log entries", |b| {
            drop(b["verificationMaterial"].as_object_mut().unwrap().remove("tlogEntries"));
        }),
        ("log entries", |b| b["verificationMaterial"]["tlogEntries"] = json!([{ "logIndex": "1" }])),
        ("time stamps", |b| b["verificationMaterial"]["timestampVerificationData"] = json!({})),
        ("no key id", |b| drop(b["dsseEnvelope"]["signatures"][0].as_object_mut().unwrap().remove("keyid"))),
        ("null key id", |b| b["dsseEnvelope"]["signatures"][0]["keyid"] = Value::Null),
        ("a key itself", |b| {
            b["verificationMaterial"]["publicKey"] = json!({ "rawBytes": "AA==", "keyDetails": "PKIX" });
        }),
        ("an empty hint", |b| b["verificationMaterial"]["publicKey"] = json!({ "hint": "" })),
        ("a second signature", |b| {
            b["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(json!({ "sig": "AAAA" }));
        }),
    ];
    for (name, change) in changes {
        let mut text = signed();
        change(&mut text);
        let bundle = parse(&text).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(bundle.verify(&public), Ok(&b"{}"[..]), "{name}");
        assert_eq!(bundle.unchecked_log_entries, usize::from(name == "log entries"), "{name}");
    }
}

#[test]
fn what_is_no_bundle_is_refused_by_what_is_wrong() {
    let changes: [(&str, Change); 14] = [
        ("expected `application/vnd.dev.sigstore.bundle.v0.3+json`", |b| {
            b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.3".into();
        }),
        ("unknown field `extra`", |b| b["extra"] = json!(1)),
        ("unknown field `other`", |b| b["verificationMaterial"]["other"] = json!(1)),
        ("missing field `verificationMaterial`", |b| {
            drop(b.as_object_mut().unwrap().remove("verificationMaterial"));
        }),
        ("names its signer nowhere", |b| b["verificationMaterial"] = json!({})),
        ("names its signer more than once", |b| b["verificationMaterial"]["certificate"] = json!({})),
        ("payload of the bundle is not base64", |b| b["dsseEnvelope"]["payload"] = "e30".into()),
        ("payload of the bundle is not base64", |b| b["dsseEnvelope"]["payload"] = "_-==".into()),
        // The last characters of a block may not carry bits that are dropped.
        ("payload of the bundle is not base64", |b| b["dsseEnvelope"]["payload"] = "e31=".into()),
        ("signature of the bundle is not base64", |b| b["dsseEnvelope"]["signatures"][0]["sig"] = "*".into()),
        ("has no signature", |b| b["dsseEnvelope"]["signatures"] = json!([])),
        ("a list of at most 16 entries", |b| {
            b["dsseEnvelope"]["signatures"] = json!(vec![json!({ "sig": "" }); 17]);
        }),
        ("signature of the bundle has 1026 bytes: expected at most 1024", |b| {
            b["dsseEnvelope"]["signatures"][0]["sig"] = "A".repeat(1368).into();
        }),
        ("key hint of the bundle has 2000 bytes", |b| {
            b["verificationMaterial"]["publicKey"]["hint"] = "a".repeat(2000).into();
        }),
    ];
    for (expected, change) in changes {
        let mut text = signed();
        change(&mut text);
        let error = parse(&text).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let message = format!("{error}: {source}");
        assert!(message.contains(expected), "expected `{expected}`, got `{message}`");
    }
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let long = vec![b' '; BUNDLE_LIMIT + 1];
    assert!(matches!(Bundle::parse(&long), Err(BundleError::TooLong { .. })));
    let error = Bundle::sign(IN_TOTO, vec![0; PAYLOAD_LIMIT + 1], &key()).unwrap_err();
    assert!(matches!(error, BundleError::Field { field: "payload", limit: PAYLOAD_LIMIT, .. }), "{error}");
    // Lists in lists: the parser stops before the stack does.
    let nested =
        format!(r#"{{"mediaType":"","verificationMaterial":{{"tlogEntries":{}"#, "[".repeat(100_000));
    assert!(matches!(Bundle::parse(nested.as_bytes()), Err(BundleError::Json(_))));
    let doubled = signed().to_string().replacen('{', r#"{"mediaType":"x","#, 1);
    assert!(matches!(Bundle::parse(doubled.as_bytes()), Err(BundleError::Json(_))), "a member twice");
}

#[test]
fn a_signature_holds_for_its_payload_type_and_key_only() {
    let public = key().public_key();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut text = signed();
        change(&mut text);
        parse(&text).unwrap().verify(&public).map(<[u8]>::to_vec)
    };
    assert_eq!(changed(&|_| ()), Ok(b"{}".to_vec()));
    assert_eq!(changed(&|b| b["dsseEnvelope"]["payload"] = "e30K".into()), Err(VerifyError::Signature));
    assert_eq!(
        changed(&|b| b["dsseEnvelope"]["payloadType"] = "text/plain".into()),
        Err(VerifyError::Signature)
    );
    let bogus_first = |b: &mut Value| {
        b["dsseEnvelope"]["signatures"].as_array_mut().unwrap().insert(0, json!({ "sig": "AAAA" }));
    };
    assert_eq!(changed(&bogus_first), Err(VerifyError::Signature));
    let certificate =
        |b: &mut Value| b["verificationMaterial"] = json!({ "certificate": { "rawBytes": "" } });
    assert_eq!(changed(&certificate), Err(VerifyError::Certificate));

    let other = PrivateKey::generate_p256([6; 32]).public_key();
    let named = parse(&signed()).unwrap();
    let expected =
        VerifyError::OtherKey { expected: other.hint().to_string(), got: public.hint().to_string() };
    assert_eq!(named.verify(&other), Err(expected));
    let mut text = signed();
    text["verificationMaterial"]["publicKey"] = json!({});
    assert_eq!(parse(&text).unwrap().verify(&other), Err(VerifyError::Signature));
    let upper = |b: &mut Value| {
        let hint = b["verificationMaterial"]["publicKey"]["hint"].as_str().unwrap().to_uppercase();
        b["verificationMaterial"]["publicKey"]["hint"] = hint.into();
    };
    assert!(matches!(changed(&upper), Err(VerifyError::OtherKey { .. })));
}

#[test]
fn every_algorithm_signs_bundles() {
    let p384 = PrivateKey::from_pem(include_str!("../../tests/keys/p384-pkcs8.pem")).unwrap();
    let public = PublicKey::from_pem(include_str!("../../tests/keys/p384-public.pem")).unwrap();
    let bundle = Bundle::sign("a", vec![1], &p384).unwrap();
    assert_eq!(bundle.verify(&public), Ok(&[1][..]));
    let ed25519 = PrivateKey::generate_ed25519([1; 32]);
    let bundle = Bundle::sign("a", vec![1], &ed25519).unwrap();
    assert_eq!(bundle.verify(&ed25519.public_key()), Ok(&[1][..]));
}

proptest! {
    #[test]
    fn bundles_are_read_back(payload: Vec<u8>, kind in ".{0,40}", seed: [u8; 32]) {
        let key = PrivateKey::generate_ed25519(seed);
        let bundle = Bundle::sign(&kind, payload.clone(), &key).unwrap();
        let read = Bundle::parse(&bundle.to_json()).unwrap();
        prop_assert_eq!(&read, &bundle);
        prop_assert_eq!(read.verify(&key.public_key()), Ok(payload.as_slice()));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let _ = Bundle::parse(&bytes);
    }

    /// Whatever byte of a bundle is changed, its payload is never believed to be another one.
    #[test]
    fn a_damaged_bundle_never_says_something_else(place: prop::sample::Index, byte: u8) {
        let mut bytes = signed().to_string().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(bundle) = Bundle::parse(&bytes)
            && let Ok(payload) = bundle.verify(&key().public_key())
        {
            prop_assert_eq!(payload, b"{}");
        }
    }
}
