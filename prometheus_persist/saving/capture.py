"""What differs between a live model and the document that the store holds of it.

A capture remembers, for each document it has written, what every field was made of. Saving a trade
then costs the fields that the trade touched, not the documents they are in: fields made of the same
objects as last time are left alone; the others are made JSON anew, each by a rule that proves it
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

import marshal
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress
from json import loads
from operator import is_, is_not
from typing import Any

from pydantic import BaseModel

from prometheus_persist.errors import BadValue
from prometheus_persist.state.documents import document, fits, id_field, is_same, odd, proven
from prometheus_persist.state.encoding import UNFIT, Codec, codec, leaves
from prometheus_persist.state.exact_json import COMMIT_NESTING_MAX, JsonObject, dumps
from prometheus_persist.state.history import History
from prometheus_persist.state.naming import LEAVES, named

_IN_A_COMMIT = COMMIT_NESTING_MAX - 2  # a document stands two levels deep in a change

_BY_VALUE = 2  # marshal's version that knows no references: types and values alone decide


@dataclass(slots=True)
class Captured:
    """A document as it is now: all of it in ``put``, or what differs in ``set`` and ``grow``."""

    known: _Known
    put: JsonObject | None = None
    set: JsonObject | None = None
    grow: JsonObject | None = None

    @property
    def content(self) -> JsonObject:
        """The document."""
        return self.known.content


@dataclass(slots=True)
class _Known:
    """What a model was when ``content`` was made of it. Never changed: replaced."""

    rules: Codec
    content: JsonObject
    ids: str  # the field that the document's key repeats
    names: list[str]
    values: list[object]  # of the fields, in the order of the model's own
    deep: dict[str, object]  # what those were made of that can change in place
    extra: object

    def moved(self, model: BaseModel) -> Captured | None:
        """The document with what changed made anew; None where no rule covers it."""
        now, extra, deep, rules = model.__dict__, model.__pydantic_extra__, self.deep, self.rules
        if list(now) != self.names or (
            (extra or self.extra) and _again(extra, self.extra) is not self.extra
        ):
            return None
        touched = compress(self.names, map(is_not, now.values(), self.values))
        changed = [name for name in touched if name not in deep]
        anew: dict[str, object] = {}  # what the others are made of now
        for name, old in deep.items():
            made_of = _again(now[name], old)
            if made_of is not old:
                anew[name] = made_of
        if not (changed or anew):
            return Captured(self)
        if rules.check is not None or self.ids in changed:
            return None
        deeper = {}
        if not LEAVES.issuperset(map(type, map(now.__getitem__, changed))):
            deeper = {name: _kept(now[name]) for name in changed if type(now[name]) not in LEAVES}
        grows = {
            name: grown
            for name, made_of in anew.items()
            if type(made_of) is _Past and (grown := _grown(deep[name], made_of)) is not None
        }
        changed += [name for name in anew if name not in grows]
        encoders, was, sets = rules.encoders, self.content, JsonObject()
        for name in changed:
            value = encoders[name](now[name])
            old = was[name]
            # Equal is not the same: 1, 1.0 and true are three values, 0.0 and -0.0 two.
            if value != old or (value is not old and repr(value) != repr(old)):
                sets[name] = value
        if UNFIT in sets.values():
            return None
        content = was | sets if sets or grows else was
        for name, (drop, more) in grows.items():
            content[name] = [*was[name][drop:], *more]
        deep = deep | anew | deeper if anew or deeper else deep
        known = _Known(rules, content, self.ids, self.names, list(now.values()), deep, self.extra)
        return Captured(known, set=sets, grow=grows)


class Capture:
    """Compares models with documents; remembers what it wrote."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def of(self, key: str, model: BaseModel, before: JsonObject | None) -> Captured | None:
        """The document of ``model`` if it differs from ``before``; raises BadValue."""
        known = self._known.get(key)
        found = None
        if known is not None and known.content is before and known.rules.model is type(model):
            found = known.moved(model)
        if found is None:
            found = _whole(key, model, before)
        if found.put or found.set or found.grow:
            return found
        self._known[key] = found.known  # it is what the store holds
        return None

    def learn(self, found: Mapping[str, Captured]) -> None:
        """The store holds these, by key."""
        for key, captured in found.items():
            self._known[key] = captured.known

    def forget(self, key: str) -> None:
        """Drop what is remembered of a document that is gone."""
        self._known.pop(key, None)


def _whole(key: str, model: BaseModel, before: JsonObject | None) -> Captured:
    if not isinstance(model, BaseModel):
        raise BadValue(f"cannot be saved: {named(key, model)} is no model")
    rules = codec(type(model))
    content: Any = rules.content(model) if fits(key, model) else UNFIT
    if content is UNFIT:
        content = document(model, key)
        proven(key, model, content)
        try:
            dumps(content, nesting_max=_IN_A_COMMIT, canonical=False)
        except BadValue as problem:
            raise BadValue(f"cannot be saved: {odd(key, model) or problem.detail}") from None
    same = before is not None and is_same(before, content)
    held = model.__dict__
    known = _Known(
        rules=rules,
        content=before if before is not None and same else content,
        ids=id_field(key.partition("/")[0]),
        names=list(held),
        values=list(held.values()),
        deep={name: _kept(value) for name, value in held.items() if type(value) not in LEAVES},
        extra=_kept(model.__pydantic_extra__),
    )
    return Captured(known, put=None if same else content)


@dataclass(frozen=True, slots=True)
class _Past:
    """A history, and how far it had gone."""

    history: History
    dropped: int
    ever: int


def _grown(old: object, new: _Past) -> tuple[int, list[JsonObject]] | None:
    """What a history lost and gained; None where it is another one, or nothing is left of it."""
    if type(old) is _Past and old.history is new.history and new.dropped <= old.ever <= new.ever:
        return new.dropped - old.dropped, [loads(text) for text in new.history.texts(old.ever)]
    return None


class _Leaves(list[object]):
    """What anything else is made of."""


def _kept(value: object) -> object:
    """What a later value is compared with: itself where it cannot change, else what is in it."""
    kind = type(value)
    if kind in LEAVES:
        return value
    if kind is History:
        return _Past(value, value.dropped, value.ever)  # type: ignore[arg-type,attr-defined]
    if kind is dict or kind is list:
        try:
            return marshal.dumps(value, _BY_VALUE)  # type: ignore[arg-type]
        except ValueError:  # a model is in it, or a Decimal
            pass
    found = _Leaves()
    leaves(value, found)
    return found


def _again(new: Any, old: Any) -> object:
    """``old`` where a value is made of the same objects as before, in place or not; else what it
    is made of now."""
    kind = type(old)
    if kind is bytes and (type(new) is dict or type(new) is list):
        made_of = _kept(new)
        return old if made_of == old else made_of
    if kind is _Leaves:
        found = _Leaves()
        leaves(new, found)
        same = len(found) == len(old) and all(map(is_, found, old))
        return old if same else found
    if kind is _Past:
        same = new is old.history and (new.dropped, new.ever) == (old.dropped, old.ever)
    else:
        same = new is old
    return old if same else _kept(new)
