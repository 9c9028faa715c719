//! One artifact verified in several environments, which are built from what the contract says was installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use reproof_testing::{Invocation, Sandbox, python};

use crate::env::{items, run, small};
use crate::fixtures::sandbox;

const LOADER: &str = "import numpy\n\n\
                      def load(path):\n\
                      \x20   weights = numpy.load(path)\n\
                      \x20   return lambda x: {'y': x @ weights}\n";

/// A sandbox with a small model of NumPy and an environment that has nothing but NumPy.
fn model(uv: &str, kept: &str) -> (Sandbox, String) {
    let sandbox = sandbox();
    sandbox.write("plain.py", LOADER);
    let make = "import numpy\n\
                numpy.save('w.npy', (numpy.arange(12, dtype='float32').reshape(4, 3) - 5) / 8)\n\
                numpy.savez('case.npz', x=numpy.arange(8, dtype='float32').reshape(2, 4) / 4)";
    run(Command::new(small()).args(["-c", make]).current_dir(sandbox.folder()));
    let root = sandbox.path("env");
    run(Command::new(small()).args(["-m", "venv", "--without-pip"]).arg(&root));
    let python = root.join("bin/python").display().to_string();
    let version = "import numpy; print(numpy.__version__)";
    let numpy = format!("numpy=={}", run(Command::new(small()).args(["-c", version])).trim());
    let install =
        ["pip", "install", "--offline", "--no-config", "--cache-dir", kept, "--python", &python, &numpy];
    run(Command::new(uv).args(install));
    (sandbox, python)
}

#[test]
fn an_artifact_is_verified_in_several_environments() {
    let (uv, kept) = python::installer().expect("uv for the tests");
    let (uv, kept) = (uv.display().to_string(), kept.display().to_string());
    let (sandbox, python) = model(&uv, &kept);
    // What the environments of the tests were built from is kept, so that no network is needed.
    let offline = |command: Invocation| command.variable("UV_CACHE_DIR", &kept).variable("UV_OFFLINE", "1");
    let record = ["record", "w.npy", "--loader", "plain:load", "--python", &python, "--cases", "case.npz"];
    sandbox.command([&record[..], &["--budget", "1s"]].concat()).run().exits(0);
    let verify = ["verify", "w.npy", "--python", &python, "--uv", &uv];
    let matrix = |environments: &str| {
        offline(sandbox.command([&verify[..], &["--env", environments, "--json"]].concat())).run()
    };
    let finished = matrix("current,recorded,numpy==2.4.*");
    let document = finished.exits(0).json();
    let columns = document["columns"].as_array().unwrap();
    let verdicts: Vec<_> = columns.iter().map(|found| (&found["environment"], &found["verdict"])).collect();
    assert_eq!(verdicts[0], (&"current".into(), &"identical".into()), "{document}");
    assert_eq!(verdicts[1], (&"recorded".into(), &"identical".into()));
    assert_eq!(verdicts[2].0, "numpy==2.4.*");
    let differences = |column: usize| columns[column]["report"]["environment"]["differences"].to_string();
    assert!(!differences(1).contains("distribution."), "{}", differences(1));
    // What computes here is NumPy itself, so its version is the engine's.
    assert!(differences(2).contains("engine.version"), "{}", differences(2));
    // One that cannot be built says which package failed, and the others are verified all the same.
    let finished = matrix("current,nobody-has-this==9");
    let document = finished.exits(3).json();
    assert_eq!(
        (&document["verdict"], &document["columns"][0]["verdict"]),
        (&"undecided".into(), &"identical".into())
    );
    let reason = document["columns"][1]["reason"].as_str().unwrap();
    assert!(reason.starts_with("nobody-has-this==9 cannot be installed"), "{reason}");
    // One that is never finished is given up.
    let slow = sandbox.write("slow", "#!/bin/sh\nexec /bin/sleep 60\n").display().to_string();
    run(Command::new("chmod").args(["+x", &slow]));
    let slow = ["verify", "w.npy", "--python", &python, "--uv", &slow, "--timeout", "1s", "--json"];
    let finished = sandbox.run([&slow[..], &["--env", "numpy==2.3.*"]].concat());
    let reason = finished.exits(3).json()["columns"][0]["reason"].to_string();
    assert!(reason.contains("it took longer than 1 s"), "{reason}");
    let told = offline(sandbox.command([&verify[..], &["--env", "current,recorded"]].concat())).run();
    told.exits(0).says("recorded").says("identical");
}

#[test]
fn a_report_grades_an_altered_package_and_variables() {
    let (uv, kept) = python::installer().expect("uv for the tests");
    let (sandbox, python) = model(&uv.display().to_string(), &kept.display().to_string());
    let record = ["record", "w.npy", "--loader", "plain:load", "--python", &python, "--cases", "case.npz"];
    sandbox.command([&record[..], &["--budget", "1s"]].concat()).run().exits(0);
    let library = Path::new(&python).parent().unwrap().parent().unwrap().join("lib");
    let version = fs::read_dir(library).unwrap().next().unwrap().unwrap().path();
    let file = version.join("site-packages/numpy/conftest.py");
    let text = fs::read_to_string(&file).unwrap();
    // Another file in its place: the one that is there may be a link to what the installer keeps.
    fs::remove_file(&file).unwrap();
    fs::write(&file, text + "# altered\n").unwrap();
    let verify = sandbox.command(["verify", "w.npy", "--python", &python, "--json"]);
    let set = verify.variable("OMP_NUM_THREADS", "2").variable("ATEN_CPU_CAPABILITY", "default");
    let report = set.run().exits(0).json();
    // Nothing of it moved a bit, and all of it is told.
    assert_eq!(report["verdict"], "identical");
    let found = items(&report["environment"]);
    let graded: Vec<_> = found.iter().map(|found| (found.0, found.1, found.3)).collect();
    let expected = [
        ("distribution.numpy.file numpy/conftest.py", "as installed", "may-change-results"),
        ("threads", "1", "may-move-bits"),
        ("variables.ATEN_CPU_CAPABILITY", "(not set)", "may-move-bits"),
        ("variables.OMP_NUM_THREADS", "1", "may-move-bits"),
    ];
    assert_eq!(graded, expected);
}
