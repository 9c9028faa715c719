"""What stands for a loader: everything that it does not do itself is asked of the loader."""

from __future__ import annotations

from typing import Any


class Wrapper:
    """Passes attributes, length and items through, and sets attributes where they belong."""

    # The attributes that are the wrapper's own.
    _OWN = frozenset({"_loader"})

    _loader: Any

    def __len__(self) -> int:
        return len(self._loader)

    def __bool__(self) -> bool:
        return bool(self._loader)

    def __contains__(self, item: object) -> bool:
        return item in self._loader

    def __getitem__(self, index: Any) -> Any:
        return self._loader[index]

    def __getattr__(self, name: str) -> Any:
        # Those between two underscores are Python's own, and copying asks before there is a loader.
        if name in type(self)._OWN or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return getattr(self._loader, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self)._OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self._loader, name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._loader)})


def unwrapped(loader: Any) -> Any:
    return loader._loader if isinstance(loader, Wrapper) else loader
