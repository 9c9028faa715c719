"""`sklearn`: an estimator or pipeline of scikit-learn, pickled or by joblib."""

from .. import arrays, detect, objects
from ..failure import Refused, Unsupported
from . import base, sklearn_pickle


def load(session):
    prepare(session)
    return adopt(sklearn_pickle.read(detect.only_file(session.artifact), session.trust), session)


def prepare(session):
    """What no estimator can do."""
    if session.device != "cpu":
        raise Unsupported("the device {} for scikit-learn".format(session.device), "use --device cpu")


def adopt(estimator, session):
    """The model for an estimator, wherever it came from."""
    if not hasattr(estimator, "predict") and not hasattr(estimator, "transform"):
        raise Unsupported(
            "an estimator: the file holds a {}".format(type(estimator).__name__),
            "take it apart in a function and name it with --loader MODULE:FUNCTION",
        )
    return Estimator(estimator, session)


class Estimator(base.Model):
    """A fitted estimator: everything that it can say of a table."""

    ENGINE = "sklearn"

    # What an estimator is asked for, the first two that it has.
    _METHODS = ("predict_proba", "decision_function", "predict", "transform")

    def __init__(self, estimator, session):
        self._estimator = estimator
        self._float64 = session.float64
        # What an experiment does to tables on their way in, the first one first.
        self.table_changes = []

    @property
    def estimator(self):
        return self._estimator

    def run(self, inputs):
        taps, estimator, table = self._stages(inputs)
        outputs = {name: getattr(estimator, name)(table) for name in self._METHODS if self._has(name)}
        # Scores of both kinds say the same.
        if "predict_proba" in outputs:
            outputs.pop("decision_function", None)
        return {"preprocessing": taps, **outputs} if taps else outputs

    def tapped(self, inputs, taps):
        steps, estimator, table = self._stages(inputs)
        before = taps.digests([value for _, value in inputs])
        for name, given in steps.items():
            taps.add(name, "transform", before, given)
            before = taps.digests([given])
        # Of trees, the leaf that each row ends in: what a changed threshold changes first.
        if hasattr(estimator, "apply"):
            taps.add("leaves", type(estimator).__name__, before, estimator.apply(table))
        return self.run(inputs)

    def _stages(self, inputs):
        """What the steps of a pipeline give, the estimator behind them, and what it is given."""
        steps = getattr(self._estimator, "steps", None)
        if not steps or len(steps) < 2:
            return {}, self._estimator, self._table(inputs)
        if len(inputs) == 1 and inputs[0][0] == "preprocessing":
            # What was recorded behind the last step before the estimator.
            taps = inputs[0][1]
            return taps, steps[-1][1], list(taps.values())[-1]
        taps, table = {}, self._table(inputs)
        for name, step in steps[:-1]:
            if step is not None and step != "passthrough":
                table = step.transform(table)
                taps[name] = table
        return taps, steps[-1][1], table

    def inputs(self):
        names = list(getattr(self._estimator, "feature_names_in_", []))
        if names:
            # One array a column, as a table of names is given.
            return [base.signature("table", *(base.port(str(name), "F64", "rows") for name in names))]
        count = getattr(self._estimator, "n_features_in_", None)
        if count is not None:
            return [base.signature("table", base.port("X", "F64", "rows", int(count)))]
        steps = getattr(self._estimator, "steps", None)
        first = steps[0][1] if steps else self._estimator
        if hasattr(first, "build_analyzer"):
            return [base.signature("text", base.port("X", None, "rows"))]
        return "the estimator does not tell how many features it takes"

    def _has(self, name):
        # `transform` of a classifier pipeline is not what it is for.
        return hasattr(self._estimator, name) and (name != "transform" or not hasattr(self._estimator, "predict"))

    def alterations(self):
        from ..alterations import sklearn_estimators

        return sklearn_estimators.alterations(self)

    def faults(self, wanted=None):
        from ..alterations import sklearn_faults

        return sklearn_faults.faults(self, wanted)

    def watching(self):
        from ..alterations import sklearn_tables

        return sklearn_tables.watching(self)

    def _table(self, inputs):
        table = self._given(inputs)
        for change in self.table_changes:
            table = change(table)
        return table

    def _given(self, inputs):
        names = list(getattr(self._estimator, "feature_names_in_", []))
        if len(inputs) == 1 and inputs[0][0] not in names:
            return inputs[0][1]
        if names and sorted(name for name, _ in inputs) == sorted(names):
            import pandas

            return pandas.DataFrame({name: value for name, value in inputs})[names]
        expected = ", ".join(names) if names else "one table"
        raise Refused("the estimator takes {}, and got {}".format(expected, ", ".join(name for name, _ in inputs)))

    def take(self, tensor):
        array = arrays.to_numpy(tensor)
        return array.astype("float64") if self._float64 and array.dtype.kind == "f" else array

    def give(self, value):
        # Sparse matrices have a dense form that numbers can be compared in.
        return arrays.from_any(value.toarray() if hasattr(value, "toarray") else value)

    def state(self):
        return {"estimator": objects.digest(self._estimator)}
