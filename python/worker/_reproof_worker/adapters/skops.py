"""`skops`: an estimator of scikit-learn in the archive of skops, which names types instead of pickling them."""

import skops.io

from .. import detect
from ..failure import Unsupported
from . import sklearn


def load(session):
    sklearn.prepare(session)
    path = detect.only_file(session.artifact)
    # Types that skops itself does not vouch for.
    unknown = skops.io.get_untrusted_types(file=path)
    if unknown and not session.trust:
        raise Unsupported(
            "leave to load what the archive names: {}".format(", ".join(map(str, unknown))),
            "look at it with `reproof scan`, then give --trust if you know where the file is from",
        )
    return sklearn.adopt(skops.io.load(path, trusted=unknown), session)
