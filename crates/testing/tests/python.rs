//! Environments are built once, whole or not at all. The lock files here are empty, so no network is needed.

use std::ffi::OsStr;
use std::fs;
use std::thread;

use reproof_testing::python::{EnvironmentError, environment_in};

#[test]
fn concurrent_callers_share_one_finished_environment() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, locks) = (folder.path().join("cache"), folder.path().join("locks"));
    fs::create_dir_all(&locks).unwrap();
    fs::write(locks.join("requirements.lock"), "").unwrap();
    let build = || environment_in(&cache, &locks, "suite", OsStr::new("python3"));
    let (first, second) = thread::scope(|scope| {
        let (first, second) = (scope.spawn(build), scope.spawn(build));
        (first.join().unwrap().unwrap(), second.join().unwrap().unwrap())
    });
    assert_eq!(first, second);
    assert!(first.starts_with(&cache) && first.exists());
    let left = fs::read_dir(&cache).unwrap().filter_map(Result::ok);
    let half_built = left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".building"));
    assert_eq!(half_built.count(), 0);

    fs::write(locks.join("requirements.lock"), "# another set of packages\n").unwrap();
    assert_ne!(build().unwrap(), first);
}

#[test]
fn a_missing_lock_file_and_an_unknown_set_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let build = |set| environment_in(folder.path(), folder.path(), set, OsStr::new("python3")).unwrap_err();
    assert!(matches!(build("suite"), EnvironmentError::File { action: "read", path, .. }
        if path.ends_with("requirements.lock")));
    assert!(build("nothing").to_string().contains("suite, package, models"));
}
