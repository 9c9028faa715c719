//! The fewest changed packages that make a difference, and what else does: delta debugging (Zeller and Hildebrandt, 2002) over what was
//! installed when a contract was recorded and what is installed now.
//!
//! A test builds an environment and runs a model in it, which takes minutes where the rest takes none. So what was
//! tested is never tested again, likely causes come first, and a search that is cut short still tells what it has.

use std::collections::{BTreeSet, HashMap};

use reproof_contract::environment::Python;

/// Packages that install others and take no part in a model.
const INSTALLERS: [&str; 4] = ["pip", "setuptools", "wheel", "uv"];

/// Changes of which pairs are left out in the end; pairs of more would be too many environments.
const PAIRED: usize = 8;

/// A package that is not installed as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Its normalised name.
    pub(super) package: String,
    /// The recorded version; nothing where it was not installed.
    pub(super) from: Option<String>,
    /// The current version; nothing where it is not installed.
    pub(super) to: Option<String>,
}

/// What happens in the recorded environment with some changes applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The outputs are as recorded.
    Same,
    /// The outputs differ.
    Different,
    /// There are no outputs, and why: packages that do not fit together, or a model that does not load with them.
    Unresolved(String),
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Minimal {
    /// Sets of changes of which each makes a difference by itself; none where there were no changes to search.
    pub(super) sets: Vec<Set>,
    /// What the changes do that are in none of the sets.
    pub(super) rest: Rest,
    /// The packages of each test and how it ended, in the order in which they were made.
    pub(super) tests: Vec<(Vec<String>, Outcome)>,
}

/// Changes that together make a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    /// The changes, suspects first.
    pub(super) changes: Vec<Change>,
    /// Whether the difference is seen no more without any single one of them: the outputs are the same then, or there
    /// are none. Otherwise the search was cut short and fewer may do.
    pub(super) proved: bool,
}

/// What the changes do that nothing was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// The outputs are as recorded with all of them.
    Harmless,
    /// They cannot be tried without the others.
    Unresolved,
    /// There was no time to try them, or to search on.
    Untested,
}

/// The changes from one environment to another, by name. A package of the same version is taken as unchanged wherever
/// it came from, since an index gives a version and not a build.
pub(super) fn changes(recorded: &Python, current: &Python) -> Vec<Change> {
    let names: BTreeSet<&String> =
        recorded.distributions.keys().chain(current.distributions.keys()).collect();
    let version =
        |python: &Python, name: &str| python.distributions.get(name).map(|found| found.version.clone());
    let counted = names.into_iter().filter(|name| !INSTALLERS.contains(&name.as_str()));
    counted
        .map(|name| Change {
            package: name.clone(),
            from: version(recorded, name),
            to: version(current, name),
        })
        .filter(|change| change.from != change.to)
        .collect()
}

/// Changes of which none can be left out, found with at most `limit` tests and none that begins after `stop` says so. What
/// is left is tried as well: where it still makes a difference, there is another cause in it.
///
/// `test` tells what happens in the recorded environment with exactly the given changes. That none give the same
/// outputs and all give others is known beforehand and not tested. `suspects` are normalised names, likeliest first.
pub(super) fn minimise(
    changes: &[Change],
    suspects: &[String],
    limit: usize,
    stop: impl FnMut() -> bool,
    test: impl FnMut(&[&Change]) -> Outcome,
) -> Minimal {
    let rank = |change: &&Change| suspects.iter().position(|name| *name == change.package);
    let mut ranked: Vec<&Change> = changes.iter().collect();
    // Suspects beside each other, because what needs one another is imported together: halves resolve more often.
    ranked.sort_by_key(|change| rank(change).unwrap_or(usize::MAX));
    let suspected = ranked.iter().filter(|change| rank(change).is_some()).count();
    let all: Vec<usize> = (0..ranked.len()).collect();
    let known = HashMap::from([(all.clone(), true), (Vec::new(), false)]);
    let mut search = Search { ranked, limit, stop, test, known, tests: Vec::new() };
    let mut sets = Vec::new();
    let mut left = all;
    let rest = loop {
        if left.is_empty() {
            break Rest::Harmless;
        }
        let (found, proved) = search.run(left.clone(), suspected);
        left.retain(|index| !found.contains(index));
        let changes = found.iter().map(|&index| search.ranked[index].clone()).collect();
        sets.push(Set { changes, proved });
        if !proved {
            break Rest::Untested;
        }
        match search.differs(&left) {
            Some(true) => {}
            Some(false) if search.resolved(&left) => break Rest::Harmless,
            Some(false) => break Rest::Unresolved,
            None => break Rest::Untested,
        }
    };
    Minimal { sets, rest, tests: search.tests }
}

/// What a look at several sets gave.
enum Looked {
    /// This one makes a difference.
    Found(Vec<usize>),
    /// None does.
    AllSame,
    /// No further test may be made.
    CutShort,
}

/// A search under way. Sets of changes are ascending positions in `ranked`, so that each is spelled in one way.
struct Search<'a, Stop, Test> {
    ranked: Vec<&'a Change>,
    limit: usize,
    stop: Stop,
    test: Test,
    /// Whether a set of changes makes a difference.
    known: HashMap<Vec<usize>, bool>,
    tests: Vec<(Vec<String>, Outcome)>,
}

impl<Stop: FnMut() -> bool, Test: FnMut(&[&Change]) -> Outcome> Search<'_, Stop, Test> {
    /// Whether these changes make a difference; nothing where no further test may be made.
    fn differs(&mut self, set: &[usize]) -> Option<bool> {
        if let Some(&known) = self.known.get(set) {
            return Some(known);
        }
        if self.tests.len() >= self.limit || (self.stop)() {
            return None;
        }
        let applied: Vec<&Change> = set.iter().map(|&index| self.ranked[index]).collect();
        let outcome = (self.test)(&applied);
        let differs = outcome == Outcome::Different;
        self.known.insert(set.to_vec(), differs);
        self.tests.push((applied.iter().map(|change| change.package.clone()).collect(), outcome));
        Some(differs)
    }

    /// Whether these changes gave outputs at all when they were tested.
    fn resolved(&self, set: &[usize]) -> bool {
        let names: Vec<&str> = set.iter().map(|&index| self.ranked[index].package.as_str()).collect();
        let failed = |(packages, outcome): &(Vec<String>, Outcome)| {
            matches!(outcome, Outcome::Unresolved(_))
                && packages.iter().map(String::as_str).eq(names.iter().copied())
        };
        !self.tests.iter().any(failed)
    }

    /// The first of some sets that makes a difference.
    fn first(&mut self, sets: impl IntoIterator<Item = Vec<usize>>) -> Looked {
        for set in sets {
            match self.differs(&set) {
                Some(true) => return Looked::Found(set),
                Some(false) => {}
                None => return Looked::CutShort,
            }
        }
        Looked::AllSame
    }

    /// The smallest set found below `all`, and whether it is minimal.
    fn run(&mut self, all: Vec<usize>, suspected: usize) -> (Vec<usize>, bool) {
        let mut set = all;
        let suspects: Vec<usize> = set.iter().copied().filter(|&index| index < suspected).collect();
        match self.first(suspects.into_iter().map(|index| vec![index])) {
            Looked::Found(alone) => return (alone, true),
            Looked::AllSame => {}
            Looked::CutShort => return (set, false),
        }
        let mut parts = 2;
        loop {
            while set.len() > 1 {
                let range = |part: usize| part * set.len() / parts..(part + 1) * set.len() / parts;
                let subsets: Vec<Vec<usize>> = (0..parts).map(|part| set[range(part)].to_vec()).collect();
                let rests =
                    (0..parts).map(|part| [&set[..range(part).start], &set[range(part).end..]].concat());
                let rests: Vec<Vec<usize>> = rests.collect();
                match self.first(subsets) {
                    Looked::Found(smaller) => {
                        (set, parts) = (smaller, 2);
                        continue;
                    }
                    Looked::AllSame => {}
                    Looked::CutShort => return (set, false),
                }
                match self.first(rests) {
                    Looked::Found(smaller) => (set, parts) = (smaller, (parts - 1).max(2)),
                    Looked::AllSame if parts < set.len() => parts = (parts * 2).min(set.len()),
                    Looked::AllSame => break,
                    Looked::CutShort => return (set, false),
                }
            }
            // Two packages that only fit together have no part in the difference, though neither can be left out alone.
            let pairs: Vec<Vec<usize>> = (0..set.len().min(PAIRED))
                .flat_map(|a| (a + 1..set.len().min(PAIRED)).map(move |b| (a, b)))
                .map(|(a, b)| {
                    (0..set.len())
                        .filter(|place| *place != a && *place != b)
                        .map(|place| set[place])
                        .collect()
                })
                .collect();
            match self.first(pairs) {
                // What needed one of them may be left out alone now.
                Looked::Found(smaller) => (parts, set) = (smaller.len().max(2), smaller),
                Looked::AllSame => return (set, true),
                Looked::CutShort => return (set, false),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use reproof_contract::environment::Distribution;

    use super::*;

    fn numbered(count: usize) -> Vec<Change> {
        let change = |number: usize| Change {
            package: format!("p{number}"),
            from: Some("1".to_owned()),
            to: Some("2".to_owned()),
        };
        (0..count).map(change).collect()
    }

    /// The packages of the first set, and whether it is proved.
    fn leading(found: &Minimal) -> (Vec<&str>, bool) {
        let set = &found.sets[0];
        (set.changes.iter().map(|change| change.package.as_str()).collect(), set.proved)
    }

    /// A difference that needs all of `cause`.
    fn needs<'a>(cause: &'a [&str]) -> impl FnMut(&[&Change]) -> Outcome + 'a {
        |applied| {
            let has = |name: &&str| applied.iter().any(|change| change.package == *name);
            if cause.iter().all(has) { Outcome::Different } else { Outcome::Same }
        }
    }

    #[test]
    fn one_cause_is_found_and_sooner_where_it_is_suspected() {
        let changes = numbered(40);
        let found = minimise(&changes, &[], 100, || false, needs(&["p29"]));
        assert_eq!(leading(&found), (vec!["p29"], true));
        assert!(found.tests.len() <= 12, "{}", found.tests.len());
        let suspects = ["absent", "p3", "p29"].map(str::to_owned);
        let found = minimise(&changes, &suspects, 100, || false, needs(&["p29"]));
        assert_eq!(leading(&found), (vec!["p29"], true));
        let tested = |name: &str, outcome| (vec![name.to_owned()], outcome);
        assert_eq!(found.tests[..2], [tested("p3", Outcome::Same), tested("p29", Outcome::Different)]);
        // Without it the other 39 do nothing, which is tried and not assumed.
        assert_eq!((found.tests[2].0.len(), &found.tests[2].1, found.tests.len()), (39, &Outcome::Same, 3));
        assert_eq!((found.rest, found.sets.len()), (Rest::Harmless, 1));
    }

    #[test]
    fn every_pair_is_found_and_nothing_is_tested_twice() {
        let changes = numbered(9);
        for (first, second) in (0..9).flat_map(|first| (first + 1..9).map(move |second| (first, second))) {
            let cause = [format!("p{first}"), format!("p{second}")];
            let cause = cause.each_ref().map(String::as_str);
            let found = minimise(&changes, &["p4".to_owned()], 1000, || false, needs(&cause));
            let (mut together, proved) = leading(&found);
            together.sort_unstable();
            assert_eq!((together, proved), (cause.to_vec(), true));
            assert_eq!((found.rest, found.sets.len()), (Rest::Harmless, 1));
            let distinct: BTreeSet<&Vec<String>> = found.tests.iter().map(|(packages, _)| packages).collect();
            assert_eq!(distinct.len(), found.tests.len());
        }
    }

    #[test]
    fn causes_beside_each_other_are_all_found() {
        let changes = numbered(12);
        // p2 alone, and p7 with p9, whatever the others do.
        let test = |applied: &[&Change]| {
            let has = |name: &str| applied.iter().any(|change| change.package == name);
            if has("p2") || has("p7") && has("p9") { Outcome::Different } else { Outcome::Same }
        };
        let found = minimise(&changes, &["p9".to_owned()], 1000, || false, test);
        let mut sets: Vec<(Vec<&str>, bool)> = Vec::new();
        for set in &found.sets {
            let mut names: Vec<&str> = set.changes.iter().map(|change| change.package.as_str()).collect();
            names.sort_unstable();
            sets.push((names, set.proved));
        }
        sets.sort();
        assert_eq!(sets, [(vec!["p2"], true), (vec!["p7", "p9"], true)]);
        assert_eq!(found.rest, Rest::Harmless);
        // A second search that is cut short leaves the first cause as it is.
        let found = minimise(&changes, &["p2".to_owned()], 3, || false, test);
        assert_eq!((leading(&found), found.rest), ((vec!["p2"], true), Rest::Untested));
        assert!(!found.sets[1].proved);
    }

    #[test]
    fn what_cannot_be_tried_without_a_cause_is_not_called_harmless() {
        // p0 needs the new p1, which makes the difference.
        let test = |applied: &[&Change]| {
            let has = |name: &str| applied.iter().any(|change| change.package == name);
            match (has("p0"), has("p1")) {
                (true, false) => Outcome::Unresolved("p0 needs the new p1".to_owned()),
                (_, true) => Outcome::Different,
                (false, false) => Outcome::Same,
            }
        };
        let found = minimise(&numbered(2), &[], 100, || false, test);
        assert_eq!((leading(&found), found.rest), ((vec!["p1"], true), Rest::Unresolved));
    }

    #[test]
    fn what_a_cause_needs_to_be_installed_stays_with_it() {
        let changes = numbered(16);
        // p5 makes the difference and works with the new p11 only, p2 and p13 fit together only.
        let test = |applied: &[&Change]| {
            let has = |name: &str| applied.iter().any(|change| change.package == name);
            if has("p5") && !has("p11") || has("p2") != has("p13") {
                Outcome::Unresolved("no such combination".to_owned())
            } else if has("p5") {
                Outcome::Different
            } else {
                Outcome::Same
            }
        };
        let found = minimise(&changes, &["p5".to_owned()], 1000, || false, test);
        assert_eq!(leading(&found), (vec!["p5", "p11"], true));
        assert!(found.tests.iter().any(|(_, outcome)| matches!(outcome, Outcome::Unresolved(_))));
    }

    #[test]
    fn what_needed_a_pair_goes_with_it() {
        // p2 and p3 make the difference; p0 and p1 need one another and p4, which stays until they are gone.
        let test = |applied: &[&Change]| {
            let has = |name: &str| applied.iter().any(|change| change.package == name);
            if has("p0") != has("p1") || has("p0") && !has("p4") {
                Outcome::Unresolved("no such combination".to_owned())
            } else if has("p2") && has("p3") {
                Outcome::Different
            } else {
                Outcome::Same
            }
        };
        for order in [[0, 1, 2, 3, 4], [2, 0, 3, 4, 1], [4, 3, 0, 1, 2], [1, 2, 4, 0, 3]] {
            let numbers = numbered(5);
            let changes: Vec<Change> = order.iter().map(|&place: &usize| numbers[place].clone()).collect();
            let found = minimise(&changes, &[], 1000, || false, test);
            let (mut together, proved) = leading(&found);
            together.sort_unstable();
            assert_eq!((together, proved), (vec!["p2", "p3"], true), "{order:?}");
        }
    }

    #[test]
    fn a_search_cut_short_tells_what_it_has() {
        let changes = numbered(32);
        let found = minimise(&changes, &[], 2, || false, needs(&["p1"]));
        let cut = |found: &Minimal| (found.sets[0].changes.clone(), found.sets[0].proved, found.tests.len());
        assert_eq!((cut(&found), found.rest), ((changes[..8].to_vec(), false, 2), Rest::Untested));
        let found = minimise(&changes, &["p1".to_owned()], 0, || false, needs(&["p1"]));
        let (kept, proved, tests) = cut(&found);
        assert_eq!((kept.len(), proved, tests), (32, false, 0));
        let mut left = 3;
        let stop = || {
            left -= 1;
            left < 0
        };
        let found = minimise(&changes, &[], 100, stop, needs(&["p1"]));
        assert_eq!(cut(&found), (changes[..4].to_vec(), false, 3));
    }

    #[test]
    fn few_changes_need_no_test() {
        let one = minimise(&numbered(1), &["p0".to_owned()], 0, || true, needs(&["p0"]));
        assert_eq!((leading(&one), one.rest, one.tests.len()), ((vec!["p0"], true), Rest::Harmless, 0));
        let none = minimise(&[], &[], 10, || false, needs(&[]));
        assert_eq!(none, Minimal { sets: Vec::new(), rest: Rest::Harmless, tests: Vec::new() });
    }

    #[test]
    fn changes_are_what_came_went_or_has_another_version() {
        let python = |packages: &[(&str, &str)]| Python {
            distributions: packages
                .iter()
                .map(|&(name, version)| {
                    (name.to_owned(), Distribution { version: version.to_owned(), ..Distribution::default() })
                })
                .collect(),
            ..Python::default()
        };
        let recorded =
            python(&[("numpy", "1.26.4"), ("pip", "23"), ("scipy", "1.12.0"), ("six", "1"), ("uv", "0")]);
        let current = python(&[("array-api", "1"), ("numpy", "2.0.2"), ("pip", "24"), ("scipy", "1.12.0")]);
        let change = |package: &str, from: Option<&str>, to: Option<&str>| Change {
            package: package.to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        let expected = [
            change("array-api", None, Some("1")),
            change("numpy", Some("1.26.4"), Some("2.0.2")),
            change("six", Some("1"), None),
        ];
        assert_eq!(changes(&recorded, &current), expected);
        assert!(changes(&recorded, &recorded).is_empty());
    }
}
