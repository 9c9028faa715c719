//! `diagnose`: how a model is computed is named: libraries, compilers, layouts of memory, settings of the environment, chance.

use crate::causes::{diagnosis, edit, named, recorded};
use crate::fixtures::{place, sandbox};
use crate::python::{self, run};

/// How convolutions were computed when recorded, and no longer are.
#[test]
#[cfg(target_arch = "x86_64")]
fn another_library_and_another_layout_of_memory_are_named() {
    let plants = [
        ("torch.backends.mkldnn.set_flags(False)", "kernels.backend"),
        ("net = net.to(memory_format=torch.channels_last)", "kernels.layout"),
    ];
    for (line, cause) in plants {
        let sandbox = python::models();
        let written = "return Net().eval()";
        let planted = format!("net = Net().eval()\n    {line}\n    return net");
        edit(&sandbox, written, &planted);
        let recording =
            ["m/weights.pt", "--cases", "m/images", "--loader", "loaders:build", "--budget", "1s"];
        run(&sandbox, "record", &recording).exits(0);
        edit(&sandbox, &planted, written);
        named(&diagnosis(&sandbox, &[]), cause, "confirmed");
    }
}

/// The model as another compiler of operators has it, by itself and with another change beside it: both are named.
#[test]
fn a_model_that_is_compiled_now_is_named() {
    let sandbox = recorded();
    edit(&sandbox, "def build():\n    return Net().eval()", COMPILED);
    named(&diagnosis(&sandbox, &[]), "kernels.compiled", "confirmed");
    edit(&sandbox, "BatchNorm2d(8)", "BatchNorm2d(8, eps=1e-3)");
    let found = diagnosis(&sandbox, &[]);
    let causes: Vec<_> = found["causes"].as_array().unwrap().iter().map(|cause| &cause["id"]).collect();
    assert_eq!(causes, ["constant.epsilon", "kernels.compiled"], "{found:#}");
}

/// Recorded with the real compiler, and used as it is written: compiled again, the recorded bits come back.
#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn a_model_that_is_no_longer_compiled_is_named() {
    if std::process::Command::new("g++").arg("--version").output().is_err() {
        eprintln!("SKIPPED: torch.compile builds its kernels with g++, which is not on this machine");
        return;
    }
    let sandbox = python::models();
    let (written, compiled) =
        ("return Net().eval()", "net = Net().eval()\n    net.compile()\n    return net");
    let with_compiler = |command: &str, add: &[&str]| {
        let model = [command, "m/weights.pt", "--loader", "loaders:build", "--python", python::interpreter()];
        let path = std::env::var_os("PATH").unwrap_or_default();
        sandbox.command([&model, add].concat()).variable("PATH", path).run()
    };
    edit(&sandbox, written, compiled);
    with_compiler("record", &["--cases", "m/images", "--budget", "1s"]).exits(0);
    edit(&sandbox, compiled, written);
    let found = with_compiler("diagnose", &["--budget", "5m", "--json"]).exits(0).json();
    named(&found, "kernels.compiled", "confirmed");
    let summary = found["summary"].as_str().unwrap();
    assert!(summary.contains("compile=on undoes it"), "{summary}");
}

/// A backend of torch.compile that rounds in other places, and takes no time to build.
const COMPILED: &str = "def backend(graph, inputs):\n    def run(*given):\n        return tuple(out * (1 + 2**-22) for out in \
                        graph(*given))\n\n    return run\n\n\ndef build():\n    net = Net().eval()\n    \
                        net.compile(backend=backend)\n    return net";

/// What is set now and was not when recorded is taken away again.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_variable_that_was_not_set_when_recorded_is_named() {
    let sandbox = python::models();
    // With time for the operators to be asked.
    run(&sandbox, "record", &["m/weights.pt", "--cases", "m/images", "--loader", "loaders:build"]).exits(0);
    let arguments = ["diagnose", "m/weights.pt", "--loader", "loaders:build", "--json", "--python"];
    let command = sandbox.command(arguments.into_iter().chain([python::interpreter()]));
    let finished = command.variable("ATEN_CPU_CAPABILITY", "default").run();
    let found = finished.exits(0).json();
    named(&found, "kernels.instructions", "confirmed");
    assert_eq!(found["causes"][0]["fix"], "unset ATEN_CPU_CAPABILITY", "{found}");
    let evidence = found["causes"][0]["evidence"].to_string();
    assert!(evidence.contains("operators that were asked by themselves"), "{evidence}");
    assert!(evidence.contains("points to loops of another instruction set"), "{evidence}");
}

#[test]
fn an_engine_that_optimises_in_another_way_is_named() {
    let sandbox = sandbox();
    place(&sandbox, "planted/convolution.float32.onnx", "model.onnx");
    let engine = ["--runner", "onnxruntime"];
    let record = ["record", "model.onnx", "--budget", "1s", "--option", "optimisation=disabled"];
    crate::fixtures::run(&sandbox, &[&record[..], &engine].concat()).exits(0);
    let found =
        crate::fixtures::run(&sandbox, &[&["diagnose", "model.onnx", "--json"][..], &engine].concat());
    found.exits(0);
    named(&found.json(), "engine.optimisation", "confirmed");
}

#[test]
fn a_model_that_draws_random_numbers_is_named() {
    let sandbox = recorded();
    edit(&sandbox, "self.head(self.drop(x))", "self.head(x + torch.randn_like(x) * 0.1)");
    let found = diagnosis(&sandbox, &[]);
    named(&found, "nondeterminism.random", "confirmed");
    assert_eq!(found["start"]["step"]["kind"], "aten.randn_like.default", "{}", found["start"]);
}
