"""What of a host's objects cannot be kept: all of it at once, each with a path and a remedy.

    launcher.supervisor.log_handler: TextIOWrapper …; skip it or bind it anew

Looks at everything that a root leads to, changes nothing, and calls no code of the host. What is
left out because it is called a secret, skipped or bound anew is listed as *withheld*; a set whose
order depends on the process is a *warning*, since nobody can restore it.

Many objects with the same trouble are one problem: the first path, and how many more.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_persist.errors import BadValue
from prometheus_persist.graph.classes import ClassTable, name_of
from prometheus_persist.graph.kinds import (
    BOUND,
    MAPPINGS,
    WHOLE,
    Kinds,
    attributes,
    factory,
    has_apart,
    hidden_state,
    state,
    told_apart,
)
from prometheus_persist.graph.policy import HostPolicy, is_secret
from prometheus_persist.graph.values import Leaves, without_passwords
from prometheus_persist.shown import shown

_BY_VALUE: Final = frozenset({int, bool, float, type(None)})


@dataclass(slots=True)
class HostSurvey:
    """What was found. ``problems`` empty: everything can be kept."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    objects: int = 0

    def refuse(self) -> None:
        """Raise BadValue with every problem at once, where there is one."""
        if self.problems:
            raise BadValue("cannot be attached: " + "; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class _Step:
    """How an object was come by."""

    text: str
    before: _Step | None = None

    def path(self) -> str:
        parts, step = [], self
        while True:
            parts.append(step.text)
            if step.before is None:
                return shown("".join(reversed(parts)))
            step = step.before


def survey(root: Any, table: ClassTable, policy: HostPolicy, name: str = "root") -> HostSurvey:
    """Look at everything below ``root``, which is called ``name`` in the paths."""
    return _Surveyor(table, policy).survey(root, name)


class _Surveyor:
    def __init__(self, table: ClassTable, policy: HostPolicy) -> None:
        self._table, self._policy = table, policy
        self._leaves, self._kinds = Leaves(table), Kinds(table, policy)
        self._found = HostSurvey()
        self._seen: dict[int, Any] = {}
        self._memory: dict[int, Any] = {}
        self._todo: list[tuple[Any, _Step]] = []
        self._again: dict[str, tuple[str, int]] = {}
        self._told: dict[str, str] = {}
        self._secrets: dict[str, int] = {}

    def survey(self, root: Any, name: str) -> HostSurvey:
        if self._kind(root, _Step(name)) not in ("o", ""):
            self._problem(_Step(name), f"{type(root).__qualname__} is no instance of a class")
            root = None
        self._todo.append((root, _Step(name)))
        while self._todo:
            obj, step = self._todo.pop()
            self._look(obj, step)
        found = self._found
        for why, (path, more) in self._again.items():
            at = f"{path} (and {more} more)" if more else path
            found.problems.append(f"{at}: {why}")
        found.warnings += [f"{path}: {why}" for why, path in self._told.items()]
        return found

    def _problem(self, step: _Step, why: str) -> None:
        path, more = self._again.get(why, (step.path(), -1))
        self._again[why] = path, more + 1

    def _kind(self, obj: Any, step: _Step) -> str:
        try:
            return self._kinds[type(obj)]
        except BadValue as problem:
            self._problem(step, f"{problem.detail}{_remedy(obj, self._table)}")
            return ""

    def _look(self, obj: Any, step: _Step) -> None:
        try:
            write = self._leaves[type(obj)]
            if write is not None:
                if type(obj) is str and without_passwords(obj) != obj:
                    raise BadValue("text with a password in an address, in a list, set or key")
                write(obj)
                return
        except BadValue as problem:
            self._problem(step, f"{problem.detail}; skip it or give an adapter")
            return
        if id(obj) in self._seen:
            return
        self._seen[id(obj)] = obj
        kind = self._kind(obj, step)
        if kind == BOUND:
            self._problem(
                step,
                f"{type(obj).__qualname__} is bound anew, and stands in no list or set; skip it",
            )
        elif kind:
            self._found.objects += 1
            self._inside(obj, kind, step)

    def _inside(self, obj: Any, kind: str, step: _Step) -> None:
        apart = kind not in ("o", "x") and has_apart(obj)
        if apart:
            self._problem(step, f"{told_apart(obj, apart)}; keep it in an object of yours")
        elif kind in WHOLE:
            self._whole(obj, kind, step)
        elif kind == "o":
            cls = name_of(type(obj))
            self._found.classes[cls] = self._found.classes.get(cls, 0) + 1
            for name, value in attributes(obj).items():
                self._named(obj, name, value, _Step(f".{name}", step))
        elif kind in MAPPINGS:
            if kind == "dd":
                self._factory(obj, step)
            for key, value in obj.items():
                self._todo.append((key, _Step(" (a key)", step)))
                text = repr(key) if type(key) in (str, int) else type(key).__qualname__
                text = without_passwords(text)
                self._named(obj, key, value, _Step(f"[{text}]", step))
        else:
            if kind in ("s", "fs"):
                self._order(obj, step)
            for number, value in enumerate(obj):
                self._todo.append((value, _Step(f"[{number}]", step)))

    def _named(self, owner: Any, name: Any, value: Any, step: _Step) -> None:
        of_class = not isinstance(owner, dict)
        hidden = self._policy.withheld(type(owner), name) if of_class else self._policy.hidden(name)
        left_out = hidden or self._policy.is_bound_anew(type(value))
        if left_out or (type(value) is str and without_passwords(value) != value):
            self._found.withheld.append(step.path())
            if hidden and of_class and is_secret(name):
                self._count(f"{type(owner).__qualname__}.{name}", step)
        else:
            self._todo.append((value, step))

    def _count(self, name: str, step: _Step) -> None:
        """Of many alike, the freshly built host will hardly have each again."""
        self._secrets[name] = self._secrets.get(name, 0) + 1
        if self._secrets[name] == 2:
            why = f"is called a secret and never saved; if it is none, say public=[{name!r}]"
            self._told.setdefault(why, step.path())

    def _whole(self, obj: Any, kind: str, step: _Step) -> None:
        try:
            state(kind, obj, self._policy)
        except BadValue as problem:
            self._problem(step, f"{problem.detail}; skip it or give an adapter")
            return
        if kind == "a":
            base = obj
            while getattr(base, "base", None) is not None:
                base = base.base
            if self._memory.setdefault(id(base), obj) is not obj:
                self._problem(step, "an array that shares its memory with another; copy it")

    def _factory(self, obj: Any, step: _Step) -> None:
        try:
            factory(obj.default_factory, self._table)
        except BadValue as problem:
            self._problem(step, f"{problem.detail}; use a class of yours, list, dict, int, …")

    def _order(self, obj: Any, step: _Step) -> None:
        if any(type(each) not in _BY_VALUE for each in obj):
            why = (
                "the order of this set is another in every process, unless PYTHONHASHSEED is fixed"
            )
            self._told.setdefault(why, step.path())


def _remedy(obj: Any, table: ClassTable) -> str:
    """What to do about an object that cannot be kept."""
    cls = type(obj)
    if cls.__module__ in ("builtins", "_io", "_thread", "_socket", "socket", "threading"):
        return "; skip it or bind it anew"
    registered, fields = table.registered(cls.__module__), hasattr(cls, "_fields")
    if registered and fields:
        return "; skip it, or name the field in public if it is none"
    foreign = cls.__module__.partition(".")[0] in sys.stdlib_module_names
    if foreign or (hidden_state(cls) and not fields):
        return "; skip it, bind it anew or give an adapter"
    if not registered:
        return f"; add {cls.__module__!r} to modules, skip it or bind it anew"
    return "; skip it or give an adapter"
