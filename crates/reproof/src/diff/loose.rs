//! Tensors whose names are in one artifact only: renamed, turned, cast, shared, joined, or really gone.

use std::collections::{HashMap, HashSet, VecDeque};

use rayon::prelude::*;
use reproof_contract::diff::{TensorDiff, TensorStatus};
use reproof_digest::Digest;
use reproof_tensor::DType;

use super::names::{Matching, Pair};
use super::reading::{Reading, Side};
use super::{DiffError, pair, pieces};

/// Pairs that are looked at for being a turned or cast form of each other: beyond, names have changed so much that
/// the answer would say little.
const LOOKS: usize = 20_000;

/// What is left over of both.
pub(super) struct Left {
    pub(super) a: Vec<usize>,
    pub(super) b: Vec<usize>,
}

impl Left {
    pub(super) fn remove(&mut self, pair: Pair) {
        self.a.retain(|index| *index != pair.a);
        self.b.retain(|index| *index != pair.b);
    }
}

/// Says what became of each tensor without a partner.
pub(super) fn explain(reading: &Reading<'_>, matching: &Matching) -> Result<Vec<TensorDiff>, DiffError> {
    let mut left = Left { a: matching.left_a.clone(), b: matching.left_b.clone() };
    let mut found = Vec::new();
    if !left.a.is_empty() && !left.b.is_empty() {
        renamed(reading, &mut left, &mut found)?;
        other_forms(reading, &mut left, &mut found)?;
        pieces::find(reading, &mut left, &mut found)?;
    }
    let shared = |names: &Side<'_>, index: usize, side: &Side<'_>| {
        let tensor = side.tensors[index];
        let target = tensor.tied_to.as_ref()?;
        let there =
            |other: &&&reproof_formats::TensorDescription| other.part == tensor.part && other.name == *target;
        names.tensors.iter().find(there).map(|_| target.clone())
    };
    for index in left.a {
        let tensor = reading.a.tensors[index];
        let mut diff =
            TensorDiff::new(&tensor.part, &tensor.name, TensorStatus::Removed, tensor.dtype, &tensor.shape);
        diff.tied_to = shared(reading.b, index, reading.a);
        if diff.tied_to.is_some() {
            diff.status = TensorStatus::Retied;
        }
        found.push(diff);
    }
    for index in left.b {
        let tensor = reading.b.tensors[index];
        let mut diff =
            TensorDiff::new(&tensor.part, &tensor.name, TensorStatus::Added, tensor.dtype, &tensor.shape);
        diff.tied_to_in_b = shared(reading.a, index, reading.b);
        if diff.tied_to_in_b.is_some() {
            diff.status = TensorStatus::Retied;
        }
        found.push(diff);
    }
    Ok(found)
}

/// What two tensors of the same digest have in common before any byte is read.
type Kind<'a> = (&'a str, DType, &'a [u64]);

fn kind<'a>(side: &Side<'a>, index: usize) -> Kind<'a> {
    let tensor = side.tensors[index];
    (&tensor.part, tensor.dtype, &tensor.shape)
}

/// Pairs tensors of the same digest.
fn renamed(reading: &Reading<'_>, left: &mut Left, found: &mut Vec<TensorDiff>) -> Result<(), DiffError> {
    let kinds = |side: &Side<'_>, indices: &[usize], others: &HashSet<Kind<'_>>| -> Vec<usize> {
        let wanted = |index: &usize| others.contains(&kind(side, *index)) && !side.is_absent(*index);
        indices.iter().copied().filter(wanted).collect()
    };
    let of_a: HashSet<Kind<'_>> = left.a.iter().map(|index| kind(reading.a, *index)).collect();
    let of_b: HashSet<Kind<'_>> = left.b.iter().map(|index| kind(reading.b, *index)).collect();
    let digests = |side: &Side<'_>, indices: Vec<usize>| -> Result<Vec<(usize, Digest)>, DiffError> {
        indices.into_par_iter().map(|index| Ok((index, side.digest(index)?))).collect()
    };
    let a = digests(reading.a, kinds(reading.a, &left.a, &of_b))?;
    let b = digests(reading.b, kinds(reading.b, &left.b, &of_a))?;
    let mut known: HashMap<(&str, Digest), VecDeque<usize>> = HashMap::new();
    for (index, digest) in b {
        known.entry((&reading.b.tensors[index].part, digest)).or_default().push_back(index);
    }
    for (index, digest) in a {
        let tensor = reading.a.tensors[index];
        let Some(other) = known.get_mut(&(tensor.part.as_str(), digest)).and_then(VecDeque::pop_front) else {
            continue;
        };
        let mut diff =
            TensorDiff::new(&tensor.part, &tensor.name, TensorStatus::Renamed, tensor.dtype, &tensor.shape);
        diff.name_in_b = Some(reading.b.tensors[other].name.clone());
        found.push(diff);
        left.remove(Pair { a: index, b: other });
    }
    Ok(())
}

/// Pairs tensors that are exactly each other's transpose or cast.
fn other_forms(reading: &Reading<'_>, left: &mut Left, found: &mut Vec<TensorDiff>) -> Result<(), DiffError> {
    let mut looks = 0;
    for a in left.a.clone() {
        for b in left.b.clone() {
            looks += 1;
            if looks > LOOKS {
                return Ok(());
            }
            let pair = Pair { a, b };
            if reading.a.tensors[a].part != reading.b.tensors[b].part || !could_be(reading, pair)? {
                continue;
            }
            if let Some(diff) = pair::is_other_form(reading, &pair)? {
                found.push(diff);
                left.remove(pair);
                break;
            }
        }
    }
    Ok(())
}

/// Elements that are compared before all of two tensors are.
const LOOK: u64 = 64;

/// Whether the first elements agree with one tensor being the cast of the other. What is turned is looked at before it
/// is read whole, in its own place.
fn could_be(reading: &Reading<'_>, pair: Pair) -> Result<bool, DiffError> {
    let (a, b) = (reading.a.tensors[pair.a], reading.b.tensors[pair.b]);
    if a.dtype == b.dtype {
        return Ok(true);
    }
    let cast = |from, to| reproof_tensor::compare::stream::Cast::new(from, to);
    let (Some(forward), Some(back)) = (cast(a.dtype, b.dtype), cast(b.dtype, a.dtype)) else {
        return Ok(false);
    };
    if a.shape != b.shape || reading.a.is_absent(pair.a) || reading.b.is_absent(pair.b) {
        return Ok(false);
    }
    let count = reproof_tensor::element_count(&a.shape).unwrap_or(0).min(LOOK);
    let bytes = |dtype: DType| (count * dtype.bits() / 8) as usize;
    let x = reading.a.read(pair.a, 0, bytes(a.dtype))?;
    let y = reading.b.read(pair.b, 0, bytes(b.dtype))?;
    let mut rounded = Vec::new();
    forward.apply(&x, &y, &mut rounded);
    if rounded == y {
        return Ok(true);
    }
    back.apply(&y, &x, &mut rounded);
    Ok(rounded == x)
}
