//! Products of matrices.

use std::collections::BTreeMap;

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::broadcast;
use crate::call::Call;
use crate::product::{Dense, Product, Starts};
use crate::run::Options;
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

/// The products of stacks of matrices, which stretch over each other.
pub(super) fn matmul(call: &Call<'_>) -> Outputs {
    one(product(call, call.tensor(0)?, call.tensor(1)?)?)
}

/// `left @ right` as NumPy defines it: vectors become matrices and lose the dim again.
pub(super) fn product(call: &Call<'_>, left: &Tensor, right: &Tensor) -> Result<Tensor, Failure> {
    let (dtype, x) = left.floats()?;
    let (other, y) = right.floats()?;
    if dtype != other {
        return Err(Failure::refused(format!("operands of the types {dtype} and {other}")));
    }
    if left.rank() == 0 || right.rank() == 0 {
        return Err(Failure::refused("a single number is no matrix"));
    }
    let mut left_shape = left.shape().to_vec();
    let mut right_shape = right.shape().to_vec();
    if left.rank() == 1 {
        left_shape.insert(0, 1);
    }
    if right.rank() == 1 {
        right_shape.push(1);
    }
    let (left_stack, [rows, steps]) = split(&left_shape);
    let (right_stack, [right_steps, columns]) = split(&right_shape);
    if steps != right_steps {
        return Err(Failure::refused(format!("matrices of {left_shape:?} and {right_shape:?}")));
    }
    let stack = broadcast::shape(&[left_stack, right_stack], call.limits())?;
    let mut shape = stack.clone();
    if left.rank() > 1 {
        shape.push(rows);
    }
    if right.rank() > 1 {
        shape.push(columns);
    }
    let mut output = vec![0.0; call.count(&shape)?];
    let options = call.run.options;
    let lefts = broadcast::steps(left_stack, &stack);
    let rights = broadcast::steps(right_stack, &stack);
    if right_stack.iter().all(|dim| *dim == 1) {
        // One matrix for all: rows of the whole stack are one matrix.
        run(dtype, [output.len() / columns.max(1), steps, columns], x, y, &mut output, options);
    } else {
        let places = broadcast::positions(&stack, &lefts).zip(broadcast::positions(&stack, &rights));
        let size = rows * columns;
        if size > 0 {
            for ((left, right), output) in places.zip(output.chunks_exact_mut(size)) {
                let (x, y) = (
                    &x[left * rows * steps..][..rows * steps],
                    &y[right * steps * columns..][..steps * columns],
                );
                run(dtype, [rows, steps, columns], x, y, output, options);
            }
        }
    }
    Ok(Tensor::new(shape, Data::Float(dtype, output)))
}

fn split(shape: &[usize]) -> (&[usize], [usize; 2]) {
    let at = shape.len() - 2;
    (&shape[..at], [shape[at], shape[at + 1]])
}

fn run(
    dtype: DType,
    [rows, steps, columns]: [usize; 3],
    left: &[f64],
    right: &[f64],
    output: &mut [f64],
    options: Options,
) {
    let right = Dense { values: right, strides: (columns, 1) };
    let left = Dense { values: left, strides: (steps, 1) };
    Product { rows, steps, columns, left, right: &right, starts: Starts::Zeros, dtype, options }.run(output);
}

/// `alpha A B + beta C`. With both 1, C is one term of the sum; else the sum and C are scaled in float64.
pub(super) fn gemm(call: &Call<'_>) -> Outputs {
    let (left, right) = (call.tensor(0)?, call.tensor(1)?);
    let (dtype, x) = left.floats()?;
    let (_, y) = right.floats()?;
    let (&[down, across], &[right_down, right_across]) = (left.shape(), right.shape()) else {
        return Err(Failure::refused(format!("matrices of {:?} and {:?}", left.shape(), right.shape())));
    };
    let (transposed_left, transposed_right) = (call.flag("transA", false)?, call.flag("transB", false)?);
    let (rows, steps) = if transposed_left { (across, down) } else { (down, across) };
    let (right_steps, columns) =
        if transposed_right { (right_across, right_down) } else { (right_down, right_across) };
    if steps != right_steps {
        return Err(Failure::refused(format!("matrices of {:?} and {:?}", left.shape(), right.shape())));
    }
    let shape = vec![rows, columns];
    let mut output = vec![0.0; call.count(&shape)?];
    let (alpha, beta) = (call.float("alpha", 1.0)?, call.float("beta", 1.0)?);
    let plain = alpha == 1.0 && beta == 1.0;
    let bias = match call.optional(2)? {
        Some(bias) => {
            if broadcast::shape(&[bias.shape(), &shape], call.limits())? != shape {
                return Err(Failure::refused(format!("a bias of {:?} for {shape:?}", bias.shape())));
            }
            Some(broadcast::zip(&shape, (bias.floats()?.1, bias.shape()), (&output, &shape), |bias, _| bias))
        }
        None => None,
    };
    if let (true, Some(bias)) = (plain, &bias) {
        output.copy_from_slice(bias);
    }
    let right =
        Dense { values: y, strides: if transposed_right { (1, right_across) } else { (right_across, 1) } };
    let left = Dense { values: x, strides: if transposed_left { (1, across) } else { (across, 1) } };
    // What is scaled afterwards must not be rounded before.
    let inner = if plain { dtype } else { DType::F64 };
    let starts = if plain && bias.is_some() { Starts::Given } else { Starts::Zeros };
    let options = call.run.options;
    Product { rows, steps, columns, left, right: &right, starts, dtype: inner, options }.run(&mut output);
    if !plain {
        match bias {
            Some(bias) => {
                output.iter_mut().zip(bias).for_each(|(value, bias)| *value = alpha * *value + beta * bias);
            }
            None => output.iter_mut().for_each(|value| *value *= alpha),
        }
    }
    one(Tensor::rounded(shape, dtype, output))
}

/// Sums of products over letters, by one product of matrices for each pair of operands.
pub(super) fn einsum(call: &Call<'_>) -> Outputs {
    let equation: String =
        call.text("equation", "")?.chars().filter(|letter| !letter.is_whitespace()).collect();
    let tensors = call.tensors()?;
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left.to_owned(), Some(right.to_owned())),
        None => (equation.clone(), None),
    };
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != tensors.len() {
        return Err(Failure::refused(format!("`{equation}` for {} operands", tensors.len())));
    }
    let mut sizes: BTreeMap<char, usize> = BTreeMap::new();
    let mut labelled = Vec::new();
    for (term, tensor) in terms.iter().zip(&tensors) {
        let letters = letters(term, tensor.rank())?;
        for (letter, size) in letters.iter().zip(tensor.shape()) {
            let known = sizes.entry(*letter).or_insert(*size);
            if *known == 1 {
                *known = *size;
            } else if *size != 1 && *known != *size {
                return Err(Failure::refused(format!("`{letter}` of {known} and of {size}")));
            }
        }
        labelled.push(letters);
    }
    let output = if let Some(right) = right {
        let named = right.chars().filter(|letter| *letter != '.').count();
        let rank = named + sizes.keys().filter(|letter| letter.is_ascii_digit()).count();
        letters(&right, if right.contains('.') { rank } else { named })?
    } else {
        let once = |letter: &char| labelled.iter().flatten().filter(|other| *other == letter).count() == 1;
        let ellipsis = sizes.keys().filter(|letter| letter.is_ascii_digit()).copied();
        ellipsis
            .chain(sizes.keys().filter(|letter| letter.is_alphabetic() && once(letter)).copied())
            .collect()
    };
    if output.iter().any(|letter| !sizes.contains_key(letter)) {
        return Err(Failure::refused(format!("`{equation}` makes a letter from nothing")));
    }
    one(contract(call, &tensors, &labelled, &output, &sizes)?)
}

/// The letters of a term; the dims of an ellipsis are digits from the last backwards.
fn letters(term: &str, rank: usize) -> Result<Vec<char>, Failure> {
    let named = term.chars().filter(char::is_ascii_alphabetic).count();
    let refused = || Failure::refused(format!("`{term}` for {rank} dims"));
    let Some((before, after)) = term.split_once("...") else {
        return if named == rank && term.chars().count() == rank {
            Ok(term.chars().collect())
        } else {
            Err(refused())
        };
    };
    let hidden = rank.checked_sub(named).filter(|hidden| *hidden < 10).ok_or_else(refused)?;
    let digits = (0..hidden).rev().map(|digit| char::from(b'0' + digit as u8));
    Ok(before.chars().chain(digits).chain(after.chars()).collect())
}

/// The exact (or, of float64, ascending) sum over every letter that the output lacks, in alphabetical order of letters.
fn contract(
    call: &Call<'_>,
    tensors: &[&Tensor],
    labelled: &[Vec<char>],
    output: &[char],
    sizes: &BTreeMap<char, usize>,
) -> Result<Tensor, Failure> {
    let summed: Vec<char> = sizes.keys().filter(|letter| !output.contains(letter)).copied().collect();
    let shape: Vec<usize> = output.iter().map(|letter| sizes[letter]).collect();
    let inner: Vec<usize> = summed.iter().map(|letter| sizes[letter]).collect();
    let total = call.count(&shape)?;
    let depth = call.count(&inner)?;
    let (dtype, _) = tensors[0].floats()?;
    // Two operands are a product of matrices for each element of what they share.
    let stepped = |tensor: usize, letters: &[char]| -> Vec<usize> {
        let own = strides(tensors[tensor].shape());
        let step = |letter: &char| {
            let places = labelled[tensor].iter().zip(tensors[tensor].shape()).zip(&own);
            places.filter(|((known, size), _)| *known == letter && **size != 1).map(|(_, step)| *step).sum()
        };
        letters.iter().map(step).collect()
    };
    let mut values = Vec::with_capacity(total);
    let outer: Vec<Vec<usize>> = (0..tensors.len()).map(|tensor| stepped(tensor, output)).collect();
    let along: Vec<Vec<usize>> = (0..tensors.len()).map(|tensor| stepped(tensor, &summed)).collect();
    let inner_places: Vec<Vec<usize>> =
        along.iter().map(|steps| broadcast::positions(&inner, steps).collect()).collect();
    let mut starts: Vec<_> = outer.iter().map(|steps| broadcast::positions(&shape, steps)).collect();
    let operands: Vec<&[f64]> =
        tensors.iter().map(|tensor| Ok(tensor.floats()?.1)).collect::<Result<_, Failure>>()?;
    for _ in 0..total {
        let places: Vec<usize> = starts.iter_mut().map(|start| start.next().unwrap_or(0)).collect();
        let term = |step: usize| {
            let factors = operands.iter().zip(&places).zip(&inner_places);
            factors
                .map(|((values, place), along)| values[place + along[step]])
                .reduce(|x, y| x * y)
                .unwrap_or(1.0)
        };
        values.push(if dtype == DType::F64 {
            (0..depth).map(term).fold(0.0, |sum, term| sum + term)
        } else {
            crate::arithmetic::exact::sum((0..depth).map(term))
        });
    }
    drop(starts);
    Ok(Tensor::rounded(shape, dtype, values))
}

/// The determinant of each matrix: by elimination with the largest pivot, the first of equal ones, in float64.
pub(super) fn determinant(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let [stack @ .., rows, columns] = tensor.shape() else { return Err(Failure::refused("no matrix")) };
    if rows != columns {
        return Err(Failure::refused(format!("a matrix of {rows} x {columns}")));
    }
    let size = *rows;
    let of = |matrix: &[f64]| {
        let mut matrix = matrix.to_vec();
        let mut product = 1.0;
        for step in 0..size {
            let mut pivot = step;
            for row in step + 1..size {
                if matrix[row * size + step].abs() > matrix[pivot * size + step].abs() {
                    pivot = row;
                }
            }
            if pivot != step {
                product = -product;
                (0..size).for_each(|column| matrix.swap(pivot * size + column, step * size + column));
            }
            let head = matrix[step * size + step];
            product *= head;
            if head == 0.0 {
                return product;
            }
            for row in step + 1..size {
                let factor = matrix[row * size + step] / head;
                for column in step..size {
                    matrix[row * size + column] -= factor * matrix[step * size + column];
                }
            }
        }
        product
    };
    let count = stack.iter().product::<usize>();
    let made = (0..count).map(|at| of(&values[at * size * size..][..size * size])).collect();
    one(Tensor::rounded(stack.to_vec(), dtype, made))
}
