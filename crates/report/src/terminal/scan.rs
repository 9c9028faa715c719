//! What a scan found, for people.

use reproof_contract::Scan;
use reproof_contract::scan::{ScanFinding, ScanVerdict, Severity};

use super::Style;
use super::sheet::{Ink, Sheet, Span};
use crate::figures;
use crate::tone::Tone;

/// Findings that are listed per severity; `--verbose` lists every one.
const LISTED: usize = 12;
/// Unread parts that are listed.
const UNREAD: usize = 6;

/// The verdict, the findings with the worst first, what was looked at, and what to do next. Ends with a line break.
pub fn scan(scan: &Scan, style: &Style) -> String {
    let mut sheet = Sheet::new(*style);
    let tone = match scan.verdict {
        ScanVerdict::Clean => Tone::Good,
        ScanVerdict::Incomplete => Tone::Open,
        ScanVerdict::Findings if of(scan, Severity::Dangerous).next().is_some() => Tone::Bad,
        ScanVerdict::Findings => Tone::Notice,
    };
    let counts: Vec<String> = [Severity::Dangerous, Severity::Warning, Severity::Info]
        .into_iter()
        .filter_map(|severity| match of(scan, severity).count() {
            0 => None,
            count => Some(format!("{} {}", figures::count(count as u64), severity.as_str())),
        })
        .collect();
    let counts = if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") };
    sheet.line(&[
        Span::new(Ink::of(tone), format!("{} {}", tone.mark(), scan.verdict.as_str())),
        Span::new(Ink::Dim, format!("  {counts}")),
    ]);
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &scan.path, Ink::Plain, None);
    for severity in [Severity::Dangerous, Severity::Warning, Severity::Info] {
        findings(&mut sheet, scan, severity);
    }
    coverage(&mut sheet, scan);
    if let Some(advice) = advice(scan) {
        sheet.blank();
        sheet.paragraph(&[Span::new(Ink::Strong, "next: ")], &advice, Ink::Plain, None);
    }
    sheet.into_text()
}

fn of(scan: &Scan, severity: Severity) -> impl Iterator<Item = &ScanFinding> {
    scan.findings.iter().filter(move |finding| finding.severity == severity)
}

fn findings(sheet: &mut Sheet, scan: &Scan, severity: Severity) {
    let (tone, heading) = match severity {
        Severity::Dangerous => (Tone::Bad, "would execute what the artifact chose"),
        Severity::Warning => (Tone::Notice, "want a look"),
        Severity::Info => (Tone::Muted, "worth knowing"),
    };
    let found: Vec<&ScanFinding> = of(scan, severity).collect();
    if found.is_empty() {
        return;
    }
    sheet.blank();
    sheet.line(&[Span::new(Ink::Strong, severity.as_str()), Span::new(Ink::Dim, format!("  {heading}"))]);
    let most = if sheet.verbose() { found.len() } else { LISTED };
    for finding in found.iter().take(most) {
        let times = if finding.count > 1 {
            format!(", {} times", figures::count(finding.count))
        } else {
            String::new()
        };
        let text = match &finding.would {
            Some(would) => format!("{would}: {}{times}", finding.message),
            None => format!("{}{times}", finding.message),
        };
        sheet.excerpt(3, &[Span::mark(tone)], &text, Ink::Plain, None);
        let place = finding.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
        let text = format!("{}{place}  ({})", finding.member, finding.id);
        sheet.excerpt(2, &[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
    if let Some(more) = found.len().checked_sub(most).filter(|more| *more > 0) {
        let text = format!("and {} more: --verbose lists them", figures::count(more as u64));
        sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
}

fn coverage(sheet: &mut Sheet, scan: &Scan) {
    let coverage = &scan.coverage;
    sheet.blank();
    let checksums = if coverage.deep { ", with their checksums" } else { "" };
    let text = format!(
        "{} files: {} bytes inspected, {} of tensors{checksums}, {} not read",
        figures::count(coverage.files),
        figures::count(coverage.inspected_bytes),
        figures::count(coverage.tensor_bytes),
        figures::count(coverage.unread_bytes),
    );
    sheet.paragraph(&[Span::new(Ink::Strong, "coverage  ")], &text, Ink::Dim, None);
    let most = if sheet.verbose() { coverage.unread.len() } else { UNREAD };
    for part in coverage.unread.iter().take(most) {
        let text = format!("{}: {}", part.path, part.reason);
        sheet.excerpt(2, &[Span::mark(Tone::Open)], &text, Ink::Plain, None);
    }
    if let Some(more) = coverage.unread.len().checked_sub(most).filter(|more| *more > 0) {
        let text = format!("and {} more: --verbose lists them", figures::count(more as u64));
        sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
}

/// What to do.
fn advice(scan: &Scan) -> Option<String> {
    let dangerous = of(scan, Severity::Dangerous).next().is_some();
    let has = |start: &str| scan.findings.iter().any(|finding| finding.id.starts_with(start));
    match scan.verdict {
        ScanVerdict::Findings if dangerous => Some(
            "do not load it; ask its publisher for safetensors or ONNX, which hold no code, and tell where it came from"
                .to_owned(),
        ),
        ScanVerdict::Findings if has("secret.") => {
            Some("revoke what leaked, remove it from the artifact, and publish it again".to_owned())
        }
        ScanVerdict::Findings if has("pickle.") => Some(
            "load it only with the code that wrote it and from a source that you trust; weights alone are safer \
             as safetensors"
                .to_owned(),
        ),
        ScanVerdict::Findings => Some("look at each of these before you load it".to_owned()),
        ScanVerdict::Incomplete => {
            Some("nothing was found, and not everything was read: what is listed as not read may hold anything".to_owned())
        }
        ScanVerdict::Clean => None,
    }
}
