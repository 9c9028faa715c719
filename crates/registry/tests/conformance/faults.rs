//! What goes wrong, and what is left then.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::{env, fs};

use reproof_digest::{Digest, Kind};
use reproof_registry::{Contradictions, Error, Options, PageRequest, Registry};
use reproof_testing::Postgres;

use crate::Case;
use crate::place::{Place, artifact, by, new, production, push};
use crate::{child, log};

pub(crate) const CASES: &[Case] = &[
    ("what_is_not_there_is_not_opened", missing),
    ("making_twice_changes_nothing", twice),
    ("of_two_processes_one_moves_the_alias", processes),
    ("a_process_killed_between_statements_leaves_nothing_half_done", killed),
];

/// Cases of SQLite alone.
pub(crate) const SQLITE: &[(&str, fn())] = &[
    ("a_database_restored_from_an_old_copy_is_found_out", log::restored_from_an_old_copy),
    ("a_newer_schema_is_refused", newer),
    ("a_file_of_another_program_is_refused", foreign),
    ("a_damaged_file_is_no_panic", damaged),
    ("a_full_disk_keeps_nothing_of_the_act", full),
    ("a_folder_that_cannot_be_written_can_be_read", read_only),
    ("the_example_of_version_1_opens", example),
];

/// What runs on PostgreSQL alone.
type ServerCase = (&'static str, fn(&Postgres));

/// Cases of PostgreSQL alone.
pub(crate) const POSTGRES: &[ServerCase] = &[
    ("a_newer_schema_is_refused", newer_on_server),
    ("the_example_of_version_1_opens", example_on_server),
    ("no_message_holds_the_password", secret),
    ("a_lost_connection_can_be_repeated", lost),
];

fn missing(place: &Place) {
    let error = Registry::open(&place.url).unwrap_err();
    assert!(matches!(error, Error::NoRegistry { .. }), "{error}");
    assert!(error.to_string().contains("reproof init"), "{error}");
}

fn twice(place: &Place) {
    let first = place.with_versions(1);
    let second = place.registry();
    assert_eq!(second.version("team/model", "1.0.0").unwrap().artifact, artifact(1));
    push(&first, 2);
    assert_eq!(second.log_size().unwrap(), 3);
}

fn processes(place: &Place) {
    let registry = place.with_versions(2);
    let children = ["1.0.0", "2.0.0"].map(|version| child::start("move", &[&place.url, version]));
    let said = children.map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    });
    let winner = registry.alias("team/model", "production").unwrap().version.unwrap();
    let expected = format!("expected no version, got {winner}, by {winner} at");
    assert_eq!(said.iter().filter(|line| *line == "won").count(), 1, "{said:?}");
    assert_eq!(said.iter().filter(|line| line.contains(&expected)).count(), 1, "{said:?}");
}

/// Kills a process before the first statement of an act, before the second and so on, until it finishes.
fn killed(place: &Place) {
    let registry = place.with_versions(1);
    let states: Vec<_> = ["push", "alias"]
        .into_iter()
        .map(|act| {
            let before = registry.log_since(0, 100).unwrap();
            for number in 0.. {
                let child = child::start("killed", &[&place.url, act, &number.to_string()]);
                let output = child.wait_with_output().unwrap();
                if output.status.success() {
                    // An act has statements that begin and end it, three that read and four that write at least.
                    assert!(number >= 9, "{act} finished after {number} statements");
                    break;
                }
                assert_eq!(output.status.signal(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
                assert_eq!(registry.log_since(0, 100).unwrap(), before, "killed before statement {number}");
            }
            let version = registry.version("team/model", "5.0.0").map(|version| version.artifact);
            let alias = registry.alias("team/model", "production").map(|alias| alias.version);
            (registry.log_size().unwrap(), version, alias)
        })
        .collect();
    let unknown = Error::Unknown { what: "alias", name: "team/model@production".to_owned() };
    assert_eq!(
        states,
        [(3, Ok(artifact(5)), Err(unknown)), (4, Ok(artifact(5)), Ok(Some("5.0.0".to_owned())))]
    );
}

fn path(place: &Place) -> &Path {
    Path::new(place.url.strip_prefix("sqlite:").unwrap())
}

fn newer() {
    let place = Place::sqlite();
    drop(place.with_versions(1));
    let connection = rusqlite::Connection::open(path(&place)).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let error = Registry::open(&place.url).unwrap_err();
    assert!(matches!(error, Error::NewerSchema { found: 7, known: 1, .. }), "{error}");
    assert!(error.to_string().ends_with("use a newer reproof"), "{error}");
}

fn newer_on_server(server: &Postgres) {
    let place = Place::postgres(server);
    drop(place.registry());
    let database = place.url.rsplit('/').next().unwrap();
    server.sql(database, "UPDATE reproof.schema_version SET version = 7");
    assert!(matches!(Registry::open(&place.url), Err(Error::NewerSchema { found: 7, known: 1, .. })));
}

fn foreign() {
    let place = Place::sqlite();
    let connection = rusqlite::Connection::open(path(&place)).unwrap();
    connection.pragma_update(None, "application_id", 42).unwrap();
    connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(connection);
    for opened in [Registry::open(&place.url), Registry::create(&place.url)] {
        assert!(matches!(opened, Err(Error::ForeignFile { application: 42, .. })));
    }
}

fn damaged() {
    let place = Place::sqlite();
    fs::write(path(&place), b"this is no database, and long enough to be looked at as one".repeat(20))
        .unwrap();
    assert!(matches!(Registry::open(&place.url), Err(Error::Damaged { .. })));
    fs::remove_file(path(&place)).unwrap();
    drop(place.with_versions(40));
    let good = fs::read(path(&place)).unwrap();
    // One page after the other is destroyed: whatever is read then is an answer or an error.
    for page in 1..good.len() / 4096 {
        let mut bad = good.clone();
        bad[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(path(&place), &bad).unwrap();
        let Ok(registry) = Registry::open(&place.url) else { continue };
        let _ = registry.show("team/model", "1.0.0");
        let _ = registry.versions("team/model", &PageRequest::default());
        let _ = registry.log_root(registry.log_size().unwrap_or(41));
    }
}

fn full() {
    let place = Place::sqlite();
    drop(place.with_versions(1));
    let size = fs::metadata(path(&place)).unwrap().len();
    let options = Options { largest_file: Some(size + 8192), ..Options::default() };
    let registry = place.again(&options);
    let note = "x".repeat(4000);
    let (mut kept, mut error) = (0, None);
    for _ in 0..100 {
        match registry.add_note(by("anna", 50), "team/model", "1.0.0", &note) {
            Ok(_) => kept += 1,
            Err(refused) => {
                error = Some(refused);
                break;
            }
        }
    }
    assert!(matches!(error, Some(Error::Full { .. })), "{error:?}");
    // What was kept before is whole, reading goes on, and with room so does writing.
    assert_eq!(registry.log_size().unwrap(), 2 + kept);
    let roomy = place.again(&Options::default());
    roomy.add_note(by("anna", 51), "team/model", "1.0.0", &note).unwrap();
    assert_eq!(registry.log_size().unwrap(), 3 + kept);
}

/// Permissions do not bind root, so the reader is `nobody` where this runs as root.
fn read_only() {
    let place = Place::sqlite();
    drop(place.with_versions(1));
    let folder = path(&place).parent().unwrap();
    let program = folder.join("reader");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(path(&place), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = child::command("setpriv", "read", &[]);
    if rustix::process::geteuid().is_root() {
        chown(folder, Some(0), Some(0)).unwrap();
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    let output = command.arg("--").arg(&program).arg(&place.url).output().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let shown = path(&place).display();
    assert_eq!(
        said,
        format!(
            "{}\n{shown}: can only be read; acts need a file and a folder that can be written\n",
            artifact(1)
        )
    );
}

/// A registry as version 1 wrote it. It must open for ever.
fn example() {
    let place = Place::sqlite();
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen/v1.db");
    fs::copy(frozen, path(&place)).unwrap();
    opens(&place);
}

fn example_on_server(server: &Postgres) {
    let place = Place::postgres(server);
    let database = place.url.rsplit('/').next().unwrap();
    server.sql(database, include_str!("../frozen/v1.sql"));
    opens(&place);
}

/// Reads what the program `freeze` wrote, and writes to it.
fn opens(place: &Place) {
    let registry = Registry::open(&place.url).unwrap();
    let shown = registry.show("team/model", "1.0.0").unwrap();
    assert_eq!((shown.version.artifact, shown.aliases), (artifact(1), vec!["production".to_owned()]));
    assert_eq!((shown.tags.len(), shown.flags.len(), shown.holds.len()), (1, 1, 1));
    assert_eq!(shown.evidence[0].verdict, "identical");
    let facts = registry.gate_facts("team/model", "1.0.0", "production").unwrap();
    assert_eq!((facts.gates[0].text.as_deref(), facts.approvals.len()), (Some("rules"), 1));
    assert_eq!(registry.grants("anna").unwrap()[0].role, "approver");
    let root = Digest::new(Kind::Blob, registry.log_root(10).unwrap());
    assert_eq!(root.to_hex(), include_str!("../frozen/v1.root").trim());
    push(&registry, 2);
    registry.set_alias(by("anna", 500), &production(Some("1.0.0")), "2.0.0").unwrap();
    assert_eq!(registry.contradictions().unwrap(), Contradictions::default());
}

fn secret(server: &Postgres) {
    let place = Place::postgres(server);
    let password = Postgres::password();
    let mut errors = Vec::new();
    errors.push(Registry::open(&place.url).unwrap_err());
    for (from, to) in [
        ("127.0.0.1:", "127.0.0.1:1"),
        ("/case_", "/none_"),
        (password, "wrong-password"),
        (":correct", ":%zz"),
    ] {
        errors.push(Registry::open(&place.url.replacen(from, to, 1)).unwrap_err());
    }
    errors.push(Registry::open(&format!("{}?sslmode=require", place.url)).unwrap_err());
    errors.push(Registry::open(&format!("{}?sslmode={password}", place.url)).unwrap_err());
    errors.push(Registry::open(&format!("{}?sslrootcert=/none", place.url)).unwrap_err());
    for error in errors {
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(password) && !text.contains("wrong-password"), "{text}");
        }
    }
    let registry = place.registry();
    assert!(!format!("{registry:?}").contains(password));
    assert!(!registry.place().contains(password));
}

fn lost(server: &Postgres) {
    let place = Place::postgres(server);
    let registry = place.with_versions(1);
    let database = place.url.rsplit('/').next().unwrap();
    let end = || {
        server.sql(
            "postgres",
            &format!(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'"
            ),
        );
    };
    end();
    let error = registry.add_version(by("anna", 50), &new("5.0.0", 5)).unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { committing: false, .. }), "{error}");
    assert!(error.is_retryable() && error.to_string().contains("repeat it"), "{error}");
    // The same again takes a new connection.
    registry.add_version(by("anna", 50), &new("5.0.0", 5)).unwrap();
    end();
    assert!(registry.version("team/model", "5.0.0").unwrap_err().is_retryable());
    assert_eq!(registry.version("team/model", "5.0.0").unwrap().artifact, artifact(5));
}
