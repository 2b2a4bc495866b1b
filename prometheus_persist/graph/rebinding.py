"""What was withheld, given to the restored objects from the freshly built host.

A rule names a place, and an attribute of the fresh root: ``{"Supervisor.okx_trading": "okx"}``.
Any other place gets what the fresh host has at the same place: restored and fresh objects are gone
through side by side, along attributes, keys and entries, as long as they are of the same type.
Where there is nothing, the attribute or key is taken away again, and named.

Of text in which an address had a password, the rest was written: the fresh host's text is taken
where it says the same but for the password, else the rest stays, and the place is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from prometheus_persist.errors import BadValue
from prometheus_persist.graph.kinds import SLOTS, attributes, own_dict
from prometheus_persist.graph.values import without_passwords

Withheld = tuple[Any, Any, str | None]
"""Whose place it is, its name or key, and what was written of a text (None: nothing)."""
_NOTHING: Final = object()


def rebind(
    restored: Mapping[str, Any],
    fresh: Mapping[str, Any],
    withheld: Iterable[Withheld],
    rules: Mapping[str, str],
    root: Any,
) -> tuple[dict[str, Any], list[str]]:
    """Fill the places; returns those of the root itself, and what there was nothing for.

    ``restored`` and ``fresh`` are the root's attributes. Raises BadValue for a rule that names what
    the fresh root does not have.
    """
    places = list(withheld)
    given = {where: _at(fresh, path, where) for where, path in rules.items()}
    beside = _pairs(restored, fresh, {id(owner) for owner, _, _ in places})
    of_root: dict[str, Any] = {}
    missing = []
    for owner, name, rest in places:
        value = _by_rule(given, owner, name)
        if value is _NOTHING:
            value = fresh.get(name, _NOTHING) if owner is root else _named(beside, owner, name)
        is_missing = value is _NOTHING
        if rest is not None and (type(value) is not str or without_passwords(value) != rest):
            value, is_missing = rest, True
        if owner is not root:
            _put(owner, name, value)
        elif value is not _NOTHING:
            of_root[name] = value
        if is_missing:
            missing.append(f"{type(owner).__qualname__}.{name}")
    return of_root, sorted(set(missing))


def _at(fresh: Mapping[str, Any], path: str, where: str) -> Any:
    first, *rest = path.split(".")
    found = fresh.get(first, _NOTHING)
    for name in rest:
        found = attributes(found).get(name, _NOTHING)
    if found is _NOTHING:
        raise BadValue(f"rebind {where!r}: the fresh host has no {path!r}")
    return found


def _by_rule(given: Mapping[str, Any], owner: Any, name: Any) -> Any:
    for cls in type(owner).__mro__:
        found = given.get(f"{cls.__qualname__}.{name}", _NOTHING)
        if found is not _NOTHING:
            return found
    return _NOTHING


def _named(beside: Mapping[int, Any], owner: Any, name: Any) -> Any:
    fresh = beside.get(id(owner), _NOTHING)
    if fresh is _NOTHING:
        return _NOTHING
    return _inside(fresh).get(name, _NOTHING)


def _inside(obj: Any) -> Mapping[Any, Any]:
    return obj if isinstance(obj, dict) else attributes(obj)


def _pairs(
    restored: Mapping[str, Any], fresh: Mapping[str, Any], wanted: set[int]
) -> dict[int, Any]:
    """The fresh object at the place of each restored one that is ``wanted``."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    todo: list[tuple[Any, Any]] = [(value, fresh.get(name)) for name, value in restored.items()]
    left = set(wanted)
    while todo and left:
        old, new = todo.pop()
        if type(old) is not type(new) or id(old) in seen or old is None:
            continue
        seen.add(id(old))
        if id(old) in left:
            left.discard(id(old))
            found[id(old)] = new
        if isinstance(old, (list, tuple)):
            todo += zip(old, new, strict=False)
        elif isinstance(old, dict) or own_dict(old) or SLOTS[type(old)]:
            inside = _inside(new)
            todo += ((value, inside.get(name)) for name, value in _inside(old).items())
    return found


def _put(owner: Any, name: Any, value: Any) -> None:
    if isinstance(owner, dict):
        if value is _NOTHING:
            del owner[name]
        else:
            owner[name] = value
        return
    member = SLOTS[type(owner)].get(name)
    own = own_dict(owner)
    if value is not _NOTHING:
        if member is not None:
            member.__set__(owner, value)
        else:
            own[name] = value
    elif member is not None:
        member.__delete__(owner)
    else:
        del own[name]
