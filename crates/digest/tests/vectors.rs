//! The frozen vectors of `docs/digests`, which an independent program recomputes too.
#![allow(missing_docs, clippy::unwrap_used)]

use reproof_digest::layout::{Layout, Segment, SegmentKind};
use reproof_digest::{Builder, Digest, Kind, blob, identity};
use serde_json::Value;

fn bytes(value: &Value) -> Vec<u8> {
    let hex = value["hex"].as_str().unwrap();
    let pairs =
        (0..hex.len()).step_by(2).map(|start| u8::from_str_radix(&hex[start..start + 2], 16).unwrap());
    let once: Vec<u8> = pairs.collect();
    once.repeat(value["repeat"].as_u64().unwrap_or(1) as usize)
}

fn tensor(value: &Value) -> Digest {
    let shape: Vec<u64> =
        value["shape"].as_array().unwrap().iter().map(|dim| dim.as_u64().unwrap()).collect();
    identity::tensor(value["dtype"].as_str().unwrap(), &shape, &blob(&bytes(value)))
}

fn tensors(value: &Value) -> Vec<(&str, Digest)> {
    let listed = value["tensors"].as_array().unwrap();
    listed.iter().map(|entry| (entry["name"].as_str().unwrap_or_default(), tensor(entry))).collect()
}

/// Size and digest of a file given by its segments.
fn layout(value: &Value) -> (u64, Digest) {
    let mut offset = 0;
    let mut blobs = Vec::new();
    let segments = value["segments"].as_array().unwrap().iter().map(|entry| {
        let content = bytes(entry);
        let length = content.len() as u64;
        let kind = if entry["kind"] == "blob" { SegmentKind::Blob } else { SegmentKind::Literal };
        let segment = Segment { kind, offset, length };
        offset += length;
        blobs.push(blob(&content));
        segment
    });
    let layout = Layout::new(segments.collect()).unwrap();
    (layout.size(), layout.digest(&blobs))
}

fn recompute(vector: &Value) -> Digest {
    match vector["kind"].as_str().unwrap() {
        "blob-v1" => blob(&bytes(vector)),
        "tensor-v1" => tensor(vector),
        "layout-v1" => layout(vector).1,
        "weights-v1" => identity::named(Kind::Weights, tensors(vector)),
        "part-v1" => identity::named(Kind::Part, tensors(vector)),
        "values-v1" => identity::values(tensors(vector).into_iter().map(|(_, digest)| digest)),
        "contract-v1" => Builder::new(Kind::Contract).bytes(&bytes(vector)).finish(),
        "artifact-v1" => {
            let files = vector["files"].as_array().unwrap().iter().map(|file| {
                let (size, digest) = layout(file);
                (file["path"].as_str().unwrap(), size, digest)
            });
            identity::artifact(files)
        }
        other => panic!("no vector of kind {other} is known"),
    }
}

#[test]
fn every_frozen_vector_is_recomputed() {
    let document: Value = serde_json::from_str(include_str!("../../../docs/digests/vectors.json")).unwrap();
    let vectors = document["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 17, "vectors are added, never removed");
    for vector in vectors {
        let expected: Digest = vector["digest"].as_str().unwrap().parse().unwrap();
        assert_eq!(recompute(vector), expected, "{}", vector["name"]);
    }
}
