//! A training that resumes: the user's own command, in a process group of its own, offline, until its recorder ends it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reproof_contract::run::{LimitKind, Limits, Status};

use crate::RunError;
use crate::child::{End, anonymous_memory, cause, last_words};

/// How long to wait between two looks at the process.
const LOOK: Duration = Duration::from_millis(20);

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
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
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
    /// Runs it to its end. Whatever it started ends with it.
    pub fn run(&self) -> Result<Trained, RunError> {
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
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let failed = |source| RunError::Start { program: program.into(), source };
        let mut child = command.spawn().map_err(failed)?;
        let mut peak = None;
        let end = self.wait(&mut child, &path, started, &mut peak).map_err(failed)?;
        let printed = last_words(&path);
        let status = match &end {
            End::Exited(status) if status.success() => Status::Done,
            end => cause(end, &printed),
        };
        Ok(Trained { status, printed, seconds: started.elapsed().as_secs_f64(), peak_memory_bytes: peak })
    }

    fn wait(
        &self,
        child: &mut Child,
        printed: &std::path::Path,
        started: Instant,
        peak: &mut Option<u64>,
    ) -> std::io::Result<End> {
        loop {
            *peak = memory(child.id()).max(*peak);
            if let Some(status) = child.try_wait()? {
                // Workers of loaders and other ranks.
                end_group(child.id());
                return Ok(End::Exited(status));
            }
            let Limits { milliseconds, memory_bytes } = self.limits;
            let late = milliseconds.filter(|limit| started.elapsed() > Duration::from_millis(*limit));
            let large = memory_bytes.filter(|limit| *peak > Some(*limit));
            let chatty = std::fs::metadata(printed).is_ok_and(|file| file.len() > PRINTED);
            let limit = late.map(|value| (LimitKind::Time, value));
            let limit = limit.or(large.map(|value| (LimitKind::Memory, value)));
            if limit.is_some() || chatty {
                let status = end(child)?;
                return Ok(limit.map_or(End::Exited(status), |(kind, value)| End::Limit(kind, value)));
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Anonymous memory of a process and of all that it started.
fn memory(process: u32) -> Option<u64> {
    let own = anonymous_memory(process)?;
    let children =
        std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    let started = children.split_ascii_whitespace().filter_map(|child| memory(child.parse().ok()?));
    Some(started.fold(own, u64::saturating_add))
}

fn end(child: &mut Child) -> std::io::Result<ExitStatus> {
    end_group(child.id());
    child.kill()?;
    child.wait()
}

/// Ends every process of the group that `leader` was started in.
fn end_group(leader: u32) {
    #[cfg(unix)]
    if let Some(leader) = i32::try_from(leader).ok().and_then(rustix::process::Pid::from_raw) {
        // It is gone already if nothing is left.
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = leader;
}
