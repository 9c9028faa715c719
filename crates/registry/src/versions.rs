//! Versions: what a model was at some time. Their content never changes.

use reproof_digest::{Digest, Kind};

use crate::database::{Row, Value};
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry, Stamp};
use crate::transaction::{Entry, Transaction, digest, numbered, stamp, written_digest};
use crate::{Decision, Error, UploadId, approvals, holds, models, text, uploads};

numbered! {
    /// What may be done with a version.
    pub enum State {
        /// Anything.
        Active = 0, "active";
        /// It is kept and can be read; no alias can be set to it.
        Retired = 1, "retired";
        /// Its bytes may be gone. Its name and digests stay, so that nothing else takes its place.
        Deleted = 2, "deleted";
    }
}

/// A version to be added.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The model's name.
    pub model: &'a str,
    /// A semantic version, unique in the model.
    pub version: &'a str,
    /// The artifact's digest: what the version is.
    pub artifact: Digest,
    /// The digest of the manifest by which the store finds the bytes.
    pub manifest: Digest,
    /// The digest of its weights.
    pub weights: Digest,
    /// The digest of its contract, where it has one.
    pub contract: Option<Digest>,
    /// The bytes of the artifact and what lies with it.
    pub size: u64,
    /// The upload that brought the objects. If its lease is over, they may be gone, and the version is refused; otherwise
    /// it ends here, in the same transaction.
    pub upload: Option<&'a UploadId>,
}

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The model's name.
    pub model: String,
    /// The semantic version, such as `1.4.0`.
    pub number: String,
    /// The artifact's digest.
    pub artifact: Digest,
    /// The manifest's digest.
    pub manifest: Digest,
    /// The digest of its weights.
    pub weights: Digest,
    /// The digest of its contract.
    pub contract: Option<Digest>,
    /// The bytes of the artifact and what lies with it.
    pub size: u64,
    /// What may be done with it.
    pub state: State,
    /// Who gave it this state, and when.
    pub since: Stamp,
    /// Who submitted it, and when.
    pub submitted: Stamp,
}

/// What became of a version that was to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is there now.
    New(Version),
    /// It was there already, the same to the last bit.
    Same(Version),
}

impl Pushed {
    /// The version.
    pub fn version(&self) -> &Version {
        match self {
            Self::New(version) | Self::Same(version) => version,
        }
    }
}

/// A version with the keys by which the database knows it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: i64,
    pub(crate) model: i64,
    pub(crate) artifact: i64,
    pub(crate) version: Version,
}

/// The columns of a [`Found`], and where they come from.
macro_rules! version_sql {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.model, v.artifact, m.name, v.text, a.digest, v.manifest, v.weights, v.contract, v.size, ",
            "v.state, c.sequence, cw.text, c.at, s.sequence, sw.text, s.at FROM version v ",
            "JOIN model m ON m.id = v.model JOIN artifact a ON a.id = v.artifact ",
            "JOIN log c ON c.sequence = v.state_sequence JOIN label cw ON cw.id = c.who ",
            "JOIN log s ON s.sequence = v.sequence JOIN label sw ON sw.id = s.who ",
            $rest
        )
    };
}

fn read(row: &mut Row) -> Result<Found, Error> {
    let id = row.integer()?;
    read_rest(row, id)
}

/// Reads what comes after the key.
fn read_rest(row: &mut Row, id: i64) -> Result<Found, Error> {
    Ok(Found { id, model: row.integer()?, artifact: row.integer()?, version: read_version(row)? })
}

fn read_version(row: &mut Row) -> Result<Version, Error> {
    Ok(Version {
        model: row.text()?,
        number: row.text()?,
        artifact: digest(row, Kind::Artifact)?,
        manifest: written_digest(row)?,
        weights: digest(row, Kind::Weights)?,
        contract: match row.optional_bytes()? {
            None => None,
            Some(bytes) => {
                let mut column = Row::new(vec![bytes.into()]);
                Some(digest(&mut column, Kind::Contract)?)
            }
        },
        size: row.count()?,
        state: State::from_number(row.integer()?)?,
        since: stamp(row)?,
        submitted: stamp(row)?,
    })
}

pub(crate) fn lookup(tx: &mut Transaction<'_>, model: &str, version: &str) -> Result<Option<Found>, Error> {
    text::model(model)?;
    text::version(version)?;
    tx.one(version_sql!("WHERE m.name = ?1 AND v.text = ?2"), &[model.into(), version.into()])?
        .map(|mut row| read(&mut row))
        .transpose()
}

pub(crate) fn find(tx: &mut Transaction<'_>, model: &str, version: &str) -> Result<Found, Error> {
    lookup(tx, model, version)?
        .ok_or_else(|| Error::Unknown { what: "version", name: format!("{model}@{version}") })
}

impl Found {
    /// An entry of the log about this version.
    pub(crate) fn entry(&self, act: &'static str) -> Entry {
        Entry::new(act)
            .of_model(self.model, &self.version.model)
            .subject("version", self.version.number.as_str())
            .digest("artifact", &self.version.artifact)
    }

    /// Refuses what cannot be done to a version in this state.
    pub(crate) fn refused(&self, problem: &'static str) -> Error {
        let (model, version) = (self.version.model.clone(), self.version.number.clone());
        Error::WrongState { model, version, state: self.version.state.name(), problem }
    }
}

/// Compares a version with what was offered under its name.
fn same(existing: &Version, offered: &NewVersion<'_>) -> Result<(), Error> {
    let (model, version) = (existing.model.clone(), existing.number.clone());
    if existing.artifact != offered.artifact {
        let (existing, offered) = (existing.artifact, offered.artifact);
        return Err(Error::VersionTaken { model, version, existing, offered });
    }
    let shown =
        |digest: Option<Digest>| digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
    // The manifest may differ: the same files can be packed in another way. So may the bytes of all: what grows beside a
    // contract, such as signatures over it, is covered by neither digest. The version keeps what it was pushed with.
    let differing = if existing.weights != offered.weights {
        ("weights", existing.weights.to_string(), offered.weights.to_string())
    } else if existing.contract != offered.contract {
        ("contract", shown(existing.contract), shown(offered.contract))
    } else {
        return Ok(());
    };
    let (what, existing, offered) = differing;
    Err(Error::VersionDiffers { model, version, what, existing, offered })
}

pub(crate) fn add(tx: &mut Transaction<'_>, by: By<'_>, new: &NewVersion<'_>) -> Result<Pushed, Error> {
    text::digest("artifact", Kind::Artifact, &new.artifact)?;
    text::digest("weights", Kind::Weights, &new.weights)?;
    if let Some(contract) = &new.contract {
        text::digest("contract", Kind::Contract, contract)?;
    }
    let size = text::count("bytes of an artifact", new.size)?;
    if let Some(found) = lookup(tx, new.model, new.version)? {
        same(&found.version, new)?;
        if found.version.state == State::Deleted {
            return Err(found.refused("its name stays taken; push it as another version"));
        }
        if let Some(upload) = new.upload {
            uploads::end(tx, upload)?;
        }
        return Ok(Pushed::Same(found.version));
    }
    let model = models::find(tx, new.model)?;
    if let Some(upload) = new.upload {
        uploads::end(tx, upload)?;
    }
    let mut entry = Entry::new("version.push")
        .of_model(model, new.model)
        .subject("version", new.version)
        .digest("artifact", &new.artifact)
        .digest("manifest", &new.manifest)
        .digest("weights", &new.weights)
        .detail("size", new.size.to_string());
    if let Some(contract) = &new.contract {
        entry = entry.digest("contract", contract);
    }
    let recorded = tx.record(by, &entry)?;
    let artifact = tx.artifact(&new.artifact)?;
    let contract: Value = new.contract.as_ref().map(Digest::as_bytes).into();
    tx.run(
        "INSERT INTO version (model, text, artifact, manifest, weights, contract, size, state, state_sequence, sequence) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8)",
        &[
            model.into(),
            new.version.into(),
            artifact.into(),
            new.manifest.to_string().into(),
            new.weights.as_bytes().into(),
            contract,
            size.into(),
            recorded.sequence.into(),
        ],
    )?;
    let stamp = recorded.stamp(by);
    Ok(Pushed::New(Version {
        model: new.model.to_owned(),
        number: new.version.to_owned(),
        artifact: new.artifact,
        manifest: new.manifest,
        weights: new.weights,
        contract: new.contract,
        size: new.size,
        state: State::Active,
        since: stamp.clone(),
        submitted: stamp,
    }))
}

/// Refuses to delete what an alias points to or a hold keeps.
fn deletable(tx: &mut Transaction<'_>, found: &Found) -> Result<(), Error> {
    let (model, version) = (found.version.model.clone(), found.version.number.clone());
    let alias =
        tx.one("SELECT name FROM alias WHERE version = ?1 ORDER BY name LIMIT 1", &[found.id.into()])?;
    if let Some(mut row) = alias {
        return Err(Error::StillAliased { model, version, alias: row.text()? });
    }
    if let Some(hold) = holds::over(tx, found.model, found.id)?.into_iter().next() {
        return Err(Error::Held { model, version, hold: hold.id, reason: hold.reason });
    }
    let approvals = approvals::of_version(tx, found.id)?;
    match approvals.into_iter().find(|one| one.in_force && one.decision == Decision::Approved) {
        Some(one) => Err(Error::Approved { model, version, who: one.decided.who, role: one.role }),
        None => Ok(()),
    }
}

impl Registry {
    /// Adds a version. The same content under the same name changes nothing; another content is [`Error::VersionTaken`].
    pub fn add_version(&self, by: By<'_>, version: &NewVersion<'_>) -> Result<Pushed, Error> {
        self.act(|tx| add(tx, by, version))
    }

    /// Adds many versions in one transaction: all or none. One that is there already changes nothing.
    pub fn add_versions(&self, by: By<'_>, versions: &[NewVersion<'_>]) -> Result<Vec<Pushed>, Error> {
        self.act(|tx| versions.iter().map(|version| add(tx, by, version)).collect())
    }

    /// A version by its name; deleted ones too.
    pub fn version(&self, model: &str, version: &str) -> Result<Version, Error> {
        self.read(|tx| Ok(find(tx, model, version)?.version))
    }

    /// The versions of a model, newest first; deleted ones too.
    pub fn versions(&self, model: &str, request: &PageRequest) -> Result<Page<Version>, Error> {
        const LIST: &str = "versions";
        let before = request.after_number(LIST)?.unwrap_or(i64::MAX);
        let rows = self.read(|tx| {
            let model = models::find(tx, model)?;
            tx.all(
                version_sql!("WHERE v.model = ?1 AND v.id < ?2 ORDER BY v.id DESC LIMIT ?3"),
                &[model.into(), before.into(), request.rows().into()],
            )
        })?;
        request.numbered(LIST, rows, |id, row| Ok(read_rest(row, id)?.version))
    }

    /// The versions that are not deleted, of all models, oldest first.
    pub fn live_versions(&self, request: &PageRequest) -> Result<Page<Version>, Error> {
        const LIST: &str = "live-versions";
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            tx.all(
                version_sql!("WHERE v.id > ?1 AND v.state <> 2 ORDER BY v.id LIMIT ?2"),
                &[after.into(), request.rows().into()],
            )
        })?;
        request.numbered(LIST, rows, |id, row| Ok(read_rest(row, id)?.version))
    }

    /// The versions that are an artifact or have its weights, oldest first: `digest` is of either kind.
    pub fn versions_with(&self, digest: &Digest, request: &PageRequest) -> Result<Page<Version>, Error> {
        const LIST: &str = "versions-with";
        let after = request.after_number(LIST)?.unwrap_or(0);
        let parameters = [digest.as_bytes().into(), after.into(), request.rows().into()];
        let rows = if digest.kind() == Kind::Weights {
            self.read(|tx| {
                tx.all(version_sql!("WHERE v.weights = ?1 AND v.id > ?2 ORDER BY v.id LIMIT ?3"), &parameters)
            })
        } else {
            text::digest("artifact or weights", Kind::Artifact, digest)?;
            self.read(|tx| {
                tx.all(version_sql!("WHERE a.digest = ?1 AND v.id > ?2 ORDER BY v.id LIMIT ?3"), &parameters)
            })
        }?;
        request.numbered(LIST, rows, |id, row| Ok(read_rest(row, id)?.version))
    }

    /// Retires an active version, makes a retired one active again, or deletes either. A deleted one stays deleted, and
    /// what an alias points to, a hold keeps or somebody approved is not deleted. The same state again changes nothing.
    pub fn set_state(
        &self,
        by: By<'_>,
        model: &str,
        version: &str,
        state: State,
        reason: &str,
    ) -> Result<Version, Error> {
        text::reason(reason)?;
        self.act(|tx| {
            let found = find(tx, model, version)?;
            let act = match (found.version.state, state) {
                (before, after) if before == after => return Ok(found.version),
                (State::Deleted, _) => return Err(found.refused("what is deleted stays deleted")),
                (_, State::Active) => "version.restore",
                (_, State::Retired) => "version.retire",
                (_, State::Deleted) => {
                    deletable(tx, &found)?;
                    "version.delete"
                }
            };
            let recorded = tx.record(by, &found.entry(act).detail("reason", reason))?;
            tx.run(
                "UPDATE version SET state = ?1, state_sequence = ?2 WHERE id = ?3",
                &[state.number().into(), recorded.sequence.into(), found.id.into()],
            )?;
            Ok(find(tx, model, version)?.version)
        })
    }
}
