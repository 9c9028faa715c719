//! Watching one child: its end, its limits, its peak memory per step.

use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use reproof_contract::run::{LimitKind, Limits};

/// How long to sleep between two looks at the child, at first and at most.
const LOOKS: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(10);

/// How a child ended.
pub(crate) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// Killed for a limit, with its value.
    Limit(LimitKind, u64),
}

/// What was seen of a child.
pub(super) struct Watched {
    pub(super) end: End,
    /// Peak anonymous memory in bytes before and after the marker appeared.
    pub(super) peak_before: Option<u64>,
    pub(super) peak_after: Option<u64>,
}

/// Waits for the child and kills it at a limit; `marker` is the file whose appearance ends the first step, `look` is
/// called at every look.
pub(super) fn watch(
    child: &mut Child,
    limits: Limits,
    marker: &Path,
    mut look: impl FnMut(),
) -> std::io::Result<Watched> {
    let started = Instant::now();
    let (mut before, mut after, mut marked) = (None, None, false);
    let mut pause = *LOOKS.start();
    let end = loop {
        let memory = anonymous_memory(child.id());
        marked = marked || marker.exists();
        let peak = if marked { &mut after } else { &mut before };
        *peak = memory.max(*peak);
        look();
        if let Some(status) = child.try_wait()? {
            break End::Exited(status);
        }
        let too_long = limits.milliseconds.filter(|limit| started.elapsed() > Duration::from_millis(*limit));
        let too_large = limits.memory_bytes.filter(|limit| memory > Some(*limit));
        let limit = too_long.map(|value| (LimitKind::Time, value));
        if let Some((kind, value)) = limit.or(too_large.map(|value| (LimitKind::Memory, value))) {
            child.kill()?;
            child.wait()?;
            break End::Limit(kind, value);
        }
        std::thread::sleep(pause);
        pause = (pause * 5 / 4).min(*LOOKS.end());
    };
    look();
    // A step too short for a look had at least what the process had before it.
    Ok(Watched { end, peak_before: before, peak_after: after.or(before) })
}

/// Anonymous resident memory of a process in bytes, where the system tells. Mapped files do not count: they can be
/// dropped at any time, and the peak of all resident memory never falls.
pub(crate) fn anonymous_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
