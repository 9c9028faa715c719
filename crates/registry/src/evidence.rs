//! Evidence: what was found out about an artifact, by whom, where, and in which signed statement.
//!
//! It is bound to the artifact's digest, not to a version: what was verified before a push counts after it, and nothing
//! that is said of one artifact can be shown for another. Millions of results come in batches; each batch is one act of
//! the log, with the root of a tree over its statements.

use std::collections::HashMap;

use reproof_attest::log::Hash;
use reproof_digest::{Digest, Kind};

use crate::database::{Bulk, Row, Type};
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry};
use crate::transaction::{Entry, Transaction, at, digest, numbered};
use crate::{At, Error, merkle, secret, text};

numbered! {
    /// What a statement is about.
    pub enum EvidenceKind {
        /// How the artifact did in a verification.
        Verification = 0, "verification";
        /// What a scan found in it.
        Scan = 1, "scan";
        /// What a person decided.
        Approval = 2, "approval";
        /// Who signed it.
        Signature = 3, "signature";
        /// How it was made.
        Provenance = 4, "provenance";
    }
}

/// A finding to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEvidence<'a> {
    /// The artifact.
    pub artifact: Digest,
    /// What the statement is about.
    pub kind: EvidenceKind,
    /// Where it was found out, such as `cpu-x86_64`; empty where that means nothing.
    pub environment: &'a str,
    /// The verdict's word, such as `identical` or `findings`.
    pub verdict: &'a str,
    /// How far it reaches, such as `outputs`; empty where that means nothing.
    pub assurance: &'a str,
    /// The `blob-v1` digest of the statement's bytes. A statement counts once per artifact.
    pub statement: Digest,
    /// Who states it.
    pub who: &'a str,
    /// When it was found out.
    pub at: At,
    /// Which key signed the statement; empty for none.
    pub key_hint: &'a str,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its number: a greater one arrived later.
    pub id: u64,
    /// The artifact.
    pub artifact: Digest,
    /// What the statement is about.
    pub kind: EvidenceKind,
    /// Where it was found out.
    pub environment: String,
    /// The verdict's word.
    pub verdict: String,
    /// How far it reaches.
    pub assurance: String,
    /// The digest of the statement's bytes.
    pub statement: Digest,
    /// Who states it.
    pub who: String,
    /// When it was found out.
    pub at: At,
    /// Which key signed the statement.
    pub key_hint: String,
}

/// A statement that the records name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedStatement {
    /// The artifact that it is about.
    pub artifact: Digest,
    /// The digest of its bytes.
    pub statement: Digest,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Findings that are new.
    pub added: u64,
    /// Findings that were there already.
    pub known: u64,
    /// The place of the act in the log; `None` if nothing was new.
    pub sequence: Option<u64>,
    /// The RFC 6962 root over the new statements' digests, sorted; the log has it too.
    pub root: [u8; 32],
}

/// The most findings in one batch: their rows are in memory at once.
pub const MAX_BATCH: usize = 1_000_000;

/// The most environments of an artifact that are shown without pages.
pub const MAX_ENVIRONMENTS: u64 = 4096;

const ARTIFACTS: Bulk =
    Bulk { table: "artifact", columns: &[("digest", Type::Bytes)], returning: "id, digest" };

const EVIDENCE: Bulk = Bulk {
    table: "evidence",
    columns: &[
        ("artifact", Type::Integer),
        ("kind", Type::Integer),
        ("environment", Type::Integer),
        ("verdict", Type::Integer),
        ("assurance", Type::Integer),
        ("who", Type::Integer),
        ("key_hint", Type::Integer),
        ("at", Type::Integer),
        ("statement", Type::Bytes),
    ],
    returning: "id, statement",
};

/// The columns of an [`Evidence`], and where they come from.
macro_rules! evidence_sql {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, a.digest, e.kind, en.text, ve.text, s.text, e.statement, w.text, e.at, k.text FROM evidence e ",
            "JOIN artifact a ON a.id = e.artifact JOIN label en ON en.id = e.environment ",
            "JOIN label ve ON ve.id = e.verdict JOIN label s ON s.id = e.assurance ",
            "JOIN label w ON w.id = e.who JOIN label k ON k.id = e.key_hint ",
            $rest
        )
    };
}

fn read(row: &mut Row) -> Result<Evidence, Error> {
    Ok(Evidence {
        id: row.count()?,
        artifact: digest(row, Kind::Artifact)?,
        kind: EvidenceKind::from_number(row.integer()?)?,
        environment: row.text()?,
        verdict: row.text()?,
        assurance: row.text()?,
        statement: digest(row, Kind::Blob)?,
        who: row.text()?,
        at: at(row.integer()?)?,
        key_hint: row.text()?,
    })
}

/// The latest finding of each kind in each environment: a walk down the index, where each step finds the last row of the
/// place before. So the cost follows the number of environments and not that of findings.
const LATEST: &str = evidence_sql!(
    "WHERE e.id IN (WITH RECURSIVE newest (id, kind, environment) AS ( \
         SELECT * FROM (SELECT id, kind, environment FROM evidence WHERE artifact = ?1 \
                        ORDER BY kind DESC, environment DESC, id DESC LIMIT 1) AS last \
         UNION ALL \
         SELECT n.id, n.kind, n.environment FROM newest AS p JOIN evidence AS n ON n.id = coalesce( \
             (SELECT x.id FROM evidence AS x WHERE x.artifact = ?1 AND x.kind = p.kind AND x.environment < p.environment \
              ORDER BY x.environment DESC, x.id DESC LIMIT 1), \
             (SELECT x.id FROM evidence AS x WHERE x.artifact = ?1 AND x.kind < p.kind \
              ORDER BY x.kind DESC, x.environment DESC, x.id DESC LIMIT 1))) \
     SELECT id FROM newest LIMIT ?2) ORDER BY e.kind, en.text"
);

/// The latest finding of each kind in each environment, by kind and environment.
pub(crate) fn latest(tx: &mut Transaction<'_>, artifact: i64) -> Result<Vec<Evidence>, Error> {
    tx.all(LATEST, &[artifact.into(), (MAX_ENVIRONMENTS as i64).into()])?
        .into_iter()
        .map(|mut row| read(&mut row))
        .collect()
}

pub(crate) fn check(evidence: &[NewEvidence<'_>]) -> Result<(), Error> {
    if evidence.len() > MAX_BATCH {
        let (limit, got) = (MAX_BATCH as u64, evidence.len() as u64);
        return Err(Error::TooMuch { what: "findings of a batch", limit, got });
    }
    for one in evidence {
        text::digest("artifact of a finding", Kind::Artifact, &one.artifact)?;
        text::digest("statement of a finding", Kind::Blob, &one.statement)?;
        text::short("verdict", one.verdict)?;
        text::short("author of a statement", one.who)?;
        text::text("environment class", one.environment, text::MAX_SHORT)?;
        text::text("assurance", one.assurance, text::MAX_SHORT)?;
        text::text("hint of a key", one.key_hint, text::MAX_SHORT)?;
    }
    Ok(())
}

/// The keys of the artifacts of a batch; those that are new are added at once.
fn artifacts(
    tx: &mut Transaction<'_>,
    evidence: &[NewEvidence<'_>],
) -> Result<HashMap<[u8; 32], i64>, Error> {
    let mut keys = HashMap::new();
    let mut new = Vec::new();
    for one in evidence {
        let bytes = *one.artifact.as_bytes();
        if let std::collections::hash_map::Entry::Vacant(place) = keys.entry(bytes) {
            let known = tx.known_artifact(&one.artifact)?;
            place.insert(known.unwrap_or_default());
            if known.is_none() {
                new.push(bytes);
            }
        }
    }
    if !new.is_empty() {
        let mut rows = new.iter().map(|bytes| vec![bytes.into()]);
        for mut row in tx.bulk(&ARTIFACTS, &mut rows)? {
            let id = row.integer()?;
            keys.insert(row.hash()?, id);
        }
    }
    Ok(keys)
}

pub(crate) fn add(
    tx: &mut Transaction<'_>,
    by: By<'_>,
    evidence: &[NewEvidence<'_>],
) -> Result<Batch, Error> {
    let artifacts = artifacts(tx, evidence)?;
    let mut rows = Vec::with_capacity(evidence.len());
    for one in evidence {
        rows.push(vec![
            artifacts.get(one.artifact.as_bytes()).copied().into(),
            one.kind.number().into(),
            tx.label(one.environment)?.into(),
            tx.label(one.verdict)?.into(),
            tx.label(one.assurance)?.into(),
            tx.label(one.who)?.into(),
            tx.label(one.key_hint)?.into(),
            one.at.microseconds().into(),
            one.statement.as_bytes().into(),
        ]);
    }
    let (mut first, mut last) = (i64::MAX, 0);
    let mut statements = Vec::new();
    for mut row in tx.bulk(&EVIDENCE, &mut rows.into_iter())? {
        let id = row.integer()?;
        (first, last) = (first.min(id), last.max(id));
        statements.push(row.hash()?);
    }
    statements.sort_unstable();
    let mut tree = merkle::Tree::default();
    for statement in &statements {
        tree.push(Hash::of_entry(statement));
    }
    let (added, root) = (statements.len() as u64, *tree.root().as_bytes());
    let known = evidence.len() as u64 - added;
    if added == 0 {
        return Ok(Batch { added, known, sequence: None, root });
    }
    let mut entry = Entry::new("evidence.add")
        .detail("count", added.to_string())
        .detail("root", format!("rfc6962-sha256:{}", secret::hex(&root)));
    // A single finding is told in full: it is what a person will look for.
    if let ([one], 1) = (evidence, added) {
        entry = entry
            .digest("artifact", &one.artifact)
            .detail("kind", one.kind.name())
            .detail("verdict", one.verdict)
            .detail("environment", one.environment)
            .evidence(&[one.statement]);
    }
    let recorded = tx.record(by, &entry)?;
    tx.run(
        "INSERT INTO batch (sequence, first, last) VALUES (?1, ?2, ?3)",
        &[recorded.sequence.into(), first.into(), last.into()],
    )?;
    Ok(Batch { added, known, sequence: Some(recorded.sequence as u64), root })
}

impl Registry {
    /// Adds findings, at most [`MAX_BATCH`], in one transaction and one act of the log. Statements that are there already
    /// change nothing, so a batch may be sent again.
    pub fn add_evidence(&self, by: By<'_>, evidence: &[NewEvidence<'_>]) -> Result<Batch, Error> {
        check(evidence)?;
        self.act(|tx| add(tx, by, evidence))
    }

    /// The finding that arrived last, of each kind and in each environment, by kind and environment.
    pub fn latest_evidence(&self, artifact: &Digest) -> Result<Vec<Evidence>, Error> {
        text::digest("artifact", Kind::Artifact, artifact)?;
        self.read(|tx| match tx.known_artifact(artifact)? {
            Some(id) => latest(tx, id),
            None => Ok(Vec::new()),
        })
    }

    /// The statements of all findings about all artifacts, in the order in which they arrived.
    pub fn statements(&self, request: &PageRequest) -> Result<Page<NamedStatement>, Error> {
        const LIST: &str = "statements";
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            tx.all(
                "SELECT e.id, a.digest, e.statement FROM evidence e JOIN artifact a ON a.id = e.artifact \
                 WHERE e.id > ?1 ORDER BY e.id LIMIT ?2",
                &[after.into(), request.rows().into()],
            )
        })?;
        request.numbered(LIST, rows, |_, row| {
            Ok(NamedStatement { artifact: digest(row, Kind::Artifact)?, statement: digest(row, Kind::Blob)? })
        })
    }

    /// All findings about an artifact, newest first.
    pub fn evidence(&self, artifact: &Digest, request: &PageRequest) -> Result<Page<Evidence>, Error> {
        const LIST: &str = "evidence";
        text::digest("artifact", Kind::Artifact, artifact)?;
        let before = request.after_number(LIST)?.unwrap_or(i64::MAX);
        let rows = self.read(|tx| {
            let Some(artifact) = tx.known_artifact(artifact)? else { return Ok(Vec::new()) };
            tx.all(
                evidence_sql!("WHERE e.artifact = ?1 AND e.id < ?2 ORDER BY e.id DESC LIMIT ?3"),
                &[artifact.into(), before.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            let evidence = read(row)?;
            Ok((evidence.id.to_string(), evidence))
        })
    }

    /// The findings that one act of the log brought, in the order of arrival: what its root is over.
    pub fn batch(&self, sequence: u64, request: &PageRequest) -> Result<Page<Evidence>, Error> {
        const LIST: &str = "batch";
        let place = text::count("place in the log", sequence)?;
        let after = request.after_number(LIST)?.unwrap_or(0);
        let rows = self.read(|tx| {
            let range = tx.one("SELECT first, last FROM batch WHERE sequence = ?1", &[place.into()])?;
            let mut range =
                range.ok_or_else(|| Error::Unknown { what: "batch", name: sequence.to_string() })?;
            let (first, last) = (range.integer()?, range.integer()?);
            tx.all(
                evidence_sql!("WHERE e.id >= ?1 AND e.id > ?2 AND e.id <= ?3 ORDER BY e.id LIMIT ?4"),
                &[first.into(), after.into(), last.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            let evidence = read(row)?;
            Ok((evidence.id.to_string(), evidence))
        })
    }
}
