use reproof_report::html::page;

use crate::{fixtures, golden::assert_golden};

#[test]
fn pages_are_the_golden_ones() {
    for (name, report) in fixtures::all() {
        assert_golden(&format!("{name}.html"), &page(&report));
    }
}

#[test]
fn a_page_runs_and_fetches_nothing() {
    for (name, report) in fixtures::all() {
        let text = page(&report).to_ascii_lowercase();
        let forbidden = [
            "<script", "<img", "<iframe", "<link", "<object", "<embed", "<base", "<form", "http:", "https:",
            "@import", "url(", "src=x>", "<a ",
        ];
        for word in forbidden {
            assert!(!text.contains(word), "{name} has {word}");
        }
        assert!(text.contains("default-src 'none'; style-src 'unsafe-inline'"));
    }
}

/// The page is written as well-formed XML but for its doctype, void elements and valueless attributes, so a strict
/// parser shows that nothing from a report opened or closed an element.
#[test]
fn elements_are_balanced_and_only_ours() {
    const KNOWN: &str = "html head meta title style body header main footer section details summary figure figcaption \
                         p h1 h2 h3 h4 ol ul li dl dt dd div span small strong b i br bdi code table caption thead \
                         tbody tr th td svg rect path line text";
    const ATTRIBUTES: &str = "lang charset http-equiv content name class id aria-hidden aria-label aria-labelledby \
                              aria-current role scope tabindex open viewBox preserveAspectRatio width height x y x1 x2 \
                              y1 y2 rx d";
    for (name, report) in fixtures::all() {
        let mut text = page(&report).replacen("<!doctype html>", "", 1).replace("<br>", "<br/>");
        text = text.replace("\" open>", "\" open=\"\">");
        let mut closed = String::new();
        for part in text.split_inclusive('>') {
            let void = part.trim_start().starts_with("<meta");
            closed.push_str(&if void { part.replace('>', "/>") } else { part.to_owned() });
        }
        let document = roxmltree::Document::parse(&closed).unwrap_or_else(|error| panic!("{name}: {error}"));
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let tag = node.tag_name().name();
            assert!(KNOWN.split_whitespace().any(|known| known == tag), "{name} has <{tag}>");
            for attribute in node.attributes() {
                let key = attribute.name();
                assert!(ATTRIBUTES.split_whitespace().any(|known| known == key), "{name}: {key} on <{tag}>");
            }
        }
    }
}

#[test]
fn pictures_have_words_and_tables_have_headers() {
    let text = page(&fixtures::drifted());
    assert_eq!(text.matches("<svg").count(), text.matches("role=\"img\" aria-label=").count() - marks(&text));
    assert!(text.contains("largest 0.024 in row 8, column 21"), "the heat map does not name its peak");
    assert!(text.contains("with NaN or infinity"));
    assert!(text.contains("equal: 579, below 1e-7: 148, 1e-7 to 1e-6: 742"));
    assert!(text.matches("<th scope=\"col\"").count() >= 3);
    assert_eq!(text.matches("<table").count(), text.matches("<caption").count());
}

#[test]
fn a_crowd_is_folded_and_bounded() {
    let mut report = fixtures::crowd();
    let text = page(&report);
    assert!(text.contains("<summary>240 identical cases</summary>"));
    assert_eq!(text.matches("<details class=\"output ").count(), 60);
    assert!(!text.contains("none worse"));
    report.cases.push(report.cases[0].clone());
    assert!(page(&report).contains("And 1 more output, none worse"));
}

/// Marks of checks are pictures in words too.
fn marks(text: &str) -> usize {
    text.matches("<span class=\"mark").count() - text.matches("<summary><span class=\"mark").count()
}

#[test]
fn long_names_are_cut_and_hidden_characters_shown() {
    let text = page(&fixtures::hostile());
    assert!(text.contains("\\u{202e}gnp.exe"));
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'));
    assert!(text.contains("&lt;script&gt;alert(&#39;x&#39;)"));
    assert!(text.split(char::is_whitespace).all(|word| word.len() < 10_000));
}
