//! Graphs within graphs.

use std::collections::HashMap;

use reproof_tensor::DType;

use super::slice::{fit, joined, part};
use super::{Outputs, one};
use crate::call::{Call, axis};
use crate::graph::Graph;
use crate::run::Scope;
use crate::tensor::Data;
use crate::{Failure, Tensor, Value};

pub(super) fn branch(call: &Call<'_>, scope: &Scope<'_>) -> Outputs {
    let condition = call.tensor(0)?;
    let &[taken] = condition.truths()? else {
        return Err(Failure::refused(format!("expected one truth value, got {}", condition.len())));
    };
    let graph = call.graph(if taken { "then_branch" } else { "else_branch" })?;
    call.run.graph(graph, HashMap::new(), Some(scope), call.opsets)
}

/// Runs a body until its condition is false or its count is reached; what it gives beyond its state is stacked.
pub(super) fn repeat(call: &Call<'_>, scope: &Scope<'_>) -> Outputs {
    let graph = call.graph("body")?;
    let most = call.optional(0)?.map(Tensor::single).transpose()?.unwrap_or(i64::MAX);
    let mut goes_on = call.optional(1)?.map(is_true).transpose()?.unwrap_or(true);
    let mut state: Vec<Value> =
        (2..call.inputs.len()).map(|index| call.required(index).cloned()).collect::<Result<_, _>>()?;
    let carried = state.len();
    if graph.inputs.len() != carried + 2 || graph.outputs.len() < carried + 1 {
        return Err(Failure::refused("a body whose inputs and outputs do not fit"));
    }
    let mut stacked: Vec<Vec<Value>> = vec![Vec::new(); graph.outputs.len() - carried - 1];
    let mut number = 0;
    while number < most && goes_on {
        let scalar = |data| Value::from(Tensor::scalar(data));
        let mut given: HashMap<&str, Value> = HashMap::new();
        given.insert(&graph.inputs[0], scalar(Data::Integer(DType::I64, vec![number])));
        given.insert(&graph.inputs[1], scalar(Data::Boolean(vec![goes_on])));
        for (name, value) in graph.inputs[2..].iter().zip(&state) {
            given.insert(name, value.clone());
        }
        let mut made = call.run.graph(graph, given, Some(scope), call.opsets)?.into_iter();
        goes_on = made.next().map_or(Ok(false), |value| is_true(value.tensor()?))?;
        state = made.by_ref().take(carried).collect();
        stacked.iter_mut().zip(made).for_each(|(all, value)| all.push(value));
        number += 1;
    }
    for values in stacked {
        state.push(stack(call, &values, graph)?.into());
    }
    Ok(state)
}

fn is_true(tensor: &Tensor) -> Result<bool, Failure> {
    Ok(tensor.truths()?.first().copied().unwrap_or(false))
}

/// Values along a new first dim.
fn stack(call: &Call<'_>, values: &[Value], graph: &Graph) -> Result<Tensor, Failure> {
    if values.is_empty() {
        let what = format!("what a body with the outputs {:?} stacks when it never runs", graph.outputs);
        return Err(Failure::unsupported(what));
    }
    let spread: Vec<Tensor> =
        values.iter().map(|value| Ok(raised(value.tensor()?, 0))).collect::<Result<_, Failure>>()?;
    joined(call, &spread.iter().collect::<Vec<_>>(), 0)
}

/// A tensor with one more dim of 1.
pub(super) fn raised(tensor: &Tensor, along: usize) -> Tensor {
    let mut shape = tensor.shape().to_vec();
    shape.insert(along, 1);
    tensor.reshaped(shape)
}

/// Runs a body for each slice of its inputs.
pub(super) fn scan(call: &Call<'_>, scope: &Scope<'_>) -> Outputs {
    if call.opset < 9 {
        return Err(Failure::unsupported("Scan of version 8"));
    }
    let graph = call.graph("body")?;
    let scanned = usize::try_from(call.integer("num_scan_inputs", 0)?).unwrap_or(usize::MAX);
    let carried = call.inputs.len().checked_sub(scanned).filter(|_| scanned > 0);
    let carried = carried.ok_or_else(|| Failure::refused("nothing to scan"))?;
    let outputs = graph.outputs.len().checked_sub(carried);
    let (Some(stacks), true) = (outputs, graph.inputs.len() == call.inputs.len()) else {
        return Err(Failure::refused("a body whose inputs and outputs do not fit"));
    };
    let told = |name: &str, count: usize| -> Result<Vec<i64>, Failure> {
        Ok(call.integers(name)?.map_or_else(|| vec![0; count], <[i64]>::to_vec))
    };
    let input_axes = told("scan_input_axes", scanned)?;
    let input_directions = told("scan_input_directions", scanned)?;
    let output_axes = told("scan_output_axes", stacks)?;
    let output_directions = told("scan_output_directions", stacks)?;
    if input_axes.len() != scanned
        || input_directions.len() != scanned
        || output_axes.len() != stacks
        || output_directions.len() != stacks
    {
        return Err(Failure::refused("axes and directions that do not fit"));
    }
    let mut state: Vec<Value> =
        (0..carried).map(|index| call.required(index).cloned()).collect::<Result<_, _>>()?;
    let sources: Vec<(&Tensor, usize)> = (0..scanned)
        .map(|index| {
            let tensor = call.tensor(carried + index)?;
            Ok((tensor, axis(input_axes[index], tensor.rank())?))
        })
        .collect::<Result<_, Failure>>()?;
    let length = sources[0].0.shape()[sources[0].1];
    if sources.iter().any(|(tensor, along)| tensor.shape()[*along] != length) {
        return Err(Failure::refused("inputs of different lengths"));
    }
    let mut stacked: Vec<Vec<Value>> = vec![Vec::new(); stacks];
    for number in 0..length {
        let mut given: HashMap<&str, Value> = HashMap::new();
        for (name, value) in graph.inputs.iter().zip(&state) {
            given.insert(name, value.clone());
        }
        for (index, (tensor, along)) in sources.iter().enumerate() {
            let at = if input_directions[index] == 1 { length - 1 - number } else { number };
            let slice = part(tensor, *along, at, 1);
            let mut shape = slice.shape().to_vec();
            shape.remove(*along);
            given.insert(&graph.inputs[carried + index], slice.reshaped(shape).into());
        }
        let mut made = call.run.graph(graph, given, Some(scope), call.opsets)?.into_iter();
        state = made.by_ref().take(carried).collect();
        stacked.iter_mut().zip(made).for_each(|(all, value)| all.push(value));
    }
    for (index, mut values) in stacked.into_iter().enumerate() {
        if output_directions[index] == 1 {
            values.reverse();
        }
        let Some(first) = values.first() else {
            return Err(Failure::unsupported("what a scan of nothing stacks"));
        };
        let along = axis(output_axes[index], first.tensor()?.rank() + 1)?;
        let spread: Vec<Tensor> =
            values.iter().map(|value| Ok(raised(value.tensor()?, along))).collect::<Result<_, Failure>>()?;
        state.push(joined(call, &spread.iter().collect::<Vec<_>>(), along)?.into());
    }
    Ok(state)
}

/// Runs a body for each item of a sequence.
pub(super) fn sequence_map(call: &Call<'_>, scope: &Scope<'_>) -> Outputs {
    let graph = call.graph("body")?;
    let items = call.required(0)?.sequence()?;
    let mut made: Vec<Vec<Value>> = vec![Vec::new(); graph.outputs.len()];
    for (number, item) in items.iter().enumerate() {
        let mut given: HashMap<&str, Value> = HashMap::new();
        for (index, name) in graph.inputs.iter().enumerate() {
            let value = match call.required(index)? {
                _ if index == 0 => item.clone(),
                Value::Sequence(others) => others
                    .get(number)
                    .cloned()
                    .ok_or_else(|| Failure::refused("sequences of different lengths"))?,
                other => other.clone(),
            };
            given.insert(name, value);
        }
        let outputs = call.run.graph(graph, given, Some(scope), call.opsets)?;
        made.iter_mut().zip(outputs).for_each(|(all, value)| all.push(value));
    }
    Ok(made.into_iter().map(Value::Sequence).collect())
}

pub(super) fn sequence_construct(call: &Call<'_>) -> Outputs {
    let items = (0..call.inputs.len()).map(|index| call.required(index).cloned());
    Ok(vec![Value::Sequence(items.collect::<Result<_, _>>()?)])
}

pub(super) fn sequence_empty(_: &Call<'_>) -> Outputs {
    Ok(vec![Value::Sequence(Vec::new())])
}

/// A place in a sequence of a length; one past the end where `past` allows it.
fn place(call: &Call<'_>, index: usize, length: usize, past: bool) -> Result<Option<usize>, Failure> {
    let Some(told) = call.optional(index)? else { return Ok(None) };
    let value = told.single()?;
    let from_front = if value < 0 { value.saturating_add(length as i64) } else { value };
    let found = usize::try_from(from_front).ok().filter(|at| *at < length || (past && *at == length));
    found.map(Some).ok_or_else(|| Failure::refused(format!("the item {value} of {length}")))
}

pub(super) fn sequence_at(call: &Call<'_>) -> Outputs {
    let items = call.required(0)?.sequence()?;
    let at = place(call, 1, items.len(), false)?.ok_or_else(|| Failure::refused("no place"))?;
    Ok(vec![items[at].clone()])
}

pub(super) fn sequence_insert(call: &Call<'_>) -> Outputs {
    let mut items = call.required(0)?.sequence()?.to_vec();
    let at = place(call, 2, items.len(), true)?.unwrap_or(items.len());
    items.insert(at, call.required(1)?.clone());
    Ok(vec![Value::Sequence(items)])
}

pub(super) fn sequence_erase(call: &Call<'_>) -> Outputs {
    let mut items = call.required(0)?.sequence()?.to_vec();
    let last = items.len().checked_sub(1).ok_or_else(|| Failure::refused("an empty sequence"))?;
    let at = place(call, 1, items.len(), false)?.unwrap_or(last);
    items.remove(at);
    Ok(vec![Value::Sequence(items)])
}

pub(super) fn sequence_length(call: &Call<'_>) -> Outputs {
    let length = call.required(0)?.sequence()?.len() as i64;
    one(Tensor::scalar(Data::Integer(DType::I64, vec![length])))
}

pub(super) fn concat_from_sequence(call: &Call<'_>) -> Outputs {
    let items = call.required(0)?.sequence()?;
    let tensors: Vec<&Tensor> = items.iter().map(Value::tensor).collect::<Result<_, _>>()?;
    let first = tensors.first().ok_or_else(|| Failure::refused("an empty sequence"))?;
    if !call.flag("new_axis", false)? {
        let along = call.axis("axis", 0, first.rank())?;
        return one(joined(call, &tensors, along)?);
    }
    let along = call.axis("axis", 0, first.rank() + 1)?;
    let spread: Vec<Tensor> = tensors.iter().map(|tensor| raised(tensor, along)).collect();
    one(joined(call, &spread.iter().collect::<Vec<_>>(), along)?)
}

/// What a tensor takes beside its elements, in elements.
const OVERHEAD: usize = 16;

pub(super) fn split_to_sequence(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let along = call.axis("axis", 0, tensor.rank())?;
    let size = tensor.shape()[along];
    // Of a tensor without elements, too, there are no more parts than memory has room for.
    let room = |parts: usize| call.count(&[parts, OVERHEAD]);
    let (lengths, keeps) = match call.optional(1)? {
        None => {
            room(size)?;
            (vec![1; size], call.flag("keepdims", true)?)
        }
        Some(told) if told.rank() == 0 => {
            let length = crate::call::dim(told.single()?)?.max(1);
            room(size.div_ceil(length))?;
            ((0..size.div_ceil(length)).map(|index| length.min(size - index * length)).collect(), true)
        }
        Some(told) => {
            let lengths = told.whole()?.1.iter().map(|length| crate::call::dim(*length));
            (lengths.collect::<Result<Vec<_>, _>>()?, true)
        }
    };
    fit(&lengths, size)?;
    let mut start = 0;
    let parts = lengths.into_iter().map(|length| {
        let made = part(tensor, along, start, length);
        start += length;
        if keeps {
            return made.into();
        }
        let mut shape = made.shape().to_vec();
        shape.remove(along);
        made.reshaped(shape).into()
    });
    Ok(vec![Value::Sequence(parts.collect())])
}

pub(super) fn optional(call: &Call<'_>) -> Outputs {
    Ok(vec![Value::Optional(call.value(0).cloned().map(Box::new))])
}

pub(super) fn optional_has_element(call: &Call<'_>) -> Outputs {
    let has = !matches!(call.value(0), None | Some(Value::Optional(None)));
    one(Tensor::scalar(Data::Boolean(vec![has])))
}

pub(super) fn optional_get_element(call: &Call<'_>) -> Outputs {
    match call.required(0)? {
        Value::Optional(Some(inner)) => Ok(vec![(**inner).clone()]),
        Value::Optional(None) => Err(Failure::refused("an absent value")),
        other => Ok(vec![other.clone()]),
    }
}
