//! Categories as numbers and back.

use std::collections::HashMap;
use std::hash::Hash;

use reproof_tensor::DType;

use super::super::{Outputs, one};
use super::attributes::{expect, integers, reals, texts};
use crate::arithmetic::{order, round, round_all};
use crate::call::{Call, Kind};
use crate::graph::Attribute;
use crate::tensor::{Data, wrap};
use crate::{Failure, Tensor};

/// What is looked up.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key<'a> {
    /// A float by its bits; there is one NaN.
    Float(u64),
    Integer(i64),
    Text(&'a str),
}

/// The elements of a tensor as keys.
///
/// Before version 4 floats are compared bit by bit, as the specification of LabelEncoder says; from then on the two zeros
/// are one, as they are in ONNX Runtime.
fn keys(data: &Data, opset: i64) -> Result<Vec<Key<'_>>, Failure> {
    let bits = |value: f64| if opset < 4 { value.to_bits() } else { (value + 0.0).to_bits() };
    Ok(match data {
        Data::Float(_, values) => values.iter().map(|value| Key::Float(bits(*value))).collect(),
        Data::Integer(_, values) => values.iter().map(|value| Key::Integer(*value)).collect(),
        Data::Text(values) => values.iter().map(|value| Key::Text(value)).collect(),
        Data::Boolean(_) => return Err(Failure::refused("expected numbers or texts, got truth values")),
    })
}

/// A word for what keys are compared with.
fn family(data: &Data) -> &'static str {
    match data {
        Data::Float(..) => "floats",
        Data::Integer(..) => "integers",
        Data::Boolean(_) => "truth values",
        Data::Text(_) => "texts",
    }
}

/// The places of keys; of equal ones the last, or the first.
fn places<Key: Eq + Hash>(keys: impl IntoIterator<Item = Key>, takes_last: bool) -> HashMap<Key, usize> {
    let mut places = HashMap::new();
    for (place, key) in keys.into_iter().enumerate() {
        let known = places.entry(key).or_insert(place);
        if takes_last {
            *known = place;
        }
    }
    places
}

/// For each element the value beside its key, or the last value.
fn mapped(input: &Tensor, keys_of: &Data, values: &Data, opset: i64, takes_last: bool) -> Outputs {
    if family(input.data()) != family(keys_of) {
        let (expected, got) = (family(keys_of), family(input.data()));
        return Err(Failure::refused(format!("expected {expected}, as the keys are, got {got}")));
    }
    let places = places(keys(keys_of, opset)?, takes_last);
    let default = values.len() - 1;
    let found = keys(input.data(), opset)?;
    let data = values.gather(found.iter().map(|key| places.get(key).copied().unwrap_or(default)));
    one(Tensor::new(input.shape().to_vec(), data))
}

/// Values and one more.
fn with_default(values: Data, default: Data) -> Result<Data, Failure> {
    if Kind::of(&values) != Kind::of(&default) || default.len() != 1 {
        return Err(Failure::refused(format!(
            "expected one default of {}, got {} of {}",
            values.kind(),
            default.len(),
            default.kind()
        )));
    }
    Ok(match (values, default) {
        (Data::Float(dtype, values), Data::Float(_, default)) => {
            Data::Float(dtype, [values, default].concat())
        }
        (Data::Integer(dtype, values), Data::Integer(_, default)) => {
            Data::Integer(dtype, [values, default].concat())
        }
        (Data::Text(values), Data::Text(default)) => Data::Text([values, default].concat()),
        (other, _) => return Err(Failure::refused(format!("values of {}", other.kind()))),
    })
}

/// The keys or values of LabelEncoder: one list of four.
fn list(call: &Call<'_>, which: &str) -> Result<Data, Failure> {
    let names = ["strings", "int64s", "floats", "tensor"].map(|kind| format!("{which}_{kind}"));
    let told: Vec<&String> = names.iter().filter(|name| call.has(name)).collect();
    let [name] = told[..] else {
        let found = told.len();
        return Err(Failure::refused(format!("expected one of the attributes {names:?}, got {found}")));
    };
    Ok(match names.iter().position(|known| known == name) {
        Some(0) => Data::Text(texts(call, name)?.to_vec()),
        Some(1) => Data::Integer(DType::I64, integers(call, name)?.to_vec()),
        Some(2) => floats(call, reals(call, name)?),
        _ => stored(call, name)?,
    })
}

/// The elements of a tensor as this mode takes them.
fn stored(call: &Call<'_>, name: &str) -> Result<Data, Failure> {
    match call.attribute(name) {
        Some(Attribute::Tensor(stored)) => Ok(call.run.constant(stored).tensor()?.data().clone()),
        _ => Err(Failure::refused(format!("attribute `{name}`: expected a tensor"))),
    }
}

/// Floats as float32 of this mode.
fn floats(call: &Call<'_>, mut values: Vec<f64>) -> Data {
    let dtype = call.run.float(DType::F32);
    round_all(dtype, &mut values);
    Data::Float(dtype, values)
}

/// What stands for elements that have no key.
fn default(call: &Call<'_>, values: &Data) -> Result<Data, Failure> {
    if call.has("default_tensor") {
        return stored(call, "default_tensor");
    }
    Ok(match values {
        Data::Float(dtype, _) => {
            let default = round(*dtype, call.float("default_float", -0.0)?);
            Data::Float(*dtype, vec![default])
        }
        Data::Integer(dtype, _) => Data::Integer(*dtype, vec![whole(call, *dtype)?]),
        _ => Data::Text(vec![call.text("default_string", UNUSED)?.to_owned()]),
    })
}

/// The text of elements that have no key.
const UNUSED: &str = "_Unused";

/// The integer of elements that have no key, which must fit the type of the others.
fn whole(call: &Call<'_>, dtype: DType) -> Result<i64, Failure> {
    let told = call.integer("default_int64", -1)?;
    if wrap(dtype, told) != told {
        return Err(Failure::refused(format!("attribute `default_int64`: {told} is no {dtype}")));
    }
    Ok(told)
}

/// Elements for others. Of equal keys the last one counts from version 4 on, as the specification says; before it does not
/// tell, and in ONNX Runtime it is the first.
pub(in super::super) fn label_encoder(call: &Call<'_>) -> Outputs {
    let input = call.tensor(0)?;
    let classes = texts(call, "classes_strings")?;
    if !classes.is_empty() {
        // Version 1 counts its classes.
        let numbers = Data::Integer(DType::I64, (0..classes.len() as i64).collect());
        return both_ways(call, input, numbers, classes);
    }
    let (keys, values) = (list(call, "keys")?, list(call, "values")?);
    if keys.len() != values.len() {
        return Err(Failure::refused(format!(
            "expected as many values as {} keys, got {}",
            keys.len(),
            values.len()
        )));
    }
    let default = default(call, &values)?;
    mapped(input, &keys, &with_default(values, default)?, call.opset, call.opset >= 4)
}

/// Texts for integers, or integers for texts.
pub(in super::super) fn category_mapper(call: &Call<'_>) -> Outputs {
    let (numbers, words) = (integers(call, "cats_int64s")?, texts(call, "cats_strings")?);
    expect("cats_strings", numbers.len(), words.len())?;
    both_ways(call, call.tensor(0)?, Data::Integer(DType::I64, numbers.to_vec()), words)
}

/// Whichever of the two the input is not. Of equal keys the last counts, as in ONNX Runtime; the specification does not tell.
fn both_ways(call: &Call<'_>, input: &Tensor, numbers: Data, words: &[String]) -> Outputs {
    let words = Data::Text(words.to_vec());
    let (keys, values) = match input.data() {
        Data::Text(_) => (words, numbers),
        _ => (numbers, words),
    };
    let default = default(call, &values)?;
    mapped(input, &keys, &with_default(values, default)?, call.opset, true)
}

/// A one where the category of an element is, in a new last dim. Floats are the integers that they reach from zero.
pub(in super::super) fn one_hot_encoder(call: &Call<'_>) -> Outputs {
    let input = call.tensor(0)?;
    let (numbers, words) = (integers(call, "cats_int64s")?, texts(call, "cats_strings")?);
    let found: Vec<Option<usize>> = match (input.data(), numbers, words) {
        (Data::Text(texts), [], [_, ..]) => {
            let places = places(words.iter(), true);
            texts.iter().map(|text| places.get(text).copied()).collect()
        }
        (Data::Float(..) | Data::Integer(..), [_, ..], []) => {
            let places = places(numbers.iter().copied(), true);
            let find = |value: i64| places.get(&value).copied();
            match input.data() {
                Data::Float(_, values) => values.iter().map(|value| find(order::truncate(*value))).collect(),
                _ => input.whole()?.1.iter().map(|value| find(*value)).collect(),
            }
        }
        _ => {
            return Err(Failure::refused(format!(
                "expected categories of {} alone, got {} integers and {} texts",
                family(input.data()),
                numbers.len(),
                words.len()
            )));
        }
    };
    if !call.flag("zeros", true)? && found.contains(&None) {
        return Err(Failure::refused("an element is of no category, and `zeros` is 0"));
    }
    let width = numbers.len().max(words.len());
    let shape = [input.shape(), &[width]].concat();
    let mut hot = vec![0.0; call.count(&shape)?];
    for (row, place) in hot.chunks_exact_mut(width).zip(found) {
        if let Some(place) = place {
            row[place] = 1.0;
        }
    }
    one(Tensor::rounded(shape, call.run.float(DType::F32), hot))
}
