//! `diff`: what became of each tensor, in every way that one can change.

use half::{bf16, f16};
use reproof_formats::safetensors::to_bytes;
use reproof_tensor::{DType, Tensor};
use reproof_testing::Sandbox;
use serde_json::{Value, json};

use crate::fixtures::sandbox;

type Named = (&'static str, Tensor);

/// Values without a pattern that a transposition or a concatenation would repeat.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32
        })
        .collect()
}

fn matrix(rows: u64, columns: u64, seed: u32) -> Tensor {
    Tensor::from_f32(vec![rows, columns], &values((rows * columns) as usize, seed)).unwrap()
}

/// The same tensor with other bytes.
fn edited(tensor: &Tensor, edit: impl FnOnce(&mut Vec<u8>)) -> Tensor {
    let mut bytes = tensor.bytes().to_vec();
    edit(&mut bytes);
    Tensor::new(tensor.dtype(), tensor.shape().to_vec(), bytes).unwrap()
}

fn rounded(tensor: &Tensor, dtype: DType) -> Tensor {
    let numbers = tensor.bytes().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    let bytes = numbers.flat_map(|number| match dtype {
        DType::BF16 => bf16::from_f32(number).to_le_bytes(),
        _ => f16::from_f32(number).to_le_bytes(),
    });
    Tensor::new(dtype, tensor.shape().to_vec(), bytes.collect()).unwrap()
}

fn turned(tensor: &Tensor) -> Tensor {
    let [rows, columns] = tensor.shape() else { panic!("a matrix") };
    let element = |row: u64, column: u64| {
        let at = (row * columns + column) as usize * 4;
        tensor.bytes()[at..at + 4].to_vec()
    };
    let bytes = (0..*columns).flat_map(|column| (0..*rows).flat_map(move |row| element(row, column)));
    Tensor::new(tensor.dtype(), vec![*columns, *rows], bytes.collect()).unwrap()
}

fn place(sandbox: &Sandbox, name: &str, tensors: &[Named]) {
    let views: Vec<_> = tensors.iter().map(|(name, tensor)| (*name, tensor.view())).collect();
    sandbox.write(name, to_bytes(&views).unwrap());
}

/// The document of a comparison, whose exit code has to tell the same.
#[track_caller]
fn compare(a: &[Named], b: &[Named]) -> Value {
    let sandbox = sandbox();
    place(&sandbox, "a.safetensors", a);
    place(&sandbox, "b.safetensors", b);
    let printed = sandbox.run(["diff", "a.safetensors", "b.safetensors", "--json"]);
    let document = printed.json();
    printed.exits(i32::from(document["equal"] != true));
    // Bits alone agree on what is the same.
    let bits = sandbox.run(["diff", "a.safetensors", "b.safetensors", "--json", "--bits"]).json();
    assert_eq!(bits["equal"], document["equal"]);
    document
}

#[track_caller]
fn tensor<'a>(document: &'a Value, name: &str) -> &'a Value {
    let all = document["tensors"].as_array().unwrap();
    all.iter().find(|tensor| tensor["name"] == name).unwrap_or_else(|| panic!("no {name} in {document}"))
}

#[track_caller]
fn status(document: &Value, name: &str) -> String {
    tensor(document, name)["status"].as_str().unwrap().to_owned()
}

#[test]
fn the_same_tensors_in_another_order_are_equal() {
    let (weight, bias) = (matrix(8, 16, 1), matrix(1, 16, 2));
    let a = [("weight", weight.clone()), ("bias", bias.clone())];
    let document = compare(&a, &[("bias", bias), ("weight", weight)]);
    assert_eq!((&document["equal"], &document["schema"]), (&json!(true), &json!("reproof.diff/v0")));
    assert_eq!(document["summary"], json!(["Nothing differs: 2 tensors are the same."]));
    assert!(document["tensors"][0].get("metrics").is_none());
}

#[test]
fn one_bit_of_a_large_tensor_is_found_and_measured() {
    let a = matrix(1024, 1024, 3);
    let position = 777 * 1024 + 55;
    let b = edited(&a, |bytes| bytes[position * 4] ^= 1);
    let document = compare(&[("layer.0.weight", a.clone())], &[("layer.0.weight", b)]);
    let found = tensor(&document, "layer.0.weight");
    assert_eq!(found["status"], "changed");
    let metrics = &found["metrics"];
    assert_eq!((&metrics["differing"], &metrics["elements"]), (&json!(1), &json!(1 << 20)));
    assert_eq!((&metrics["first"], &metrics["worst"]["index"]), (&json!([777, 55]), &json!([777, 55])));
    assert_eq!((&metrics["ulp_maximum"], &metrics["ulp_p99"]), (&json!(1.0), &json!(0.0)));
    assert_eq!(metrics["ulp_octaves"], json!([(1 << 20) - 1, 1]));
    let cells = metrics["heatmap"]["values"].as_array().unwrap();
    let marked: Vec<usize> = (0..cells.len()).filter(|at| cells[*at] != json!(0.0)).collect();
    assert_eq!(marked, [777 / 32 * 32 + 55 / 32]);
    // The norm is over the whole tensor, most of which is the same.
    let squares: f64 = a
        .bytes()
        .chunks_exact(4)
        .map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().unwrap())).powi(2))
        .sum();
    let expected = metrics["maximum_absolute"].as_f64().unwrap() / squares.sqrt();
    let distance = metrics["relative_l2"].as_f64().unwrap();
    assert!((distance / expected - 1.0).abs() < 1e-9, "{distance} is not {expected}");
}

#[test]
fn changes_of_one_layer_are_said_to_be_there() {
    let layers = ["encoder.layer.3.query", "encoder.layer.3.key", "encoder.layer.2.query", "head"];
    let a: Vec<Named> = layers.iter().zip(1..).map(|(name, seed)| (*name, matrix(4, 8, seed))).collect();
    let mut b = a.clone();
    for (_, tensor) in &mut b[..2] {
        *tensor = edited(tensor, |bytes| bytes[5] ^= 0x40);
    }
    let document = compare(&a, &b);
    let told = document["summary"][0].as_str().unwrap();
    assert!(
        told.starts_with("2 of 4 tensors changed, all in `encoder.layer.3`; largest relative L2"),
        "{told}"
    );
    let order: Vec<&Value> = document["tensors"].as_array().unwrap().iter().map(|t| &t["status"]).collect();
    assert_eq!(order, ["changed", "changed", "identical", "identical"]);
}

#[test]
fn renamed_tensors_are_known_by_their_values() {
    let document = compare(
        &[("fc.weight", matrix(4, 8, 1)), ("old", matrix(3, 3, 2))],
        &[("fc.weight", matrix(4, 8, 1)), ("quite.another", matrix(3, 3, 2))],
    );
    assert_eq!(status(&document, "old"), "renamed");
    assert_eq!(tensor(&document, "old")["name_in_b"], "quite.another");
    assert_eq!(document["equal"], false);
}

#[test]
fn another_root_hides_no_change() {
    let names = ["module.a.weight", "module.a.bias", "module.b.weight"];
    let a: Vec<Named> = names.iter().zip(1..).map(|(name, seed)| (*name, matrix(4, 8, seed))).collect();
    let bare = ["a.weight", "a.bias", "b.weight"];
    let mut b: Vec<Named> = bare.iter().zip(1..).map(|(name, seed)| (*name, matrix(4, 8, seed))).collect();
    b[2].1 = edited(&b[2].1, |bytes| bytes[9] ^= 1);
    let document = compare(&a, &b);
    assert_eq!(document["roots"], json!([{ "part": "model", "from": "module.", "to": "", "tensors": 3 }]));
    assert_eq!(status(&document, "module.a.weight"), "renamed");
    assert_eq!(status(&document, "module.b.weight"), "changed");
    assert_eq!(tensor(&document, "module.b.weight")["metrics"]["differing"], 1);
}

#[test]
fn turned_matrices_are_told_from_changed_ones() {
    let (weight, square) = (matrix(20, 30, 1), matrix(40, 40, 2));
    let other = edited(&turned(&weight), |bytes| bytes[4 * 599] ^= 1);
    let a = [("weight", weight.clone()), ("square", square.clone()), ("other", weight.clone())];
    let document = compare(&a, &[("weight", turned(&weight)), ("square", turned(&square)), ("other", other)]);
    assert_eq!(status(&document, "weight"), "transposed");
    assert_eq!(status(&document, "square"), "transposed");
    assert_eq!(status(&document, "other"), "shape");
    let document = compare(&[("kernel", weight.clone())], &[("weight", turned(&weight))]);
    assert_eq!(tensor(&document, "kernel")["name_in_b"], "weight");
}

#[test]
fn rounding_is_told_from_change() {
    let weight = matrix(64, 64, 5);
    let half = edited(&rounded(&weight, DType::F16), |bytes| bytes[200] ^= 1);
    let a = [("a", weight.clone()), ("b", weight.clone()), ("c", rounded(&weight, DType::BF16))];
    let document = compare(&a, &[("a", rounded(&weight, DType::BF16)), ("b", half), ("c", weight.clone())]);
    let exact = |name: &str| tensor(&document, name)["exact"].clone();
    assert_eq!([exact("a"), exact("b"), exact("c")], [true, false, true].map(Value::from));
    assert_eq!(tensor(&document, "b")["metrics"]["differing"], 1);
    assert_eq!(tensor(&document, "b")["metrics"]["ulp_maximum"], 1.0);
    let told = document["summary"].to_string();
    assert!(told.contains("1 tensor is cast from F32 to BF16 exactly"), "{told}");
    assert!(told.contains("1 tensor is cast from F32 to F16 and changed"), "{told}");
}

#[test]
fn joined_tensors_are_found_in_both_directions() {
    let parts = [
        ("attention.q", matrix(8, 16, 1)),
        ("attention.k", matrix(8, 16, 2)),
        ("attention.v", matrix(4, 16, 3)),
    ];
    let joined = parts.iter().flat_map(|(_, tensor)| tensor.bytes().to_vec()).collect();
    let whole = [("attention.qkv", Tensor::new(DType::F32, vec![20, 16], joined).unwrap())];
    let document = compare(&parts, &whole);
    let found = tensor(&document, "attention.qkv");
    assert_eq!(found["status"], "merged");
    assert_eq!(found["pieces"], json!(["attention.q", "attention.k", "attention.v"]));
    assert_eq!(document["tensors"].as_array().unwrap().len(), 1);
    assert_eq!(status(&compare(&whole, &parts), "attention.qkv"), "split");
}

#[test]
fn what_is_gone_new_or_of_another_kind_is_said() {
    let flat = Tensor::from_f32(vec![32], &values(32, 4)).unwrap();
    let whole = Tensor::from_i64(vec![4, 8], &[7; 32]).unwrap();
    let a = [("gone", matrix(4, 8, 1)), ("reshaped", matrix(4, 8, 4)), ("counted", matrix(4, 8, 6))];
    let document = compare(&a, &[("new", matrix(5, 8, 9)), ("reshaped", flat), ("counted", whole)]);
    assert_eq!(status(&document, "gone"), "removed");
    assert_eq!(status(&document, "new"), "added");
    assert_eq!(
        (status(&document, "reshaped"), &tensor(&document, "reshaped")["exact"]),
        ("shape".into(), &json!(true))
    );
    assert_eq!(status(&document, "counted"), "dtype");
    assert!(document["summary"].to_string().contains("1 tensor is only in the second: `new`."));
}

#[test]
fn nan_against_a_number_comes_before_every_distance() {
    let a = matrix(4, 8, 1);
    let b = edited(&a, |bytes| bytes[4..8].copy_from_slice(&f32::NAN.to_le_bytes()));
    let far = edited(&a, |bytes| bytes[4..8].copy_from_slice(&1e30_f32.to_le_bytes()));
    let document = compare(&[("x", a.clone()), ("y", a)], &[("x", far), ("y", b)]);
    assert_eq!(document["tensors"][0]["name"], "y");
    assert_eq!(document["tensors"][0]["metrics"]["special_mismatches"], 1);
    assert!(document["summary"][0].as_str().unwrap().contains("NaN or infinity"));
}

#[test]
fn people_get_one_screen_and_a_page() {
    let sandbox = sandbox();
    let a = matrix(64, 64, 1);
    place(&sandbox, "a.safetensors", &[("<b>weight</b>", a.clone()), ("same", a.clone())]);
    let b = edited(&a, |bytes| bytes[7] ^= 0x10);
    place(&sandbox, "b.safetensors", &[("<b>weight</b>", b), ("same", a)]);
    let printed = sandbox.run(["diff", "a.safetensors", "b.safetensors", "--html", "page.html"]);
    printed
        .exits(1)
        .says("1 of 2 tensors changed: `<b>weight</b>`")
        .says("relative L2")
        .never_mentions("same  ");
    assert!(printed.stdout().lines().all(|line| line.chars().count() <= 120), "{}", printed.stdout());
    sandbox.run(["diff", "a.safetensors", "b.safetensors", "--all"]).exits(1).says("identical");
    let page = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    for word in ["<script", "http:", "https:", "url(", "<img", "<link", "<b>weight"] {
        assert!(!page.contains(word), "the page has {word}");
    }
    assert!(
        page.contains("default-src 'none'")
            && page.contains("class=\"heatmap\"")
            && page.contains("&lt;b&gt;weight")
    );
    let bits = sandbox.run(["diff", "a.safetensors", "b.safetensors", "--bits"]);
    bits.exits(1).says("[0, 1]").never_mentions("relative L2");
}

#[test]
fn exit_codes_tell_usage_from_unreadable() {
    let sandbox = sandbox();
    place(&sandbox, "a.safetensors", &[("x", matrix(2, 2, 1))]);
    sandbox.write("broken.safetensors", [8, 0, 0, 0, 0, 0, 0, 0, b'{', b'}']);
    sandbox.run(["diff", "a.safetensors", "a.safetensors"]).exits(0).says("Nothing differs");
    sandbox.run(["diff", "a.safetensors", "nowhere"]).exits(2).complains("no artifact at nowhere").prints("");
    sandbox.run(["diff", "a.safetensors"]).exits(2).complains("<B>");
    sandbox.run(["diff", "a.safetensors", "broken.safetensors"]).exits(3).prints("");
    let refused = sandbox.run(["diff", "a.safetensors", "a.safetensors", "--part", "optimizer"]);
    refused.exits(2).complains("no part `optimizer`").complains("`model`");
    sandbox.run(["diff", "a.safetensors", "a.safetensors", "--part", "model"]).exits(0);
}
