//! Programs of `torch.export` (`.pt2`): raw storages with JSON that tells which tensor lies where.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;
use reproof_tensor::DType;
use serde::Deserialize;
use serde_json::Value;

use super::{TorchError, boxed, zip};
use crate::checkpoint::from_pickle::{Base, StorageBytes, Wanted};
use crate::checkpoint::tree::{Node, TensorNode};
use crate::checkpoint::{Part, Role, assemble};
use crate::zip::{Archive, Member};
use crate::{Description, FileDescription, Format, Sources, Storage, tensors};

/// Bytes of a JSON member at most.
const JSON: u64 = 64 << 20;

/// Bytes of graphs that are read as JSON, to leave out traces and versions; larger ones count as they are.
const PARSED: usize = 16 << 20;

/// Bytes of compressed storages, expanded, at most, and of the tensors gathered from them; the framework stores them.
const EXPANDED: u64 = 64 << 20;

/// Which tensors lie where.
#[derive(Deserialize)]
struct Config {
    config: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path_name: String,
    #[serde(default)]
    use_pickle: bool,
    tensor_meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    dtype: u32,
    sizes: Vec<Dim>,
    strides: Vec<Dim>,
    storage_offset: Dim,
}

/// A number; symbolic ones have no place in a stored tensor.
#[derive(Deserialize)]
struct Dim {
    as_int: Option<u64>,
}

/// Element types by the numbers of the export schema, which are not those of the framework's own enumeration.
fn dtype(number: u32) -> Option<DType> {
    Some(match number {
        1 => DType::U8,
        2 => DType::I8,
        3 => DType::I16,
        4 => DType::I32,
        5 => DType::I64,
        6 => DType::F16,
        7 => DType::F32,
        8 => DType::F64,
        9 => DType::C32,
        10 => DType::C64,
        11 => DType::C128,
        12 => DType::Bool,
        13 => DType::BF16,
        28 => DType::U16,
        29 => DType::F8E4M3,
        30 => DType::F8E5M2,
        31 => DType::F8E4M3Fnuz,
        32 => DType::F8E5M2Fnuz,
        33 => DType::F8E8M0,
        34 => DType::U32,
        35 => DType::U64,
        _ => return None,
    })
}

/// Describes a program.
pub(crate) fn describe(
    source: &dyn ReadAt,
    path: &Path,
    archive: &Archive,
) -> Result<Description, TorchError> {
    let findings = zip::check(archive)?;
    let root = zip::root(archive);
    let weights = tensors_of(source, archive, root, "data/weights/", "_weights_config.json")?;
    let constants = tensors_of(source, archive, root, "data/constants/", "_constants_config.json")?;
    let mut parts = vec![Part::whole(Role::Model, Node::Map(weights))];
    if !constants.is_empty() {
        parts.push(Part::whole(Role::Constants, Node::Map(constants)));
    }
    let (tensors, state) = assemble(parts, None, &Sources::new(vec![boxed(source)]));
    let layout = tensors::layout(0, source.size(), &tensors);
    let mut metadata = zip::metadata(source, archive);
    let program = program(source, archive, root, &mut metadata)?;
    Ok(Description {
        format: Format::TorchExport,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, Some(&program)),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata,
        state,
        findings,
    })
}

/// What is held of compressed storages.
#[derive(Default)]
struct Memory {
    expanded: HashMap<String, Arc<Vec<u8>>>,
    /// Bytes of all of them.
    held: u64,
    /// Bytes of tensors gathered from them.
    gathered: u64,
}

impl Memory {
    fn member(&mut self, source: &dyn ReadAt, member: &Member) -> Result<Arc<Vec<u8>>, TorchError> {
        if let Some(known) = self.expanded.get(&member.name) {
            return Ok(Arc::clone(known));
        }
        let bytes = Arc::new(member.bytes(source, EXPANDED - self.held)?);
        self.held += bytes.len() as u64;
        self.expanded.insert(member.name.clone(), Arc::clone(&bytes));
        Ok(bytes)
    }
}

/// The tensors that the JSON members of a folder tell.
fn tensors_of(
    source: &dyn ReadAt,
    archive: &Archive,
    root: &str,
    folder: &str,
    suffix: &str,
) -> Result<Vec<(String, Node)>, TorchError> {
    let prefix = format!("{root}{folder}");
    let mut found = Vec::new();
    let mut memory = Memory::default();
    for member in
        archive.members.iter().filter(|it| it.name.starts_with(&prefix) && it.name.ends_with(suffix))
    {
        let bytes = member.bytes(source, JSON)?;
        let config: Config = serde_json::from_slice(&bytes)
            .map_err(|source| TorchError::Json { member: member.name.clone(), source })?;
        for (name, entry) in config.config {
            found.push((name.clone(), tensor(source, archive, &mut memory, &prefix, &name, &entry)?));
        }
    }
    Ok(found)
}

fn tensor(
    source: &dyn ReadAt,
    archive: &Archive,
    memory: &mut Memory,
    prefix: &str,
    name: &str,
    entry: &Entry,
) -> Result<Node, TorchError> {
    let wrong = |problem: String| TorchError::Tensor { tensor: name.to_owned(), problem };
    let (Some(meta), false) = (&entry.tensor_meta, entry.use_pickle) else {
        return Ok(Node::Opaque(format!("a pickled object in {}", entry.path_name)));
    };
    let numbers = |dims: &[Dim]| dims.iter().map(|dim| dim.as_int).collect::<Option<Vec<u64>>>();
    let shape = numbers(&meta.sizes).ok_or_else(|| wrong("its shape has no numbers".to_owned()))?;
    let strides = numbers(&meta.strides).ok_or_else(|| wrong("its strides have no numbers".to_owned()))?;
    let Some(element) = dtype(meta.dtype) else {
        let reason = "this version does not know its element type";
        return Ok(TensorNode::new(DType::U8, shape, Storage::Absent { reason }).into());
    };
    let offset = meta.storage_offset.as_int.unwrap_or(0);
    let file = format!("{prefix}{}", entry.path_name);
    let member = archive.find(&file).ok_or_else(|| TorchError::NoMember { member: file.clone() })?;
    let bytes = if member.is_stored() {
        StorageBytes { base: Base::File { file: 0, shift: 0 }, range: member.data.clone(), swap: false }
    } else {
        let bytes = memory.member(source, member)?;
        let range = 0..bytes.len() as u64;
        StorageBytes { base: Base::Memory(bytes), range, swap: false }
    };
    let wanted = Wanted {
        dtype: element,
        offset,
        shape: &shape,
        strides: &strides,
        conjugate: false,
        negative: false,
    };
    let storage = bytes.view(&wanted).map_err(|error| wrong(error.to_string()))?;
    if let Storage::Gathered(bytes) = &storage {
        memory.gathered += bytes.own_size();
        if memory.gathered > EXPANDED {
            return Err(wrong(format!("more than {EXPANDED} bytes would have to be unpacked in memory")));
        }
    }
    Ok(TensorNode::new(element, shape, storage).into())
}

/// The graphs of the program without what changes from one export to the next: traces and versions.
fn program(
    source: &dyn ReadAt,
    archive: &Archive,
    root: &str,
    metadata: &mut BTreeMap<String, String>,
) -> Result<Vec<u8>, TorchError> {
    let prefix = format!("{root}models/");
    let mut text = Vec::new();
    let suffix = ".json";
    let wanted = |name: &str| name.starts_with(&prefix) && name.ends_with(suffix);
    for member in archive.members.iter().filter(|member| wanted(&member.name)) {
        let bytes = member.bytes(source, JSON)?;
        let json = |source| TorchError::Json { member: member.name.clone(), source };
        if bytes.len() > PARSED {
            text.extend_from_slice(&bytes);
            continue;
        }
        let mut program: Value = serde_json::from_slice(&bytes).map_err(json)?;
        if let Some(version) = program.get("torch_version").and_then(Value::as_str) {
            metadata.insert("torch.version_of_framework".to_owned(), version.to_owned());
        }
        strip(&mut program);
        serde_json::to_writer(&mut text, &program).map_err(json)?;
    }
    Ok(text)
}

/// Removes what says where a node came from and not what it does.
fn strip(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|key, _| {
                !matches!(
                    &**key,
                    "metadata" | "torch_version" | "schema_version" | "guards_code" | "verifiers"
                )
            });
            entries.values_mut().for_each(strip);
            entries.sort_keys();
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}
