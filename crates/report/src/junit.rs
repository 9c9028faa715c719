//! Test suites for continuous integration: a suite per phase, a test case per check.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};
use reproof_contract::report::{Check, CheckStatus, Phase};
use reproof_contract::{Report, Verdict};

use crate::facts::{evidence, metrics, worst};
use crate::outcome::{self, VERDICT};
use crate::text::{visible, visible_lines};

/// The report as JUnit XML. A failed check is a failure, an undecided one an error, a skipped one skipped. A verdict
/// that misses the required one without any such check becomes a suite of its own, so that no report looks greener
/// than its exit code. Characters that XML 1.0 forbids are written as `\u{hex}`.
pub fn document(report: &Report) -> String {
    let mut document = Document::new("reproof");
    document.timestamp = report.verified_at.parse().ok();
    document.time = Duration::try_from_secs_f64(report.phases.iter().map(|phase| phase.seconds).sum()).ok();
    for phase in &report.phases {
        document.add_test_suite(suite(report, phase));
    }
    if let Some(message) = outcome::untold(report) {
        let mut status = TestCaseStatus::non_success(kind(report.verdict));
        status.set_message(visible(&message)).set_type(report.verdict.as_str());
        let mut test = TestCase::new("the verdict reaches the required one", status);
        test.set_classname(VERDICT);
        let mut suite = TestSuite::new("verdict");
        properties(&mut suite, report);
        suite.add_test_case(test);
        document.add_test_suite(suite);
    }
    document.to_string().expect("every text was made fit for XML and writing to memory does not fail")
}

fn suite(report: &Report, phase: &Phase) -> TestSuite {
    let mut suite = TestSuite::new(phase.name.as_str());
    suite.time = Duration::try_from_secs_f64(phase.seconds).ok();
    properties(&mut suite, report);
    suite.add_property(("phase-verdict", phase.verdict.as_str()));
    if let Some(peak) = phase.peak_memory_bytes {
        suite.add_property(("peak-memory-bytes", peak.to_string().as_str()));
    }
    suite.add_test_cases(phase.checks.iter().map(|check| test(report, check)));
    suite
}

/// JUnit gives the document itself no properties, so each suite says what was verified.
fn properties(suite: &mut TestSuite, report: &Report) {
    let mut add = |name: &str, value: &str| {
        suite.add_property((name, value));
    };
    add("verdict", report.verdict.as_str());
    add("required", report.required.as_str());
    add("artifact", &visible(&report.artifact.path));
    if let Some(digest) = report.artifact.artifact_digest {
        add("artifact-digest", &digest.to_string());
    }
    add("contract-digest", &report.contract.digest.to_string());
}

fn test(report: &Report, check: &Check) -> TestCase {
    let mut name = visible(&check.title);
    if let Some(place) = outcome::place(check) {
        name = format!("{name} [{}]", visible(&place));
    }
    let mut test = TestCase::new(name, status(check));
    test.set_classname(visible(&check.id));
    // What was not done has no verdict.
    if check.status != CheckStatus::Skip {
        test.add_property(("verdict", check.verdict.as_str()));
    }
    let (case, output) = outcome::subject(report, check);
    if let (Some(case), None) = (case, &check.output) {
        test.time = Duration::try_from_secs_f64(case.seconds).ok();
    }

    let mut lines = Vec::new();
    let mut line = |label: &str, value: &str| lines.push(format!("{label}: {}", visible_lines(value)));
    let told = [("expected", &check.expected), ("actual", &check.actual), ("hint", &check.hint)];
    for (label, value) in told {
        if let Some(value) = value {
            line(label, value);
        }
    }
    if let Some(output) = output {
        line("evidence", &output.evidence.statement);
        for (label, value) in output.metrics.iter().flat_map(metrics) {
            line(label, &value);
        }
        let worst = output.metrics.as_ref().and_then(worst);
        for (label, value) in worst.into_iter().chain(evidence(&output.evidence)) {
            line(label, &value);
        }
    }
    if !lines.is_empty() {
        test.set_system_out(lines.join("\n"));
    }
    test
}

fn status(check: &Check) -> TestCaseStatus {
    let undecided = check.verdict == Verdict::Undecided;
    let mut status = match check.status {
        CheckStatus::Fail => TestCaseStatus::non_success(kind(check.verdict)),
        CheckStatus::Skip | CheckStatus::Warn if undecided => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
        CheckStatus::Skip => TestCaseStatus::skipped(),
        CheckStatus::Pass | CheckStatus::Warn => return TestCaseStatus::success(),
    };
    let message = check.actual.as_ref().unwrap_or(&check.title);
    status.set_message(visible(message));
    if check.status != CheckStatus::Skip {
        status.set_type(check.verdict.as_str());
    }
    let details = [("expected", &check.expected), ("hint", &check.hint)];
    let details: Vec<String> = details
        .into_iter()
        .filter_map(|(label, value)| value.as_ref().map(|value| format!("{label}: {}", visible_lines(value))))
        .collect();
    if !details.is_empty() {
        status.set_description(details.join("\n"));
    }
    status
}

fn kind(verdict: Verdict) -> NonSuccessKind {
    if verdict == Verdict::Undecided { NonSuccessKind::Error } else { NonSuccessKind::Failure }
}
