//! The schema and how older registries reach it.
//!
//! A migration is one SQL file for both databases; a released one never changes. All that are missing run in one transaction,
//! so a registry has one version or another and nothing between.

use crate::Error;
use crate::database::{Connection, Mode};

/// Every migration, in order: the one at place `n` brings a registry from version `n` to `n + 1`.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_registry.sql")];

/// The version that this library reads and writes.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// How a database spells the words of a migration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) id: &'static str,
    pub(crate) integer: &'static str,
    pub(crate) bytes: &'static str,
    pub(crate) text: &'static str,
    pub(crate) options: &'static str,
}

impl Words {
    fn put(self, text: &str) -> String {
        text.replace("{id}", self.id)
            .replace("{integer}", self.integer)
            .replace("{bytes}", self.bytes)
            .replace("{text}", self.text)
            .replace(" {options}", &format!(" {}", self.options))
    }
}

/// Brings a registry to [`SCHEMA_VERSION`]; with `create` also one that is not there yet.
pub(crate) fn migrate(connection: &mut dyn Connection, registry: &str, create: bool) -> Result<(), Error> {
    if needed(connection.schema_version()?, registry, create)?.is_none() {
        return Ok(());
    }
    if connection.read_only() {
        let found = connection.schema_version()?.unwrap_or(0);
        return Err(Error::OlderSchema { registry: registry.to_owned(), found, known: SCHEMA_VERSION });
    }
    connection.begin(Mode::Act)?;
    let migrated = run(connection, registry, create);
    match migrated {
        Ok(()) => connection.commit(),
        Err(error) => {
            // The first error tells more; the connection is not used again.
            let _ = connection.roll_back();
            Err(error)
        }
    }
}

/// The version to begin from, or `None` if nothing is to be done.
fn needed(found: Option<u32>, registry: &str, create: bool) -> Result<Option<u32>, Error> {
    match found {
        None if create => Ok(Some(0)),
        None => Err(Error::NoRegistry { registry: registry.to_owned() }),
        Some(found) if found > SCHEMA_VERSION => {
            Err(Error::NewerSchema { registry: registry.to_owned(), found, known: SCHEMA_VERSION })
        }
        Some(SCHEMA_VERSION) => Ok(None),
        Some(found) => Ok(Some(found)),
    }
}

fn run(connection: &mut dyn Connection, registry: &str, create: bool) -> Result<(), Error> {
    // Another process may have been here before the lock was ours.
    let Some(from) = needed(connection.schema_version()?, registry, create)? else {
        return Ok(());
    };
    connection.prepare_schema()?;
    let words = connection.words();
    for migration in &MIGRATIONS[from as usize..] {
        connection.migrate(&words.put(migration))?;
    }
    connection.set_schema_version(SCHEMA_VERSION)
}
