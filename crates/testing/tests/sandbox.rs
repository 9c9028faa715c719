//! The sandbox keeps the machine out and shows what happened, seen through the system's shell.
#![cfg(unix)]

use std::time::Duration;

use reproof_testing::folder::{self, Snapshot};
use reproof_testing::{Sandbox, damage};

fn shell() -> Sandbox {
    Sandbox::new("/bin/sh")
}

#[test]
fn a_command_sees_only_the_sandbox() {
    let sandbox = shell();
    sandbox
        .run(["-c", "echo $PWD; echo $HOME; echo $TMPDIR; echo $COLUMNS; echo ${USER:-nobody}"])
        .exits(0)
        .prints("[SANDBOX]\n[SANDBOX]/../home\n[SANDBOX]/../tmp\n80\nnobody\n");
}

#[test]
fn variables_input_and_folder_reach_the_command() {
    let sandbox = shell();
    sandbox.write("inner/file", "x");
    let finished = sandbox
        .command(["-c", "read line; echo $line $WORD; test -e file; echo oops >&2; exit 3"])
        .variable("WORD", "there")
        .within("inner")
        .input("hello\n")
        .run();
    finished.exits(3).says("hello there").complains("oops").never_mentions("goodbye");
}

#[test]
#[should_panic(expected = "expected exit code 1")]
fn another_exit_code_fails() {
    shell().run(["-c", "exit 2"]).exits(1);
}

#[test]
#[should_panic(expected = "it panicked")]
fn a_panic_fails_even_with_the_right_code() {
    shell().run(["-c", "echo \"thread 'main' panicked at x\" >&2; exit 1"]).exits(1);
}

#[test]
#[should_panic(expected = "before the end")]
fn a_hanging_command_fails_and_shows_what_it_printed() {
    let command = ["-c", "echo before the end; while :; do :; done"];
    let _finished = shell().command(command).at_most(Duration::from_millis(300)).run();
}

#[test]
#[should_panic(expected = "a child of the command outlived it")]
fn a_child_left_behind_fails() {
    let _finished =
        shell().command(["-c", "/bin/sleep 5 & exit 0"]).at_most(Duration::from_millis(200)).run();
}

#[test]
fn a_snapshot_names_what_changed() {
    let sandbox = shell();
    for name in ["kept", "sub/changed", "removed"] {
        sandbox.write(name, "text");
    }
    let before = Snapshot::of(&sandbox.folder());
    before.unchanged(&sandbox.folder());
    damage::flip_bit(&sandbox.path("sub/changed"), 3, 7);
    sandbox.write("added", "");
    sandbox.run(["-c", "/bin/rm removed"]).exits(0);
    let after = Snapshot::of(&sandbox.folder());
    assert_eq!(before.changes(&after), ["- removed", "+ added", "~ sub/changed"]);
    assert_eq!(after.paths().collect::<Vec<_>>(), ["added", "kept", "sub/changed"]);
}

#[test]
fn damage_is_exact() {
    let sandbox = shell();
    let file = sandbox.write("file", [0_u8, 1, 2, 3]);
    damage::flip_bit(&file, 2, 0);
    assert_eq!(std::fs::read(&file).unwrap(), [0, 1, 3, 3]);
    damage::replace(&file, &[1, 3], &[9]);
    assert_eq!(std::fs::read(&file).unwrap(), [0, 9, 3]);
    damage::truncate(&file, 1);
    assert_eq!(std::fs::read(&file).unwrap(), [0]);
}

#[test]
fn a_copy_holds_every_file() {
    let sandbox = shell();
    sandbox.write("from/a", "1");
    sandbox.write("from/b/c", "2");
    folder::copy(&sandbox.path("from"), &sandbox.path("to"));
    assert_eq!(Snapshot::of(&sandbox.path("from")), Snapshot::of(&sandbox.path("to")));
}
