//! Models of tables: XGBoost, LightGBM, and scikit-learn in the archives of skops.

use super::JAX;

#[test]
fn xgboost_runs_from_json_and_from_ubjson_and_one_leaf_is_told() {
    let models = JAX.sandbox();
    models.keeps("boosted.ubj", "tables", &[]);
    let path = models.sandbox.path("m/boosted.ubj.reproof/contract.json");
    let contract: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    // Neither the file nor the framework declares its outputs: the cases show them.
    assert_eq!(
        contract["interface"]["inputs"][0]["type"], "tensor(F32)[4, 64]",
        "{:#}",
        contract["interface"]
    );
    assert_eq!(contract["interface"]["outputs"][0]["name"], "prediction");
    let referee = models.record_wholly("boosted.json", "tables", &[]);
    assert_eq!(referee["kind"], "none", "{referee}");
    models.run("verify", "boosted.json", &["--threads", "2"]).exits(0).says("identical");
    models.drifts("planted.json", "boosted.json");
    models.run("record", "boosted.ubj", &["--budget", "1s", "--contract", "proposed"]).exits(0);
    models.refuses("broken.ubj", "tables", &[], 1, "XGBoostError");
}

#[test]
fn lightgbm_runs_on_tables_and_on_named_columns_and_a_leaf_off_by_a_millionth_is_told() {
    let models = JAX.sandbox();
    let referee = models.record_wholly("grown.txt", "rows", &[]);
    assert_eq!(referee["kind"], "float64", "{referee}");
    models.run("verify", "grown.txt", &["--threads", "2"]).exits(0).says("identical");
    models.drifts("planted.txt", "grown.txt");
    let elsewhere = ["--contract", "columns"];
    models.record("grown.txt", "columns", &elsewhere);
    models.run("verify", "grown.txt", &[&elsewhere[..], &["--relation", "same"]].concat()).exits(0);
    // Rows of another width are the model's to refuse.
    models.refuses("shipped/model-gamma.txt", "rows", &[], 1, "number of features in data (10)");
}

#[test]
fn trees_that_somebody_else_has_grown_keep_their_promise() {
    let models = JAX.sandbox();
    for name in ["gamma", "nEICandidates"] {
        models.keeps(&format!("shipped/model-{name}.txt"), &format!("features-{name}"), &[]);
    }
}

#[test]
fn skops_runs_what_it_vouches_for_and_asks_for_leave_for_the_rest() {
    let models = JAX.sandbox();
    models.keeps("pipeline.skops", "tables", &[]);
    models.drifts("planted.skops", "pipeline.skops");
    models.refuses("own.skops", "tables", &[], 3, "table_functions.halve");
    models.record("own.skops", "tables", &["--trust"]);
}
