//! PostgreSQL: one server for many machines. Everything lies in the schema `reproof`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::BytesMut;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::{FromSql, IsNull, ToSql, Type as Column};
use postgres::{Client, Statement};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::Server;
use super::{Bulk, Connection, Mode, Options, Row, StatementObserver, Type, Value};
use crate::Error;
use crate::migrations::Words;

/// The key of the lock that acts take, in this database: `reproof` in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(32199680975662950)";

/// What each connection begins with, whatever the server's settings are. Plans are made once per statement and not per
/// value: each question has one index that answers it, and planning its joins anew takes longer than answering.
const SETTINGS: &str = "SET search_path TO reproof; SET client_encoding TO 'UTF8'; \
                        SET synchronous_commit TO on; SET plan_cache_mode TO force_generic_plan";

pub(super) struct Postgres {
    client: Client,
    shown: String,
    statements: HashMap<&'static str, Statement>,
    observer: Option<StatementObserver>,
    /// The transaction's last word is under way: if the connection ends now, nobody knows what became of it.
    committing: bool,
}

impl Postgres {
    pub(super) fn open(server: &Server, options: &Options) -> Result<Self, Error> {
        let shown = server.shown.clone();
        let tls = MakeRustlsConnect::new(encryption(server)?);
        let mut client = server.configuration.connect(tls).map_err(|error| wrap(&shown, &error, false))?;
        client.batch_execute(SETTINGS).map_err(|error| wrap(&shown, &error, false))?;
        let observer = options.observer.clone();
        Ok(Self { client, shown, statements: HashMap::new(), observer, committing: false })
    }

    fn tell(&self, sql: &str) {
        if let Some(observer) = &self.observer {
            observer(sql);
        }
    }

    fn plain(&mut self, sql: &str) -> Result<(), Error> {
        self.tell(sql);
        self.client.batch_execute(sql).map_err(|error| wrap(&self.shown, &error, self.committing))
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, Error> {
        self.tell(sql);
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement =
            self.client.prepare(&sql.replace('?', "$")).map_err(|error| wrap(&self.shown, &error, false))?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

/// What an encrypted connection trusts. Certificates are always verified, also where libpq would not.
fn encryption(server: &Server) -> Result<rustls::ClientConfig, Error> {
    let mut roots = rustls::RootCertStore::empty();
    let refused = |problem: String| Error::Database { registry: server.shown.clone(), problem };
    if server.configuration.get_ssl_mode() != postgres::config::SslMode::Disable {
        match &server.certificates {
            None => {
                // A system without certificates can still connect without encryption.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Some(path) => {
                let told = |problem: &dyn std::fmt::Display| {
                    refused(format!("could not read certificates from {}: {problem}", path.display()))
                };
                for certificate in CertificateDer::pem_file_iter(path).map_err(|error| told(&error))? {
                    let certificate = certificate.map_err(|error| told(&error))?;
                    roots.add(certificate).map_err(|error| told(&error))?;
                }
                if roots.is_empty() {
                    return Err(told(&"it holds none as PEM"));
                }
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

type Failure = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, column: &Column, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(value) => match *column {
                Column::INT4 => i32::try_from(*value)?.to_sql(column, out),
                _ => value.to_sql(column, out),
            },
            Self::Text(value) => value.to_sql(column, out),
            Self::Bytes(value) => value.to_sql(column, out),
        }
    }

    fn accepts(column: &Column) -> bool {
        matches!(*column, Column::INT8 | Column::INT4 | Column::TEXT | Column::VARCHAR | Column::BYTEA)
    }

    postgres::types::to_sql_checked!();
}

impl FromSql<'_> for Value {
    fn from_sql(column: &Column, raw: &[u8]) -> Result<Self, Failure> {
        Ok(match *column {
            Column::INT8 => Self::Integer(i64::from_sql(column, raw)?),
            Column::INT4 => Self::Integer(i64::from(i32::from_sql(column, raw)?)),
            Column::BYTEA => Self::Bytes(raw.to_vec()),
            _ => Self::Text(String::from_sql(column, raw)?),
        })
    }

    fn from_sql_null(_: &Column) -> Result<Self, Failure> {
        Ok(Self::Null)
    }

    fn accepts(column: &Column) -> bool {
        <Self as ToSql>::accepts(column)
    }
}

fn read(row: &postgres::Row) -> Result<Row, postgres::Error> {
    (0..row.len()).map(|column| row.try_get(column)).collect::<Result<_, _>>().map(Row::new)
}

fn borrowed(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Connection for Postgres {
    fn execute(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, Error> {
        let statement = self.statement(sql)?;
        self.client
            .execute(&statement, &borrowed(parameters))
            .map_err(|error| wrap(&self.shown, &error, false))
    }

    fn query(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
        let statement = self.statement(sql)?;
        self.client
            .query(&statement, &borrowed(parameters))
            .and_then(|rows| rows.iter().map(read).collect())
            .map_err(|error| wrap(&self.shown, &error, false))
    }

    /// Copies the rows into a table of this transaction and inserts from there, because `COPY` itself stops at the first
    /// row that is there already.
    fn bulk(&mut self, bulk: &Bulk, rows: &mut dyn Iterator<Item = Vec<Value>>) -> Result<Vec<Row>, Error> {
        let columns: Vec<&str> = bulk.columns.iter().map(|(name, _)| *name).collect();
        let columns = columns.join(", ");
        let typed: Vec<String> = bulk
            .columns
            .iter()
            .map(|(name, kind)| {
                let kind = match kind {
                    Type::Integer => "BIGINT",
                    Type::Bytes => "BYTEA",
                };
                format!("{name} {kind}")
            })
            .collect();
        self.plain(&format!(
            "CREATE TEMPORARY TABLE arriving (place BIGINT, {}) ON COMMIT DROP",
            typed.join(", ")
        ))?;
        let mut types = vec![Column::INT8];
        types.extend(bulk.columns.iter().map(|(_, kind)| match kind {
            Type::Integer => Column::INT8,
            Type::Bytes => Column::BYTEA,
        }));
        let copy = format!("COPY arriving (place, {columns}) FROM STDIN BINARY");
        let insert = format!(
            "INSERT INTO {} ({columns}) SELECT {columns} FROM arriving ORDER BY place ON CONFLICT DO NOTHING RETURNING {}",
            bulk.table, bulk.returning
        );
        self.tell(&copy);
        let mut send = || -> Result<Vec<Row>, postgres::Error> {
            let mut writer = BinaryCopyInWriter::new(self.client.copy_in(&copy)?, &types);
            for (place, row) in (0_i64..).zip(&mut *rows) {
                let mut values: Vec<&(dyn ToSql + Sync)> = vec![&place];
                values.extend(borrowed(&row));
                writer.write(&values)?;
            }
            writer.finish()?;
            let rows = self.client.query(&insert, &[])?;
            self.client.batch_execute("DROP TABLE arriving")?;
            rows.iter().map(read).collect()
        };
        send().map_err(|error| wrap(&self.shown, &error, false))
    }

    fn begin(&mut self, mode: Mode) -> Result<(), Error> {
        match mode {
            Mode::Read => self.plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            Mode::Touch => self.plain("BEGIN"),
            // Each statement after the lock sees what was committed before it was granted.
            Mode::Act => self.plain("BEGIN ISOLATION LEVEL READ COMMITTED").and_then(|()| self.plain(LOCK)),
        }
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.committing = true;
        let committed = self.plain("COMMIT");
        self.committing = false;
        committed
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        self.plain("ROLLBACK")
    }

    fn prepare_schema(&mut self) -> Result<(), Error> {
        self.plain("CREATE SCHEMA IF NOT EXISTS reproof")
    }

    fn migrate(&mut self, sql: &str) -> Result<(), Error> {
        self.plain(sql)
    }

    fn words(&self) -> Words {
        Words {
            id: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            integer: "BIGINT",
            bytes: "BYTEA",
            // Pages go on by name, so the order is that of bytes, whatever language the database was made for.
            text: "TEXT COLLATE \"C\"",
            options: "",
        }
    }

    fn schema_version(&mut self) -> Result<Option<u32>, Error> {
        const EXISTS: &str = "SELECT CAST(count(*) AS BIGINT) FROM pg_catalog.pg_tables \
                              WHERE schemaname = 'reproof' AND tablename = 'schema_version'";
        let rows = self.query(EXISTS, &[])?;
        let exists = rows.into_iter().next().map_or(Ok(0), |mut row| row.integer())? > 0;
        if !exists {
            return Ok(None);
        }
        let rows = self.query("SELECT version FROM reproof.schema_version", &[])?;
        let version = rows.into_iter().next().map_or(Ok(0), |mut row| row.count())?;
        Ok(Some(u32::try_from(version).unwrap_or(u32::MAX)))
    }

    fn set_schema_version(&mut self, version: u32) -> Result<(), Error> {
        self.plain(&format!(
            "CREATE TABLE IF NOT EXISTS reproof.schema_version (version BIGINT NOT NULL); \
             DELETE FROM reproof.schema_version; INSERT INTO reproof.schema_version VALUES ({version})"
        ))
    }

    fn read_only(&self) -> bool {
        false
    }

    fn usable(&self) -> bool {
        !self.client.is_closed()
    }

    fn size(&mut self) -> Result<u64, Error> {
        const SIZE: &str = "SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS BIGINT) FROM pg_catalog.pg_class c \
                            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                            WHERE n.nspname = 'reproof' AND c.relkind = 'r'";
        let rows = self.query(SIZE, &[])?;
        rows.into_iter().next().map_or(Ok(0), |mut row| row.count())
    }
}

/// What is wrong with a server's certificate, where that kept a connection from being encrypted.
fn distrust<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    inner.downcast_ref().filter(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}

/// Says what a failure of PostgreSQL means for a registry. The library's texts hold no password: it is sent, never quoted.
fn wrap(registry: &str, error: &postgres::Error, committing: bool) -> Error {
    let registry = registry.to_owned();
    let Some(said) = error.as_db_error() else {
        let inner = std::error::Error::source(error);
        if let Some(distrust) = inner.and_then(distrust) {
            let problem = format!(
                "the server is not trusted: {distrust}; name the certificates of who vouches for it with \
                 `sslrootcert=FILE` in the address, or do without encryption on your own machine with `sslmode=disable`"
            );
            return Error::Database { registry, problem };
        }
        let source = inner.map(|source| format!(": {source}")).unwrap_or_default();
        let problem = format!("{error}{source}");
        let lost = error.is_closed() || inner.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if lost {
            Error::ConnectionLost { registry, problem, committing }
        } else {
            Error::Database { registry, problem }
        };
    };
    let code = said.code().code();
    let problem = format!("{} ({code})", said.message());
    match code {
        // The server is stopping, starting or has no connection left.
        "57P01" | "57P02" | "57P03" | "53300" => Error::ConnectionLost { registry, problem, committing },
        // Serialisation failures, deadlocks and locks that were waited for too long.
        "40001" | "40P01" | "55P03" => Error::Busy { registry },
        "25006" => Error::ReadOnly { registry },
        "53100" => Error::Full { registry },
        _ => Error::Database { registry, problem },
    }
}
