//! Promises about values: every dtype and every kind of tree arrives as it was sent.

use reproof_contract::run::Status;
use reproof_tensor::{DType, Key, StringTensor, Tensor, Value, byte_length};

use crate::model::{Attribute, BOOL, FLOAT, Graph, INT64, Kind, Node, STRING, code};
use crate::subject::{Answer, Subject, Trial};

/// A tensor whose bits are all different from those of its neighbours.
pub(crate) fn pattern(dtype: DType, shape: &[u64]) -> Value {
    let length = byte_length(dtype, shape).expect("a small shape") as usize;
    let mut bytes: Vec<u8> = (0..length).map(|index| (index * 37 + 11) as u8).collect();
    if dtype == DType::Bool {
        for byte in &mut bytes {
            *byte &= 1;
        }
    }
    // Bits behind the last element belong to nobody.
    let used = (shape.iter().product::<u64>() * dtype.bits()) % 8;
    if let (1.., Some(last)) = (used, bytes.last_mut()) {
        *last &= (1 << used) - 1;
    }
    Value::Tensor(Tensor::new(dtype, shape.to_vec(), bytes).expect("the length was computed"))
}

fn floats(values: &[f32]) -> Value {
    Value::Tensor(Tensor::from_f32(vec![values.len() as u64], values).expect("one dim"))
}

fn texts(shape: &[u64], values: &[&str]) -> Value {
    let values = values.iter().map(|text| (*text).to_owned()).collect();
    Value::Strings(StringTensor { shape: shape.to_vec(), values })
}

/// A model whose only output is its input.
fn wire(kind: &Kind, opset: i64) -> Vec<u8> {
    let port = vec![("y", kind.clone())];
    Graph { nodes: Vec::new(), inputs: port.clone(), outputs: port }.model(opset)
}

fn identity(kind: &Kind, opset: i64) -> Vec<u8> {
    let nodes = vec![Node::new("Identity", &["x"], "y")];
    Graph { nodes, inputs: vec![("x", kind.clone())], outputs: vec![("y", kind.clone())] }.model(opset)
}

/// Sends a value through `Identity`.
fn echoed(subject: &Subject, kind: &Kind, opset: i64, value: &Value) -> Answer {
    let ran = Trial::of(&identity(kind, opset)).case(&[("x", value.clone())]).run(subject);
    ran.gives(&[("y", value.clone())])
}

/// All shapes of a dtype.
pub(crate) fn dtype(subject: &Subject, dtype: DType) -> Answer {
    let code = code(dtype).expect("only dtypes of ONNX are asked for");
    // The operator set in which ONNX learned the type. No engine copies the newest types with `Identity`, so they
    // go straight from the input to the output.
    let (opset, straight) = match dtype {
        DType::U4 | DType::I4 => (21, true),
        DType::F4 => (23, true),
        DType::F8E8M0 => (24, true),
        DType::U2 | DType::I2 => (25, true),
        _ => (21, false),
    };
    let kind = Kind::any(code);
    let (model, input) = if straight { (wire(&kind, opset), "y") } else { (identity(&kind, opset), "x") };
    let mut trial = Trial::of(&model);
    let shapes: [&[u64]; 6] = [&[], &[1], &[3], &[2, 3], &[0], &[2, 0, 3]];
    for shape in shapes {
        trial = trial.case(&[(input, pattern(dtype, shape))]);
    }
    let ran = trial.run(subject);
    if let Status::Unsupported { what, .. } = ran.status(0) {
        return Answer::Lacks(what.clone());
    }
    for (index, shape) in shapes.iter().enumerate() {
        assert!(ran.status(index).is_done(), "{shape:?}: {:?}", ran.status(index));
        assert_eq!(ran.outputs(index, 0), [("y".to_owned(), pattern(dtype, shape))], "{shape:?}");
    }
    Answer::Kept
}

pub(crate) fn strings(subject: &Subject) -> Answer {
    let value = texts(&[2, 2], &["", "a b\n", "żółw", "🐢"]);
    echoed(subject, &Kind::any(STRING), 21, &value)
}

pub(crate) fn no_strings(subject: &Subject) -> Answer {
    echoed(subject, &Kind::any(STRING), 21, &texts(&[0, 2], &[]))
}

/// The C interface ends texts at a zero byte: cut in silence, the text would be another one.
pub(crate) fn zero_byte(subject: &Subject) -> Answer {
    echoed(subject, &Kind::any(STRING), 21, &texts(&[1], &["a\0b"]))
}

pub(crate) fn sequence(subject: &Subject) -> Answer {
    let value = Value::Sequence(vec![floats(&[1.0, 2.0]), floats(&[f32::NAN; 1]), floats(&[])]);
    echoed(subject, &Kind::any(FLOAT).sequence(), 21, &value)
}

pub(crate) fn empty_sequence(subject: &Subject) -> Answer {
    echoed(subject, &Kind::any(FLOAT).sequence(), 21, &Value::Sequence(Vec::new()))
}

pub(crate) fn sequence_of_strings(subject: &Subject) -> Answer {
    let value = Value::Sequence(vec![texts(&[1], &["one"]), texts(&[2], &["two", "three"])]);
    echoed(subject, &Kind::any(STRING).sequence(), 21, &value)
}

/// An optional with a value may come back as the value: no engine tells the two apart.
pub(crate) fn optional(subject: &Subject) -> Answer {
    let kind = Kind::any(FLOAT).optional();
    let given = Value::Optional(Some(Box::new(floats(&[3.0]))));
    let ran = Trial::of(&identity(&kind, 21)).case(&[("x", given)]).run(subject);
    ran.gives(&[("y", floats(&[3.0]))])
}

pub(crate) fn absent_input(subject: &Subject) -> Answer {
    let nodes = vec![Node::new("OptionalHasElement", &["x"], "y")];
    let inputs = vec![("x", Kind::any(FLOAT).optional())];
    let outputs = vec![("y", Kind::any(BOOL))];
    let model = Graph { nodes, inputs, outputs }.model(21);
    let ran = Trial::of(&model).case(&[("x", Value::Optional(None))]).run(subject);
    let no = Tensor::new(DType::Bool, Vec::new(), vec![0]).expect("one byte");
    ran.gives(&[("y", Value::Tensor(no))])
}

pub(crate) fn absent_output(subject: &Subject) -> Answer {
    absent(subject, Kind::any(FLOAT))
}

pub(crate) fn absent_sequence_output(subject: &Subject) -> Answer {
    absent(subject, Kind::any(FLOAT).sequence())
}

fn absent(subject: &Subject, kind: Kind) -> Answer {
    let node = Node::new("Optional", &[], "y").with(Attribute::Type("type", kind.clone()));
    let model = Graph { nodes: vec![node], inputs: Vec::new(), outputs: vec![("y", kind.optional())] };
    Trial::of(&model.model(21)).case(&[]).run(subject).gives(&[("y", Value::Optional(None))])
}

/// A classifier's scores by label.
pub(crate) fn map_output(subject: &Subject) -> Answer {
    let labels = Attribute::Integers("classlabels_int64s", vec![7, -1]);
    let node = Node::new("ZipMap", &["x"], "y").of("ai.onnx.ml").with(labels);
    let map = Kind::Map(INT64, Box::new(Kind::any(FLOAT)));
    let inputs = vec![("x", Kind::shaped(FLOAT, &[1, 2]))];
    let model = Graph { nodes: vec![node], inputs, outputs: vec![("y", map.sequence())] };
    let scores = Tensor::from_f32(vec![1, 2], &[0.25, 0.75]).expect("two elements");
    let ran = Trial::of(&model.model(21)).case(&[("x", Value::Tensor(scores))]).run(subject);
    let entries = vec![(Key::Integer(-1), Value::Real(0.75)), (Key::Integer(7), Value::Real(0.25))];
    ran.gives(&[("y", Value::Sequence(vec![Value::Map(entries)]))])
}

pub(crate) fn map_input(subject: &Subject) -> Answer {
    let words = Attribute::Texts("string_vocabulary", vec!["a", "b", "c"]);
    let node = Node::new("DictVectorizer", &["x"], "y").of("ai.onnx.ml").with(words);
    let map = Kind::Map(STRING, Box::new(Kind::any(FLOAT)));
    let model = Graph { nodes: vec![node], inputs: vec![("x", map)], outputs: vec![("y", Kind::any(FLOAT))] };
    let entries =
        vec![(Key::Text("c".to_owned()), Value::Real(0.5)), (Key::Text("a".to_owned()), Value::Real(2.0))];
    let ran = Trial::of(&model.model(21)).case(&[("x", Value::Map(entries))]).run(subject);
    let row = Tensor::from_f32(vec![1, 3], &[2.0, 0.0, 0.5]).expect("three elements");
    ran.gives(&[("y", Value::Tensor(row))])
}
