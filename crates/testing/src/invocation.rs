//! One command in a sandbox, and what it did.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::sandbox::shared_cache;

/// Long enough for any command of a test on a slow machine, short enough to notice one that hangs.
const PATIENCE: Duration = Duration::from_mins(5);

/// A command of a [`Sandbox`](crate::Sandbox) before it runs.
#[derive(Debug)]
#[must_use = "a command does nothing until it is run"]
pub struct Invocation {
    command: Command,
    arguments: Vec<OsString>,
    root: PathBuf,
    input: Vec<u8>,
    patience: Duration,
}

impl Invocation {
    pub(crate) fn new(binary: &Path, root: &Path, arguments: Vec<OsString>) -> Self {
        let mut command = Command::new(binary);
        command
            .args(&arguments)
            .current_dir(root.join("work"))
            .env_clear()
            .env("HOME", root.join("home"))
            .env("TMPDIR", root.join("tmp"))
            .env("REPROOF_CACHE", shared_cache(binary))
            .env("PATH", root.join("bin"))
            .env("COLUMNS", "80")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC");
        // Windows programs cannot start without knowing where the system lies.
        if let Some(system) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", system).env("TEMP", root.join("tmp")).env("TMP", root.join("tmp"));
        }
        Self { command, arguments, root: root.to_owned(), input: Vec::new(), patience: PATIENCE }
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in a folder below the working folder.
    pub fn within(mut self, relative: impl AsRef<Path>) -> Self {
        self.command.current_dir(self.root.join("work").join(relative));
        self
    }

    /// Gives it bytes on the standard input, which is empty otherwise.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Fails the test when the command takes longer than this; five minutes otherwise.
    pub fn at_most(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs the command to its end.
    ///
    /// # Panics
    /// If it cannot be started or does not end in time, with what it had printed.
    #[track_caller]
    pub fn run(mut self) -> Finished {
        let start = Instant::now();
        let deadline = start + self.patience;
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = self.command.get_program().to_string_lossy().into_owned();
        let mut child =
            self.command.spawn().unwrap_or_else(|error| panic!("could not start {program}: {error}"));
        let mut stdin = child.stdin.take().expect("standard input was piped");
        let input = std::mem::take(&mut self.input);
        // A command may end without reading its input; that is its right and no failure of the test.
        thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = Stream::collect(child.stdout.take().expect("standard output was piped"));
        let stderr = Stream::collect(child.stderr.take().expect("standard error was piped"));
        let status = wait(&mut child, deadline);
        let closed = stdout.closes(deadline) & stderr.closes(deadline);
        let finished = Finished {
            arguments: self.arguments.clone(),
            status: status.unwrap_or_default(),
            stdout: self.masked(&stdout.take()),
            stderr: self.masked(&stderr.take()),
            seconds: start.elapsed().as_secs_f64(),
        };
        assert!(status.is_some(), "no end after {:?}\n{}", self.patience, finished.everything());
        assert!(closed, "a child of the command outlived it\n{}", finished.everything());
        finished
    }

    /// Starts the command without input and without a look at what it prints, for a test that ends it.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    pub fn start(mut self) -> Child {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.command.spawn().unwrap_or_else(|error| panic!("could not start {:?}: {error}", self.arguments))
    }

    /// The text with the changing paths replaced; macOS and some tools print the resolved ones.
    fn masked(&self, bytes: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        let resolved = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        for root in [resolved.as_path(), self.root.as_path()] {
            text = text.replace(&*root.join("work").to_string_lossy(), "[SANDBOX]");
            text = text.replace(&*root.to_string_lossy(), "[SANDBOX]/..");
        }
        text
    }
}

/// An output stream that a thread reads to its end.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Stream {
    fn collect(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 8192];
            // What was read before an error is still worth showing, so an error reads as the end.
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                sink.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..length]);
            }
        });
        Self { bytes, reader }
    }

    /// Whether the last writer closes the stream in time, with a little grace for the last bytes.
    fn closes(&self, deadline: Instant) -> bool {
        let deadline = deadline.max(Instant::now() + Duration::from_secs(1));
        while !self.reader.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        self.reader.is_finished()
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Waits for the end; `None` after killing a child that did not end in time.
#[track_caller]
fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let ended: io::Result<Option<ExitStatus>> = loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            other => break other,
        }
    };
    let ended = ended.unwrap_or_else(|error| panic!("could not wait for the command: {error}"));
    if ended.is_none() {
        child.kill().and_then(|()| child.wait()).expect("a running child can be killed");
    }
    ended
}

/// What a command did.
#[derive(Clone, Debug)]
#[must_use = "assert how it ended"]
pub struct Finished {
    arguments: Vec<OsString>,
    status: ExitStatus,
    stdout: String,
    stderr: String,
    seconds: f64,
}

impl Finished {
    /// The exit code; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// What it printed on the standard output.
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// What it printed on the standard error.
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Wall time in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Asserts the exit code, and that nothing panicked on the way.
    ///
    /// # Panics
    /// If not so, with everything that the command printed; so do all assertions below.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        self.check(!self.stderr.contains("panicked at"), "it panicked");
        self.check(self.code() == Some(code), &format!("expected exit code {code}"))
    }

    /// Asserts that the standard output contains a text.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        self.check(self.stdout.contains(text), &format!("expected on stdout: {text}"))
    }

    /// Asserts that the standard error contains a text.
    #[track_caller]
    pub fn complains(&self, text: &str) -> &Self {
        self.check(self.stderr.contains(text), &format!("expected on stderr: {text}"))
    }

    /// Asserts that neither stream contains a text.
    #[track_caller]
    pub fn never_mentions(&self, text: &str) -> &Self {
        let found = self.stdout.contains(text) || self.stderr.contains(text);
        self.check(!found, &format!("expected nowhere: {text}"))
    }

    /// Asserts that the standard output is exactly this text.
    #[track_caller]
    pub fn prints(&self, text: &str) -> &Self {
        self.check(self.stdout == text, &format!("expected as the whole of stdout:\n{text}"))
    }

    /// The standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => {
                panic!("expected one JSON document on stdout: {error}\n{}", self.everything())
            }
        }
    }

    /// Command, status and both streams, for messages.
    pub fn everything(&self) -> String {
        let arguments: Vec<_> = self.arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        format!(
            "--- command: {}\n--- {}\n--- stdout\n{}\n--- stderr\n{}\n---",
            arguments.join(" "),
            self.status,
            self.stdout,
            self.stderr,
        )
    }

    #[track_caller]
    fn check(&self, holds: bool, expectation: &str) -> &Self {
        assert!(holds, "{expectation}\n{}", self.everything());
        self
    }
}
