//! A process and all that it started, whatever group or session that is in: launchers of several ranks make sessions of their
//! own.

use std::collections::{BTreeMap, BTreeSet};

use crate::child::anonymous_memory;

/// A process by its number and the moment at which it began: numbers are given again.
type Process = (u32, u64);

/// The processes of a tree that were seen so far.
#[derive(Debug)]
pub(super) struct Tree {
    root: u32,
    seen: BTreeSet<Process>,
}

impl Tree {
    pub(super) fn new(root: u32) -> Self {
        Self { root, seen: BTreeSet::new() }
    }

    /// Looks at what is there, and gives the anonymous memory of all of it in bytes, where the system tells.
    pub(super) fn look(&mut self) -> Option<u64> {
        let found = descendants(self.root);
        self.seen.extend(&found);
        // Dividing what is shared takes the system long for a large process, and one alone shares nothing.
        let one = |process| if found.len() > 1 { shared_once(process) } else { anonymous_memory(process) };
        let memory = found.iter().filter_map(|(process, _)| one(*process));
        memory.reduce(u64::saturating_add).or_else(|| anonymous_memory(self.root))
    }

    /// Ends every process of the tree that is still there.
    pub(super) fn end(&mut self) {
        #[cfg(unix)]
        // What a process starts while others are ended is found in the next round.
        for _ in 0..3 {
            self.seen.extend(descendants(self.root));
            let left: Vec<Process> = self
                .seen
                .iter()
                .copied()
                .filter(|(process, began)| start(*process) == Some(*began))
                .collect();
            for (process, _) in &left {
                if let Some(process) = i32::try_from(*process).ok().and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
                }
            }
            if left.is_empty() {
                return;
            }
        }
    }
}

/// A process and all below it.
fn descendants(root: u32) -> BTreeSet<Process> {
    let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let Ok(entries) = std::fs::read_dir("/proc") else { return found };
    for entry in entries.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Some((parent, began)) = stat(process) else { continue };
        if process == root {
            found.insert((process, began));
        }
        children.entry(parent).or_default().push((process, began));
    }
    let mut below = vec![root];
    while let Some(process) = below.pop() {
        for child in children.remove(&process).into_iter().flatten() {
            found.insert(child);
            below.push(child.0);
        }
    }
    found
}

fn start(process: u32) -> Option<u64> {
    stat(process).map(|(_, began)| began)
}

/// The parent of a process, and when it began in ticks since the system did.
fn stat(process: u32) -> Option<(u32, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, which comes before, can hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // A process that has ended and waits to be asked for it is none any more.
    (*fields.first()? != "Z").then_some(())?;
    Some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
}

/// Anonymous memory of a process, of what it shares with those that it was forked from its part alone.
fn shared_once(process: u32) -> Option<u64> {
    let part = || {
        let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss_Anon:"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kilobytes << 10)
    };
    part().or_else(|| anonymous_memory(process))
}
