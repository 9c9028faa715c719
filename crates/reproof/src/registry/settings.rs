//! What a registry's folder says about it: where records, bytes and log are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RegistryError;

/// The name of the file.
pub const SETTINGS_FILE: &str = "registry.toml";

/// The schema that this version writes.
const SCHEMA: &str = "reproof.registry-settings/v0";

/// Where the parts of a registry are. It holds no secrets: it may lie in version control, and every member of a team may
/// have a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `reproof.registry-settings/v0`.
    pub schema: String,
    /// Where the records are: `sqlite:PATH`, relative to this file, or `postgres://HOST/DATABASE`.
    pub database: String,
    /// Where the bytes are: a folder, relative to this file, or `s3://BUCKET/PREFIX`.
    pub store: String,
    /// The name of the log, as its checkpoints have it.
    pub log: String,
    /// The public key of the log, by which checkpoints are checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_key: Option<String>,
    /// How the bucket is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Settings>,
}

/// How a bucket is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Settings {
    /// The service's address where it is not AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether plain HTTP is allowed.
    #[serde(default)]
    pub allow_http: bool,
}

impl Settings {
    /// The settings of a new registry.
    pub(super) fn new(database: String, store: String, log: String, s3: Option<S3Settings>) -> Self {
        Self { schema: SCHEMA.to_owned(), database, store, log, log_key: None, s3 }
    }

    /// Reads the file of a registry's folder.
    pub fn read(folder: &Path) -> Result<Self, RegistryError> {
        let path = folder.join(SETTINGS_FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| RegistryError::Read { path: path.clone(), source })?;
        let problem = |problem: String| RegistryError::Settings { path: path.clone(), problem };
        let settings: Self = toml::from_str(&text).map_err(|error| problem(error.to_string()))?;
        if settings.schema == SCHEMA {
            Ok(settings)
        } else {
            Err(problem(format!("schema `{}`, this version reads `{SCHEMA}`", settings.schema)))
        }
    }

    /// Writes the file, which must not exist.
    pub(super) fn write(&self, folder: &Path) -> Result<(), RegistryError> {
        let path = folder.join(SETTINGS_FILE);
        let failed = |source| RegistryError::Write { path: path.clone(), source };
        let text = toml::to_string_pretty(self).expect("settings are texts");
        let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        std::io::Write::write_all(&mut draft, text.as_bytes()).map_err(failed)?;
        // It holds no secrets, and every member of a team may have a copy.
        #[cfg(unix)]
        {
            let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            draft.as_file().set_permissions(everybody).map_err(failed)?;
        }
        draft.as_file().sync_all().map_err(failed)?;
        draft.persist_noclobber(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// The address of the records, with paths that mean something from anywhere.
    pub(super) fn database_url(&self, folder: &Path) -> String {
        match self.database.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", folder.join(path).display()),
            None => self.database.clone(),
        }
    }

    /// The folder of the store, where it is one.
    pub(super) fn store_folder(&self, folder: &Path) -> Option<PathBuf> {
        (!self.store.contains("://")).then(|| folder.join(&self.store))
    }
}
