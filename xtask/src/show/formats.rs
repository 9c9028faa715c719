//! What is read of each format, and how many tensors of it are those that the framework itself reads.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use reproof_testing::{generated, python};
use serde::Deserialize;
use serde_json::Value;

use crate::repository;

/// What the readers take of a kind of checkpoint, and what not.
struct Reading {
    /// As `checkpoints.py` calls it.
    kind: &'static str,
    title: &'static str,
    read: &'static str,
    not: &'static str,
}

const READINGS: &[Reading] = &[
    Reading { kind: "safetensors", title: "safetensors", read: "every dtype, metadata", not: "" },
    Reading {
        kind: "safetensors-sharded",
        title: "safetensors with an index",
        read: "all shards as one; each tensor in the shard that the index says",
        not: "",
    },
    Reading {
        kind: "torch-zip",
        title: "`torch.save` (zip)",
        read: "views, tied, sparse, quantised, nested, complex, conjugate, float8 and meta tensors, any prefix, stored or \
               deflated, both byte orders, zip64",
        not: "values of quantised tensors as real numbers",
    },
    Reading {
        kind: "torch-training",
        title: "training states of plain loops",
        read: "model, average of weights, optimizer, scheduler, scaler, random states, progress",
        not: "",
    },
    Reading {
        kind: "torch-module",
        title: "whole pickled modules",
        read: "parameters and buffers by their `state_dict` names, without the class",
        not: "what the class computes",
    },
    Reading {
        kind: "torch-legacy",
        title: "`torch.save` before 1.6",
        read: "all of the above in five pickles and storages",
        not: "",
    },
    Reading {
        kind: "torch-tar",
        title: "`torch.save` before 0.1.2 (tar)",
        read: "tensors and views",
        not: "",
    },
    Reading {
        kind: "torchscript",
        title: "TorchScript",
        read: "attributes and constants; code counts to the architecture as text",
        not: "code, mobile bytecode",
    },
    Reading {
        kind: "pt2",
        title: "`torch.export` (.pt2)",
        read: "weights and constants, graph as part of the architecture",
        not: "archives of torch before 2.7, compiled kernels",
    },
    Reading {
        kind: "dcp",
        title: "`torch.distributed.checkpoint`",
        read: "tensors assembled from the pieces of all ranks, objects, nesting",
        not: "transformed (compressed) pieces",
    },
    Reading {
        kind: "safetensors-pieces",
        title: "distributed safetensors",
        read: "tensors assembled from the pieces that several processes wrote (`DCP_SHARDING_INFO`)",
        not: "",
    },
    Reading {
        kind: "lightning",
        title: "Lightning `.ckpt`",
        read: "all parts, loops and callbacks as facts",
        not: "",
    },
    Reading {
        kind: "hf-trainer",
        title: "Hugging Face Trainer folder",
        read: "weights, optimizer, scheduler, scaler, random states, progress, arguments as one checkpoint",
        not: "DeepSpeed's own folders",
    },
    Reading {
        kind: "hf-sharded",
        title: "`save_pretrained` in shards",
        read: "safetensors and pickled shards",
        not: "",
    },
    Reading {
        kind: "accelerate",
        title: "Accelerate state folder",
        read: "weights, optimizer, scheduler, sampler, random states as one checkpoint",
        not: "DeepSpeed's own folders",
    },
    Reading {
        kind: "pickle",
        title: "pickles, protocols 0 to 5",
        read: "arrays and scalars of NumPy, containers; objects as records",
        not: "object arrays as tensors",
    },
    Reading {
        kind: "joblib",
        title: "joblib",
        read: "raw, zlib, gzip, bz2, xz, lzma, lz4; arrays in the stream",
        not: "zstd; compressed files that expand beyond 128 MiB",
    },
    Reading {
        kind: "npy",
        title: "`.npy`",
        read: "both orders, both byte orders; texts, dates and structures as bytes",
        not: "object arrays, which are pickles",
    },
    Reading {
        kind: "npz",
        title: "`.npz`",
        read: "stored members where they lie, compressed ones up to 256 MiB together",
        not: "object arrays",
    },
    Reading {
        kind: "gguf",
        title: "GGUF v2 and v3",
        read: "all types described and digested; F32, F16, BF16, Q8_0, Q4_0 as numbers",
        not: "version 1; other quantised types as numbers",
    },
];

/// What a framework read.
#[derive(Deserialize)]
struct Expected {
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    path: String,
    kind: String,
    tensors: Vec<Value>,
    same_weights_as: Option<String>,
}

/// How a kind was tested.
#[derive(Default)]
struct Tested {
    artifacts: usize,
    tensors: usize,
    equal: usize,
}

/// The document.
pub(crate) fn text() -> Result<String> {
    let interpreter = python::environment("checkpoints").context("no Python with the frameworks")?;
    let folder = generated::by_script(&interpreter, "checkpoints.py", &["checkpointing"]);
    let list = std::fs::read(folder.join("expected.json")).context("the script wrote no list")?;
    let expected: Expected = serde_json::from_slice(&list)?;
    let binary = repository::binary()?;
    let mut tested: BTreeMap<&str, Tested> = BTreeMap::new();
    for artifact in &expected.artifacts {
        let found = digests(&binary, &folder.join(&artifact.path))?;
        let entry = tested.entry(&artifact.kind).or_default();
        entry.artifacts += 1;
        for tensor in artifact.tensors.iter().filter(|tensor| !tensor["digest"].is_null()) {
            entry.tensors += 1;
            entry.equal += usize::from(found.iter().any(|digest| *digest == tensor["digest"]));
        }
    }
    let unknown: Vec<&&str> =
        tested.keys().filter(|kind| READINGS.iter().all(|reading| reading.kind != **kind)).collect();
    ensure!(unknown.is_empty(), "no line for {unknown:?}");
    let rows = READINGS.iter().map(|reading| {
        let none = Tested::default();
        let tested = tested.get(reading.kind).unwrap_or(&none);
        let Tested { artifacts, tensors, equal } = tested;
        format!(
            "| {} | {} | {} | {artifacts} | {equal} of {tensors} |",
            reading.title, reading.read, reading.not
        )
    });
    let rows: Vec<String> = rows.collect();
    let shared = expected.artifacts.iter().filter(|artifact| artifact.same_weights_as.is_some()).count();
    Ok(format!(
        "# Formats\n\n\
         What Reproof reads without running anything, found by content and never by name. Each line was tested on \
         artifacts that the real framework wrote and read back: a tensor counts as equal if the digest of dtype, shape \
         and every bit is the one computed from what the framework read.\n\n\
         | format | read | not read | artifacts | tensors equal |\n|---|---|---|---|---|\n{}\n\n\
         {shared} of these artifacts hold one set of named float32 tensors, in other orders, strides, shards and \
         containers: their weights digest is one and the same. ONNX has [a page of its own](onnx-suite.md).\n\n\
         `cargo test --release -p reproof-cli --test runner checkpoints` runs the same comparison, also on \
         checkpoints that packages on PyPI ship.\n",
        rows.join("\n"),
    ))
}

/// The digests of all tensors of an artifact.
fn digests(binary: &Path, artifact: &Path) -> Result<Vec<Value>> {
    let words = ["inspect", "--digest", "--json"];
    let text = repository::output(Command::new(binary).args(words).arg(artifact))?;
    let document: Value = serde_json::from_str(&text)?;
    let tensors = document["tensors"].as_array().context("no tensors")?;
    Ok(tensors.iter().map(|tensor| tensor["digest"].clone()).collect())
}
