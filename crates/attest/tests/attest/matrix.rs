//! Who signs, what happens then, who verifies: all combinations of us and the peer.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_attest::key::PrivateKey;
use serde_json::{Value, json};

use crate::folder::{self, SIGNATURE};
use crate::peer;

/// One model, signed by one of us, changed, and verified by all.
pub(crate) struct Row {
    pub(crate) signer: &'static str,
    pub(crate) case: &'static str,
    /// Whether it ought to verify by us, the peer's command, the peer's library.
    pub(crate) expected: [bool; 3],
    /// Why it did not, where it did not.
    pub(crate) answers: [Option<String>; 3],
}

impl Row {
    /// Whether every verifier answered as expected.
    pub(crate) fn is_as_expected(&self) -> bool {
        self.answers.iter().zip(self.expected).all(|(answer, expected)| answer.is_none() == expected)
    }
}

/// How a case differs from a model that was signed and left alone.
struct Case {
    name: &'static str,
    /// What is done to the model and its signature after signing.
    change: fn(&Path),
    /// Whether a signature of ours holds then, and one of the peer.
    holds: [bool; 2],
    /// Whose public key is used.
    wrong_key: bool,
}

const fn case(name: &'static str, holds: [bool; 2], change: fn(&Path)) -> Case {
    Case { name, change, holds, wrong_key: false }
}

const CASES: &[Case] = &[
    case("left alone", [true, true], |_| ()),
    case("a file changed", [false, false], |model| folder::write(model, "weights.bin", b"012x456789")),
    case("an empty file filled", [false, false], |model| folder::write(model, "empty", b" ")),
    case("a file with a name beyond ASCII changed", [false, false], |model| {
        folder::write(model, "日本/é.txt", b"x");
    }),
    case("a file added", [false, false], |model| folder::write(model, "claims.jsonl", b"{}")),
    case("an empty file added", [false, false], |model| folder::write(model, "__init__.py", b"")),
    case("a file removed", [false, false], |model| fs::remove_file(model.join("a-b")).expect("it is there")),
    case("a file renamed", [false, false], |model| {
        fs::rename(model.join("a-b"), model.join("a_b")).expect("it is there");
    }),
    case("a file added in .git", [true, true], |model| folder::write(model, ".git/HEAD", b"x")),
    case("a file changed in sub/.git", [false, false], |model| folder::write(model, "sub/.git/HEAD", b"x")),
    // The peer's signatures do not reserve a place for it.
    case("evidence added", [true, false], |model| folder::write(model, "reproof/evidence/1.json", b"{}")),
    case("a contract added", [false, false], |model| folder::write(model, "reproof/contract.json", b"{}")),
    Case { name: "another key", change: |_| (), holds: [false, false], wrong_key: true },
    case("the hint removed", [true, true], |model| {
        edit(model, |bundle| {
            bundle["verificationMaterial"]["publicKey"] = json!({});
        });
    }),
    case("the payload changed", [false, false], |model| {
        edit(model, |bundle| {
            let payload = bundle["dsseEnvelope"]["payload"].as_str().expect("it is there");
            // A group of four characters in the middle of the text of the statement.
            let middle = payload.len() / 8 * 4;
            let other = if &payload[middle..middle + 4] == "AAAA" { "BBBB" } else { "AAAA" };
            bundle["dsseEnvelope"]["payload"] =
                format!("{}{other}{}", &payload[..middle], &payload[middle + 4..]).into();
        });
    }),
    case("a bogus signature first", [false, false], |model| {
        edit(model, |bundle| {
            let signatures = bundle["dsseEnvelope"]["signatures"].as_array_mut().expect("it is there");
            signatures.insert(0, json!({ "sig": "AAAA", "keyid": "" }));
        });
    }),
    case("a bogus signature second", [true, true], |model| {
        edit(model, |bundle| {
            let signatures = bundle["dsseEnvelope"]["signatures"].as_array_mut().expect("it is there");
            signatures.push(json!({ "sig": "AAAA", "keyid": "" }));
        });
    }),
    case("an older media type", [false, false], |model| {
        edit(model, |bundle| {
            bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2".into();
        });
    }),
];

/// Changes the signature in a model's folder.
fn edit(model: &Path, change: impl Fn(&mut Value)) {
    let path = model.join(SIGNATURE);
    let mut bundle = serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("it is JSON");
    change(&mut bundle);
    fs::write(path, bundle.to_string()).expect("it can be written");
}

/// What the peer can sign with besides whole files and SHA-256, and whether its command and its library verify that.
const METHODS: &[(&str, &str, &str, [bool; 3])] = &[
    ("BLAKE3 of files", "blake3", "files", [true, false, true]),
    ("BLAKE2b of files", "blake2", "files", [true, false, false]),
    ("SHA-256 of shards", "sha256", "shards", [true, false, false]),
];

/// Makes all models below `folder` and gives what every verifier said.
pub(crate) fn rows(python: &Path, folder: &Path) -> Vec<Row> {
    let keys = Keys::new(folder);
    let mut signed: Vec<Signed> = Vec::new();
    for (place, case) in CASES.iter().enumerate() {
        for (signer, holds) in ["Reproof", "model-signing"].into_iter().zip(case.holds) {
            let model = new_model(&folder.join(format!("{place}-{signer}")).join("model"));
            let public = if case.wrong_key { &keys.other_public } else { &keys.public };
            let ours = signer == "Reproof";
            signed.push(Signed {
                sign: (!ours).then(|| json!({ "action": "sign by command" })),
                row: Row { signer, case: case.name, expected: [holds; 3], answers: [const { None }; 3] },
                signature: model.join(SIGNATURE),
                public: public.clone(),
                private: keys.private.clone(),
                change: case.change,
                model,
            });
        }
    }
    for (case, algorithm, method, expected) in METHODS {
        let model = new_model(&folder.join(format!("{algorithm}-{method}")).join("model"));
        // Empty files have no shards.
        fs::remove_file(model.join("empty")).expect("it is there");
        signed.push(Signed {
            sign: Some(json!({ "action": "sign", "algorithm": algorithm, "method": method })),
            row: Row { signer: "model-signing", case, expected: *expected, answers: [const { None }; 3] },
            signature: model.join(SIGNATURE),
            public: keys.public.clone(),
            private: keys.private.clone(),
            change: |_| (),
            model,
        });
    }
    for signer in ["Reproof", "model-signing"] {
        let model = new_model(&folder.join(format!("p384-{signer}")).join("model"));
        let row = Row { signer, case: "P-384", expected: [true; 3], answers: [const { None }; 3] };
        signed.push(Signed {
            sign: (signer != "Reproof").then(|| json!({ "action": "sign by command" })),
            row,
            signature: model.join(SIGNATURE),
            public: keys.p384_public.clone(),
            private: keys.p384_private.clone(),
            change: |_| (),
            model,
        });
        let model = folder.join(format!("one-file-{signer}.bin"));
        fs::write(&model, "weights").expect("it can be written");
        signed.push(Signed {
            sign: (signer != "Reproof").then(|| json!({ "action": "sign by command" })),
            row: Row {
                signer,
                case: "a model of one file",
                expected: [true; 3],
                answers: [const { None }; 3],
            },
            signature: folder.join(format!("one-file-{signer}.sig")),
            public: keys.public.clone(),
            private: keys.private.clone(),
            change: |_| (),
            model,
        });
    }
    answer(python, signed)
}

/// A model that is signed and what is done with it.
struct Signed {
    row: Row,
    model: PathBuf,
    signature: PathBuf,
    private: PathBuf,
    public: PathBuf,
    /// How the peer signs; by us where there is nothing.
    sign: Option<Value>,
    change: fn(&Path),
}

/// Signs all, changes all, verifies all.
fn answer(python: &Path, mut signed: Vec<Signed>) -> Vec<Row> {
    let mut requests = Vec::new();
    for model in &signed {
        if let Some(sign) = &model.sign {
            requests.push(request(sign.clone(), model, &model.private));
        } else {
            let private = fs::read_to_string(&model.private).expect("the key is there");
            let key = PrivateKey::from_pem(&private).expect("the key is good");
            folder::sign(&model.model, &model.signature, &key);
        }
    }
    for (request, answer) in requests.iter().zip(peer::ask(python, &requests)) {
        assert_eq!(answer, None, "{request}");
    }
    let mut requests = Vec::new();
    for model in &signed {
        (model.change)(&model.model);
        for action in ["verify by command", "verify"] {
            requests.push(request(json!({ "action": action }), model, &model.public));
        }
    }
    let mut answers = peer::ask(python, &requests).into_iter();
    for model in &mut signed {
        let public = fs::read_to_string(&model.public).expect("the key is there");
        let key = reproof_attest::key::PublicKey::from_pem(&public).expect("the key is good");
        let ours = folder::verify(&model.model, &model.signature, &key);
        let theirs = [answers.next().expect("all were answered"), answers.next().expect("all were answered")];
        let [command, library] = theirs;
        model.row.answers = [ours, command, library];
    }
    signed.into_iter().map(|model| model.row).collect()
}

fn request(mut request: Value, signed: &Signed, key: &Path) -> Value {
    for (name, path) in [("model", &*signed.model), ("signature", &*signed.signature), ("key", key)] {
        request[name] = path.to_str().expect("paths are UTF-8").into();
    }
    request
}

/// A small model with names that sort differently by path components, by code points and by UTF-16.
fn new_model(root: &Path) -> PathBuf {
    for (path, content) in [
        ("weights.bin", "0123456789"),
        ("config.json", "{}"),
        ("a-b", "1"),
        ("a/b", "2"),
        ("sub/.git/HEAD", "ref"),
        ("日本/é.txt", "3"),
        ("\u{ffff}", "4"),
        ("\u{10000}", "5"),
        ("with space & quote'\"", "6"),
        ("empty", ""),
    ] {
        folder::write(root, path, content.as_bytes());
    }
    root.to_owned()
}

/// Keys as files.
struct Keys {
    private: PathBuf,
    public: PathBuf,
    other_public: PathBuf,
    p384_private: PathBuf,
    p384_public: PathBuf,
}

impl Keys {
    fn new(folder: &Path) -> Self {
        let write = |name: &str, text: &str| {
            folder::write(folder, name, text.as_bytes());
            folder.join(name)
        };
        let key = PrivateKey::generate_p256([21; 32]);
        let other = PrivateKey::generate_p256([22; 32]);
        Self {
            private: write("key.pem", &key.to_pem()),
            public: write("key.pub", &key.public_key().to_pem()),
            other_public: write("other.pub", &other.public_key().to_pem()),
            p384_private: write("p384.pem", include_str!("../keys/p384-pkcs8.pem")),
            p384_public: write("p384.pub", include_str!("../keys/p384-public.pem")),
        }
    }
}

/// The rows as a table in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| signed by | then | Reproof | `model_signing` command | `model_signing` library |\n|---|---|---|---|---|\n",
    );
    for row in rows {
        let words =
            row.answers.each_ref().map(|answer| if answer.is_none() { "verifies" } else { "refuses" });
        let [ours, command, library] = words;
        writeln!(table, "| {} | {} | {ours} | {command} | {library} |", row.signer, row.case)
            .expect("a text can be written to");
    }
    table
}
