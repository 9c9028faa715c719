"""Hooks by which a training is watched where nobody tells; they are there only while something is recorded."""

from __future__ import annotations

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

    def install(self, model: Any, optimizers: Sequence[Any]) -> None:
        if self._handles:
            return
        if not models.is_compiled_in_place(model):
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
    """A hook that stays behind when its module is copied, for averaging for example, or pickled as a whole."""

    def __init__(self, call: Callable[..., None]) -> None:
        compiler = sys.modules.get("torch._dynamo")
        # Compilers of models look into all that is called on the way.
        self._call = call if compiler is None else compiler.disable(call)

    def __call__(self, *given: Any) -> None:
        self._call(*given)

    def __deepcopy__(self, memo: dict[int, Any]) -> Callable[..., None]:
        return _nothing

    def __reduce__(self) -> tuple[Callable[[], Callable[..., None]], tuple[()]]:
        return _get_nothing, ()


def _nothing(*given: Any) -> None:
    pass


def _get_nothing() -> Callable[..., None]:
    return _nothing


def _is_training(module: Any) -> bool:
    import torch

    return bool(module.training) and torch.is_grad_enabled()
