//! Environments of real interpreters: shown, compared, locked and built again, and what their operators give.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reproof_testing::{Finished, Sandbox, folder, python};
use serde_json::Value;

use crate::fixtures::sandbox;
use crate::python::{interpreter, models};

/// The interpreter of a small environment.
pub(crate) fn small() -> String {
    let found = python::environment("environments");
    found.unwrap_or_else(|error| panic!("no Python for the tests: {error}")).display().to_string()
}

/// An environment of its own with one package, `six`, and the folder of its packages.
fn altered(sandbox: &Sandbox) -> (String, PathBuf) {
    let root = sandbox.path("env");
    run(Command::new(small()).args(["-m", "venv", "--without-pip"]).arg(&root));
    let packages = |root: &Path| {
        let library = fs::read_dir(root.join("lib")).unwrap().next().unwrap().unwrap().path();
        library.join("site-packages")
    };
    let (from, to) = (packages(Path::new(&small()).parent().unwrap().parent().unwrap()), packages(&root));
    fs::copy(from.join("six.py"), to.join("six.py")).unwrap();
    folder::copy(&from.join("six-1.17.0.dist-info"), &to.join("six-1.17.0.dist-info"));
    (root.join("bin/python").display().to_string(), to)
}

#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {printed}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &printed
}

#[track_caller]
fn env(sandbox: &Sandbox, arguments: &[&str]) -> Finished {
    sandbox.command([&["env"], arguments].concat()).run()
}

#[track_caller]
fn show(sandbox: &Sandbox, python: &str) -> Value {
    let finished = env(sandbox, &["show", "--python", python, "--json"]);
    finished.exits(0);
    finished.json()
}

/// The differences of a document, each with its item, values and grade.
pub(crate) fn items(document: &Value) -> Vec<(&str, &str, &str, &str)> {
    let field = |found: &'_ Value, name: &str| found[name].as_str().unwrap().to_owned().leak() as &str;
    let all = document["differences"].as_array().unwrap().iter();
    all.map(|found| {
        (field(found, "item"), field(found, "recorded"), field(found, "current"), field(found, "grade"))
    })
    .collect()
}

#[test]
fn an_interpreter_and_everything_that_is_installed_for_it_are_described() {
    let sandbox = sandbox();
    let document = show(&sandbox, &small());
    assert_eq!(document["schema"], "reproof.environment/v0");
    let python = &document["python"];
    assert_eq!(python["implementation"], "cpython");
    assert_eq!(python["kind"], "virtual environment");
    let six = &python["distributions"]["six"];
    assert_eq!((&six["version"], &six["origin"]["kind"]), (&"1.17.0".into(), &"index".into()));
    assert_eq!(six["content_sha256"].as_str().unwrap().len(), 64);
    assert!(python["distributions"]["numpy"]["files"].as_u64().unwrap() > 500, "{python}");
    assert!(document["cpu"]["cores"].as_u64().unwrap() > 0);
    let told = env(&sandbox, &["show", "--python", &small(), "--frameworks"]);
    told.exits(0).says("numpy.blas").says("libscipy_openblas").says("virtual environment");
}

#[test]
fn secrets_and_homes_stay_out() {
    let sandbox = sandbox();
    let (python, packages) = altered(&sandbox);
    let origin = r#"{"url": "https://ada:pa55@host/six.whl?token=t0ken", "archive_info": {"hashes": {"sha256": "00"}}}"#;
    fs::write(packages.join("six-1.17.0.dist-info/direct_url.json"), origin).unwrap();
    let flags = format!("--xla_dump_to={}/dump", sandbox.home().display());
    let command = sandbox.command(["env", "show", "--python", &python, "--json"]);
    let finished = command.variable("AWS_SECRET_ACCESS_KEY", "s3cret").variable("XLA_FLAGS", flags).run();
    let document = finished.exits(0).json();
    assert_eq!(document["variables"]["XLA_FLAGS"], "--xla_dump_to=~/dump");
    let six = &document["python"]["distributions"]["six"]["origin"];
    assert_eq!((&six["url"], &six["revision"]), (&"https://host/six.whl".into(), &"sha256=00".into()));
    for secret in ["s3cret", "pa55", "t0ken"] {
        assert!(!document.to_string().contains(secret), "{secret}");
    }
}

#[test]
fn an_altered_file_is_named_with_its_distribution() {
    let sandbox = sandbox();
    let (python, packages) = altered(&sandbox);
    fs::write(sandbox.path("before.json"), show(&sandbox, &python).to_string()).unwrap();
    env(&sandbox, &["show", "--python", &python, "--verify"]).exits(0).says("0 altered");
    let file = packages.join("six.py");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("1.17.0", "1.17.1")).unwrap();
    let told = env(&sandbox, &["show", "--python", &python, "--verify"]);
    told.exits(1).says("ALTERED since their installation").says("six: six.py");
    let compared = env(&sandbox, &["diff", "before.json", &python, "--json"]);
    let document = compared.exits(1).json();
    let [found] = items(&document)[..] else { panic!("{document}") };
    assert_eq!(
        (found.0, found.1, found.3),
        ("distribution.six.file six.py", "as installed", "may-change-results")
    );
    assert!(found.2.starts_with("altered, sha256 "), "{}", found.2);
    fs::remove_file(&file).unwrap();
    env(&sandbox, &["diff", "before.json", &python]).exits(1).says("six.py: as installed -> missing");
}

#[test]
fn another_numpy_and_variables_are_graded_with_their_reason() {
    let sandbox = sandbox();
    let other = python::environment("suite").unwrap().display().to_string();
    let document = env(&sandbox, &["diff", &small(), &other, "--relevant", "--json"]).exits(1).json();
    let found = items(&document);
    let numpy = found.iter().find(|found| found.0 == "distribution.numpy").unwrap();
    assert_eq!(numpy.3, "may-change-results");
    assert_eq!(document["gravest"], "may-change-results");
    assert!(document["differences"].as_array().unwrap().iter().all(|found| {
        found["grade"] != "harmless"
            && found["reason"].as_str().is_some()
            && found["source"].as_str().is_some()
    }));
    fs::write(sandbox.path("here.json"), show(&sandbox, &small()).to_string()).unwrap();
    env(&sandbox, &["diff", "here.json", "current", "--python", &small()]).exits(0).says("no difference");
    let command = sandbox.command(["env", "diff", "here.json", "current", "--python", &small(), "--json"]);
    let set = command.variable("OMP_NUM_THREADS", "4").variable("ATEN_CPU_CAPABILITY", "default");
    let document = set.run().exits(1).json();
    let expected = [
        ("variables.ATEN_CPU_CAPABILITY", "(not set)", "default", "may-move-bits"),
        ("variables.OMP_NUM_THREADS", "(not set)", "4", "may-move-bits"),
    ];
    assert_eq!(items(&document), expected);
}

#[test]
fn hostile_lists_of_files_are_told_and_followed_nowhere() {
    let sandbox = sandbox();
    let (python, packages) = altered(&sandbox);
    let hash = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    let record = packages.join("six-1.17.0.dist-info/RECORD");
    let rows =
        format!("../../../../../../../../etc/passwd,{hash},0\n/etc/hostname,{hash},0\nsix.py,{hash},0\n");
    fs::write(&record, [rows.as_bytes(), b"\xff\xfe,,\n", &b"x,,\n".repeat(200_000)].concat()).unwrap();
    let document = show(&sandbox, &python);
    let told = document["python"]["problems"].to_string();
    assert_eq!(told.matches("leads out of the environment").count(), 2, "{told}");
    assert!(told.contains("not UTF-8"), "{told}");
    let altered = &document["python"]["distributions"]["six"]["altered"];
    assert_eq!((altered.as_array().unwrap().len(), &altered[0]["path"]), (1, &"six.py".into()), "{altered}");
    fs::write(packages.join("six-1.17.0.dist-info/METADATA"), [0xff].repeat(100_000)).unwrap();
    fs::remove_file(&record).unwrap();
    let document = show(&sandbox, &python);
    assert!(document["python"]["problems"].to_string().contains("no list of files"), "{document}");
}

#[test]
fn a_lock_builds_the_same_environment_again() {
    let sandbox = sandbox();
    let (uv, kept) = python::installer().expect("uv for the tests");
    // What the environment was built from is kept, so that no network is needed.
    let uv = uv.display().to_string();
    let arguments =
        ["env", "lock", "--python", &small(), "--uv", &uv, "--offline", "--sbom", "sbom.json", "--json"];
    let finished = sandbox.command(arguments).variable("UV_CACHE_DIR", &kept).run();
    let told = finished.exits(0).json();
    let text = fs::read_to_string(sandbox.path("pylock.toml")).unwrap();
    assert!(text.contains("lock-version = \"1.0\"") && text.contains("sha256 = "), "{text}");
    let root = sandbox.path("again");
    run(Command::new(small()).args(["-m", "venv", "--without-pip"]).arg(&root));
    let again = root.join("bin/python").display().to_string();
    let mut install = Command::new(&uv);
    install
        .args(["pip", "install", "--no-config", "--python", &again, "-r", "pylock.toml", "--cache-dir"])
        .arg(&kept);
    // The first time it fetches what the lock names; then it is kept.
    if let Some(certificates) = std::env::var_os("PIP_CERT") {
        install.env("SSL_CERT_FILE", certificates);
    }
    run(install.current_dir(sandbox.folder()));
    let document = env(&sandbox, &["diff", &small(), &again, "--relevant", "--json"]).json();
    let differing: Vec<_> =
        items(&document).into_iter().filter(|found| !found.0.starts_with("variables.")).collect();
    assert_eq!(differing, [], "{told}");
    let check = "import sys\nfrom cyclonedx.schema import SchemaVersion\n\
                 from cyclonedx.validation.json import JsonStrictValidator\n\
                 problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())\n\
                 sys.exit(str(problem) if problem else 0)";
    run(Command::new(small()).args(["-c", check]).arg(sandbox.path("sbom.json")));
    let bill: Value = serde_json::from_slice(&fs::read(sandbox.path("sbom.json")).unwrap()).unwrap();
    let six = bill["components"].as_array().unwrap().iter().find(|found| found["name"] == "six").unwrap();
    assert_eq!(six["externalReferences"][0]["hashes"][0]["alg"], "SHA-256", "{six}");
}

#[test]
fn a_lock_without_an_index_says_loudly_what_it_lacks() {
    let sandbox = sandbox();
    let (python, packages) = altered(&sandbox);
    fs::write(packages.join("six.py"), "changed").unwrap();
    let finished = env(&sandbox, &["lock", "--python", &python, "--uv", "nobody/uv", "--json"]);
    finished
        .exits(0)
        .complains("INCOMPLETE")
        .complains("six 1.17.0 has no hashes")
        .complains("could not start nobody/uv");
    let document = finished.json();
    assert_eq!((&document["packages"], &document["hashed"]), (&1.into(), &0.into()));
    let text = fs::read_to_string(sandbox.path("pylock.toml")).unwrap();
    assert!(text.contains("# INCOMPLETE: six 1.17.0 has altered files"), "{text}");
}

#[test]
fn operators_that_move_name_the_library() {
    let sandbox = sandbox();
    let arguments = ["env", "fingerprint", "--python", interpreter(), "--json"];
    let recorded = sandbox.command(arguments).run().exits(0).json();
    let torch = recorded["frameworks"]["torch"]["operators"].as_object().unwrap();
    assert!(
        torch.len() >= 50 && torch.values().all(|digest| digest.as_str().unwrap().len() == 64),
        "{torch:?}"
    );
    fs::write(sandbox.path("fingerprint.json"), recorded.to_string()).unwrap();
    let against = ["env", "fingerprint", "--python", interpreter(), "--against", "fingerprint.json"];
    sandbox.command(against).run().exits(0).says("0 of 85 operators moved");
    let moved = sandbox.command(against).variable("ATEN_CPU_CAPABILITY", "default").run();
    moved.exits(1).says("ATEN_CPU_CAPABILITY").says("torch.softmax");
}

#[test]
fn verify_tells_what_differs_from_where_it_was_recorded() {
    let sandbox = models();
    let python = ["--python", interpreter()];
    let record = ["record", "m/weights.pt", "--cases", "m/images", "--loader", "loaders:build"];
    sandbox.command([&record[..], &python].concat()).run().exits(0);
    let written = fs::read(sandbox.path("m/weights.pt.reproof/environment/recorded-in.json")).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert!(written["python"]["distributions"]["torch"]["version"].is_string());
    let libraries = written["python"]["libraries"].as_array().unwrap();
    let torch =
        libraries.iter().find(|found| found["path"].as_str().unwrap().ends_with("libtorch_cpu.so")).unwrap();
    assert_eq!((&torch["distribution"], torch["sha256"].as_str().unwrap().len()), (&"torch".into(), 64));
    let verify = [&["verify", "m/weights.pt", "--json"], &python[..]].concat();
    let report = sandbox.command(&verify).run().exits(0).json();
    assert_eq!((&report["verdict"], items(&report["environment"])), (&"identical".into(), Vec::new()));
    // Other loops: bits may move, the verdict holds, and the report says which operators moved.
    let command = sandbox.command(&verify).variable("ATEN_CPU_CAPABILITY", "default");
    let report = command.variable("OMP_NUM_THREADS", "2").run().exits(0).json();
    let found = items(&report["environment"]);
    assert!(
        found.contains(&("variables.ATEN_CPU_CAPABILITY", "(not set)", "default", "may-move-bits")),
        "{found:?}"
    );
    assert!(found.contains(&("variables.OMP_NUM_THREADS", "1", "2", "may-move-bits")), "{found:?}");
    assert!(found.iter().all(|found| found.3 != "may-change-results"), "{found:?}");
    if report["verdict"] != "identical" {
        let moved = report["environment"]["fingerprint"]["moved"].to_string();
        assert!(moved.contains("torch.softmax"), "{report}");
    }
    let against = ["env", "diff", "m/weights.pt", "current", "--relevant"];
    sandbox.command([&against[..], &python].concat()).run().exits(1).says("OMP_NUM_THREADS: 1 -> (not set)");
}

#[test]
fn what_is_no_environment_is_told() {
    let sandbox = sandbox();
    env(&sandbox, &["show", "--python", "nobody/python"]).exits(3).complains("could not start");
    env(&sandbox, &["diff", "current", "nowhere/at/all"]).exits(2).complains("nothing is there");
    fs::write(sandbox.path("odd.json"), "{\"schema\": 7}").unwrap();
    env(&sandbox, &["diff", "odd.json", "odd.json"]).exits(3).complains("env show --json");
    fs::write(sandbox.path("odd.sh"), "#!/bin/sh\nexit 3\n").unwrap();
    env(&sandbox, &["show", "--python", "./odd.sh"]).exits(3);
    env(&sandbox, &["fingerprint", "--python", &small(), "--against", "nothing"])
        .exits(2)
        .complains("no file");
}
