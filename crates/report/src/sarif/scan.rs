//! What a scan found, as SARIF.

use std::collections::BTreeMap;

use reproof_contract::Scan;
use reproof_contract::scan::{ScanFinding, ScanVerdict, Severity};
use reproof_digest::blob;
use serde_json::{Value, json};

use super::log::{
    Artifact, ArtifactLocation, Driver, Finding, Invocation, Level, Location, Log, LogicalLocation, Message,
    Notification, PhysicalLocation, ReportingDescriptor, Run, Tool,
};
use super::rules;
use super::{relative_uri, semantic};
use crate::text::{visible, visible_lines};

/// The scan as a SARIF log: a rule per kind of finding, a result per finding. A scan that is not complete says that
/// its execution was not successful: a log without results means that everything was inspected.
pub fn scan(scan: &Scan) -> Value {
    let mut known: Vec<ReportingDescriptor> = Vec::new();
    let mut files: Vec<String> = Vec::new();
    let results = scan.findings.iter().map(|finding| result(finding, &mut known, &mut files)).collect();
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "Reproof",
                semantic_version: semantic(&scan.scanned_by),
                version: visible(&scan.scanned_by),
                rules: known,
            },
        },
        invocations: vec![invocation(scan)],
        artifacts: files
            .iter()
            .enumerate()
            .map(|(index, file)| Artifact { location: ArtifactLocation { uri: relative_uri(file), index } })
            .collect(),
        results,
        column_kind: "unicodeCodePoints",
        properties: json!({ "verdict": scan.verdict, "failOn": scan.fail_on, "coverage": scan.coverage }),
    };
    serde_json::to_value(Log::of(run)).expect("texts, whole numbers and words serialise")
}

fn result(finding: &ScanFinding, known: &mut Vec<ReportingDescriptor>, files: &mut Vec<String>) -> Finding {
    let (file, inside) = finding.member.split_once(':').unwrap_or((&finding.member, ""));
    let mut text = visible_lines(&finding.message);
    if let Some(would) = &finding.would {
        text = format!("would {}: {text}", visible_lines(would));
    }
    let logical = (!inside.is_empty()).then(|| LogicalLocation {
        name: visible(inside.rsplit(':').next().unwrap_or(inside)),
        fully_qualified_name: visible(&finding.member),
        kind: "member",
    });
    // Stable from run to run, so that a finding keeps its history.
    let would = finding.would.as_deref().unwrap_or(&finding.message);
    let identity = format!("{}\0{}\0{would}", finding.id, finding.member);
    let index = position(files, |known| known == file, || file.to_owned());
    Finding {
        rule_id: finding.id.clone(),
        rule_index: position(known, |rule| rule.id == finding.id, || rules::descriptor(&finding.id)),
        level: match finding.severity {
            Severity::Dangerous => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Info => Level::Note,
        },
        message: Message::text(text),
        locations: vec![Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: relative_uri(file), index },
            },
            logical_locations: logical.into_iter().collect(),
        }],
        partial_fingerprints: BTreeMap::from([("reproofScan/v1", blob(identity.as_bytes()).to_hex())]),
        properties: json!({
            "severity": finding.severity,
            "offset": finding.offset,
            "count": finding.count,
        }),
    }
}

/// The place of an entry in a list, added where it is new.
fn position<T>(list: &mut Vec<T>, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    list.iter().position(is).unwrap_or_else(|| {
        list.push(make());
        list.len() - 1
    })
}

fn invocation(scan: &Scan) -> Invocation {
    let unread = &scan.coverage.unread;
    let notifications = unread.iter().map(|part| Notification {
        level: Level::Warning,
        message: Message::text(visible_lines(&format!("not read: {}: {}", part.path, part.reason))),
    });
    Invocation {
        execution_successful: scan.verdict != ScanVerdict::Incomplete,
        end_time_utc: None,
        tool_execution_notifications: notifications.collect(),
    }
}
