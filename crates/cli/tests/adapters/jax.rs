//! Flax and Orbax: weights in a file, and a loader that builds what takes them.

use super::JAX;

const BUILD: [&str; 2] = ["--loader", "flax_loaders:build"];

/// The same from the working folder, for artifacts that are folders.
const BUILD_FROM_HERE: [&str; 2] = ["--loader", "m.flax_loaders:build"];

#[test]
fn weights_of_flax_are_refereed_in_float64_and_another_epsilon_drifts() {
    let models = JAX.sandbox();
    let referee = models.record_wholly("variables.msgpack", "images", &BUILD);
    assert_eq!(referee["kind"], "float64", "{referee}");
    models.run("verify", "variables.msgpack", &["--threads", "2"]).exits(0);
    let other = ["--loader", "flax_loaders:build_epsilon", "--json"];
    let changed = models.run("verify", "variables.msgpack", &other);
    changed.exits(1);
    assert_eq!(changed.json()["verdict"], "drifted");
}

#[test]
fn training_states_functions_and_objects_of_flax_run() {
    let models = JAX.sandbox();
    models.keeps("state.msgpack", "images", &["--loader", "flax_loaders:build_function"]);
    models.keeps("nnx.msgpack", "images", &["--loader", "flax_loaders:build_nnx"]);
}

#[test]
fn a_checkpoint_of_orbax_runs_and_its_damage_is_told() {
    let models = JAX.sandbox();
    models.keeps("orbax", "images", &BUILD_FROM_HERE);
    let manifest = models.sandbox.path("m/orbax/manifest.ocdbt");
    let mut bytes = std::fs::read(&manifest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&manifest, bytes).unwrap();
    let damaged = models.run("verify", "orbax", &["--json"]);
    damaged.exits(1);
    assert_eq!(damaged.json()["verdict"], "corrupt");
    // A folder of several steps is no checkpoint; each step is.
    models.refuses("manager", "images", &BUILD_FROM_HERE, 3, "one step in manager: it holds 1, 2");
    models.record("manager/2", "images", &BUILD_FROM_HERE);
}

#[test]
fn a_module_that_narrows_has_no_referee() {
    let models = JAX.sandbox();
    let narrow = ["--loader", "flax_loaders:build_narrow"];
    let referee = models.record_wholly("variables.msgpack", "images", &narrow);
    assert_eq!(referee["kind"], "none", "{referee}");
    let reason = referee["reason"].as_str().unwrap();
    assert!(reason.contains("gives float16, whatever its inputs"), "{reason}");
}

#[test]
fn what_was_left_in_training_or_never_loaded_deserves_no_golden() {
    let models = JAX.sandbox();
    let loader = |name| ["--loader", name];
    let training = "collection \"batch_stats\" is immutable";
    models.refuses("variables.msgpack", "images", &loader("flax_loaders:build_training"), 1, training);
    let drops = "`inference-mode` failed: in training mode: drop (Dropout)";
    models.refuses("nnx.msgpack", "images", &loader("flax_loaders:build_nnx_training"), 1, drops);
    let made_up = "made up when it was loaded: extra/bias, extra/kernel";
    models.refuses("nnx.msgpack", "images", &loader("flax_loaders:build_larger"), 1, made_up);
    models.refuses("nnx.msgpack", "images", &[], 3, "the code of the model: the file holds weights alone");
}
