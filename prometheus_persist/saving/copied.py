"""A model as it is at one moment, copied: for a save that does not wait.

Whoever goes on while a change is encoded must be able to change what he saved. So what can change
in place is copied here, on his thread, and nothing else is done with it there: a copy costs a tenth
of encoding and proving it.

What is refused on his thread all the same: values of types that have not been proven for a model of
this class (a whole save proves them, and says so: ``prove``), JSON values that are not those of the
last save, a model that is kept under another one's name, a field that the class does not know.
Nothing of these is copied: the change is made at once, and raises ``BadValue`` there, or is right.

So what a model's own checks let in is never refused later. What went past them (``model_copy`` with
a NaN, say) is refused by whoever makes the change, and shuts the store (``Store.later``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from prometheus_persist.saving.capture import Captured, copy_of, differ
from prometheus_persist.state.encoding import codec
from prometheus_persist.state.naming import LEAVES

_A_MODEL: Final[type] = type(BaseModel)
_set: Final = object.__setattr__
_FORMS_MAX: Final = 64  # of one class; a host that has more goes the slow way


class _Uncopied(Exception):
    """It takes a closer look."""


@dataclass(slots=True)
class Copied:
    """One model; its fields of JSON values are those of the document that is ``known``."""

    known: Captured
    held: dict[str, Any]

    def model(self) -> BaseModel:
        """Another model like it, to be looked at and not to be changed."""
        rules, held, content = self.known.rules, self.held, self.known.content
        for name in rules.plain:
            held[name] = content[name]
        for _, name, kind in rules.flat:
            held[name] = _made(kind, content[name])
        return _made(rules.model, held)

    def differs(self, last: Copied | None) -> bool:
        """Whether some value is surely another one than in the ``last`` copy, or in what the known
        document was made of."""
        was = self.known.values if last is None else last.held.values()
        now = zip(self.held.values(), was, strict=True)
        return any(
            one is not other and type(one) in LEAVES and differ(one, other) for one, other in now
        )


def copied(model: BaseModel, known: Captured) -> Copied | None:
    """A model as it is, under its document's key; None where that takes a closer look."""
    rules, held = known.rules, model.__dict__.copy()
    if (
        type(model) is not rules.model
        or model.__pydantic_extra__
        or known.extra
        or tuple(map(type, held.values())) not in rules.forms
        or held.get(known.ids) != known.content.get(known.ids)
    ):
        return None
    try:
        if rules.plain and copy_of(rules.picked(held)) != known.plain:
            return None
        for name in known.deep:
            held[name] = _copy(held[name])
    except (_Uncopied, ValueError, KeyError):
        return None
    return Copied(known, held)


def prove(value: Any) -> None:
    """A value was saved: its types, and those of the models in it, are proven."""
    kind = type(value)
    if type(kind) is _A_MODEL:
        forms, held = codec(kind).forms, value.__dict__
        if len(forms) < _FORMS_MAX:
            forms.add(tuple(map(type, held.values())))
        value = [*held.values()]
        kind = list
    if kind is list:
        for each in value:
            if type(each) not in LEAVES:
                prove(each)


def _copy(value: Any) -> Any:
    kind = type(value)
    if kind in LEAVES:
        return value
    if kind is list:
        return [_copy(each) for each in value] if value else []
    if type(kind) is not _A_MODEL or value.__pydantic_extra__:
        raise _Uncopied
    held = value.__dict__.copy()
    kinds = tuple(map(type, held.values()))
    if kinds not in codec(kind).forms or not LEAVES.issuperset(kinds):
        raise _Uncopied
    return _made(kind, held)


def _made(kind: type[BaseModel], held: dict[str, Any]) -> BaseModel:
    """A model that holds just this."""
    made = kind.__new__(kind)
    _set(made, "__dict__", held)
    _set(made, "__pydantic_extra__", {})
    _set(made, "__pydantic_fields_set__", {*held})
    _set(made, "__pydantic_private__", None)
    return made
