//! Findings for code scanning: SARIF 2.1.0.

mod log;
mod rules;
mod scan;

use std::collections::BTreeMap;

use reproof_contract::report::{Check, CheckStatus};
use reproof_contract::{Report, Verdict};
use reproof_digest::blob;
use serde_json::{Value, json};

use crate::catalogue::{self, Rule};
use crate::outcome::{self, VERDICT};
use crate::text::{visible, visible_lines};
pub use scan::scan;

use log::{
    Artifact, ArtifactLocation, Driver, Finding, Invocation, Level, Location, Log, LogicalLocation, Message,
    Notification, PhysicalLocation, ReportingDescriptor, Run, Tool,
};

/// The report as a SARIF log: a rule per check id, a result per check that failed, warned or could not be decided. A
/// verdict that misses the required one without any such check is a result of its own, and an undecided report says
/// that its execution was not successful: a log without results means that the promise holds.
pub fn document(report: &Report) -> Value {
    let mut rules = Vec::new();
    let mut results = Vec::new();
    for check in outcome::checks(report) {
        let index = rule_index(&mut rules, &check.id);
        if outcome::is_finding(check) {
            results.push(finding(report, check, index));
        }
    }
    if let Some(message) = outcome::untold(report) {
        let rule_index = rule_index(&mut rules, VERDICT);
        results.push(Finding {
            rule_id: VERDICT.to_owned(),
            rule_index,
            level: level(report.verdict, Level::Error),
            message: Message::text(visible(&message)),
            locations: vec![location(report, None, None)],
            partial_fingerprints: fingerprint(VERDICT),
            properties: json!({ "verdict": report.verdict }),
        });
    }
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "Reproof",
                semantic_version: semantic(&report.verified_by),
                version: visible(&report.verified_by),
                rules,
            },
        },
        invocations: vec![invocation(report)],
        artifacts: vec![Artifact { location: artifact(report) }],
        results,
        column_kind: "unicodeCodePoints",
        properties: json!({
            "verdict": report.verdict,
            "required": report.required,
            "assurance": report.assurance,
            "relation": report.relation,
            "artifactDigest": report.artifact.artifact_digest,
            "contractDigest": report.contract.digest,
            "contractSigned": report.contract.signed,
        }),
    };
    serde_json::to_value(Log::of(run)).expect("texts, whole numbers and words serialise")
}

/// The index of a rule, added when it is seen for the first time.
fn rule_index(rules: &mut Vec<ReportingDescriptor>, id: &str) -> usize {
    let shown = visible(id);
    rules.iter().position(|rule| rule.id == shown).unwrap_or_else(|| {
        let Rule { name, summary, help, .. } = catalogue::rule(id).unwrap_or(Rule {
            id: "",
            name: "Check",
            summary: "A check of Reproof.",
            help: "This check has no description yet.",
        });
        rules.push(ReportingDescriptor {
            id: shown,
            name,
            short_description: Message::text(summary),
            full_description: Message::text(summary),
            help: Message::text(help),
        });
        rules.len() - 1
    })
}

fn finding(report: &Report, check: &Check, rule_index: usize) -> Finding {
    let mut lines = vec![visible(&check.title)];
    let parts = [("expected", &check.expected), ("actual", &check.actual), ("hint", &check.hint)];
    for (label, text) in parts {
        if let Some(text) = text {
            lines.push(format!("{label}: {}", visible_lines(text)));
        }
    }
    let (case, output) = (check.case.as_deref(), check.output.as_deref());
    let mut properties = json!({ "verdict": check.verdict, "status": check.status });
    if let (_, Some(output)) = outcome::subject(report, check) {
        properties["evidence"] = visible_lines(&output.evidence.statement).into();
        properties["basis"] = json!(output.evidence.basis);
    }
    // Stable from run to run, so that a finding keeps its history.
    let identity = format!("{}\0{}\0{}", check.id, case.unwrap_or_default(), output.unwrap_or_default());
    Finding {
        rule_id: visible(&check.id),
        rule_index,
        level: match check.status {
            CheckStatus::Fail => level(check.verdict, Level::Error),
            CheckStatus::Pass | CheckStatus::Warn | CheckStatus::Skip => Level::Warning,
        },
        message: Message::text(lines.join("\n")),
        locations: vec![location(report, case, output)],
        partial_fingerprints: fingerprint(&identity),
        properties,
    }
}

/// An undecided finding is a warning: nothing was shown to be broken.
fn level(verdict: Verdict, otherwise: Level) -> Level {
    if verdict == Verdict::Undecided { Level::Warning } else { otherwise }
}

fn fingerprint(identity: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("reproofCheck/v1", blob(identity.as_bytes()).to_hex())])
}

fn location(report: &Report, case: Option<&str>, output: Option<&str>) -> Location {
    let logical = |kind: &'static str, name: &str, path: String| LogicalLocation {
        name: visible(name),
        fully_qualified_name: visible(&path),
        kind,
    };
    let mut logical_locations = Vec::new();
    if let Some(case) = case {
        logical_locations.push(logical("object", case, case.to_owned()));
    }
    if let Some(output) = output {
        let path = case.map_or_else(|| output.to_owned(), |case| format!("{case}/{output}"));
        logical_locations.push(logical("value", output, path));
    }
    let physical_location = PhysicalLocation { artifact_location: artifact(report) };
    Location { physical_location, logical_locations }
}

fn artifact(report: &Report) -> ArtifactLocation {
    ArtifactLocation { uri: relative_uri(&report.artifact.path), index: 0 }
}

/// Executing the tool is successful when there is an answer; without one the log says why, so that a consumer cannot
/// take it for a clean one.
fn invocation(report: &Report) -> Invocation {
    let undecided = report.verdict == Verdict::Undecided;
    let notification =
        || Notification { level: Level::Warning, message: Message::text(visible_lines(&report.summary)) };
    Invocation {
        execution_successful: !undecided,
        end_time_utc: is_utc(&report.verified_at).then(|| report.verified_at.clone()),
        tool_execution_notifications: if undecided { vec![notification()] } else { Vec::new() },
    }
}

/// `YYYY-MM-DDThh:mm:ss[.fraction]Z`, the only form that SARIF takes.
fn is_utc(text: &str) -> bool {
    let pattern = b"dddd-dd-ddTdd:dd:dd";
    let bytes = text.as_bytes();
    let matches = |(byte, form): (&u8, &u8)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form };
    bytes.len() > pattern.len()
        && bytes.iter().zip(pattern).all(matches)
        && match bytes[pattern.len()..].split_last() {
            Some((b'Z', [])) => true,
            Some((b'Z', [b'.', digits @ ..])) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
            _ => false,
        }
}

/// The version if it has the three numbers that SARIF asks of a semantic version.
fn semantic(version: &str) -> Option<String> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (numbers.len() == 3 && numbers.iter().all(number)).then(|| visible(version))
}

/// A path as a relative URI reference: reserved and foreign bytes as `%hex`, never a scheme or an authority.
fn relative_uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            b'/' if uri.ends_with('/') => {}
            b'/' => uri.push('/'),
            _ => {
                let digit = |nibble: u8| char::from(b"0123456789ABCDEF"[usize::from(nibble)]);
                uri.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    if uri.is_empty() { ".".to_owned() } else { uri }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_references() {
        assert_eq!(relative_uri("./my models/net#1.onnx"), "my%20models/net%231.onnx");
        assert_eq!(relative_uri("//host/share"), "/host/share");
        assert_eq!(relative_uri("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(relative_uri("モ"), "%E3%83%A2");
        assert_eq!(relative_uri(""), ".");
    }

    #[test]
    fn only_utc_times_and_semantic_versions_pass() {
        assert!(is_utc("2026-11-23T08:00:00Z") && is_utc("2026-11-23T08:00:00.25Z"));
        assert!(!["", "2026-11-23T08:00:00+01:00", "2026-11-23T08:00:00.Z", "now"].into_iter().any(is_utc));
        assert_eq!(semantic("0.1.0-rc.1").as_deref(), Some("0.1.0-rc.1"));
        assert_eq!(semantic("0.1"), None);
    }
}
