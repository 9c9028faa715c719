//! NumPy's element types and arrays as their pickles tell them.

use reproof_tensor::DType;

use super::{Id, Pickle, Value};

/// The deepest nesting of structures in an element type.
const DEPTH: usize = 8;

/// An element type of NumPy.
#[derive(Clone, Debug, PartialEq)]
pub struct NumpyType {
    /// The same as a dtype, where there is one.
    pub dtype: Option<DType>,
    /// Bytes per element.
    pub size: u64,
    /// Whether numbers are big-endian.
    pub swap: bool,
    /// Whether elements are Python objects, or hold some.
    pub has_objects: bool,
    /// As NumPy writes it, such as `<f4`.
    pub descr: String,
}

impl NumpyType {
    /// The element type that a pickled `numpy.dtype` is.
    pub fn of(pickle: &Pickle, id: Id) -> Option<Self> {
        Self::nested(pickle, id, 0)
    }

    fn nested(pickle: &Pickle, id: Id, depth: usize) -> Option<Self> {
        if depth > DEPTH {
            return None;
        }
        // The classes of scalars stand for their types, as do those of `ml_dtypes`.
        if let Some((module, name)) = pickle.global(id) {
            return match module {
                "numpy" | "ml_dtypes" | "builtins" => Self::named(name),
                _ => None,
            };
        }
        let object = pickle.object(id)?;
        if !pickle.is_global(object.callable, "numpy", "dtype")
            && pickle.global(object.callable).is_none_or(|(module, _)| module != "numpy.dtypes")
        {
            return None;
        }
        let code = *pickle.arguments(object)?.first()?;
        let mut element = match pickle.text(code) {
            Some(code) => Self::coded(code)?,
            None => Self::nested(pickle, code, depth + 1)?,
        };
        // The state, where there is one, has the byte order and what structures are made of.
        let state = object.states.last().and_then(|state| pickle.sequence(*state)).unwrap_or_default();
        if let Some(order) = state.get(1).and_then(|id| pickle.text(*id)) {
            element.swap = order == ">" && element.size > 1;
            element.descr = format!("{}{}", if order == "=" { "<" } else { order }, element.descr);
        }
        if let Some(size) = state.get(5).and_then(|id| pickle.unsigned(*id)) {
            element.size = size;
        }
        if let Some(flags) = state.get(7).and_then(|id| pickle.unsigned(*id)) {
            // The lowest flag: elements hold references.
            element.has_objects |= flags & 1 == 1;
        }
        Some(element)
    }

    /// A type by its kind and size, such as `f4`.
    fn coded(code: &str) -> Option<Self> {
        let code = code.trim_start_matches(['<', '>', '|', '=']);
        let kind = code.chars().next()?;
        let digits = code[kind.len_utf8()..].trim_matches(|c: char| !c.is_ascii_digit());
        let number: Option<u64> = digits.parse().ok();
        let (dtype, size) = match (kind, number) {
            ('b', Some(1)) | ('?', None) => (Some(DType::Bool), 1),
            ('u', Some(1)) => (Some(DType::U8), 1),
            ('i', Some(1)) => (Some(DType::I8), 1),
            ('u', Some(2)) => (Some(DType::U16), 2),
            ('i', Some(2)) => (Some(DType::I16), 2),
            ('f', Some(2)) => (Some(DType::F16), 2),
            ('u', Some(4)) => (Some(DType::U32), 4),
            ('i', Some(4)) => (Some(DType::I32), 4),
            ('f', Some(4)) => (Some(DType::F32), 4),
            ('u', Some(8)) => (Some(DType::U64), 8),
            ('i', Some(8)) => (Some(DType::I64), 8),
            ('f', Some(8)) => (Some(DType::F64), 8),
            ('c', Some(8)) => (Some(DType::C64), 8),
            ('c', Some(16)) => (Some(DType::C128), 16),
            ('U', Some(length)) => (None, length.checked_mul(4)?),
            ('M' | 'm' | 'O', _) => (None, 8),
            (_, size) => (None, size.unwrap_or(0)),
        };
        Some(Self { dtype, size, swap: false, has_objects: kind == 'O', descr: code.to_owned() })
    }

    /// A type by the name of its scalar class.
    fn named(name: &str) -> Option<Self> {
        let dtype = match name {
            "bool_" | "bool" => DType::Bool,
            "uint8" => DType::U8,
            "int8" => DType::I8,
            "uint16" => DType::U16,
            "int16" => DType::I16,
            "float16" => DType::F16,
            "bfloat16" => DType::BF16,
            "uint32" => DType::U32,
            "int32" => DType::I32,
            "float32" => DType::F32,
            "uint64" => DType::U64,
            "int64" | "int" => DType::I64,
            "float64" | "float" => DType::F64,
            "complex64" => DType::C64,
            "complex128" => DType::C128,
            "float8_e5m2" => DType::F8E5M2,
            "float8_e4m3fn" => DType::F8E4M3,
            "float8_e5m2fnuz" => DType::F8E5M2Fnuz,
            "float8_e4m3fnuz" => DType::F8E4M3Fnuz,
            "float8_e8m0fnu" => DType::F8E8M0,
            _ => return None,
        };
        let size = dtype.bits() / 8;
        Some(Self { dtype: Some(dtype), size, swap: false, has_objects: false, descr: name.to_owned() })
    }
}

/// Where the elements of a pickled array are.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrayData {
    /// In a value of the pickle: bytes, or a text whose characters are bytes.
    Value(Id),
    /// In the stream.
    Stream(std::ops::Range<u64>),
    /// They are Python objects.
    Objects(Id),
}

/// An array as its pickle tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayLayout {
    /// Dims, outermost first.
    pub shape: Vec<u64>,
    /// Whether the first dim varies fastest.
    pub fortran: bool,
    /// The element type.
    pub element: NumpyType,
    /// Where the elements are.
    pub data: ArrayData,
}

impl ArrayLayout {
    /// The array that a value is, in any of the ways that NumPy and joblib pickle one.
    pub fn of(pickle: &Pickle, id: Id) -> Option<Self> {
        if let Value::Array(array) = pickle.get(id) {
            let attribute = |name| pickle.attribute(array.wrapper, name);
            let data = match array.objects {
                Some(objects) => ArrayData::Objects(objects),
                None => ArrayData::Stream(array.data.clone()),
            };
            return Some(Self {
                shape: pickle.dims(attribute("shape")?)?,
                fortran: attribute("order").is_some_and(|id| pickle.text(id) == Some("F")),
                element: NumpyType::of(pickle, attribute("dtype")?)?,
                data,
            });
        }
        let object = pickle.object(id)?;
        let arguments = pickle.arguments(object)?;
        match pickle.global(object.callable)? {
            ("numpy._core.multiarray", "_reconstruct") | ("numpy.ma.core", "_mareconstruct") => {
                let state = pickle.sequence(*object.states.last()?)?;
                // The version in front came later.
                let state = if state.len() == 4 { state } else { state.get(1..)? };
                let element = NumpyType::of(pickle, *state.get(1)?)?;
                let data = *state.get(3)?;
                let data = match pickle.get(data) {
                    Value::List(_) => ArrayData::Objects(data),
                    _ => ArrayData::Value(data),
                };
                let fortran = pickle.boolean(*state.get(2)?)?;
                Some(Self { shape: pickle.dims(*state.first()?)?, fortran, element, data })
            }
            ("numpy._core.numeric", "_frombuffer") => {
                let [data, dtype, shape, order] = *arguments else { return None };
                Some(Self {
                    shape: pickle.dims(shape)?,
                    fortran: pickle.text(order) == Some("F"),
                    element: NumpyType::of(pickle, dtype)?,
                    data: ArrayData::Value(data),
                })
            }
            ("numpy._core.multiarray", "scalar") => {
                let [dtype, data] = *arguments else { return None };
                let element = NumpyType::of(pickle, dtype)?;
                let data =
                    if element.has_objects { ArrayData::Objects(data) } else { ArrayData::Value(data) };
                Some(Self { shape: Vec::new(), fortran: false, element, data })
            }
            _ => None,
        }
    }
}
