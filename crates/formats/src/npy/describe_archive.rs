//! An archive described: stored arrays stay where they are, compressed ones are expanded within a cap.

use std::path::Path;

use reproof_digest::ReadAt;

use super::NpyError;
use super::describe::{self, Content};
use super::member;
use crate::zip::{Archive, Member};
use crate::{Description, Finding, Format, FormatError, Severity, Sources, Storage, TensorDescription};

/// What all compressed arrays of an archive may have together: they stay in memory.
const COMPRESSED: u64 = 256 << 20;

/// Describes the archive in `source`; `path` appears in errors.
pub(crate) fn describe_archive(
    source: &dyn ReadAt,
    path: &Path,
    archive: &Archive,
) -> Result<Description, FormatError> {
    let refuse = |error: NpyError| FormatError::new(path, error);
    member::check(archive).map_err(refuse)?;
    let (mut tensors, mut findings, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = COMPRESSED;
    for member in archive.members.iter().filter(|member| !member.is_directory) {
        let Some(name) = member.name.strip_suffix(".npy") else {
            others.push(member.name.as_str());
            continue;
        };
        let described = if member.is_stored() {
            stored(member, name, source).map_err(refuse)?
        } else {
            let described = expanded(member, name, source, left).map_err(refuse)?;
            left -= member.size;
            described
        };
        match described {
            Content::Tensor(tensor) => tensors.push(tensor),
            Content::Objects(offset) => {
                // Inside a compressed member there is no place in the file.
                let offset = member.is_stored().then_some(offset);
                findings.push(describe::objects(&format!("member `{}`", member.name), offset));
            }
        }
    }
    findings.extend(not_arrays(&others));
    Ok(describe::description(Format::Npz, source.size(), path, tensors, findings))
}

fn not_arrays(others: &[&str]) -> Option<Finding> {
    let message = match others {
        [] => return None,
        [one] => format!("member `{one}` is not an array"),
        [first, rest @ ..] => format!("members `{first}` and {} more are not arrays", rest.len()),
    };
    let id = "npz.not-an-array".to_owned();
    Some(Finding { id, severity: Severity::Info, message, offset: None })
}

fn in_member(member: &Member) -> impl Fn(NpyError) -> NpyError {
    let member = member.name.clone();
    move |problem| NpyError::Member { member: member.clone(), problem: Box::new(problem) }
}

/// The content of a member that lies in the file as it is.
fn stored(member: &Member, name: &str, source: &dyn ReadAt) -> Result<Content, NpyError> {
    let content = describe::content(&member::stored(member, source)?, name).map_err(in_member(member))?;
    Ok(match content {
        Content::Objects(offset) => Content::Objects(member.data.start + offset),
        Content::Tensor(tensor) => {
            let storage = tensor.storage.moved(0, member.data.start);
            Content::Tensor(TensorDescription { storage, ..tensor })
        }
    })
}

/// The content of a compressed member, in canonical bytes.
fn expanded(member: &Member, name: &str, source: &dyn ReadAt, left: u64) -> Result<Content, NpyError> {
    let refuse = |member| NpyError::TooMuchCompressed { member, limit: COMPRESSED };
    let mut bytes = member::expand(member, source, left, refuse)?;
    let content = describe::content(&bytes, name).map_err(in_member(member))?;
    let Content::Tensor(tensor) = content else { return Ok(content) };
    let storage = if let Storage::Range { offset, length, .. } = tensor.storage {
        bytes.truncate((offset + length) as usize);
        bytes.drain(..offset as usize);
        Storage::Gathered(bytes.into())
    } else {
        let sources = Sources::new(vec![Box::new(bytes)]);
        let gathered = sources.bytes(&tensor).map_err(NpyError::Storage)?;
        let gathered = gathered.read_range(0, gathered.size() as usize);
        let gathered = gathered.map_err(|source| NpyError::Expand { member: member.name.clone(), source })?;
        Storage::Gathered(gathered.into())
    };
    Ok(Content::Tensor(TensorDescription { storage, ..tensor }))
}
