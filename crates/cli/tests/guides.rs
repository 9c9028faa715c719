//! The guides, followed word for word: every block of commands and of Python, in order, in an empty folder.

use std::path::Path;
use std::process::Command;

use reproof_testing::python;

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
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(output.status.code(), Some(code), "{name}:\n{commands}\n\n{}", printed.join("\n"));
    }
}

#[test]
fn of_pytorch() {
    follow("pytorch.md", interpreter());
}

#[test]
fn of_scikit_learn() {
    follow("scikit-learn.md", interpreter());
}

#[test]
fn of_hugging_face() {
    follow("hugging-face.md", interpreter());
}

#[test]
fn of_checkpoints_diff_and_scan() {
    for name in ["checkpoints.md", "diff.md", "scan.md"] {
        follow(name, interpreter());
    }
}

#[test]
fn of_jax() {
    follow("jax.md", &python::environment("jax").unwrap());
}

#[test]
fn of_ci() {
    follow("ci.md", interpreter());
}
