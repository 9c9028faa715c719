//! TorchScript archives: a module and its constants, with code that is never looked at.

use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;

use super::{TorchError, boxed, zip};
use crate::checkpoint::{Part, Role, assemble, divide};
use crate::zip::Archive;
use crate::{Description, FileDescription, Format, OpenOptions, Sources, tensors};

/// Describes a TorchScript archive. Its architecture covers the code: what it computes is written there.
pub(crate) fn describe(
    source: &dyn ReadAt,
    path: &Path,
    archive: &Archive,
    options: &OpenOptions,
) -> Result<Description, TorchError> {
    let mut findings = zip::check(archive)?;
    zip::check_version(source, archive)?;
    let root = zip::root(archive);
    let member = zip::find(archive, root, "data.pkl");
    let member = member.ok_or_else(|| TorchError::NoMember { member: format!("{root}data.pkl") })?;
    let module = zip::convert(source, archive, member, "data/", &mut findings)?;
    let mut parts = match options.model {
        Some(_) => divide(module, options.model.as_deref())?,
        None => vec![Part::whole(Role::Model, module)],
    };
    if let Some(member) = zip::find(archive, root, "constants.pkl") {
        let constants = zip::convert(source, archive, member, "constants/", &mut findings)?;
        if constants.has_tensors() {
            parts.push(Part::whole(Role::Constants, constants));
        }
    }
    let (tensors, state) = assemble(parts, None, &Sources::new(vec![boxed(source)]));
    let layout = tensors::layout(0, source.size(), &tensors);
    Ok(Description {
        format: Format::TorchScript,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, Some(&code(source, archive, root)?)),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata: zip::metadata(source, archive),
        state,
        findings,
    })
}

/// Bytes of one member of code, expanded, at most.
const CODE: u64 = 16 << 20;

/// Every member of code with its name, in the order of names.
fn code(source: &dyn ReadAt, archive: &Archive, root: &str) -> Result<Vec<u8>, TorchError> {
    let prefix = format!("{root}code/");
    let mut members: Vec<_> = archive
        .members
        .iter()
        .filter(|member| member.name.starts_with(&prefix) && has_extension(&member.name, "py"))
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = Vec::new();
    for member in members {
        let bytes = member.bytes(source, CODE.saturating_sub(text.len() as u64))?;
        text.extend_from_slice(&member.name.as_bytes()[root.len()..]);
        text.push(0);
        text.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        text.extend_from_slice(&bytes);
    }
    Ok(text)
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
