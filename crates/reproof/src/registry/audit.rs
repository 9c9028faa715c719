//! The log as files that anyone can check: tiles and signed checkpoints, published from the records.

use std::fs;
use std::io;
use std::path::Path;

use reproof_attest::log::bundle::{self, MAX_BUNDLE};
use reproof_attest::log::path::Kind;
use reproof_attest::log::{
    self, Audit, Checkpoint, Note, SignerKey, TILE_WIDTH, TilePath, Tiles, Tree, VerifierKey,
};
use reproof_policy::role::Act;
use reproof_progress::{Progress, Unit};
use reproof_store::{Bucket, StoreError};

use super::{Registry, RegistryError};

/// The folder of the log in the store.
const LOG: &str = "log";

/// The folder of its checkpoints, by size. A checkpoint is never overwritten: two of one size would be a fork.
const CHECKPOINTS: &str = "log/checkpoints";

/// The file of the key that signs checkpoints, in the registry's folder.
const KEY_FILE: &str = "log.key";

/// Entries that are published together.
const BATCH: u32 = 1000;

/// What publishing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Entries in the published tree.
    pub size: u64,
    /// Of these, new ones.
    pub new: u64,
    /// The signed checkpoint, for keeping elsewhere.
    pub checkpoint: String,
}

/// What an audit came to.
#[derive(Clone, Debug)]
pub struct Audited {
    /// What the files themselves say.
    pub audit: Audit,
    /// What the records say that the files do not: entries that differ, or a database that lost what was published.
    pub records: Vec<String>,
    /// How many contradictions of the records are not told.
    pub omitted: u64,
    /// Entries of the records that are not published yet.
    pub unpublished: u64,
}

impl Audited {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.audit.is_intact() && self.records.is_empty()
    }
}

/// The files of a log in a bucket.
struct Files<'a>(&'a Bucket);

impl Tiles for Files<'_> {
    fn read(&self, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let key = if path == log::CHECKPOINT_PATH {
            match newest(self.0).map_err(io::Error::other)? {
                Some(size) => checkpoint_key(size),
                None => return Ok(None),
            }
        } else {
            format!("{LOG}/{path}")
        };
        let read = self.0.get(&key, limit as u64 + 1).map_err(io::Error::other)?;
        Ok(read.map(|bytes| bytes.to_vec()))
    }
}

fn newest(bucket: &Bucket) -> Result<Option<u64>, StoreError> {
    let mut newest = None;
    bucket.list(CHECKPOINTS, |entry| {
        let size = entry.key.rsplit('/').next().and_then(|name| name.parse().ok());
        newest = newest.max(size);
    })?;
    Ok(newest)
}

fn checkpoint_key(size: u64) -> String {
    format!("{CHECKPOINTS}/{size:020}")
}

/// Makes the key of a log and keeps it in the registry's folder, for the owner only; the text of its public half.
pub(super) fn make_key(folder: &Path, name: &str) -> Result<String, RegistryError> {
    let path = folder.join(KEY_FILE);
    let failed = |source| RegistryError::Write { path: path.clone(), source };
    if path.is_file() {
        return Ok(read_key(folder)?.verifier().to_string());
    }
    let mut seed = [0; 32];
    let wrong = |problem: String| RegistryError::Key { what: "the log's key".to_owned(), problem };
    getrandom::fill(&mut seed).map_err(|error| wrong(error.to_string()))?;
    let key = SignerKey::from_seed(name, seed).map_err(|error| wrong(error.to_string()))?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(failed)?;
    io::Write::write_all(&mut file, format!("{}\n", key.to_secret()).as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(key.verifier().to_string())
}

fn read_key(folder: &Path) -> Result<SignerKey, RegistryError> {
    let path = folder.join(KEY_FILE);
    let text =
        fs::read_to_string(&path).map_err(|source| RegistryError::Read { path: path.clone(), source })?;
    let key = text.trim().parse::<SignerKey>();
    key.map_err(|error| RegistryError::Key { what: path.display().to_string(), problem: error.to_string() })
}

impl Registry {
    /// Writes what the records have and the published log has not, and signs it. Doing it again changes nothing.
    pub fn publish(&self, progress: &dyn Progress) -> Result<Published, RegistryError> {
        if !self.publishes() {
            return Err(RegistryError::Log {
                problem: format!("this copy of the registry has no {KEY_FILE}: who has it publishes"),
            });
        }
        let bucket = self.store.bucket();
        let key = read_key(&self.folder)?;
        let files = Files(bucket);
        let mut tree = self.published_tree(&key.verifier())?;
        let (before, total) = (tree.size, self.records.log_size()?);
        self.continues(before, total)?;
        progress.begin("publishing the log", Some(total - before), Unit::Items);
        while tree.size < total {
            let entries = self.records.log_since(tree.size, BATCH)?;
            if entries.is_empty() {
                break;
            }
            let leaves: Vec<&[u8]> = entries.iter().map(|entry| entry.leaf.as_slice()).collect();
            let appended = log::append(&files, &tree, &leaves)
                .map_err(|error| RegistryError::Log { problem: error.to_string() })?;
            for file in appended.files {
                bucket.create(&format!("{LOG}/{}", file.path), file.bytes)?;
            }
            progress.advance(entries.len() as u64);
            tree = appended.tree;
            let text = self.sign(&tree, &key)?;
            match self.records.set_published(tree.size, &text, self.now()) {
                // Somebody else publishes at the same time, and is further.
                Ok(()) | Err(reproof_registry::Error::PublishedMore { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if tree.size == 0 {
            // A log that says nothing yet is signed as well: what is kept of it shows that it was begun anew.
            self.sign(&tree, &key)?;
        }
        progress.end();
        let checkpoint = bucket.get(&checkpoint_key(tree.size), 1 << 20)?.map(|bytes| bytes.to_vec());
        let checkpoint = String::from_utf8(checkpoint.unwrap_or_default()).unwrap_or_default();
        Ok(Published { size: tree.size, new: tree.size - before, checkpoint })
    }

    /// Whether this copy of the registry has the key of the log.
    pub fn publishes(&self) -> bool {
        self.folder.join(KEY_FILE).is_file()
    }

    /// Keeps a signed checkpoint of the tree in the store; its text.
    fn sign(&self, tree: &Tree, key: &SignerKey) -> Result<String, RegistryError> {
        let note = Checkpoint::new(&self.settings.log, *tree).sign(key);
        let text = note.map_err(|error| RegistryError::Log { problem: error.to_string() })?.to_string();
        if !self.store.bucket().create(&checkpoint_key(tree.size), text.clone())? {
            self.same_checkpoint(tree, &key.verifier())?;
        }
        Ok(text)
    }

    /// Refuses to go on where somebody published another history of the same size.
    fn same_checkpoint(&self, tree: &Tree, key: &VerifierKey) -> Result<(), RegistryError> {
        let bytes = self.store.bucket().get(&checkpoint_key(tree.size), 1 << 20)?.unwrap_or_default();
        let found = Checkpoint::open(&bytes, &self.settings.log, key)
            .map_err(|error| RegistryError::Log { problem: error.to_string() })?;
        if found.tree == *tree {
            return Ok(());
        }
        Err(RegistryError::Log {
            problem: format!(
                "another history of {} entries is published: two databases write to one log",
                tree.size
            ),
        })
    }

    /// Refuses a database that is older than what was published.
    pub(super) fn is_newest(&self) -> Result<(), RegistryError> {
        self.continues(newest(self.store.bucket())?.unwrap_or(0), self.records.log_size()?)
    }

    /// Refuses a database that has fewer entries than were published, or another in place of the last of them: acts after an
    /// old backup was restored would be signed as a history that nobody has.
    fn continues(&self, published: u64, total: u64) -> Result<(), RegistryError> {
        let old = |what: String| RegistryError::Log {
            problem: format!(
                "{published} entries are published and the database {what}: it was restored from an old backup; restore a \
                 newer one, or investigate with `reproof audit verify`"
            ),
        };
        if total < published {
            return Err(old(format!("has {total}")));
        }
        let Some(last) = published.checked_sub(1) else { return Ok(()) };
        let path = TilePath::in_tree(Kind::Entries, last / TILE_WIDTH, published);
        let Some(path) = path else { return Ok(()) };
        // What cannot be read is for the audit to tell.
        let Ok(Some(bytes)) = Files(self.store.bucket()).read(&path.to_string(), MAX_BUNDLE) else {
            return Ok(());
        };
        let Ok(entries) = bundle::parse(&bytes, path.width(), path.is_full()) else { return Ok(()) };
        let here = self.records.log_since(last, 1)?;
        match (entries.last(), here.first()) {
            (Some(there), Some(here)) if here.leaf.as_slice() != *there => {
                Err(old(format!("has another one as number {last}")))
            }
            _ => Ok(()),
        }
    }

    /// The tree of the newest checkpoint in the store, whose signature holds.
    fn published_tree(&self, key: &VerifierKey) -> Result<Tree, RegistryError> {
        let bucket = self.store.bucket();
        let Some(size) = newest(bucket)? else { return Ok(Tree::empty()) };
        let bytes = bucket.get(&checkpoint_key(size), 1 << 20)?.unwrap_or_default();
        let checkpoint = Checkpoint::open(&bytes, &self.settings.log, key);
        Ok(checkpoint.map_err(|error| RegistryError::Log { problem: error.to_string() })?.tree)
    }

    /// Checks every entry, tile and checkpoint, the records against them, and all against a checkpoint that was kept
    /// elsewhere, where there is one.
    pub fn audit(&self, kept: Option<&[u8]>, progress: &dyn Progress) -> Result<Audited, RegistryError> {
        self.allow(Act::Audit, None, None)?;
        let text = self.settings.log_key.as_deref().unwrap_or_default();
        let key = text.parse::<VerifierKey>().map_err(|error| RegistryError::Key {
            what: "the log's public key in registry.toml".to_owned(),
            problem: error.to_string(),
        })?;
        // Mails and editors end lines in their own way.
        let kept = kept.map(|kept| String::from_utf8_lossy(kept).replace("\r\n", "\n"));
        if let Some(kept) = &kept {
            Note::parse(kept.as_bytes()).map_err(|error| RegistryError::Log {
                problem: format!("what was kept is no checkpoint of a log: {error}"),
            })?;
        }
        let kept = kept.as_ref().map(String::as_bytes);
        progress.begin("auditing the log", None, Unit::Items);
        let files = Files(self.store.bucket());
        let audit =
            log::audit(&files, &self.settings.log, &key, kept, &mut |entries| progress.advance(entries));
        progress.end();
        let total = self.records.log_size()?;
        let mut records = Vec::new();
        let size = audit.tree.map_or(0, |tree| tree.size);
        if let Some(tree) = audit.tree {
            self.compare(&tree, total, &mut records)?;
        }
        if let Some(published) = self.records.published()?.filter(|published| published.size > size) {
            records.push(format!(
                "the database says that {} entries were published, the store has {size}: published entries were removed",
                published.size
            ));
        }
        // What is asked are the tables beside the log, which nobody signs: they must say what the log says.
        progress.begin("comparing the tables with the log", None, Unit::Items);
        let contradictions = self.records.contradictions()?;
        progress.end();
        records.extend(contradictions.told);
        let (omitted, unpublished) = (contradictions.omitted, total.saturating_sub(size));
        Ok(Audited { audit, records, omitted, unpublished })
    }

    /// Compares the records with the published tree, and names the first entry that differs.
    fn compare(&self, tree: &Tree, total: u64, found: &mut Vec<String>) -> Result<(), RegistryError> {
        if total < tree.size {
            found.push(format!(
                "{} entries were published and the database has {total}: it was restored from an old backup, or entries \
                 {total} to {} were removed from it",
                tree.size,
                tree.size - 1
            ));
        }
        for index in 0..tree.size.min(total).div_ceil(TILE_WIDTH) {
            let Some(path) = TilePath::in_tree(Kind::Entries, index, tree.size) else { break };
            let read = Files(self.store.bucket()).read(&path.to_string(), MAX_BUNDLE);
            // Entries that cannot be read are findings of the audit already.
            let Ok(Some(bytes)) = read else { continue };
            let Ok(published) = bundle::parse(&bytes, path.width(), path.is_full()) else { continue };
            let entries = self.records.log_since(index * TILE_WIDTH, TILE_WIDTH as u32)?;
            for (entry, published) in entries.iter().zip(published) {
                if entry.leaf.as_slice() != published {
                    found.push(format!(
                        "entry {} ({} by {}) in the database is not the one that was published",
                        entry.sequence, entry.act, entry.who
                    ));
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
