//! SQLite: one file beside the models, for one machine.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, ToSql};

use super::{Bulk, Connection, Mode, Options, Row, StatementObserver, Value};
use crate::Error;
use crate::migrations::Words;

/// How long a writer waits for another one: far longer than any act, much shorter than a person's patience.
const BUSY: Duration = Duration::from_secs(20);

/// Marks the file as a registry's, so that no other database is taken for one: `Rprf` in ASCII.
const APPLICATION: i64 = 0x5270_7266;

/// Statements that stay prepared on a connection; the registry has about a hundred.
const PREPARED: usize = 128;

/// Bytes per page, as the file is made.
const PAGE: u64 = 4096;

pub(super) struct Sqlite {
    connection: rusqlite::Connection,
    shown: String,
    read_only: bool,
    observer: Option<StatementObserver>,
}

impl Sqlite {
    pub(super) fn open(path: &Path, options: &Options, create: bool) -> Result<Self, Error> {
        let shown = path.display().to_string();
        if !create && !path.exists() {
            return Err(Error::NoRegistry { registry: shown });
        }
        let (connection, read_only) = Self::connect(path, create).map_err(|error| wrap(&shown, &error))?;
        let opened = Self { connection, shown, read_only, observer: options.observer.clone() };
        opened.prepare(options)?;
        Ok(opened)
    }

    /// Opens for writing, or only for reading where the system allows no more.
    fn connect(path: &Path, create: bool) -> rusqlite::Result<(rusqlite::Connection, bool)> {
        let common = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let mut flags = common | OpenFlags::SQLITE_OPEN_READ_WRITE;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let opened = rusqlite::Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            // The first read is what opens or makes the files beside the database, which writing needs.
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            let read_only = connection.is_readonly("main")?;
            Ok((connection, read_only))
        });
        match opened {
            Ok((connection, false)) => return Ok((connection, false)),
            Err(error) if create || !cannot_write(&error) => return Err(error),
            _ => {}
        }
        // Without a file of recent writes beside it the database is one file that nobody changes. With one, SQLite needs
        // the index of it, which must then be there as well.
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let quiet = std::fs::metadata(log).map_or(true, |metadata| metadata.len() == 0);
        let mode = if quiet { "mode=ro&immutable=1" } else { "mode=ro" };
        let uri = format!("file:{}?{mode}", percent(path));
        let connection =
            rusqlite::Connection::open_with_flags(uri, common | OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(BUSY)?;
        Ok((connection, true))
    }

    /// Sets what each connection needs, and looks whether the file is a registry at all.
    fn prepare(&self, options: &Options) -> Result<(), Error> {
        let set = |connection: &rusqlite::Connection| -> rusqlite::Result<i64> {
            connection.set_prepared_statement_cache_capacity(PREPARED);
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "cell_size_check", true)?;
            // Negative: kibibytes. Enough for the upper levels of the indexes of a large registry.
            connection.pragma_update(None, "cache_size", -32_768)?;
            if !self.read_only {
                connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
                connection.pragma_update(None, "synchronous", "full")?;
            }
            if let Some(bytes) = options.largest_file {
                let pages = i64::try_from((bytes / PAGE).max(1)).unwrap_or(i64::MAX);
                connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
            }
            connection.pragma_query_value(None, "application_id", |row| row.get(0))
        };
        match set(&self.connection).map_err(|error| wrap(&self.shown, &error))? {
            0 | APPLICATION => Ok(()),
            other => Err(Error::ForeignFile { registry: self.shown.clone(), application: other }),
        }
    }

    fn tell(&self, sql: &str) {
        if let Some(observer) = &self.observer {
            observer(sql);
        }
    }

    fn plain(&mut self, sql: &str) -> Result<(), Error> {
        self.tell(sql);
        self.connection.execute_batch(sql).map_err(|error| wrap(&self.shown, &error))
    }
}

/// Whether a database could not be opened because nothing can be written where it is.
fn cannot_write(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// A path in a URI: what has a meaning there is written `%XX`.
fn percent(path: &Path) -> String {
    let mut text = String::new();
    for character in path.to_string_lossy().chars() {
        match character {
            '%' => text.push_str("%25"),
            '?' => text.push_str("%3f"),
            '#' => text.push_str("%23"),
            other => text.push(other),
        }
    }
    text
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

fn read(row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<Row> {
    let values = (0..columns).map(|column| {
        Ok(match row.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(value) => Value::Integer(value),
            ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
            ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
            // No column is a real number, so only a damaged file gives one.
            ValueRef::Real(_) => {
                return Err(rusqlite::Error::InvalidColumnType(
                    column,
                    "a real number".to_owned(),
                    rusqlite::types::Type::Real,
                ));
            }
        })
    });
    Ok(Row::new(values.collect::<rusqlite::Result<_>>()?))
}

fn query(connection: &rusqlite::Connection, sql: &str, parameters: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| read(row, columns))?;
    rows.collect()
}

impl Connection for Sqlite {
    fn execute(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, Error> {
        self.tell(sql);
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(parameters)))
            .map(|rows| rows as u64)
            .map_err(|error| wrap(&self.shown, &error))
    }

    fn query(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
        self.tell(sql);
        query(&self.connection, sql, parameters).map_err(|error| wrap(&self.shown, &error))
    }

    fn bulk(&mut self, bulk: &Bulk, rows: &mut dyn Iterator<Item = Vec<Value>>) -> Result<Vec<Row>, Error> {
        let columns: Vec<&str> = bulk.columns.iter().map(|(name, _)| *name).collect();
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING RETURNING {}",
            bulk.table,
            columns.join(", "),
            places.join(", "),
            bulk.returning
        );
        self.tell(&sql);
        let mut new = Vec::new();
        for row in rows {
            new.extend(query(&self.connection, &sql, &row).map_err(|error| wrap(&self.shown, &error))?);
        }
        Ok(new)
    }

    fn begin(&mut self, mode: Mode) -> Result<(), Error> {
        if mode != Mode::Read && self.read_only {
            return Err(Error::ReadOnly { registry: self.shown.clone() });
        }
        // A writer says so at once: one that read first could no longer wait for its turn.
        self.plain(if mode == Mode::Read { "BEGIN" } else { "BEGIN IMMEDIATE" })
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.plain("COMMIT")
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        // A full disk has ended the transaction by itself.
        if self.connection.is_autocommit() { Ok(()) } else { self.plain("ROLLBACK") }
    }

    fn prepare_schema(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn migrate(&mut self, sql: &str) -> Result<(), Error> {
        self.plain(sql)
    }

    fn words(&self) -> Words {
        Words {
            id: "INTEGER NOT NULL PRIMARY KEY",
            integer: "INTEGER",
            bytes: "BLOB",
            text: "TEXT",
            options: "STRICT",
        }
    }

    fn schema_version(&mut self) -> Result<Option<u32>, Error> {
        let version: u32 = self
            .connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(|error| wrap(&self.shown, &error))?;
        Ok((version > 0).then_some(version))
    }

    fn set_schema_version(&mut self, version: u32) -> Result<(), Error> {
        self.connection
            .pragma_update(None, "user_version", version)
            .and_then(|()| self.connection.pragma_update(None, "application_id", APPLICATION))
            .map_err(|error| wrap(&self.shown, &error))
    }

    fn read_only(&self) -> bool {
        self.read_only
    }

    fn usable(&self) -> bool {
        self.connection.is_autocommit()
    }

    fn size(&mut self) -> Result<u64, Error> {
        self.connection
            .pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))
            .map(|pages| pages as u64 * PAGE)
            .map_err(|error| wrap(&self.shown, &error))
    }
}

/// Says what a failure of SQLite means for a registry.
fn wrap(registry: &str, error: &rusqlite::Error) -> Error {
    let registry = registry.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { registry },
        Some(ErrorCode::ReadOnly) => Error::ReadOnly { registry },
        Some(ErrorCode::DiskFull) => Error::Full { registry },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            Error::Damaged { what: format!("{registry}: {error}") }
        }
        _ => Error::Database { registry, problem: error.to_string() },
    }
}
