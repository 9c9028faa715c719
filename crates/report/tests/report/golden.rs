//! Golden texts under `tests/golden/`; `REPROOF_REGENERATE=1` writes them anew.

use std::path::Path;

/// Compares a rendering with its golden file, or writes the file when asked to.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("REPROOF_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("golden {name} is missing: run the tests with REPROOF_REGENERATE=1"));
    let lines = golden.lines().zip(text.lines()).enumerate();
    for (number, (expected, actual)) in lines {
        assert_eq!(actual, expected, "golden {name}, line {}", number + 1);
    }
    assert!(text == golden, "golden {name}: {} bytes expected, {} bytes rendered", golden.len(), text.len());
}
