//! What each part of a model adds to a difference.
//!
//! A part is what a name has before its dots, as in `encoder.layer.3`: as deep as the list stays short. How far what enters
//! a part is from the recorded run, and how far what leaves it, are the distances of the steps that give it.

use std::collections::{HashMap, HashSet};

use reproof_contract::Real;
use reproof_contract::diagnosis::{STAGES, Stage};
use reproof_contract::taps::Step;

use super::runs::{Runs, is_part};

/// Names have no more parts that matter.
const DEPTH: usize = 8;

/// The parts of the current run; none where there are less than two, or nothing is known of how far they are off.
pub(super) fn stages(runs: &Runs<'_>, outputs: &HashSet<String>) -> Vec<Stage> {
    let names = divided(runs.current);
    let members = members(&names);
    if members.len() < 2 {
        return Vec::new();
    }
    let mut stages: Vec<Stage> =
        members.iter().map(|(name, places)| stage(runs, outputs, &names, name, places)).collect();
    let added = |stage: &Stage| (stage.leaving.0 - stage.entering.0).max(0.0);
    let total: f64 = stages.iter().map(added).sum();
    if !(total > 0.0 && total.is_finite()) {
        return Vec::new();
    }
    for stage in &mut stages {
        stage.share = Real(added(stage) / total);
    }
    merged(&stages)
}

fn stage(
    runs: &Runs<'_>,
    outputs: &HashSet<String>,
    names: &[Option<&str>],
    name: &str,
    places: &[usize],
) -> Stage {
    let outside = |other: &&usize| names[**other].is_some_and(|other| other != name);
    let distance = |place: &usize| runs.distance(&runs.current[*place]).unwrap_or(0.0);
    let taken: HashSet<&String> = places.iter().flat_map(|place| &runs.current[*place].inputs).collect();
    let givers =
        taken.into_iter().filter_map(|digest| runs.givers.get(digest.as_str())).flatten().filter(outside);
    let leaves = |place: &&usize| {
        let mut given = runs.current[**place].outputs.iter().map(|tapped| tapped.digest.as_str());
        given.any(|digest| {
            let mut takers = runs.takers.get(digest).into_iter().flatten();
            outputs.contains(digest) || takers.any(|taker| outside(&taker))
        })
    };
    let leaving: Vec<f64> = places.iter().filter(leaves).map(distance).collect();
    let last = || places.iter().rev().find(|place| runs.differs(&runs.current[**place])).map(distance);
    let leaving = leaving.into_iter().reduce(f64::max).or_else(last);
    Stage {
        name: name.to_owned(),
        steps: places.len() as u64,
        entering: Real(givers.map(distance).fold(0.0, f64::max)),
        leaving: Real(leaving.unwrap_or(0.0)),
        share: Real(0.0),
    }
}

/// The part to which each step belongs, at the greatest depth at which there are few; none for what holds other parts.
fn divided(steps: &[Step]) -> Vec<Option<&str>> {
    let inner: HashSet<&str> = steps.iter().flat_map(|step| holders(&step.name)).collect();
    let at = |depth: usize| -> Vec<Option<&str>> {
        let part = |step: &'_ Step| -> Option<(usize, usize)> {
            let end = ends(&step.name).nth(depth - 1);
            // What is named less deeply is a part of its own, or what holds parts.
            match end {
                Some(end) => Some((0, end)),
                None if inner.contains(step.name.as_str()) => None,
                None => Some((0, step.name.len())),
            }
        };
        steps.iter().map(|step| part(step).map(|(from, to)| &step.name[from..to])).collect()
    };
    let few = |names: &[Option<&str>]| names.iter().flatten().collect::<HashSet<_>>().len() <= STAGES;
    (1..=DEPTH).rev().map(at).find(|names| few(names)).unwrap_or_else(|| at(1))
}

/// Where the parts of a name end: before each dot, slash or colon, and at its end.
fn ends(name: &str) -> impl Iterator<Item = usize> + '_ {
    let divides = |(at, letter): &(usize, char)| *at > 0 && matches!(letter, '.' | '/' | ':');
    name.char_indices().filter(divides).map(|(at, _)| at).chain([name.len()])
}

/// All that a step of this name is part of.
fn holders(name: &str) -> impl Iterator<Item = &str> {
    ends(name).map(|end| &name[..end]).filter(move |holder| is_part(name, holder))
}

/// The steps of each part, in the order in which the parts begin.
fn members<'a>(names: &[Option<&'a str>]) -> Vec<(&'a str, Vec<usize>)> {
    let mut found: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        let Some(name) = name else { continue };
        let index = *at.entry(name).or_insert_with(|| {
            found.push((name, Vec::new()));
            found.len() - 1
        });
        found[index].1.push(place);
    }
    found
}

/// Where names do not tell parts apart: stretches of the run.
fn merged(stages: &[Stage]) -> Vec<Stage> {
    let stretch = stages.len().div_ceil(STAGES).max(1);
    let merge = |some: &[Stage]| {
        let (first, last) = (some.first()?, some.last()?);
        let name =
            if some.len() == 1 { first.name.clone() } else { format!("{} to {}", first.name, last.name) };
        Some(Stage {
            name,
            steps: some.iter().map(|stage| stage.steps).sum(),
            entering: first.entering,
            leaving: last.leaving,
            share: Real(some.iter().map(|stage| stage.share.0).sum()),
        })
    };
    stages.chunks(stretch).filter_map(merge).collect()
}

#[cfg(test)]
mod tests {
    use reproof_contract::taps::Tapped;
    use reproof_tensor::DType;

    use super::*;

    fn step(name: &str, inputs: &[&str], output: &str, value: f64) -> Step {
        let tapped = Tapped {
            path: String::new(),
            dtype: DType::F32,
            shape: vec![1],
            digest: output.to_owned(),
            samples: vec![Real(value)],
        };
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        Step { name: name.to_owned(), call: 0, kind: String::new(), inputs, outputs: vec![tapped] }
    }

    fn told(recorded: &[Step], current: &[Step], output: &str) -> Vec<(String, f64)> {
        let runs = Runs::new(recorded, current);
        let found = stages(&runs, &HashSet::from([output.to_owned()]));
        found.into_iter().map(|stage| (stage.name, stage.share.0)).collect()
    }

    #[test]
    fn each_part_has_its_share() {
        let run = |suffix: &str, by: [f64; 4]| {
            let at = |name: &str| format!("{name}{suffix}");
            vec![
                step("net.a:mm", &["x"], &at("p"), 1.0 + by[0]),
                step("net.a:add", &[&at("p")], &at("q"), 1.0 + by[1]),
                step("net.a", &["x"], &at("q"), 1.0 + by[1]),
                step("net.b:mm", &[&at("q")], &at("r"), 1.0 + by[2]),
                step("net.b", &[&at("q")], &at("r"), 1.0 + by[2]),
                step("net", &["x"], &at("r"), 1.0 + by[2]),
                step("head", &[&at("r")], &at("y"), 1.0 + by[3]),
            ]
        };
        let found = told(&run("", [0.0; 4]), &run("'", [0.5, 0.25, 0.25, 1.0]), "y'");
        let near = |share: f64, wanted: f64| (share - wanted).abs() < 1e-12;
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["net.a:mm", "net.a:add", "net.b:mm", "head"]);
        let shares: Vec<f64> = found.iter().map(|(_, share)| *share).collect();
        assert!(
            near(shares[0], 0.4) && near(shares[1], 0.0) && near(shares[2], 0.0) && near(shares[3], 0.6),
            "{shares:?}"
        );
    }

    #[test]
    fn many_parts_are_told_less_deeply_or_in_stretches() {
        let run = |suffix: &str, by: f64| -> Vec<Step> {
            let mut before = "x".to_owned();
            (0..100)
                .map(|index| {
                    let (name, given) =
                        (format!("layer.{}.n{index}", index / 10), format!("{index}{suffix}"));
                    let step = step(&name, &[&before], &given, 1.0 + by * f64::from(index + 1));
                    before = given;
                    step
                })
                .collect()
        };
        let found = told(&run("", 0.0), &run("'", 0.01), "99'");
        assert_eq!(found.len(), 10, "{found:?}");
        assert_eq!(found[0].0, "layer.0");
        let flat = |steps: Vec<Step>| -> Vec<Step> {
            steps.into_iter().map(|step| Step { name: step.name.replace('.', "_"), ..step }).collect()
        };
        let found = told(&flat(run("", 0.0)), &flat(run("'", 0.01)), "99'");
        assert_eq!(found.len(), 15, "{found:?}");
        assert_eq!(found[0].0, "layer_0_n0 to layer_0_n6");
        assert!((found.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn one_part_or_no_distance_is_no_list() {
        let one = vec![step("a:mm", &["x"], "y", 1.0)];
        assert!(told(&one, &[step("a:mm", &["x"], "y'", 2.0)], "y'").is_empty());
        let two = |y: &str| vec![step("a", &["x"], "p", 1.0), step("b", &["p"], y, 1.0)];
        assert!(told(&two("y"), &two("y'"), "y'").is_empty(), "the samples are the same");
    }
}
