"""Which contracts the exchange lists, and which rows are about contracts that matter.

1. The books can keep linear SWAP and FUTURES contracts that have a size. ``Listed.unfit`` says of
   every other contract that is listed why it is not one of them, as a message id.
2. Rows of other products are left out whatever is in them (``readable``).
3. Of an unfit contract a row that makes no sense is left out. Of every other contract, listed or
   not, it is ``BadRow``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from prometheus_persist.exchange.okx.fields import BadRow, Row, number, required, said, text
from prometheus_persist.reconcile.views import Instrument
from prometheus_persist.state.money import ZERO

MANAGED = frozenset({"SWAP", "FUTURES"})
_WHY_INVERSE = "why.inverse"
_WHY_NOT_LINEAR = "why.not_linear"
_WHY_NO_SIZE = "why.no_size"

Value = TypeVar("Value")
Unfit = Mapping[str, str]
NONE_UNFIT: Unfit = {}


@dataclass(frozen=True, slots=True)
class Listed:
    """The contracts that the exchange lists: those the books can keep, and why not the rest."""

    fit: Mapping[str, Instrument]
    unfit: Unfit

    def __len__(self) -> int:
        return len(self.fit)

    def __contains__(self, inst_id: str) -> bool:
        return inst_id in self.fit or inst_id in self.unfit


def is_contract(row: Row) -> bool:
    """Whether a row is about a SWAP or a FUTURES contract; one without a type is taken for one."""
    return said(row, "instType") in MANAGED | {""}


def readable(rows: Iterable[Row], read: Callable[[Row], Value], unfit: Unfit) -> list[Value]:
    """What rows of contracts say; BadRow for one that makes no sense, unless it is unfit."""
    found = []
    for row in rows:
        if not is_contract(row):
            continue
        try:
            found.append(read(row))
        except BadRow:
            if said(row, "instId") not in unfit:
                raise
    return found


def inst_type(inst_id: str) -> str:
    """SWAP or FUTURES, by the name of the contract."""
    return "SWAP" if inst_id.endswith("-SWAP") else "FUTURES"


def instruments(rows: Iterable[Row]) -> Listed:
    """OKX: public/instruments. A contract in preparation has no numbers yet."""
    fit: dict[str, Instrument] = {}
    unfit: dict[str, str] = {}
    for row in rows:
        name, kind = said(row, "instId"), said(row, "ctType")
        if not name:
            continue
        if kind != "linear":
            unfit[name] = _WHY_INVERSE if kind == "inverse" else _WHY_NOT_LINEAR
            continue
        try:
            fit[name] = _instrument(row)
        except BadRow:
            unfit[name] = _WHY_NO_SIZE
    return Listed(fit, unfit)


def _instrument(row: Row) -> Instrument:
    one = Instrument(
        inst_id=required(row, "instId"),
        ct_val=number(row, "ctVal"),
        ct_mult=number(row, "ctMult", Decimal(1)),
        lot_sz=number(row, "lotSz"),
        tick_sz=number(row, "tickSz"),
        settle_ccy=text(row, "settleCcy", ""),
    )
    if one.ct_val <= ZERO or one.ct_mult <= ZERO:
        raise BadRow("field ctVal or ctMult is not positive")
    return one
