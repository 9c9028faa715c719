use reproof_contract::Verdict;
use reproof_contract::report::CheckStatus;
use reproof_report::junit;
use roxmltree::{Document, Node};

use crate::{fixtures, golden::assert_golden};

fn named<'a>(document: &'a Document<'_>, tag: &'a str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name(tag)).collect()
}

#[test]
fn documents_are_the_golden_ones() {
    for (name, report) in fixtures::all() {
        assert_golden(&format!("{name}.junit.xml"), &junit::document(&report));
    }
}

#[test]
fn every_check_is_read_back_as_a_test_case() {
    for (name, report) in fixtures::all() {
        let text = junit::document(&report);
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let checks: Vec<_> = report.phases.iter().flat_map(|phase| &phase.checks).collect();
        let count = |tag| named(&document, tag).len();
        let expected = |status, undecided: bool| {
            let wanted = |check: &&&reproof_contract::report::Check| {
                check.status == status && (check.verdict == Verdict::Undecided) == undecided
            };
            checks.iter().filter(wanted).count()
        };
        // The empty report has one test case for its verdict.
        let own = usize::from(checks.is_empty());
        assert_eq!(count("testsuite"), report.phases.len() + own, "{name}");
        assert_eq!(count("testcase"), checks.len() + own, "{name}");
        assert_eq!(count("failure"), expected(CheckStatus::Fail, false), "{name}");
        assert_eq!(count("error"), expected(CheckStatus::Fail, true) + own, "{name}");
        assert_eq!(count("skipped"), expected(CheckStatus::Skip, false), "{name}");
        let root = document.root_element();
        assert_eq!(root.attribute("failures").unwrap(), count("failure").to_string(), "{name}");
        assert_eq!(root.attribute("timestamp"), Some("2026-11-23T08:00:00.000+00:00"), "{name}");
    }
}

#[test]
fn a_failure_carries_its_evidence() {
    let text = junit::document(&fixtures::drifted());
    let document = Document::parse(&text).unwrap();
    let failed = |node: &Node<'_, '_>| node.children().any(|child| child.has_tag_name("failure"));
    let test = named(&document, "testcase").into_iter().find(failed).unwrap();
    assert_eq!(test.attribute("classname"), Some("validate.output"));
    assert_eq!(test.attribute("name"), Some("output matches its golden [typical-0 / logits]"));
    let out = test.children().find(|child| child.has_tag_name("system-out")).unwrap().text().unwrap();
    for part in ["evidence: in float64", "max/rms: 0.024", "worst element: [3, 417]", "decisions: 3 of 8"] {
        assert!(out.contains(part), "{part} is not in {out}");
    }
}

#[test]
fn a_verdict_short_of_the_required_one_is_never_green() {
    let mut report = fixtures::equivalent();
    report.required = Verdict::Identical;
    let text = junit::document(&report);
    let document = Document::parse(&text).unwrap();
    let failure = named(&document, "failure");
    assert_eq!(failure.len(), 1);
    assert!(failure[0].attribute("message").unwrap().starts_with("verdict equivalent does not reach"));
}

#[test]
fn forbidden_characters_are_shown_not_dropped() {
    let text = junit::document(&fixtures::hostile());
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(text.chars().find(|character| !allowed(*character)), None);
    let document = Document::parse(&text).unwrap();
    let shown = "a\\u{1b}[31mred\\u{7}\\u{d}\\u{a}second\\u{0}\\u{9b}31m\\u{85}]]>\\u{fffe}\\u{ffff}";
    assert!(named(&document, "testcase").iter().any(|test| test.attribute("classname") == Some(shown)));
}
