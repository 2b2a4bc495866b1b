"""Names that a package offers and does not import before somebody asks for one (PEP 562).

Opening a store imports what opening needs: no exchange client, no reconciliation, no terminal.
A restart counts every millisecond between the process's first and the state in hand.

    if TYPE_CHECKING:
        from package.module import Name as Name
    else:
        __getattr__ = exports({"Name": "package.module"})

Raises AttributeError for a name that is not offered, as any module does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def exports(modules: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's ``__getattr__``: ``modules`` says in which module each name is."""

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"there is no {name!r} here")
        return getattr(import_module(modules[name]), name)

    return find
