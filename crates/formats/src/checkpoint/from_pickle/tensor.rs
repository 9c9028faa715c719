//! Tensors from the constructors that `torch.save` writes.

use reproof_tensor::DType;
use serde_json::Value as Json;

use super::super::CheckpointError;
use super::super::tree::{Node, TensorNode};
use super::Converter;
use super::storage::{Reference, StorageBytes, Wanted};
use crate::Storage;
use crate::pickle::{Id, Value};

/// A dtype of PyTorch as its tensors are stored: the element type, and how many elements a stored one holds.
fn dtype(name: &str) -> Option<(DType, u64)> {
    Some(match name {
        "float64" | "double" => (DType::F64, 1),
        "float32" | "float" => (DType::F32, 1),
        "float16" | "half" => (DType::F16, 1),
        "bfloat16" => (DType::BF16, 1),
        "int64" | "long" => (DType::I64, 1),
        "int32" | "int" | "qint32" => (DType::I32, 1),
        "int16" | "short" => (DType::I16, 1),
        "int8" | "qint8" => (DType::I8, 1),
        "uint8" | "quint8" | "bits8" | "bits1x8" | "bits2x4" | "bits4x2" => (DType::U8, 1),
        "uint16" | "bits16" => (DType::U16, 1),
        "uint32" => (DType::U32, 1),
        "uint64" => (DType::U64, 1),
        "bool" => (DType::Bool, 1),
        "complex32" | "chalf" => (DType::C32, 1),
        "complex64" | "cfloat" => (DType::C64, 1),
        "complex128" | "cdouble" => (DType::C128, 1),
        "float8_e5m2" => (DType::F8E5M2, 1),
        "float8_e4m3fn" => (DType::F8E4M3, 1),
        "float8_e5m2fnuz" => (DType::F8E5M2Fnuz, 1),
        "float8_e4m3fnuz" => (DType::F8E4M3Fnuz, 1),
        "float8_e8m0fnu" => (DType::F8E8M0, 1),
        // Two elements to a byte, and shapes that count bytes.
        "float4_e2m1fn_x2" => (DType::F4, 2),
        _ => return None,
    })
}

/// Which dtypes need saying besides how they are stored.
fn remark(name: &str) -> Option<String> {
    let is_plain = !name.starts_with('q') && !name.starts_with("bits") && !name.contains("_x2");
    (!is_plain).then(|| format!("torch.{name}"))
}

impl Converter<'_> {
    /// The tensor that `function(*arguments)` would make; `None` if it is no constructor of tensors.
    pub(super) fn rebuilt(
        &mut self,
        at: Id,
        function: (&str, &str),
        arguments: &[Id],
    ) -> Result<Option<Node>, CheckpointError> {
        let (module, name) = function;
        if !matches!(module, "torch._utils" | "torch._tensor" | "torch.nested._internal.nested_tensor") {
            return Ok(None);
        }
        let node = match (name, arguments) {
            ("_rebuild_tensor", [storage, offset, size, stride])
            | ("_rebuild_tensor_v2", [storage, offset, size, stride, ..]) => {
                let metadata = arguments.get(6).copied();
                self.strided(at, *storage, [*offset, *size, *stride], None, metadata)?
            }
            ("_rebuild_tensor_v3", [storage, offset, size, stride, _, _, dtype, rest @ ..]) => {
                self.strided(at, *storage, [*offset, *size, *stride], Some(*dtype), rest.first().copied())?
            }
            ("_rebuild_parameter_with_state", [tensor, _, _, state]) => {
                let attributes = self.attributes_of(*state)?;
                match self.node(*tensor)? {
                    Node::Tensor(mut tensor) => {
                        tensor.companions.extend(attributes);
                        Node::Tensor(tensor)
                    }
                    other => other,
                }
            }
            (
                "_rebuild_parameter"
                | "_rebuild_device_tensor_from_numpy"
                | "_rebuild_xla_tensor"
                | "_rebuild_device_tensor_from_cpu_tensor",
                [tensor, ..],
            ) => self.node(*tensor)?,
            ("_rebuild_qtensor", [storage, offset, size, stride, quantiser, ..]) => {
                let tensor = self.strided(at, *storage, [*offset, *size, *stride], None, None)?;
                self.quantised(tensor, *quantiser)?
            }
            ("_rebuild_sparse_tensor", [layout, data]) => self.sparse(*layout, *data)?,
            ("_rebuild_nested_tensor", [values, sizes, strides, offsets]) => self.parts(&[
                ("values", *values),
                ("sizes", *sizes),
                ("strides", *strides),
                ("offsets", *offsets),
            ])?,
            ("_rebuild_meta_tensor_no_storage", [dtype, size, ..]) => {
                self.without_values(at, *dtype, *size, "it was on the meta device when it was saved")?
            }
            ("_rebuild_wrapper_subclass", [_, dtype, size, ..]) => {
                self.without_values(at, *dtype, *size, "its values are those of the tensors that it wraps")?
            }
            ("_rebuild_from_type" | "_rebuild_from_type_v2", [function, class, inner, state]) => {
                self.of_type(at, *function, *class, *inner, *state)?
            }
            ("_rebuild_njt", [inputs, ..]) => self.node(*inputs)?,
            _ => return Ok(None),
        };
        Ok(Some(node))
    }

    /// A reference outside the pickle that stands for itself.
    pub(super) fn persistent(&mut self, at: Id, name: Id) -> Result<Node, CheckpointError> {
        if let Some(reference) = Reference::of(self.pickle, name) {
            let dtype = reference.dtype.unwrap_or(DType::U8);
            let count = reference.length / (dtype.bits() / 8).max(1);
            let wanted = Wanted {
                dtype,
                offset: 0,
                shape: &[count],
                strides: &[1],
                conjugate: false,
                negative: false,
            };
            let tensor = self.stored(at, &reference, None, &wanted)?;
            return Ok(tensor.noted("a storage without a tensor").into());
        }
        let key = match self.pickle.get(name) {
            Value::Int(key) => Some(key.to_string()),
            _ => self.pickle.text(name).map(ToOwned::to_owned),
        };
        if let Some(stored) = key.and_then(|key| self.storages.tensor(&key)) {
            let stored = stored.clone();
            return Ok(TensorNode::new(stored.dtype, stored.shape, stored.storage).into());
        }
        match self.pickle.sequence(name) {
            // `('module', class, file, source)` stands for the class.
            Some([_, class, ..]) => {
                let class = self.pickle.global(*class).map(|(module, name)| format!("{module}.{name}"));
                Ok(Node::Opaque(format!("the class {}", class.unwrap_or_else(|| "?".to_owned()))))
            }
            _ => Ok(Node::Opaque("a persistent reference".to_owned())),
        }
    }

    /// A tensor of a storage, from `[offset, size, stride]` in elements.
    fn strided(
        &mut self,
        at: Id,
        storage: Id,
        geometry: [Id; 3],
        typed: Option<Id>,
        metadata: Option<Id>,
    ) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        let wrong = |what| CheckpointError::Constructor { offset: pickle.offset(at), what };
        let (reference, bytes) = match pickle.get(storage) {
            Value::Persistent(name) => (Reference::of(pickle, *name), None),
            Value::Object(object) => match self.nested_storage(object, storage)? {
                Some((reference, bytes)) => (Some(reference), Some(bytes)),
                None => (None, None),
            },
            _ => (None, None),
        };
        let reference = reference.ok_or_else(|| wrong("its storage"))?;
        let offset = pickle.unsigned(geometry[0]).ok_or_else(|| wrong("its offset"))?;
        let mut shape = pickle.dims(geometry[1]).ok_or_else(|| wrong("its shape"))?;
        let mut strides = pickle.dims(geometry[2]).ok_or_else(|| wrong("its strides"))?;
        let offset = offset.checked_add(reference.offset).ok_or_else(|| wrong("its offset"))?;
        let (element, packed, note) = match typed {
            None => (reference.dtype.unwrap_or(DType::U8), 1, None),
            Some(id) => {
                let name = pickle.global(id).filter(|(module, _)| *module == "torch").map(|(_, name)| name);
                let name = name.ok_or_else(|| wrong("its dtype"))?;
                if let Some((element, packed)) = dtype(name) {
                    (element, packed, remark(name))
                } else {
                    let node = TensorNode::new(
                        DType::U8,
                        shape,
                        Storage::Absent { reason: "this version does not know its element type" },
                    );
                    self.warn("torch.unknown-dtype", format!("torch.{name} is not known"), at);
                    return Ok(node.noted(format!("torch.{name}")).into());
                }
            }
        };
        if packed > 1 {
            // The innermost dim counts elements from here on, as everywhere else.
            let inner = shape.last_mut().ok_or_else(|| wrong("its shape"))?;
            *inner = inner.checked_mul(packed).ok_or_else(|| wrong("its shape"))?;
            let outer = strides.len().saturating_sub(1);
            for stride in &mut strides[..outer] {
                *stride = stride.checked_mul(packed).ok_or_else(|| wrong("its strides"))?;
            }
        }
        let flag = |name| metadata.and_then(|id| pickle.entry(id, name)).and_then(|id| pickle.boolean(id));
        let wanted = Wanted {
            dtype: element,
            offset: offset.checked_mul(packed).ok_or_else(|| wrong("its offset"))?,
            shape: &shape,
            strides: &strides,
            conjugate: flag("conj").unwrap_or(false),
            negative: flag("neg").unwrap_or(false),
        };
        let mut tensor = self.stored(at, &reference, bytes, &wanted)?;
        tensor.note = tensor.note.or(note);
        Ok(tensor.into())
    }

    /// A view of a referenced storage, whose `bytes` may be known already.
    fn stored(
        &mut self,
        at: Id,
        reference: &Reference,
        bytes: Option<StorageBytes>,
        wanted: &Wanted<'_>,
    ) -> Result<TensorNode, CheckpointError> {
        let offset = self.pickle.offset(at);
        let absent =
            |reason| TensorNode::new(wanted.dtype, wanted.shape.to_vec(), Storage::Absent { reason });
        if reference.location == "meta" {
            return Ok(absent("it was on the meta device when it was saved"));
        }
        let bytes = match bytes {
            Some(bytes) => Some(bytes),
            None => self.storages.find(&reference.key, reference.length)?,
        };
        let Some(bytes) = bytes else {
            return Err(CheckpointError::NoStorage { offset, key: reference.key.clone() });
        };
        let storage = bytes.view(wanted);
        let storage = storage.map_err(|source| CheckpointError::Tensor { offset, source })?;
        self.charge_gathered(&storage, at)?;
        Ok(TensorNode::new(wanted.dtype, wanted.shape.to_vec(), storage))
    }

    /// A tensor of integers with the scales that give them meaning.
    fn quantised(&mut self, tensor: Node, quantiser: Id) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        let Node::Tensor(mut tensor) = tensor else { return Ok(tensor) };
        let quantiser = pickle.sequence(quantiser).unwrap_or_default();
        let scheme = quantiser.first().and_then(|id| pickle.global(*id)).map_or("?", |(_, name)| name);
        for (name, id) in ["scale", "zero_point", "axis"].into_iter().zip(quantiser.iter().skip(1)) {
            let value = match pickle.get(*id) {
                Value::Float(value) => scalar(DType::F64, value.to_le_bytes()),
                Value::Int(value) => scalar(DType::I64, value.to_le_bytes()),
                _ => self.node(*id)?,
            };
            tensor.companions.push((name.to_owned(), value));
        }
        tensor.note = Some(format!("quantised {scheme}"));
        Ok(Node::Tensor(tensor))
    }

    fn sparse(&mut self, layout: Id, data: Id) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        let layout = pickle.object(layout).and_then(|object| pickle.arguments(object)?.first().copied());
        let layout = layout.and_then(|id| pickle.text(id)).unwrap_or("torch.sparse_coo");
        let names: &[&str] = match layout {
            "torch.sparse_csr" | "torch.sparse_bsr" => &["crow_indices", "col_indices", "values", "size"],
            "torch.sparse_csc" | "torch.sparse_bsc" => &["ccol_indices", "row_indices", "values", "size"],
            _ => &["indices", "values", "size"],
        };
        let data = pickle.sequence(data).unwrap_or_default();
        let parts: Vec<(&str, Id)> = names.iter().copied().zip(data.iter().copied()).collect();
        self.parts(&parts)
    }

    fn parts(&mut self, parts: &[(&str, Id)]) -> Result<Node, CheckpointError> {
        let parts = parts.iter().map(|(name, id)| Ok(((*name).to_owned(), self.node(*id)?)));
        Ok(Node::Map(parts.collect::<Result<_, CheckpointError>>()?))
    }

    fn without_values(
        &mut self,
        at: Id,
        element: Id,
        size: Id,
        reason: &'static str,
    ) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        let wrong = |what| CheckpointError::Constructor { offset: pickle.offset(at), what };
        let name = pickle.global(element).map(|(_, name)| name).ok_or_else(|| wrong("its dtype"))?;
        let shape = pickle.dims(size).ok_or_else(|| wrong("its shape"))?;
        reproof_tensor::byte_length(DType::F64, &shape).ok_or_else(|| wrong("its shape"))?;
        let (element, _) = dtype(name).unwrap_or((DType::U8, 1));
        Ok(TensorNode::new(element, shape, Storage::Absent { reason }).into())
    }

    /// A tensor of a subclass, or with attributes of its own.
    fn of_type(
        &mut self,
        at: Id,
        function: Id,
        class: Id,
        inner: Id,
        state: Id,
    ) -> Result<Node, CheckpointError> {
        let pickle = self.pickle;
        let wrong = |what| CheckpointError::Constructor { offset: pickle.offset(at), what };
        let name = pickle.global(function).ok_or_else(|| wrong("its function"))?;
        if name.1.starts_with("_rebuild_from_type") {
            return Err(wrong("its function"));
        }
        let arguments = pickle.sequence(inner).ok_or_else(|| wrong("its arguments"))?;
        let made = self.rebuilt(at, name, arguments)?.ok_or_else(|| wrong("its function"))?;
        let attributes = self.attributes_of(state)?;
        match made {
            Node::Tensor(tensor)
                if matches!(tensor.storage, Storage::Absent { .. }) && !attributes.is_empty() =>
            {
                let class = pickle.global(class).map(|(module, name)| format!("{module}.{name}"));
                Ok(Node::Record { class: class.unwrap_or_default(), fields: attributes })
            }
            Node::Tensor(mut tensor) => {
                tensor.companions.extend(attributes);
                Ok(Node::Tensor(tensor))
            }
            other => Ok(other),
        }
    }

    /// The tensors among the attributes that a state sets: a dictionary, or a pair of them.
    fn attributes_of(&mut self, state: Id) -> Result<Vec<(String, Node)>, CheckpointError> {
        let pickle = self.pickle;
        let halves = match pickle.get(state) {
            Value::Tuple(halves) if halves.len() <= 2 => halves.to_vec(),
            _ => vec![state],
        };
        let mut attributes = Vec::new();
        for half in halves {
            if let Value::Dict(entries) = pickle.get(half) {
                attributes.extend(self.named(entries)?);
            }
        }
        attributes.retain(|(_, value)| value.has_tensors());
        Ok(attributes)
    }
}

/// A tensor of one number.
fn scalar<const N: usize>(dtype: DType, bytes: [u8; N]) -> Node {
    TensorNode::new(dtype, Vec::new(), Storage::Gathered(bytes.to_vec().into())).into()
}

/// The dtype that a global names, such as `torch.float32`.
pub(super) fn named_dtype(module: &str, name: &str) -> Option<Json> {
    (module == "torch" && dtype(name).is_some()).then(|| Json::String(format!("torch.{name}")))
}
