//! Generators of random numbers.

use reproof_contract::report::ResumeFinding;
use reproof_contract::trajectory::Stream;

use super::{Evidence, batch, confirmed};
use crate::resume::compare::show;
use crate::resume::distance::same;

/// The name under which recorders keep the generator of the loader.
pub(super) const LOADER: &str = "loader";

/// Generators of the main process, which draw for augmentation where no worker does.
const GLOBAL: [&str; 3] = ["python", "numpy", "torch"];

pub(super) fn causes(evidence: &Evidence<'_>) -> Vec<ResumeFinding> {
    let Some(sides) = evidence.begin(Stream::Random) else { return Vec::new() };
    // Loaders fetch ahead: with other workers, or other ways to skip, a generator is ahead that is right all the same if the
    // samples come in the recorded order.
    let in_order = batch::in_order(evidence);
    let moved_in =
        evidence.setting("workers").is_some_and(|(recorded, current)| recorded == "0" || current == "0");
    let follows = |name: &str| (name == LOADER && in_order) || (GLOBAL.contains(&name) && moved_in);
    let of = |name: &String| {
        let cause = match name.as_str() {
            "python" | "numpy" | "torch" | LOADER => format!("random.{name}"),
            device if device.starts_with("torch.") => "random.device".to_owned(),
            _ => "random.generator".to_owned(),
        };
        let (expected, actual) = (sides.expected.get(name), sides.actual.get(name));
        let shown = |fact: Option<&_>| fact.map_or_else(|| "none".to_owned(), show);
        let mut seen = vec![format!("{name}: expected {}, got {}", shown(expected), shown(actual))];
        // A state that the recorded run reached only later.
        let later = Evidence::steps(evidence.golden, Stream::Random);
        let reached = later
            .iter()
            .position(|facts| facts.get(name).zip(actual).is_some_and(|(fact, actual)| same(fact, actual)));
        if let Some(index) = reached {
            seen.push(format!("the recorded run was in this state after step {} of these", index + 1));
        }
        let what = match name.as_str() {
            LOADER => "the loader's generator".to_owned(),
            "python" => "Python's generator `random`".to_owned(),
            "numpy" => "NumPy's global generator".to_owned(),
            "torch" => "PyTorch's generator".to_owned(),
            other => format!("the generator {other}"),
        };
        confirmed(evidence, &cause, format!("{what} is in another state"), seen)
    };
    sides.differing().into_iter().filter(|name| !follows(name)).map(of).collect()
}
