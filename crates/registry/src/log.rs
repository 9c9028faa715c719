//! The log: every act in order, and how far it was published.

use crate::database::Row;
use crate::merkle::Tree;
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry};
use crate::transaction::{Entry, Transaction, at};
use crate::{At, Error, models, secret, text};
use reproof_attest::log::Hash;

/// An act, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place, from 0, without holes.
    pub sequence: u64,
    /// When, as told.
    pub at: At,
    /// The greatest time told so far: later than `at` where the clock of whoever acted was behind.
    pub effective: At,
    /// Who.
    pub who: String,
    /// What, such as `alias.set`.
    pub act: String,
    /// The canonical JSON that says all of it: a leaf of the transparency log.
    pub leaf: Vec<u8>,
    /// SHA-256 of a zero byte and the leaf, as RFC 6962 hashes leaves.
    pub leaf_hash: [u8; 32],
}

/// How far the log was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The entries in the published tree.
    pub size: u64,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// When.
    pub at: At,
}

/// The most bytes of a checkpoint's text.
const MAX_CHECKPOINT: usize = 16 << 10;

/// The most entries that one call gives.
pub const MAX_ENTRIES: u32 = 10_000;

/// The columns of a [`LogEntry`], and where they come from.
macro_rules! log_sql {
    ($rest:literal) => {
        concat!(
            "SELECT l.sequence, l.at, l.effective, w.text, a.text, l.leaf, l.leaf_hash FROM log l ",
            "JOIN label w ON w.id = l.who JOIN label a ON a.id = l.act ",
            $rest
        )
    };
}

/// The entries about a model: those that name it, and those that brought evidence about the artifact of one of its versions.
/// The second kind names artifacts and no model, since evidence is bound to them, so it is found from the evidence: a step
/// takes the newest finding about each version from below the batch before, and goes to the batch of the newest of these. So a
/// page costs its entries times the versions of the model, however much evidence there is.
const OF_MODEL: &str = log_sql!(
    "JOIN (WITH RECURSIVE brought (sequence, first, step) AS ( \
         SELECT CAST(?2 AS BIGINT), coalesce((SELECT b.first FROM batch b WHERE b.sequence >= ?2 ORDER BY b.sequence LIMIT 1), \
                             9223372036854775807), CAST(0 AS BIGINT) \
         UNION ALL \
         SELECT b.sequence, b.first, t.step + 1 FROM brought AS t JOIN batch AS b ON b.first = ( \
             SELECT x.first FROM batch AS x WHERE x.first <= ( \
                 SELECT max((SELECT e.id FROM evidence AS e WHERE e.artifact = v.artifact AND e.id < t.first \
                             ORDER BY e.id DESC LIMIT 1)) \
                 FROM version AS v WHERE v.model = ?1) \
             ORDER BY x.first DESC LIMIT 1) \
         WHERE t.step < ?3) \
     SELECT sequence FROM brought WHERE step > 0 \
     UNION \
     SELECT sequence FROM (SELECT sequence FROM log WHERE model = ?1 AND sequence < ?2 \
                           ORDER BY sequence DESC LIMIT ?3) AS own) AS found ON found.sequence = l.sequence \
     ORDER BY l.sequence DESC LIMIT ?3"
);

fn read(row: &mut Row) -> Result<LogEntry, Error> {
    Ok(LogEntry {
        sequence: row.count()?,
        at: at(row.integer()?)?,
        effective: at(row.integer()?)?,
        who: row.text()?,
        act: row.text()?,
        leaf: row.bytes()?,
        leaf_hash: row.hash()?,
    })
}

fn size(tx: &mut Transaction<'_>) -> Result<u64, Error> {
    tx.one("SELECT sequence + 1 FROM log ORDER BY sequence DESC LIMIT 1", &[])?
        .map_or(Ok(0), |mut row| row.count())
}

fn published(tx: &mut Transaction<'_>) -> Result<Option<Published>, Error> {
    tx.one("SELECT size, checkpoint, at FROM published ORDER BY size DESC LIMIT 1", &[])?
        .map(|mut row| Ok(Published { size: row.count()?, checkpoint: row.text()?, at: at(row.integer()?)? }))
        .transpose()
}

/// The root over the first entries, and an error where one is missing.
fn root(tx: &mut Transaction<'_>, size: u64) -> Result<[u8; 32], Error> {
    let mut tree = Tree::default();
    let mut next = 0;
    while next < size {
        let upto = size.min(next + u64::from(MAX_ENTRIES));
        let parameters = [text::count("entries", next)?.into(), text::count("entries", upto)?.into()];
        let rows = tx.all(
            "SELECT sequence, leaf_hash FROM log WHERE sequence >= ?1 AND sequence < ?2 ORDER BY sequence",
            &parameters,
        )?;
        for mut row in rows {
            let sequence = row.count()?;
            if sequence != next {
                return Err(Error::Damaged {
                    what: format!("the log: expected entry {next}, got {sequence}"),
                });
            }
            tree.push(Hash::new(row.hash()?));
            next += 1;
        }
        if next != upto {
            return Err(Error::Damaged { what: format!("the log: entry {next} is missing") });
        }
    }
    Ok(*tree.root().as_bytes())
}

/// What a spot check of stored versions came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotCheck<'a> {
    /// Versions that could be chosen.
    pub versions: u64,
    /// Those that were chosen.
    pub checked: u64,
    /// The number that chose them.
    pub seed: u64,
    /// Those of which it could not be told here, because nothing here runs them.
    pub undecided: u64,
    /// Those that are not what they were, as `MODEL@VERSION`; as many as an entry has room for are named.
    pub failed: &'a [String],
}

/// Failed versions that an entry names.
const NAMED: usize = 100;

/// The number of the last entry.
pub(crate) fn last(tx: &mut Transaction<'_>) -> Result<Option<u64>, Error> {
    let row = tx.one("SELECT sequence FROM log ORDER BY sequence DESC LIMIT 1", &[])?;
    row.map(|mut row| row.count()).transpose()
}

/// Whether one of these acts was done after an entry.
pub(crate) fn happened_since(
    tx: &mut Transaction<'_>,
    acts: &[&str],
    since: Option<u64>,
) -> Result<bool, Error> {
    let after = since.map_or(Ok(-1), |since| text::count("number of an entry", since))?;
    let rows = tx.all(
        "SELECT DISTINCT a.text FROM log l JOIN label a ON a.id = l.act WHERE l.sequence > ?1",
        &[after.into()],
    )?;
    for mut row in rows {
        let act = row.text()?;
        if acts.contains(&act.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Registry {
    /// Keeps what a spot check came to, as an entry of the log and nothing else; its number.
    pub fn record_spot_check(&self, by: By<'_>, check: &SpotCheck<'_>) -> Result<u64, Error> {
        let named = &check.failed[..check.failed.len().min(NAMED)];
        let mut entry = Entry::new("audit.spot")
            .detail("versions", check.versions.to_string())
            .detail("checked", check.checked.to_string())
            .detail("seed", check.seed.to_string())
            .detail("undecided", check.undecided.to_string())
            .detail("failures", check.failed.len().to_string());
        if !named.is_empty() {
            entry = entry.detail("failed", named.join(" "));
        }
        self.act(|tx| Ok(tx.record(by, &entry)?.sequence as u64))
    }

    /// The number of entries in the log.
    pub fn log_size(&self) -> Result<u64, Error> {
        self.read(size)
    }

    /// The entries from `sequence` on, at most `limit` and at most [`MAX_ENTRIES`].
    pub fn log_since(&self, sequence: u64, limit: u32) -> Result<Vec<LogEntry>, Error> {
        let from = text::count("place in the log", sequence)?;
        self.read(|tx| {
            tx.all(
                log_sql!("WHERE l.sequence >= ?1 ORDER BY l.sequence LIMIT ?2"),
                &[from.into(), i64::from(limit.min(MAX_ENTRIES)).into()],
            )?
            .into_iter()
            .map(|mut row| read(&mut row))
            .collect()
        })
    }

    /// The entries about a model, newest first: what was done with it and its versions, and what evidence about their
    /// artifacts came in, also before there was such a version.
    pub fn log_of(&self, model: &str, request: &PageRequest) -> Result<Page<LogEntry>, Error> {
        const LIST: &str = "log";
        let before = request.after_number(LIST)?.unwrap_or(i64::MAX);
        let rows = self.read(|tx| {
            let model = models::find(tx, model)?;
            tx.all(OF_MODEL, &[model.into(), before.into(), request.rows().into()])
        })?;
        request.page(LIST, rows, |row| {
            let entry = read(row)?;
            Ok((entry.sequence.to_string(), entry))
        })
    }

    /// How far the log was published; `None` if it never was.
    pub fn published(&self) -> Result<Option<Published>, Error> {
        self.read(published)
    }

    /// Notes that the first `size` entries were published under a checkpoint. It only grows; the same size again changes
    /// nothing.
    pub fn set_published(&self, size_published: u64, checkpoint: &str, now: At) -> Result<(), Error> {
        text::text("checkpoint", checkpoint, MAX_CHECKPOINT)?;
        let kept = text::count("published entries", size_published)?;
        self.act(|tx| {
            let log = size(tx)?;
            if size_published > log {
                return Err(Error::LogShorter { log, published: size_published });
            }
            match published(tx)? {
                Some(before) if before.size == size_published => return Ok(()),
                Some(before) if before.size > size_published => {
                    return Err(Error::PublishedMore { published: before.size, offered: size_published });
                }
                _ => {}
            }
            tx.run(
                "INSERT INTO published (size, checkpoint, at) VALUES (?1, ?2, ?3)",
                &[kept.into(), checkpoint.into(), now.microseconds().into()],
            )?;
            Ok(())
        })
    }

    /// The RFC 6962 root over the first `size` entries.
    pub fn log_root(&self, size_wanted: u64) -> Result<[u8; 32], Error> {
        self.read(|tx| {
            let log = size(tx)?;
            if size_wanted > log {
                return Err(Error::LogShorter { log, published: size_wanted });
            }
            root(tx, size_wanted)
        })
    }

    /// Checks that this database has the history that was published: the first `size` entries of its log must have the root
    /// that `expected` gives for them. A database that was restored from an older copy has fewer entries, or others in their
    /// place once it was written to. `expected` is asked only where the size can be right.
    pub fn check_against(
        &self,
        size_published: u64,
        expected: impl FnOnce(u64) -> Result<[u8; 32], Error>,
    ) -> Result<(), Error> {
        let actual = self.log_root(size_published)?;
        let expected = expected(size_published)?;
        if actual == expected {
            return Ok(());
        }
        Err(Error::LogDiffers {
            size: size_published,
            expected: secret::hex(&expected),
            actual: secret::hex(&actual),
        })
    }
}
