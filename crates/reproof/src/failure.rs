//! From the errors of every use case to what they mean and what to do.

use std::error::Error;

use reproof_runner::{LocateError, RunError};

use crate::artifact::OpenError;
use crate::cases::{GatherError, ImportError, ProposeError};
use crate::diagnose::DiagnoseError;
use crate::diff::DiffError;
use crate::drill::FaultError;
use crate::execution::ExecuteError;
use crate::folder::FolderError;
use crate::record::RecordError;
use crate::registry::RegistryError;
use crate::registry::records::Error as Records;
use crate::registry::store::StoreError;
use crate::resume::DrillError;
use crate::sign::SignError;
use crate::verify::VerifyError;

/// What an error means for the question that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The question makes no sense.
    Usage,
    /// The answer is no: the model itself did something wrong.
    Negative,
    /// There is no answer.
    Unanswered,
}

/// Where machines of AWS are told their keys, which is asked only by who was given none.
const KEYS_OF_A_MACHINE: &str = "//169.254.169.254/";

/// An error and everything behind it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source())
}

/// What an error means.
pub fn classify(error: &(dyn Error + 'static)) -> Failure {
    for cause in causes(error) {
        // A transparent error stands in the chain in place of what it wraps.
        if let Some(RecordError::Gather(wrapped)) = cause.downcast_ref() {
            return classify(wrapped);
        }
        match cause.downcast_ref() {
            Some(SignError::Contract(wrapped)) => return classify(wrapped.as_ref()),
            Some(SignError::Broken { .. }) => return Failure::Negative,
            _ => {}
        }
        match cause.downcast_ref() {
            Some(GatherError::Import(wrapped)) => return classify(wrapped),
            Some(GatherError::Describe(wrapped)) => return classify(wrapped.as_ref()),
            _ => {}
        }
        match cause.downcast_ref::<RecordError>() {
            Some(
                RecordError::Exists { .. }
                | RecordError::NoCases
                | RecordError::ContextFile { .. }
                | RecordError::ContextTwice { .. },
            ) => {
                return Failure::Usage;
            }
            Some(
                RecordError::Unloadable { .. }
                | RecordError::NoTypical { refused: true, .. }
                | RecordError::Delicate { .. }
                | RecordError::Dishonest { .. },
            ) => return Failure::Negative,
            _ => {}
        }
        if let Some(VerifyError::Unexpected { .. } | VerifyError::Unsigned { .. }) =
            cause.downcast_ref::<VerifyError>()
        {
            return Failure::Negative;
        }
        if let Some(GatherError::Missing { .. } | GatherError::NotProposed { .. }) =
            cause.downcast_ref::<GatherError>()
        {
            return Failure::Usage;
        }
        if let Some(RegistryError::Records(wrapped)) = cause.downcast_ref::<RegistryError>() {
            return of_records(wrapped);
        }
        if let Some(wrapped) = cause.downcast_ref::<Records>() {
            return of_records(wrapped);
        }
        if let Some(
            RegistryError::NotFound { .. }
            | RegistryError::Exists { .. }
            | RegistryError::Reference { .. }
            | RegistryError::Occupied { .. }
            | RegistryError::Rule { .. }
            | RegistryError::NoToken,
        ) = cause.downcast_ref::<RegistryError>()
        {
            return Failure::Usage;
        }
        if let Some(
            RegistryError::Unexpected { .. }
            | RegistryError::Untracked { .. }
            | RegistryError::Denied { .. }
            | RegistryError::Private { .. }
            | RegistryError::Evidence { .. },
        ) = cause.downcast_ref::<RegistryError>()
        {
            return Failure::Negative;
        }
        if let Some(RegistryError::Read { source, .. }) = cause.downcast_ref::<RegistryError>()
            && source.kind() == std::io::ErrorKind::NotFound
        {
            return Failure::Usage;
        }
        if let Some(DiffError::NoPart { .. }) = cause.downcast_ref::<DiffError>() {
            return Failure::Usage;
        }
        if let Some(VerifyError::NoArtifact { .. }) = cause.downcast_ref::<VerifyError>() {
            return Failure::Usage;
        }
        if let Some(DrillError::NoArtifact { .. }) = cause.downcast_ref::<DrillError>() {
            return Failure::Usage;
        }
        if let Some(FaultError::NoArtifact { .. } | FaultError::NoFaults { .. }) =
            cause.downcast_ref::<FaultError>()
        {
            return Failure::Usage;
        }
        if let Some(DiagnoseError::NoArtifact { .. } | DiagnoseError::NoCase { .. }) =
            cause.downcast_ref::<DiagnoseError>()
        {
            return Failure::Usage;
        }
        if let Some(ImportError::Names { .. } | ImportError::Nothing { .. }) =
            cause.downcast_ref::<ImportError>()
        {
            return Failure::Usage;
        }
    }
    Failure::Unanswered
}

/// What an error of the records means: a name that is none, a refusal, or no answer.
fn of_records(error: &Records) -> Failure {
    match error {
        Records::Unknown { .. }
        | Records::Exists { .. }
        | Records::BadText { .. }
        | Records::TooMuch { .. } => Failure::Usage,
        Records::VersionTaken { .. }
        | Records::VersionDiffers { .. }
        | Records::AliasMoved { .. }
        | Records::DecidedBefore { .. }
        | Records::NothingToRevert { .. }
        | Records::WrongState { .. }
        | Records::Held { .. }
        | Records::Approved { .. }
        | Records::StillAliased { .. }
        | Records::AlreadyDone { .. }
        | Records::TokenUnknown
        | Records::TokenExpired { .. }
        | Records::TokenRevoked { .. } => Failure::Negative,
        _ => Failure::Unanswered,
    }
}

/// What to do about an error, where there is something.
pub fn hint(error: &(dyn Error + 'static)) -> Option<String> {
    causes(error).find_map(advice)
}

/// What to do about one cause, where there is something.
fn advice(cause: &(dyn Error + 'static)) -> Option<String> {
    match cause.downcast_ref::<GatherError>() {
        Some(GatherError::NotProposed { .. }) => {
            return Some("give inputs with --cases FILE: .npz, .npy or .safetensors".to_owned());
        }
        Some(GatherError::NoLoader { hint, .. }) => return Some(hint.clone()),
        Some(GatherError::Describe(wrapped)) => return advice(wrapped.as_ref()),
        Some(GatherError::Import(wrapped)) => return advice(wrapped),
        Some(GatherError::Propose(wrapped)) => return advice(wrapped),
        _ => {}
    }
    // A transparent error stands in the chain in place of what it wraps, which the chain then leaves out.
    match cause.downcast_ref::<SignError>() {
        Some(SignError::Contract(wrapped)) => return advice(wrapped.as_ref()),
        Some(SignError::Broken { .. }) => {
            return Some(
                "reproof verify PATH tells what differs; record it anew if that was meant".to_owned(),
            );
        }
        _ => {}
    }
    match cause.downcast_ref::<VerifyError>() {
        Some(VerifyError::Contract(wrapped)) => return advice(wrapped),
        Some(VerifyError::Unsigned { others: 0, .. }) => {
            return Some("who stands for it signs it with `reproof sign PATH --key PEM`".to_owned());
        }
        Some(VerifyError::Unsigned { others, .. }) => {
            return Some(format!(
                "the {} with it {} by another key, over another contract, or damaged",
                if *others == 1 { "signature" } else { "signatures" },
                if *others == 1 { "is" } else { "are" }
            ));
        }
        Some(VerifyError::Execute(wrapped)) => return advice(wrapped),
        _ => {}
    }
    match cause.downcast_ref::<DiagnoseError>() {
        Some(DiagnoseError::Contract(wrapped)) => return advice(wrapped),
        Some(DiagnoseError::Open(wrapped)) => return advice(wrapped),
        Some(DiagnoseError::Format(wrapped)) => return advice(wrapped),
        Some(DiagnoseError::Execute(wrapped)) => return advice(wrapped),
        Some(DiagnoseError::Failed { hint, .. }) => return Some(hint.clone()),
        Some(DiagnoseError::NoGraph { .. }) => {
            return Some("record it with --freeze=onnx, so that its contract holds its graph".to_owned());
        }
        _ => {}
    }
    match cause.downcast_ref::<RegistryError>() {
        Some(RegistryError::NotFound { .. }) => {
            return Some("make one with `reproof init`, or name one with --registry DIR".to_owned());
        }
        Some(RegistryError::Open(wrapped)) => return advice(wrapped),
        Some(RegistryError::Contract(wrapped)) => return advice(wrapped),
        Some(RegistryError::Records(wrapped)) => return advice(wrapped),
        Some(RegistryError::Store(wrapped)) => return advice(wrapped),
        Some(RegistryError::Untracked { .. }) => {
            return Some("`dvc checkout` brings the tracked one back, `dvc add` tracks this one".to_owned());
        }
        Some(RegistryError::Private { .. }) => {
            return Some("record it without them, or push with --allow-private".to_owned());
        }
        Some(RegistryError::NoToken) => {
            return Some(
                "ask an administrator for `reproof access token NAME`, then export REPROOF_TOKEN".to_owned(),
            );
        }
        _ => {}
    }
    if let Some(Records::Database { problem, .. }) = cause.downcast_ref::<Records>()
        && problem.contains("password")
    {
        return Some("export PGUSER and PGPASSWORD, which are not taken from an address".to_owned());
    }
    if let Some(StoreError::Bucket { source, .. }) = cause.downcast_ref::<StoreError>()
        && source.to_string().contains(KEYS_OF_A_MACHINE)
    {
        return Some(
            "export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN with temporary ones"
                .to_owned(),
        );
    }
    match cause.downcast_ref::<FaultError>() {
        Some(FaultError::Contract(wrapped)) => return advice(wrapped),
        Some(FaultError::Open(wrapped)) => return advice(wrapped),
        Some(FaultError::Verify(wrapped)) => return advice(wrapped),
        Some(FaultError::Diagnose(wrapped)) => return advice(wrapped),
        Some(FaultError::Execute(wrapped)) => return advice(wrapped),
        Some(FaultError::Differs { .. }) => {
            return Some("find out why first: reproof verify PATH --diagnose".to_owned());
        }
        Some(FaultError::NoOutputs { .. }) => {
            return Some(
                "reproof verify PATH tells more; a model of Python's frameworks needs --python INTERPRETER"
                    .to_owned(),
            );
        }
        Some(FaultError::NoFaults { known, .. }) => return Some(plantable(known)),
        _ => {}
    }
    match cause.downcast_ref::<DrillError>() {
        Some(DrillError::Contract(wrapped)) => return advice(wrapped),
        Some(DrillError::NoTrajectory { .. }) => {
            return Some("train with a recorder: docs/guides/resume.md".to_owned());
        }
        Some(DrillError::DoesNotResume { .. }) => {
            return Some("verify with the same --resume first: its report says what is missing".to_owned());
        }
        _ => {}
    }
    if let Some(error) = cause.downcast_ref::<RecordError>() {
        return match error {
            RecordError::Open(wrapped) => advice(wrapped),
            RecordError::Execute(wrapped) => advice(wrapped),
            RecordError::Gather(wrapped) => advice(wrapped),
            RecordError::Exists { .. } => Some(
                "record never overwrites: make the next contract with `reproof accept PATH --reason TEXT`"
                    .to_owned(),
            ),
            RecordError::Undecided { hint, .. } | RecordError::NoTypical { hint, .. } => Some(hint.clone()),
            RecordError::Dishonest { fix, .. } => Some(fix.clone()),
            RecordError::Delicate { .. } => Some(
                "keep inputs and goldens outside the artifact with --suite private; or say --allow personal-data, and they \
                 lie beside it for everybody who has it"
                    .to_owned(),
            ),
            RecordError::NoPrivatePlace => Some("set REPROOF_PRIVATE to a folder of yours".to_owned()),
            RecordError::NoCases => Some("give inputs with --cases FILE".to_owned()),
            RecordError::ContextTwice { .. } => Some("rename one of them".to_owned()),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<FolderError>() {
        return match error {
            FolderError::Missing { .. } => {
                Some("make one with `reproof record PATH`, or name its folder with --contract DIR".to_owned())
            }
            FolderError::NewerSchema { .. } => Some("use a newer reproof".to_owned()),
            _ => Some("restore the contract's folder from where it was recorded".to_owned()),
        };
    }
    if let Some(error) = cause.downcast_ref::<reproof_formats::FormatError>() {
        return error.hint().map(ToString::to_string);
    }
    match cause.downcast_ref::<LocateError>() {
        Some(LocateError::Nowhere) => return Some(
            "install it with `pip install onnxruntime`, name the library with --onnxruntime PATH, or use the built-in \
             engine with --runner onnx"
                .to_owned(),
        ),
        Some(LocateError::Missing { .. }) => return Some("check the path; it may also be the folder of the library".to_owned()),
        None => {}
    }
    if cause.is::<ProposeError>() {
        return Some("one file per case: .npy, .npz, .safetensors or a test_data_set_N folder".to_owned());
    }
    if let Some(OpenError::Ambiguous { found, .. }) = cause.downcast_ref::<OpenError>() {
        // DeepSpeed's pieces of ranks are joined by a script that it puts beside them.
        if found.iter().any(|name| name.ends_with("_model_states.pt")) {
            return Some("this is a DeepSpeed checkpoint: join it with `python zero_to_fp32.py . joined`, which lies beside it, and name what that writes".to_owned());
        }
        return Some("an artifact is a model file, or a folder with exactly one".to_owned());
    }
    if let Some(ExecuteError::Run { source: RunError::Start { program, .. }, .. }) = cause.downcast_ref() {
        let program = program.display();
        return Some(format!("check that {program} is there and starts; --python INTERPRETER names another"));
    }
    if let Some(ExecuteError::NoRunner { .. }) = cause.downcast_ref::<ExecuteError>() {
        return Some("choose one of them with --runner".to_owned());
    }
    None
}

/// The faults that can be planted.
fn plantable(known: &[String]) -> String {
    if known.is_empty() {
        return "faults are known for PyTorch, transformers and scikit-learn, and for files of ONNX and safetensors".to_owned();
    }
    let shown = known.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = known.len().saturating_sub(8);
    if more > 0 { format!("it can have {shown} and {more} more") } else { format!("it can have {shown}") }
}
