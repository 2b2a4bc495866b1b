"""Everything that can change the venue, as frozen data made of text.

A command carries what the caller wrote, in OKX's units and with ``""`` for whatever was left
out; the engine gives it meaning. It is also what the ledger stores, so ``encode`` and
``decode`` are inverse and a field may be added but never change its sense.

Lists of orders are executed in turn and answered one by one; a single request is a list of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as it was asked for (OKX: Trade, POST order)."""

    inst_id: str
    td_mode: str
    side: str
    ord_type: str
    sz: str
    px: str = ""
    pos_side: str = ""
    reduce_only: str = ""
    cl_ord_id: str = ""
    tag: str = ""
    attach_algo_ords: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRef:
    """An order named by id; ``ord_id`` wins over ``cl_ord_id``."""

    inst_id: str
    ord_id: str = ""
    cl_ord_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A new size or price for a pending order (OKX: Trade, POST amend-order)."""

    inst_id: str
    ord_id: str = ""
    cl_ord_id: str = ""
    new_sz: str = ""
    new_px: str = ""
    req_id: str = ""
    cxl_on_fail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoRef:
    """An algo order named by id; ``algo_id`` wins over ``algo_cl_ord_id``."""

    inst_id: str
    algo_id: str = ""
    algo_cl_ord_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrders:
    """Place orders, in turn."""

    orders: tuple[OrderRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrders:
    """Cancel orders, in turn."""

    orders: tuple[OrderRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrders:
    """Amend orders, in turn."""

    orders: tuple[Amendment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Close a whole position at market (OKX: Trade, POST close-position)."""

    inst_id: str
    mgn_mode: str
    pos_side: str = ""
    auto_cxl: str = ""
    cl_ord_id: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAlgo:
    """Place a stop, a take-profit, both as oco, or a trigger order (OKX: POST order-algo)."""

    inst_id: str
    td_mode: str
    side: str
    ord_type: str
    sz: str = ""
    pos_side: str = ""
    reduce_only: str = ""
    close_fraction: str = ""
    sl_trigger_px: str = ""
    sl_ord_px: str = ""
    sl_trigger_px_type: str = ""
    tp_trigger_px: str = ""
    tp_ord_px: str = ""
    tp_trigger_px_type: str = ""
    trigger_px: str = ""
    order_px: str = ""
    trigger_px_type: str = ""
    algo_cl_ord_id: str = ""
    cl_ord_id: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAlgos:
    """Cancel algo orders, in turn."""

    algos: tuple[AlgoRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLeverage:
    """Set the leverage of an instrument (OKX: Account, POST set-leverage)."""

    inst_id: str
    lever: str
    mgn_mode: str
    pos_side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPositionMode:
    """Choose net_mode or long_short_mode (OKX: Account, POST set-position-mode)."""

    pos_mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePrice:
    """Control: the last and mark price of an instrument become this."""

    inst_id: str
    px: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidate:
    """Control: the venue takes a position over and closes it at the mark price."""

    inst_id: str
    pos_side: str = ""
    mgn_mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPartial:
    """Control: the next execution on the instrument stops after ``sz`` contracts."""

    inst_id: str
    sz: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClock:
    """Control: the venue's clock runs this much further ahead of the machine's."""

    advance_ms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSwitch:
    """Control: where sources about OKX disagree, behave like this (see ``switches``)."""

    name: str
    value: str


Command = (
    PlaceOrders
    | CancelOrders
    | AmendOrders
    | ClosePosition
    | PlaceAlgo
    | CancelAlgos
    | SetLeverage
    | SetPositionMode
    | MovePrice
    | Liquidate
    | SetPartial
    | AdvanceClock
    | SetSwitch
)

_COMMANDS: Final[Mapping[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (
        PlaceOrders,
        CancelOrders,
        AmendOrders,
        ClosePosition,
        PlaceAlgo,
        CancelAlgos,
        SetLeverage,
        SetPositionMode,
        MovePrice,
        Liquidate,
        SetPartial,
        AdvanceClock,
        SetSwitch,
    )
}
_ELEMENTS: Final[Mapping[str, type[Any]]] = {
    "PlaceOrders": OrderRequest,
    "CancelOrders": OrderRef,
    "AmendOrders": Amendment,
    "CancelAlgos": AlgoRef,
}


def _pack(value: Any) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        packed[field.name] = [_pack(each) for each in item] if isinstance(item, tuple) else item
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
            (name,) = (field.name for field in fields(kind))
            rest[name] = tuple(element(**each) for each in rest[name])
        command: Command = kind(**rest)
    except (TypeError, KeyError) as error:
        raise ValueError(f"command {op} does not have these fields: {error}") from error
    return command
