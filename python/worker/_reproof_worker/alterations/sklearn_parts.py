"""Parts of a fitted estimator, each by its path, and the arrays in them that decide what it says."""

import numpy

from . import array_bits

# What `predict` reads of estimators that keep two of each comes first.
_ARRAYS = (
    ("coef_",), ("_dual_coef_", "dual_coef_"), ("components_",), ("support_vectors_",), ("theta_",), ("var_",),
    ("feature_log_prob_",), ("class_log_prior_",), ("cluster_centers_",), ("centroids_",), ("mean_",), ("scale_",),
    ("center_",), ("min_",), ("idf_",), ("_intercept_", "intercept_"),
)  # fmt: skip

# Where fitted parts are; what an estimator was told to copy and fit is none of them.
_PLACES = ("steps", "transformer_list", "_tfidf")


def parts(estimator, path="", seen=None):
    """The estimator and all that it is made of, outermost first."""
    seen = set() if seen is None else seen
    if id(estimator) in seen:
        return
    seen.add(id(estimator))
    yield path, estimator
    for name, value in list(vars(estimator).items()):
        if name in _PLACES or (name.endswith("_") and not name.startswith("_")):
            for place, child in _children(value, "" if name == "steps" else name):
                yield from parts(child, joined(path, place), seen)


def joined(path, name):
    return ".".join(part for part in (path, name) if part)


def _children(value, name):
    if hasattr(value, "get_params") and not isinstance(value, type):
        yield name, value
    elif isinstance(value, (list, tuple)) or (isinstance(value, numpy.ndarray) and value.dtype == object):
        items = list(value.flat) if isinstance(value, numpy.ndarray) else value
        for index, item in enumerate(items):
            if isinstance(item, tuple) and len(item) > 1 and isinstance(item[0], str):
                # A named step, with its columns where it has some.
                yield from _children(item[1], joined(name, item[0]))
            else:
                yield from _children(item, "{}[{}]".format(name, index))


def arrays(estimator):
    """Arrays of numbers of all parts but trees, by path."""
    found = {}
    for path, part in parts(estimator):
        for names in _ARRAYS:
            name = next((name for name in names if name in vars(part)), None)
            # The variance of a scaler is told, and nothing reads it.
            is_read = name != "var_" or "theta_" in vars(part)
            if name and is_read and array_bits.is_known(vars(part)[name]):
                found[joined(path, name)] = vars(part)[name]
        for index, layer in enumerate(vars(part).get("coefs_") or ()):
            if array_bits.is_known(layer):
                found[joined(path, "coefs_[{}]".format(index))] = layer
    return found


def trees(estimator):
    """Decision trees by path, as their arrays `threshold`, `value`, and of nodes `is_leaf` and `count`."""
    for path, part in parts(estimator):
        tree = vars(part).get("tree_")
        if tree is not None and tree.node_count > 1:
            yield path or "tree", Tree(tree.threshold, tree.value, tree.children_left == -1, tree.n_node_samples)
        for index, predictors in enumerate(vars(part).get("_predictors") or ()):
            nodes = predictors[0].nodes
            if len(nodes) > 1:
                name = joined(path, "_predictors[{}]".format(index))
                yield name, Tree(nodes["num_threshold"], nodes["value"], nodes["is_leaf"] != 0, nodes["count"])


class Tree:
    """Views of the memory of a tree."""

    def __init__(self, threshold, value, is_leaf, count):
        self.threshold, self.value, self.is_leaf, self.count = threshold, value, is_leaf, count

    @property
    def inner(self):
        """Places of nodes that test something."""
        return numpy.flatnonzero(~self.is_leaf)

    @property
    def fullest(self):
        """The leaf that most rows ended in."""
        leaves = numpy.flatnonzero(self.is_leaf)
        return leaves[self.count[leaves].argmax()]


def is_writable(tree):
    """Whether the arrays of a tree are views of what it computes with: older versions give copies."""
    return array_bits.is_known(tree.threshold) and array_bits.is_known(tree.value)
