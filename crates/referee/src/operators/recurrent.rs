//! Recurrent operators. What products give is rounded to the operand's type, as those of matrices are; gates are then
//! computed in float64, and the state is rounded once for each step.

use super::Outputs;
use super::unary::{Activation, activation};
use crate::arithmetic::exact::{self, error, settle};
use crate::arithmetic::order::{maximum, minimum};
use crate::arithmetic::round;
use crate::call::{Call, dim};
use crate::tensor::Data;
use crate::{Failure, Tensor};
use reproof_tensor::DType;

/// What the three operators share.
struct Layer<'a> {
    call: &'a Call<'a>,
    dtype: DType,
    values: &'a [f64],
    steps: usize,
    batch: usize,
    inputs: usize,
    hidden: usize,
    directions: usize,
    reverse: bool,
    /// Batch before steps.
    by_batch: bool,
    lengths: Option<Vec<usize>>,
    clip: f64,
    activations: Vec<Activation>,
}

impl<'a> Layer<'a> {
    fn of(call: &'a Call<'a>, defaults: &[&str]) -> Result<Self, Failure> {
        let tensor = call.tensor(0)?;
        let (dtype, values) = tensor.floats()?;
        let by_batch = call.flag("layout", false)?;
        let (steps, batch, inputs) = match *tensor.shape() {
            [batch, steps, inputs] if by_batch => (steps, batch, inputs),
            [steps, batch, inputs] => (steps, batch, inputs),
            ref shape => return Err(Failure::refused(format!("expected three dims, got {shape:?}"))),
        };
        let weights = call.tensor(2)?.shape();
        let hidden = weights.get(2).copied().unwrap_or(0);
        let told = call.integer("hidden_size", 0)?;
        if told != 0 && dim(told)? != hidden {
            return Err(Failure::refused(format!("recurrent weights of {weights:?} for {told} units")));
        }
        let (directions, reverse) = match call.text("direction", "forward")? {
            "bidirectional" => (2, false),
            "reverse" => (1, true),
            _ => (1, false),
        };
        call.count(&[steps, directions, batch, hidden])?;
        let names: Vec<&str> = match call.texts("activations")? {
            Some(told) => told.iter().map(String::as_str).collect(),
            None => defaults.repeat(directions),
        };
        let (alphas, betas) =
            (call.reals("activation_alpha")?.unwrap_or(&[]), call.reals("activation_beta")?.unwrap_or(&[]));
        let activations = names.iter().enumerate().map(|(index, name)| {
            let told = |values: &[f32]| values.get(index).map(|value| f64::from(*value));
            activation(name, told(alphas), told(betas))
        });
        let activations: Vec<Activation> = activations.collect::<Result<_, _>>()?;
        if activations.len() != defaults.len() * directions {
            return Err(Failure::refused(format!("{} activations", activations.len())));
        }
        let lengths = match call.optional(4)? {
            Some(told) => Some(
                told.whole()?
                    .1
                    .iter()
                    .map(|length| Ok(dim(*length)?.min(steps)))
                    .collect::<Result<Vec<_>, _>>()?,
            ),
            None => None,
        };
        if lengths.as_ref().is_some_and(|lengths| lengths.len() != batch) {
            return Err(Failure::refused(format!("lengths for {batch} items are needed")));
        }
        let clip = if call.has("clip") { call.float("clip", 0.0)? } else { f64::INFINITY };
        Ok(Self {
            call,
            dtype,
            values,
            steps,
            batch,
            inputs,
            hidden,
            directions,
            reverse,
            by_batch,
            lengths,
            clip,
            activations,
        })
    }

    /// Parameters by direction: an input of `rows * columns` numbers each, or zeros.
    fn parameters(&self, index: usize, size: usize) -> Result<Option<Vec<&'a [f64]>>, Failure> {
        let Some(tensor) = self.call.optional(index)? else { return Ok(None) };
        let (_, values) = tensor.floats()?;
        if values.len() != size * self.directions || size == 0 {
            return Err(Failure::refused(format!("parameters of {:?} in input {index}", tensor.shape())));
        }
        Ok(Some(values.chunks_exact(size).collect()))
    }

    /// The state that an input holds, by direction and item.
    fn state(&self, index: usize) -> Result<Vec<f64>, Failure> {
        let size = self.directions * self.batch * self.hidden;
        match self.call.optional(index)? {
            Some(tensor) if tensor.len() == size => {
                let (_, values) = tensor.floats()?;
                if !self.by_batch {
                    return Ok(values.to_vec());
                }
                let order = |at: usize| {
                    let (direction, rest) =
                        (at / (self.batch * self.hidden), at % (self.batch * self.hidden));
                    let (item, unit) = (rest / self.hidden, rest % self.hidden);
                    (item * self.directions + direction) * self.hidden + unit
                };
                Ok((0..size).map(|at| values[order(at)]).collect())
            }
            Some(tensor) => Err(Failure::refused(format!("a state of {:?}", tensor.shape()))),
            None => Ok(vec![0.0; size]),
        }
    }

    fn row(&self, step: usize, item: usize) -> &'a [f64] {
        let at = if self.by_batch { item * self.steps + step } else { step * self.batch + item };
        &self.values[at * self.inputs..][..self.inputs]
    }

    /// A sum of products as the type defines it: of float64 in ascending order, of narrower floats exact and rounded.
    fn dot(&self, start: f64, pairs: [(&[f64], &[f64]); 2]) -> f64 {
        let (mut sum, mut size, mut count) = (start, start.abs(), 1);
        for (left, right) in pairs {
            for (x, y) in left.iter().zip(right) {
                let term = x * y;
                sum += term;
                size += term.abs();
            }
            count += left.len();
        }
        if self.dtype == DType::F64 {
            return sum;
        }
        settle(
            sum,
            error(count, size),
            |sum| round(self.dtype, sum),
            || {
                let terms =
                    pairs.iter().flat_map(|(left, right)| left.iter().zip(*right).map(|(x, y)| x * y));
                exact::sum(std::iter::once(start).chain(terms))
            },
        )
    }

    fn clipped(&self, value: f64) -> f64 {
        if self.clip.is_finite() { maximum(-self.clip, minimum(self.clip, value)) } else { value }
    }

    /// Runs every direction over the steps: `cell` makes the next state of an item from its row and its state.
    fn run(
        &self,
        mut hidden: Vec<f64>,
        mut cell: impl FnMut(usize, usize, &[f64], &[f64]) -> Vec<f64>,
    ) -> (Vec<f64>, Vec<f64>) {
        let (batch, units) = (self.batch, self.hidden);
        let mut all = vec![0.0; self.steps * self.directions * batch * units];
        for direction in 0..self.directions {
            let backwards = self.reverse || direction == 1;
            for item in 0..batch {
                let length = self.lengths.as_ref().map_or(self.steps, |lengths| lengths[item]);
                let place = (direction * batch + item) * units;
                for number in 0..length {
                    let step = if backwards { length - 1 - number } else { number };
                    let next = cell(direction, item, self.row(step, item), &hidden[place..place + units]);
                    hidden[place..place + units].copy_from_slice(&next);
                    let target = ((step * self.directions + direction) * batch + item) * units;
                    all[target..target + units].copy_from_slice(&next);
                }
            }
        }
        (all, hidden)
    }

    /// All states and the last ones as tensors.
    fn outputs(&self, all: Vec<f64>, last: Vec<Vec<f64>>) -> Outputs {
        let (steps, directions, batch, units) = (self.steps, self.directions, self.batch, self.hidden);
        let whole = Tensor::new(vec![steps, directions, batch, units], Data::Float(self.dtype, all));
        let whole = if self.by_batch { super::arrange::permuted(&whole, &[2, 0, 1, 3])? } else { whole };
        let mut made = vec![whole.into()];
        for state in last {
            let state = Tensor::new(vec![directions, batch, units], Data::Float(self.dtype, state));
            made.push(
                if self.by_batch { super::arrange::permuted(&state, &[1, 0, 2])? } else { state }.into(),
            );
        }
        Ok(made)
    }

    /// Weights, recurrent weights and biases of all gates by direction.
    fn weights(&self, gates: usize) -> Result<Weights<'a>, Failure> {
        let missing = || Failure::refused("no weights");
        let size = gates * self.hidden;
        let own = self.parameters(1, size * self.inputs)?.ok_or_else(missing)?;
        let recurrent = self.parameters(2, size * self.hidden)?.ok_or_else(missing)?;
        let bias = self.parameters(3, 2 * size)?;
        Ok(Weights { own, recurrent, bias, gate: self.hidden, inputs: self.inputs })
    }
}

struct Weights<'a> {
    own: Vec<&'a [f64]>,
    recurrent: Vec<&'a [f64]>,
    bias: Option<Vec<&'a [f64]>>,
    gate: usize,
    inputs: usize,
}

impl Weights<'_> {
    fn own(&self, direction: usize, gate: usize, unit: usize) -> &[f64] {
        &self.own[direction][(gate * self.gate + unit) * self.inputs..][..self.inputs]
    }

    fn recurrent(&self, direction: usize, gate: usize, unit: usize) -> &[f64] {
        &self.recurrent[direction][(gate * self.gate + unit) * self.gate..][..self.gate]
    }

    /// Biases of the weights and of the recurrent ones.
    fn bias(&self, direction: usize, gates: usize, gate: usize, unit: usize) -> (f64, f64) {
        self.bias.as_ref().map_or((0.0, 0.0), |bias| {
            let at = gate * self.gate + unit;
            (bias[direction][at], bias[direction][gates * self.gate + at])
        })
    }
}

pub(super) fn rnn(call: &Call<'_>) -> Outputs {
    let layer = Layer::of(call, &["Tanh"])?;
    let weights = layer.weights(1)?;
    let (all, last) = layer.run(layer.state(5)?, |direction, _, row, state| {
        let unit = |unit: usize| {
            let (bias, other) = weights.bias(direction, 1, 0, unit);
            let pairs =
                [(row, weights.own(direction, 0, unit)), (state, weights.recurrent(direction, 0, unit))];
            let gate = layer.clipped(layer.dot(bias + other, pairs));
            round(layer.dtype, layer.activations[direction](gate))
        };
        (0..layer.hidden).map(unit).collect()
    });
    layer.outputs(all, vec![last])
}

/// Gates in the order of the specification: input, output, forget, cell.
pub(super) fn lstm(call: &Call<'_>) -> Outputs {
    let layer = Layer::of(call, &["Sigmoid", "Tanh", "Tanh"])?;
    let weights = layer.weights(4)?;
    let peepholes = layer.parameters(7, 3 * layer.hidden)?;
    let couples = call.flag("input_forget", false)?;
    let mut cells = layer.state(6)?;
    let units = layer.hidden;
    let (all, last) = layer.run(layer.state(5)?, |direction, item, row, state| {
        let [sigmoid, inner, outer] = [0, 1, 2].map(|index| &layer.activations[direction * 3 + index]);
        let place = (direction * layer.batch + item) * units;
        let peephole = |gate: usize, unit: usize, cell: f64| {
            peepholes.as_ref().map_or(0.0, |peepholes| peepholes[direction][gate * units + unit] * cell)
        };
        let gate = |gate: usize, unit: usize| {
            let (bias, other) = weights.bias(direction, 4, gate, unit);
            let pairs = [
                (row, weights.own(direction, gate, unit)),
                (state, weights.recurrent(direction, gate, unit)),
            ];
            layer.dot(bias + other, pairs)
        };
        let mut next = Vec::with_capacity(units);
        for unit in 0..units {
            let before = cells[place + unit];
            let open = sigmoid(layer.clipped(gate(0, unit) + peephole(0, unit, before)));
            let keep = if couples {
                1.0 - open
            } else {
                sigmoid(layer.clipped(gate(2, unit) + peephole(2, unit, before)))
            };
            let candidate = inner(layer.clipped(gate(3, unit)));
            let cell = keep * before + open * candidate;
            let shown = sigmoid(layer.clipped(gate(1, unit) + peephole(1, unit, cell)));
            next.push(round(layer.dtype, shown * outer(cell)));
            cells[place + unit] = round(layer.dtype, cell);
        }
        next
    });
    layer.outputs(all, vec![last, cells])
}

/// Gates in the order of the specification: update, reset, hidden.
pub(super) fn gru(call: &Call<'_>) -> Outputs {
    let layer = Layer::of(call, &["Sigmoid", "Tanh"])?;
    let weights = layer.weights(3)?;
    let after = call.flag("linear_before_reset", false)?;
    let (all, last) = layer.run(layer.state(5)?, |direction, _, row, state| {
        let [sigmoid, inner] = [0, 1].map(|index| &layer.activations[direction * 2 + index]);
        let gate = |gate: usize, unit: usize| {
            let (bias, other) = weights.bias(direction, 3, gate, unit);
            let pairs = [
                (row, weights.own(direction, gate, unit)),
                (state, weights.recurrent(direction, gate, unit)),
            ];
            sigmoid(layer.clipped(layer.dot(bias + other, pairs)))
        };
        let resets: Vec<f64> = (0..layer.hidden).map(|unit| gate(1, unit)).collect();
        let faded: Vec<f64> =
            resets.iter().zip(state).map(|(reset, state)| round(layer.dtype, reset * state)).collect();
        let unit = |unit: usize| {
            let (bias, other) = weights.bias(direction, 3, 2, unit);
            let (own, recurrent) = (weights.own(direction, 2, unit), weights.recurrent(direction, 2, unit));
            let inside = if after {
                layer.dot(bias, [(row, own), (&[], &[])])
                    + resets[unit] * layer.dot(other, [(state, recurrent), (&[], &[])])
            } else {
                layer.dot(bias + other, [(row, own), (&faded, recurrent)])
            };
            let update = gate(0, unit);
            let candidate = inner(layer.clipped(inside));
            round(layer.dtype, (1.0 - update) * candidate + update * state[unit])
        };
        (0..layer.hidden).map(unit).collect()
    });
    layer.outputs(all, vec![last])
}
