//! Trees as attributes describe them: untrusted lists that must agree.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::attributes::{doubles, expect, integers, tensor, texts};
use super::forest::{Branch, Forest, Node, Test, Vote};
use crate::Failure;
use crate::arithmetic::order::ascending;
use crate::call::{Call, dim};

/// Lists of integers, each of as many values.
fn lists<'a, const N: usize>(
    call: &Call<'a>,
    count: usize,
    names: [&str; N],
) -> Result<[&'a [i64]; N], Failure> {
    let mut lists = [&[][..]; N];
    for (list, name) in lists.iter_mut().zip(names) {
        *list = integers(call, name)?;
        expect(name, count, list.len())?;
    }
    Ok(lists)
}

/// Which nodes send a missing value where their test holds.
fn missing_holds(call: &Call<'_>, count: usize) -> Result<Vec<bool>, Failure> {
    let name = "nodes_missing_value_tracks_true";
    let told = integers(call, name)?;
    if told.is_empty() {
        return Ok(vec![false; count]);
    }
    expect(name, count, told.len())?;
    Ok(told.iter().map(|told| *told != 0).collect())
}

/// A target that exists.
fn target(name: &str, id: i64, targets: usize) -> Result<usize, Failure> {
    let known = usize::try_from(id).ok().filter(|target| *target < targets);
    known.ok_or_else(|| {
        Failure::refused(format!("attribute `{name}`: expected one of {targets} targets, got {id}"))
    })
}

/// The trees of TreeEnsembleClassifier and TreeEnsembleRegressor, whose votes are in lists that begin with `class` or
/// `target`.
pub(super) fn by_ids(call: &Call<'_>, votes: &str, targets: usize) -> Result<Forest, Failure> {
    let modes = texts(call, "nodes_modes")?;
    let count = modes.len();
    let names =
        ["nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids"];
    let [trees, ids, features, whens, elses] = lists(call, count, names)?;
    let limits = doubles(call, "nodes_values")?;
    expect("nodes_values", count, limits.len())?;
    let missing = missing_holds(call, count)?;

    let mut places = HashMap::with_capacity(count);
    let (mut planted, mut roots) = (HashSet::new(), Vec::new());
    for (place, (tree, id)) in trees.iter().zip(ids).enumerate() {
        if places.insert((*tree, *id), place).is_some() {
            return Err(Failure::refused(format!("node {id} of tree {tree} is there twice")));
        }
        // The specification does not tell which node is the first of its tree. Here it is the one that comes first.
        if planted.insert(*tree) {
            roots.push(place);
        }
    }
    let (ranges, votes) = votes_by_place(call, votes, targets, &places, count)?;
    let mut nodes = Vec::with_capacity(count);
    for (place, mode) in modes.iter().enumerate() {
        let limit = limits[place];
        let test = match mode.as_str() {
            "LEAF" => {
                nodes.push(Node::Leaf(ranges[place].clone()));
                continue;
            }
            "BRANCH_LEQ" => Test::AtMost(limit),
            "BRANCH_LT" => Test::Less(limit),
            "BRANCH_GTE" => Test::AtLeast(limit),
            "BRANCH_GT" => Test::More(limit),
            "BRANCH_EQ" => Test::Equal(limit),
            "BRANCH_NEQ" => Test::Differs(limit),
            other => return Err(Failure::refused(format!("attribute `nodes_modes`: mode `{other}`"))),
        };
        let (tree, id) = (trees[place], ids[place]);
        let way = |next: i64| {
            places.get(&(tree, next)).copied().ok_or_else(|| {
                Failure::refused(format!("node {id} of tree {tree} leads to node {next}, which is not there"))
            })
        };
        let ways = [way(elses[place])?, way(whens[place])?];
        let (feature, missing_holds) = (feature(features[place])?, missing[place]);
        nodes.push(Node::Branch(Branch { feature, test, missing_holds, ways }));
    }
    Forest::new(nodes, roots, votes)
}

/// A feature that may exist.
fn feature(id: i64) -> Result<usize, Failure> {
    dim(id).map_err(|_| Failure::refused(format!("attribute `nodes_featureids`: feature {id}")))
}

/// Votes in the order of their nodes, and where those of each node are.
fn votes_by_place(
    call: &Call<'_>,
    prefix: &str,
    targets: usize,
    places: &HashMap<(i64, i64), usize>,
    count: usize,
) -> Result<(Vec<Range<usize>>, Vec<Vote>), Failure> {
    let [trees, ids, classes, weights] =
        ["treeids", "nodeids", "ids", "weights"].map(|name| format!("{prefix}_{name}"));
    let list = doubles(call, &weights)?;
    let [trees, ids, told] = lists(call, list.len(), [&trees, &ids, &classes])?;
    let mut found = Vec::with_capacity(list.len());
    for (((tree, id), class), weight) in trees.iter().zip(ids).zip(told).zip(list) {
        // Votes of a branch are never found. Converters have written some, and ONNX Runtime takes no notice of them either.
        let place = *places.get(&(*tree, *id)).ok_or_else(|| {
            Failure::refused(format!("a vote of node {id} of tree {tree}, which is not there"))
        })?;
        found.push((place, Vote { target: target(&classes, *class, targets)?, weight }));
    }
    // Those of one node stay in their order.
    found.sort_by_key(|(place, _)| *place);
    let mut ranges = vec![0..0; count];
    for (index, (place, _)) in found.iter().enumerate() {
        let range = &mut ranges[*place];
        if range.start == range.end {
            range.start = index;
        }
        range.end = index + 1;
    }
    Ok((ranges, found.into_iter().map(|(_, vote)| vote).collect()))
}

/// The trees of TreeEnsemble, whose branches and leaves are in lists of their own.
pub(super) fn by_places(call: &Call<'_>, targets: usize) -> Result<Forest, Failure> {
    let modes = match tensor(call, "nodes_modes")? {
        Some(modes) => modes.whole()?.1,
        None => &[],
    };
    let count = modes.len();
    let names = [
        "nodes_featureids",
        "nodes_truenodeids",
        "nodes_falsenodeids",
        "nodes_trueleafs",
        "nodes_falseleafs",
    ];
    let [features, whens, elses, when_leaves, else_leaves] = lists(call, count, names)?;
    let limits = floats(call, "nodes_splits")?;
    expect("nodes_splits", count, limits.len())?;
    let missing = missing_holds(call, count)?;

    let weights = floats(call, "leaf_weights")?;
    let [ids] = lists(call, weights.len(), ["leaf_targetids"])?;
    let vote = |(id, weight): (&i64, &f64)| {
        Ok(Vote { target: target("leaf_targetids", *id, targets)?, weight: *weight })
    };
    let votes: Vec<Vote> = ids.iter().zip(weights).map(vote).collect::<Result<_, Failure>>()?;

    let mut members = members(call, modes)?.into_iter();
    // Leaves follow the branches.
    let way = |name: &str, next: i64, is_leaf: bool| {
        let (first, size) = if is_leaf { (count, votes.len()) } else { (0, count) };
        let place = usize::try_from(next).ok().filter(|place| *place < size);
        place.map(|place| first + place).ok_or_else(|| {
            let kind = if is_leaf { "leaves" } else { "branches" };
            Failure::refused(format!("attribute `{name}`: expected one of {size} {kind}, got {next}"))
        })
    };
    let mut nodes = Vec::with_capacity(count + votes.len());
    for (place, mode) in modes.iter().enumerate() {
        let limit = limits[place];
        let test = match mode {
            0 => Test::AtMost(limit),
            1 => Test::Less(limit),
            2 => Test::AtLeast(limit),
            3 => Test::More(limit),
            4 => Test::Equal(limit),
            5 => Test::Differs(limit),
            6 => Test::Member(members.next().unwrap_or_default()),
            other => return Err(Failure::refused(format!("attribute `nodes_modes`: mode {other}"))),
        };
        let ways = [
            way("nodes_falsenodeids", elses[place], else_leaves[place] != 0)?,
            way("nodes_truenodeids", whens[place], when_leaves[place] != 0)?,
        ];
        let (feature, missing_holds) = (feature(features[place])?, missing[place]);
        nodes.push(Node::Branch(Branch { feature, test, missing_holds, ways }));
    }
    nodes.extend((0..votes.len()).map(|index| Node::Leaf(index..index + 1)));
    // A tree of one leaf is a branch whose ways both lead to it. ONNX Runtime takes the leaf of the branch's own number instead.
    let roots = integers(call, "tree_roots")?.iter().map(|root| way("tree_roots", *root, false));
    Forest::new(nodes, roots.collect::<Result<_, _>>()?, votes)
}

/// The floats of a tensor; none is an empty list.
fn floats<'a>(call: &Call<'a>, name: &str) -> Result<&'a [f64], Failure> {
    match tensor(call, name)? {
        Some(tensor) => Ok(tensor.floats()?.1),
        None => Ok(&[]),
    }
}

/// The sets of the branches that ask for members: parted by NaN, in the order of these branches.
fn members(call: &Call<'_>, modes: &[i64]) -> Result<Vec<Vec<f64>>, Failure> {
    let name = "membership_values";
    let values = floats(call, name)?;
    let mut sets: Vec<Vec<f64>> = values.split(|value| value.is_nan()).map(<[f64]>::to_vec).collect();
    // The last set may end with NaN too.
    if sets.last().is_some_and(Vec::is_empty) {
        sets.pop();
    }
    let expected = modes.iter().filter(|mode| **mode == 6).count();
    if sets.len() != expected {
        return Err(Failure::refused(format!(
            "attribute `{name}`: expected {expected} sets, got {}",
            sets.len()
        )));
    }
    for set in &mut sets {
        set.sort_by(|left, right| ascending(*left, *right));
    }
    Ok(sets)
}
