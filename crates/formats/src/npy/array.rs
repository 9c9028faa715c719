//! The elements of an array.

use reproof_tensor::{DType, StringTensor, Tensor, Value, element_count};

use super::NpyError;
use super::descr::{self, Elements};
use super::header::{self, Descr, Header};

/// Reads an array from the bytes of its file; bytes after it are ignored, as NumPy does. An array that needs more
/// than `limit` bytes of memory is refused.
pub fn parse(bytes: &[u8], limit: u64) -> Result<Value, NpyError> {
    let header = header::parse(bytes)?;
    let elements = match &header.descr {
        Descr::Plain(descr) => descr::parse(descr)?,
        Descr::Structure(structure) if structure.has_objects() => return Err(NpyError::Objects),
        Descr::Structure(structure) => {
            let reason = "structures are not tensors";
            return Err(NpyError::ElementType { descr: structure.written.clone(), reason });
        }
    };
    let too_large = || NpyError::TooLarge { shape: header.shape.clone(), limit };
    let count = element_count(&header.shape).ok_or_else(too_large)?;
    let needed = count.checked_mul(elements.size() as u64).ok_or_else(too_large)?;
    // Texts may have no bytes at all in the file, and still take room in memory.
    let room = match elements {
        Elements::Numbers { .. } => Some(needed),
        _ => count.checked_mul((size_of::<String>() + elements.size()) as u64),
    };
    if room.is_none_or(|room| room > limit) {
        return Err(too_large());
    }
    let data = &bytes[header.data..];
    let Some(stored) = data.get(..needed as usize) else {
        return Err(NpyError::Truncated { what: "array", needed, left: data.len() as u64 });
    };
    let order = Order::new(&header, count);
    match elements {
        Elements::Numbers { dtype, scalar, swap } => {
            let mut bytes = order.gather(stored, elements.size());
            if swap {
                bytes.chunks_exact_mut(scalar).for_each(<[u8]>::reverse);
            }
            if dtype == DType::Bool {
                for byte in &mut bytes {
                    *byte = u8::from(*byte != 0);
                }
            }
            let tensor =
                Tensor::new(dtype, header.shape, bytes).expect("the bytes were counted by its shape");
            Ok(Value::Tensor(tensor))
        }
        Elements::Unicode { .. } | Elements::Bytes { .. } => {
            let values = order.positions().map(|position| text(elements, stored, position));
            let values = values.collect::<Result<_, _>>()?;
            Ok(Value::Strings(StringTensor { shape: header.shape, values }))
        }
    }
}

/// The text at a stored position.
fn text(elements: Elements, stored: &[u8], position: usize) -> Result<String, NpyError> {
    let size = elements.size();
    let bytes = &stored[position * size..(position + 1) * size];
    let wrong = |encoding| NpyError::NotText { index: position as u64, encoding };
    let Elements::Unicode { swap, .. } = elements else {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        return String::from_utf8(bytes[..end].to_vec()).map_err(|_| wrong("UTF-8"));
    };
    let mut text = String::new();
    for four in bytes.chunks_exact(4) {
        let four: [u8; 4] = four.try_into().expect("chunks of four bytes");
        let code = if swap { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
        text.push(char::from_u32(code).ok_or_else(|| wrong("Unicode"))?);
    }
    text.truncate(text.trim_end_matches('\0').len());
    Ok(text)
}

/// In which order stored elements become row-major ones.
struct Order {
    count: usize,
    /// Dims of a column-major array, `None` where the order is row-major already.
    columns: Option<Vec<usize>>,
}

impl Order {
    fn new(header: &Header, count: u64) -> Self {
        let columns = (header.fortran_order && count > 0 && header.shape.len() > 1)
            .then(|| header.shape.iter().map(|dim| *dim as usize).collect());
        Self { count: count as usize, columns }
    }

    /// The stored position of each element in row-major order.
    fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        let mut index = vec![0; self.columns.as_ref().map_or(0, Vec::len)];
        let mut next = 0;
        (0..self.count).map(move |row_major| {
            let Some(dims) = &self.columns else { return row_major };
            let position = next;
            // Counts up like an odometer; the stride of an axis is the product of the dims before it.
            for axis in (0..dims.len()).rev() {
                let stride: usize = dims[..axis].iter().product();
                index[axis] += 1;
                next += stride;
                if index[axis] < dims[axis] {
                    break;
                }
                next -= index[axis] * stride;
                index[axis] = 0;
            }
            position
        })
    }

    fn gather(&self, stored: &[u8], size: usize) -> Vec<u8> {
        if self.columns.is_none() {
            return stored.to_vec();
        }
        let mut bytes = Vec::with_capacity(stored.len());
        for position in self.positions() {
            bytes.extend_from_slice(&stored[position * size..(position + 1) * size]);
        }
        bytes
    }
}
