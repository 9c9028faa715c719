//! Where tensors lie and what their elements are.

use std::collections::HashSet;

use reproof_tensor::{BlockType, DType, byte_length};

use super::GgufError;
use super::cursor::Cursor;

/// The most dims, `GGML_MAX_DIMS`.
const RANK: u32 = 4;

/// A tensor as the header tells it.
pub(super) struct Info {
    name: String,
    /// Dims, outermost first: the reverse of how they are stored.
    shape: Vec<u64>,
    /// The number of the element type.
    kind: u32,
    /// First byte, from the start of the data.
    offset: u64,
}

/// A tensor whose place is checked.
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) dtype: DType,
    /// Dims, outermost first.
    pub(super) shape: Vec<u64>,
    /// First byte, from the start of the file.
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// Reads the entry of one tensor.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Info, GgufError> {
    let name = cursor.name("tensor name")?;
    let actual = cursor.u32("number of dims")?;
    if actual > RANK {
        return Err(GgufError::Rank { tensor: name, limit: RANK, actual });
    }
    let mut shape = Vec::new();
    for _ in 0..actual {
        shape.push(cursor.u64("dim")?);
    }
    shape.reverse();
    let kind = cursor.u32("element type")?;
    let offset = cursor.u64("offset of a tensor")?;
    Ok(Info { name, shape, kind, offset })
}

/// Checks that every tensor has a known type and lies aligned inside the file of `size` bytes, whose data begins at
/// `start`, and that no two share a byte.
pub(super) fn check(
    infos: Vec<Info>,
    start: u64,
    alignment: u64,
    size: u64,
) -> Result<Vec<Tensor>, GgufError> {
    let mut seen = HashSet::with_capacity(infos.len());
    if let Some(twice) = infos.iter().find(|info| !seen.insert(info.name.as_str())) {
        return Err(GgufError::DuplicateTensor { tensor: twice.name.clone() });
    }
    // A file without data may end before the padding.
    let left = size.saturating_sub(start);
    let tensors: Vec<Tensor> =
        infos.into_iter().map(|info| place(info, start, alignment, left)).collect::<Result<_, _>>()?;
    let mut order: Vec<&Tensor> = tensors.iter().filter(|tensor| tensor.length > 0).collect();
    order.sort_unstable_by_key(|tensor| tensor.offset);
    for pair in order.windows(2) {
        if pair[0].offset + pair[0].length > pair[1].offset {
            return Err(GgufError::Overlap { first: pair[0].name.clone(), second: pair[1].name.clone() });
        }
    }
    Ok(tensors)
}

fn place(info: Info, start: u64, alignment: u64, left: u64) -> Result<Tensor, GgufError> {
    let Info { name, shape, kind, offset } = info;
    let Some(dtype) = dtype(kind) else {
        let removed = matches!(kind, 4 | 5 | 31..=33 | 36..=38);
        return Err(GgufError::ElementType { tensor: name, kind, removed });
    };
    // A tensor without dims is a single element.
    let row = shape.last().copied().unwrap_or(1);
    if let DType::Block(block) = dtype
        && !row.is_multiple_of(block.elements())
    {
        return Err(GgufError::Rows { tensor: name, row, block });
    }
    let Some(length) = byte_length(dtype, &shape) else {
        return Err(GgufError::TooLarge { tensor: name, dtype, shape });
    };
    if !offset.is_multiple_of(alignment) {
        return Err(GgufError::Misaligned { tensor: name, offset, alignment });
    }
    if offset.checked_add(length).is_none_or(|end| end > left) {
        return Err(GgufError::Beyond { tensor: name, offset, length, left });
    }
    Ok(Tensor { name, dtype, shape, offset: start + offset, length })
}

/// The element type of a number.
fn dtype(kind: u32) -> Option<DType> {
    Some(match kind {
        0 => DType::F32,
        1 => DType::F16,
        24 => DType::I8,
        25 => DType::I16,
        26 => DType::I32,
        27 => DType::I64,
        28 => DType::F64,
        30 => DType::BF16,
        _ => DType::Block(BlockType::ALL.iter().copied().find(|block| block.number() == kind)?),
    })
}
