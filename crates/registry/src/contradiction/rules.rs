//! Which rows are compared with what their entries say.

use reproof_digest::Kind;

use super::column::{
    Column, Field, alias_move, decision, detail, digests, own, principal_kind, push_act, relation, state_act,
    subject,
};

/// Rows of a table, of which each came with an entry.
pub(super) struct Rows {
    /// What a row is.
    pub(super) what: &'static str,
    /// The acts that make one; none where the entry itself is compared.
    pub(super) acts: &'static [&'static str],
    /// Gives, after `?1` in their order: a number, the sequence of the entry, its leaf, and the columns of the fields.
    pub(super) sql: &'static str,
    /// What the entry says of them.
    pub(super) fields: &'static [Field],
    /// Whether each such entry has exactly one row.
    pub(super) every: bool,
}

/// Rows that are set again, of which the last entry counts.
pub(super) struct Keyed {
    /// What a row is.
    pub(super) what: &'static str,
    /// The acts that make or change one.
    pub(super) set: &'static [&'static str],
    /// The acts that remove one.
    pub(super) remove: &'static [&'static str],
    /// What tells one from another, as parts of the entry's subject.
    pub(super) key: &'static [&'static str],
    /// Gives, after `?1` in their order: the sequence of the entry that a row has, and the key.
    pub(super) sql: &'static str,
}

use Column::{Hashed, Number, Text, Time, Word};

pub(super) const ROWS: &[Rows] = &[
    Rows {
        what: "batch of evidence",
        acts: &["evidence.add"],
        sql: "SELECT b.sequence, l.sequence, l.leaf FROM batch b JOIN log l ON l.sequence = b.sequence \
              WHERE b.sequence > ?1 ORDER BY b.sequence LIMIT 1000",
        fields: &[],
        every: true,
    },
    Rows {
        what: "entry",
        acts: &[],
        sql: "SELECT l.sequence, l.sequence, l.leaf, w.text, a.text, l.at, m.name FROM log l \
              JOIN label w ON w.id = l.who JOIN label a ON a.id = l.act LEFT JOIN model m ON m.id = l.model \
              WHERE l.sequence > ?1 ORDER BY l.sequence LIMIT 1000",
        fields: &[own("who", Text), own("act", Text), own("at", Time), subject("model", Text)],
        every: false,
    },
    Rows {
        what: "model",
        acts: &["model.create", "model.change"],
        sql: "SELECT m.id, l.sequence, l.leaf, m.name, m.owner, m.classification, m.description FROM model m \
              JOIN log l ON l.sequence = coalesce((SELECT max(n.sequence) FROM log n JOIN label a ON a.id = n.act \
              WHERE n.model = m.id AND a.text = 'model.change'), m.sequence) WHERE m.id > ?1 ORDER BY m.id LIMIT 1000",
        fields: &[
            subject("model", Text),
            detail("owner", Text),
            detail("classification", Text),
            detail("description", Text),
        ],
        every: false,
    },
    Rows {
        what: "version",
        acts: &["version.push"],
        sql: "SELECT v.id, l.sequence, l.leaf, m.name, v.text, d.digest, v.manifest, v.weights, v.contract, v.size, \
              CASE WHEN v.state_sequence = v.sequence THEN v.state ELSE 0 END FROM version v \
              JOIN model m ON m.id = v.model JOIN artifact d ON d.id = v.artifact JOIN log l ON l.sequence = v.sequence \
              WHERE v.id > ?1 ORDER BY v.id LIMIT 1000",
        fields: &[
            subject("model", Text),
            subject("version", Text),
            digests("artifact", Column::Digest(Kind::Artifact)),
            digests("manifest", Text),
            digests("weights", Column::Digest(Kind::Weights)),
            digests("contract", Column::Digest(Kind::Contract)),
            detail("size", Number),
            own("act", Word(push_act)),
        ],
        every: true,
    },
    Rows {
        what: "state of version",
        acts: &["version.restore", "version.retire", "version.delete"],
        sql: "SELECT v.id, l.sequence, l.leaf, m.name, v.text, v.state FROM version v JOIN model m ON m.id = v.model \
              JOIN log l ON l.sequence = v.state_sequence WHERE v.id > ?1 AND v.state_sequence <> v.sequence \
              ORDER BY v.id LIMIT 1000",
        fields: &[subject("model", Text), subject("version", Text), own("act", Word(state_act))],
        every: false,
    },
    Rows {
        what: "alias",
        acts: &["alias.set", "alias.revert", "alias.remove"],
        sql: "SELECT a.id, l.sequence, l.leaf, m.name, a.name, v.text FROM alias a JOIN model m ON m.id = a.model \
              JOIN log l ON l.sequence = a.sequence LEFT JOIN version v ON v.id = a.version WHERE a.id > ?1 \
              ORDER BY a.id LIMIT 1000",
        fields: &[subject("model", Text), subject("alias", Text), subject("version", Text)],
        every: false,
    },
    Rows {
        what: "move of an alias",
        acts: &["alias.set", "alias.revert", "alias.remove"],
        sql: "SELECT e.sequence, l.sequence, l.leaf, e.kind, m.name, a.name, v.text, p.text, e.reason \
              FROM alias_event e JOIN alias a ON a.id = e.alias JOIN model m ON m.id = a.model \
              JOIN log l ON l.sequence = e.sequence LEFT JOIN version v ON v.id = e.version \
              LEFT JOIN version p ON p.id = e.previous WHERE e.sequence > ?1 ORDER BY e.sequence LIMIT 1000",
        fields: &[
            own("act", Word(alias_move)),
            subject("model", Text),
            subject("alias", Text),
            subject("version", Text),
            detail("previous", Text),
            detail("reason", Text),
        ],
        every: true,
    },
    Rows {
        what: "decision",
        acts: &["approval.decide"],
        sql: "SELECT p.id, l.sequence, l.leaf, m.name, v.text, d.digest, p.role, p.decision, p.reason FROM approval p \
              JOIN version v ON v.id = p.version JOIN model m ON m.id = v.model JOIN artifact d ON d.id = p.artifact \
              JOIN log l ON l.sequence = p.sequence WHERE p.withdraws IS NULL AND p.id > ?1 ORDER BY p.id LIMIT 1000",
        fields: &[
            subject("model", Text),
            subject("version", Text),
            digests("artifact", Column::Digest(Kind::Artifact)),
            detail("role", Text),
            detail("decision", Word(decision)),
            detail("reason", Text),
        ],
        every: true,
    },
    Rows {
        what: "withdrawal of a decision",
        acts: &["approval.withdraw"],
        sql: "SELECT p.id, l.sequence, l.leaf, p.withdraws, p.reason FROM approval p JOIN log l ON l.sequence = p.sequence \
              WHERE p.withdraws IS NOT NULL AND p.id > ?1 ORDER BY p.id LIMIT 1000",
        fields: &[subject("approval", Number), detail("reason", Text)],
        every: true,
    },
    Rows {
        what: "flag",
        acts: &["flag.raise"],
        sql: "SELECT f.id, l.sequence, l.leaf, m.name, v.text, f.reason FROM flag f JOIN version v ON v.id = f.version \
              JOIN model m ON m.id = v.model JOIN log l ON l.sequence = f.sequence WHERE f.id > ?1 ORDER BY f.id LIMIT 1000",
        fields: &[subject("model", Text), subject("version", Text), detail("reason", Text)],
        every: true,
    },
    Rows {
        what: "cleared flag",
        acts: &["flag.clear"],
        sql: "SELECT f.id, l.sequence, l.leaf, f.id, f.cleared_reason FROM flag f JOIN log l ON l.sequence = f.cleared \
              WHERE f.id > ?1 ORDER BY f.id LIMIT 1000",
        fields: &[subject("flag", Number), detail("reason", Text)],
        every: true,
    },
    Rows {
        what: "gate",
        acts: &["gate.set", "gate.remove"],
        sql: "SELECT g.id, l.sequence, l.leaf, g.pattern, g.alias, g.revision, g.text FROM gate g \
              JOIN log l ON l.sequence = g.sequence WHERE g.id > ?1 ORDER BY g.id LIMIT 1000",
        fields: &[
            subject("pattern", Text),
            subject("alias", Text),
            detail("revision", Number),
            digests("text", Hashed),
        ],
        every: true,
    },
    Rows {
        what: "hold",
        acts: &["hold.lay"],
        sql: "SELECT h.id, l.sequence, l.leaf, m.name, v.text, h.reason FROM hold h JOIN model m ON m.id = h.model \
              JOIN log l ON l.sequence = h.sequence LEFT JOIN version v ON v.id = h.version WHERE h.id > ?1 \
              ORDER BY h.id LIMIT 1000",
        fields: &[subject("model", Text), subject("version", Text), detail("reason", Text)],
        every: true,
    },
    Rows {
        what: "released hold",
        acts: &["hold.release"],
        sql: "SELECT h.id, l.sequence, l.leaf, h.id, h.released_reason FROM hold h JOIN log l ON l.sequence = h.released \
              WHERE h.id > ?1 ORDER BY h.id LIMIT 1000",
        fields: &[subject("hold", Number), detail("reason", Text)],
        every: true,
    },
    Rows {
        what: "principal",
        acts: &["principal.add"],
        sql: "SELECT p.id, l.sequence, l.leaf, p.name, p.kind FROM principal p JOIN log l ON l.sequence = p.sequence \
              WHERE p.id > ?1 ORDER BY p.id LIMIT 1000",
        fields: &[subject("principal", Text), detail("kind", Word(principal_kind))],
        every: true,
    },
    Rows {
        what: "grant",
        acts: &["grant.give"],
        sql: "SELECT g.id, l.sequence, l.leaf, p.name, g.pattern, g.alias, g.role FROM permit g \
              JOIN principal p ON p.id = g.principal JOIN log l ON l.sequence = g.sequence WHERE g.id > ?1 \
              ORDER BY g.id LIMIT 1000",
        fields: &[
            subject("principal", Text),
            subject("pattern", Text),
            subject("alias", Text),
            detail("role", Text),
        ],
        every: true,
    },
    Rows {
        what: "revoked grant",
        acts: &["grant.revoke"],
        sql: "SELECT g.id, l.sequence, l.leaf, g.id FROM permit g JOIN log l ON l.sequence = g.revoked WHERE g.id > ?1 \
              ORDER BY g.id LIMIT 1000",
        fields: &[subject("grant", Number)],
        every: true,
    },
    Rows {
        what: "token",
        acts: &["token.issue"],
        sql: "SELECT t.id, l.sequence, l.leaf, p.name, t.name, t.expires FROM token t JOIN principal p ON p.id = t.principal \
              JOIN log l ON l.sequence = t.sequence WHERE t.id > ?1 ORDER BY t.id LIMIT 1000",
        fields: &[subject("principal", Text), subject("token", Text), detail("expires", Time)],
        every: true,
    },
    Rows {
        what: "revoked token",
        acts: &["token.revoke"],
        sql: "SELECT t.id, l.sequence, l.leaf, p.name, t.name FROM token t JOIN principal p ON p.id = t.principal \
              JOIN log l ON l.sequence = t.revoked WHERE t.id > ?1 ORDER BY t.id LIMIT 1000",
        fields: &[subject("principal", Text), subject("token", Text)],
        every: true,
    },
    Rows {
        what: "tag",
        acts: &["tag.set"],
        sql: "SELECT t.sequence, l.sequence, l.leaf, m.name, v.text, t.key, t.value FROM tag t \
              JOIN version v ON v.id = t.version JOIN model m ON m.id = v.model JOIN log l ON l.sequence = t.sequence \
              WHERE t.sequence > ?1 ORDER BY t.sequence LIMIT 1000",
        fields: &[
            subject("model", Text),
            subject("version", Text),
            subject("tag", Text),
            detail("value", Text),
        ],
        every: false,
    },
    Rows {
        what: "note",
        acts: &["note.add"],
        sql: "SELECT n.sequence, l.sequence, l.leaf, m.name, v.text, n.text FROM note n \
              JOIN version v ON v.id = n.version JOIN model m ON m.id = v.model JOIN log l ON l.sequence = n.sequence \
              WHERE n.sequence > ?1 ORDER BY n.sequence LIMIT 1000",
        fields: &[subject("model", Text), subject("version", Text), detail("text", Text)],
        every: true,
    },
    Rows {
        what: "lineage",
        acts: &["lineage.add"],
        sql: "SELECT i.id, l.sequence, l.leaf, m.name, v.text, i.relation, i.target FROM lineage i \
              JOIN version v ON v.id = i.version JOIN model m ON m.id = v.model JOIN log l ON l.sequence = i.sequence \
              WHERE i.id > ?1 ORDER BY i.id LIMIT 1000",
        fields: &[
            subject("model", Text),
            subject("version", Text),
            subject("relation", Word(relation)),
            subject("target", Text),
        ],
        every: true,
    },
    Rows {
        what: "retention",
        acts: &["retention.set"],
        sql: "SELECT r.sequence, l.sequence, l.leaf, CASE WHEN r.subject = 0 THEN r.name END, \
              CASE WHEN r.subject = 1 THEN r.name END, r.seconds FROM retention r JOIN log l ON l.sequence = r.sequence \
              WHERE r.sequence > ?1 ORDER BY r.sequence LIMIT 1000",
        fields: &[subject("alias", Text), subject("classification", Text), detail("seconds", Number)],
        every: false,
    },
];

pub(super) const KEYED: &[Keyed] = &[
    Keyed {
        what: "alias",
        set: &["alias.set", "alias.revert", "alias.remove"],
        remove: &[],
        key: &["model", "alias"],
        sql: "SELECT a.sequence, m.name, a.name FROM alias a JOIN model m ON m.id = a.model WHERE a.sequence > ?1 \
              ORDER BY a.sequence LIMIT 1000",
    },
    Keyed {
        what: "state of version",
        set: &["version.restore", "version.retire", "version.delete"],
        remove: &[],
        key: &["model", "version"],
        sql: "SELECT v.state_sequence, m.name, v.text FROM version v JOIN model m ON m.id = v.model \
              WHERE v.state_sequence > ?1 AND v.state_sequence <> v.sequence ORDER BY v.state_sequence LIMIT 1000",
    },
    Keyed {
        what: "membership",
        set: &["group.add"],
        remove: &["group.remove"],
        key: &["group", "member"],
        sql: "SELECT s.sequence, t.name, p.name FROM membership s JOIN principal t ON t.id = s.team \
              JOIN principal p ON p.id = s.member WHERE s.sequence > ?1 ORDER BY s.sequence LIMIT 1000",
    },
    Keyed {
        what: "tag",
        set: &["tag.set"],
        remove: &["tag.remove"],
        key: &["model", "version", "tag"],
        sql: "SELECT t.sequence, m.name, v.text, t.key FROM tag t JOIN version v ON v.id = t.version \
              JOIN model m ON m.id = v.model WHERE t.sequence > ?1 ORDER BY t.sequence LIMIT 1000",
    },
    Keyed {
        what: "retention",
        set: &["retention.set"],
        remove: &["retention.remove"],
        key: &["alias", "classification"],
        sql: "SELECT r.sequence, CASE WHEN r.subject = 0 THEN r.name ELSE '' END, \
              CASE WHEN r.subject = 1 THEN r.name ELSE '' END FROM retention r WHERE r.sequence > ?1 \
              ORDER BY r.sequence LIMIT 1000",
    },
];

/// Questions that have no answer in tables that nobody touched, with what one would be.
pub(super) const NONE: &[(&str, &str)] = &[(
    "SELECT g.pattern, g.alias FROM gate g LEFT JOIN gate n ON n.pattern = g.pattern AND n.alias = g.alias \
     AND n.revision = g.revision + 1 WHERE coalesce(g.superseded, -1) <> coalesce(n.sequence, -1) LIMIT 20",
    "another revision than the last is the gate",
)];
