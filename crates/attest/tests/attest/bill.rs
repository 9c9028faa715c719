//! Bills of materials before the schema of CycloneDX.

use std::path::Path;
use std::process::Command;

use reproof_attest::bom::{
    Ancestor, Approach, Card, Dataset, Licence, Metric, Model, Package, Reference, ReferenceKind, bom,
};
use reproof_attest::oms::File;
use reproof_attest::{Sha256, Timestamp};
use reproof_digest::{Digest, Kind};

/// A model of which everything is known.
fn full() -> Model {
    let sha256 = Some(Sha256::of(b"x"));
    let text = |text: &str| Some(text.to_owned());
    let file =
        |path: &str| File { path: path.to_owned(), size: 1 << 60, sha256: Sha256::of(path.as_bytes()) };
    Model {
        version: text("1.2.0"),
        description: text("Reads digits"),
        digests: vec![Digest::new(Kind::Weights, [2; 32]), Digest::new(Kind::Contract, [3; 32])],
        files: vec![file("weights.bin"), file("日本/é.txt")],
        licences: vec![
            Licence::Expression("Apache-2.0".to_owned()),
            Licence::Name("Terms of use".to_owned()),
        ],
        card: Card {
            approach: Some(Approach::SelfSupervised),
            task: text("image-classification"),
            architecture_family: text("convolutional"),
            architecture: text("digits"),
            inputs: vec!["float32[batch,1,8,8]".to_owned()],
            outputs: vec!["float32[batch,10]".to_owned()],
            metrics: vec![Metric {
                kind: "reproof.max_abs_diff".to_owned(),
                value: "1.5e-7".to_owned(),
                slice: text("logits, cpu-x86_64"),
            }],
            use_cases: vec!["tests".to_owned()],
            limitations: vec!["reads nothing else".to_owned()],
        },
        datasets: vec![
            Dataset {
                name: "digits".to_owned(),
                sha256,
                url: text("https://example.com/d"),
                classification: text("public"),
                ..Dataset::default()
            },
            Dataset { name: "digits".to_owned(), ..Dataset::default() },
        ],
        ancestors: vec![Ancestor {
            name: "base".to_owned(),
            purl: text("pkg:huggingface/org/base@abc"),
            artifact: Some(Digest::new(Kind::Artifact, [4; 32])),
            ..Ancestor::default()
        }],
        packages: ["b", "a", "a"]
            .map(|name| Package {
                name: name.to_owned(),
                version: "1".to_owned(),
                purl: format!("pkg:pypi/{name}@1"),
                licences: vec![Licence::Expression("MIT".to_owned())],
                sha256,
            })
            .to_vec(),
        references: vec![Reference {
            kind: ReferenceKind::DigitalSignature,
            url: "model.sig".to_owned(),
            sha256,
        }],
        properties: vec![("reproof:verdict".to_owned(), "identical".to_owned())],
        timestamp: Some(Timestamp::from_unix(0).expect("1970 is a year")),
        ..least()
    }
}

/// A model of which only name and digest are known.
fn least() -> Model {
    Model::new("digits", Digest::new(Kind::Artifact, [1; 32]), "0.1.0")
}

#[test]
fn bills_are_as_the_strict_schema_wants_them() {
    let python =
        reproof_testing::python::environment("environments").unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let single = Model {
        files: vec![File { path: String::new(), size: 1, sha256: Sha256::of(b"x") }],
        licences: vec![Licence::Expression("MIT OR Apache-2.0".to_owned())],
        ..least()
    };
    for (name, model) in [("full", full()), ("least", least()), ("single", single)] {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(&path, bom(&model)).expect("it can be written");
        let check = "import sys\nfrom cyclonedx.schema import SchemaVersion\n\
                     from cyclonedx.validation.json import JsonStrictValidator\n\
                     error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())\n\
                     sys.exit(str(error) if error else 0)";
        let output = Command::new(&python).args(["-c", check]).arg(&path).output().expect("Python starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_bill_is_written_as_in_its_golden_file() {
    let written = String::from_utf8(bom(&full())).expect("JSON is UTF-8");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bom.json");
    assert_eq!(written, std::fs::read_to_string(&golden).unwrap_or_default(), "{}", golden.display());
    assert_eq!(bom(&full()), bom(&full()));
    let other = Model { version: Some("1.2.1".to_owned()), ..full() };
    let serial = |bytes: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(bytes).expect("it is JSON")["serialNumber"].clone()
    };
    assert_ne!(serial(&bom(&other)), serial(written.as_bytes()));
}
