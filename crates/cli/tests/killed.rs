//! Commands of the registry that are killed before each of their writes, one after the other: what was published stays whole,
//! nothing is half visible, and the same command done again ends as if nothing had happened.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::sync::LazyLock;

use reproof_testing::folder::Snapshot;
use reproof_testing::{Finished, Sandbox, SuddenEnd, folder};

use crate::fixtures::{place, sandbox};
use crate::registry::{ask, with_registry, words};

/// Writes that no command here reaches.
const ENDLESS: usize = 2000;

/// Runs `line` from the state of `start` and kills it at its first write, in a new copy at its second, and so on until it
/// ends by itself; how often it was killed. Each time the registry must be whole and `then` holds, before and after the
/// command was done again, which is what it is told.
fn at_each_write(start: &Sandbox, line: &str, then: &dyn Fn(&Sandbox, bool)) -> usize {
    for at in 1..ENDLESS {
        let sandbox = sandbox();
        folder::copy(&start.folder(), &sandbox.folder());
        let run = up_to(at, &sandbox, line);
        if run.code().is_some() {
            run.exits(0);
            return at - 1;
        }
        up_to(0, &sandbox, "fsck").exits(0).says("everything is there");
        then(&sandbox, false);
        up_to(0, &sandbox, line).exits(0);
        up_to(0, &sandbox, "fsck").exits(0).says("everything is there");
        up_to(0, &sandbox, "audit checkpoint").exits(0);
        up_to(0, &sandbox, "audit verify").exits(0);
        then(&sandbox, true);
    }
    panic!("`{line}` did not end within {ENDLESS} writes");
}

/// What ends commands.
pub(crate) fn ending() -> &'static SuddenEnd {
    static ENDING: LazyLock<SuddenEnd> = LazyLock::new(|| {
        SuddenEnd::compile(Path::new(env!("CARGO_TARGET_TMPDIR")))
            .unwrap_or_else(|error| panic!("this test needs a C compiler: {error}"))
    });
    &ENDING
}

/// Runs a command line up to so many writes.
fn up_to(at: usize, sandbox: &Sandbox, line: &str) -> Finished {
    ending().run(sandbox.command(words(line)).variable("REPROOF_USER", "ada"), at)
}

/// A version has every byte.
fn kept(sandbox: &Sandbox, version: &str, source: &str) {
    let bytes = |path: &str| std::fs::read(sandbox.path(path)).unwrap();
    let folder = sandbox.path("pulled");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    up_to(0, sandbox, &format!("pull team/net@{version} pulled/model.onnx")).exits(0);
    assert_eq!(bytes("pulled/model.onnx"), bytes(source));
}

/// A registry with version 1.0.0 of `model.onnx`; `other.onnx` waits.
fn one_version() -> Sandbox {
    let sandbox = with_registry();
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "other.onnx");
    up_to(0, &sandbox, "push model.onnx team/net@1.0.0").exits(0);
    sandbox
}

#[test]
fn a_push() {
    let times = at_each_write(&one_version(), "push other.onnx team/net@1.1.0", &|sandbox, done| {
        up_to(0, sandbox, "show team/net@1.0.0").exits(0);
        if done {
            kept(sandbox, "1.1.0", "other.onnx");
        }
    });
    assert!(times > 20, "a push has more writes than {times}");
}

/// What was pulled is what was pushed, the contract with it.
fn whole(sandbox: &Sandbox, pulled: &str) {
    let bytes = |path: &str| std::fs::read(sandbox.path(path)).unwrap();
    assert_eq!(bytes(pulled), bytes("model.onnx"));
    Snapshot::of(&sandbox.path("model.onnx.reproof")).unchanged(&sandbox.path(format!("{pulled}.reproof")));
}

#[test]
fn a_pull() {
    let start = one_version();
    let line = "pull team/net@1.0.0 got.onnx";
    // One file after the other is restored in the same way: every third write is enough to meet each kind.
    let killed_at = (1..ENDLESS).step_by(3).take_while(|at| {
        let sandbox = sandbox();
        folder::copy(&start.folder(), &sandbox.folder());
        let run = up_to(*at, &sandbox, line);
        if run.code().is_none() && !sandbox.path("got.onnx").exists() {
            up_to(0, &sandbox, line).exits(0);
        }
        whole(&sandbox, "got.onnx");
        run.code().is_none()
    });
    let times = killed_at.count();
    assert!(times > 20, "a pull has more writes than {}", 3 * times);

    // Between the two names that appear at the end there is a moment, which may be missed above.
    ask(&start, "ada", line).exits(0);
    let version = ask(&start, "ada", "show team/net@1.0.0 --json").exits(0).json();
    let digits =
        version["version"]["artifact_digest"].as_str().unwrap().split_once(':').unwrap().1.to_owned();
    let draft = start.path(format!(".got.onnx.{}.reproof-pull", &digits[..12]));
    std::fs::create_dir(&draft).unwrap();
    std::fs::rename(start.path("got.onnx"), draft.join("got.onnx")).unwrap();
    ask(&start, "ada", line).exits(0);
    whole(&start, "got.onnx");
    assert!(!draft.exists());
    // A contract that is there for another reason stays.
    std::fs::remove_file(start.path("got.onnx")).unwrap();
    ask(&start, "ada", line).exits(2).complains("got.onnx.reproof exists already");
}

/// Two pulls to one place: one builds it, the other waits and finds it there.
#[test]
fn two_pulls_at_once() {
    let start = one_version();
    for round in 0..4 {
        let line = format!("pull team/net@1.0.0 got-{round}.onnx");
        let pull = || ask(&start, "ada", &line);
        let mut both = std::thread::scope(|scope| {
            let other = scope.spawn(pull);
            [pull(), other.join().unwrap()]
        });
        both.sort_by_key(Finished::code);
        both[0].exits(0);
        both[1].exits(2).complains("exists already");
        whole(&start, &format!("got-{round}.onnx"));
    }
    let names = std::fs::read_dir(start.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let drafts: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with("reproof-pull")).collect();
    assert!(drafts.is_empty(), "{drafts:?}");
}

#[test]
fn a_promotion() {
    let start = one_version();
    ask(&start, "ada", "push other.onnx team/net@1.1.0").exits(0);
    ask(&start, "ada", "promote team/net@1.0.0 production").exits(0);
    let points = |sandbox: &Sandbox, done: bool| {
        let asked = up_to(0, sandbox, "alias team/net");
        let now = asked.exits(0).stdout();
        assert!(now.contains("1.1.0") || !done && now.contains("1.0.0"), "{now}");
    };
    let times = at_each_write(&start, "promote team/net@1.1.0 production", &points);
    assert!(times > 5, "a promotion has more writes than {times}");
}

#[test]
fn a_collection() {
    let start = one_version();
    ask(&start, "ada", "push other.onnx team/net@1.1.0").exits(0);
    ask(&start, "ada", "retention --keep 0s").exits(0);
    ask(&start, "ada", "delete team/net@1.1.0 --reason wrong").exits(0);
    // The first collection marks, the second removes.
    for round in ["marks", "removes"] {
        let times =
            at_each_write(&start, "gc --grace 0s", &|sandbox, _| kept(sandbox, "1.0.0", "model.onnx"));
        assert!(times > 2, "a collection that {round} has more writes than {times}");
        ask(&start, "ada", "gc --grace 0s").exits(0);
    }
}
