//! The registry: where it is, and how acts become transactions.

use std::sync::{Mutex, PoisonError};

use crate::database::{self, Connection, Mode, Options, Url};
use crate::transaction::Transaction;
use crate::{At, Error, migrations};

/// Connections that are kept open while nobody uses them.
const IDLE: usize = 8;

/// Who acts, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By<'a> {
    /// The principal's name, or what the operating system calls the user where there are no principals.
    pub who: &'a str,
    /// When, by the caller's clock.
    pub at: At,
}

/// Who did something and when, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The place in the log, from 0. It decides what came first; times may be told wrongly.
    pub sequence: u64,
    /// Who.
    pub who: String,
    /// When, as told.
    pub at: At,
}

/// The metadata of a registry. May be shared by threads; each call takes a connection of its own.
pub struct Registry {
    url: Url,
    options: Options,
    idle: Mutex<Vec<Box<dyn Connection>>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("place", &self.url.shown()).finish_non_exhaustive()
    }
}

impl Registry {
    /// Opens the registry at `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE` and brings an older one up to
    /// date. A SQLite registry in a place that cannot be written opens for reading.
    pub fn open(url: &str) -> Result<Self, Error> {
        Self::open_with(url, &Options::default())
    }

    /// As [`Self::open`], with options.
    pub fn open_with(url: &str, options: &Options) -> Result<Self, Error> {
        Self::connected(url, options, false)
    }

    /// Makes a registry, or opens the one that is there. The database of a PostgreSQL server must exist.
    pub fn create(url: &str) -> Result<Self, Error> {
        Self::create_with(url, &Options::default())
    }

    /// As [`Self::create`], with options.
    pub fn create_with(url: &str, options: &Options) -> Result<Self, Error> {
        Self::connected(url, options, true)
    }

    fn connected(url: &str, options: &Options, create: bool) -> Result<Self, Error> {
        let url = Url::parse(url)?;
        let mut connection = database::connect(&url, options, create)?;
        migrations::migrate(connection.as_mut(), &url.shown(), create)?;
        Ok(Self { url, options: options.clone(), idle: Mutex::new(vec![connection]) })
    }

    /// Where it is, without user and password.
    pub fn place(&self) -> String {
        self.url.shown()
    }

    /// The bytes that it takes.
    pub fn size(&self) -> Result<u64, Error> {
        let mut connection = self.connection()?;
        let size = connection.size()?;
        self.keep(connection);
        Ok(size)
    }

    fn connection(&self) -> Result<Box<dyn Connection>, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| database::connect(&self.url, &self.options, false), Ok)
    }

    fn keep(&self, connection: Box<dyn Connection>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.usable() && idle.len() < IDLE {
            idle.push(connection);
        }
    }

    /// Runs `work` in a transaction. It is kept if `work` succeeds; a refusal undoes it.
    fn transaction<T>(
        &self,
        mode: Mode,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connection = self.connection()?;
        if let Err(error) = connection.begin(mode) {
            // It may have begun, or be broken: it is not used again. The others may be as old.
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
            return Err(error);
        }
        match work(&mut Transaction::new(connection.as_mut())) {
            Ok(result) => {
                connection.commit()?;
                self.keep(connection);
                Ok(result)
            }
            Err(error) => {
                // A connection that cannot undo is dropped, and with it the transaction.
                if connection.roll_back().is_ok() {
                    self.keep(connection);
                }
                Err(error)
            }
        }
    }

    pub(crate) fn act<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.transaction(Mode::Act, work)
    }

    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.transaction(Mode::Read, work)
    }

    pub(crate) fn touch<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.transaction(Mode::Touch, work)
    }
}
