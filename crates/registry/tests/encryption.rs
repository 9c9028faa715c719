//! Connections to a PostgreSQL server that are encrypted: whom they trust, and what is told of whom they do not.
#![cfg(unix)]

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reproof_registry::{Error, Registry};
use reproof_testing::Postgres;

/// Who vouches for servers.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new(Vec::new()).expect("no names are valid ones");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(parameters, key).expect("a certificate")
}

/// A server with this name.
fn server(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> Postgres {
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(vec![name.to_owned()]).expect("a valid name");
    let certificate = parameters.signed_by(&key, authority).expect("a certificate");
    Postgres::start_encrypted(&certificate.pem(), &key.serialize_pem())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn written(folder: &Path, name: &str, authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, authority.pem()).expect("a file can be written");
    path.display().to_string()
}

/// What is told of a server that is not trusted: it is no matter of trying again.
#[track_caller]
fn distrust(url: &str) -> String {
    match Registry::create(url) {
        Err(Error::Database { problem, .. }) => problem,
        Err(error) => panic!("another error: {error:?}"),
        Ok(_) => panic!("the server is trusted"),
    }
}

#[test]
fn a_connection_is_encrypted_to_a_server_that_somebody_trusted_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    let server = server(&authority, "127.0.0.1");
    let roots = written(folder.path(), "roots.pem", &authority);
    for query in ["", "&sslmode=require", "&sslmode=verify-full"] {
        let url = format!("{}?sslrootcert={roots}{query}", server.database());
        let registry = Registry::create(&url).unwrap_or_else(|error| panic!("{query}: {error}"));
        let connections = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                           WHERE application_name = 'reproof' AND pg_stat_ssl.pid <> pg_backend_pid()";
        assert_eq!(server.sql("postgres", connections).trim(), "t", "{query}");
        drop(registry);
    }
}

#[test]
fn a_server_that_nobody_trusted_vouches_for_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&authority(), "127.0.0.1");
    let others = written(folder.path(), "others.pem", &authority());
    for query in [String::new(), "?sslmode=require".to_owned(), format!("?sslrootcert={others}")] {
        let problem = distrust(&format!("{}{query}", server.database()));
        assert!(problem.starts_with("the server is not trusted: invalid peer certificate: "), "{problem}");
        assert!(problem.contains("`sslrootcert=FILE`"), "{problem}");
    }
    Registry::create(&format!("{}?sslmode=disable", server.database())).unwrap();
}

/// Trusting nobody by mistake would look like a server that is not trusted.
#[test]
fn files_without_certificates_are_told_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.onnx");
    std::fs::write(&file, [0x8f, 0, 0xff]).unwrap();
    let begun = folder.path().join("begun.pem");
    std::fs::write(&begun, "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
    for path in [file, begun, folder.path().to_owned(), folder.path().join("missing")] {
        let problem = distrust(&format!("postgres://127.0.0.1:1/none?sslrootcert={}", path.display()));
        let expected = format!("could not read certificates from {}: ", path.display());
        assert!(problem.starts_with(&expected), "{problem}");
    }
}

#[test]
fn a_certificate_for_another_name_is_refused_also_where_others_would_take_it() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    let server = server(&authority, "database.example");
    let roots = written(folder.path(), "roots.pem", &authority);
    let problem = distrust(&format!("{}?sslmode=require&sslrootcert={roots}", server.database()));
    assert!(problem.contains("not valid for name"), "{problem}");
}
