"""One reading of the exchange in one canonical form: every row once, in a fixed order (P5).

Pages overlap, pushes repeat, and the same order is told live and ended in two lists. So:

1. Positions are unique by key, fills by fill id, orders and algo orders by their venue id, bills by
   theirs, lives of positions by position and beginning, look-ups by clOrdId.
2. Of two rows of one order the later one stands (time of change, then how much is filled, then
   whether it has ended): an order's row is allowed to change.
3. Two different fills under one id, or two positions under one key, cannot both be true: what
   depends on that contract is UNKNOWN (``doubts``), and nothing else. Two bills under one id leave
   the bills not complete.
4. A position that was last changed well before its own newest execution is from an older moment
   than the fills: its contract is in doubt likewise. A flat position shows no time; what it leaves
   unexplained is judged in ``residual_positions.py``. A fill without its order's row names no
   position.
5. Fills are ordered by (time, trade number), the order in which they are booked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TypeVar

from prometheus_persist.reconcile.plan import trade_number
from prometheus_persist.reconcile.views import (
    BILLS,
    IntentLookup,
    SourceStatus,
    VenueAlgoOrder,
    VenueFill,
    VenueLife,
    VenueOrder,
    VenuePosition,
    VenueView,
)
from prometheus_persist.state import PositionKey

ORDER_OPEN_STATES = frozenset({"live", "partially_filled"})
ALGO_OPEN_STATES = frozenset({"live", "pause", "partially_effective"})

CLOCKS_APART_MS = 2_000
"""A fill's ts may be a little after the moment at which it moved the position."""

_NOT_READ = SourceStatus("", False, 0)

Row = TypeVar("Row")


def canonical(view: VenueView) -> tuple[VenueView, dict[str, str]]:
    """``view`` with every row once and in order; and the contracts in doubt, with the reason."""
    positions, torn_positions = _unique(view.positions, lambda row: str(row.key), repr)
    fills, torn_fills = _unique(view.fills, lambda row: row.fill_id, repr)
    orders, _ = _unique(view.orders, lambda row: f"{row.inst_id}:{row.ord_id}", _order_age)
    algos, _ = _unique(view.algo_orders, lambda row: row.algo_id, _algo_age)
    lookups, _ = _unique(view.lookups, lambda row: row.cl_ord_id, _lookup_rank)
    lives, _ = _unique(view.lives, _life, lambda row: (row.updated_ms, repr(row)))
    bills, torn_bills = _unique(view.bills, lambda row: row.bill_id, repr)
    stale = _stale(positions, fills, orders)
    doubts = {row.key.inst_id: "why.positions_stale" for row in positions if str(row.key) in stale}
    doubts |= {row.key.inst_id: "why.contradicting_rows"
               for row in positions if str(row.key) in torn_positions}  # fmt: skip
    doubts |= {row.inst_id: "why.contradicting_rows" for row in fills if row.fill_id in torn_fills}
    sources = dict(view.sources)
    if torn_bills and sources.get(BILLS, _NOT_READ).complete:
        problem = f"contradicting rows: {', '.join(torn_bills)}"
        sources[BILLS] = dataclasses.replace(sources[BILLS], complete=False, problem=problem)
    whole = dataclasses.replace(
        view,
        sources=sources,
        positions=tuple(row for row in positions if row.qty_contracts),
        fills=tuple(sorted(fills, key=fill_order)),
        orders=orders,
        algo_orders=algos,
        lookups=lookups,
        lives=lives,
        bills=tuple(sorted(bills, key=lambda row: (row.ts_ms, row.number))),
    )
    return whole, doubts


def _life(row: VenueLife) -> str:
    return f"{row.pos_id}:{row.opened_ms}"


def _stale(
    positions: Iterable[VenuePosition], fills: Iterable[VenueFill], orders: Iterable[VenueOrder]
) -> tuple[str, ...]:
    """The keys whose positions are older than what moved them.

    A fill carries no margin mode, its order's row does. Without it nothing can be said: cross may
    have been closed long after isolated last moved.
    """
    modes = {(row.inst_id, row.ord_id): row.mgn_mode for row in orders}
    moved: dict[PositionKey, int] = {}
    for fill in fills:
        mgn_mode = modes.get((fill.inst_id, fill.ord_id))
        if mgn_mode is not None:
            key = PositionKey(fill.inst_id, mgn_mode, fill.pos_side)
            moved[key] = max(moved.get(key, 0), fill.ts_ms)
    return tuple(
        str(row.key)
        for row in sorted(positions, key=lambda row: row.key)
        if moved.get(row.key, 0) > row.updated_ms + CLOCKS_APART_MS
    )


def fill_order(fill: VenueFill) -> tuple[int, int, str, str]:
    """The place of a fill in time: its moment, then its trade number, then its ids as text."""
    return (fill.ts_ms, trade_number(fill.trade_id), fill.inst_id, fill.trade_id)


def source_problems(view: VenueView) -> tuple[str, ...]:
    """Every source that cannot be believed, and why, as text without times."""
    return tuple(_told(status) for status in view.problems())


def _told(status: SourceStatus) -> str:
    return f"{status.name}: {status.problem or 'incomplete'}"


def _unique(
    rows: Iterable[Row], identity: Callable[[Row], str], rank: Callable[[Row], object]
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The highest-ranked row of each identity, in identity order; and the contested identities."""
    found: dict[str, Row] = {}
    torn: set[str] = set()
    for row in rows:
        name = identity(row)
        rival = found.setdefault(name, row)
        if rival != row:
            torn.add(name)
            found[name] = max(rival, row, key=rank)  # type: ignore[arg-type]
    return tuple(found[name] for name in sorted(found)), tuple(sorted(torn))


def _order_age(row: VenueOrder) -> tuple[int, object, bool, str]:
    ended = row.state not in ORDER_OPEN_STATES
    return (row.updated_ms, row.filled_contracts, ended, repr(row))


def _algo_age(row: VenueAlgoOrder) -> tuple[bool, bool, str]:
    return (row.state not in ALGO_OPEN_STATES, bool(row.ord_id), repr(row))


def _lookup_rank(row: IntentLookup) -> tuple[bool, bool, object, str]:
    filled = row.filled_contracts.value if row.filled_contracts is not None else -1
    return (row.found is True, row.found is None, filled, repr(row))
