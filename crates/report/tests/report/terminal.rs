use reproof_contract::{Relation, Verdict};
use reproof_report::terminal::{Style, checklist};
use unicode_width::UnicodeWidthStr;

use crate::{fixtures, golden::assert_golden};

#[test]
fn checklists_are_the_golden_ones() {
    for (name, report) in fixtures::all() {
        assert_golden(&format!("{name}.txt"), &checklist(&report, &Style::default()));
    }
    let colour = Style { colour: true, verbose: true, ..Style::default() };
    assert_golden("drifted.ansi.txt", &checklist(&fixtures::drifted(), &colour));
}

#[test]
fn no_line_exceeds_the_width() {
    for (name, report) in fixtures::all().into_iter().chain([("crowd", fixtures::crowd())]) {
        for width in [40, 57, 80, 81, 132] {
            for verbose in [false, true] {
                let text = checklist(&report, &Style { width, colour: false, verbose });
                for line in text.lines() {
                    assert!(line.width() <= width, "{name} at {width}: {} columns: {line}", line.width());
                    assert_eq!(line.trim_end(), line, "{name} at {width}: blank at the end");
                }
            }
        }
    }
}

#[test]
fn without_colour_there_is_no_control_character_but_line_breaks() {
    for (name, report) in fixtures::all() {
        for verbose in [false, true] {
            let text = checklist(&report, &Style { verbose, ..Style::default() });
            let bad = |character: &char| {
                (character.is_control() && *character != '\n')
                    || "\u{202e}\u{2066}\u{200b}".contains(*character)
            };
            assert_eq!(text.chars().find(bad), None, "{name}");
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, report) in fixtures::all() {
        let plain = checklist(&report, &Style::default());
        let coloured = checklist(&report, &Style { colour: true, ..Style::default() });
        let mut stripped = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain, "{name}");
        assert_ne!(coloured, plain, "{name}");
    }
}

#[test]
fn only_identical_cases_are_folded() {
    let text = checklist(&fixtures::drifted(), &Style::default());
    for name in ["typical-0", "corner-2", "boundary-4"] {
        let class = name.split_once('-').unwrap().0;
        let row = |line: &str| line.split_whitespace().skip(1).take(2).eq([name, class]);
        assert!(text.lines().any(row), "{name} has no row");
    }
    assert!(text.contains("9 cases (3 typical, 3 boundary, 3 corner; 1 refused as recorded)"));
    assert!(!text.contains("typical-3"));

    let verbose = checklist(&fixtures::drifted(), &Style { verbose: true, ..Style::default() });
    assert!(verbose.contains("typical-3"));
}

#[test]
fn a_crowd_stays_readable() {
    let report = fixtures::crowd();
    let text = checklist(&report, &Style { width: 132, ..Style::default() });
    assert!(text.contains("✗ 30 of 330 outputs ") && text.contains("✓ 30 of 330 outputs "));
    assert!(text.contains("and 27 more: --verbose lists them"));
    assert_eq!(text.matches("nothing holds").count(), 8);
    assert!(text.contains("and 52 more: 22 drifted, 30 equivalent"));
    assert!(text.contains("240 cases"));
    assert!(text.contains("and 57 more, none worse"));

    let verbose = checklist(&report, &Style { verbose: true, ..Style::default() });
    assert_eq!(verbose.matches("nothing holds").count(), 30);
    assert_eq!(verbose.matches("float64 referee: ").count(), 60);
}

#[test]
fn whatever_differs_a_checklist_is_one_screen() {
    let mut reports = vec![fixtures::crowd(), fixtures::drifted(), fixtures::corrupt()];
    for check in &mut reports[0].phases[2].checks {
        check.hint = (check.verdict != Verdict::Identical).then(|| "compare the environments".into());
    }
    for report in reports {
        let text = checklist(&report, &Style::default());
        assert!(text.lines().count() <= 67, "{} lines:\n{text}", text.lines().count());
        assert!(text.matches("hint: compare").count() <= 1, "{text}");
    }
}

#[test]
fn the_last_line_says_what_to_do() {
    for (name, report) in fixtures::all() {
        let text = checklist(&report, &Style::default());
        let last = text.trim_end().rsplit_once("\n\n").unwrap().1;
        let expected = report.verdict >= Verdict::Undecided;
        assert_eq!(last.starts_with("next: "), expected, "{name}: {last}");
    }
    let mut short = fixtures::equivalent();
    short.required = Verdict::Identical;
    let text = checklist(&short, &Style::default());
    assert!(text.starts_with("✗ equivalent"));
    assert!(text.contains("`--require equivalent`"));
}

#[test]
fn advice_fits_what_was_found() {
    let last = |report| {
        let text = checklist(&report, &Style { width: 400, ..Style::default() });
        text.trim_end().rsplit_once("\n\n").unwrap().1.to_owned()
    };
    let mut other_engine = fixtures::drifted();
    other_engine.runner = Some("onnxruntime (onnxruntime 1.30.0)".into());
    assert!(last(other_engine.clone()).contains("`reproof verify models/digits.onnx --runner onnx` "));
    // What a contract says becomes no part of a command.
    other_engine.contract.recorded_with = Some("onnx;reboot (tract 0.23.8)".into());
    assert!(!last(other_engine).contains("reboot"));

    let mut converted = fixtures::drifted();
    converted.relation = Relation::Converted;
    let text = last(converted);
    assert!(text.contains("`reproof record models/digits.onnx`") && !text.contains("accept"), "{text}");

    let mut tampered = fixtures::corrupt();
    tampered.phases[0].checks[0].id = "load.integrity.contract".into();
    assert!(last(tampered).contains("restore the contract's folder"));
}
