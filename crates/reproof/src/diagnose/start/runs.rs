//! The steps of a recorded run and of this one, and how they hang together.

use std::collections::{HashMap, HashSet, VecDeque};

use reproof_contract::Real;
use reproof_contract::diagnosis::{PROFILE, Place};
use reproof_contract::taps::Step;

/// The steps of two runs.
pub(super) struct Runs<'a> {
    named: HashMap<(&'a str, u32), &'a Step>,
    pub(super) current: &'a [Step],
    /// All that was taken or given in the recorded run.
    pub(super) known: HashSet<&'a str>,
    /// Steps of the current run by what they take, of that which is not known.
    pub(super) takers: HashMap<&'a str, Vec<usize>>,
    /// Steps of the current run by what they give, of that which is not known.
    pub(super) givers: HashMap<&'a str, Vec<usize>>,
    /// Steps of the recorded run that are not here under their own names, by what they took.
    gone: HashMap<&'a [String], &'a Step>,
}

impl<'a> Runs<'a> {
    pub(super) fn new(recorded: &'a [Step], current: &'a [Step]) -> Self {
        let given = |step: &'a Step| step.outputs.iter().map(|tapped| tapped.digest.as_str());
        let known: HashSet<&str> = recorded
            .iter()
            .flat_map(|step| step.inputs.iter().map(String::as_str).chain(given(step)))
            .collect();
        let (mut takers, mut givers) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (place, step) in current.iter().enumerate() {
            for digest in step.inputs.iter().map(String::as_str).filter(|digest| !known.contains(digest)) {
                takers.entry(digest).or_default().push(place);
            }
            for digest in given(step).filter(|digest| !known.contains(digest)) {
                givers.entry(digest).or_default().push(place);
            }
        }
        let key = |step: &'a Step| (step.name.as_str(), step.call);
        let named = recorded.iter().map(|step| (key(step), step)).collect();
        let here: HashSet<(&str, u32)> = current.iter().map(key).collect();
        let gone = recorded.iter().rev().filter(|step| !here.contains(&key(step)) && !step.inputs.is_empty());
        let gone = gone.map(|step| (step.inputs.as_slice(), step)).collect();
        Self { named, current, known, takers, givers, gone }
    }

    pub(super) fn differs(&self, step: &Step) -> bool {
        step.outputs.iter().any(|tapped| !self.known.contains(tapped.digest.as_str()))
    }

    /// Whether a step gives an output of the model that differs; where no step gives one, as what comes after the model was
    /// not seen, the last step that differs does.
    pub(super) fn ends(&self, outputs: &HashSet<String>) -> HashSet<usize> {
        let differing = || (0..self.current.len()).filter(|place| self.differs(&self.current[*place]));
        let gives = |place: &usize| {
            let mut given = self.current[*place].outputs.iter().map(|tapped| &tapped.digest);
            given.any(|digest| outputs.contains(digest) && !self.known.contains(digest.as_str()))
        };
        let ends: HashSet<usize> = differing().filter(gives).collect();
        if ends.is_empty() { differing().next_back().into_iter().collect() } else { ends }
    }

    /// The steps whose difference leads to an output.
    pub(super) fn leading(&self, outputs: &HashSet<String>) -> HashSet<usize> {
        let mut found = self.ends(outputs);
        let mut open: Vec<usize> = found.iter().copied().collect();
        while let Some(place) = open.pop() {
            let taken = self.current[place].inputs.iter();
            for giver in taken.filter_map(|digest| self.givers.get(digest.as_str())).flatten() {
                if found.insert(*giver) {
                    open.push(*giver);
                }
            }
        }
        found
    }

    /// The fewest steps from one to an output, without the first.
    pub(super) fn path(&self, first: usize, outputs: &HashSet<String>) -> Vec<usize> {
        let ends = self.ends(outputs);
        let mut before = HashMap::from([(first, first)]);
        let mut open = VecDeque::from([first]);
        while let Some(place) = open.pop_front() {
            if ends.contains(&place) {
                let mut path: Vec<usize> =
                    std::iter::successors(Some(place), |place| before.get(place).copied())
                        .take_while(|place| *place != first)
                        .collect();
                path.reverse();
                return path;
            }
            let given = self.current[place].outputs.iter();
            for taker in given.filter_map(|tapped| self.takers.get(tapped.digest.as_str())).flatten() {
                if !before.contains_key(taker) {
                    before.insert(*taker, place);
                    open.push_back(*taker);
                }
            }
        }
        Vec::new()
    }

    /// Steps that a step is part of, the innermost first.
    pub(super) fn around(&self, first: usize) -> Vec<String> {
        let inner = &self.current[first].name;
        let outer = self.current[first..].iter().map(|step| &step.name).filter(|name| is_part(inner, name));
        let mut names: Vec<String> = outer.cloned().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        names
    }

    /// What the recorded run had in the place of a step: the step of its name, else one that took the same and is not here
    /// under its own name.
    pub(super) fn counterpart(&self, step: &Step) -> Option<&'a Step> {
        if let Some(recorded) = self.named.get(&(step.name.as_str(), step.call)) {
            return Some(recorded);
        }
        self.gone.get(step.inputs.as_slice()).copied()
    }

    pub(super) fn place(&self, step: &Step) -> Place {
        Place {
            name: step.name.clone(),
            call: step.call,
            kind: step.kind.clone(),
            shape: step.outputs.first().map(|tapped| tapped.shape.clone()).unwrap_or_default(),
            distance: self.distance(step).filter(|distance| *distance > 0.0).map(Real),
        }
    }

    /// How far what a step gave is from what the recorded run had in its place: numbers that are no floats, such as indices,
    /// only where there are no others.
    pub(super) fn distance(&self, step: &Step) -> Option<f64> {
        let recorded = self.counterpart(step)?;
        let floats = step.outputs.iter().any(|tapped| tapped.dtype.is_float());
        let (mut apart, mut size) = (0.0, 0.0);
        let pairs = recorded.outputs.iter().zip(&step.outputs);
        for (golden, given) in pairs.filter(|(_, given)| given.dtype.is_float() == floats) {
            for (golden, given) in golden.samples.iter().zip(&given.samples) {
                if golden.0.to_bits() == given.0.to_bits() {
                    size += if golden.0.is_finite() { golden.0 * golden.0 } else { 0.0 };
                } else if golden.0.is_finite() && given.0.is_finite() {
                    apart += (given.0 - golden.0).powi(2);
                    size += golden.0 * golden.0;
                } else {
                    return Some(f64::INFINITY);
                }
            }
        }
        Some(if apart == 0.0 { 0.0 } else { (apart / size).sqrt() })
    }

    /// How far the run is from the recorded one, stretch by stretch.
    pub(super) fn profile(&self) -> Vec<Real> {
        let mut far = 0.0;
        let distances = self.current.iter().map(|step| {
            // Of a step that the recorded run has not, nothing is known but that it differs.
            far = if self.differs(step) { self.distance(step).unwrap_or(far) } else { 0.0 };
            far
        });
        let distances: Vec<f64> = distances.collect();
        let stretch = distances.len().div_ceil(PROFILE).max(1);
        distances.chunks(stretch).map(|some| Real(some.iter().copied().fold(0.0, f64::max))).collect()
    }
}

/// Whether a step is named as part of another: a module of a module, an operator in one.
pub(super) fn is_part(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', ':', '/']))
}
