//! A training that resumes: the user's own command, offline, until its recorder ends it.

mod supervisor;
mod tree;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reproof_contract::run::{LimitKind, Limits, Status};
use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::child::{End, cause, last_words};
pub use supervisor::Supervisor;
pub(crate) use supervisor::{asked, serve};
use tree::Tree;

/// How long to wait between two looks at the process.
const LOOK: Duration = Duration::from_millis(20);

/// How long between two looks at its whole tree, which take some milliseconds.
const COUNT: Duration = Duration::from_millis(500);

/// The most that a training may print, in bytes: one in a loop must not fill the disk.
const PRINTED: u64 = 256 << 20;

/// What keeps hubs and trackers from hearing of a training that is only a test. What each means is told in the
/// documentation of the package that reads it.
const OFFLINE: [(&str, &str); 10] = [
    ("HF_HUB_OFFLINE", "1"),
    ("TRANSFORMERS_OFFLINE", "1"),
    ("HF_DATASETS_OFFLINE", "1"),
    ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ("WANDB_MODE", "disabled"),
    ("COMET_MODE", "disabled"),
    ("NEPTUNE_MODE", "offline"),
    ("CLEARML_OFFLINE_MODE", "1"),
    ("SWANLAB_MODE", "disabled"),
    ("DO_NOT_TRACK", "1"),
];

/// What is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Training {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables in addition to those of this process and to those that keep it offline.
    pub variables: BTreeMap<String, String>,
    /// A folder for its temporary files, for what it prints and for what trackers write.
    pub scratch: PathBuf,
    /// Limits of time and memory, of all its processes together.
    pub limits: Limits,
}

/// How it ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trained {
    /// Done, died or stopped at a limit.
    pub status: Status,
    /// The end of what it printed.
    pub printed: String,
    /// Wall time.
    pub seconds: f64,
    /// Peak anonymous memory in bytes of all its processes together, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

impl Training {
    /// Runs it to its end. Whatever it was seen to start ends with it; if this process is killed meanwhile, nobody ends it:
    /// [`Supervisor::run`] is for that.
    pub fn run(&self) -> Result<Trained, RunError> {
        self.run_unless(&AtomicBool::new(false), None)
    }

    /// Runs it to its end, or until it is `abandoned`, in a group of processes if it is not to be in that of this one.
    fn run_unless(&self, abandoned: &AtomicBool, group: Option<i32>) -> Result<Trained, RunError> {
        let started = Instant::now();
        let path = self.scratch.join("printed.txt");
        let create = |source| RunError::Exchange { action: "create", path: path.clone(), source };
        let output = File::create(&path).map_err(create)?;
        let errors = output.try_clone().map_err(create)?;
        let [program, arguments @ ..] = self.command.as_slice() else {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "the command is empty");
            return Err(RunError::Start { program: PathBuf::new(), source });
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(OFFLINE)
            .env("MLFLOW_TRACKING_URI", format!("file:{}", self.scratch.join("mlruns").display()))
            .env("PYTHONUNBUFFERED", "1")
            .env("TMPDIR", &self.scratch)
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        #[cfg(unix)]
        if let Some(group) = group {
            std::os::unix::process::CommandExt::process_group(&mut command, group);
        }
        #[cfg(not(unix))]
        let _ = group;
        let failed = |source| RunError::Start { program: program.into(), source };
        let mut child = command.spawn().map_err(failed)?;
        let mut tree = Tree::new(child.id());
        let mut peak = None;
        let waited = self.wait(&mut child, &mut tree, &path, started, &mut peak, abandoned);
        tree.end();
        let ended = waited.map_err(failed)?;
        let printed = last_words(&path);
        let status = match ended {
            Ended::Chatty => Status::Died {
                how: format!("it printed more than {} MiB", PRINTED >> 20),
                last_words: printed.clone(),
            },
            Ended::Abandoned => {
                Status::Died { how: "nobody waited for it any more".to_owned(), last_words: printed.clone() }
            }
            Ended::By(End::Exited(status)) if status.success() => Status::Done,
            Ended::By(end) => cause(&end, &printed),
        };
        Ok(Trained { status, printed, seconds: started.elapsed().as_secs_f64(), peak_memory_bytes: peak })
    }

    fn wait(
        &self,
        child: &mut Child,
        tree: &mut Tree,
        printed: &Path,
        started: Instant,
        peak: &mut Option<u64>,
        abandoned: &AtomicBool,
    ) -> std::io::Result<Ended> {
        let mut counted: Option<Instant> = None;
        loop {
            if counted.is_none_or(|counted| counted.elapsed() > COUNT) {
                *peak = tree.look().max(*peak);
                counted = Some(Instant::now());
            }
            if let Some(status) = child.try_wait()? {
                return Ok(Ended::By(End::Exited(status)));
            }
            let Limits { milliseconds, memory_bytes } = self.limits;
            let late = milliseconds.filter(|limit| started.elapsed() > Duration::from_millis(*limit));
            let large = memory_bytes.filter(|limit| *peak > Some(*limit));
            let limit = late.map(|value| (LimitKind::Time, value));
            if let Some((kind, value)) = limit.or(large.map(|value| (LimitKind::Memory, value))) {
                end(child, tree)?;
                return Ok(Ended::By(End::Limit(kind, value)));
            }
            if abandoned.load(Ordering::Relaxed) {
                end(child, tree)?;
                return Ok(Ended::Abandoned);
            }
            if std::fs::metadata(printed).is_ok_and(|file| file.len() > PRINTED) {
                end(child, tree)?;
                return Ok(Ended::Chatty);
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// How the started process ended.
enum Ended {
    By(End),
    /// It was ended, as it would have filled the disk.
    Chatty,
    /// It was ended, as whoever wanted it is gone.
    Abandoned,
}

fn end(child: &mut Child, tree: &mut Tree) -> std::io::Result<()> {
    // Before its root: what has lost its parent is harder to find.
    tree.end();
    child.kill()?;
    child.wait().map(drop)
}
