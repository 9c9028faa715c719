"""Random numbers that are the same in every run: generators that nobody seeded, seeded for a while."""

import contextlib
import random
import sys


@contextlib.contextmanager
def seeded(seed=0):
    """The global generators of Python and of the frameworks that are loaded, as after this seed."""
    with contextlib.ExitStack() as kept:
        state = random.getstate()
        kept.callback(random.setstate, state)
        random.seed(seed)
        if "numpy" in sys.modules:
            numpy = sys.modules["numpy"]
            kept.callback(numpy.random.set_state, numpy.random.get_state())
            numpy.random.seed(seed)
        if "torch" in sys.modules:
            torch = sys.modules["torch"]
            kept.enter_context(torch.random.fork_rng(range(torch.cuda.device_count())))
            torch.manual_seed(seed)
        if "tensorflow" in sys.modules:
            # Its generator has no state that could be put back; nobody had seeded it.
            sys.modules["tensorflow"].random.set_seed(seed)
        yield
