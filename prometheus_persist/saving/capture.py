"""What differs between a live model and the document that the store holds of it.

A capture remembers, for each document it has written, what every field was made of. Saving a trade
then costs the fields that the trade touched, not the documents they are in: fields made of the same
objects as last time are left alone; the others are written anew, each by a rule that proves it
comes back as it is (``state/encoding.py``). Of a ``History`` only what was appended is written, and
nothing else looked at. Where no rule covers a value the whole document is written, read back and
compared, and what a restore would refuse, or give back as something else, raises ``BadValue`` (S8).

What is remembered of a document counts only as long as the store holds the very object that was
made here. Whatever else changes the store, or keeps a change from getting there, makes the next
look a complete one; nothing has to be told to forget.

A look changes nothing. What it found is remembered by ``learn``, once the store has taken the
change in, and in one step for each document: interrupted anywhere, a capture knows of no document
what the store does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from json import loads
from operator import eq, is_
from typing import Any

from pydantic import BaseModel

from prometheus_persist.errors import BadValue
from prometheus_persist.state.documents import document, fits, id_field, is_same, odd, proven
from prometheus_persist.state.encoding import Codec, codec, leaves
from prometheus_persist.state.exact_json import COMMIT_NESTING_MAX, JsonObject, as_text, dumps
from prometheus_persist.state.history import History
from prometheus_persist.state.money import Contracts
from prometheus_persist.state.naming import LEAVES, named

_IN_A_COMMIT = COMMIT_NESTING_MAX - 2  # a document stands two levels deep in a change
_SCALARS = frozenset({str, int, float, bool, type(None)})


@dataclass(slots=True)
class Captured:
    """A document as it is now; the text of all of it, or of what differs."""

    known: _Known
    put: str = ""
    set: str = ""
    grow: str = ""

    @property
    def content(self) -> JsonObject:
        """The document."""
        return self.known.content


@dataclass(slots=True)
class _Known:
    """What a model was when ``content`` was made of it.

    ``values`` are in the order of the model's own fields: the value where it is immutable, else
    what it was made of. Never changed: replaced.
    """

    rules: Codec
    content: JsonObject
    ids: str  # the field that the document's key repeats
    names: list[str]
    values: list[object]
    extra: object

    def changed(self, model: BaseModel) -> list[int] | None:
        """Which fields are not what they were; None where fields came or went."""
        now = model.__dict__
        extra = model.__pydantic_extra__
        if list(now) != self.names or ((extra or self.extra) and not _is_still(extra, self.extra)):
            return None
        return [
            number
            for number, new, old in zip(count(), now.values(), self.values, strict=False)
            if new is not old and not (type(old) in _MADE_OF and _is_still(new, old))
        ]


class Capture:
    """Compares models with documents; remembers what it wrote."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def of(self, key: str, model: BaseModel, before: JsonObject | None) -> Captured | None:
        """The document of ``model`` if it differs from ``before``; raises BadValue."""
        known = self._known.get(key)
        if known is not None and known.content is before and known.rules.model is type(model):
            changed = known.changed(model)
            if changed is not None:
                if not changed:
                    return None
                found = _moved(known, model, changed)
                if found is not None:
                    return self._different(key, found)
        return self._different(key, _whole(key, model, before))

    def learn(self, found: Mapping[str, Captured]) -> None:
        """The store holds these, by key."""
        for key, captured in found.items():
            self._known[key] = captured.known

    def forget(self, key: str) -> None:
        """Drop what is remembered of a document that is gone."""
        self._known.pop(key, None)

    def _different(self, key: str, found: Captured) -> Captured | None:
        """None where it is what the store holds, which is then known."""
        if found.put or found.set or found.grow:
            return found
        self._known[key] = found.known
        return None


def _whole(key: str, model: BaseModel, before: JsonObject | None) -> Captured:
    if not isinstance(model, BaseModel):
        raise BadValue(f"cannot be saved: {named(key, model)} is no model")
    rules = codec(type(model))
    text = rules.text(model) if fits(key, model) else None
    if text is None:
        content = document(model, key)
        proven(key, model, content)
        try:
            text = dumps(content, nesting_max=_IN_A_COMMIT, canonical=False).decode()
        except BadValue as problem:
            raise BadValue(f"cannot be saved: {odd(key, model) or problem.detail}") from None
    else:
        content = loads(text)
    same = before is not None and is_same(before, content)
    known = _Known(
        rules=rules,
        content=before if before is not None and same else content,
        ids=id_field(key.partition("/")[0]),
        names=list(model.__dict__),
        values=[_kept(value) for value in model.__dict__.values()],
        extra=_kept(model.__pydantic_extra__),
    )
    return Captured(known, put="" if same else text)


def _moved(known: _Known, model: BaseModel, changed: list[int]) -> Captured | None:
    """The document with the changed fields written anew; None where no rule covers one."""
    now, names, rules, content = model.__dict__, known.names, known.rules, known.content
    if rules.check is not None:
        return None
    fresh: JsonObject = {}
    sets: list[str] = []
    grows: list[str] = []
    values = list(known.values)
    for number in changed:
        name, old = names[number], values[number]
        value = now[name]
        longer = _grown(old, value) if type(old) is _Past else None
        if longer is not None:
            drop, more = longer
            grows.append(f"{rules.heads[name]}[{drop},[{','.join(more)}]]")
            fresh[name] = [*content[name][drop:], *map(loads, more)]
        else:
            encode = rules.encoders.get(name)
            text = encode(value) if encode is not None and name != known.ids else None
            if text is None:
                return None
            json_value = _json_value(value, text)
            if json_value != content[name] or as_text(content[name]) != text:
                sets.append(rules.heads[name] + text)
                fresh[name] = json_value
        values[number] = _kept(value)
    moved = _Known(
        rules, content | fresh if fresh else content, known.ids, names, values, known.extra
    )
    return Captured(
        moved,
        set="{" + ",".join(sets) + "}" if sets else "",
        grow="{" + ",".join(grows) + "}" if grows else "",
    )


@dataclass(frozen=True, slots=True)
class _Past:
    """A history, and how far it had gone."""

    history: History
    dropped: int
    ever: int


def _grown(old: _Past, new: object) -> tuple[int, list[str]] | None:
    """What a history lost and gained; None where it is another one, or nothing is left of it."""
    if new is not old.history or not old.history.dropped <= old.ever <= old.history.ever:
        return None
    return old.history.dropped - old.dropped, old.history.texts(old.ever)


class _FlatDict(dict[Any, Any]):
    """A copy of a dict that holds nothing mutable."""


class _FlatList(list[Any]):
    """A copy of a list that holds nothing mutable."""


class _Leaves(list[object]):
    """What anything else is made of."""


_MADE_OF = frozenset({_FlatDict, _FlatList, _Leaves, _Past})


def _kept(value: object) -> object:
    """What a later value is compared with: itself where it cannot change, else what is in it."""
    kind = type(value)
    if kind in LEAVES:
        return value
    if kind is dict and LEAVES.issuperset(map(type, value.values())):  # type: ignore[attr-defined]
        return _FlatDict(value)  # type: ignore[call-overload]
    if kind is list and LEAVES.issuperset(map(type, value)):  # type: ignore[call-overload]
        return _FlatList(value)  # type: ignore[call-overload]
    if kind is History:
        return _Past(value, value.dropped, value.ever)  # type: ignore[arg-type,attr-defined]
    found = _Leaves()
    leaves(value, found)
    return found


def _is_still(new: Any, old: Any) -> bool:
    """Whether a value is made of the same objects as before, in place or not."""
    kind = type(old)
    if kind is _FlatList:
        return type(new) is list and len(new) == len(old) and all(map(is_, new, old))
    if kind is _FlatDict:
        return (
            type(new) is dict
            and len(new) == len(old)
            and all(map(is_, new.values(), old.values()))
            and all(map(eq, new, old))
        )
    if kind is _Past:
        return new is old.history and (new.dropped, new.ever) == (old.dropped, old.ever)
    found: list[object] = []
    leaves(new, found)
    return len(found) == len(old) and all(map(is_, found, old))


def _json_value(value: object, text: str) -> Any:
    """What reading ``text`` gives, which ``value`` was written as; shares nothing mutable."""
    kind = type(value)
    if kind is Decimal or kind is Contracts:
        return text[1:-1]
    return value if kind in _SCALARS else loads(text)
