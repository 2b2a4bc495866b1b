"""A model's fields as JSON bytes, one field at a time, each proven to come back as it is (S8).

The slow way to prove it is to read the whole document back and compare. Most fields of most models
need no such proof: an ``int`` in a field declared ``int`` reads back as itself. So each model class
has a *codec*: for every field whose declared type is one of those below, a function that gives the
field's bytes if and only if the value has exactly that type; for every other field, and for every
other value, none, and whoever asks goes the slow way (``documents.py``).

    int  float  bool  str  Money  Contracts  datetime  a Literal of text  any of these or None
    a Model  list[Model]  dict[str, Model]  list[str]  History  JsonValue, dicts and lists of it

``leaves`` is what a field is compared by: the immutable values in it, in order, with the types of
the containers between them. Two lists of leaves that are the same objects are the same value, also
where dicts and lists were changed in place; a leaf of a type that might be mutable never compares
equal.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from annotated_types import MaxLen, MinLen
from pydantic import BaseModel, JsonValue

from prometheus_persist.state.exact_json import quoted
from prometheus_persist.state.history import History
from prometheus_persist.state.money import Contracts, Money, writable
from prometheus_persist.state.naming import LEAVES
from prometheus_persist.state.plain_json import INT_LIMIT, json_text, writable_text
from prometheus_persist.state.plain_json import encode as encode_json

Encoder = Callable[[Any], str | None]

_TEXT: Final = frozenset({str})
MONEY_CHARS: Final = 40  # fewer than any bound: shorter numbers need no closer look


def leaves(value: object, found: list[object]) -> None:
    """Append what ``value`` is made of to ``found``."""
    kind = type(value)
    if kind in LEAVES:
        found.append(value)
    elif kind is dict:
        held: dict[Any, Any] = value  # type: ignore[assignment]
        found.append(kind)
        found.extend(held)
        _leaves_of(held.values(), found)
        found.append(len(held))
    elif kind is list or kind is tuple:
        items: list[Any] = value  # type: ignore[assignment]
        found.append(kind)
        _leaves_of(items, found)
        found.append(len(items))
    elif kind is History:
        past: History = value  # type: ignore[assignment]
        found.append(kind)
        found.extend(past.texts())
    elif isinstance(value, BaseModel):
        found.append(kind)
        _leaves_of(value.__dict__.values(), found)
        if value.__pydantic_extra__:
            leaves(value.__pydantic_extra__, found)
    else:
        found.append(object())  # not known to be immutable: never the same again


def _leaves_of(values: Any, found: list[object]) -> None:
    if LEAVES.issuperset(map(type, values)):
        found.extend(values)
    else:
        for item in values:
            leaves(item, found)


class Codec:
    """How the fields of one model class are written. ``encoders`` has the plain fields only."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model
        self.encoders: dict[str, Encoder] = {}
        self.heads = {name: f"{quoted(name)}:" for name in model.model_fields}
        hints = typing.get_type_hints(model, include_extras=True)
        self.json_fields = frozenset(
            name for name in model.model_fields if _holds_json(hints[name])
        )
        self.whole = False
        self.check: Callable[[Any], None] | None = getattr(model, "refuse_unsound", None)
        decorators = model.__pydantic_decorators__
        judged = decorators.field_validators or decorators.field_serializers
        if judged or (decorators.model_validators and self.check is None):
            return
        for name, info in model.model_fields.items():
            bounds = [each for each in info.metadata if isinstance(each, (MinLen, MaxLen))]
            if info.annotation is str and len(bounds) == len(info.metadata):
                encoder: Encoder | None = _of_text(bounds)
            else:
                encoder = _encoder(hints[name])
            if encoder is not None:
                self.encoders[name] = encoder
        self.whole = len(self.encoders) == len(model.model_fields)

    def text(self, model: BaseModel) -> str | None:
        """The whole model as JSON text; None where it has to go the slow way."""
        if not self.whole or model.__pydantic_extra__:
            return None
        parts = []
        for name, value in model.__dict__.items():
            text = self.encoders[name](value)
            if text is None:
                return None
            parts.append(self.heads[name] + text)
        if self.check is not None:
            try:
                self.check(model)
            except ValueError:
                return None
        return "{" + ",".join(parts) + "}"


_CODECS: Final[dict[type[BaseModel], Codec]] = {}


def codec(model: type[BaseModel]) -> Codec:
    """The codec of a model class, made once."""
    found = _CODECS.get(model)
    if found is None:
        found = _CODECS[model] = Codec(model)
    return found


def _int(value: Any) -> str | None:
    return str(value) if type(value) is int and -INT_LIMIT < value < INT_LIMIT else None


def _float(value: Any) -> str | None:
    return repr(value) if type(value) is float and isfinite(value) else None


def _bool(value: Any) -> str | None:
    return "true" if value is True else "false" if value is False else None


def _str(value: Any) -> str | None:
    return writable_text(quoted(value)) if type(value) is str else None


def _money(value: Any) -> str | None:
    if type(value) is not Decimal:
        return None
    text = str(value)
    short = len(text) < MONEY_CHARS and not text.strip("0123456789.-") and (value or text[0] != "-")
    return f'"{text}"' if short or writable(value) else None


def _contracts(value: Any) -> str | None:
    # A quantity was bounded when it was made, and cannot be changed since.
    return f'"{value.value!s}"' if type(value) is Contracts else None


def _datetime(value: Any) -> str | None:
    if type(value) is not datetime or value.tzinfo not in (None, UTC):
        return None
    return f'"{value.replace(tzinfo=None).isoformat()}{"Z" if value.tzinfo else ""}"'


def _texts(value: Any) -> str | None:
    if type(value) is not list or not _TEXT.issuperset(map(type, value)):
        return None
    return writable_text(encode_json(value))


def _history(value: Any) -> str | None:
    # Entries were proven when they were taken in, and cannot be changed since.
    return f"[{','.join(value.texts())}]" if type(value) is History else None


_PLAIN: Final[tuple[tuple[Any, Encoder], ...]] = (
    (int, _int),
    (float, _float),
    (bool, _bool),
    (str, _str),
    (Money, _money),
    (Contracts, _contracts),
    (datetime, _datetime),
    (list[str], _texts),
    (History, _history),
    (JsonValue, json_text),
    (dict[str, JsonValue], lambda value: json_text(value) if type(value) is dict else None),
    (list[JsonValue], lambda value: json_text(value) if type(value) is list else None),
)


def _encoder(hint: Any) -> Encoder | None:
    """The encoder of a declared type, if it has one."""
    for declared, encoder in _PLAIN:
        if hint is declared or hint == declared:
            return encoder
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _of_model(hint)
    if origin is typing.Literal and all(type(each) is str for each in arguments):
        return _of_literal(frozenset(arguments))
    if origin in (typing.Union, types.UnionType):
        return _of_optional(arguments)
    inner = _encoder(arguments[-1]) if arguments else None
    if inner is not None and origin is list:
        return _of_list(inner)
    if inner is not None and origin is dict and arguments[0] is str:
        return _of_dict(inner)
    return None


def _holds_json(hint: Any) -> bool:
    """Whether JSON of any form may stand in a field of this type."""
    return hint == JsonValue or any(map(_holds_json, typing.get_args(hint)))


def _of_model(model: type[BaseModel]) -> Encoder:
    def encode(value: Any) -> str | None:
        return codec(model).text(value) if type(value) is model else None

    return encode


def _of_text(bounds: list[MinLen | MaxLen]) -> Encoder:
    least = max((each.min_length for each in bounds if isinstance(each, MinLen)), default=0)
    most = [each.max_length for each in bounds if isinstance(each, MaxLen)]

    def encode(value: Any) -> str | None:
        if type(value) is not str or len(value) < least or any(len(value) > each for each in most):
            return None
        return _str(value)

    return encode if bounds else _str


def _of_literal(allowed: frozenset[str]) -> Encoder:
    def encode(value: Any) -> str | None:
        return quoted(value) if type(value) is str and value in allowed else None

    return encode


def _of_optional(arguments: tuple[Any, ...]) -> Encoder | None:
    others = [each for each in arguments if each is not type(None)]
    inner = _encoder(others[0]) if len(others) == 1 else None
    if inner is None:
        return None
    found = inner

    def encode(value: Any) -> str | None:
        return "null" if value is None else found(value)

    return encode


def _of_list(inner: Encoder) -> Encoder:
    def encode(value: Any) -> str | None:
        if type(value) is not list:
            return None
        parts = []
        for item in value:
            text = inner(item)
            if text is None:
                return None
            parts.append(text)
        return "[" + ",".join(parts) + "]"

    return encode


def _of_dict(inner: Encoder) -> Encoder:
    def encode(value: Any) -> str | None:
        if type(value) is not dict or not _TEXT.issuperset(map(type, value)):
            return None
        parts = []
        for name, item in value.items():
            text = inner(item) if writable_text(name) is not None else None
            if text is None:
                return None
            parts.append(f"{quoted(name)}:{text}")
        return "{" + ",".join(parts) + "}"

    return encode
