//! Keys of openssl, vectors of the standards, and texts that are no keys.

use proptest::prelude::*;

use super::*;

/// `openssl ecparam -name prime256v1 -genkey`: the parameters of the curve come first.
const P256_SEC1: &str = include_str!("../../tests/keys/p256-sec1.pem");
const P256_PUBLIC: &str = include_str!("../../tests/keys/p256-public.pem");
/// The same key by `openssl pkey`.
const P256_PKCS8: &str = include_str!("../../tests/keys/p256-pkcs8.pem");
const P384_SEC1: &str = include_str!("../../tests/keys/p384-sec1.pem");
const P384_PKCS8: &str = include_str!("../../tests/keys/p384-pkcs8.pem");
const P384_PUBLIC: &str = include_str!("../../tests/keys/p384-public.pem");
/// `openssl genpkey -algorithm ed25519`.
const ED25519_PKCS8: &str = include_str!("../../tests/keys/ed25519-pkcs8.pem");
const ED25519_PUBLIC: &str = include_str!("../../tests/keys/ed25519-public.pem");
/// What we do not sign with.
const P521: &str = include_str!("../../tests/keys/p521-pkcs8.pem");
const ENCRYPTED: &str = include_str!("../../tests/keys/p256-encrypted.pem");

#[test]
fn every_form_of_a_key_is_the_same_key() {
    for (private, public, algorithm) in [
        (P256_SEC1, P256_PUBLIC, Algorithm::P256),
        (P256_PKCS8, P256_PUBLIC, Algorithm::P256),
        (P384_SEC1, P384_PUBLIC, Algorithm::P384),
        (P384_PKCS8, P384_PUBLIC, Algorithm::P384),
        (ED25519_PKCS8, ED25519_PUBLIC, Algorithm::Ed25519),
    ] {
        let key = PrivateKey::from_pem(private).unwrap();
        let public_key = PublicKey::from_pem(public).unwrap();
        assert_eq!((key.algorithm(), public_key.algorithm()), (algorithm, algorithm));
        assert_eq!(key.public_key(), public_key);
        // What sha256sum prints for the file of openssl.
        assert_eq!(public_key.to_pem(), public);
        assert_eq!(public_key.hint(), crate::Sha256::of(public.as_bytes()));
        let again = PrivateKey::from_pem(&key.to_pem()).unwrap();
        let signature = again.sign(b"message");
        assert!(public_key.verify(b"message", &signature));
        assert!(!public_key.verify(b"massage", &signature));
        assert_eq!(signature, key.sign(b"message"), "signing is deterministic");
    }
}

#[test]
fn line_ends_of_windows_and_text_around_the_block_do_not_matter() {
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    let text = format!("a key\r\n{}\r\nmore", P256_PUBLIC.replace('\n', "\r\n"));
    assert_eq!(PublicKey::from_pem(&text).unwrap().hint(), public.hint());
}

/// RFC 6979, A.2.5: P-256, SHA-256, message "sample".
#[test]
fn the_vector_of_rfc_6979() {
    let secret =
        crate::hex::decode("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").unwrap();
    let key = PrivateKey::generate_p256(secret.try_into().unwrap());
    let expected = concat!(
        "3046",
        "022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
    assert_eq!(crate::hex::encode(&key.sign(b"sample")), expected);
}

/// RFC 8032, 7.1, test 2.
#[test]
fn the_vector_of_rfc_8032() {
    let secret =
        crate::hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let key = PrivateKey::generate_ed25519(secret.try_into().unwrap());
    let expected = concat!(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
    assert_eq!(crate::hex::encode(&key.sign(&[0x72])), expected);
}

#[test]
fn randomness_that_is_no_secret_is_hashed() {
    // Zero, and a number above the order of the curve.
    for randomness in [[0; 32], [255; 32]] {
        let key = PrivateKey::generate_p256(randomness);
        assert!(key.public_key().verify(b"m", &key.sign(b"m")));
    }
    assert_ne!(
        PrivateKey::generate_p256([0; 32]).public_key(),
        PrivateKey::generate_p256([255; 32]).public_key()
    );
}

#[test]
fn both_forms_of_an_ecdsa_signature_hold_and_raw_ones_do_not() {
    let key = PrivateKey::from_pem(P256_PKCS8).unwrap();
    let der = key.sign(b"message");
    let signature = p256::ecdsa::Signature::from_der(&der).unwrap();
    let other =
        p256::ecdsa::Signature::from_scalars(signature.r().to_bytes(), (-*signature.s()).to_bytes()).unwrap();
    assert!(key.public_key().verify(b"message", other.to_der().as_bytes()));
    assert!(!key.public_key().verify(b"message", &signature.to_bytes()));
}

#[test]
fn what_is_no_key_is_refused_by_what_it_is() {
    let private = |text: &str| PrivateKey::from_pem(text).unwrap_err().to_string();
    assert_eq!(private(ENCRYPTED), KeyError::Encrypted.to_string());
    assert!(
        private(P521).contains("algorithm 1.3.132.0.35: expected P-256, P-384 or Ed25519"),
        "{}",
        private(P521)
    );
    assert!(private(P256_PUBLIC).contains("holds `PUBLIC KEY`: expected `PRIVATE KEY`"));
    assert!(private("").contains("got no block"));
    assert!(private("-----BEGIN PRIVATE KEY").contains("got an unfinished line"));
    assert!(private("-----BEGIN PRIVATE KEY-----\nAAAA\n").contains("got no end"));
    assert!(private(&"x".repeat(70_000)).contains("has 70000 bytes"));
    let wrong = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(private(wrong), "private key is not a valid PKCS#8 key");
    let public = |text: &str| PublicKey::from_pem(text).unwrap_err().to_string();
    assert!(public(P256_PKCS8).contains("public key holds `PRIVATE KEY`: expected `PUBLIC KEY`"));
}

#[test]
fn nothing_prints_a_secret() {
    let key = PrivateKey::from_pem(P256_PKCS8).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(ECDSA P-256, secret)");
}

proptest! {
    /// A changed byte gives an error or the same kind of key, and never a panic.
    #[test]
    fn damaged_keys_never_panic(place in 0..240_usize, byte in 0..=127_u8) {
        for text in [P256_PKCS8, P256_SEC1, ED25519_PKCS8, P256_PUBLIC, ED25519_PUBLIC] {
            let mut bytes = text.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            let text = String::from_utf8(bytes).unwrap();
            let _ = PrivateKey::from_pem(&text);
            let _ = PublicKey::from_pem(&text);
        }
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else(
        seed: [u8; 32], message: Vec<u8>, other: Vec<u8>, ed25519: bool,
    ) {
        let key = if ed25519 { PrivateKey::generate_ed25519(seed) } else { PrivateKey::generate_p256(seed) };
        let signature = key.sign(&message);
        prop_assert!(key.public_key().verify(&message, &signature));
        prop_assert_eq!(key.public_key().verify(&other, &signature), other == message);
        prop_assert!(!key.public_key().verify(&message, &other));
    }
}
