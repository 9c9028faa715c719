"""Gives hostile pickles to the worker's unpickling of estimators, and estimators of all kinds: `hostile_estimators.py
WORKER`. The first must be refused without a sign of life, the second must come back as they were. Prints what went
otherwise."""

import os
import pickle
import sys
import tempfile
import warnings
from pathlib import Path

import joblib
import numpy
from attacks import estimators
from sklearn import cluster, decomposition, ensemble, linear_model, naive_bayes, neural_network, svm, tree
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

sys.path.insert(0, sys.argv[1])
from _reproof_worker.adapters import sklearn_pickle  # noqa: E402
from _reproof_worker.failure import Refused, Unsupported  # noqa: E402

warnings.filterwarnings("ignore")
problems = []
folder = Path(tempfile.mkdtemp())
os.chdir(folder)


def attack(name: str, path: Path, sign: Path) -> None:
    """Reads a hostile file."""
    try:
        sklearn_pickle.read(path, trust=False)
    except (Unsupported, Refused, pickle.UnpicklingError, ValueError):
        pass
    except BaseException as error:
        problems.append(f"{name}: {type(error).__name__}: {error}")
    else:
        problems.append(f"{name}: was read")
    if sign.exists():
        problems.append(f"{name}: ran")
        sign.unlink()


hostile = estimators.pickles()
for number, (name, content) in enumerate(hostile.items()):
    # The texts keep their length: a working folder of its own, and a sign of two letters in it.
    path = folder / f"{number}.pkl"
    path.write_bytes(content.replace(b"{}", b"go"))
    attack(name, path, folder / "go")


class Payload:
    """What an array of objects hides in a pickle of its own."""

    def __reduce__(self):
        return Path.touch, (folder / "sign",)


for name, content in {
    "in an array of objects": numpy.array([Payload()], dtype=object),
    "beside an array": [numpy.ones(3), Payload()],
}.items():
    for compression in (0, 3, ("xz", 3)):
        path = folder / "array.joblib"
        joblib.dump(content, path, compress=compression)
        attack(f"{name}, compression {compression}", path, folder / "sign")

inputs, targets = load_iris(return_X_y=True)
harmless = [
    linear_model.LogisticRegression(max_iter=500),
    linear_model.LogisticRegressionCV(max_iter=500),
    linear_model.SGDClassifier(),
    linear_model.Ridge(),
    svm.SVC(),
    svm.LinearSVC(),
    naive_bayes.GaussianNB(),
    neural_network.MLPClassifier((4,), max_iter=20),
    tree.DecisionTreeClassifier(),
    ensemble.RandomForestClassifier(5),
    ensemble.GradientBoostingClassifier(n_estimators=3),
    ensemble.AdaBoostClassifier(n_estimators=3),
    cluster.KMeans(3),
    OneHotEncoder(handle_unknown="ignore"),
    make_pipeline(StandardScaler(), decomposition.PCA(2), ensemble.ExtraTreesRegressor(3)),
]
for estimator in harmless:
    estimator.fit(inputs, targets)
    for way in ("pickle 0", "pickle 2", "pickle 4", "joblib", "joblib 3"):
        path = folder / "estimator"
        if way.startswith("pickle"):
            path.write_bytes(pickle.dumps(estimator, protocol=int(way[-1])))
        else:
            joblib.dump(estimator, path, compress=3 if way.endswith("3") else 0)
        try:
            read = sklearn_pickle.read(path, trust=False)
            method = "predict" if hasattr(estimator, "predict") else "transform"
            before, after = (getattr(each, method)(inputs) for each in (estimator, read))
            same = (before != after).sum() == 0
        except BaseException as error:
            problems.append(f"{type(estimator).__name__}, {way}: {type(error).__name__}: {error}")
        else:
            if not same:
                problems.append(f"{type(estimator).__name__}, {way}: gives something else")
joblib.dump(TfidfVectorizer().fit(["one two", "two three"]), folder / "texts.joblib")
sklearn_pickle.read(folder / "texts.joblib", trust=False)

print("\n".join(problems))
print(f"{len(hostile)} hostile pickles, {len(harmless)} estimators")
sys.exit(bool(problems))
