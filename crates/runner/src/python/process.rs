//! A process that works for this one, whoever started it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, sync_channel};

use rustix::process::{Pid, Signal, kill_process_group};

/// The longest line that is read, in bytes: room for the digests of a hundred thousand tensors.
const LONGEST: u64 = 32 << 20;

/// A process that leads a group of its own.
pub(super) trait Process {
    /// Its number.
    fn id(&self) -> u32;

    /// How it ended, once it has.
    fn poll(&mut self) -> std::io::Result<Option<ExitStatus>>;

    /// Ends it with everything that it started, and waits for that.
    fn end(&mut self) -> std::io::Result<ExitStatus>;
}

impl Process for Child {
    fn id(&self) -> u32 {
        Child::id(self)
    }

    fn poll(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.try_wait()
    }

    fn end(&mut self) -> std::io::Result<ExitStatus> {
        kill_group(Child::id(self));
        self.kill()?;
        self.wait()
    }
}

/// Ends everything in the group of a process.
pub(super) fn kill_group(process: u32) {
    if let Some(group) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// The lines that arrive, until the other side closes or says what is none.
pub(super) fn lines(channel: &UnixStream) -> std::io::Result<Receiver<Vec<u8>>> {
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
    Ok(lines)
}
