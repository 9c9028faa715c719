"""Taps of JAX: the steps of a traced function by their scopes (`Net/Dense_0:dot_general`), those inside of called
functions too. Loops and branches are one step each.

The function is compiled as it is, with every step as one more result: the compiler may fuse less than without.
"""

# Parameters in which a step holds the function that it calls.
_CALLED = {
    "jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr", "checkpoint": "jaxpr",
    "remat2": "jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr",
}  # fmt: skip


def run(jax, function, weights, inputs, taps, compiled):
    """What `function(weights, *positional, **keywords)` gives, after its steps were told to `taps`."""
    positional, keywords = inputs
    traced, form = jax.make_jaxpr(function, return_shape=True)(weights, *positional, **keywords)
    taken, own = jax.tree.leaves((weights, positional, keywords)), len(jax.tree.leaves(weights))
    walk = _Walk(jax, taps)

    def steps(taken):
        walk.begin()
        given = walk.evaluate(traced.jaxpr, traced.consts, taken, [index < own for index in range(len(taken))], "")
        return given, walk.values

    given, values = (jax.jit(steps) if compiled else steps)(taken)
    for name, kind, took, gave in walk.steps:
        taps.add(name, kind, taps.digests([values[place] for place in took]), [values[place] for place in gave])
    return jax.block_until_ready(jax.tree.unflatten(jax.tree.structure(form), given))


class _Walk:
    """One evaluation of a traced function, step by step."""

    def __init__(self, jax, taps):
        self._jax = jax
        self._taps = taps
        self.begin()

    def begin(self):
        # Name, kind, and places in `values` of what each step took and gave.
        self.steps = []
        self.values = []
        self._places = {}

    def evaluate(self, traced, constants, taken, is_weight, scope):
        known = dict(zip(traced.constvars, ((value, True) for value in constants)))
        known.update(zip(traced.invars, zip(taken, is_weight)))
        read = lambda variable: (variable.val, True) if hasattr(variable, "val") else known[variable]
        for step in traced.eqns:
            took = [read(variable) for variable in step.invars]
            inner = "/".join(part for part in (scope, str(step.source_info.name_stack)) if part)
            known.update(zip(step.outvars, ((value, False) for value in self._step(step, took, inner))))
        return [read(variable)[0] for variable in traced.outvars]

    def _step(self, step, took, scope):
        kind = step.primitive.name
        values = [value for value, _ in took]
        called = step.params.get(_CALLED.get(kind))
        if called is not None:
            inner, constants = getattr(called, "jaxpr", called), getattr(called, "consts", ())
            return self.evaluate(inner, constants, values, [own for _, own in took], scope)
        bound = step.primitive.get_bind_params(step.params)
        # Before JAX 0.10, functions came apart from the other parameters.
        functions, parameters = bound if isinstance(bound, tuple) else ((), bound)
        with step.ctx.manager:
            given = step.primitive.bind(*functions, *values, **parameters)
        given = given if step.primitive.multiple_results else [given]
        name = "{}:{}".format(scope, kind) if scope else kind
        if self._taps.wants(name):
            places = [self._place(value) for value, own in took if not own and self._is_array(value)]
            self.steps.append((name, kind, places, [self._place(value) for value in given if self._is_array(value)]))
        return given

    def _is_array(self, value):
        """Not for keys of random streams, which have no numbers."""
        dtypes = self._jax.dtypes
        return hasattr(value, "dtype") and not dtypes.issubdtype(value.dtype, dtypes.extended)

    def _place(self, value):
        if id(value) not in self._places:
            self._places[id(value)] = len(self.values)
            self.values.append(value)
        return self._places[id(value)]
