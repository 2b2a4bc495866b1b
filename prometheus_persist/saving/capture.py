"""What differs between a live model and the document that the store holds of it.

A capture remembers, for each document it has written, what every field was made of. Saving a trade
then costs the fields that the trade touched, not the documents they are in: fields made of the same
objects as last time are left alone; the others are made JSON anew, each by a rule that proves it
comes back as it is (``state/encoding.py``). Fields of JSON values are compared by one copy of them
all; a list of models that is another one is made anew without being compared. Of a ``History`` only
what was appended is written, and nothing else looked at. Where no rule covers a value the whole
document is written, read back and compared, and what a restore would refuse, or give back as
something else, raises ``BadValue`` (S8).

What is remembered of a document counts only as long as the store holds the very object that was
made here. Whatever else changes the store, or keeps a change from getting there, makes the next
look a complete one; nothing has to be told to forget.

A look changes nothing. What it found is remembered by ``learn``, once the store has taken the
change in, with the document as the store holds it then, and in one step for each: interrupted
anywhere, a capture knows of no document what the store does not hold.
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
from prometheus_persist.state.encoding import UNFIT, Codec, codec
from prometheus_persist.state.exact_json import COMMIT_NESTING_MAX, JsonObject, dumps
from prometheus_persist.state.history import History
from prometheus_persist.state.leaves import leaves
from prometheus_persist.state.naming import LEAVES, named

_IN_A_COMMIT = COMMIT_NESTING_MAX - 2  # a document stands two levels deep in a change


@dataclass(slots=True)
class Captured:
    """A document, and what its model was when it was made. Replaced, not changed, once it is known.

    How it differs from the one before: all is in ``put``, or what differs in ``set`` and ``grow``.
    Then ``content`` is still the one before, until it is known (``learn``).
    """

    rules: Codec
    content: JsonObject
    ids: str  # the field that the document's key repeats
    names: list[str]
    values: list[object]  # of the fields, in the order of the model's own
    plain: bytes  # the fields of JSON values
    deep: dict[str, object]  # what the others were made of that can change in place
    extra: object
    put: JsonObject | None = None
    set: JsonObject | None = None
    grow: JsonObject | None = None

    def moved(self, model: BaseModel) -> Captured | None:
        """The document with what changed made anew, or this very one; None where no rule covers
        it."""
        now, extra, rules, deep = model.__dict__, model.__pydantic_extra__, self.rules, self.deep
        names, values, plain = self.names, [*now.values()], self.plain
        if [*now] != names or (
            (extra or self.extra) and _again(extra, self.extra) is not self.extra
        ):
            return None
        inside, encoders, was = rules.plain, rules.encoders, self.content
        anew: dict[str, object] = {}  # what the deep ones are made of now
        sets: JsonObject = {}
        grows: JsonObject = {}
        changed = [*compress(names, map(is_not, values, self.values))]
        if inside:
            changed = [name for name in changed if name not in inside]
            try:
                plain = copy_of(rules.picked(now))
            except ValueError:  # what is in it is no JSON
                return None
            if plain != self.plain:
                changed += inside
        for name, old in deep.items():
            if name in changed and type(old) is not _Past:
                anew[name] = None  # another one: made anew, and looked into the next time
                continue
            made_of = _again(now[name], old)
            if made_of is not old:
                anew[name] = made_of
                grown = _grown(old, made_of) if type(made_of) is _Past else None
                if grown is not None:
                    grows[name] = grown
                elif name not in changed:
                    changed.append(name)
        if not (changed or anew):
            return self
        if rules.check is not None or self.ids in changed:
            return None
        for name in changed:
            held = now[name]
            value = encoders[name](held)
            if value is UNFIT:
                return None
            if value != was[name] or differ(value, was[name]):
                sets[name] = value
            if type(held) not in LEAVES and name not in deep and name not in inside:
                anew[name] = None
        deep = deep | anew if anew else deep
        return Captured(
            rules, was, self.ids, names, values, plain, deep, self.extra, None, sets, grows
        )


def copy_of(values: list[Any]) -> bytes:
    """JSON values, copied so that types and values alone decide whether two copies are the same;
    ValueError for what is none."""
    return marshal.dumps(values, 2)  # the version that knows no references


def differ(one: object, other: object) -> bool:
    """Equal is not the same: 1, 1.0 and true are three values, 0.0 and -0.0 two."""
    return one != other or (one is not other and repr(one) != repr(other))


class Capture:
    """Compares models with documents; remembers what it wrote."""

    def __init__(self) -> None:
        self._known: dict[str, Captured] = {}

    def of(self, key: str, model: BaseModel, before: JsonObject | None) -> Captured | None:
        """The document of ``model`` if it differs from ``before``; raises BadValue."""
        known = self._known.get(key)
        found = None
        if known is not None and known.content is before and known.rules.model is type(model):
            found = known.moved(model)
            if found is known:
                return None
        if found is None:
            found = _whole(key, model, before)
        if found.put or found.set or found.grow:
            return found
        self._known[key] = found  # it is what the store holds
        return None

    def known(self, key: str) -> Captured | None:
        """What is remembered of a document."""
        return self._known.get(key)

    def learn(self, found: Mapping[str, Captured], held: Mapping[str, JsonObject]) -> None:
        """The store holds these, by key, as the documents that are ``held``."""
        for key, each in found.items():
            each.content = held[key]
        self._known.update(found)

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
    deep = (name for name in held if type(held[name]) not in LEAVES and name not in rules.plain)
    return Captured(
        rules=rules,
        content=before if before is not None and same else content,
        ids=id_field(key.partition("/")[0]),
        names=list(held),
        values=list(held.values()),
        plain=copy_of(rules.picked(held)) if rules.plain else b"",
        deep={name: _kept(held[name]) for name in deep},
        extra=_kept(model.__pydantic_extra__) if model.__pydantic_extra__ else None,
        put=None if same else content,
    )


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


def _kept(value: Any) -> object:
    """What a later value is compared with."""
    if type(value) is History:
        return _Past(value, value.dropped, value.ever)
    if type(value) is list and not value:
        return _NOTHING
    found = _Leaves()
    leaves(value, found)
    return found


_NOTHING = _Leaves([list])


def _again(value: object, old: Any) -> object:
    """``old`` where a value is made of the same objects as before, in place or not; else what it
    is made of now."""
    now: Any = _kept(value)
    if now is old or type(now) is not type(old):
        return now
    if type(now) is _Past:
        same = now.history is old.history and (now.dropped, now.ever) == (old.dropped, old.ever)
    else:
        same = len(now) == len(old) and all(map(is_, now, old))
    return old if same else now
