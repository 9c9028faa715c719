//! `direct_url.json` and `INSTALLER`: where a package came from.

use std::collections::BTreeMap;

use reproof_contract::environment::{Origin, OriginKind};
use serde::Deserialize;

use crate::privacy;

#[derive(Deserialize)]
struct DirectUrl {
    url: String,
    #[serde(default)]
    vcs_info: Option<VcsInfo>,
    #[serde(default)]
    archive_info: Option<ArchiveInfo>,
    #[serde(default)]
    dir_info: Option<DirInfo>,
}

#[derive(Deserialize)]
struct VcsInfo {
    #[serde(default)]
    vcs: String,
    #[serde(default)]
    commit_id: String,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    #[serde(default)]
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

/// The longest value that is kept, in bytes.
const LONGEST: usize = 2048;

/// Where a package came from. An unreadable document is told, because an origin that is not known is not an index.
pub fn origin(
    document: Option<&[u8]>,
    installer: Option<&str>,
    home: Option<&str>,
) -> Result<Origin, serde_json::Error> {
    let Some(bytes) = document else {
        let kind = match installer {
            Some("conda") => OriginKind::Conda,
            Some(_) => OriginKind::Index,
            None => OriginKind::Unknown,
        };
        return Ok(Origin { kind, url: None, revision: None });
    };
    let read: DirectUrl = serde_json::from_slice(bytes)?;
    let kept = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let (kind, revision) = if let Some(vcs) = &read.vcs_info {
        (OriginKind::Vcs, Some(kept(&format!("{} {}", vcs.vcs, vcs.commit_id)).trim().to_owned()))
    } else if let Some(archive) = &read.archive_info {
        let hash = archive.hashes.get("sha256").map(|digits| format!("sha256={digits}"));
        (OriginKind::Archive, hash.or_else(|| archive.hash.clone()).map(|hash| kept(&hash)))
    } else if read.dir_info.as_ref().is_some_and(|folder| folder.editable) {
        (OriginKind::Editable, None)
    } else {
        (OriginKind::Directory, None)
    };
    let url = Some(kept(&privacy::place(&read.url, home)));
    Ok(Origin { kind, url, revision })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(json: &str) -> Origin {
        origin(Some(json.as_bytes()), Some("pip"), Some("/home/ada")).unwrap()
    }

    #[test]
    fn every_kind_of_place_is_told_without_secrets() {
        let found =
            of(r#"{"url": "https://ada:pw@host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}"#);
        assert_eq!((found.kind, found.revision.as_deref()), (OriginKind::Vcs, Some("git abc")));
        assert_eq!(found.url.as_deref(), Some("https://host/x.git"));
        let found = of(r#"{"url": "https://host/x.whl?t=1", "archive_info": {"hashes": {"sha256": "00"}}}"#);
        assert_eq!(
            (found.url.as_deref(), found.revision.as_deref()),
            (Some("https://host/x.whl"), Some("sha256=00"))
        );
        let found = of(r#"{"url": "file:///home/ada/x", "dir_info": {"editable": true}}"#);
        assert_eq!((found.kind, found.url.as_deref()), (OriginKind::Editable, Some("file://~/x")));
        assert_eq!(of(r#"{"url": "file:///x", "dir_info": {}}"#).kind, OriginKind::Directory);
    }

    #[test]
    fn without_a_document_the_installer_tells() {
        let kind = |installer| origin(None, installer, None).unwrap().kind;
        assert_eq!(kind(Some("uv")), OriginKind::Index);
        assert_eq!(kind(Some("conda")), OriginKind::Conda);
        assert_eq!(kind(None), OriginKind::Unknown);
    }

    #[test]
    fn a_document_that_is_none_is_an_error() {
        let deep = b"[".repeat(100_000);
        for bytes in [b"".as_slice(), b"[]", b"{}", b"{\"url\": 1}", b"\xff", &deep] {
            assert!(origin(Some(bytes), None, None).is_err());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, url: String) {
            let _ = origin(Some(&bytes), None, None);
            let document = serde_json::json!({ "url": url, "dir_info": {} }).to_string();
            prop_assert!(origin(Some(document.as_bytes()), None, Some("/h")).is_ok());
        }
    }
}
