//! The worker's program, carried in this binary and laid out anew for each run: nothing is installed anywhere, and no
//! run can change the program of another.

use std::path::Path;

use crate::RunError;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../python/worker/", $path)))),*]
    };
}

/// Every file of the worker's program by its path below the program's folder, with its text.
pub const FILES: &[(&str, &str)] = files!(
    "__main__.py",
    "_reproof_worker/__init__.py",
    "_reproof_worker/alterations/__init__.py",
    "_reproof_worker/alterations/array_bits.py",
    "_reproof_worker/alterations/chance.py",
    "_reproof_worker/alterations/keeping.py",
    "_reproof_worker/alterations/sklearn_estimators.py",
    "_reproof_worker/alterations/sklearn_faults.py",
    "_reproof_worker/alterations/sklearn_formulas.py",
    "_reproof_worker/alterations/sklearn_parts.py",
    "_reproof_worker/alterations/sklearn_tables.py",
    "_reproof_worker/alterations/sklearn_words.py",
    "_reproof_worker/alterations/torch_attention.py",
    "_reproof_worker/alterations/torch_bits.py",
    "_reproof_worker/alterations/torch_calls.py",
    "_reproof_worker/alterations/torch_compiled.py",
    "_reproof_worker/alterations/torch_damage.py",
    "_reproof_worker/alterations/torch_faults.py",
    "_reproof_worker/alterations/torch_functions.py",
    "_reproof_worker/alterations/torch_keeping.py",
    "_reproof_worker/alterations/torch_mixups.py",
    "_reproof_worker/alterations/torch_modes.py",
    "_reproof_worker/alterations/torch_modules.py",
    "_reproof_worker/alterations/torch_numbers.py",
    "_reproof_worker/alterations/torch_parts.py",
    "_reproof_worker/alterations/torch_samples.py",
    "_reproof_worker/alterations/torch_watching.py",
    "_reproof_worker/arrays.py",
    "_reproof_worker/channel.py",
    "_reproof_worker/confine.py",
    "_reproof_worker/copies.py",
    "_reproof_worker/detect.py",
    "_reproof_worker/facts.py",
    "_reproof_worker/failure.py",
    "_reproof_worker/frameworks.py",
    "_reproof_worker/freezing.py",
    "_reproof_worker/interpreter.py",
    "_reproof_worker/loader.py",
    "_reproof_worker/main.py",
    "_reproof_worker/network.py",
    "_reproof_worker/objects.py",
    "_reproof_worker/raw.py",
    "_reproof_worker/session.py",
    "_reproof_worker/signature.py",
    "_reproof_worker/taps.py",
    "_reproof_worker/values.py",
    "_reproof_worker/fingerprint/__init__.py",
    "_reproof_worker/fingerprint/inputs.py",
    "_reproof_worker/fingerprint/jax_operators.py",
    "_reproof_worker/fingerprint/numpy_operators.py",
    "_reproof_worker/fingerprint/torch_operators.py",
    "_reproof_worker/adapters/__init__.py",
    "_reproof_worker/adapters/base.py",
    "_reproof_worker/adapters/call.py",
    "_reproof_worker/adapters/flax.py",
    "_reproof_worker/adapters/flax_module.py",
    "_reproof_worker/adapters/jax_function.py",
    "_reproof_worker/adapters/jax_taps.py",
    "_reproof_worker/adapters/keras.py",
    "_reproof_worker/adapters/keras_archive.py",
    "_reproof_worker/adapters/keras_freeze.py",
    "_reproof_worker/adapters/keras_taps.py",
    "_reproof_worker/adapters/lightgbm.py",
    "_reproof_worker/adapters/onnx_taps.py",
    "_reproof_worker/adapters/onnxruntime.py",
    "_reproof_worker/adapters/orbax.py",
    "_reproof_worker/adapters/savedmodel.py",
    "_reproof_worker/adapters/savedmodel_taps.py",
    "_reproof_worker/adapters/sentence_transformers.py",
    "_reproof_worker/adapters/sklearn.py",
    "_reproof_worker/adapters/sklearn_pickle.py",
    "_reproof_worker/adapters/sklearn_tree.py",
    "_reproof_worker/adapters/skops.py",
    "_reproof_worker/adapters/stablehlo.py",
    "_reproof_worker/adapters/table.py",
    "_reproof_worker/adapters/tensorflow_setup.py",
    "_reproof_worker/adapters/tflite.py",
    "_reproof_worker/adapters/torch_checkpoint.py",
    "_reproof_worker/adapters/torch_dispatch.py",
    "_reproof_worker/adapters/torch_export.py",
    "_reproof_worker/adapters/torch_freeze.py",
    "_reproof_worker/adapters/torch_module.py",
    "_reproof_worker/adapters/torch_script.py",
    "_reproof_worker/adapters/torch_taps.py",
    "_reproof_worker/adapters/torch_tensor.py",
    "_reproof_worker/adapters/torch_whole.py",
    "_reproof_worker/adapters/torch_wide.py",
    "_reproof_worker/adapters/transformers.py",
    "_reproof_worker/adapters/transformers_generate.py",
    "_reproof_worker/adapters/transformers_image.py",
    "_reproof_worker/adapters/transformers_inputs.py",
    "_reproof_worker/adapters/transformers_stage.py",
    "_reproof_worker/adapters/transformers_text.py",
    "_reproof_worker/adapters/xgboost.py",
);

/// Writes the program below `folder`, which an interpreter can then run.
pub(super) fn unpack(folder: &Path) -> Result<(), RunError> {
    for (name, text) in FILES {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|source| RunError::Exchange { action: "write", path, source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_program_is_carried() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/worker");
        let mut open = vec![root.clone()];
        let mut found = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|extension| extension == "py") {
                    found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        let mut carried: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        carried.sort_unstable();
        assert_eq!(carried, found);
    }
}
