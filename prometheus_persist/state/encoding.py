"""A model's fields as JSON values, one field at a time, each proven to come back as it is (S8).

The slow way to prove it is to read the whole document back and compare. Most fields of most models
need no such proof: an ``int`` in a field declared ``int`` reads back as itself. So each model class
has a *codec*: for every field whose declared type is one of those below, a function that gives the
field's JSON value if and only if the value has exactly that type; for every other field none, and
``UNFIT`` for every other value, and whoever asks goes the slow way (``documents.py``).

    int  float  bool  str  Money  Contracts  datetime  a Literal of text  any of these or None
    a Model  list[Model]  dict[str, Model]  list[str]  History  JsonValue, dicts and lists of it

A JSON value is fresh: it shares nothing that can be changed with what it was made of. It is all
that a commit needs of a field: the image holds it, and one encoding writes all of a commit.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from json import loads
from math import isfinite
from typing import Any, Final

from annotated_types import MaxLen, MinLen
from pydantic import BaseModel, JsonValue

from prometheus_persist.state.history import History
from prometheus_persist.state.money import Contracts, Money, writable
from prometheus_persist.state.plain_json import INT_LIMIT, json_text, writable_text

Encoder = Callable[[Any], Any]
UNFIT: Final = object()
"""What an encoder gives for a value that has to go the slow way."""

_TEXT: Final = frozenset({str})
_INT_MIN: Final = -INT_LIMIT
MONEY_CHARS: Final = 40  # fewer than any bound: shorter numbers need no closer look


class _Encoders(dict[str, Encoder]):
    """Encoders by field. A field that has none, asked for as one that is there, fits nothing."""

    def __missing__(self, name: str) -> Encoder:
        return lambda _value: UNFIT


class Codec:
    """How the fields of one model class are written. ``encoders`` has the plain fields only."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model
        self.encoders = _Encoders()
        hints = typing.get_type_hints(model, include_extras=True)
        self.json_fields = frozenset(
            name for name in model.model_fields if _holds_json(hints[name])
        )
        flat = {name: hint for name, hint in hints.items() if _is_flat(hint)}
        found = (name for name in model.model_fields if name in flat or _is_plain(hints[name]))
        self.plain = tuple(found)  # made of JSON values and nothing else
        self.flat = [(self.plain.index(name), name, flat[name]) for name in flat]
        self.forms: set[tuple[type, ...]] = set()  # types of fields that were saved
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

    def picked(self, held: dict[str, Any]) -> list[Any]:
        """What the plain fields are made of: what is no JSON value does not fit."""
        found = [held[name] for name in self.plain]
        for at, _, model in self.flat:
            value = found[at]
            if type(value) is model and not value.__pydantic_extra__:
                found[at] = value.__dict__
        return found

    def content(self, model: BaseModel) -> Any:
        """The whole model as a JSON object; UNFIT where it has to go the slow way."""
        held, encoders = model.__dict__, self.encoders
        if not self.whole or model.__pydantic_extra__ or len(held) != len(encoders):
            return UNFIT
        found = {name: encoders[name](value) for name, value in held.items()}
        if UNFIT in found.values():
            return UNFIT
        if self.check is not None:
            try:
                self.check(model)
            except ValueError:
                return UNFIT
        return found


_CODECS: Final[dict[type[BaseModel], Codec]] = {}


def codec(model: type[BaseModel]) -> Codec:
    """The codec of a model class, made once."""
    found = _CODECS.get(model)
    if found is None:
        found = _CODECS[model] = Codec(model)
    return found


def _int(value: Any) -> Any:
    return value if type(value) is int and _INT_MIN < value < INT_LIMIT else UNFIT


def _float(value: Any) -> Any:
    return value if type(value) is float and isfinite(value) else UNFIT


def _bool(value: Any) -> Any:
    return value if type(value) is bool else UNFIT


def _str(value: Any) -> Any:
    return value if type(value) is str and writable_text(value) is not None else UNFIT


def _money(value: Any) -> Any:
    if type(value) is not Decimal:
        return UNFIT
    text = str(value)
    short = len(text) < MONEY_CHARS and not text.strip("0123456789.-") and (value or text[0] != "-")
    return text if short or writable(value) else UNFIT


def _contracts(value: Any) -> Any:
    # A quantity was bounded when it was made, and cannot be changed since.
    return str(value.value) if type(value) is Contracts else UNFIT


def _datetime(value: Any) -> Any:
    if type(value) is not datetime or value.tzinfo not in (None, UTC):
        return UNFIT
    return f"{value.replace(tzinfo=None).isoformat()}{'Z' if value.tzinfo else ''}"


def _texts(value: Any) -> Any:
    sound = type(value) is list and _TEXT.issuperset(map(type, value))
    return list(value) if sound and writable_text("".join(value)) is not None else UNFIT


def _history(value: Any) -> Any:
    # Entries were proven when they were taken in, and cannot be changed since.
    return loads(f"[{','.join(value.texts())}]") if type(value) is History else UNFIT


def _json(value: Any) -> Any:
    text = json_text(value)
    return UNFIT if text is None else loads(text)


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
    (JsonValue, _json),
    (dict[str, JsonValue], lambda value: _json(value) if type(value) is dict else UNFIT),
    (list[JsonValue], lambda value: _json(value) if type(value) is list else UNFIT),
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


def _is_plain(hint: Any) -> bool:
    """Whether what stands in a field of this type is JSON, and can change in place."""
    return hint == list[str] or _holds_json(hint)


def _is_flat(hint: Any) -> bool:
    """Whether it is a model whose fields are single JSON values, whatever else may be in it."""
    fields: Any = getattr(hint, "model_fields", {}).values()
    return bool(fields) and {int, float, bool, str}.issuperset(each.annotation for each in fields)


def _of_model(model: type[BaseModel]) -> Encoder:
    def encode(value: Any) -> Any:
        return codec(model).content(value) if type(value) is model else UNFIT

    return encode


def _of_text(bounds: list[MinLen | MaxLen]) -> Encoder:
    least = max((each.min_length for each in bounds if isinstance(each, MinLen)), default=0)
    most = [each.max_length for each in bounds if isinstance(each, MaxLen)]

    def encode(value: Any) -> Any:
        if type(value) is not str or len(value) < least or any(len(value) > each for each in most):
            return UNFIT
        return _str(value)

    return encode if bounds else _str


def _of_literal(allowed: frozenset[str]) -> Encoder:
    def encode(value: Any) -> Any:
        return value if type(value) is str and value in allowed else UNFIT

    return encode


def _of_optional(arguments: tuple[Any, ...]) -> Encoder | None:
    others = [each for each in arguments if each is not type(None)]
    inner = _encoder(others[0]) if len(others) == 1 else None
    if inner is None:
        return None
    found = inner

    def encode(value: Any) -> Any:
        return None if value is None else found(value)

    return encode


def _of_list(inner: Encoder) -> Encoder:
    def encode(value: Any) -> Any:
        if type(value) is not list:
            return UNFIT
        found = [inner(item) for item in value]
        return UNFIT if UNFIT in found else found

    return encode


def _of_dict(inner: Encoder) -> Encoder:
    def encode(value: Any) -> Any:
        if type(value) is not dict or not _TEXT.issuperset(map(type, value)):
            return UNFIT
        found = {name: inner(item) for name, item in value.items()}
        sound = writable_text("".join(found)) is not None and UNFIT not in found.values()
        return found if sound else UNFIT

    return encode
