//! One worker: its process, the lines it sends, its limits.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use reproof_contract::run::{LimitKind, Limits};

use super::message::Request;
use crate::child::{End, anonymous_memory};

/// How long to wait for a line between two looks at the process.
const LOOK: Duration = Duration::from_millis(10);

/// How long a worker that has closed its channel, or has nothing more to do, may take to end.
const FAREWELL: Duration = Duration::from_secs(3);

/// The longest line that is read, in bytes: room for the digests of a hundred thousand tensors.
const LONGEST: u64 = 32 << 20;

/// The most that a run may print, in bytes: a loader in a loop must not fill the disk.
const PRINTED: u64 = 256 << 20;

/// A running worker.
pub(super) struct Worker {
    child: Child,
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

impl Worker {
    pub(super) fn new(
        child: Child,
        channel: UnixStream,
        limits: Limits,
        printed: &Path,
    ) -> std::io::Result<Self> {
        let mut reader = BufReader::new(channel.try_clone()?);
        let (sender, lines) = sync_channel(1);
        std::thread::spawn(move || {
            loop {
                let mut line = Vec::new();
                match reader.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
                    // A line without its end is the rest of a worker that died, or no line of ours.
                    Ok(_) if line.last() == Some(&b'\n') => {
                        if sender.send(line).is_err() {
                            return;
                        }
                    }
                    _ => return,
                }
            }
        });
        let printed = printed.to_owned();
        Ok(Self { child, channel, lines, limits, started: Instant::now(), printed, peak: None })
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
            self.peak = anonymous_memory(self.child.id()).max(self.peak);
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => return Ok(Event::Line(line)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    closed.get_or_insert_with(Instant::now);
                    std::thread::sleep(LOOK);
                }
            }
            if let Some(status) = self.child.try_wait()? {
                // Its last line may still be on the way.
                if let Ok(line) = self.lines.recv_timeout(LOOK * 10) {
                    return Ok(Event::Line(line));
                }
                return Ok(Event::End(End::Exited(status)));
            }
            if let Some((kind, value)) = self.exceeded() {
                self.kill()?;
                return Ok(Event::End(End::Limit(kind, value)));
            }
            let chatty = std::fs::metadata(&self.printed).is_ok_and(|file| file.len() > PRINTED);
            if chatty || closed.is_some_and(|since| since.elapsed() > FAREWELL) {
                let status = self.kill()?;
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
            if let Some(status) = self.child.try_wait()? {
                return Ok(End::Exited(status));
            }
            std::thread::sleep(LOOK / 5);
        }
        // Threads that user code left do not hold up what is known already.
        Ok(End::Exited(self.kill()?))
    }

    fn kill(&mut self) -> std::io::Result<std::process::ExitStatus> {
        self.kill_group();
        self.child.kill()?;
        self.child.wait()
    }

    /// Ends everything that the worker started; it leads a group of its own.
    fn kill_group(&self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Programs that the worker left behind end with it.
        self.kill_group();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
