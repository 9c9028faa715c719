//! Decision trees: where a row goes, and which votes it finds there.

use std::ops::Range;

use crate::Failure;
use crate::arithmetic::order::ascending;

/// What a branch asks of a feature that is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    AtMost(f64),
    Less(f64),
    AtLeast(f64),
    More(f64),
    Equal(f64),
    Differs(f64),
    /// One of these, which ascend.
    Member(Vec<f64>),
}

impl Test {
    fn holds(&self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= *limit,
            Self::Less(limit) => value < *limit,
            Self::AtLeast(limit) => value >= *limit,
            Self::More(limit) => value > *limit,
            Self::Equal(limit) => value == *limit,
            Self::Differs(limit) => value != *limit,
            Self::Member(members) => members.binary_search_by(|member| ascending(*member, value)).is_ok(),
        }
    }
}

/// A branch of a tree.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) feature: usize,
    pub(super) test: Test,
    /// Whether NaN, a missing value, goes where the test holds; the test is not asked. ONNX Runtime asks it too, so that NaN
    /// differs from every number.
    pub(super) missing_holds: bool,
    /// The nodes that follow where the test does not hold, and where it does.
    pub(super) ways: [usize; 2],
}

/// A node of a tree.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Branch(Branch),
    /// The votes of a leaf.
    Leaf(Range<usize>),
}

/// What a leaf says of a class or target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vote {
    pub(super) target: usize,
    pub(super) weight: f64,
}

/// Trees whose walks all end.
#[derive(Debug)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    /// The first node of each tree.
    roots: Vec<usize>,
    pub(super) votes: Vec<Vote>,
}

impl Forest {
    /// Trees of nodes that exist.
    ///
    /// # Errors
    /// If a walk would not end, if trees share branches, so that walks could be longer than the model, or if there is no tree.
    pub(super) fn new(nodes: Vec<Node>, roots: Vec<usize>, votes: Vec<Vote>) -> Result<Self, Failure> {
        if roots.is_empty() {
            return Err(Failure::refused("expected a tree, got no nodes"));
        }
        let forest = Self { nodes, roots, votes };
        forest.check()?;
        Ok(forest)
    }

    /// Follows every way once. Ways may meet again: converters of LightGBM write sets as branches that lead to one node.
    fn check(&self) -> Result<(), Failure> {
        let mut tree_of: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut is_open = vec![false; self.nodes.len()];
        for (tree, root) in self.roots.iter().enumerate() {
            let mut path = vec![(*root, 0)];
            while let Some((at, way)) = path.pop() {
                let Node::Branch(branch) = &self.nodes[at] else { continue };
                if way == 0 {
                    match tree_of[at] {
                        _ if is_open[at] => {
                            return Err(Failure::refused(format!(
                                "tree {tree} leads from node {at} back to it: expected a walk that ends"
                            )));
                        }
                        Some(known) if known == tree => continue,
                        Some(known) => {
                            return Err(Failure::refused(format!(
                                "trees {known} and {tree} share node {at}: expected branches of their own"
                            )));
                        }
                        None => tree_of[at] = Some(tree),
                    }
                    is_open[at] = true;
                }
                match branch.ways.get(way) {
                    Some(next) => path.extend([(at, way + 1), (*next, 0)]),
                    None => is_open[at] = false,
                }
            }
        }
        Ok(())
    }

    /// The number of trees.
    pub(super) fn len(&self) -> usize {
        self.roots.len()
    }

    /// Refuses rows that lack a feature.
    pub(super) fn fits(&self, width: usize) -> Result<(), Failure> {
        for (index, node) in self.nodes.iter().enumerate() {
            match node {
                Node::Branch(Branch { feature, .. }) if *feature >= width => {
                    return Err(Failure::refused(format!(
                        "node {index} asks for feature {feature}: expected one of the {width} of a row"
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The votes that a row finds, tree by tree.
    pub(super) fn votes<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = Vote> + 'a {
        self.roots.iter().flat_map(|root| self.leaf(*root, row)).copied()
    }

    fn leaf(&self, root: usize, row: &[f64]) -> &[Vote] {
        let mut at = root;
        loop {
            match &self.nodes[at] {
                Node::Leaf(votes) => return &self.votes[votes.clone()],
                Node::Branch(branch) => {
                    let value = row[branch.feature];
                    let holds = if value.is_nan() { branch.missing_holds } else { branch.test.holds(value) };
                    at = branch.ways[usize::from(holds)];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(test: Test, ways: [usize; 2]) -> Node {
        Node::Branch(Branch { feature: 0, test, missing_holds: false, ways })
    }

    fn refused(nodes: Vec<Node>, roots: Vec<usize>) -> String {
        Forest::new(nodes, roots, Vec::new()).unwrap_err().to_string()
    }

    #[test]
    fn tests_ask_what_they_are_named_after() {
        let members = Test::Member(vec![-1.0, 0.0, 2.5]);
        for (test, holds) in [
            (Test::AtMost(0.0), [true, true, true, false, false]),
            (Test::Less(0.0), [true, false, false, false, false]),
            (Test::AtLeast(0.0), [false, true, true, true, true]),
            (Test::More(0.0), [false, false, false, true, true]),
            (Test::Equal(0.0), [false, true, true, false, false]),
            (Test::Differs(0.0), [true, false, false, true, true]),
            (members, [true, true, true, true, false]),
        ] {
            assert_eq!([-1.0, -0.0, 0.0, 2.5, 3.0].map(|value| test.holds(value)), holds, "{test:?}");
        }
        assert!(!Test::Member(vec![1.0, 3.0]).holds(2.0) && !Test::Member(Vec::new()).holds(2.0));
    }

    #[test]
    fn walks_that_never_end_are_refused() {
        let test = || Test::AtMost(0.0);
        let back = "tree 0 leads from node 0 back to it: expected a walk that ends";
        assert_eq!(refused(vec![branch(test(), [0, 0])], vec![0]), back);
        let far = vec![branch(test(), [1, 2]), branch(test(), [2, 0]), Node::Leaf(0..0)];
        assert_eq!(refused(far, vec![0]), back);
        let shared = vec![branch(test(), [1, 2]), branch(test(), [2, 2]), Node::Leaf(0..0)];
        assert_eq!(refused(shared, vec![0, 1]), "trees 0 and 1 share node 1: expected branches of their own");
        assert_eq!(refused(Vec::new(), Vec::new()), "expected a tree, got no nodes");
    }

    #[test]
    fn ways_may_meet_again() {
        let nodes = vec![
            branch(Test::Equal(1.0), [1, 2]),
            branch(Test::Equal(2.0), [3, 2]),
            branch(Test::Less(9.0), [3, 4]),
            Node::Leaf(0..1),
            Node::Leaf(1..2),
        ];
        let votes = [0, 1].map(|target| Vote { target, weight: 1.0 });
        let forest = Forest::new(nodes, vec![0], votes.to_vec()).unwrap();
        let target = |value: f64| forest.votes(&[value]).next().unwrap().target;
        assert_eq!([1.0, 2.0, 3.0, f64::NAN].map(target), [1, 1, 0, 0]);
        assert_eq!(
            forest.fits(0).unwrap_err().to_string(),
            "node 0 asks for feature 0: expected one of the 0 of a row"
        );
    }

    #[test]
    fn missing_values_go_where_they_are_told_to() {
        for missing_holds in [false, true] {
            let test = Test::Differs(1.0);
            let first = Node::Branch(Branch { feature: 0, test, missing_holds, ways: [1, 2] });
            let votes = [0, 1].map(|target| Vote { target, weight: 1.0 }).to_vec();
            let forest =
                Forest::new(vec![first, Node::Leaf(0..1), Node::Leaf(1..2)], vec![0], votes).unwrap();
            let target = |value: f64| forest.votes(&[value]).next().unwrap().target;
            assert_eq!([1.0, 2.0, f64::NAN].map(target), [0, 1, usize::from(missing_holds)]);
        }
    }

    /// Deep trees are followed without recursion, and wide meshes once.
    #[test]
    fn long_walks_need_no_stack_and_meshes_no_time() {
        let count = 100_000;
        let mut nodes: Vec<Node> =
            (0..count).map(|at| branch(Test::More(f64::INFINITY), [at + 1, at + 1])).collect();
        nodes.push(Node::Leaf(0..1));
        let votes = vec![Vote { target: 7, weight: 0.5 }];
        let forest = Forest::new(nodes, vec![0], votes.clone()).unwrap();
        assert_eq!(forest.votes(&[0.0]).collect::<Vec<_>>(), votes);
    }
}
