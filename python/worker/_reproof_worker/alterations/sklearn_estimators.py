"""What can have changed in a fitted estimator between two loads, the likeliest first."""

import functools

import numpy

from . import keeping, sklearn_formulas, sklearn_parts, sklearn_tables, sklearn_words

# Parameters that decide what a fitted estimator gives, and the attribute that the first value takes, if any.
_PARAMETERS = {
    "with_mean": ((True, False), "mean_"),
    "with_std": ((True, False), "scale_"),
    "with_centering": ((True, False), "center_"),
    "with_scaling": ((True, False), "scale_"),
    "whiten": ((True, False), "explained_variance_"),
    "clip": ((True, False), None),
    "norm": (("l2", "l1"), None),
    "sublinear_tf": ((True, False), None),
    "lowercase": ((True, False), None),
    "binary": ((True, False), None),
    "voting": (("soft", "hard"), None),
    "weights": (("uniform", "distance"), None),
    "decision_function_shape": (("ovr", "ovo"), None),
    "break_ties": ((True, False), None),
}
# A vectoriser has its own copy of what another part of it computes with.
_TOLD_ON = ("norm", "sublinear_tf")
# Parts that keep the classes once more, to name what was predicted.
_CODERS = ("le_", "_le", "_label_binarizer", "_label_encoder")


def alterations(model):
    """By text, what makes the context; `model` is the adapter's."""
    estimator = model.estimator
    found = {}
    for name, change in sklearn_tables.that_matter(model, sklearn_tables.INPUTS).items():
        found["inputs=" + name] = functools.partial(sklearn_tables.given, model, change)
    found.update(sklearn_formulas.alterations(estimator))
    found.update(_thresholds(estimator))
    found.update(parameters(estimator))
    found.update(sklearn_words.unweighted(estimator))
    found.update(skipped(estimator))
    found.update(classes(estimator, "reversed", lambda values: values[::-1].copy()))
    found.update(_jobs(estimator))
    return found


def parameters(estimator):
    """Other values of parameters that a fitted estimator still reads."""
    found = {}
    for path, part in sklearn_parts.parts(estimator):
        for name, (values, needed) in _PARAMETERS.items():
            if name not in vars(part) or (name in _TOLD_ON and hasattr(part, "_tfidf")):
                continue
            current = getattr(part, name)
            if needed and getattr(part, needed, None) is None:
                continue
            for value in values if any(current is known or current == known for known in values) else ():
                if value != current:
                    text = "parameter={}:{}".format(sklearn_parts.joined(path, name), value)
                    found[text] = functools.partial(keeping.replaced, part, name, value)
    return found


def skipped(estimator):
    """Pipelines without one of the steps that leave as many columns as they take."""
    found = {}
    for path, part in sklearn_parts.parts(estimator):
        steps = vars(part).get("steps") or []
        for index, ((name, step), (_, after)) in enumerate(zip(steps, steps[1:])):
            width = getattr(step, "n_features_in_", None)
            if width is not None and width == getattr(after, "n_features_in_", None):
                others = [*steps[:index], (name, "passthrough"), *steps[index + 1 :]]
                text = "step=skipped:" + sklearn_parts.joined(path, name)
                found[text] = functools.partial(keeping.replaced, part, "steps", others)
    return found


def classes(estimator, name, change):
    """The outermost list of classes in another order."""
    for _, part in sklearn_parts.parts(estimator):
        known = vars(part).get("classes_")
        if isinstance(known, numpy.ndarray) and known.ndim == 1 and len(known) > 1:
            coders = [vars(part)[coder] for coder in _CODERS if hasattr(vars(part).get(coder), "classes_")]
            places = [(place, "classes_", place.classes_) for place in [part, *coders]]
            return {"classes=" + name: functools.partial(keeping.attributes, places, _setting(places, change))}
    return {}


def _setting(places, change):
    def make():
        for part, name, value in places:
            setattr(part, name, change(value))

    return make


def _jobs(estimator):
    """Sums over threads have no order."""
    many = [
        part
        for _, part in sklearn_parts.parts(estimator)
        if getattr(part, "n_jobs", None) not in (None, 1) and "n_jobs" in vars(part)
    ]
    if not many:
        return {}
    places = [(part, "n_jobs", part.n_jobs) for part in many]
    return {"n_jobs=1": functools.partial(keeping.attributes, places, _setting(places, lambda _: 1))}


def _thresholds(estimator):
    """Thresholds in single precision, as what converts trees keeps them."""
    found = [tree.threshold for _, tree in sklearn_parts.trees(estimator) if sklearn_parts.is_writable(tree)]
    if not found:
        return {}
    change = functools.partial(rounded, found, "float32")
    return {"thresholds=float32": functools.partial(keeping.arrays, found, change)}


def rounded(arrays, dtype):
    """Values as they are after a smaller type."""
    with numpy.errstate(over="ignore"):
        for array in arrays:
            array[...] = array.astype(dtype)
