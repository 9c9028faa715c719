//! Whether training went on as it did after the checkpoint was saved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trajectory::{MomentKind, Stream};
use crate::{Real, Verdict};

/// What resuming showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResumeReport {
    /// The command that resumed, as told.
    pub command: String,
    /// Steps that were done when the checkpoint was saved.
    pub step: u64,
    /// Recorded steps after it.
    pub recorded: u64,
    /// Those that were compared.
    pub compared: u64,
    /// Streams in the order in which one acts on the next.
    pub streams: Vec<StreamReport>,
    /// What the resumed training ran with, where it differs from the recorded one.
    pub settings: Vec<SettingDifference>,
    /// Generators of random numbers whose states differ and from which no step of either run drew: they are not compared.
    pub idle: Vec<String>,
    /// Why it went another way; empty where nothing differs or nothing could be named.
    pub findings: Vec<ResumeFinding>,
    /// Further runs that were made to tell causes apart.
    pub experiments: Vec<ResumeExperiment>,
}

/// One stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamReport {
    /// Which.
    pub stream: Stream,
    /// How far it is from the promise.
    pub verdict: Verdict,
    /// What was seen at each moment: begin, the steps, end.
    pub marks: Vec<Mark>,
    /// Where it differs first.
    pub first: Option<Divergence>,
    /// Largest relative difference of its values over all moments, where it has values that are comparable.
    pub distance: Option<Real>,
}

/// A stream at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Every bit is the recorded one.
    Same,
    /// Something differs.
    Different,
    /// It was not looked at, or one of the two lacks it.
    Absent,
}

/// The first difference of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Divergence {
    /// At which moment.
    pub moment: MomentKind,
    /// Steps that were done by then.
    pub step: u64,
    /// What differs there: the first few names.
    pub names: Vec<String>,
    /// How many differ there.
    pub count: u64,
    /// Of how many.
    pub total: u64,
    /// The recorded value of the first.
    pub expected: String,
    /// What was seen.
    pub actual: String,
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingDifference {
    /// Which, such as `threads`.
    pub name: String,
    /// As recorded.
    pub recorded: String,
    /// As it is now.
    pub current: String,
}

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The difference itself was seen, or an experiment removed it.
    Confirmed,
    /// The steps at which things differ are those that this cause gives.
    Likely,
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResumeFinding {
    /// A fixed dotted word, such as `optimizer.missing`.
    pub cause: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence.
    pub statement: String,
    /// What it stands on.
    pub evidence: Vec<String>,
    /// What to do, as a call of the framework where there is one.
    pub fix: String,
}

/// A further run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResumeExperiment {
    /// What was changed.
    pub title: String,
    /// What came of it.
    pub result: String,
}

impl Confidence {
    /// The word as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Likely => "likely",
        }
    }
}
