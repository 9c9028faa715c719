"""Every fault of an estimator applies, is seen unless it is listed as one that nothing shows, and leaves no trace.

Run with an interpreter that has scikit-learn, and the worker on its path.
"""

import types
import unittest

import numpy
import trying
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from _reproof_worker import alterations, objects
from _reproof_worker.adapters import sklearn as adapter

SESSION = types.SimpleNamespace(float64=False, device="cpu")
TEXTS = ["The cat sat on the mat", "a dog ate it", "the dog and the Cat", "birds eat seeds", "a bird sat on a dog"] * 3


def numbers():
    generator = numpy.random.default_rng(0)
    table = generator.normal(2.0, 3.0, (90, 5))
    return table, (table[:, 0] + table[:, 1] * table[:, 2] > 6).astype(int) + (table[:, 3] > 4)


def fitted(estimator):
    table, wanted = numbers()
    # Some rows lie outside of what was learned.
    return estimator.fit(table, wanted), table[:40] * 1.3


def text():
    steps = [("words", TfidfVectorizer()), ("classify", LinearSVC())]
    return Pipeline(steps).fit(TEXTS, [0, 1, 2, 0, 1] * 3), list(TEXTS)


def with_missing():
    table, wanted = numbers()
    table[::7, 1] = numpy.nan
    return HistGradientBoostingRegressor(max_iter=5, random_state=0).fit(table, wanted), table[:40].copy()


def columns():
    return ColumnTransformer([("few", StandardScaler(), [0, 1]), ("rest", RobustScaler(), [2, 3, 4])])


def voting():
    members = [("line", LogisticRegression()), ("bayes", GaussianNB())]
    return VotingClassifier(members, voting="soft")


MODELS = {
    "scaler+logistic": lambda: fitted(Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression())])),
    "pca+svc": lambda: fitted(Pipeline([("project", PCA(3, whiten=True)), ("classify", SVC())])),
    "forest": lambda: fitted(RandomForestClassifier(8, random_state=0, n_jobs=2)),
    "boosting": lambda: fitted(GradientBoostingClassifier(n_estimators=6, random_state=0)),
    "tfidf+linear": text,
    "neighbours": lambda: fitted(KNeighborsClassifier()),
    "histogram": with_missing,
    "columns": lambda: fitted(Pipeline([("each", columns()), ("classify", LogisticRegression())])),
    "voting": lambda: fitted(voting()),
    "minmax+mlp": lambda: fitted(
        Pipeline([("scale", MinMaxScaler()), ("classify", MLPClassifier((7,), max_iter=60, random_state=0))])
    ),
}

# Faults that change no bit of the outputs, and why.
_NARROW = ("inputs=float32", "inputs=float16")
NOT_SEEN = {
    # No row is so near to a border between classes, and none is tied.
    "pca+svc": ("weight=bit:0:classify.support_vectors_", "parameter=classify.break_ties:True"),
    # Trees compare in single precision, and no row lies on a threshold; averages round the last place away.
    "forest": (*_NARROW, "leaves=float32", "threshold=ulp:estimators_[0]", "leaf=bit:0:estimators_[0]"),
    "boosting": (*_NARROW, "threshold=ulp:estimators_[0]", "leaf=bit:0:estimators_[0]"),
    "histogram": (*_NARROW, "threshold=ulp:_predictors[0]", "leaf=bit:0:_predictors[0]"),
    # The same rows stay the nearest.
    "neighbours": _NARROW,
}


class Tried:
    """An estimator that was watched, and what it gives."""

    def __init__(self, name):
        estimator, self.table = MODELS[name]()
        self.model = adapter.adopt(estimator, SESSION)
        with self.model.watching():
            self.run()

    def run(self):
        return objects.digest(
            {
                name: value.toarray() if hasattr(value, "toarray") else value
                for name, value in flat(self.model.run([("X", self.model.copy(self.table))]))
            }
        )

    def state(self):
        """All that is remembered, but for the tree of neighbours, which counts what it is asked."""
        estimator = self.model.estimator
        kept = {name: value for name, value in vars(estimator).items() if name != "_tree"}
        return objects.digest(kept), list(self.model.table_changes)


def flat(outputs):
    for name, value in outputs.items():
        if isinstance(value, dict):
            yield from ((name + "." + inner, item) for inner, item in flat(value))
        else:
            yield name, value


class EstimatorFaults(trying.Faults):
    MODELS = MODELS
    NOT_SEEN = NOT_SEEN
    UNDONE = {
        "inputs=reversed-columns": ("inputs=reversed-columns", ()),
        "parameter=": ("parameter=", ("neighbours",)),
    }

    def tried(self, name):
        return Tried(name)

    def test_alterations_leave_no_trace(self):
        for name in MODELS:
            tried = self.tried(name)
            before, state = tried.run(), tried.state()
            for text in alterations.catalogue(tried.model):
                with self.subTest(model=name, alteration=text):
                    with alterations.apply(tried.model, text):
                        tried.run()
                    self.assertEqual(tried.state(), state)
                    self.assertEqual(tried.run(), before)


if __name__ == "__main__":
    unittest.main()
