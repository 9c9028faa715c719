//! One transaction: statements, labels and the row of the log that each act begins with.

use std::collections::{BTreeMap, HashMap};

use reproof_attest::log::Hash;
use reproof_contract::canonical;
use reproof_digest::{Digest, Kind};
use serde::Serialize;

use crate::database::{Bulk, Connection, Row, Value};
use crate::registry::{By, Stamp};
use crate::{At, Error, text};

/// The most bytes of a leaf: its length is written in 16 bits where the log is published.
pub const MAX_LEAF: usize = u16::MAX as usize;

/// The most statements that one act may rest on.
pub const MAX_EVIDENCE: usize = 256;

pub(crate) struct Transaction<'a> {
    connection: &'a mut dyn Connection,
    labels: HashMap<String, i64>,
    /// The last row of the log: sequence and effective time. Nobody else adds one meanwhile.
    last: Option<(i64, i64)>,
}

/// Where the log put an act.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded {
    pub(crate) sequence: i64,
    pub(crate) effective: i64,
}

impl Recorded {
    /// Who and when, as later reads will give it.
    pub(crate) fn stamp(self, by: By<'_>) -> Stamp {
        Stamp { sequence: self.sequence as u64, who: by.who.to_owned(), at: by.at }
    }
}

/// What the log says of an act, beside who and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    act: &'static str,
    model: Option<i64>,
    subject: BTreeMap<&'static str, String>,
    digests: BTreeMap<&'static str, String>,
    detail: BTreeMap<&'static str, String>,
    evidence: Vec<String>,
}

impl Entry {
    pub(crate) fn new(act: &'static str) -> Self {
        Self { act, ..Self::default() }
    }

    /// The model whose history has it.
    pub(crate) fn of_model(mut self, id: i64, name: &str) -> Self {
        self.model = Some(id);
        self.subject("model", name)
    }

    pub(crate) fn subject(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.subject.insert(key, value.into());
        self
    }

    pub(crate) fn digest(mut self, key: &'static str, digest: &Digest) -> Self {
        self.digests.insert(key, digest.to_string());
        self
    }

    pub(crate) fn detail(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.detail.insert(key, value.into());
        self
    }

    pub(crate) fn evidence(mut self, statements: &[Digest]) -> Self {
        self.evidence = statements.iter().map(Digest::to_string).collect();
        self
    }
}

/// The document whose canonical bytes are a leaf of the transparency log.
#[derive(Serialize)]
struct Leaf<'a> {
    schema: &'static str,
    sequence: i64,
    at: String,
    who: &'a str,
    act: &'a str,
    subject: &'a BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    digests: &'a BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    detail: &'a BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    evidence: &'a [String],
    /// Microseconds by which `at` is before the time of an earlier act: somebody's clock was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_behind: Option<i64>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(connection: &'a mut dyn Connection) -> Self {
        Self { connection, labels: HashMap::new(), last: None }
    }

    pub(crate) fn run(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, Error> {
        self.connection.execute(sql, parameters)
    }

    pub(crate) fn all(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
        self.connection.query(sql, parameters)
    }

    pub(crate) fn one(&mut self, sql: &'static str, parameters: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.all(sql, parameters)?.into_iter().next())
    }

    /// The number that a statement counts.
    pub(crate) fn count(&mut self, sql: &'static str, parameters: &[Value]) -> Result<u64, Error> {
        self.one(sql, parameters)?.map_or(Ok(0), |mut row| row.count())
    }

    /// Refuses one more of what a statement counts, where the limit is reached.
    pub(crate) fn room(
        &mut self,
        what: &'static str,
        limit: u64,
        sql: &'static str,
        parameters: &[Value],
    ) -> Result<(), Error> {
        let count = self.count(sql, parameters)?;
        if count < limit { Ok(()) } else { Err(Error::TooMuch { what, limit, got: count + 1 }) }
    }

    /// Inserts a row by a statement that ends in `RETURNING id`, and gives the key.
    pub(crate) fn insert(&mut self, sql: &'static str, parameters: &[Value]) -> Result<i64, Error> {
        self.one(sql, parameters)?
            .ok_or_else(|| Error::Damaged { what: "a row was not inserted".to_owned() })?
            .integer()
    }

    pub(crate) fn bulk(
        &mut self,
        bulk: &Bulk,
        rows: &mut dyn Iterator<Item = Vec<Value>>,
    ) -> Result<Vec<Row>, Error> {
        self.connection.bulk(bulk, rows)
    }

    /// Whether nothing can be written.
    pub(crate) fn read_only(&self) -> bool {
        self.connection.read_only()
    }

    /// The key of a word, which is added where it is new.
    pub(crate) fn label(&mut self, text: &str) -> Result<i64, Error> {
        if let Some(id) = self.labels.get(text) {
            return Ok(*id);
        }
        let known = self.one("SELECT id FROM label WHERE text = ?1", &[text.into()])?;
        let id = match known {
            Some(mut row) => row.integer()?,
            None => self.insert("INSERT INTO label (text) VALUES (?1) RETURNING id", &[text.into()])?,
        };
        self.labels.insert(text.to_owned(), id);
        Ok(id)
    }

    /// The key of an artifact, which is added where it is new.
    pub(crate) fn artifact(&mut self, digest: &Digest) -> Result<i64, Error> {
        match self.known_artifact(digest)? {
            Some(id) => Ok(id),
            None => self.insert(
                "INSERT INTO artifact (digest) VALUES (?1) RETURNING id",
                &[digest.as_bytes().into()],
            ),
        }
    }

    pub(crate) fn known_artifact(&mut self, digest: &Digest) -> Result<Option<i64>, Error> {
        let row = self.one("SELECT id FROM artifact WHERE digest = ?1", &[digest.as_bytes().into()])?;
        row.map(|mut row| row.integer()).transpose()
    }

    /// Adds the next row of the log: the first thing that an act writes, so that its other rows can name it.
    pub(crate) fn record(&mut self, by: By<'_>, entry: &Entry) -> Result<Recorded, Error> {
        text::short("principal", by.who)?;
        if entry.evidence.len() > MAX_EVIDENCE {
            let got = entry.evidence.len() as u64;
            return Err(Error::TooMuch { what: "statements of an act", limit: MAX_EVIDENCE as u64, got });
        }
        let last = match self.last {
            Some(last) => Some(last),
            None => self
                .one("SELECT sequence, effective FROM log ORDER BY sequence DESC LIMIT 1", &[])?
                .map(|mut row| Ok::<_, Error>((row.integer()?, row.integer()?)))
                .transpose()?,
        };
        let at = by.at.microseconds();
        let sequence = last.map_or(0, |(sequence, _)| sequence + 1);
        let effective = last.map_or(at, |(_, effective)| effective.max(at));
        let leaf = canonical::bytes(&Leaf {
            schema: "reproof.log/v0",
            sequence,
            at: by.at.to_string(),
            who: by.who,
            act: entry.act,
            subject: &entry.subject,
            digests: &entry.digests,
            detail: &entry.detail,
            evidence: &entry.evidence,
            clock_behind: (effective > at).then_some(effective - at),
        })
        .map_err(|error| Error::Damaged { what: error.to_string() })?;
        if leaf.len() > MAX_LEAF {
            return Err(Error::TooMuch {
                what: "bytes of a log entry",
                limit: MAX_LEAF as u64,
                got: leaf.len() as u64,
            });
        }
        let (who, act) = (self.label(by.who)?, self.label(entry.act)?);
        let hash = *Hash::of_entry(&leaf).as_bytes();
        self.run(
            "INSERT INTO log (sequence, at, effective, who, act, model, leaf, leaf_hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            &[
                sequence.into(),
                at.into(),
                effective.into(),
                who.into(),
                act.into(),
                entry.model.into(),
                leaf.into(),
                (&hash).into(),
            ],
        )?;
        self.last = Some((sequence, effective));
        Ok(Recorded { sequence, effective })
    }
}

/// Reads the columns `sequence`, `who` and `at`.
pub(crate) fn stamp(row: &mut Row) -> Result<Stamp, Error> {
    Ok(Stamp { sequence: row.count()?, who: row.text()?, at: at(row.integer()?)? })
}

/// Reads `sequence`, `who` and `at` of an act that may not have happened.
pub(crate) fn optional_stamp(row: &mut Row) -> Result<Option<Stamp>, Error> {
    let (sequence, who, told) = (row.optional_count()?, row.optional_text()?, row.optional_integer()?);
    match (sequence, who, told) {
        (Some(sequence), Some(who), Some(told)) => Ok(Some(Stamp { sequence, who, at: at(told)? })),
        _ => Ok(None),
    }
}

pub(crate) fn at(microseconds: i64) -> Result<At, Error> {
    At::from_microseconds(microseconds)
        .ok_or_else(|| Error::Damaged { what: format!("a time: expected microseconds, got {microseconds}") })
}

/// Reads a digest whose kind the column fixes.
pub(crate) fn digest(row: &mut Row, kind: Kind) -> Result<Digest, Error> {
    Ok(Digest::new(kind, row.hash()?))
}

/// Reads a digest that is written with its kind.
pub(crate) fn written_digest(row: &mut Row) -> Result<Digest, Error> {
    row.text()?
        .parse()
        .map_err(|error: reproof_digest::ParseDigestError| Error::Damaged { what: error.to_string() })
}

/// An enumeration that is kept as a number.
macro_rules! numbered {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal, $text:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every one, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word for it in documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            pub(crate) const fn number(self) -> i64 {
                match self { $(Self::$variant => $number,)+ }
            }

            pub(crate) fn from_number(number: i64) -> Result<Self, $crate::Error> {
                match number {
                    $($number => Ok(Self::$variant),)+
                    _ => Err($crate::Error::Damaged {
                        what: format!("{}: number {number} stands for nothing", stringify!($name)),
                    }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use numbered;
