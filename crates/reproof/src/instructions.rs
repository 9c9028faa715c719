//! How numeric libraries are told to take the kernels of an older processor.

use reproof_contract::environment::Environment;
use reproof_environment::VARIABLES;

/// The variable of XLA, the compiler of JAX, that adds the newest instructions it may use to the flags that are set already.
/// Nothing for other engines: a build of XLA that does not know a flag ends the process.
pub(crate) fn of_xla(environment: Option<&Environment>, newest: &str) -> Option<(String, String)> {
    let environment = environment.filter(|environment| environment.engine.name == "jax")?;
    let set = environment.settings.get("jax.xla_flags").map_or("", String::as_str);
    Some(("XLA_FLAGS".to_owned(), format!("{set} --xla_cpu_max_isa={newest}").trim_start().to_owned()))
}

/// The cause that a variable with another value is; nothing for those that choose no kernels, such as which devices there are:
/// those that a machine shares are not for a contract to choose.
pub(crate) fn cause(name: &str) -> Option<&'static str> {
    Some(match name {
        "CUDA_VISIBLE_DEVICES" | "PYTHONHASHSEED" | "PYTHONOPTIMIZE" | "JAX_THREEFRY_PARTITIONABLE" => {
            return None;
        }
        "JAX_ENABLE_X64" => "precision.compute",
        "JAX_DEFAULT_MATMUL_PRECISION"
        | "NVIDIA_TF32_OVERRIDE"
        | "ONEDNN_DEFAULT_FPMATH_MODE"
        | "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE" => "precision.matmul",
        "TF_ENABLE_ONEDNN_OPTS" => "kernels.backend",
        name if name.contains("DETERMINISTIC") => "kernels.deterministic",
        name if name.contains("THREADS") => "kernels.threads",
        _ => "kernels.instructions",
    })
}

/// Whether a run may have a variable as a contract says that it was: one that only moves bits. Whoever wrote the contract is
/// nobody who may have a library loaded, or a file written.
pub(crate) fn is_harmless(name: &str, value: &str) -> bool {
    let set = !value.starts_with('(');
    let within = name != "XLA_FLAGS" || value.split_whitespace().all(|flag| flag.starts_with("--xla_cpu_"));
    set && within && VARIABLES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_chooses_no_library_no_file_and_nothing_that_was_not_set() {
        assert!(is_harmless("OMP_NUM_THREADS", "4"));
        assert!(is_harmless("XLA_FLAGS", "--xla_cpu_max_isa=AVX2"));
        assert!(!is_harmless("XLA_FLAGS", "--xla_cpu_max_isa=AVX2 --xla_dump_to=/home"));
        assert!(!is_harmless("LD_PRELOAD", "./evidence/library.so"));
        assert!(!is_harmless("OMP_NUM_THREADS", "(not set)"));
        assert!(VARIABLES.contains(&"CUDA_VISIBLE_DEVICES") && cause("CUDA_VISIBLE_DEVICES").is_none());
    }

    #[test]
    fn flags_of_the_user_stay_and_other_engines_are_told_nothing() {
        let mut environment = Environment::default();
        environment.engine.name = "jax".to_owned();
        let told = |environment: &Environment| of_xla(Some(environment), "AVX2").map(|(_, flags)| flags);
        assert_eq!(told(&environment).as_deref(), Some("--xla_cpu_max_isa=AVX2"));
        environment.settings.insert("jax.xla_flags".to_owned(), "--xla_dump_to=d".to_owned());
        assert_eq!(told(&environment).as_deref(), Some("--xla_dump_to=d --xla_cpu_max_isa=AVX2"));
        environment.engine.name = "tensorflow".to_owned();
        assert_eq!(told(&environment), None);
        assert_eq!(of_xla(None, "AVX2"), None);
    }
}
