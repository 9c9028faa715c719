"""Taps of a SavedModel: the operations of its graph by their names, from a copy whose functions are written out."""

# Operations that compute nothing.
_STILL = {"Const", "Placeholder", "Identity", "IdentityN", "NoOp", "ReadVariableOp"}


def run(function, given, taps):
    """Tells `taps` of the steps of a signature with named inputs."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    flat = convert_variables_to_constants_v2(function, lower_control_flow=False)
    steps = [one for one in flat.graph.get_operations() if one.type not in _STILL and taps.wants(one.name)]
    wanted = {one.name: one for step in steps for one in [*step.inputs, *step.outputs] if _is_told(one)}
    places = {tensor.op.name: tensor for tensor in flat.inputs}
    found = flat.prune(list(places.values()), list(wanted.values()))(*(_of(given, name) for name in places))
    values = dict(zip(wanted, found))
    for step in steps:
        took = [values[one.name] for one in step.inputs if one.name in values and one.op.type != "Const"]
        made = [values[one.name] for one in step.outputs if one.name in values]
        taps.add(step.name, step.type, taps.digests(took), made)


def _is_told(tensor):
    """Numbers and texts; not handles of resources and lists."""
    return tensor.dtype.name not in ("resource", "variant")


def _of(given, name):
    """The input for a placeholder, whose name may have got a prefix."""
    return given[name] if name in given else given[next(known for known in given if name.endswith("_" + known))]
