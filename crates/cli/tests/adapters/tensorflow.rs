//! Keras, SavedModel and TensorFlow Lite.

use super::TENSORFLOW;

#[test]
fn a_keras_archive_is_refereed_in_float64_and_another_epsilon_drifts() {
    let models = TENSORFLOW.sandbox();
    let referee = models.record_wholly("digits.keras", "images", &[]);
    assert_eq!(referee["kind"], "float64", "{referee}");
    models.run("verify", "digits.keras", &["--threads", "2"]).exits(0);
    models.drifts("epsilon.keras", "digits.keras");
}

#[test]
fn whole_files_of_hdf5_and_weights_with_a_loader_run() {
    let models = TENSORFLOW.sandbox();
    models.keeps("whole.h5", "images", &[]);
    models.keeps("digits.weights.h5", "images", &["--loader", "keras_loaders:build"]);
}

#[test]
fn what_a_keras_file_would_run_needs_leave() {
    let models = TENSORFLOW.sandbox();
    for lambda in ["lambda.keras", "lambda.h5"] {
        models.refuses(lambda, "images", &[], 3, "leave to run");
    }
    models.refuses("hostile.keras", "images", &[], 3, "leave to");
    models.refuses("custom.keras", "images", &[], 3, "leave to import keras_loaders.Scale");
    models.record("custom.keras", "images", &["--loader", "keras_loaders:custom"]);
    models.refuses("other.h5", "images", &[], 3, "the file holds weights alone");
}

#[test]
fn a_savedmodel_runs_and_one_that_remembers_or_reads_files_is_refused() {
    let models = TENSORFLOW.sandbox();
    models.keeps("savedmodel", "images", &[]);
    models.refuses("counts", "images", &[], 1, "`kept-state` failed");
    models.refuses("reads", "rows", &[], 3, "ReadFile");
}

#[test]
fn tflite_runs_in_float_and_in_bytes() {
    let models = TENSORFLOW.sandbox();
    models.keeps("digits.tflite", "images", &[]);
    models.keeps("quantised.tflite", "bytes", &[]);
    // Inputs can be proposed where the framework tells what it takes.
    models.run("record", "digits.tflite", &["--budget", "1s", "--contract", "proposed"]).exits(0);
    models.refuses("quantised.tflite", "images", &["--contract", "other"], 1, "the input `image` is int8");
    models.refuses("broken.tflite", "images", &[], 1, "not a valid Flatbuffer");
}
