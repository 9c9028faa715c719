"""`xgboost`: boosted trees or a linear booster, as XGBoost saves them in JSON or UBJSON."""

import hashlib

import xgboost

from .. import detect
from ..failure import Refused, Unsupported
from . import base, table


def load(session):
    if session.float64:
        raise Unsupported("float64 in XGBoost, which computes in float32 alone", "it is judged without a referee")
    booster = xgboost.Booster()
    # From memory: what a file is called would decide how it is read.
    with open(detect.only_file(session.artifact), "rb") as file:
        content = bytearray(file.read())
    try:
        booster.load_model(content)
    except xgboost.core.XGBoostError as error:
        # Without the addresses of its own code, which follow.
        raise Refused("XGBoostError: {}".format(str(error).partition("\nStack trace")[0])) from error
    return Booster(booster, session)


class Booster(base.Model):
    """What the trees say of a table, before and after the last step."""

    ENGINE = "xgboost"

    def __init__(self, booster, session):
        self._threads = session.threads or 1
        booster.set_param({"nthread": self._threads, "device": session.device})
        self._booster = booster
        self._device = session.device

    def run(self, inputs):
        names = self._booster.feature_names or []
        rows = xgboost.DMatrix(table.gather(names, inputs), feature_names=names or None, nthread=self._threads)
        return {
            "prediction": self._booster.predict(rows),
            "margin": self._booster.predict(rows, output_margin=True),
        }

    def tapped(self, inputs, taps):
        names = self._booster.feature_names or []
        rows = xgboost.DMatrix(table.gather(names, inputs), feature_names=names or None, nthread=self._threads)
        taken = taps.digests([value for _, value in inputs])
        try:
            taps.add("leaves", "trees", taken, self._booster.predict(rows, pred_leaf=True))
        except xgboost.core.XGBoostError as error:
            raise Unsupported("taps of a booster without trees", "ask for the outputs alone") from error
        return self.run(inputs)

    def inputs(self):
        return [base.signature("table", base.port("X", "F32", "rows", self._booster.num_features()))]

    def take(self, tensor):
        return table.numbers(tensor)

    def settings(self):
        built = xgboost.build_info()
        return {
            "xgboost.threads": self._threads,
            "xgboost.device": self._device,
            "xgboost.openmp": built.get("USE_OPENMP", "unknown"),
        }

    def state(self):
        return {"booster": hashlib.sha256(self._booster.save_raw("ubj")).hexdigest()}
