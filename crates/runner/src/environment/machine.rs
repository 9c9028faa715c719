//! The machine as numeric libraries see it.

use std::collections::BTreeMap;
use std::io::Read as _;

use reproof_contract::environment::{Accelerator, Cpu, EVERYWHERE, Engine, Environment, System};
use reproof_contract::run::{Device, RunSpec};
use reproof_environment::VARIABLES;
use reproof_environment::privacy::without_home;

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
    // What the referee gives in the model's own types is what it gives on every machine.
    let everywhere = engine.name == EVERYWHERE && settings.get("mode").is_some_and(|mode| mode == "typed");
    Environment {
        class: if everywhere { engine.name.clone() } else { environment_class(&spec.device) },
        engine,
        cpu: cpu(),
        system: system(),
        threads: spec.threads.unwrap_or(0),
        settings,
        variables: variables(),
        accelerators: accelerators(),
        python: None,
    }
}

/// The variables of this process that can move bits; no others are looked at, because they may hold secrets.
pub(crate) fn variables() -> BTreeMap<String, String> {
    told(VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect())
}

/// Variables as documents tell them: the home folder shortened.
pub(crate) fn told(variables: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let home = home();
    variables.into_iter().map(|(name, value)| (name, without_home(&value, home.as_deref()))).collect()
}

/// The home folder, which documents do not tell.
pub(crate) fn home() -> Option<String> {
    std::env::home_dir().map(|home| home.to_string_lossy().into_owned())
}

/// This machine, without anything that runs on it.
pub fn machine_environment() -> Environment {
    Environment {
        class: environment_class(&Device::Cpu),
        cpu: cpu(),
        system: system(),
        variables: variables(),
        accelerators: accelerators(),
        ..Environment::default()
    }
}

/// The accelerators that a kernel driver tells of, without a tool of the vendor.
pub(crate) fn accelerators() -> Vec<Accelerator> {
    let driver = beginning("/proc/driver/nvidia/version", 4096);
    // `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue ...`
    let number = |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let driver =
        driver.lines().next().unwrap_or_default().split_whitespace().find(number).unwrap_or_default();
    let folders = std::fs::read_dir("/proc/driver/nvidia/gpus").into_iter().flatten().flatten();
    let model = |folder: std::fs::DirEntry| {
        let text = beginning(&folder.path().join("information").to_string_lossy(), 4096);
        let model = text.lines().find_map(|line| line.strip_prefix("Model:"))?.trim().to_owned();
        Some(Accelerator { model, driver: driver.to_owned() })
    };
    let mut found: Vec<Accelerator> = folders.filter_map(model).collect();
    found.sort_by(|a, b| a.model.cmp(&b.model));
    found
}

/// The kind of container that this process runs in, where it can be told.
fn container() -> Option<String> {
    let there = |path: &str| std::path::Path::new(path).exists();
    let groups = beginning("/proc/1/cgroup", 4096);
    let marks = [("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("lxc", "lxc")];
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        Some("kubernetes".to_owned())
    } else if there("/.dockerenv") {
        Some("docker".to_owned())
    } else if there("/run/.containerenv") {
        Some("podman".to_owned())
    } else if std::env::var_os("APPTAINER_CONTAINER").is_some() || there("/.singularity.d") {
        Some("apptainer".to_owned())
    } else {
        marks.iter().find(|(mark, _)| groups.contains(mark)).map(|(_, kind)| (*kind).to_owned())
    }
}

/// The machine, for what ran in another interpreter on it.
pub(crate) fn machine() -> (Cpu, System) {
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
        container: container(),
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
