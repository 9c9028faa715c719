//! The guides, followed word for word: every block of commands and of Python, in order, in an empty folder.

use std::path::Path;
use std::process::Command;

use reproof_testing::{BUCKET, BucketServer, Postgres, python};

use crate::checkpoints::interpreter;
use crate::fixtures::sandbox;

/// A block of commands and the exit code that its guide promises.
struct Block {
    commands: String,
    code: i32,
}

/// The blocks marked `sh` or `python` of a guide. A comment `<!-- exits N -->` before one tells its exit code.
fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut code = 0;
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if let Some(told) = line.strip_prefix("<!-- exits ").and_then(|rest| rest.strip_suffix(" -->")) {
            code = told.parse().unwrap();
        } else if line == "```sh" || line == "```python" {
            let lines: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let text = lines.join("\n");
            let commands = if line == "```sh" {
                text
            } else {
                format!("python - <<'END_OF_BLOCK'\n{text}\nEND_OF_BLOCK")
            };
            blocks.push(Block { commands, code: std::mem::take(&mut code) });
        }
    }
    blocks
}

/// Follows a guide with the interpreter as `python`.
#[track_caller]
fn follow(name: &str, interpreter: &Path) {
    follow_with(name, interpreter, &[]);
}

/// Follows a guide with the interpreter as `python` and what the guide asks its reader to set.
#[track_caller]
fn follow_with(name: &str, interpreter: &Path, variables: &[(&str, &str)]) {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides");
    let text = std::fs::read_to_string(guides.join(name)).unwrap();
    let sandbox = sandbox();
    let program = Path::new(env!("CARGO_BIN_EXE_reproof")).parent().unwrap();
    let system = std::env::var("PATH").unwrap();
    let path = format!("{}:{}:{system}", program.display(), interpreter.parent().unwrap().display());
    let blocks = blocks(&text);
    assert!(blocks.len() > 2, "{name} has {} blocks", blocks.len());
    for Block { commands, code } in blocks {
        let output = Command::new("bash")
            .args(["-euc", &commands])
            .current_dir(sandbox.path("."))
            .env("PATH", &path)
            .env("HOME", sandbox.path("."))
            .env("REPROOF_CACHE", sandbox.cache())
            .env_remove("XDG_CONFIG_HOME")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(output.status.code(), Some(code), "{name}:\n{commands}\n\n{}", printed.join("\n"));
    }
}

/// Recording takes no longer than it must: [`of_scikit_learn`] is where the envelope of a guide is measured.
const QUICK: &[(&str, &str)] = &[("REPROOF_BUDGET", "1s")];

#[test]
#[ignore = "a guide of a framework takes a minute: `cargo xtask guides` follows it"]
fn of_pytorch() {
    follow_with("pytorch.md", interpreter(), QUICK);
}

#[test]
#[ignore = "a guide of a framework takes a minute: `cargo xtask guides` follows it"]
fn of_scikit_learn() {
    follow("scikit-learn.md", interpreter());
}

#[test]
#[ignore = "a guide of a framework takes a minute: `cargo xtask guides` follows it"]
fn of_hugging_face() {
    follow_with("hugging-face.md", interpreter(), QUICK);
}

#[test]
fn of_checkpoints_diff_and_scan() {
    for name in ["checkpoints.md", "diff.md", "scan.md"] {
        follow(name, interpreter());
    }
}

#[test]
#[ignore = "a guide of a framework takes a minute: `cargo xtask guides` follows it"]
fn of_jax() {
    follow_with("jax.md", &python::environment("jax").unwrap(), QUICK);
}

#[test]
fn of_a_registry() {
    follow_with("registry.md", interpreter(), QUICK);
}

#[test]
fn of_a_registry_of_a_team() {
    let postgres = Postgres::start().unwrap_or_else(|error| panic!("{error}"));
    let url = postgres.database();
    let (user, rest) = url.strip_prefix("postgres://").and_then(|rest| rest.split_once('@')).unwrap();
    let (user, password) = user.split_once(':').unwrap();
    let server = BucketServer::start();
    let variables = [
        ("REPROOF_BUDGET", "1s".to_owned()),
        ("DATABASE", format!("postgres://{rest}")),
        ("BUCKET", format!("s3://{BUCKET}/registry")),
        ("ENDPOINT", server.endpoint().to_owned()),
        ("PGUSER", user.to_owned()),
        ("PGPASSWORD", password.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    follow_with("team-registry.md", interpreter(), &variables);
}

#[test]
fn of_ci() {
    follow_with("ci.md", interpreter(), QUICK);
}
