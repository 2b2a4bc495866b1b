"""Attributes of settled records, noticed as they are written.

What is settled is compared only now and then (``graph/tracker.py``). So a class of such records
gets a ``__setattr__`` and a ``__delattr__`` that say which instance it is and then do what was done
before: a change of an attribute is in the next save, like that of anything else. A write costs a
few hundred nanoseconds more, and only where nobody writes: a class with a record that is written is
none of records, and loses them again.

Left alone is a class that has either of its own, or inherits it: a frozen dataclass, one that
checks what is written. What goes past it (``object.__setattr__``, ``vars(obj)``, a list inside a
record) is found by the looks at everything.

The class is as it was once its last session has let go. What somebody put in the place of ours
stays; ours, where it is still called, does only what was done before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

Note = Callable[[Any], None]
SET: Final = "__setattr__"
DELETE: Final = "__delattr__"
_IMMUTABLE: Final = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: a class of an extension


class _Guard:
    """The two methods of one class, and whom they tell."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        self.notes: tuple[Note, ...] = ()
        self.methods = self._methods(cls)

    def _methods(self, cls: Any) -> dict[str, Callable[..., None]]:
        def set_attribute(obj: Any, name: str, value: Any) -> None:
            for note in self.notes:
                note(obj)
            super(cls, obj).__setattr__(name, value)

        def delete_attribute(obj: Any, name: str) -> None:
            for note in self.notes:
                note(obj)
            super(cls, obj).__delattr__(name)

        found: dict[str, Callable[..., None]] = {SET: set_attribute, DELETE: delete_attribute}
        for name, method in found.items():
            method.__name__, method.__qualname__ = name, f"{cls.__qualname__}.{name}"
        return found

    def is_in_place(self, name: str) -> bool:
        """Whether the class has this one."""
        return vars(self.cls).get(name) is self.methods[name]

    def put(self) -> None:
        """Into the class; never by a metaclass's own code."""
        for name, method in self.methods.items():
            type.__setattr__(self.cls, name, method)

    def take_away(self) -> None:
        """Out of it, where they still are."""
        for name in self.methods:
            if self.is_in_place(name):
                type.__delattr__(self.cls, name)


_guards: Final[dict[int, _Guard]] = {}  # by the class, for all sessions of the process


def _is_free(cls: type) -> bool:
    """Whether nobody but ``object`` and this module says how its attributes are written."""
    for each in cls.__mro__[:-1]:
        guard = _guards.get(id(each))
        for name in (SET, DELETE):
            if name in vars(each) and not (guard is not None and guard.is_in_place(name)):
                return False
    return True


class WriteBarrier:
    """Tells ``note`` of each instance before an attribute of it is written or deleted."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._held: frozenset[type] = frozenset()

    def hold(self, classes: Collection[type]) -> None:
        """Have these classes guarded, and no others."""
        if self._held == classes:
            return
        due = frozenset(classes)
        for cls in self._held - due:
            self._release(cls)
            self._held -= {cls}
        for cls in due - self._held:
            self._held |= {cls}  # first: whatever strikes, it is released again
            self._guard(cls)

    def let_go(self) -> None:
        """No class is guarded for this one any more."""
        self.hold(())

    def _guard(self, cls: type) -> None:
        guard = _guards.get(id(cls))
        if guard is None:
            if not _is_free(cls) or cls.__flags__ & _IMMUTABLE:
                return
            guard = _guards.setdefault(id(cls), _Guard(cls))
            guard.put()
        guard.notes = (*guard.notes, self._note)

    def _release(self, cls: type) -> None:
        guard = _guards.get(id(cls))
        if guard is None:
            return
        guard.notes = tuple(note for note in guard.notes if note != self._note)
        if not guard.notes:
            del _guards[id(cls)]
            guard.take_away()
