//! Making, finding and opening a registry, and who acts in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use reproof_policy::role::{Access, Act, Grant};
use reproof_registry::{At, By, PageRequest, Registry as Records};
use reproof_store::{Bucket, S3Options, Store, probe};

use super::settings::S3Settings;
use super::{RegistryError, SETTINGS_FILE, Settings};
use crate::artifact::REGISTRY_FOLDER;

/// A registry, opened by somebody.
#[derive(Debug)]
pub struct Registry {
    pub(super) records: Records,
    pub(super) store: Store,
    pub(super) folder: PathBuf,
    pub(super) settings: Settings,
    actor: Actor,
    /// The grants of the actor; nothing where the registry has one user.
    grants: Option<Vec<Grant>>,
}

/// Who acts, and by which clock.
#[derive(Clone, Debug)]
pub struct Actor {
    /// What the system calls the user: the name in the log where the registry has no users of its own.
    pub user: String,
    /// The token of a user of the registry.
    pub token: Option<String>,
    /// Tells the time.
    pub clock: fn() -> SystemTime,
}

/// Secrets and addresses that no settings file holds.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    /// The keys of the bucket; address and region come from the settings.
    pub s3: S3Options,
    /// The user and password of the database, as `USER:PASSWORD`.
    pub database: Option<String>,
}

/// What a new registry is made of.
#[derive(Clone, Debug, Default)]
pub struct InitOptions {
    /// `postgres://HOST/DATABASE`; a SQLite file in the folder where not told.
    pub database: Option<String>,
    /// `s3://BUCKET/PREFIX`; a folder in the folder where not told.
    pub store: Option<String>,
    /// How the bucket is reached.
    pub s3: Option<S3Settings>,
    /// The name of the log; the folder's name where not told.
    pub log: Option<String>,
}

/// The registry's folder that serves `folder`: itself, the one in it, or the nearest above.
pub fn find(folder: &Path) -> Result<PathBuf, RegistryError> {
    let start = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    if start.join(SETTINGS_FILE).is_file() {
        return Ok(start);
    }
    let candidates = start.ancestors().map(|above| above.join(REGISTRY_FOLDER));
    let found = candidates.into_iter().find(|candidate| candidate.join(SETTINGS_FILE).is_file());
    found.ok_or_else(|| RegistryError::NotFound { folder: start.clone() })
}

impl Registry {
    /// Makes a registry for `folder`, after checking that the store can hold history.
    pub fn init(
        folder: &Path,
        options: &InitOptions,
        connections: &Connections,
        actor: Actor,
    ) -> Result<Self, RegistryError> {
        let home = folder.join(REGISTRY_FOLDER);
        if home.join(SETTINGS_FILE).exists() {
            return Err(RegistryError::Exists { folder: home });
        }
        fs::create_dir_all(&home).map_err(|source| RegistryError::Write { path: home.clone(), source })?;
        let named = || super::gather::name_of(folder);
        let mut settings = Settings::new(
            options.database.clone().unwrap_or_else(|| "sqlite:registry.sqlite".to_owned()),
            options.store.clone().unwrap_or_else(|| "store".to_owned()),
            options.log.clone().unwrap_or_else(|| format!("reproof.registry/{}", plain(&named()))),
            options.s3.clone(),
        );
        if let Some(store) = settings.store_folder(&home) {
            fs::create_dir_all(&store)
                .map_err(|source| RegistryError::Write { path: store.clone(), source })?;
        }
        let bucket = bucket(&home, &settings, connections)?;
        probe(&bucket, &format!("{:016x}", random()?))?;
        Records::create(&address(&home, &settings, connections))?;
        settings.log_key = Some(super::audit::make_key(&home, &settings.log)?);
        // The settings are written last: what has none is no registry, and making it again does no harm.
        settings.write(&home)?;
        Self::open(&home, connections, actor)
    }

    /// Opens the registry of a folder that [`find`] found.
    pub fn open(folder: &Path, connections: &Connections, actor: Actor) -> Result<Self, RegistryError> {
        let settings = Settings::read(folder)?;
        let records = Records::open(&address(folder, &settings, connections))?;
        let store = Store::new(bucket(folder, &settings, connections)?);
        let mut registry = Self { records, store, folder: folder.to_owned(), settings, actor, grants: None };
        registry.authenticate()?;
        Ok(registry)
    }

    /// Who acts, in words.
    pub fn who(&self) -> &str {
        &self.actor.user
    }

    /// Where it is, in words.
    pub fn place(&self) -> &Path {
        &self.folder
    }

    /// What its folder says about it.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The records, for what this module has no words for: notes, tags, groups, lists.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who acts, and when.
    pub fn by(&self) -> By<'_> {
        By { who: &self.actor.user, at: self.now() }
    }

    /// The time, as the records keep it.
    pub fn now(&self) -> At {
        At::from_microseconds(i64::try_from(self.elapsed().as_micros()).unwrap_or(i64::MAX))
            .unwrap_or(At::LAST)
    }

    /// The time in whole seconds since 1970.
    pub(super) fn seconds(&self) -> u64 {
        self.elapsed().as_secs()
    }

    fn elapsed(&self) -> std::time::Duration {
        // A clock before 1970 is a clock that was never set.
        (self.actor.clock)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    /// Refuses what the actor may not do.
    pub fn allow(&self, act: Act, model: Option<&str>, alias: Option<&str>) -> Result<(), RegistryError> {
        let decision = self.access().allowed(act, model, alias);
        if decision.allowed {
            return Ok(());
        }
        Err(RegistryError::Denied { who: self.actor.user.clone(), reason: decision.reason.to_string() })
    }

    /// Finds out who acts. Where the registry has users, that is the owner of the token.
    fn authenticate(&mut self) -> Result<(), RegistryError> {
        let has_users = !self.records.principals(&PageRequest::first(1))?.items.is_empty();
        let Some(token) = &self.actor.token else {
            return if has_users { Err(RegistryError::NoToken) } else { Ok(()) };
        };
        if !has_users {
            return Ok(());
        }
        let token = self.records.authenticate(token, self.now())?;
        let grants = self.records.grants(&token.principal)?.into_iter().filter_map(|grant| {
            // A role or a pattern that this version does not know gives nothing.
            Some(Grant {
                role: grant.role.parse().ok()?,
                models: grant.pattern.parse().ok()?,
                alias: grant.alias,
            })
        });
        self.grants = Some(grants.collect());
        self.actor.user = token.principal;
        Ok(())
    }

    pub(super) fn access(&self) -> Access<'_> {
        self.grants.as_deref().map_or(Access::SingleUser, Access::Granted)
    }
}

fn bucket(folder: &Path, settings: &Settings, connections: &Connections) -> Result<Bucket, RegistryError> {
    if let Some(store) = settings.store_folder(folder) {
        return Ok(Bucket::folder(&store)?);
    }
    let told = settings.s3.clone().unwrap_or_default();
    let options = S3Options {
        endpoint: told.endpoint.or_else(|| connections.s3.endpoint.clone()),
        region: told.region.or_else(|| connections.s3.region.clone()),
        allow_http: told.allow_http,
        ..connections.s3.clone()
    };
    Ok(Bucket::s3(&settings.store, &options)?)
}

/// The database's address with the user and password that no settings file holds.
fn address(folder: &Path, settings: &Settings, connections: &Connections) -> String {
    let url = settings.database_url(folder);
    match (url.split_once("://"), &connections.database) {
        (Some((scheme, rest)), Some(user)) if !rest.contains('@') => format!("{scheme}://{user}@{rest}"),
        _ => url,
    }
}

/// The characters of a name that any name of a log may have.
fn plain(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

/// A number that nobody can guess.
pub(super) fn random() -> Result<u64, RegistryError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| RegistryError::Key {
        what: "the system's source of random numbers".to_owned(),
        problem: error.to_string(),
    })?;
    Ok(u64::from_le_bytes(bytes))
}
