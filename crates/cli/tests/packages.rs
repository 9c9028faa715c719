//! `diagnose --packages`: of several packages that changed, those whose change moves the outputs are told by building the
//! environments between the recorded and the current one.

use std::process::Command;

use reproof_testing::{Invocation, Sandbox, python};
use serde_json::Value;

use crate::env::{run, small};
use crate::fixtures::sandbox;

const LOADER: &str = "import numpy\nimport bystander, offsetting, scaling\n\n\
                      def load(path):\n\
                      \x20   weights = numpy.load(path)\n\
                      \x20   return lambda x: {'y': x @ weights * scaling.FACTOR + offsetting.AMOUNT}\n";

/// Writes a wheel for each release: a module of one constant.
const WHEELS: &str = r#"
import zipfile
releases = {
    ("scaling", "1.0"): "FACTOR = 2.0", ("scaling", "2.0"): "FACTOR = 2.5",
    ("offsetting", "1.0"): "AMOUNT = 0.0", ("offsetting", "2.0"): "AMOUNT = 0.25",
    ("bystander", "1.0"): "WORD = 'one'", ("bystander", "2.0"): "WORD = 'two'",
}
for (name, version), text in releases.items():
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": text + "\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(f"wheels/{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, content)
"#;

struct Bench {
    sandbox: Sandbox,
    uv: String,
    kept: String,
}

impl Bench {
    fn new() -> Self {
        let (uv, kept) = python::installer().expect("uv for the tests");
        let sandbox = sandbox();
        sandbox.write("plain.py", LOADER);
        std::fs::create_dir(sandbox.path("wheels")).unwrap();
        let make = "import numpy\n\
                    numpy.save('w.npy', (numpy.arange(12, dtype='float32').reshape(4, 3) - 5) / 8)\n\
                    numpy.savez('case.npz', x=numpy.arange(8, dtype='float32').reshape(2, 4) / 4)";
        for script in [make, WHEELS] {
            run(Command::new(small()).args(["-c", script]).current_dir(sandbox.folder()));
        }
        Self { sandbox, uv: uv.display().to_string(), kept: kept.display().to_string() }
    }

    /// An environment with NumPy and these releases.
    fn environment(&self, name: &str, releases: [&str; 3]) -> String {
        let root = self.sandbox.path(name);
        run(Command::new(small()).args(["-m", "venv", "--without-pip"]).arg(&root));
        let python = root.join("bin/python").display().to_string();
        let version = "import numpy; print(numpy.__version__)";
        let numpy = format!("numpy=={}", run(Command::new(small()).args(["-c", version])).trim());
        let wheels = self.sandbox.path("wheels").display().to_string();
        let mut install = Command::new(&self.uv);
        install.args(["pip", "install", "--offline", "--no-config", "--cache-dir", &self.kept]);
        install.args(["--find-links", &wheels, "--python", &python, &numpy]).args(releases);
        run(&mut install);
        python
    }

    /// Runs a command that finds packages where they were put here, so that no network is needed.
    fn offline(&self, command: Invocation) -> Invocation {
        command
            .variable("UV_CACHE_DIR", &self.kept)
            .variable("UV_OFFLINE", "1")
            .variable("UV_FIND_LINKS", self.sandbox.path("wheels"))
    }

    fn diagnosis(&self, python: &str) -> Value {
        let line = ["diagnose", "w.npy", "--loader", "plain:load", "--packages", "--uv", &self.uv, "--json"];
        let command = self.sandbox.command([&line[..], &["--python", python]].concat());
        self.offline(command).run().exits(0).json()
    }
}

#[test]
fn the_packages_that_move_outputs_are_told_from_those_that_only_changed() {
    let bench = Bench::new();
    let before = bench.environment("before", ["scaling==1.0", "offsetting==1.0", "bystander==1.0"]);
    let record = ["record", "w.npy", "--loader", "plain:load", "--cases", "case.npz", "--budget", "1s"];
    bench.sandbox.run([&record[..], &["--python", &before]].concat()).exits(0);

    let told = |found: &Value| -> Vec<(String, String, String)> {
        let text = |cause: &Value, key: &str| cause[key].as_str().unwrap().to_owned();
        let causes = found["causes"].as_array().unwrap().iter();
        causes.map(|one| (text(one, "confidence"), text(one, "statement"), text(one, "fix"))).collect()
    };
    let cause = |package: &str, fix: &str| {
        (
            "confirmed".to_owned(),
            format!("{package} 1.0 -> 2.0 changes the outputs"),
            format!("install {fix}"),
        )
    };
    let one = bench.environment("one", ["scaling==2.0", "offsetting==1.0", "bystander==2.0"]);
    let found = bench.diagnosis(&one);
    assert_eq!(told(&found), [cause("scaling", "scaling==1.0")], "{found:#}");
    let evidence = found["causes"][0]["evidence"].to_string();
    assert!(evidence.contains("of 2 packages that changed"), "{evidence}");
    assert!(evidence.contains("without it every bit is the recorded one"), "{evidence}");

    // Two at once: none of them is the whole answer, and to undo one of them would mend nothing.
    let two = bench.environment("two", ["scaling==2.0", "offsetting==2.0", "bystander==2.0"]);
    let found = bench.diagnosis(&two);
    let both = "offsetting==1.0 scaling==1.0";
    assert_eq!(told(&found), [cause("offsetting", both), cause("scaling", both)], "{found:#}");
    let summary = found["summary"].as_str().unwrap();
    assert_eq!(summary, "offsetting 1.0 -> 2.0 changes the outputs; and one more cause");

    // What changed and moves nothing is no drift at all.
    let harmless = bench.environment("harmless", ["scaling==1.0", "offsetting==1.0", "bystander==2.0"]);
    assert_eq!(bench.diagnosis(&harmless)["verdict"], "identical");
}
