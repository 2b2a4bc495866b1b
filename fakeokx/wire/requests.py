"""From what a client sent to what the engine understands.

Lenient about form: a field may be text, a number or a bool; ``""``, null, ``[]`` and absent
mean the same; unknown fields are ignored. Number literals keep their exact digits, because
they are never turned into floats. Strict about meaning, which is the engine's business.

A known field that would change what becomes of an order, and is not followed here, is refused
(51000): an answer without an error would say that it was.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Final, NoReturn, TypeVar

from fakeokx.engine.commands import Amendment, OrderRequest, PlaceAlgo
from fakeokx.engine.refusals import Refusal

Params = dict[str, str]
Request = TypeVar("Request")
_FIELDS: Final[dict[type[Any], tuple[tuple[str, str, bool], ...]]] = {}
_ACCOUNT: Final = "account"
_NO_BODY_IS_50000: Final = "trade/cancel-batch-orders"
# Words that are not followed, with the values that ask for nothing.
_NOT_DONE: Final[Mapping[type[Any], Mapping[str, tuple[str, ...]]]] = {
    OrderRequest: {
        "isElpTakerAccess": ("false",),
        "slTriggerPx": (),
        "tpTriggerPx": (),
    },
    PlaceAlgo: {
        "advanceOrdType": (),
        "pxAmendType": ("0",),
        "slTriggerRatio": (),
        "tpTriggerRatio": (),
    },
}
# An order's exits are amended within attachAlgoOrds (51538).
_EXITS: Final = ("newSlTriggerPx", "newTpTriggerPx", "newSlOrdPx", "newTpOrdPx")


def camel(name: str) -> str:
    """OKX spelling of a Python name: ``cl_ord_id`` is ``clOrdId``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def body_object(body: bytes, path: str) -> Params:
    """The one object of a POST body; 50002 for anything else."""
    data = _load(body, path)
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    return params_from(data)


def body_list(body: bytes, path: str) -> list[Params]:
    """The objects of a POST body that must be an array."""
    data = _load(body, path)
    if not isinstance(data, list) or not data:
        raise Refusal("50002")
    return [params_from(each) for each in data]


def build(
    kind: type[Request],
    params: Mapping[str, str],
    required: Sequence[str] = (),
    *,
    account: str = "",
) -> Request:
    """A command from parameters; 50014 names the first required one that is missing.

    The account is never taken from the parameters: who signed the request says whose it is.
    """
    for name in required:
        if not params.get(name):
            raise Refusal("50014", name)
    _check_done(kind, params)
    values: dict[str, str] = {}
    for name, spelled, is_needed in _fields(kind):
        value = params.get(spelled, "")
        if value or is_needed:
            values[name] = value
    if account:
        values[_ACCOUNT] = account
    return kind(**values)


def _check_done(kind: type[Any], params: Mapping[str, str]) -> None:
    for name, harmless in _NOT_DONE.get(kind, {}).items():
        if params.get(name, "") not in ("", *harmless):
            raise Refusal("51000", name)
    if kind is Amendment and any(params.get(name) for name in _EXITS):
        raise Refusal("51538")


def _fields(kind: type[Any]) -> tuple[tuple[str, str, bool], ...]:
    """Name, OKX spelling and whether it has no default, of each field that a request may set."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(
            (field.name, camel(field.name), field.default is MISSING)
            for field in fields(kind)
            if field.name != _ACCOUNT
        )
    return _FIELDS[kind]


def _load(body: bytes, path: str) -> Any:
    if not body.strip():
        raise Refusal("50000" if path == _NO_BODY_IS_50000 else "50002")
    try:
        return text_json(body, parse_float=str, parse_int=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal("50002") from None


def text_json(data: bytes | str, **how: Any) -> Any:
    """The value that was sent; raises ValueError or RecursionError for what is none.

    Half a surrogate pair is none: JSON can spell it, and nothing could write it down.
    """
    text = data.decode() if isinstance(data, bytes) else data
    found = json.loads(text, **how)
    if "\\u" in text:
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise Refusal("50002")


def params_from(data: Any) -> Params:
    """One object as text parameters; 50002 for anything else."""
    if not isinstance(data, dict):
        raise Refusal("50002")
    params: Params = {}
    for name, value in data.items():
        if isinstance(value, bool):
            params[name] = "true" if value else "false"
        elif isinstance(value, str):
            params[name] = value
        elif value:
            params[name] = json.dumps(value, separators=(",", ":"))
    return params
