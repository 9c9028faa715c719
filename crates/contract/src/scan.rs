//! What would run, or leak, if an artifact were loaded.

use reproof_digest::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schema name of [`Scan`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ScanSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.scan/v0")]
    V0,
}

/// The result of one scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// The schema of this document.
    pub schema: ScanSchema,
    /// What the scan comes to.
    pub verdict: ScanVerdict,
    /// The least severity that counts for the verdict.
    pub fail_on: Severity,
    /// The artifact's path as given, home folder shortened.
    pub path: String,
    /// The artifact digest, where it was asked for: what binds this to one artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_digest: Option<Digest>,
    /// The findings, the worst first.
    pub findings: Vec<ScanFinding>,
    /// How much was looked at.
    pub coverage: Coverage,
    /// The version of Reproof that scanned.
    pub scanned_by: String,
}

/// What a scan comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScanVerdict {
    /// Every byte that a loader could interpret was inspected, and no finding counts.
    Clean,
    /// At least one finding counts.
    Findings,
    /// No finding counts, and something was not inspected.
    Incomplete,
}

impl ScanVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Clean, Self::Findings, Self::Incomplete];

    /// The word as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings => "findings",
            Self::Incomplete => "incomplete",
        }
    }
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Wants a look.
    Warning,
    /// Would execute what the artifact chose.
    Dangerous,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Dangerous];

    /// The word as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Dangerous => "dangerous",
        }
    }
}

/// Something that would happen, or leak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanFinding {
    /// A fixed dotted word, such as `pickle.call`.
    pub id: String,
    /// How serious it is.
    pub severity: Severity,
    /// Where: the file, then what lies in it, separated by colons, such as `model.pt:archive/data.pkl`.
    pub member: String,
    /// The byte in that member, expanded.
    pub offset: Option<u64>,
    /// What would happen, such as `call os.system`; absent where nothing would by itself.
    pub would: Option<String>,
    /// One sentence.
    pub message: String,
    /// How often the same was found in the same member.
    pub count: u64,
}

/// How much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Files.
    pub files: u64,
    /// Bytes that were read and understood: headers, directories, pickles, gaps, texts.
    pub inspected_bytes: u64,
    /// Bytes of typed tensors, which are inert.
    pub tensor_bytes: u64,
    /// Bytes that were not read or not understood.
    pub unread_bytes: u64,
    /// Whether checksums of tensors were compared.
    pub deep: bool,
    /// What was not read, and why.
    pub unread: Vec<UnreadPart>,
}

/// Something that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadPart {
    /// Where, as in [`ScanFinding::member`].
    pub path: String,
    /// How many bytes.
    pub bytes: u64,
    /// Why not.
    pub reason: String,
}
