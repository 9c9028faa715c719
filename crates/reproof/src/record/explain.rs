//! How a step of a run ended, for people.

use reproof_contract::run::{LimitKind, Status};

/// How a step ended, in words, and what to do about it.
pub(crate) fn explain(status: &Status) -> (String, String) {
    match status {
        Status::Done => ("done".to_owned(), String::new()),
        Status::Refused { message } => {
            (message.clone(), "check the inputs against the model's signature".to_owned())
        }
        Status::Unsupported { what, hint } => (what.clone(), hint.clone()),
        Status::Limit { limit: LimitKind::Time, value } => (
            format!("the run took longer than {:.1} s", *value as f64 / 1000.0),
            "give it more time with --timeout".to_owned(),
        ),
        Status::Limit { limit: LimitKind::Memory, value } => (
            format!("the run needed more than {} MiB of memory", value >> 20),
            "give it more with --memory-limit".to_owned(),
        ),
        Status::Died { how, last_words } => {
            let out_of_memory = ["memory allocation of", "bad_alloc", "Failed to allocate memory"];
            let refused = |line: &&str| out_of_memory.iter().any(|sign| line.contains(sign));
            if let Some(line) = last_words.lines().rfind(refused) {
                return (
                    format!("the run was refused memory: {}", shorten(line)),
                    "give it more with --memory-limit, on a machine that has it".to_owned(),
                );
            }
            if let Some(crash) = crash(last_words) {
                return (
                    format!("the interpreter died ({how}): {crash}"),
                    "the fault is in native code below that line: try another version of the package (--python)"
                        .to_owned(),
                );
            }
            let words =
                if last_words.is_empty() { String::new() } else { format!(": {}", shorten(last_words)) };
            (format!("the engine died ({how}){words}"), "try the other engine (--runner)".to_owned())
        }
    }
}

/// What Python tells of a crash in native code: the kind, and the innermost line that is no library's.
fn crash(words: &str) -> Option<String> {
    let mut lines = words.lines().skip_while(|line| !line.starts_with("Fatal Python error: "));
    let kind = lines.next()?.trim();
    let frame = |line: &&str| line.starts_with("  File ") && !line.contains("/lib/python");
    let place = lines.find(frame).map(|line| format!(", {}", line.trim())).unwrap_or_default();
    Some(format!("{kind}{place}"))
}

/// The last line of what a child printed, cut to a readable length.
fn shorten(words: &str) -> String {
    let line = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().chars().take(200).collect()
}
