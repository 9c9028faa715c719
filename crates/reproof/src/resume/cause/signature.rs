//! What the first steps at which streams differ say, where the state itself was not seen.

use reproof_contract::report::{Confidence, ResumeFinding};
use reproof_contract::trajectory::Stream;

use super::{Evidence, fix};

/// The signature in words, for evidence: which loss differs first.
pub(in crate::resume) fn sentence(evidence: &Evidence<'_>) -> String {
    match evidence.first_step(Stream::Loss) {
        Some(1) => "the first loss differs".to_owned(),
        Some(step) => {
            format!("the losses before step {step} are the recorded ones, that of step {step} differs")
        }
        None if evidence.differs(Stream::Evaluation) => "no loss differs, the evaluation does".to_owned(),
        None if evidence.differs(Stream::EmaEvaluation) => {
            "no loss differs, the evaluation of averaged weights does".to_owned()
        }
        None => "no loss differs".to_owned(),
    }
}

/// The cause that gives this signature, if there is one.
pub(super) fn cause(evidence: &Evidence<'_>) -> Option<ResumeFinding> {
    // A stream that was seen to begin as recorded is not the cause, nor is what the training has none of.
    let unseen = |stream| evidence.begin(stream).is_none();
    let scales = !Evidence::steps(evidence.golden, Stream::Scale).is_empty();
    let scheduled =
        Evidence::steps(evidence.golden, Stream::LearningRate).windows(2).any(|two| two[0] != two[1]);
    let rate = evidence.first_step(Stream::LearningRate);
    let (cause, statement) = match evidence.first_step(Stream::Loss) {
        _ if rate.is_some() && unseen(Stream::Scheduler) => (
            "scheduler.missing",
            "the learning rate takes another course, as it does when the schedule was not restored",
        ),
        Some(2) if unseen(Stream::Optimizer) => (
            "optimizer.missing",
            "the second loss is the first that differs, as it is when the optimizer was not restored",
        ),
        Some(3) if unseen(Stream::Scheduler) && scheduled => (
            "scheduler.missing",
            "the third loss is the first that differs, as it is when the schedule was not restored",
        ),
        Some(step) if step > 3 && unseen(Stream::Scaler) && scales => (
            "scaler.missing",
            "losses differ after some steps only, as they do when the scaler was not restored",
        ),
        None if evidence.differs(Stream::Evaluation) && unseen(Stream::Buffers) => (
            "buffers.missing",
            "no loss differs but the evaluation does, as when running means were not restored",
        ),
        None if evidence.differs(Stream::EmaEvaluation) && unseen(Stream::Ema) => {
            ("ema.missing", "only the evaluation of averaged weights differs, as when they were not restored")
        }
        _ => return None,
    };
    Some(ResumeFinding {
        cause: cause.to_owned(),
        confidence: Confidence::Likely,
        statement: statement.to_owned(),
        evidence: vec![sentence(evidence)],
        fix: fix::of(cause, &evidence.golden.trainer).to_owned(),
    })
}
