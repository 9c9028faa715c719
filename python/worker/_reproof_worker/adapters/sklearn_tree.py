"""Trees of scikit-learn that came out of a pickle. Native code follows their indices without a look."""

from ..failure import Refused


class Trees:
    """The trees of one file: made while it is read, looked at when it is read."""

    def __init__(self):
        self._made = []

    def new(self, *arguments):
        from sklearn.tree._tree import Tree

        tree = Tree(*arguments)
        self._made.append(tree)
        return tree

    def check(self):
        """Refuses a tree that leads out of itself, or back to where it came from."""
        for tree in self._made:
            if tree.node_count and not _is_sound(tree):
                raise Refused("a decision tree in the pickle is damaged: a node leads to one that it cannot have")


def _is_sound(tree):
    import numpy

    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != -1
    own = numpy.arange(tree.node_count)
    # A node is written before its children.
    leads = [(children[inner] > own[inner]) & (children[inner] < tree.node_count) for children in (left, right)]
    tested = (feature[inner] >= 0) & (feature[inner] < tree.n_features)
    return bool(all(lead.all() for lead in leads) and tested.all())
