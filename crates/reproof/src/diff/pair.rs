//! What became of a tensor whose partner is known.

use reproof_contract::diff::{TensorDiff, TensorStatus};
use reproof_tensor::compare::stream::Cast;

use super::compare::{self, Comparison};
use super::document;
use super::names::Pair;
use super::reading::Reading;
use super::{DiffError, transpose};

/// Compares the values of two tensors that are taken for the same.
pub(super) fn compare(reading: &Reading<'_>, pair: &Pair) -> Result<TensorDiff, DiffError> {
    let (a, b) = (reading.a.tensors[pair.a], reading.b.tensors[pair.b]);
    let mut diff = TensorDiff::new(&a.part, &a.name, TensorStatus::Identical, a.dtype, &a.shape);
    diff.name_in_b = (a.name != b.name).then(|| b.name.clone());
    diff.dtype_in_b = (a.dtype != b.dtype).then_some(b.dtype);
    diff.shape_in_b = (a.shape != b.shape).then(|| b.shape.clone());
    (diff.tied_to, diff.tied_to_in_b) = (a.tied_to.clone(), b.tied_to.clone());
    match (reading.a.is_absent(pair.a), reading.b.is_absent(pair.b)) {
        (true, true) if a.dtype == b.dtype && a.shape == b.shape => return Ok(diff),
        (false, false) => {}
        _ => {
            diff.status = TensorStatus::Absent;
            return Ok(diff);
        }
    }
    let found = Compared { reading, pair };
    match (a.dtype == b.dtype, a.shape == b.shape) {
        (true, true) => found.values(&mut diff)?,
        (false, true) => found.cast(&mut diff)?,
        (true, false) => found.shape(&mut diff)?,
        (false, false) => diff.status = TensorStatus::Shape,
    }
    if diff.status == TensorStatus::Identical {
        // Other names for what is shared say nothing once the names of all have another beginning.
        let tied = |name: &Option<String>| name.is_some();
        let moved = diff.name_in_b.is_none() && a.tied_to != b.tied_to;
        if tied(&a.tied_to) != tied(&b.tied_to) || (moved && tied(&a.tied_to)) {
            diff.status = TensorStatus::Retied;
        } else if diff.name_in_b.is_some() {
            diff.status = TensorStatus::Renamed;
        }
    }
    Ok(diff)
}

struct Compared<'a> {
    reading: &'a Reading<'a>,
    pair: &'a Pair,
}

impl Compared<'_> {
    fn failed(&self, source: std::io::Error) -> DiffError {
        // Which of the two it was is in the message of the system only where it names a file; the first is as good.
        self.reading.a.failed(self.pair.a, source)
    }

    fn values(&self, diff: &mut TensorDiff) -> Result<(), DiffError> {
        let (a, b) = (self.reading.a.bytes(self.pair.a)?, self.reading.b.bytes(self.pair.b)?);
        let progress = self.reading.progress;
        let found = compare::values((&a, &b), diff.dtype, &diff.shape, self.reading.bits, progress);
        let found = found.map_err(|error| self.failed(error))?;
        if matches!(found, Comparison::Equal) {
            return Ok(());
        }
        diff.status = TensorStatus::Changed;
        diff.metrics = document::metrics(&found, diff.dtype, &diff.shape);
        // A square matrix keeps its shape when it is turned.
        if transpose::are_reversed(&diff.shape, &diff.shape) && self.is_transpose(&diff.shape)? {
            diff.status = TensorStatus::Transposed;
            diff.exact = Some(true);
            diff.metrics = None;
        }
        Ok(())
    }

    fn cast(&self, diff: &mut TensorDiff) -> Result<(), DiffError> {
        let dtypes = (diff.dtype, diff.dtype_in_b.unwrap_or(diff.dtype));
        let Some(forward) = Cast::new(dtypes.0, dtypes.1) else {
            diff.status = TensorStatus::Dtype;
            return Ok(());
        };
        let (a, b) = (self.reading.a.bytes(self.pair.a)?, self.reading.b.bytes(self.pair.b)?);
        let progress = self.reading.progress;
        let found = compare::cast((&a, &b), forward, dtypes, &diff.shape, progress);
        let found = found.map_err(|error| self.failed(error))?;
        let mut exact = matches!(found, Comparison::Equal);
        // The first can be the rounded one of the two.
        if let Some(back) = Cast::new(dtypes.1, dtypes.0).filter(|back| !exact && !back.is_exact()) {
            let dtypes = (dtypes.1, dtypes.0);
            let found = compare::cast((&b, &a), back, dtypes, &diff.shape, &reproof_progress::Silent);
            exact = matches!(found.map_err(|error| self.failed(error))?, Comparison::Equal);
        }
        diff.status = TensorStatus::Cast;
        diff.exact = Some(exact);
        if !exact {
            diff.metrics = document::metrics(&found, dtypes.1, &diff.shape);
        }
        Ok(())
    }

    fn shape(&self, diff: &mut TensorDiff) -> Result<(), DiffError> {
        let other = diff.shape_in_b.clone().unwrap_or_default();
        if transpose::are_reversed(&diff.shape, &other) && self.is_transpose(&diff.shape)? {
            diff.status = TensorStatus::Transposed;
            diff.exact = Some(true);
            return Ok(());
        }
        let (a, b) = (self.reading.a.bytes(self.pair.a)?, self.reading.b.bytes(self.pair.b)?);
        let size = self.reading.a.bytes_of(self.pair.a);
        diff.status = TensorStatus::Shape;
        let same_size = size == self.reading.b.bytes_of(self.pair.b);
        let same =
            same_size && compare::same_bytes((&a, 0), (&b, 0), size).map_err(|error| self.failed(error))?;
        diff.exact = Some(same);
        Ok(())
    }

    fn is_transpose(&self, shape: &[u64]) -> Result<bool, DiffError> {
        let (a, b) = (self.reading.a.bytes(self.pair.a)?, self.reading.b.bytes(self.pair.b)?);
        let bits = self.reading.a.tensors[self.pair.a].dtype.bits();
        let ([rows, columns], true) = (shape, bits.is_multiple_of(8)) else { return Ok(false) };
        let is_block = matches!(self.reading.a.tensors[self.pair.a].dtype, reproof_tensor::DType::Block(_));
        if is_block {
            return Ok(false);
        }
        transpose::is_transpose((&a, &b), (*rows, *columns), bits / 8).map_err(|error| self.failed(error))
    }
}

/// Whether a tensor is the other in all but name and order of dims or dtype: nothing less than an exact match.
pub(super) fn is_other_form(reading: &Reading<'_>, pair: &Pair) -> Result<Option<TensorDiff>, DiffError> {
    let (a, b) = (reading.a.tensors[pair.a], reading.b.tensors[pair.b]);
    let turned = a.dtype == b.dtype && transpose::are_reversed(&a.shape, &b.shape);
    let rounded = a.shape == b.shape && Cast::new(a.dtype, b.dtype).is_some();
    if !(turned || rounded) || reading.a.is_absent(pair.a) || reading.b.is_absent(pair.b) {
        return Ok(None);
    }
    let silent = Reading { progress: &reproof_progress::Silent, ..*reading };
    let found = compare(&silent, pair)?;
    let exact =
        matches!(found.status, TensorStatus::Transposed | TensorStatus::Cast) && found.exact == Some(true);
    Ok(exact.then_some(found))
}
