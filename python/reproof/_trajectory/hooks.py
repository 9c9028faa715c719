"""Hooks by which a training is watched where nobody tells; they are there only while something is recorded."""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import models


class Hooks:
    """Tells of passes through the model and of steps of the optimizers."""

    def __init__(
        self,
        *,
        before_pass: Callable[[Any], None] | None = None,
        after_pass: Callable[[Any], None] | None = None,
        before_step: Callable[[], None] | None = None,
    ) -> None:
        self.before_pass = before_pass
        self.after_pass = after_pass
        self.before_step = before_step
        self._handles: list[Any] = []
        self._hiding: Callable[[], None] | None = None

    def install(self, model: Any, optimizers: Sequence[Any]) -> None:
        if self._handles:
            return
        if not models.is_compiled_in_place(model):
            self._hiding = _hide(type(model))
            if self.before_pass is not None:
                told = _Hook(self._before_pass)
                self._handles.append(model.register_forward_pre_hook(told, with_kwargs=True))
            if self.after_pass is not None:
                self._handles.append(model.register_forward_hook(_Hook(self._after_pass)))
        if self.before_step is not None:
            for optimizer in optimizers:
                if hasattr(optimizer, "register_step_pre_hook"):
                    self._handles.append(optimizer.register_step_pre_hook(self._before_step))

    def remove(self) -> None:
        while self._handles:
            self._handles.pop().remove()
        if self._hiding is not None:
            self._hiding()
            self._hiding = None

    def _before_pass(self, module: Any, arguments: tuple[Any, ...], by_name: dict[str, Any]) -> None:
        if self.before_pass is not None and _is_training(module):
            alone = len(arguments) == 1 and not by_name
            named = {str(index): value for index, value in enumerate(arguments)}
            self.before_pass(arguments[0] if alone else {**named, **by_name})

    def _after_pass(self, module: Any, arguments: tuple[Any, ...], output: Any) -> None:
        if self.after_pass is not None and _is_training(module):
            self.after_pass(output)

    def _before_step(self, optimizer: Any, arguments: tuple[Any, ...], by_name: dict[str, Any]) -> None:
        if self.before_step is not None:
            self.before_step()


class _Hook:
    """A hook that does nothing where its module is copied or pickled in a way of its own."""

    def __init__(self, call: Callable[..., None]) -> None:
        compiler = sys.modules.get("torch._dynamo")
        # Compilers of models look into all that is called on the way.
        self._call = call if compiler is None else compiler.disable(call)

    def __call__(self, *given: Any) -> None:
        self._call(*given)

    def __reduce__(self) -> tuple[Any, ...]:
        # A function of Python that takes anything and does nothing: this package may lack where it is loaded.
        return getattr, (contextlib.nullcontext(), "__exit__")


# Where a module keeps its hooks, and which of them take more than others.
_KEPT = {
    "_forward_pre_hooks": ("_forward_pre_hooks_with_kwargs",),
    "_forward_hooks": ("_forward_hooks_with_kwargs", "_forward_hooks_always_called"),
}

# How many recordings hide their hooks in modules of a class, and what undoes it.
_HIDDEN: dict[type, tuple[int, Callable[[], None]]] = {}


def _hide(kind: type) -> Callable[[], None]:
    """Leaves our hooks out of modules that are copied, for averaging for example, or pickled; gives what ends that."""
    count, undo = _HIDDEN.get(kind) or (0, _replace(kind))
    _HIDDEN[kind] = count + 1, undo

    def end() -> None:
        count, undo = _HIDDEN.pop(kind)
        if count > 1:
            _HIDDEN[kind] = count - 1, undo
        else:
            undo()

    return end


def _replace(kind: Any) -> Callable[[], None]:
    """Replaces how modules of a class are taken apart, to be copied and pickled; gives what undoes it."""
    own = vars(kind).get("__reduce_ex__")

    def reduce(self: Any, protocol: Any) -> Any:
        made = super(kind, self).__reduce_ex__(protocol) if own is None else own(self, protocol)
        if isinstance(made, tuple) and len(made) > 2 and isinstance(made[2], dict):
            return (*made[:2], _without(made[2]), *made[3:])
        return made

    def undo() -> None:
        if own is None:
            del kind.__reduce_ex__
        else:
            kind.__reduce_ex__ = own

    kind.__reduce_ex__ = reduce
    return undo


def _without(state: dict[str, Any]) -> dict[str, Any]:
    """The state of a module without our hooks."""
    state = dict(state)
    for name, more in _KEPT.items():
        hooks = state.get(name, {})
        ours = [key for key, hook in hooks.items() if isinstance(hook, _Hook)]
        for part in (name, *more) if ours else ():
            if part in state:
                state[part] = copy.copy(state[part])
                for key in ours:
                    state[part].pop(key, None)
    return state


def _is_training(module: Any) -> bool:
    import torch

    return bool(module.training) and torch.is_grad_enabled()
