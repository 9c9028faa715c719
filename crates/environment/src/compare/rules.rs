//! What a difference of one item can do to outputs, why, and where that is known from.
//!
//! "Measured" means the table in `docs/environment.md`: one change at a time on one machine, a transformer, a convolution
//! network and about fifty operators, outputs compared bit for bit.

use Grade::{Harmless, MayChangeResults, MayMoveBits};
use reproof_contract::report::Grade;

/// The grade of a difference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// The item; one that ends in `*` stands for all that begin like it.
    item: &'static str,
    pub(super) grade: Grade,
    pub(super) reason: &'static str,
    pub(super) source: &'static str,
}

const MEASURED: &str = "measured: docs/environment.md";
const PYTORCH: &str = "PyTorch notes, Numerical accuracy and Reproducibility";
const CUBLAS: &str = "cuBLAS documentation, Results reproducibility";
const CUDNN: &str = "cuDNN documentation, Odds and ends: determinism";
const ONEMKL: &str =
    "oneMKL developer guide, Obtaining numerically reproducible results; measured: docs/environment.md";
const ONEDNN: &str = "oneDNN developer guide, CPU dispatcher control; measured: docs/environment.md";
const PYTHON: &str = "Python documentation, Command line and environment";
const TENSORFLOW: &str = "TensorFlow documentation, tf.config.experimental";
const XLA: &str = "OpenXLA documentation, XLA flags";
const OPENBLAS: &str = "OpenBLAS documentation, Runtime variables";
const NUMPY: &str = "NumPy documentation, CPU/SIMD optimizations";
const CAUTION: &str = "no measurement: graded by what it could do";

const fn rule(item: &'static str, grade: Grade, reason: &'static str, source: &'static str) -> Rule {
    Rule { item, grade, reason, source }
}

/// The first that fits counts.
const RULES: &[Rule] = &[
    rule("class", MayMoveBits, "kernels of another kind of processor", PYTORCH),
    rule("engine.name", MayChangeResults, "another engine implements the operators", CAUTION),
    rule(
        "engine.version",
        MayChangeResults,
        "another version may compute an operator in another way",
        PYTORCH,
    ),
    rule("engine.library", MayMoveBits, "another build of the same version", CAUTION),
    rule("threads", MayMoveBits, "long sums and gradients of weights are divided among threads", MEASURED),
    rule("cpu.model", Harmless, "kernels are chosen by features, not by model", MEASURED),
    rule("cpu.cores", Harmless, "the number of threads is told, not taken from the machine", MEASURED),
    rule("cpu.*", MayMoveBits, "kernels are chosen by instruction set", MEASURED),
    rule("accelerator.driver", MayMoveBits, "the driver compiles and chooses kernels", CUBLAS),
    rule("accelerator.*", MayMoveBits, "kernels differ between generations of accelerators", CUBLAS),
    rule("system.name", MayMoveBits, "other builds of every library", CAUTION),
    rule("system.libc", MayMoveBits, "its mathematical functions may round otherwise", CAUTION),
    rule("system.*", Harmless, "computes nothing of a model", CAUTION),
    // What adapters and engines say of themselves.
    rule("settings.precision", MayChangeResults, "another arithmetic", MEASURED),
    rule("settings.approximations", MayChangeResults, "approximations that somebody chose", MEASURED),
    rule("settings.package.*", MayChangeResults, "another version may compute something else", CAUTION),
    rule("settings.loader.*", MayChangeResults, "the code that builds the model is another", CAUTION),
    rule("settings.adapter", MayChangeResults, "the model is loaded in another way", CAUTION),
    rule("settings.network", Harmless, "what is loaded is the artifact either way", CAUTION),
    rule("settings.python", MayMoveBits, "another interpreter may iterate and format otherwise", PYTHON),
    rule(
        "settings.torch.matmul_precision",
        MayChangeResults,
        "products of float32 with fewer bits, where the device can",
        PYTORCH,
    ),
    rule(
        "settings.torch.deterministic",
        MayMoveBits,
        "other kernels where the usual ones do not repeat",
        PYTORCH,
    ),
    rule("settings.torch.cpu_capability", MayMoveBits, "loops of another instruction set", MEASURED),
    rule("settings.torch.mkldnn", MayMoveBits, "other kernels for convolutions and products", MEASURED),
    rule(
        "settings.torch.threads",
        MayMoveBits,
        "long sums and gradients of weights are divided among threads",
        MEASURED,
    ),
    rule("settings.torch.compiled", MayMoveBits, "operators are fused, and round less often", MEASURED),
    rule("settings.torch.cudnn*", MayMoveBits, "other algorithms for convolutions", CUDNN),
    rule("settings.*", MayMoveBits, "another setting of the engine", CAUTION),
    // Variables.
    rule(
        "variables.ATEN_CPU_CAPABILITY",
        MayMoveBits,
        "softmax, norms and attention take loops of another instruction set",
        MEASURED,
    ),
    rule(
        "variables.OMP_*",
        MayMoveBits,
        "long sums and gradients of weights are divided among threads",
        MEASURED,
    ),
    rule(
        "variables.MKL_NUM_THREADS",
        MayMoveBits,
        "products may be divided among threads otherwise",
        MEASURED,
    ),
    rule("variables.MKL_*", MayMoveBits, "another code branch for products and decompositions", ONEMKL),
    rule(
        "variables.ONEDNN_*",
        MayMoveBits,
        "convolutions, gelu and recurrent layers take another instruction set",
        ONEDNN,
    ),
    rule(
        "variables.DNNL_*",
        MayMoveBits,
        "convolutions, gelu and recurrent layers take another instruction set",
        ONEDNN,
    ),
    rule(
        "variables.OPENBLAS_*",
        MayMoveBits,
        "other kernels for products, or divided among threads otherwise",
        OPENBLAS,
    ),
    rule("variables.NPY_*", MayMoveBits, "NumPy's loops take another instruction set", NUMPY),
    rule(
        "variables.NVIDIA_TF32_OVERRIDE",
        MayChangeResults,
        "products with 10 bits of mantissa instead of 23",
        CUBLAS,
    ),
    rule(
        "variables.TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
        MayChangeResults,
        "products with 10 bits of mantissa instead of 23",
        PYTORCH,
    ),
    rule(
        "variables.CUBLAS_EMULATE_*",
        MayChangeResults,
        "products are computed from parts of lower precision",
        CUBLAS,
    ),
    rule("variables.CUBLAS_*", MayMoveBits, "sums on the device may come in another order", CUBLAS),
    rule("variables.CUDA_VISIBLE_DEVICES", MayMoveBits, "another device", CUBLAS),
    rule(
        "variables.TF_ENABLE_ONEDNN_OPTS",
        MayMoveBits,
        "other kernels, as TensorFlow itself says",
        TENSORFLOW,
    ),
    rule("variables.TF_*", MayMoveBits, "other kernels where the usual ones do not repeat", TENSORFLOW),
    rule("variables.XLA_FLAGS", MayChangeResults, "what the compiler may do to the program", XLA),
    rule("variables.JAX_*", MayChangeResults, "precision, width of numbers or generator of JAX", XLA),
    rule("variables.TORCH*", MayMoveBits, "what is compiled, and how it is fused", PYTORCH),
    rule(
        "variables.PYTHONHASHSEED",
        MayChangeResults,
        "the order of sets: code that iterates over one gives another order",
        PYTHON,
    ),
    rule("variables.*", MayMoveBits, "a switch of a numeric library", CAUTION),
    // The interpreter.
    rule("python.implementation", MayChangeResults, "another interpreter", PYTHON),
    rule("python.version", MayMoveBits, "another minor version may iterate and format otherwise", PYTHON),
    rule("python.release", Harmless, "corrections within a minor version", PYTHON),
    rule("python.flag.*", MayMoveBits, "assertions, hashing or text decoding of the interpreter", PYTHON),
    rule("python.platform", MayMoveBits, "other builds of every package", CAUTION),
    rule("python.abi", MayMoveBits, "other builds of every package", CAUTION),
    rule("python.*", Harmless, "computes nothing of a model", CAUTION),
    // What frameworks say of the libraries below them.
    rule(
        "fact.torch.matmul_precision",
        MayChangeResults,
        "products of float32 with fewer bits, where the device can",
        PYTORCH,
    ),
    rule(
        "fact.torch.cuda.tf32",
        MayChangeResults,
        "products with 10 bits of mantissa instead of 23",
        PYTORCH,
    ),
    rule("fact.jax.matmul_precision", MayChangeResults, "products with fewer bits", XLA),
    rule("fact.jax.x64", MayChangeResults, "numbers of half the width", XLA),
    rule("fact.jax.threefry_partitionable", MayChangeResults, "another stream of random numbers", XLA),
    rule("fact.torch.compiler", MayMoveBits, "another build", CAUTION),
    rule("fact.*", MayMoveBits, "another library, or set up otherwise, below the framework", MEASURED),
    rule("library.*", MayMoveBits, "another build of a native library", CAUTION),
];

/// The last resort.
const UNKNOWN: Rule = rule("*", MayChangeResults, "not known to be harmless", CAUTION);

/// The rule of an item.
pub(super) fn of(item: &str) -> Rule {
    let fits = |rule: &&Rule| match rule.item.strip_suffix('*') {
        Some(beginning) => item.starts_with(beginning),
        None => item == rule.item,
    };
    RULES.iter().find(fits).copied().unwrap_or(UNKNOWN)
}

/// The variables that are recorded: each can move bits, and none holds a secret.
pub const VARIABLES: [&str; 36] = [
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_EMULATE_DOUBLE_PRECISION",
    "CUBLAS_EMULATE_SINGLE_PRECISION",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "DNNL_MAX_CPU_ISA",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_ENABLE_X64",
    "JAX_THREEFRY_PARTITIONABLE",
    "MKL_CBWR",
    "MKL_DYNAMIC",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_NUM_THREADS",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_DYNAMIC",
    "OMP_NUM_THREADS",
    "OMP_SCHEDULE",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TORCHDYNAMO_DISABLE",
    "TORCHINDUCTOR_BATCH_INVARIANT",
    "TORCHINDUCTOR_DETERMINISTIC",
    "TORCHINDUCTOR_EMULATE_PRECISION_CASTS",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "VECLIB_MAXIMUM_THREADS",
    "XLA_FLAGS",
    "NUMEXPR_NUM_THREADS",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_reached() {
        for (index, rule) in RULES.iter().enumerate() {
            let item = rule.item.replace('*', "~");
            let found = of(&item);
            assert_eq!(found.item, rule.item, "rule {index} is hidden by `{}`", found.item);
        }
    }

    #[test]
    fn every_recorded_variable_has_a_rule_or_the_general_one() {
        for name in VARIABLES {
            assert!(of(&format!("variables.{name}")).grade > Harmless, "{name}");
        }
    }
}
