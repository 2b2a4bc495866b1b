"""Which classes of the host are written, and found again: a table of ``module:qualname``.

A row names its class by a number into this table. A class is written only if its module is
registered, and read only if its module is registered, *has been imported already*, and the class
found there says exactly that module and qualname itself: a registered module that imports
``logging`` does not lend its name to ``logging.FileHandler``. Nothing is ever imported for a row.

Raises ``BadValue`` when writing, ``StoreDamaged`` when reading.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_persist.errors import BadValue, StoreDamaged


def name_of(cls: type) -> str:
    """How a class is called in the table."""
    return f"{cls.__module__}:{cls.__qualname__}"


class ClassTable:
    """Classes by number. ``moved`` has the present name of classes that were renamed."""

    def __init__(
        self,
        modules: Iterable[str],
        names: Sequence[str] = (),
        moved: Mapping[str, str] | None = None,
    ) -> None:
        self.modules = tuple(modules)
        self._moved = dict(moved or {})
        self.names = [self._moved.get(name, name) for name in names]
        self._numbers: dict[type, int] = {}
        self._found: dict[int, type] = {}

    def registered(self, module: str) -> bool:
        """Whether a module is one of those given, or below one of them."""
        return any(module == each or module.startswith(f"{each}.") for each in self.modules)

    def why_not(self, cls: type) -> str:
        """Why a class cannot be written; empty: it can."""
        name = name_of(cls)
        if not self.registered(cls.__module__):
            return f"class {name} is in no registered module"
        if "<locals>" in cls.__qualname__:
            return f"class {name} was made inside a function"
        if _at(name) is not cls:
            return f"class {name} is not what its module has under that name"
        return ""

    def number(self, cls: type) -> int:
        """The number of a class; raises BadValue."""
        found = self._numbers.get(cls)
        if found is None:
            why = self.why_not(cls)
            if why:
                raise BadValue(why)
            name = name_of(cls)
            if name not in self.names:
                self.names.append(name)
            found = self._numbers[cls] = self.names.index(name)
        return found

    def find(self, number: object) -> type[Any]:
        """The class behind a number; raises StoreDamaged."""
        if type(number) is not int or not 0 <= number < len(self.names):
            raise StoreDamaged(f"the host's objects name class {number!r}, which is not listed")
        found = self._found.get(number)
        if found is None:
            found = self._found[number] = self.by_name(self.names[number])
        return found

    def by_name(self, written: str) -> type[Any]:
        """The class of a name; raises StoreDamaged."""
        name = self._moved.get(written, written)
        module = name.partition(":")[0]
        if not self.registered(module):
            raise StoreDamaged(f"class {name} of the host is in no registered module")
        if module not in sys.modules:
            raise StoreDamaged(f"class {name} of the host: import {module} before attaching")
        found = _at(name)
        if not isinstance(found, type) or name_of(found) != name:
            raise StoreDamaged(f"class {name} of the host is not there any more")
        return found


def _at(name: str) -> object:
    """What an imported module has under a name; None where it has nothing."""
    module, _, qualname = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = vars(found).get(part) if isinstance(found, type) else getattr(found, part, None)
    return found
