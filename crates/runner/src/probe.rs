//! The machine as numeric libraries see it.

use std::collections::BTreeMap;
use std::io::Read as _;

use reproof_contract::environment::{Cpu, Engine, Environment, System};
use reproof_contract::run::{Device, RunSpec};

/// Environment variables that can move bits and hold no secrets.
const VARIABLES: [&str; 14] = [
    "OMP_NUM_THREADS",
    "OMP_DYNAMIC",
    "MKL_NUM_THREADS",
    "MKL_CBWR",
    "MKL_DYNAMIC",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "NVIDIA_TF32_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG",
    "TF_ENABLE_ONEDNN_OPTS",
    "PYTHONHASHSEED",
];

/// The environment class of a device on this machine: device kind and architecture, such as `cpu-x86_64`.
pub fn environment_class(device: &Device) -> String {
    match device {
        Device::Cpu => format!("cpu-{}", std::env::consts::ARCH),
        Device::Cuda(index) => format!("cuda-{index}"),
        Device::Other(name) => name.clone(),
    }
}

/// What ran, where.
pub(crate) fn environment(spec: &RunSpec, engine: Engine, settings: BTreeMap<String, String>) -> Environment {
    let variables = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    Environment {
        class: environment_class(&spec.device),
        engine,
        cpu: cpu(),
        system: system(),
        threads: spec.threads.unwrap_or(0),
        settings,
        variables: variables.collect(),
    }
}

/// The machine, for what ran in another interpreter on it.
pub fn machine() -> (Cpu, System) {
    (cpu(), system())
}

fn cpu() -> Cpu {
    // The first processor stands for all; asking for hundreds of them takes the kernel a while.
    let information = beginning("/proc/cpuinfo", 4096);
    let model = information.lines().find_map(|line| line.strip_prefix("model name"));
    Cpu {
        architecture: std::env::consts::ARCH.to_owned(),
        model: model
            .map(|rest| rest.trim_start_matches([' ', '\t', ':']).trim().to_owned())
            .unwrap_or_default(),
        features: features(),
        cores: std::thread::available_parallelism().map_or(0, |cores| cores.get() as u32),
    }
}

/// The first `length` bytes of a file as text; nothing where it cannot be read.
fn beginning(path: &str, length: u64) -> String {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(length).read_to_end(&mut bytes));
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The instruction-set features by which numeric libraries choose kernels.
#[cfg(target_arch = "x86_64")]
fn features() -> Vec<String> {
    macro_rules! detected {
        ($($name:tt),*) => {
            [$(($name, std::arch::is_x86_feature_detected!($name)),)*]
        };
    }
    let features = detected!(
        "avx",
        "avx2",
        "avx512bf16",
        "avx512bw",
        "avx512cd",
        "avx512dq",
        "avx512f",
        "avx512fp16",
        "avx512vl",
        "avx512vnni",
        "avxvnni",
        "f16c",
        "fma",
        "sse4.1",
        "sse4.2"
    );
    features.into_iter().filter(|(_, found)| *found).map(|(name, _)| name.to_owned()).collect()
}

/// The instruction-set features by which numeric libraries choose kernels.
#[cfg(target_arch = "aarch64")]
fn features() -> Vec<String> {
    macro_rules! detected {
        ($($name:tt),*) => {
            [$(($name, std::arch::is_aarch64_feature_detected!($name)),)*]
        };
    }
    let features = detected!("bf16", "dotprod", "fp16", "i8mm", "neon", "sve", "sve2");
    features.into_iter().filter(|(_, found)| *found).map(|(name, _)| name.to_owned()).collect()
}

/// Nothing is known of other architectures.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<String> {
    Vec::new()
}

fn system() -> System {
    let line = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let distribution = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    System {
        name: std::env::consts::OS.to_owned(),
        kernel: line("/proc/sys/kernel/osrelease"),
        distribution: distribution.unwrap_or_default().trim_matches('"').to_owned(),
        libc: libc(),
    }
}

/// The C library's name with its version, read from the name of the loaded file or of the file that it links to.
fn libc() -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let path = maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| {
        path.rsplit('/').next().is_some_and(|name| name.starts_with("libc.so") || name.starts_with("libc-"))
    });
    let Some(path) = path else { return String::new() };
    let kind = if path.contains("musl") { "musl" } else { "glibc" };
    // glibc tells its version in the symbol table that every program binds to.
    let bytes = std::fs::read(path).unwrap_or_default();
    let marker: &[u8] = b"GNU C Library";
    let found = bytes.windows(marker.len()).position(|window| window == marker);
    let banner = found
        .map(|start| String::from_utf8_lossy(&bytes[start..(start + 120).min(bytes.len())]).into_owned());
    let version = banner.and_then(|banner| {
        let rest = banner.split("version ").nth(1)?.to_owned();
        Some(rest.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?.trim_end_matches('.').to_owned())
    });
    version.map_or_else(|| kind.to_owned(), |version| format!("{kind} {version}"))
}
