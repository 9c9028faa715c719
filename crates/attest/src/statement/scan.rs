//! The statement of a scan.

use reproof_contract::Scan;
use serde_json::{Map, Value, json};

use super::{Attribute, Descriptor, Scai, Statement, Subject};

/// Findings that a statement lists, the worst first; the report that it names by digest has all.
pub const LISTED_FINDINGS: usize = 256;

/// What `scan` found of `subject`. `report` names the scan's own document by digest.
///
/// The first attribute is `reproof.scan.clean`, `.findings` or `.incomplete`; its conditions say how much was looked at,
/// because a scan that skipped a file says nothing about it. Each listed finding follows, with its place.
pub fn scan(subject: &Subject, scan: &Scan, report: &Descriptor) -> Statement<Scai> {
    let coverage = &scan.coverage;
    let listed = scan.findings.len().min(LISTED_FINDINGS);
    let whole = Attribute {
        attribute: format!("reproof.scan.{}", scan.verdict.as_str()),
        target: None,
        conditions: conditions([
            ("scanner", json!(scan.scanned_by)),
            ("failOn", json!(scan.fail_on.as_str())),
            ("findings", json!(scan.findings.len())),
            ("listedFindings", json!(listed)),
            ("files", json!(coverage.files)),
            // Beyond 2^53 JSON has no whole numbers that everybody reads alike.
            ("inspectedBytes", json!(coverage.inspected_bytes.to_string())),
            ("tensorBytes", json!(coverage.tensor_bytes.to_string())),
            ("unreadBytes", json!(coverage.unread_bytes.to_string())),
            ("unreadParts", json!(coverage.unread.len())),
            ("checksumsCompared", json!(coverage.deep)),
        ]),
        evidence: Some(report.clone()),
    };
    let findings = scan.findings.iter().take(listed).map(|finding| {
        let mut conditions = conditions([
            ("severity", json!(finding.severity.as_str())),
            ("message", json!(finding.message)),
            ("count", json!(finding.count.to_string())),
        ]);
        if let Some(would) = &finding.would {
            conditions.insert("would".to_owned(), json!(would));
        }
        if let Some(offset) = finding.offset {
            conditions.insert("offset".to_owned(), json!(offset.to_string()));
        }
        Attribute {
            attribute: format!("reproof.finding.{}", finding.id),
            target: Some(Descriptor::named(&finding.member)),
            conditions,
            evidence: None,
        }
    });
    let attributes = std::iter::once(whole).chain(findings).collect();
    let producer =
        Descriptor { uri: Some(super::verification::verifier(&scan.scanned_by)), ..Descriptor::default() };
    Statement::new(subject, Scai { attributes, producer: Some(producer) })
}

fn conditions<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
