//! The seam between what the registry does and the database that it does it in.
//!
//! Everything that the registry knows is written once, in SQL that both databases read, over [`Connection`]: execute,
//! query, insert many, begin and end a transaction. Two adapters stand behind it: `rusqlite`, with SQLite built in,
//! and `postgres`. One library for both (`sqlx`) was weighed: it is asynchronous, so each call to SQLite would cross to
//! another thread and back, its common face has neither `COPY` nor control over how a transaction begins, and it
//! brings a macro crate that nothing here needs. Two adapters of a few functions are less than what they would replace.
//!
//! SQL is written with `?1`, `?2`, ... and is always a constant; the PostgreSQL adapter writes `$1` for them.

mod postgres;
mod sqlite;
mod url;

use std::sync::Arc;

pub(crate) use url::Url;

use crate::Error;
use crate::migrations::Words;

/// Told of each SQL statement before it runs.
pub type StatementObserver = Arc<dyn Fn(&str) + Send + Sync>;

/// What may be chosen when a registry is opened; the default suits a command.
#[derive(Clone, Default)]
pub struct Options {
    /// The most bytes that a SQLite file may reach; what passes it is [`Error::Full`]. PostgreSQL has limits of its own.
    pub largest_file: Option<u64>,
    /// Told of each SQL statement before it runs: for tracing, and for tests that end the process between two.
    pub observer: Option<StatementObserver>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("largest_file", &self.largest_file)
            .field("observer", &self.observer.is_some())
            .finish()
    }
}

/// A value of a column or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8; 32]> for Value {
    fn from(value: &[u8; 32]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The columns of one row, taken from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    fn unexpected(expected: &'static str, value: Option<&Value>) -> Error {
        let got = match value {
            None => "no further column",
            Some(Value::Null) => "nothing",
            Some(Value::Integer(_)) => "an integer",
            Some(Value::Text(_)) => "a text",
            Some(Value::Bytes(_)) => "bytes",
        };
        Error::Damaged { what: format!("a column: expected {expected}, got {got}") }
    }

    pub(crate) fn integer(&mut self) -> Result<i64, Error> {
        self.optional_integer()?.ok_or_else(|| Self::unexpected("an integer", Some(&Value::Null)))
    }

    pub(crate) fn optional_integer(&mut self) -> Result<Option<i64>, Error> {
        match self.0.next() {
            Some(Value::Integer(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            other => Err(Self::unexpected("an integer", other.as_ref())),
        }
    }

    /// An integer that counts: sequences and sizes.
    pub(crate) fn count(&mut self) -> Result<u64, Error> {
        let value = self.integer()?;
        u64::try_from(value)
            .map_err(|_| Error::Damaged { what: format!("a column: expected a count, got {value}") })
    }

    pub(crate) fn optional_count(&mut self) -> Result<Option<u64>, Error> {
        self.optional_integer()?
            .map(|value| {
                u64::try_from(value)
                    .map_err(|_| Error::Damaged { what: format!("a column: expected a count, got {value}") })
            })
            .transpose()
    }

    pub(crate) fn text(&mut self) -> Result<String, Error> {
        self.optional_text()?.ok_or_else(|| Self::unexpected("a text", Some(&Value::Null)))
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, Error> {
        match self.0.next() {
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            other => Err(Self::unexpected("a text", other.as_ref())),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        self.optional_bytes()?.ok_or_else(|| Self::unexpected("bytes", Some(&Value::Null)))
    }

    pub(crate) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.0.next() {
            Some(Value::Bytes(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            other => Err(Self::unexpected("bytes", other.as_ref())),
        }
    }

    /// The 32 bytes of a digest.
    pub(crate) fn hash(&mut self) -> Result<[u8; 32], Error> {
        let bytes = self.bytes()?;
        <[u8; 32]>::try_from(bytes.as_slice())
            .map_err(|_| Error::Damaged { what: format!("a digest: expected 32 bytes, got {}", bytes.len()) })
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads one state of the database.
    Read,
    /// Acts: one at a time in the whole registry, because the log has no holes. Taking turns at the beginning also
    /// means that nothing which was read can change before it is acted on.
    Act,
    /// Writes what the log does not have, such as a heartbeat, and waits for nobody's act where it can.
    Touch,
}

/// The type of a column of [`Bulk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Integer,
    Bytes,
}

/// Rows to insert at once.
#[derive(Debug)]
pub(crate) struct Bulk {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [(&'static str, Type)],
    /// The columns of rows that were new, in the order of insertion.
    pub(crate) returning: &'static str,
}

/// One connection to a database.
pub(crate) trait Connection: Send {
    /// Runs one statement and gives the number of rows that it touched.
    fn execute(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, Error>;

    /// Runs one statement and gives its rows.
    fn query(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, Error>;

    /// Inserts rows, leaves out those that break a rule of uniqueness, and gives the columns asked for of the others.
    fn bulk(&mut self, bulk: &Bulk, rows: &mut dyn Iterator<Item = Vec<Value>>) -> Result<Vec<Row>, Error>;

    /// Begins a transaction.
    fn begin(&mut self, mode: Mode) -> Result<(), Error>;

    /// Makes a transaction last.
    fn commit(&mut self) -> Result<(), Error>;

    /// Undoes a transaction.
    fn roll_back(&mut self) -> Result<(), Error>;

    /// Makes the room that tables need, in the transaction of a migration.
    fn prepare_schema(&mut self) -> Result<(), Error>;

    /// Runs the text of a migration, in a transaction that was begun.
    fn migrate(&mut self, sql: &str) -> Result<(), Error>;

    /// How the texts of migrations are spelled here.
    fn words(&self) -> Words;

    /// The version of the schema that is there; `None` where there is none.
    fn schema_version(&mut self) -> Result<Option<u32>, Error>;

    /// Notes the version of the schema, in the transaction of a migration.
    fn set_schema_version(&mut self, version: u32) -> Result<(), Error>;

    /// Whether nothing can be written.
    fn read_only(&self) -> bool;

    /// Whether the connection can be used again.
    fn usable(&self) -> bool;

    /// The bytes that the registry takes, for reports.
    fn size(&mut self) -> Result<u64, Error>;
}

/// Connects. `create` makes a database that is missing, where the place allows it.
pub(crate) fn connect(url: &Url, options: &Options, create: bool) -> Result<Box<dyn Connection>, Error> {
    Ok(match url {
        Url::Sqlite(path) => Box::new(sqlite::Sqlite::open(path, options, create)?),
        Url::Postgres(server) => Box::new(postgres::Postgres::open(server, options)?),
    })
}
