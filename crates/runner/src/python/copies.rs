//! An interpreter that has imported what runs need, and copies itself for each of them.

use std::io::{IoSlice, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::{Deserialize, Serialize};

use super::process::{Process, kill_group, lines};
use crate::scratch::Scratch;

/// How long imports may take.
const IMPORTS: Duration = Duration::from_mins(5);

/// How long a copy may take to be made, or to be gone once it was killed.
const COPYING: Duration = Duration::from_secs(20);

/// The interpreter; it ends with this value.
pub(super) struct Copies {
    child: Child,
    channel: UnixStream,
    lines: Receiver<Vec<u8>>,
    /// The worker's program, which copies read as long as they live.
    _program: Scratch,
}

/// What the interpreter is told to do.
#[derive(Serialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Order<'a> {
    Import { names: &'a [String], network: bool },
    Copy { folder: &'a Path },
}

/// What it answers.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Imported { threads: u32 },
    Copied { process: u32 },
    Ended { status: i32 },
}

impl Copies {
    /// An interpreter that was started with the other end of `channel`, after it has imported `names`. One with more than one
    /// thread cannot be copied and is an error.
    pub(super) fn new(
        child: Child,
        channel: UnixStream,
        program: Scratch,
        names: &[String],
        network: bool,
    ) -> std::io::Result<Self> {
        let lines = lines(&channel)?;
        let mut copies = Self { child, channel, lines, _program: program };
        copies.tell(&Order::Import { names, network }, &[])?;
        match copies.answer(IMPORTS)? {
            Answer::Imported { threads: 1 } => Ok(copies),
            _ => Err(std::io::Error::other("an interpreter of several threads cannot be copied")),
        }
    }

    /// A copy that speaks through `channel`, prints into `printed` and keeps temporary files in `folder`.
    pub(super) fn copy(
        &mut self,
        channel: &UnixStream,
        printed: &std::fs::File,
        folder: &Path,
    ) -> std::io::Result<Copied<'_>> {
        self.tell(&Order::Copy { folder }, &[channel.as_fd(), printed.as_fd()])?;
        match self.answer(COPYING)? {
            Answer::Copied { process } => Ok(Copied { copies: self, process, status: None }),
            _ => Err(strange()),
        }
    }

    fn tell(&mut self, order: &Order<'_>, files: &[std::os::fd::BorrowedFd<'_>]) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(files)) {
            return Err(std::io::Error::other("files do not fit into a message"));
        }
        let sent = sendmsg(&self.channel, &[IoSlice::new(&line)], &mut control, SendFlags::NOSIGNAL)?;
        self.channel.write_all(line.get(sent..).unwrap_or_default())
    }

    fn answer(&mut self, patience: Duration) -> std::io::Result<Answer> {
        let line = self.lines.recv_timeout(patience).map_err(std::io::Error::other)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        let _ = self.child.end();
    }
}

/// One copy, while it lives and after; the interpreter makes the next when this one is gone.
pub(super) struct Copied<'a> {
    copies: &'a mut Copies,
    process: u32,
    status: Option<ExitStatus>,
}

impl Process for Copied<'_> {
    fn id(&self) -> u32 {
        self.process
    }

    fn poll(&mut self) -> std::io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            match self.copies.lines.recv_timeout(Duration::ZERO) {
                Ok(line) => self.status = Some(ended(&line)?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(strange()),
            }
        }
        Ok(self.status)
    }

    fn end(&mut self) -> std::io::Result<ExitStatus> {
        // The number of one that is gone may be another's by now.
        if let Some(status) = self.poll()? {
            return Ok(status);
        }
        kill_group(self.process);
        if let Some(process) = i32::try_from(self.process).ok().and_then(rustix::process::Pid::from_raw) {
            // It may not lead its group yet.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        let line = self.copies.lines.recv_timeout(COPYING).map_err(std::io::Error::other)?;
        let status = ended(&line)?;
        self.status = Some(status);
        Ok(status)
    }
}

fn ended(line: &[u8]) -> std::io::Result<ExitStatus> {
    match serde_json::from_slice(line)? {
        Answer::Ended { status } => Ok(ExitStatus::from_raw(status)),
        _ => Err(strange()),
    }
}

fn strange() -> std::io::Error {
    std::io::Error::other("an interpreter that copies itself said something else than was asked")
}
