//! The referee's bits on many processors: `crates/referee/examples/bits.rs` built in many ways and run there, emulated where
//! it must be.

pub(crate) mod debian;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::repository;
use crate::steps::Ended;

/// What the digests must be, everywhere.
const EXPECTED: &str = "crates/referee/examples/bits.txt";

/// One way to build and run.
struct Build {
    name: &'static str,
    /// A target of the compiler, empty for this machine's own.
    target: &'static str,
    /// Flags of the compiler.
    flags: &'static str,
    /// What it is linked with, where the compiler has no C library for the target: the processor as Debian calls it and as GNU
    /// does.
    libraries: Option<(&'static str, &'static str)>,
    /// Cargo's own arguments: profile and features.
    arguments: &'static [&'static str],
    /// What runs it: nothing, an emulator with its arguments, or `node`.
    runs_in: &'static [&'static str],
    threads: &'static str,
}

const RELEASE: &[&str] = &["--release"];
const VECTORS: &[&str] = &["--release", "--features", "reproof-referee/vectors"];

const fn here(
    name: &'static str,
    flags: &'static str,
    arguments: &'static [&'static str],
    threads: &'static str,
) -> Build {
    Build { name, target: "", flags, libraries: None, arguments, runs_in: &[], threads }
}

const fn emulated(name: &'static str, target: &'static str, runs_in: &'static [&'static str]) -> Build {
    Build {
        name,
        target,
        flags: "-Clinker=rust-lld",
        libraries: None,
        arguments: RELEASE,
        runs_in,
        threads: "1",
    }
}

const fn linked(
    name: &'static str,
    target: &'static str,
    libraries: (&'static str, &'static str),
    runs_in: &'static [&'static str],
) -> Build {
    Build { flags: "", libraries: Some(libraries), ..emulated(name, target, runs_in) }
}

/// The one that every test run does.
const AARCH64: Build = Build {
    arguments: VECTORS,
    ..emulated("aarch64, with its vectors (qemu)", "aarch64-unknown-linux-musl", &["qemu-aarch64-static"])
};

const BUILDS: &[Build] = &[
    here("release, vectors chosen at run time", "", VECTORS, "1"),
    here("the same on 2 threads", "", VECTORS, "2"),
    here("the same on 7 threads", "", VECTORS, "7"),
    here("debug", "", &[], "1"),
    here("x86-64, no vectors chosen", "", RELEASE, "1"),
    here("x86-64-v3", "-Ctarget-cpu=x86-64-v3", RELEASE, "1"),
    here("native", "-Ctarget-cpu=native", RELEASE, "1"),
    Build {
        name: "x86-64 without AVX and FMA (qemu, Nehalem)",
        target: "",
        flags: "",
        libraries: None,
        arguments: VECTORS,
        runs_in: &["qemu-x86_64-static", "-cpu", "Nehalem"],
        threads: "2",
    },
    Build {
        name: "x86-64 with AVX2 and FMA (qemu, Haswell)",
        target: "",
        flags: "",
        libraries: None,
        arguments: VECTORS,
        runs_in: &["qemu-x86_64-static", "-cpu", "Haswell"],
        threads: "1",
    },
    AARCH64,
    emulated("aarch64 (qemu)", "aarch64-unknown-linux-musl", &["qemu-aarch64-static"]),
    emulated("i686 (qemu)", "i686-unknown-linux-musl", &["qemu-i386-static"]),
    linked(
        "armv7 (qemu)",
        "armv7-unknown-linux-gnueabihf",
        ("armhf", "arm-linux-gnueabihf"),
        &["qemu-arm-static"],
    ),
    linked(
        "ppc64le (qemu)",
        "powerpc64le-unknown-linux-gnu",
        ("ppc64el", "powerpc64le-linux-gnu"),
        &["qemu-ppc64le-static"],
    ),
    linked(
        "riscv64 (qemu)",
        "riscv64gc-unknown-linux-gnu",
        ("riscv64", "riscv64-linux-gnu"),
        &["qemu-riscv64-static"],
    ),
    linked(
        "s390x, whose bytes are in the other order (qemu)",
        "s390x-unknown-linux-gnu",
        ("s390x", "s390x-linux-gnu"),
        &["qemu-s390x-static"],
    ),
    Build {
        name: "wasm32 (node)",
        target: "wasm32-wasip1",
        flags: "",
        libraries: None,
        arguments: RELEASE,
        runs_in: &["node"],
        threads: "1",
    },
];

/// Starts a WASI program with its arguments.
const NODE: &str = "const { WASI } = require('node:wasi'); const [file, ...args] = process.argv.slice(1);\
    const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: {}, preopens: {} });\
    WebAssembly.instantiate(require('fs').readFileSync(file), wasi.getImportObject())\
    .then(({ instance }) => wasi.start(instance));";

/// The page.
pub(crate) fn text() -> Result<String> {
    let expected = expected()?;
    let mut rows = Vec::new();
    for build in BUILDS {
        println!("{}", build.name);
        let given = build.run()?;
        ensure!(given == expected, "{} gives other bits:\n{given}expected:\n{expected}", build.name);
        rows.push(format!("| {} | the same |", build.name));
    }
    let compiler = repository::output(Command::new("rustc").arg("--version"))?;
    Ok(format!(
        "# The same bits everywhere\n\nElementary functions, rounding, products, convolutions and random graphs of all operators \
         ([bits.rs](../crates/referee/examples/bits.rs)), computed by the [referee](referee.md) in these builds, with {}. \
         `cargo xtask test` repeats the row of aarch64 and that of the machine it runs on.\n\n| family | digest |\n|---|---|\n{}\n\n\
         | build | digests |\n|---|---|\n{}",
        compiler.trim(),
        expected
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(family, digest)| format!("| {family} | `{digest}` |"))
            .collect::<Vec<_>>()
            .join("\n"),
        rows.join("\n")
    ))
}

/// The bits of this machine, and of another where it can be emulated.
pub(crate) fn check() -> Result<Ended> {
    let expected = expected()?;
    for build in [&BUILDS[0], &AARCH64] {
        if let Err(why) = build.prepare() {
            return Ok(Ended::Skipped(format!("{} cannot be run here: {why:#}", build.name)));
        }
        let given = build.run()?;
        ensure!(given == expected, "{} gives other bits:\n{given}expected:\n{expected}", build.name);
        println!("{}: the committed bits", build.name);
    }
    Ok(Ended::Passed)
}

fn expected() -> Result<String> {
    let path = repository::root().join(EXPECTED);
    std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))
}

impl Build {
    /// Gets the standard library of the target, what it is linked with, and the emulator.
    fn prepare(&self) -> Result<()> {
        if !self.target.is_empty() {
            repository::output(Command::new("rustup").args(["target", "add", self.target]))?;
        }
        if let Some((debian, gnu)) = self.libraries {
            debian::linking(debian, gnu)?;
        }
        self.runner().map(drop)
    }

    fn run(&self) -> Result<String> {
        self.prepare()?;
        let flags = match self.libraries {
            Some((debian, gnu)) => debian::linking(debian, gnu)?,
            None if self.flags.is_empty() => Vec::new(),
            None => vec![self.flags.to_owned()],
        };
        let mut command = repository::cargo();
        // The selection of packages that the tests have, with which vectors are chosen, too: all of it is compiled then.
        let tested = self.is_plain() && self.arguments == VECTORS;
        let packages: &[&str] = if tested { &["--workspace"] } else { &["-p", "reproof-referee"] };
        command.args(["build", "--quiet", "--locked", "--example", "bits"]).args(packages);
        command.args(self.arguments);
        let folder = if self.is_plain() { repository::target() } else { self.folder() };
        if !self.is_plain() {
            command.env("CARGO_TARGET_DIR", &folder);
            // Divided by this, flags can hold paths with spaces.
            command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
            // What is thrown away needs neither symbols nor a second build that is quicker.
            command.env("CARGO_PROFILE_RELEASE_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
        }
        if !self.target.is_empty() {
            command.args(["--target", self.target]);
        }
        repository::run(&mut command)?;
        let profile = if self.arguments.contains(&"--release") { "release" } else { "debug" };
        let name = if self.target.starts_with("wasm") { "bits.wasm" } else { "bits" };
        let program = folder.join(self.target).join(profile).join("examples").join(name);
        repository::output(self.runner()?.arg(program).arg(self.threads))
    }

    /// Whether the builds of this repository are of the same kind, so that most of this one is there.
    fn is_plain(&self) -> bool {
        self.target.is_empty() && self.flags.is_empty()
    }

    /// A folder for each set of flags: builds of one must not throw out those of another.
    fn folder(&self) -> PathBuf {
        repository::target().join("bits").join(match (self.libraries, self.flags) {
            (Some((debian, _)), _) => debian.to_owned(),
            (None, "") => "plain".to_owned(),
            (None, flags) => flags.chars().filter(char::is_ascii_alphanumeric).collect(),
        })
    }

    /// What starts the program, without it.
    fn runner(&self) -> Result<Command> {
        Ok(match self.runs_in {
            [] => Command::new("env"),
            ["node"] => {
                let mut node = Command::new("node");
                node.args(["--no-warnings", "-e", NODE]);
                node
            }
            [emulator, arguments @ ..] => {
                let mut command = Command::new(debian::emulator(emulator)?);
                command.args(arguments);
                command
            }
        })
    }
}
