//! Source code beside weights.

use super::session::Report;
use crate::Severity;

/// Extensions of programs in source.
const SCRIPTS: &[(&str, &str)] = &[
    ("py", "Python code"),
    ("pyw", "Python code"),
    ("pyx", "Cython code"),
    ("sh", "a shell script"),
    ("bash", "a shell script"),
    ("zsh", "a shell script"),
    ("bat", "a batch file"),
    ("cmd", "a batch file"),
    ("ps1", "a PowerShell script"),
    ("vbs", "a Visual Basic script"),
    ("js", "JavaScript"),
    ("mjs", "JavaScript"),
    ("rb", "Ruby code"),
    ("pl", "Perl code"),
    ("lua", "Lua code"),
    ("php", "PHP code"),
    ("jl", "Julia code"),
    ("r", "R code"),
];

/// What code of a model has little reason for.
const DOUBTFUL: &[&str] = &[
    "os.system",
    "os.popen",
    "subprocess",
    "eval(",
    "exec(",
    "__import__(",
    "socket.socket",
    "urlopen(",
    "requests.get(",
    "requests.post(",
    "urllib.request",
    "marshal.loads",
    "pickle.loads",
    "ctypes.",
    "b64decode(",
    "pty.spawn",
    "shutil.rmtree",
    "curl ",
    "wget ",
    "powershell",
    "Invoke-WebRequest",
    "/dev/tcp/",
    "child_process",
];

/// What TorchScript code of a model has little reason for: it reads and writes files.
const SCRIPTED: &[&str] =
    &["aten.save", "torch.save(", "from_file(", "aten::save", "profiler.save", "load_library"];

/// What a text is found to be, if it is a program.
pub(super) fn inspect(text: &str, name: &str, scripted: bool) -> Vec<Report> {
    if scripted {
        let found = SCRIPTED.iter().copied().find(|word| text.contains(word));
        let report = |word: &str| {
            let message = format!("TorchScript code uses `{word}`, which reaches files");
            Report::new("torchscript.files", Severity::Warning, message)
                .would("read or write files when the model is called")
        };
        return found.map(report).into_iter().collect();
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    let named = SCRIPTS.iter().find(|(known, _)| *known == extension).map(|(_, what)| *what);
    let hash_bang = text.starts_with("#!");
    let what = match named {
        Some(what) => what,
        None if hash_bang => "a script",
        None if looks_like_python(text) => "Python code",
        None => return Vec::new(),
    };
    let severity = if named.is_none() && hash_bang { Severity::Warning } else { Severity::Info };
    let mut reports = vec![
        Report::new("file.script", severity, format!("{what}, which runs if somebody starts or imports it"))
            .would("run, if started or imported"),
    ];
    let found = DOUBTFUL.iter().copied().find(|word| uses(text, word));
    reports.extend(found.map(|word| {
        let message = format!("{what} that uses `{word}`");
        Report::new("file.script-content", Severity::Warning, message)
            .would(format!("use {}", word.trim_end_matches(['(', ' '])))
    }));
    reports
}

/// Whether a text has a word that is no part of another one: `eval(` is none of `model.eval()`.
fn uses(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let starts = |at: usize| !word.starts_with(char::is_alphabetic) || !text[..at].ends_with(part);
    text.match_indices(word).any(|(at, _)| starts(at))
}

/// Whether the first statement of a text is one of Python.
fn looks_like_python(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return false };
    let word = |rest: &str| {
        rest.split([' ', ',', '.', ';'])
            .next()
            .is_some_and(|word| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    match first.split_once(' ') {
        Some(("import", rest)) => word(rest) && !rest.trim().contains(". "),
        Some(("from", rest)) => rest.contains(" import "),
        Some(("def", rest)) => rest.contains('(') && rest.ends_with(':'),
        Some(("class", rest)) => rest.ends_with(':'),
        _ => {
            first.starts_with('@')
                && lines.next().is_some_and(|line| line.starts_with("def ") || line.starts_with("class "))
        }
    }
}
