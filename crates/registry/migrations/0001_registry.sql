-- The registry, version 1.
--
-- One text for both databases. Five words are replaced before it runs (`src/migrations.rs`):
--   {id}       a key that the database gives, in ascending order
--   {integer}  64 bits, signed
--   {bytes}    a byte string
--   {text}     a text, which is ordered by its bytes
--   {options}  what follows a table
--
-- Who did something, and when, is said once: in the row of the log that a `sequence` names.
-- Digests are their 32 bytes where the column fixes their kind, and `name-v1:hex` where it does not.
-- Times are microseconds since 1970-01-01 UTC, as the caller told them.

-- Words that many rows repeat: people, acts, verdicts, environment classes.
CREATE TABLE label (
    id {id},
    text {text} NOT NULL UNIQUE
) {options};

-- Every act, in order and without holes. `effective` is the greatest `at` so far: time that never goes back.
CREATE TABLE log (
    sequence {integer} NOT NULL PRIMARY KEY,
    at {integer} NOT NULL,
    effective {integer} NOT NULL,
    who {integer} NOT NULL REFERENCES label (id),
    act {integer} NOT NULL REFERENCES label (id),
    model {integer},
    leaf {bytes} NOT NULL,
    leaf_hash {bytes} NOT NULL
) {options};
CREATE INDEX log_model ON log (model, sequence) WHERE model IS NOT NULL;

-- How far the tiles of the transparency log were published. The last row counts.
CREATE TABLE published (
    id {id},
    size {integer} NOT NULL UNIQUE,
    checkpoint {text} NOT NULL,
    at {integer} NOT NULL
) {options};

CREATE TABLE model (
    id {id},
    name {text} NOT NULL UNIQUE,
    owner {text} NOT NULL,
    description {text} NOT NULL,
    classification {text} NOT NULL,
    sequence {integer} NOT NULL REFERENCES log (sequence)
) {options};

-- What was saved: evidence is bound to this, before and after a version names it.
CREATE TABLE artifact (
    id {id},
    digest {bytes} NOT NULL UNIQUE
) {options};

-- state: 0 active, 1 retired, 2 deleted.
CREATE TABLE version (
    id {id},
    model {integer} NOT NULL REFERENCES model (id),
    text {text} NOT NULL,
    artifact {integer} NOT NULL REFERENCES artifact (id),
    manifest {text} NOT NULL,
    weights {bytes} NOT NULL,
    contract {bytes},
    size {integer} NOT NULL,
    state {integer} NOT NULL,
    state_sequence {integer} NOT NULL REFERENCES log (sequence),
    sequence {integer} NOT NULL REFERENCES log (sequence),
    UNIQUE (model, text)
) {options};
CREATE INDEX version_newest ON version (model, id);
CREATE INDEX version_artifact ON version (artifact, id);
CREATE INDEX version_weights ON version (weights, id);

CREATE TABLE alias (
    id {id},
    model {integer} NOT NULL REFERENCES model (id),
    name {text} NOT NULL,
    version {integer} REFERENCES version (id),
    sequence {integer} NOT NULL REFERENCES log (sequence),
    UNIQUE (model, name)
) {options};
CREATE INDEX alias_version ON alias (version) WHERE version IS NOT NULL;

-- kind: 0 set, 1 reverted, 2 removed. `effective` is that of the log, so that a day is found by one search.
CREATE TABLE alias_event (
    sequence {integer} NOT NULL PRIMARY KEY REFERENCES log (sequence),
    alias {integer} NOT NULL REFERENCES alias (id),
    kind {integer} NOT NULL,
    version {integer} REFERENCES version (id),
    previous {integer} REFERENCES version (id),
    reason {text} NOT NULL,
    effective {integer} NOT NULL
) {options};
CREATE INDEX alias_event_order ON alias_event (alias, sequence);
CREATE INDEX alias_event_day ON alias_event (alias, effective, sequence);

CREATE TABLE tag (
    version {integer} NOT NULL REFERENCES version (id),
    key {text} NOT NULL,
    value {text} NOT NULL,
    sequence {integer} NOT NULL REFERENCES log (sequence),
    PRIMARY KEY (version, key)
) {options};
CREATE INDEX tag_value ON tag (key, value, version);

CREATE TABLE note (
    sequence {integer} NOT NULL PRIMARY KEY REFERENCES log (sequence),
    version {integer} NOT NULL REFERENCES version (id),
    text {text} NOT NULL
) {options};
CREATE INDEX note_version ON note (version, sequence);

-- `target` is a digest or a URL; where it is a version of this registry, `target_version` names it as well.
-- relation: 0 trained-from, 1 derived-from, 2 resumed-from, 3 evaluated-by.
CREATE TABLE lineage (
    id {id},
    version {integer} NOT NULL REFERENCES version (id),
    relation {integer} NOT NULL,
    target {text} NOT NULL,
    target_version {integer} REFERENCES version (id),
    sequence {integer} NOT NULL REFERENCES log (sequence),
    UNIQUE (version, relation, target)
) {options};
CREATE INDEX lineage_target ON lineage (target, id);

CREATE TABLE flag (
    id {id},
    version {integer} NOT NULL REFERENCES version (id),
    reason {text} NOT NULL,
    sequence {integer} NOT NULL REFERENCES log (sequence),
    cleared {integer} REFERENCES log (sequence),
    cleared_reason {text}
) {options};
CREATE INDEX flag_version ON flag (version, id);

-- kind: 0 verification, 1 scan, 2 approval, 3 signature, 4 provenance. `at` is when the statement was made. A
-- statement counts once per artifact. Labels are not checked by the database, as millions of rows arrive at once.
CREATE TABLE evidence (
    id {id},
    artifact {integer} NOT NULL REFERENCES artifact (id),
    kind {integer} NOT NULL,
    environment {integer} NOT NULL,
    verdict {integer} NOT NULL,
    assurance {integer} NOT NULL,
    who {integer} NOT NULL,
    key_hint {integer} NOT NULL,
    at {integer} NOT NULL,
    statement {bytes} NOT NULL
) {options};
CREATE UNIQUE INDEX evidence_statement ON evidence (artifact, statement);
CREATE INDEX evidence_newest ON evidence (artifact, id);
CREATE INDEX evidence_latest ON evidence (artifact, kind, environment, id);

-- Which rows of evidence one act of the log brought.
CREATE TABLE batch (
    sequence {integer} NOT NULL PRIMARY KEY REFERENCES log (sequence),
    first {integer} NOT NULL UNIQUE,
    last {integer} NOT NULL
) {options};

-- decision: 0 approved, 1 rejected, 2 withdrawn; a withdrawal names the row that it takes back.
CREATE TABLE approval (
    id {id},
    version {integer} NOT NULL REFERENCES version (id),
    artifact {integer} NOT NULL REFERENCES artifact (id),
    role {text} NOT NULL,
    decision {integer} NOT NULL,
    withdraws {integer} REFERENCES approval (id),
    reason {text} NOT NULL,
    sequence {integer} NOT NULL REFERENCES log (sequence),
    UNIQUE (withdraws)
) {options};
CREATE INDEX approval_version ON approval (version, id);

-- The text of a revision is NULL where the gate was removed. One revision per place is not superseded.
CREATE TABLE gate (
    id {id},
    pattern {text} NOT NULL,
    alias {text} NOT NULL,
    revision {integer} NOT NULL,
    text {text},
    superseded {integer} REFERENCES log (sequence),
    sequence {integer} NOT NULL REFERENCES log (sequence),
    UNIQUE (pattern, alias, revision)
) {options};
CREATE INDEX gate_current ON gate (alias, pattern) WHERE superseded IS NULL;

-- subject: 0 alias, 1 classification. The log keeps what was set before.
CREATE TABLE retention (
    subject {integer} NOT NULL,
    name {text} NOT NULL,
    seconds {integer} NOT NULL,
    sequence {integer} NOT NULL REFERENCES log (sequence),
    PRIMARY KEY (subject, name)
) {options};

-- A hold on a model has no version.
CREATE TABLE hold (
    id {id},
    model {integer} NOT NULL REFERENCES model (id),
    version {integer} REFERENCES version (id),
    reason {text} NOT NULL,
    sequence {integer} NOT NULL REFERENCES log (sequence),
    released {integer} REFERENCES log (sequence),
    released_reason {text}
) {options};
CREATE INDEX hold_model ON hold (model, id);

-- kind: 0 person, 1 service, 2 group.
CREATE TABLE principal (
    id {id},
    name {text} NOT NULL UNIQUE,
    kind {integer} NOT NULL,
    sequence {integer} NOT NULL REFERENCES log (sequence)
) {options};

CREATE TABLE membership (
    member {integer} NOT NULL REFERENCES principal (id),
    team {integer} NOT NULL REFERENCES principal (id),
    sequence {integer} NOT NULL REFERENCES log (sequence),
    PRIMARY KEY (member, team)
) {options};
CREATE INDEX membership_team ON membership (team, member);

CREATE TABLE permit (
    id {id},
    principal {integer} NOT NULL REFERENCES principal (id),
    role {text} NOT NULL,
    pattern {text} NOT NULL,
    alias {text},
    sequence {integer} NOT NULL REFERENCES log (sequence),
    revoked {integer} REFERENCES log (sequence)
) {options};
CREATE INDEX permit_principal ON permit (principal, id) WHERE revoked IS NULL;

-- `hash` is of the secret, which is kept nowhere.
CREATE TABLE token (
    id {id},
    principal {integer} NOT NULL REFERENCES principal (id),
    name {text} NOT NULL,
    hash {bytes} NOT NULL UNIQUE,
    expires {integer},
    last_used {integer},
    sequence {integer} NOT NULL REFERENCES log (sequence),
    revoked {integer} REFERENCES log (sequence)
) {options};
CREATE INDEX token_principal ON token (principal, id);

-- Pushes that are on their way. They pass and leave no trace, so the log does not have them.
CREATE TABLE upload (
    id {text} NOT NULL PRIMARY KEY,
    who {text} NOT NULL,
    started {integer} NOT NULL,
    heartbeat {integer} NOT NULL
) {options};
CREATE INDEX upload_heartbeat ON upload (heartbeat);
