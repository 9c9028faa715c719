//! Folders of packages as installers leave them, and as somebody who wants harm would.

use super::*;

/// An environment with one package, `thing`.
struct Environment {
    root: tempfile::TempDir,
    packages: PathBuf,
}

fn hash(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let hash: Sha256 = sha2::Sha256::digest(bytes).into();
    format!("sha256={}", reproof_environment::installed::base64_url(&hash))
}

impl Environment {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let packages = root.path().join("lib/site-packages");
        fs::create_dir_all(packages.join("thing")).unwrap();
        let environment = Self { root, packages };
        environment.write("thing/__init__.py", b"one = 1\n");
        environment.write("thing/sub.py", b"two = 2\n");
        environment.write("thing-1.0.dist-info/METADATA", b"Name: Thing\nVersion: 1.0\n\nlong");
        environment.write("thing-1.0.dist-info/INSTALLER", b"pip\n");
        let rows = format!(
            "thing/__init__.py,{},8\nthing/sub.py,{},8\nthing/sub.pyc,,\nthing-1.0.dist-info/RECORD,,\n",
            hash(b"one = 1\n"),
            hash(b"two = 2\n")
        );
        environment.write("thing-1.0.dist-info/RECORD", rows.as_bytes());
        environment
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.packages.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn survey(&self, check: Check) -> Installed {
        self.survey_with(check, &mut Files::default())
    }

    fn survey_with(&self, check: Check, files: &mut Files) -> Installed {
        let roots = [self.root.path().to_owned()];
        survey(std::slice::from_ref(&self.packages), &roots, None, check, files)
    }
}

fn altered(installed: &Installed) -> Vec<(&str, &str)> {
    let files = installed.distributions.values().flat_map(|found| &found.altered);
    files
        .map(|file| (file.path.as_str(), if file.actual == "missing" { "missing" } else { "changed" }))
        .collect()
}

#[test]
fn what_is_as_installed_is_described() {
    let installed = Environment::new().survey(Check::Every);
    let thing = &installed.distributions["thing"];
    assert_eq!((thing.name.as_str(), thing.version.as_str(), thing.files), ("Thing", "1.0", 2));
    assert_eq!((thing.origin.kind, thing.installer.as_deref()), (OriginKind::Index, Some("pip")));
    assert_eq!((altered(&installed), &installed.problems), (Vec::new(), &Vec::new()));
}

#[test]
fn bytecode_that_a_wheel_carries_may_be_written_anew() {
    let environment = Environment::new();
    let rows = format!(
        "thing/sub.py,{},8\nthing/__pycache__/sub.cpython-311.pyc,{},3\n",
        hash(b"two = 2\n"),
        hash(b"old")
    );
    environment.write("thing-1.0.dist-info/RECORD", rows.as_bytes());
    environment.write("thing/__pycache__/sub.cpython-311.pyc", b"new");
    assert_eq!(altered(&environment.survey(Check::Every)), []);
}

#[test]
fn a_changed_and_a_missing_file_are_named_however_fast_the_check() {
    for check in [Check::Changed, Check::Every, Check::Again] {
        let environment = Environment::new();
        environment.write("thing/sub.py", b"two = 3, longer\n");
        fs::remove_file(environment.packages.join("thing/__init__.py")).unwrap();
        let installed = environment.survey(check);
        assert_eq!(
            altered(&installed),
            [("thing/__init__.py", "missing"), ("thing/sub.py", "changed")],
            "{check:?}"
        );
    }
}

#[test]
fn a_change_of_the_same_size_is_seen_by_its_time_and_one_that_hides_it_by_hashing_again() {
    let environment = Environment::new();
    let path = environment.packages.join("thing/sub.py");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let mut files = Files::load(Some(environment.root.path()), &environment.packages);
    assert_eq!(altered(&environment.survey_with(Check::Every, &mut files)), []);
    // In place, so that the inode stays.
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, b"two = 9\n").unwrap();
        file
    };
    let later = before + std::time::Duration::from_secs(5);
    write().set_modified(later).unwrap();
    assert_eq!(altered(&environment.survey(Check::Changed)), [("thing/sub.py", "changed")]);
    write().set_modified(before).unwrap();
    assert_eq!(altered(&environment.survey_with(Check::Every, &mut files)), []);
    assert_eq!(altered(&environment.survey_with(Check::Again, &mut files)), [("thing/sub.py", "changed")]);
}

#[test]
fn a_list_that_leads_out_is_told_and_not_followed() {
    let environment = Environment::new();
    let outside = environment.root.path().parent().unwrap().join("somewhere");
    let rows = format!(
        "../../../../etc/passwd,{0},1\n/etc/hostname,{0},1\n{1},{0},1\nthing\\x,{0},1\n\"bad\u{0}\",{0},1\n",
        hash(b""),
        outside.display(),
    );
    environment.write("thing-1.0.dist-info/RECORD", rows.as_bytes());
    let installed = environment.survey(Check::Again);
    assert_eq!(altered(&installed), []);
    let told = installed.problems.join("\n");
    assert_eq!(told.matches("leads out of the environment").count(), 3, "{told}");
    assert!(told.contains("is no path") && told.contains("no path"), "{told}");
}

#[test]
fn folders_that_lie_are_told_and_harm_nothing() {
    let environment = Environment::new();
    environment.write("huge-1.dist-info/RECORD", &b"x,,\n".repeat(300_000));
    environment.write("huge-1.dist-info/METADATA", b"Name: huge\n");
    environment.write("other-2.dist-info/METADATA", b"Name: thing\nVersion: 9\n");
    environment.write("bytes-1.dist-info/METADATA", b"\xff\xfe\x00");
    environment.write("bytes-1.dist-info/RECORD", b"\xff\xfe,,\n\"\n");
    environment.write("bytes-1.dist-info/direct_url.json", b"[[[[");
    environment.write("old-1-py3.egg-info", b"Name: old\nVersion: 1\n");
    fs::create_dir_all(environment.packages.join("empty.dist-info")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", environment.packages.join("empty.dist-info/METADATA")).unwrap();
    let installed = environment.survey(Check::Every);
    let names: Vec<&str> = installed.distributions.keys().map(String::as_str).collect();
    assert_eq!(names, ["bytes", "empty", "huge", "old", "other", "thing"]);
    let told = installed.problems.join("\n");
    for expected in [
        "other-2: its headers name `thing`",
        "not UTF-8",
        "direct_url.json cannot be read",
        "installed without a list",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert_eq!(installed.distributions["thing"].version, "1.0");
    assert_eq!(installed.distributions["bytes"].origin.kind, OriginKind::Unknown);
}
