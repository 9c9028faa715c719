//! The line that says where a measurement was made.

use std::process::Command;
use std::{env, fs, thread};

use crate::repository;

/// Processor, cores, memory, system and compiler; never the machine's name.
pub(crate) fn line() -> String {
    let processor = field("/proc/cpuinfo", "model name").or_else(processor_elsewhere);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .map(|kibibytes| format!("{:.0} GB", kibibytes * 1024.0 / 1e9));
    let cores = thread::available_parallelism().map(|cores| format!("{cores} cores")).ok();
    let compiler = repository::output(Command::new("rustc").arg("--version")).ok();
    let system = Some(format!("{} {}", env::consts::OS, env::consts::ARCH));
    let parts = [processor, cores, memory, system, compiler.map(|text| text.trim().to_owned())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The value of the first line of `name : value` or `name: value` in a file of the kernel.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn processor_elsewhere() -> Option<String> {
    let text = repository::output(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"])).ok()?;
    Some(text.trim().to_owned())
}
