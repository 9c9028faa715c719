//! Why the registry refused, or could not answer.

use reproof_digest::Digest;

use crate::{At, Stamp};

/// Why an act was refused, or a question not answered. Nothing of a refused act is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The place of a registry cannot be understood.
    #[error("registry `{url}`: {problem}")]
    BadUrl {
        /// The place, without user and password.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no registry there.
    #[error(
        "{registry}: there is no database of a registry; restore it from a backup, or make a new registry with `reproof init` in another folder"
    )]
    NoRegistry {
        /// Where.
        registry: String,
    },
    /// The file belongs to another program.
    #[error("{registry}: this is a database of another program (application {application}), not a registry")]
    ForeignFile {
        /// Where.
        registry: String,
        /// The number by which SQLite files tell what they are.
        application: i64,
    },
    /// The registry was written by a newer version.
    #[error(
        "{registry}: has schema version {found}, and this version of reproof knows {known}; use a newer reproof"
    )]
    NewerSchema {
        /// Where.
        registry: String,
        /// The version that is there.
        found: u32,
        /// The newest version that this library knows.
        known: u32,
    },
    /// The registry was written by an older version and cannot be brought up to date, as it can only be read.
    #[error(
        "{registry}: has schema version {found}, expected {known}, and can only be read; open it once where it \
         can be written"
    )]
    OlderSchema {
        /// Where.
        registry: String,
        /// The version that is there.
        found: u32,
        /// The version that is needed.
        known: u32,
    },
    /// Nothing can be written there.
    #[error("{registry}: can only be read; acts need a file and a folder that can be written")]
    ReadOnly {
        /// Where.
        registry: String,
    },
    /// There is no room left. Nothing of the act was kept.
    #[error("{registry}: no room left to write; nothing of this act was kept; make room and repeat it")]
    Full {
        /// Where.
        registry: String,
    },
    /// Others wrote for too long, or got in the way. Nothing of the act was kept.
    #[error("{registry}: others are writing; nothing of this act was kept; repeat it")]
    Busy {
        /// Where.
        registry: String,
    },
    /// The server cannot be reached, or the connection ended.
    #[error(
        "{registry}: no connection: {problem}; {}",
        if *committing { "whether the act was kept is not known: look before you repeat it" }
        else { "nothing of this act was kept; repeat it" }
    )]
    ConnectionLost {
        /// Where.
        registry: String,
        /// What the system said.
        problem: String,
        /// Whether it ended after the act was sent to be kept and before the server answered.
        committing: bool,
    },
    /// The database refused for another reason.
    #[error("{registry}: {problem}")]
    Database {
        /// Where.
        registry: String,
        /// What it said.
        problem: String,
    },
    /// What the database holds cannot be a registry's.
    #[error(
        "the registry is damaged: {what}; restore it from a backup and check that against the published log"
    )]
    Damaged {
        /// What was found where.
        what: String,
    },
    /// A text breaks the rules for its kind.
    #[error("{what} `{text}`: expected {expected}")]
    BadText {
        /// Its kind, such as `model name`.
        what: &'static str,
        /// Its beginning.
        text: String,
        /// The rule.
        expected: &'static str,
    },
    /// A number, or a number of things, is beyond its limit.
    #[error("{what}: expected at most {limit}, got {got}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The most.
        limit: u64,
        /// How much it was.
        got: u64,
    },
    /// A digest is of another kind than this place takes.
    #[error("{what}: expected a digest {expected}, got {got}")]
    WrongDigest {
        /// The place.
        what: &'static str,
        /// The name of the kind.
        expected: &'static str,
        /// The digest.
        got: Digest,
    },
    /// A cursor is not one that this list gave.
    #[error("cursor `{cursor}`: expected one that this list gave; begin again without one")]
    BadCursor {
        /// Its beginning.
        cursor: String,
    },
    /// There is no such thing.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// Its kind.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// There is such a thing already, and it is another one.
    #[error("there is a {what} `{name}` already; choose another name")]
    Exists {
        /// Its kind.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A version is there with another content, and content is never replaced.
    #[error("{model}@{version} is {existing} already, not {offered}; push this artifact as another version")]
    VersionTaken {
        /// The model.
        model: String,
        /// The version.
        version: String,
        /// The digest that it keeps.
        existing: Digest,
        /// The digest that was offered.
        offered: Digest,
    },
    /// A version is there with the same artifact, and something else that was said of it differs.
    #[error(
        "{model}@{version} is this artifact already, with {what} {existing}, not {offered}; push it as another version"
    )]
    VersionDiffers {
        /// The model.
        model: String,
        /// The version.
        version: String,
        /// What differs.
        what: &'static str,
        /// What is there.
        existing: String,
        /// What was offered.
        offered: String,
    },
    /// The version's state does not allow this.
    #[error("{model}@{version} is {state}; {problem}")]
    WrongState {
        /// The model.
        model: String,
        /// The version.
        version: String,
        /// Its state.
        state: &'static str,
        /// What cannot be done.
        problem: &'static str,
    },
    /// An alias points to the version.
    #[error("{model}@{version} cannot be deleted: `{alias}` points to it; move the alias first")]
    StillAliased {
        /// The model.
        model: String,
        /// The version.
        version: String,
        /// One of its aliases.
        alias: String,
    },
    /// The version is held.
    #[error("{model}@{version} cannot be deleted: hold {hold} ({reason}); release it first")]
    Held {
        /// The model.
        model: String,
        /// The version.
        version: String,
        /// The hold.
        hold: u64,
        /// Why it was laid.
        reason: String,
    },
    /// Somebody approved the version.
    #[error("{model}@{version} cannot be deleted: {who} approved it as {role}; withdraw that first")]
    Approved {
        /// The model.
        model: String,
        /// The version.
        version: String,
        /// One of those who approved it.
        who: String,
        /// In which role.
        role: String,
    },
    /// Somebody moved the alias meanwhile.
    #[error(
        "alias `{alias}` of {model} was moved: expected {}, got {}, {}; look at it and decide again",
        shown(expected.as_deref()), shown(actual.as_deref()), moved(last.as_deref())
    )]
    AliasMoved {
        /// The model.
        model: String,
        /// The alias.
        alias: String,
        /// The version that the caller expected; `None` expects that it points nowhere.
        expected: Option<String>,
        /// The version that it points to.
        actual: Option<String>,
        /// Who moved it last, and when; `None` where it was never set.
        last: Option<Box<Stamp>>,
    },
    /// Something that the decision rests on changed meanwhile.
    #[error("what alias `{alias}` of {model} is guarded by changed meanwhile; look at it and decide again")]
    DecidedBefore {
        /// The model.
        model: String,
        /// The alias.
        alias: String,
    },
    /// There is no earlier version to go back to.
    #[error("alias `{alias}` of {model} cannot be reverted: {problem}")]
    NothingToRevert {
        /// The model.
        model: String,
        /// The alias.
        alias: String,
        /// Why not.
        problem: String,
    },
    /// Somebody changed the gate meanwhile.
    #[error(
        "the gate of `{pattern}` for `{alias}` has revision {actual}, expected {expected}; read it again"
    )]
    GateChanged {
        /// The models.
        pattern: String,
        /// The alias.
        alias: String,
        /// The revision that the caller had read; 0 stands for none.
        expected: u64,
        /// The revision that is there.
        actual: u64,
    },
    /// An approval is for another artifact than that of the version.
    #[error("{model}@{version} is {existing}, and the decision is about {offered}")]
    OtherArtifact {
        /// The model.
        model: String,
        /// The version.
        version: String,
        /// The version's digest.
        existing: Digest,
        /// The digest that was decided about.
        offered: Digest,
    },
    /// It was undone before.
    #[error("{what} {name} was {done} already")]
    AlreadyDone {
        /// Its kind.
        what: &'static str,
        /// Which.
        name: String,
        /// What had been done: `cleared`, `released`, `revoked`, `withdrawn`.
        done: &'static str,
    },
    /// Membership joins a person or a service to a group.
    #[error("`{member}` cannot be a member of `{group}`: {problem}")]
    WrongMembership {
        /// Who was to be a member.
        member: String,
        /// Of what.
        group: String,
        /// Why not.
        problem: &'static str,
    },
    /// The token was never issued, or is no token.
    #[error("the token is not known to this registry; issue a new one")]
    TokenUnknown,
    /// The token's time is over.
    #[error("token `{token}` of {principal} expired at {expired}; issue a new one")]
    TokenExpired {
        /// Its name.
        token: String,
        /// Whose it was.
        principal: String,
        /// When.
        expired: At,
    },
    /// The token was revoked.
    #[error("token `{token}` of {principal} was revoked")]
    TokenRevoked {
        /// Its name.
        token: String,
        /// Whose it was.
        principal: String,
    },
    /// The lease of an upload is gone: its objects may have been collected.
    #[error("upload `{upload}` is over or unknown; its objects may be gone: push again")]
    UploadLost {
        /// The upload.
        upload: String,
    },
    /// The log is shorter than what was published of it: the database is an old copy.
    #[error(
        "the log has {log} entries and {published} were published: this database was restored from an older copy; \
         restore a newer one"
    )]
    LogShorter {
        /// Entries in the database.
        log: u64,
        /// Entries in the checkpoint.
        published: u64,
    },
    /// The log is not the one that was published.
    #[error(
        "the first {size} entries of the log have the root {actual}, and {expected} was published: history differs"
    )]
    LogDiffers {
        /// Entries in the checkpoint.
        size: u64,
        /// The root that was published, in hexadecimal.
        expected: String,
        /// The root of what is here, in hexadecimal.
        actual: String,
    },
    /// What was published can only grow.
    #[error("{published} entries are published already, so {offered} cannot be")]
    PublishedMore {
        /// Entries published.
        published: u64,
        /// Entries offered.
        offered: u64,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {problem}")]
    NoRandomness {
        /// What it said.
        problem: String,
    },
}

impl Error {
    /// Whether the same act may succeed if it is repeated as it is. Where the connection ended while the act was being kept
    /// this is `false`: look first.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::ConnectionLost { committing: false, .. })
    }
}

fn shown(version: Option<&str>) -> &str {
    version.unwrap_or("no version")
}

fn moved(last: Option<&Stamp>) -> String {
    last.map_or_else(
        || "as nobody ever set it".to_owned(),
        |stamp| format!("by {} at {}", stamp.who, stamp.at),
    )
}
