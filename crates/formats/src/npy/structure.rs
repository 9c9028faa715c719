//! Element types of several values: lists of fields, each with a name, a type and perhaps a shape.

use super::NpyError;
use super::header::Literal;

/// How deep types may be nested.
const DEPTH: usize = 32;

/// An element of several values, as far as its bytes need to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Structure {
    /// The type as written.
    pub(super) written: String,
    layout: Layout,
}

/// What a type occupies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Layout {
    /// Bytes per element; `None` beyond 64 bits.
    size: Option<u64>,
    /// Whether some of them are Python objects.
    objects: bool,
}

impl Structure {
    /// Bytes per element, `None` where they pass 64 bits.
    pub(super) fn size(&self) -> Option<u64> {
        self.layout.size
    }

    /// Whether an element holds Python objects.
    pub(super) fn has_objects(&self) -> bool {
        self.layout.objects
    }
}

/// Reads a type that begins with a bracket.
pub(super) fn read(literal: &mut Literal<'_>) -> Result<Structure, NpyError> {
    let (layout, written) = literal.written(|literal| element(literal, 0))?;
    Ok(Structure { written, layout })
}

/// A type: a code, a list of fields, or a pair of type and shape.
fn element(literal: &mut Literal<'_>, depth: usize) -> Result<Layout, NpyError> {
    if depth == DEPTH {
        return Err(literal.wrong("types that are nested less deeply"));
    }
    match literal.peek() {
        Some(b'[') => fields(literal, depth),
        Some(b'(') => {
            literal.expect(b'(', "`(`")?;
            let element = element(literal, depth + 1)?;
            literal.expect(b',', "`,`")?;
            let repeated = shape(literal)?;
            literal.take(b',');
            literal.expect(b')', "`)`")?;
            Ok(repeat(element, repeated))
        }
        _ => code(literal),
    }
}

/// Fields one after the other; NumPy writes the padding between them as fields of their own.
fn fields(literal: &mut Literal<'_>, depth: usize) -> Result<Layout, NpyError> {
    literal.expect(b'[', "`[`")?;
    let mut sum = Layout { size: Some(0), objects: false };
    while !literal.take(b']') {
        literal.expect(b'(', "`(`")?;
        // A name, or a pair of title and name.
        if literal.take(b'(') {
            literal.pass_name()?;
            literal.expect(b',', "`,`")?;
            literal.pass_name()?;
            literal.take(b',');
            literal.expect(b')', "`)`")?;
        } else {
            literal.pass_name()?;
        }
        literal.expect(b',', "`,`")?;
        let mut field = element(literal, depth + 1)?;
        if literal.take(b',') && literal.peek() != Some(b')') {
            field = repeat(field, shape(literal)?);
            literal.take(b',');
        }
        literal.expect(b')', "`)`")?;
        sum.size = sum.size.zip(field.size).and_then(|(sum, size)| sum.checked_add(size));
        sum.objects |= field.objects;
        if !literal.take(b',') {
            literal.expect(b']', "`]`")?;
            break;
        }
    }
    Ok(sum)
}

/// The elements of a shape, which may be a single number; `None` beyond 64 bits.
fn shape(literal: &mut Literal<'_>) -> Result<Option<u64>, NpyError> {
    let dims = if literal.peek() == Some(b'(') { literal.shape()? } else { vec![literal.number()?] };
    Ok(reproof_tensor::element_count(&dims))
}

fn repeat(element: Layout, count: Option<u64>) -> Layout {
    let size = element.size.zip(count).and_then(|(size, count)| size.checked_mul(count));
    Layout { size, ..element }
}

/// The code of one value: byte order, kind, and bytes or characters.
fn code(literal: &mut Literal<'_>) -> Result<Layout, NpyError> {
    let code = literal.string()?;
    let descr = code.escape_ascii().to_string();
    let size = super::carrier::size(&descr)?;
    Ok(Layout { size, objects: super::carrier::is_object(&descr) })
}
