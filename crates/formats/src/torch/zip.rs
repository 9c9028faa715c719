//! Zip archives of `torch.save`: one pickle, and a member per storage.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;

use super::{TorchError, boxed, trainer};
use crate::checkpoint::from_pickle::{Base, Converter, StorageBytes, Storages};
use crate::checkpoint::tree::Node;
use crate::checkpoint::{CheckpointError, assemble, divide};
use crate::pickle::{self, Pickle};
use crate::zip::{Archive, Member};
use crate::{Description, FileDescription, Finding, Format, OpenOptions, Severity, Sources, tensors};

/// Bytes of a compressed pickle, expanded, at most.
const PICKLE: u64 = 64 << 20;

/// Bytes of small members such as `version`.
const SMALL: u64 = 1 << 10;

/// Bytes of all compressed storages, expanded, at most: frameworks never compress them.
const EXPANDED: u64 = 128 << 20;

/// What a zip archive is, by the names of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `torch.save`.
    Saved,
    /// TorchScript.
    Script,
    /// `torch.export`.
    Export,
    /// Arrays of NumPy.
    Arrays,
    /// Something else, named where it is known.
    Other(Option<&'static str>),
}

/// The folder that all members lie in, with its slash; empty where the first member lies in none.
pub(super) fn root(archive: &Archive) -> &str {
    let first = archive.members.iter().find(|member| !member.is_directory);
    first.and_then(|member| member.name.find('/').map(|at| &member.name[..=at])).unwrap_or("")
}

/// Tells what an archive is.
pub(crate) fn kind(archive: &Archive) -> Kind {
    let root = root(archive);
    let has = |name: &str| archive.find(&format!("{root}{name}")).is_some();
    let top = |name: &str| archive.find(name).is_some();
    if has("archive_format") || has("archive_version") && has("byteorder") {
        Kind::Export
    } else if has("constants.pkl") {
        Kind::Script
    } else if has("data.pkl") || find(archive, root, "data.pkl").is_some() {
        Kind::Saved
    } else if top("model.weights.h5") || top("config.json") && top("metadata.json") {
        Kind::Other(Some("a Keras file"))
    } else if top("schema.json") {
        Kind::Other(Some("a skops file"))
    } else if top("serialized_exported_program.json") {
        Kind::Other(Some("a program of torch.export before 2.6"))
    } else if !archive.members.is_empty()
        && archive.members.iter().any(|member| member.name.to_ascii_lowercase().ends_with(".npy"))
    {
        Kind::Arrays
    } else {
        Kind::Other(None)
    }
}

/// A member by its name below the root. PyTorch ignores case, so what it would load is what is found.
pub(super) fn find<'a>(archive: &'a Archive, root: &str, name: &str) -> Option<&'a Member> {
    archive.find_ignoring_case(&format!("{root}{name}"))
}

/// Refuses an archive in which two readers would see different things, and notes what else is odd.
pub(crate) fn check(archive: &Archive) -> Result<Vec<Finding>, TorchError> {
    let name = |member: Option<usize>| member.map(|index| archive.members[index].name.clone());
    if let Some(anomaly) = archive.anomalies.fatal() {
        let (offset, what) = (anomaly.offset, anomaly.kind.as_str());
        return Err(TorchError::Ambiguous { offset, what, member: name(anomaly.member) });
    }
    let findings = archive.anomalies.iter().map(|anomaly| {
        let member = name(anomaly.member).map(|name| format!(" of member `{name}`")).unwrap_or_default();
        Finding {
            id: format!("zip.{}", anomaly.kind.as_str()),
            severity: Severity::Info,
            message: format!("the archive is unusual: {}{member}", anomaly.kind.as_str().replace('-', " ")),
            offset: Some(anomaly.offset),
        }
    });
    Ok(findings.collect())
}

/// Runs the pickle of a member.
pub(super) fn run(source: &dyn ReadAt, member: &Member) -> Result<(Pickle, Base), TorchError> {
    let what = "the pickle of the archive is not sound";
    let pickle = |source| TorchError::Pickle { what, source };
    if member.is_stored() {
        let run = pickle::run(source, member.data.clone());
        return Ok((run.whole().map_err(pickle)?, Base::File { file: 0, shift: 0 }));
    }
    let bytes = Arc::new(member.bytes(source, PICKLE)?);
    let run = pickle::run(&*bytes, 0..bytes.len() as u64);
    Ok((run.whole().map_err(pickle)?, Base::Memory(bytes)))
}

/// The values of a pickle of an archive whose storages lie below `folder`.
pub(super) fn convert(
    source: &dyn ReadAt,
    archive: &Archive,
    member: &Member,
    folder: &str,
    findings: &mut Vec<Finding>,
) -> Result<Node, TorchError> {
    let (pickle, base) = run(source, member)?;
    let storages = ArchiveStorages::new(source, archive, folder)?;
    let node = match &base {
        Base::Memory(bytes) => {
            let bytes = Arc::clone(bytes);
            let mut converter = Converter::new(&pickle, &*bytes, base, &storages);
            let node = converter.root()?;
            findings.append(&mut converter.findings);
            node
        }
        Base::File { .. } => {
            let mut converter = Converter::new(&pickle, source, base, &storages);
            let node = converter.root()?;
            findings.append(&mut converter.findings);
            node
        }
    };
    Ok(node)
}

/// The storages of an archive.
pub(super) struct ArchiveStorages<'a> {
    source: &'a dyn ReadAt,
    archive: &'a Archive,
    folder: String,
    swap: bool,
    /// Storages that were compressed, by key.
    expanded: RefCell<HashMap<String, Arc<Vec<u8>>>>,
}

impl<'a> ArchiveStorages<'a> {
    fn new(source: &'a dyn ReadAt, archive: &'a Archive, folder: &str) -> Result<Self, TorchError> {
        let root = root(archive);
        let order = match find(archive, root, "byteorder") {
            Some(member) => member.bytes(source, SMALL)?,
            None => b"little".to_vec(),
        };
        let swap = match &*order {
            b"little" => false,
            b"big" => true,
            other => {
                return Err(TorchError::Member {
                    member: format!("{root}byteorder"),
                    expected: "`little` or `big`",
                    actual: other[..other.len().min(16)].escape_ascii().to_string(),
                });
            }
        };
        Ok(Self { source, archive, folder: format!("{root}{folder}"), swap, expanded: RefCell::default() })
    }
}

impl Storages for ArchiveStorages<'_> {
    fn find(&self, key: &str, length: u64) -> Result<Option<StorageBytes>, CheckpointError> {
        let Some(member) = find(self.archive, &self.folder, key) else { return Ok(None) };
        // PyTorch once accepted storages that are longer than told; what lies beyond belongs to no tensor.
        if member.size < length {
            let key = key.to_owned();
            return Err(CheckpointError::StorageLength { key, expected: length, actual: member.size });
        }
        if member.is_stored() {
            let range = member.data.start..member.data.start + length;
            return Ok(Some(StorageBytes { base: Base::File { file: 0, shift: 0 }, range, swap: self.swap }));
        }
        let mut expanded = self.expanded.borrow_mut();
        let bytes = if let Some(bytes) = expanded.get(key) {
            Arc::clone(bytes)
        } else {
            let held: u64 = expanded.values().map(|bytes| bytes.len() as u64).sum();
            let bytes = Arc::new(member.bytes(self.source, EXPANDED - held).map_err(CheckpointError::Zip)?);
            expanded.insert(key.to_owned(), Arc::clone(&bytes));
            bytes
        };
        Ok(Some(StorageBytes { base: Base::Memory(bytes), range: 0..length, swap: self.swap }))
    }
}

/// Short facts about an archive: format version, byte order.
pub(super) fn metadata(source: &dyn ReadAt, archive: &Archive) -> BTreeMap<String, String> {
    let root = root(archive);
    let names = ["version", ".format_version", "byteorder", ".storage_alignment", "archive_version"];
    let facts = names.iter().filter_map(|name| {
        let bytes = find(archive, root, name)?.bytes(source, SMALL).ok()?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        Some((format!("torch.{}", name.trim_start_matches('.')), text))
    });
    facts.collect()
}

/// Refuses versions of the container that PyTorch itself would refuse.
pub(super) fn check_version(source: &dyn ReadAt, archive: &Archive) -> Result<(), TorchError> {
    let root = root(archive);
    let name = || format!("{root}version");
    let member = find(archive, root, "version").or_else(|| find(archive, root, ".data/version"));
    let member = member.ok_or_else(|| TorchError::NoMember { member: name() })?;
    let bytes = member.bytes(source, SMALL)?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    match text.parse::<u64>() {
        Ok(1..=10) => Ok(()),
        _ => Err(TorchError::Member { member: name(), expected: "a number from 1 to 10", actual: text }),
    }
}

/// Describes an archive of `torch.save`.
pub(crate) fn describe(
    source: &dyn ReadAt,
    path: &Path,
    archive: &Archive,
    options: &OpenOptions,
) -> Result<Description, TorchError> {
    let mut findings = check(archive)?;
    check_version(source, archive)?;
    let member = find(archive, root(archive), "data.pkl");
    let member = member.ok_or_else(|| TorchError::NoMember { member: "data.pkl".to_owned() })?;
    let values = convert(source, archive, member, "data/", &mut findings)?;
    let trainer = trainer(&values);
    let parts = divide(values, options.model.as_deref())?;
    let (tensors, state) = assemble(parts, trainer, &Sources::new(vec![boxed(source)]));
    let layout = tensors::layout(0, source.size(), &tensors);
    Ok(Description {
        format: Format::TorchZip,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata: metadata(source, archive),
        state,
        findings,
    })
}
