"""What keeps the worker within its bounds: it dies with its parent, and the system refuses it memory."""

import ctypes
import faulthandler
import signal
import sys

# The parent watches the limit itself; the system's is for a single huge allocation between two looks.
_SLACK = 1 << 30

_PR_SET_PDEATHSIG = 1


def limit_memory(limit):
    # A crash in native code leaves the Python lines that led there among the last words.
    faulthandler.enable()
    if not sys.platform.startswith("linux"):
        return
    _die_with_parent()
    if limit is not None:
        import resource

        bound = limit + _SLACK
        try:
            resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))
        except (OSError, ValueError):
            # A harder limit is in force already.
            pass


def _die_with_parent():
    try:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        # The closed channel ends the worker after its current step.
        pass
