//! Pushes on their way: leases by which garbage collection knows that young objects are wanted, and the manifests that it
//! must keep.

use reproof_digest::Digest;

use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry};
use crate::transaction::{Transaction, at, written_digest};
use crate::{At, Error, secret, text};

/// The name of an upload: 32 random hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// An upload's name from its text, as a client sends it.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 32 && text.bytes().all(hexadecimal) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::UploadLost { upload: text.chars().take(40).collect() })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An upload on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name.
    pub id: UploadId,
    /// Who pushes.
    pub who: String,
    /// When it began.
    pub started: At,
    /// When it was last heard of.
    pub heartbeat: At,
}

/// Ends an upload that is still there, in the transaction that makes its objects live.
pub(crate) fn end(tx: &mut Transaction<'_>, upload: &UploadId) -> Result<(), Error> {
    match tx.run("DELETE FROM upload WHERE id = ?1", &[upload.as_str().into()])? {
        0 => Err(Error::UploadLost { upload: upload.0.clone() }),
        _ => Ok(()),
    }
}

impl Registry {
    /// Begins an upload. Whoever pushes tells of itself by [`Self::heartbeat`] until the version is added.
    pub fn start_upload(&self, by: By<'_>) -> Result<UploadId, Error> {
        text::short("principal", by.who)?;
        let id = UploadId(secret::hex(&secret::random::<16>()?));
        self.touch(|tx| {
            tx.run(
                "INSERT INTO upload (id, who, started, heartbeat) VALUES (?1, ?2, ?3, ?3)",
                &[id.as_str().into(), by.who.into(), by.at.microseconds().into()],
            )
        })?;
        Ok(id)
    }

    /// Tells that an upload goes on. [`Error::UploadLost`] if it was given up meanwhile: objects may be gone.
    pub fn heartbeat(&self, upload: &UploadId, now: At) -> Result<(), Error> {
        let told = self.touch(|tx| {
            tx.run(
                "UPDATE upload SET heartbeat = ?1 WHERE id = ?2",
                &[now.microseconds().into(), upload.as_str().into()],
            )
        })?;
        if told == 0 { Err(Error::UploadLost { upload: upload.0.clone() }) } else { Ok(()) }
    }

    /// Ends an upload that comes to nothing.
    pub fn abandon_upload(&self, upload: &UploadId) -> Result<(), Error> {
        self.touch(|tx| end(tx, upload))
    }

    /// Gives up the uploads that were last heard of before `silent_since`, and gives those that remain, oldest first. Garbage
    /// collection calls this before it looks at objects: what is younger than the first of these may be wanted.
    pub fn live_uploads(&self, silent_since: At) -> Result<Vec<Upload>, Error> {
        self.touch(|tx| {
            tx.run("DELETE FROM upload WHERE heartbeat < ?1", &[silent_since.microseconds().into()])?;
            tx.all("SELECT id, who, started, heartbeat FROM upload ORDER BY started, id", &[])?
                .into_iter()
                .map(|mut row| {
                    Ok(Upload {
                        id: UploadId(row.text()?),
                        who: row.text()?,
                        started: at(row.integer()?)?,
                        heartbeat: at(row.integer()?)?,
                    })
                })
                .collect()
        })
    }

    /// The manifests of all versions that are not deleted, in pages: the roots of garbage collection. Versions that are
    /// added meanwhile come on later pages; a manifest that several versions share comes several times.
    pub fn live_manifests(&self, request: &PageRequest) -> Result<Page<Digest>, Error> {
        const LIST: &str = "live-manifests";
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            tx.all(
                "SELECT id, manifest FROM version WHERE id > ?1 AND state <> 2 ORDER BY id LIMIT ?2",
                &[after.into(), request.rows().into()],
            )
        })?;
        request.numbered(LIST, rows, |_, row| written_digest(row))
    }
}
