//! One worker: its process, the lines it sends, its limits.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use reproof_contract::run::{LimitKind, Limits};

use super::message::Request;
use super::process::{Process, lines};
use crate::child::{End, anonymous_memory};

/// How long to wait for a line between two looks at the process.
const LOOK: Duration = Duration::from_millis(10);

/// How long a worker that has closed its channel, or has nothing more to do, may take to end.
const FAREWELL: Duration = Duration::from_secs(3);

/// The most that a run may print, in bytes: a loader in a loop must not fill the disk.
const PRINTED: u64 = 256 << 20;

/// A running worker.
pub(super) struct Worker<'a> {
    process: Box<dyn Process + 'a>,
    channel: UnixStream,
    lines: Receiver<Vec<u8>>,
    limits: Limits,
    started: Instant,
    printed: PathBuf,
    /// Peak anonymous memory since it was last taken.
    pub(super) peak: Option<u64>,
}

/// What a worker did next.
pub(super) enum Event {
    /// It sent a line.
    Line(Vec<u8>),
    /// It ended.
    End(End),
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        process: impl Process + 'a,
        channel: UnixStream,
        limits: Limits,
        printed: &Path,
    ) -> std::io::Result<Self> {
        let (process, lines) = (Box::new(process), lines(&channel)?);
        let printed = printed.to_owned();
        Ok(Self { process, channel, lines, limits, started: Instant::now(), printed, peak: None })
    }

    /// Sends a request; a worker that is gone is noticed when its answer is waited for. A request that cannot be written
    /// down, such as one with a path that is not UTF-8, is an error.
    pub(super) fn send(&mut self, request: &Request<'_>) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let _ = self.channel.write_all(&line);
        Ok(())
    }

    /// Waits for the next line, or for the end.
    pub(super) fn next(&mut self) -> std::io::Result<Event> {
        let mut closed: Option<Instant> = None;
        loop {
            self.peak = anonymous_memory(self.process.id()).max(self.peak);
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => return Ok(Event::Line(line)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    closed.get_or_insert_with(Instant::now);
                    std::thread::sleep(LOOK);
                }
            }
            if let Some(status) = self.process.poll()? {
                // Its last line may still be on the way.
                if let Ok(line) = self.lines.recv_timeout(LOOK * 10) {
                    return Ok(Event::Line(line));
                }
                return Ok(Event::End(End::Exited(status)));
            }
            if let Some((kind, value)) = self.exceeded() {
                self.process.end()?;
                return Ok(Event::End(End::Limit(kind, value)));
            }
            let chatty = std::fs::metadata(&self.printed).is_ok_and(|file| file.len() > PRINTED);
            if chatty || closed.is_some_and(|since| since.elapsed() > FAREWELL) {
                let status = self.process.end()?;
                return Ok(Event::End(End::Exited(status)));
            }
        }
    }

    fn exceeded(&self) -> Option<(LimitKind, u64)> {
        let too_long =
            self.limits.milliseconds.filter(|limit| self.started.elapsed() > Duration::from_millis(*limit));
        let too_large = self.limits.memory_bytes.filter(|limit| self.peak > Some(*limit));
        let time = too_long.map(|value| (LimitKind::Time, value));
        time.or(too_large.map(|value| (LimitKind::Memory, value)))
    }

    /// Ends a worker that has answered everything.
    pub(super) fn farewell(mut self) -> std::io::Result<End> {
        let _ = self.channel.shutdown(std::net::Shutdown::Write);
        let since = Instant::now();
        while since.elapsed() < FAREWELL {
            if let Some(status) = self.process.poll()? {
                return Ok(End::Exited(status));
            }
            std::thread::sleep(LOOK / 5);
        }
        // Threads that user code left do not hold up what is known already.
        Ok(End::Exited(self.process.end()?))
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        // Programs that the worker left behind end with it.
        let _ = self.process.end();
    }
}
