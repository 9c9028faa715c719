//! What to do next.

use reproof_contract::report::Grade;
use reproof_contract::{Relation, Report, Verdict};

use crate::outcome::checks;

/// What to do about a report that is negative, undecided or short of what was asked for.
pub(crate) fn next(report: &Report) -> Option<String> {
    let path = argument(&report.artifact.path);
    let wanted = wanted(report, &path);
    let resumed = report.resume.as_ref().filter(|_| report.cases.is_empty());
    let advice = match report.verdict {
        Verdict::Drifted if resumed.is_some_and(|resume| !resume.findings.is_empty()) => {
            "save and restore what the hints name, train to the next checkpoint and verify that one"
                .to_owned()
        }
        Verdict::Drifted if resumed.is_some() => {
            "look at the first stream that differs, and verify in the environment that the training ran in"
                .to_owned()
        }
        Verdict::Corrupt if is_contract_broken(report) => {
            "restore the contract's folder, for example from version control, and verify again".to_owned()
        }
        Verdict::Corrupt => {
            format!("restore the artifact from where it was recorded and verify again; {wanted}")
        }
        Verdict::Unloadable => format!(
            "`reproof inspect {path}` shows what the artifact holds without running it; then load it with the \
             runner it was recorded with"
        ),
        Verdict::Incomparable => {
            format!("compare names, types and shapes with `reproof inspect {path}`; {wanted}")
        }
        Verdict::Drifted => match other_runner(report) {
            Some(runner) => format!(
                "`reproof verify {path} --runner {runner}` repeats this with the engine that recorded, which tells \
                 the engine from the model; {wanted}"
            ),
            None if report.environment.differences.iter().any(|found| found.grade > Grade::Harmless) => {
                format!(
                    "verify in the environment of the goldens, which tells the environment from the model; {wanted}"
                )
            }
            None => format!("`reproof verify {path} --keep DIR` keeps the tensors that came out; {wanted}"),
        },
        Verdict::Undecided => open(report, &path),
        verdict if !verdict.reaches(report.required) => format!(
            "the verdict is {verdict}, {required} was required: verify in the environment of the goldens, or ask \
             with `--require {verdict}`",
            required = report.required
        ),
        _ => return None,
    };
    Some(advice)
}

/// What to do when the change was meant. Another artifact than the recorded one gets a contract of its own.
fn wanted(report: &Report, path: &str) -> String {
    if report.relation == Relation::Same {
        format!("if the change is wanted, `reproof accept {path} --reason TEXT` makes the next contract")
    } else {
        format!("if the difference is wanted, `reproof record {path}` makes a contract of its own")
    }
}

/// Whether files of the contract itself are not the recorded ones.
fn is_contract_broken(report: &Report) -> bool {
    checks(report).any(|check| check.id == "load.integrity.contract" && check.verdict == Verdict::Corrupt)
}

/// The runner that recorded, if another one verified.
fn other_runner(report: &Report) -> Option<&str> {
    let recorded = report.contract.recorded_with.as_deref()?.split_whitespace().next()?;
    let current = report.runner.as_deref()?.split_whitespace().next()?;
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let is_name = recorded.len() <= 20 && recorded.chars().all(plain);
    (is_name && current != recorded).then_some(recorded)
}

/// An undecided check knows best what it lacks.
fn open(report: &Report, path: &str) -> String {
    let hint = checks(report)
        .filter(|check| check.verdict == Verdict::Undecided)
        .find_map(|check| check.hint.clone());
    hint.unwrap_or_else(|| {
        format!("give the runner what it lacks, or choose another: `reproof verify {path} --runner NAME`")
    })
}

/// The path as a shell word; one that is too long or strange to retype is named `PATH`.
fn argument(path: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-/~+@%:,=".contains(character);
    if path.is_empty() || path.starts_with('-') || path.len() > 60 || path.chars().any(char::is_control) {
        "PATH".to_owned()
    } else if path.chars().all(plain) {
        path.to_owned()
    } else if path.chars().all(|character| plain(character) || character == ' ') {
        format!("'{path}'")
    } else {
        "PATH".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::argument;

    #[test]
    fn only_harmless_paths_become_shell_words() {
        assert_eq!(argument("models/net.onnx"), "models/net.onnx");
        assert_eq!(argument("my models/net.onnx"), "'my models/net.onnx'");
        for hostile in ["$(reboot)", "a'b", "-rf", "", "a`b`", "a;b", &"x".repeat(61)] {
            assert_eq!(argument(hostile), "PATH");
        }
    }
}
