"""The base of all models: what is given is kept as it is, or refused at once, by name.

- A value has exactly the type that comes back: no numpy scalar, no member of an Enum, no
  ``defaultdict`` or tuple is turned into something less on its way in. Text and numbers become
  ``Money`` and ``Contracts``, an int a float of the same value, and text a time; nothing else is
  converted by an assignment.
- A dict or list is kept, the very object, so that what its owner puts into it later is seen. Where
  it could only be copied (dicts where models are due, a list where a ``History`` is) an assignment
  refuses it. Whoever makes a model may give it such data.
- A field that a class does not know is kept and written back (``extra="allow"``), and holds JSON.
  Names that nothing would save (``_private``, a property's) are refused.
- Changed in place, a dict can still come to hold anything: the save refuses that, by name.

Reading documents (``model_validate``) goes by pydantic's rules and raises its errors; making a
model and assigning to it raises ``BadValue``, and leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from prometheus_persist.errors import BadValue
from prometheus_persist.state.encoding import UNFIT, codec
from prometheus_persist.state.foreign import foreign, kinds, own
from prometheus_persist.state.history import History
from prometheus_persist.state.money import Contracts
from prometheus_persist.state.naming import ADVICE, LEAVES, named, type_name
from prometheus_persist.state.plain_json import json_text

_BECOMES: Final[Mapping[type, frozenset[type]]] = {
    Decimal: frozenset({str, int, float}),
    Contracts: frozenset({str, int, float, Decimal}),
    datetime: frozenset({str}),
    float: frozenset({int}),
}


class Model(BaseModel):
    """Extras kept, non-finite numbers refused anywhere inside."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, validate_assignment=True)
    if TYPE_CHECKING:  # for a checker without pydantic's plug-in it is no argument
        __pydantic_extra__: dict[str, JsonValue] = Field(init=False)
    else:
        __pydantic_extra__: dict[str, JsonValue]
    family: ClassVar[str] = ""  # of a document that is one of many

    if not TYPE_CHECKING:  # the signature is that of the fields

        def __init__(self, /, **data: Any) -> None:
            try:
                super().__init__(**data)
            except ValidationError as problem:
                raise BadValue(_told(_where(type(self), data), data, problem)) from None
            encoders, held = codec(type(self)).encoders, self.__dict__
            for name, value in data.items():
                if type(value) in LEAVES and held.get(name) is value:
                    continue
                encode = encoders.get(name)
                if encode is not None and encode(value) is not UNFIT:
                    held[name] = value
                    continue
                kept = _kept(self, name, value, _where(type(self), data), made=True)
                (held if name in held else self.__pydantic_extra__)[name] = kept

        # Documents are read without it: pydantic would call it for every one.
        __init__.__pydantic_base_init__ = True

    def __setattr__(self, name: str, value: Any) -> None:
        rules, held = codec(type(self)), self.__dict__
        encode = rules.encoders.get(name)
        if encode is not None and rules.check is None and encode(value) is not UNFIT:
            held[name] = value
            self.__pydantic_fields_set__.add(name)
            return
        where = _where(type(self), held)
        _refuse_unsaved(type(self), where, name)
        before, extras = dict(held), dict(self.__pydantic_extra__ or {})
        try:
            super().__setattr__(name, value)
            kept = _kept(self, name, value, where, made=False)
        except (ValidationError, BadValue) as problem:
            object.__setattr__(self, "__dict__", before)
            object.__setattr__(self, "__pydantic_extra__", extras)
            if isinstance(problem, ValidationError):
                raise BadValue(_told(where, {name: value}, problem)) from None
            raise
        (self.__dict__ if name in type(self).model_fields else self.__pydantic_extra__)[name] = kept


def _where(model: type[Model], data: Mapping[str, Any]) -> str:
    """The document's key, as far as it is known; a part of one goes by its class."""
    ident = data.get("cl_ord_id" if model.family == "intents" else "agent_id")
    return f"{model.family}/{ident}" if model.family and ident else model.__name__


def _refuse_unsaved(model: type[Model], where: str, name: str) -> None:
    """Raise BadValue for a name that no document carries."""
    if name in model.model_fields:
        return
    if name.startswith("_") or hasattr(model, name):
        raise BadValue(
            f"{where}.{name} is not saved, and would be lost; a field of its own needs another name"
        )


def _kept(model: Model, name: str, value: Any, where: str, *, made: bool) -> Any:
    """What stands in the field: the value itself, or what it may become; raises BadValue.

    ``made``: of a model that is being made, JSON may become models and histories.
    """
    field, known = f"{where}.{name}", name in type(model).model_fields
    stored = model.__dict__[name] if known else (model.__pydantic_extra__ or {})[name]
    kind, json = type(value), not known or name in codec(type(model)).json_fields
    if kind in LEAVES:
        if stored is value or (type(stored) is kind and stored == value):
            return stored
        if kind in _BECOMES.get(type(stored), ()) and (
            type(stored) is not float or stored == value
        ):
            return stored
        raise BadValue(f"{named(field, value)} would become {type_name(stored)} {stored!r}")
    found = foreign(field, value, json=json) if own(value) else named(field, value)
    if found:
        raise BadValue(f"{found} {ADVICE}")
    if stored is value or (kinds(stored) == kinds(value) and stored == value):
        return value
    if made and json_text(value) is not None:
        return stored
    due = "History(…)" if type(stored) is History else "what is due, made of it"
    raise BadValue(
        f"{named(field, value)} would be copied, and later changes to it lost; assign {due}"
    )


def _told(where: str, data: Mapping[str, Any], problem: ValidationError) -> str:
    """The first thing that is wrong: its field and type, and pydantic's word for it."""
    first = problem.errors(include_url=False)[0]
    at = first["loc"]
    name = str(at[0]) if at else ""
    value = data.get(name)
    field = f"{where}.{name}" if name else where
    json = json_text(value) is None and type(value) in (dict, list)
    found = foreign(field, value, json=json) if own(value) else named(field, value)
    return f"{found or named(field, value) if name else field}: {first['msg']}"
