//! The page of a comparison.

use reproof_contract::Diff;
use reproof_report::html;
use serde_json::json;

use crate::golden::assert_golden;

/// A comparison with something of everything.
fn compared() -> Diff {
    let mut cells = vec![json!(0.0); 12];
    cells[5] = json!(0.01);
    cells[7] = json!("Infinity");
    let document = json!({
        "schema": "reproof.diff/v0", "equal": false, "bits_only": false, "part": null,
        "summary": ["1 of 4 tensors changed: `<b>weight</b>`.", "`scheduler` is gone."],
        "a": { "path": "before.ckpt", "format": "torch-zip", "tensors": 4, "trainer": "Lightning 2.6.6" },
        "b": { "path": "after.ckpt", "format": "torch-zip", "tensors": 3, "trainer": null },
        "same_graph": null,
        "roots": [{ "part": "model", "from": "model.", "to": "", "tensors": 2 }],
        "tensors": [
            { "part": "model", "name": "<b>weight</b>", "status": "changed", "dtype": "F32", "shape": [3, 4],
              "metrics": { "elements": 12, "differing": 2, "first": [1, 1], "bits_only": 0, "special_mismatches": 1,
                "maximum_absolute": 0.01, "relative_l2": 0.002, "rms": 1.0, "ulp_maximum": 9.0, "ulp_p99": 9.0,
                "ulp_octaves": [10, 0, 0, 0, 1], "worst": { "index": [1, 3], "a": 0.5, "b": "NaN" },
                "heatmap": { "rows": 3, "columns": 4, "values": cells } } },
            { "part": "model", "name": "model.head", "name_in_b": "head", "status": "cast", "dtype": "F32",
              "dtype_in_b": "BF16", "shape": [2], "exact": true },
            { "part": "model", "name": "qkv", "status": "merged", "dtype": "F32", "shape": [6], "pieces": ["q", "k", "v"] },
            { "part": "model", "name": "same", "status": "identical", "dtype": "F32", "shape": [2] }
        ],
        "states": [
            { "part": "optimizer", "status": "changed", "kind": "Adam", "kind_in_b": "AdamW", "same": 7,
              "changes": [{ "fact": "groups.0.lr", "a": 0.001, "b": 0.0005 }, { "fact": "step", "a": 10, "b": 20 }] },
            { "part": "scheduler", "status": "removed", "kind": "StepLR", "same": 0, "changes": [] },
            { "part": "rng", "status": "identical", "same": 3, "changes": [] }
        ],
        "compared_by": "0.1.0"
    });
    serde_json::from_value(document).unwrap()
}

#[test]
fn the_page_is_the_golden_one() {
    assert_golden("diff.html", &html::diff(&compared()));
}

#[test]
fn the_page_fetches_nothing_and_names_stay_names() {
    let page = html::diff(&compared());
    for word in ["<script", "<img", "<link", "http:", "https:", "url(", "<b>weight"] {
        assert!(!page.contains(word), "the page has {word}");
    }
    assert!(page.contains("&lt;b&gt;weight&lt;/b&gt;") && page.contains("class=\"heat-special\""));
    assert!(page.contains("groups.0.lr") && page.contains("q + k + v"));
}

#[test]
fn crowds_are_bounded() {
    let mut diff = compared();
    diff.tensors = vec![diff.tensors[0].clone(); 700];
    let page = html::diff(&diff);
    assert_eq!(page.matches("<details").count(), 64);
    assert!(page.contains("And 636 more tensors") && page.contains("And 200 more tensors"));
}
