"""Contracts whose size the exchange changed since the books last saw an execution of them.

OKX rescales positions and orders with the contract, and its history with or without them. So the
executions that are not booked yet are of the new size or of the old one. Both readings are tried
against what the exchange holds; the one that adds up is the proven one:

    new   what was held is rescaled first, and the executions are booked as they are
    old   the executions are booked in the old size, and everything is rescaled after them

Where neither adds up the first is taken, and says so (``fits``). Margin modes are taken together
here: an execution carries none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.reconcile.match.replay import Holdings
from prometheus_persist.reconcile.views import Books, VenueFill, VenueView
from prometheus_persist.state.money import ZERO, add, div, exact, mul, plain

Size = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Resized:
    """One contract of another size; ``factor`` is how many new contracts one old one is."""

    inst_id: str
    before: Size
    now: Size
    factor: Decimal
    fills_are_new: bool
    fits: bool


def resized(books: Books, view: VenueView, before: Holdings) -> dict[str, Resized]:
    """Every contract that somebody holds in another size than the exchange now lists."""
    found = {}
    for inst_id in sorted({key.inst_id for key in before.held_keys()}):
        one, size = view.instruments.get(inst_id), books.sizes.get(inst_id)
        if one is None or not one.listed or size is None or size == (one.ct_val, one.ct_mult):
            continue
        factor = exact(plain(div(mul(*size), mul(one.ct_val, one.ct_mult))))
        new, old = (
            _adds_up(books, view, before, inst_id, factor, new=way) for way in (True, False)
        )
        now = (one.ct_val, one.ct_mult)
        found[inst_id] = Resized(inst_id, size, now, factor, new or not old, new or old)
    return found


def _adds_up(
    books: Books, view: VenueView, before: Holdings, inst_id: str, factor: Decimal, *, new: bool
) -> bool:
    """Whether what is held and what was executed come to what the exchange shows, on every side."""
    sums: dict[str, Decimal] = {}
    for key in before.held_keys():
        if key.inst_id == inst_id:
            held = mul(before.total(key).value, factor)
            sums[key.pos_side] = add(sums.get(key.pos_side, ZERO), held)
    for fill in view.fills:
        if fill.inst_id == inst_id and fill.fill_id not in books.booked_fills:
            moved = _signed(fill) if new else mul(_signed(fill), factor)
            sums[fill.pos_side] = add(sums.get(fill.pos_side, ZERO), moved)
    for row in view.positions:
        if row.key.inst_id == inst_id:
            side = row.key.pos_side
            sums[side] = add(sums.get(side, ZERO), -row.qty_contracts.value)
    return not any(sums.values())


def _signed(fill: VenueFill) -> Decimal:
    adds = fill.side == ("sell" if fill.pos_side == "short" else "buy")
    return fill.qty_contracts.value if adds else -fill.qty_contracts.value


def rescaled(before: Holdings, changes: Mapping[str, Resized]) -> Holdings:
    """What is held where the executions that follow are of the new size."""
    then = before.copy()
    for one in changes.values():
        if one.fills_are_new:
            then.rescale(one.inst_id, one.factor)
    return then
