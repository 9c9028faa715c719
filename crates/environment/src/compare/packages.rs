//! What another version of a distribution can do.

use reproof_contract::report::Grade;

/// Compute in models: another version may define an operator otherwise.
const FRAMEWORKS: [&str; 31] = [
    "catboost",
    "diffusers",
    "flax",
    "huggingface-hub",
    "jax",
    "jaxlib",
    "joblib",
    "keras",
    "lightgbm",
    "lightning",
    "ml-dtypes",
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "opencv-python",
    "opencv-python-headless",
    "optax",
    "orbax-checkpoint",
    "pandas",
    "pillow",
    "safetensors",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "tensorflow",
    "timm",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
    "xgboost",
];

/// Libraries below frameworks: other kernels for the same operators.
const KERNELS: [&str; 9] =
    ["cuda-", "intel-openmp", "mkl", "numexpr", "nvidia-", "onednn", "openblas", "threadpoolctl", "triton"];

/// Tools and plumbing that compute nothing of a model.
const TOOLS: [&str; 66] = [
    "aiohappyeyeballs",
    "aiohttp",
    "aiosignal",
    "annotated-doc",
    "annotated-types",
    "anyio",
    "attrs",
    "build",
    "certifi",
    "charset-normalizer",
    "click",
    "colorama",
    "coverage",
    "exceptiongroup",
    "filelock",
    "frozenlist",
    "fsspec",
    "h11",
    "hf-xet",
    "httpcore",
    "httpx",
    "idna",
    "iniconfig",
    "ipython",
    "jupyter-client",
    "jupyter-core",
    "jupyterlab",
    "lightning-utilities",
    "markdown-it-py",
    "markupsafe",
    "matplotlib",
    "mdurl",
    "multidict",
    "mypy",
    "nbformat",
    "notebook",
    "packaging",
    "pip",
    "platformdirs",
    "pluggy",
    "propcache",
    "psutil",
    "pydantic",
    "pydantic-core",
    "pygments",
    "pytest",
    "pytest-cov",
    "pyyaml",
    "requests",
    "rich",
    "ruff",
    "setuptools",
    "shellingham",
    "six",
    "sniffio",
    "tensorboard",
    "tomli",
    "tqdm",
    "truststore",
    "typer",
    "typing-extensions",
    "typing-inspection",
    "urllib3",
    "uv",
    "wheel",
    "yarl",
];

/// The grade of another version of a distribution, by normalised name, with the reason.
pub(super) fn grade(name: &str) -> (Grade, &'static str) {
    if FRAMEWORKS.contains(&name) {
        (Grade::MayChangeResults, "another version may define an operator or a default otherwise")
    } else if KERNELS.iter().any(|beginning| name.starts_with(beginning)) {
        (Grade::MayMoveBits, "other kernels for the same operators")
    } else if TOOLS.contains(&name) {
        (Grade::Harmless, "computes nothing of a model")
    } else {
        (Grade::MayChangeResults, "unknown here: its code may take part in the model")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_normalised() {
        for list in [FRAMEWORKS.as_slice(), &KERNELS, &TOOLS] {
            assert!(list.is_sorted(), "{list:?}");
            assert!(
                list.iter().all(|name| name.ends_with('-') || crate::installed::normalised(name) == *name)
            );
        }
    }

    #[test]
    fn what_nobody_knows_is_not_called_harmless() {
        assert_eq!(grade("torch").0, Grade::MayChangeResults);
        assert_eq!(grade("nvidia-cublas").0, Grade::MayMoveBits);
        assert_eq!(grade("tqdm").0, Grade::Harmless);
        assert_eq!(grade("my-layers").0, Grade::MayChangeResults);
    }
}
