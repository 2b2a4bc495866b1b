"""Everything that can change the venue: the union of its commands, and how one is stored.

A command carries what the caller wrote, in OKX's units; the engine gives it meaning. It is
also what the ledger stores, so ``encode`` and ``decode`` are inverse and a field may be added
but never change its sense: ``encode`` leaves out what has its default, ``decode`` puts the
default back, and so a ledger that was written before a field existed is read with its default.

Lists of orders are executed in turn and answered one by one; a single request is a list of one.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final, get_args

from fakeokx.engine.client_commands import (
    AlgoAmendment,
    AlgoRef,
    AmendAlgos,
    Amendment,
    AmendOrders,
    CancelAlgos,
    CancelAllAfter,
    CancelOrders,
    ClosePosition,
    OrderRef,
    OrderRequest,
    PlaceAlgo,
    PlaceOrders,
    SetLeverage,
    SetPositionMode,
)
from fakeokx.engine.control_commands import (
    Adl,
    AdvanceClock,
    Deliver,
    Deposit,
    Fund,
    Liquidate,
    MovePrice,
    OpenAccount,
    PutForeign,
    Rescale,
    SetBook,
    SetFundingRate,
    SetInstrument,
    SetMark,
    SetPartial,
    SetPendingMax,
    SetSwitch,
    Settle,
    Tick,
)

__all__ = [
    "Adl",
    "AdvanceClock",
    "AlgoAmendment",
    "AlgoRef",
    "AmendAlgos",
    "AmendOrders",
    "Amendment",
    "CancelAlgos",
    "CancelAllAfter",
    "CancelOrders",
    "ClosePosition",
    "Command",
    "Deliver",
    "Deposit",
    "Fund",
    "Liquidate",
    "MovePrice",
    "OpenAccount",
    "OrderRef",
    "OrderRequest",
    "PlaceAlgo",
    "PlaceOrders",
    "PutForeign",
    "Rescale",
    "SetBook",
    "SetFundingRate",
    "SetInstrument",
    "SetLeverage",
    "SetMark",
    "SetPartial",
    "SetPendingMax",
    "SetPositionMode",
    "SetSwitch",
    "Settle",
    "Tick",
    "decode",
    "encode",
]

Command = (
    PlaceOrders
    | CancelOrders
    | AmendOrders
    | ClosePosition
    | PlaceAlgo
    | CancelAlgos
    | AmendAlgos
    | CancelAllAfter
    | SetLeverage
    | SetPositionMode
    | MovePrice
    | SetMark
    | SetBook
    | SetFundingRate
    | Fund
    | Deliver
    | Settle
    | Rescale
    | PutForeign
    | Adl
    | Liquidate
    | Deposit
    | OpenAccount
    | SetPartial
    | SetInstrument
    | SetPendingMax
    | SetSwitch
    | AdvanceClock
    | Tick
)

_COMMANDS: Final[Mapping[str, type[Any]]] = {kind.__name__: kind for kind in get_args(Command)}
# Commands with a list, which is their first field: what its elements are.
_ELEMENTS: Final[Mapping[str, type[Any]]] = {
    "PlaceOrders": OrderRequest,
    "CancelOrders": OrderRef,
    "AmendOrders": Amendment,
    "CancelAlgos": AlgoRef,
    "AmendAlgos": AlgoAmendment,
}
_LEVELS: Final = ("bids", "asks")
# The fields of each, with their defaults: looked up once, not for every line of a ledger.
_FIELDS: Final[Mapping[type[Any], tuple[tuple[str, Any], ...]]] = {
    kind: tuple((field.name, field.default) for field in fields(kind))
    for kind in (*_COMMANDS.values(), *_ELEMENTS.values())
}


def _pack(value: Any) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    for name, default in _FIELDS[type(value)]:
        item = getattr(value, name)
        if default is not MISSING and item == default:
            continue
        if isinstance(item, tuple):
            item = [list(each) if isinstance(each, tuple) else _pack(each) for each in item]
        packed[name] = item
    return packed


def encode(command: Command) -> dict[str, Any]:
    """The command as JSON data, its class under ``op``."""
    return {"op": type(command).__name__, **_pack(command)}


def decode(data: Mapping[str, Any]) -> Command:
    """The command that ``encode`` made this of; raises ValueError for anything else."""
    rest = dict(data)
    op = rest.pop("op", None)
    kind = _COMMANDS.get(op) if isinstance(op, str) else None
    if op is None or kind is None:
        raise ValueError(f"no such command: {op!r}")
    element = _ELEMENTS.get(op)
    try:
        if element is not None:
            name = fields(kind)[0].name
            rest[name] = tuple(element(**each) for each in rest[name])
        elif kind is SetBook:
            for name in _LEVELS:
                rest[name] = tuple((px, sz) for px, sz in rest.get(name, ()))
        command: Command = kind(**rest)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"command {op} does not have these fields: {error}") from error
    return command
