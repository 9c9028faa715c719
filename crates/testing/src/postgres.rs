//! A real PostgreSQL server in a temporary folder, which ends with what started it.
//!
//! One server per test binary and one database per case: a server takes a second or two to make, a database a tenth of that.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::{fs, io, thread};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The superuser.
const USER: &str = "reproof";

/// Her password: a word that a test can look for where it must not be.
const PASSWORD: &str = "correct-horse-battery";

/// The user `nobody`: a server refuses to run as root.
const NOBODY: u32 = 65534;

/// Where Debian and its relatives keep the programs of each major version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The line by which a server tells that it can be connected to.
const READY: &str = "database system is ready to accept connections";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// It is not installed.
    #[error(
        "no PostgreSQL server on the PATH or in {VERSIONS}/*/bin; install one with `apt-get install -y postgresql`"
    )]
    NotInstalled,
    /// A file, folder or program could not be used.
    #[error("could not {action}")]
    System {
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("`{program}` failed:\n{output}")]
    Failed {
        /// Its name.
        program: String,
        /// What it printed.
        output: String,
    },
}

/// A running server. Dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    process: Child,
    databases: AtomicU32,
}

fn system(action: impl Into<String>) -> impl FnOnce(io::Error) -> PostgresError {
    |source| PostgresError::System { action: action.into(), source }
}

impl Postgres {
    /// Starts a server that does not wait for the disk: nothing of a test outlives the machine.
    pub fn start() -> Result<Self, PostgresError> {
        Self::start_with(&["fsync=off", "synchronous_commit=off", "full_page_writes=off"])
    }

    /// Starts a server with settings such as `fsync=on`. It ends when the calling thread does, so that a killed test leaves
    /// none behind: call this from the main thread.
    pub fn start_with(settings: &[&str]) -> Result<Self, PostgresError> {
        Self::start_in(new_folder()?, settings)
    }

    /// Starts a server that encrypts connections with this certificate and its key, both as PEM.
    pub fn start_encrypted(certificate: &str, key: &str) -> Result<Self, PostgresError> {
        let folder = new_folder()?;
        let certificate = private(folder.path(), "server.crt", certificate)?;
        let key = private(folder.path(), "server.key", key)?;
        let files =
            [format!("ssl_cert_file={}", certificate.display()), format!("ssl_key_file={}", key.display())];
        Self::start_in(folder, &["fsync=off", "ssl=on", &files[0], &files[1]])
    }

    fn start_in(folder: TempDir, settings: &[&str]) -> Result<Self, PostgresError> {
        let programs = programs().ok_or(PostgresError::NotInstalled)?;
        let password = private(folder.path(), "password", PASSWORD)?;
        let data = folder.path().join("data");
        let mut initialise = command(&programs, folder.path(), "initdb");
        initialise
            .args([
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--username",
                USER,
            ])
            .arg("--pgdata")
            .arg(&data)
            .arg("--pwfile")
            .arg(&password);
        // As with most users, the order of words is that of a language, where that can be had.
        if has_languages(&programs) {
            initialise.args(["--locale-provider=icu", "--icu-locale=en-US"]);
        }
        finish(initialise, "initdb")?;
        let port = free_port().map_err(system("find a free port"))?;
        let mut server = command(&programs, folder.path(), "postgres");
        server.arg("-D").arg(&data).args(["-c", "listen_addresses=127.0.0.1"]);
        server.args(["-c", &format!("port={port}"), "-c", "max_connections=200"]);
        server.args(["-c", &format!("unix_socket_directories={}", folder.path().display())]);
        for setting in settings {
            server.args(["-c", setting]);
        }
        let mut process = server
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(system("start `postgres`"))?;
        if let Err(output) = ready(&mut process) {
            // It has ended already or is of no use.
            let _ = process.kill();
            let _ = process.wait();
            return Err(PostgresError::Failed { program: "postgres".to_owned(), output });
        }
        Ok(Self { folder, programs, port, process, databases: AtomicU32::new(0) })
    }

    /// Makes an empty database and gives its URL, with user and password.
    ///
    /// # Panics
    /// If it cannot be made.
    #[track_caller]
    pub fn database(&self) -> String {
        let name = format!("case_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database by its name.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The password in the URLs, so that a test can look for it where it must not be.
    pub fn password() -> &'static str {
        PASSWORD
    }

    /// Runs SQL in a database and gives what `psql` prints: one row a line, columns separated by `|`.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut client = command(&self.programs, self.folder.path(), "psql");
        client
            .env("PGPASSWORD", PASSWORD)
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--host=127.0.0.1", &format!("--port={}", self.port), "--username", USER])
            .args(["--dbname", database, "--command", sql]);
        match finish(client, "psql") {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An immediate end, after which nothing is left in shared memory. Where the server has ended by itself, nothing is
        // left to be told.
        let process = Pid::from_child(&self.process);
        if kill_process(process, Signal::QUIT).is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// An empty folder that belongs to whom the server runs as.
fn new_folder() -> Result<TempDir, PostgresError> {
    let folder = tempfile::Builder::new()
        .prefix("postgres-")
        .tempdir()
        .map_err(system("make a folder for the server"))?;
    hand_over(folder.path())?;
    Ok(folder)
}

/// A file that only the server reads.
fn private(folder: &Path, name: &str, content: &str) -> Result<PathBuf, PostgresError> {
    let path = folder.join(name);
    fs::write(&path, content).map_err(system(format!("write {name}")))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(system(format!("hide {name}")))?;
    hand_over(&path)?;
    Ok(path)
}

fn hand_over(path: &Path) -> Result<(), PostgresError> {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).map_err(system("give the folder to `nobody`"))?;
    }
    Ok(())
}

/// Whether databases can be made for a language without the system's locales, which small machines lack.
fn has_languages(programs: &Path) -> bool {
    let help = Command::new(programs.join("initdb")).arg("--help").output();
    help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--icu-locale"))
}

/// The folder with `initdb`, `postgres` and `psql`: of the first on the `PATH`, or of the newest version installed.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // What lies on the PATH may be a link to where the other programs are.
    let on_path = std::env::split_paths(&path)
        .filter_map(|folder| fs::canonicalize(folder.join("postgres")).ok())
        .filter_map(|program| program.parent().map(Path::to_owned));
    let mut installed: Vec<(u32, PathBuf)> = fs::read_dir(VERSIONS)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    installed.sort_unstable_by(|left, right| right.cmp(left));
    on_path
        .chain(installed.into_iter().map(|(_, folder)| folder))
        .find(|folder| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file()))
}

/// A program of PostgreSQL, as `nobody` where we are root, that ends when we do.
fn command(programs: &Path, folder: &Path, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]);
    }
    // SIGQUIT: a server ends at once and takes its children with it.
    command.args(["--pdeathsig", "QUIT", "--"]).arg(programs.join(name));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        // Where `setpriv` is.
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C.UTF-8");
    command
}

/// Runs a program to its end and gives what it printed.
fn finish(mut command: Command, program: &str) -> Result<String, PostgresError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(system(format!("run `setpriv` (package util-linux) for `{program}`")))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let output = printed + &String::from_utf8_lossy(&output.stderr);
    Err(PostgresError::Failed { program: program.to_owned(), output })
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Reads what the server says until it is ready, and goes on reading so that it is never held up.
fn ready(process: &mut Child) -> Result<(), String> {
    let Some(errors) = process.stderr.take() else { return Err("it has no standard error".to_owned()) };
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(errors).lines().map_while(Result::ok) {
            // Nobody listens once the server is ready.
            let _ = sender.send(line);
        }
    });
    let mut said = String::new();
    for line in receiver {
        if line.contains(READY) {
            return Ok(());
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(said)
}
