//! Libraries whose classes saved models and training states are known to hold.

/// Packages whose classes are worth knowing and no reason for alarm.
const FAMILIAR: &[&str] = &[
    "accelerate",
    "apex",
    "catboost",
    "datasets",
    "deepspeed",
    "diffusers",
    "flax",
    "imblearn",
    "jax",
    "jaxlib",
    "lightgbm",
    "lightning",
    "lightning_fabric",
    "lightning_utilities",
    "megatron",
    "numpy",
    "omegaconf",
    "optax",
    "orbax",
    "pandas",
    "peft",
    "pytorch_lightning",
    "scipy",
    "sentence_transformers",
    "skl2onnx",
    "sklearn",
    "statsmodels",
    "tensordict",
    "timm",
    "tokenizers",
    "torch",
    "torchao",
    "torchaudio",
    "torchmetrics",
    "torchvision",
    "transformers",
    "trl",
    "xgboost",
];

/// Packages whose objects are pickled by calling their classes with arguments.
const ESTIMATORS: &[&str] = &[
    "accelerate",
    "catboost",
    "imblearn",
    "lightgbm",
    "omegaconf",
    "optax",
    "pandas",
    "scipy",
    "sklearn",
    "tokenizers",
    "transformers",
    "xgboost",
];

/// Modules in which TorchScript archives keep their own classes; Python has no such module.
const SCRIPTED: &str = "__torch__";

pub(super) fn is_familiar(_module: &str, root: &str) -> bool {
    root == SCRIPTED || FAMILIAR.binary_search(&root).is_ok()
}

pub(super) fn makes_estimators(root: &str) -> bool {
    root == SCRIPTED || ESTIMATORS.binary_search(&root).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn tables_are_sorted() {
        assert!(super::FAMILIAR.is_sorted() && super::ESTIMATORS.is_sorted());
    }
}
