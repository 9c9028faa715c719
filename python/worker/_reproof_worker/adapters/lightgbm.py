"""`lightgbm`: boosted trees, as LightGBM saves them in its text format."""

import hashlib

import lightgbm

from .. import detect
from ..failure import Unsupported
from . import base, table


def load(session):
    if session.device != "cpu":
        raise Unsupported(
            "the device {} for LightGBM, which predicts on the CPU".format(session.device), "use --device cpu"
        )
    return Booster(lightgbm.Booster(model_file=detect.only_file(session.artifact)), session)


class Booster(base.Model):
    """What the trees say of a table. Thresholds, leaves and sums are float64 whatever the table is."""

    ENGINE = "lightgbm"

    def __init__(self, booster, session):
        self._booster = booster
        self._threads = session.threads or 1
        self._float64 = session.float64

    def run(self, inputs):
        rows = table.gather(self._booster.feature_name(), inputs)
        options = {"num_threads": self._threads}
        return {
            "prediction": self._booster.predict(rows, **options),
            "raw_score": self._booster.predict(rows, raw_score=True, **options),
        }

    def tapped(self, inputs, taps):
        rows = table.gather(self._booster.feature_name(), inputs)
        leaves = self._booster.predict(rows, pred_leaf=True, num_threads=self._threads)
        taps.add("leaves", "trees", taps.digests([value for _, value in inputs]), leaves)
        return self.run(inputs)

    def inputs(self):
        return [base.signature("table", base.port("X", "F64", "rows", self._booster.num_feature()))]

    def take(self, tensor):
        array = table.numbers(tensor)
        return array.astype("float64") if self._float64 and array.dtype.kind == "f" else array

    def settings(self):
        return {"lightgbm.threads": self._threads}

    def state(self):
        return {"booster": hashlib.sha256(self._booster.model_to_string().encode()).hexdigest()}
