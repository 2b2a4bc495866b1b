"""Which contracts the books keep, and what of a view is about them.

1. Kept are linear contracts that settle in the books' currency. Of a contract that the exchange
   lists no more (delivered, delisted) the size is that of the executions in the books.
2. Everything else is not managed: inverse, another settlement currency, a contract that nobody
   lists and no book knows. What the account holds there is nobody's: in sight, frozen, and out of
   every other judgement (case J, ``unmanaged``).
3. Where such a contract is ours after all (an agent's ledger holds it, or one of our ids is on its
   executions) it stays in the view and cannot be judged: UNKNOWN, there and nowhere else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from decimal import Decimal

from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.findings.intents import is_known
from prometheus_persist.reconcile.plan import Case, Evidence, Finding, FreezeInstrument, Resolution
from prometheus_persist.reconcile.views import (
    Books,
    Instrument,
    UnmanagedPosition,
    VenuePosition,
    VenueView,
)
from prometheus_persist.state import PositionKey
from prometheus_persist.state.money import ZERO, plain

NOT_LISTED, OTHER_CCY = "why.not_listed", "why.other_ccy"
NO_SIZE = "why.no_instrument"
REASON = "a product that the books do not keep"


def in_scope(
    books: Books, view: VenueView, held: Iterable[PositionKey]
) -> tuple[VenueView, frozenset[str], list[Finding]]:
    """The view of what is kept, what is outside, and one finding for each of that which is held."""
    known, ccy = _known(books, view), books.state.account_cash.ccy
    ours = {key.inst_id for key in held} | _claimed(books, view)
    seen = {row.key.inst_id for row in view.positions} | {row.inst_id for row in view.fills}
    seen |= {row.inst_id for row in view.orders} | {row.inst_id for row in view.algo_orders}
    outside = {name: why for name in seen - ours if (why := unfit(books, view, known, name))}
    positions = [_as_unmanaged(row, outside[row.key.inst_id])
                 for row in view.positions if row.key.inst_id in outside]  # fmt: skip
    unmanaged = tuple(
        sorted((*view.unmanaged, *positions), key=lambda each: dataclasses.astuple(each))
    )
    left = dataclasses.replace(
        view,
        instruments={
            name: one for name, one in known.items() if one.settle_ccy == ccy or name in ours
        },
        positions=tuple(row for row in view.positions if row.key.inst_id not in outside),
        fills=tuple(row for row in view.fills if row.inst_id not in outside),
        orders=tuple(row for row in view.orders if row.inst_id not in outside),
        algo_orders=tuple(row for row in view.algo_orders if row.inst_id not in outside),
        lives=tuple(row for row in view.lives if row.key.inst_id not in outside),
        unmanaged=unmanaged,
    )
    found = [_finding(name, rows) for name, rows in sorted(_by_inst(unmanaged).items())]
    return left, frozenset(outside), [one for one in found if not is_known(books.state.freeze, one)]


def unfit_positions(books: Books, view: VenueView, keys: Iterable[PositionKey]) -> dict[str, str]:
    """Contracts that are ours and cannot be kept, with the reason; ``view`` is one in scope."""
    names = {key.inst_id for key in keys}
    found = {name: unfit(books, view, view.instruments, name) for name in sorted(names)}
    return {name: NO_SIZE if why == NOT_LISTED else why for name, why in found.items() if why}


def unfit(books: Books, view: VenueView, known: Mapping[str, Instrument], inst_id: str) -> str:
    """Why the books cannot keep this contract; "" where they can."""
    one = known.get(inst_id)
    if one is None:
        return view.unfit.get(inst_id, NOT_LISTED)
    return "" if one.settle_ccy == books.state.account_cash.ccy else OTHER_CCY


def _known(books: Books, view: VenueView) -> dict[str, Instrument]:
    """What the exchange lists, and what the books know the size of."""
    ccy = books.state.account_cash.ccy
    found = dict(view.instruments)
    for name, (ct_val, ct_mult) in books.sizes.items():
        if name not in found and name not in view.unfit:
            found[name] = Instrument(name, ct_val, ct_mult, ZERO, ZERO, ccy, listed=False)
    return found


def _claimed(books: Books, view: VenueView) -> set[str]:
    """Contracts with executions or orders under our ids."""
    rows = [(row.inst_id, row.cl_ord_id) for row in view.fills]
    rows += [(row.inst_id, row.cl_ord_id) for row in view.orders]
    rows += [(row.inst_id, row.algo_cl_ord_id) for row in view.algo_orders]
    return {inst_id for inst_id, name in rows if name and name in books.order_owners}


def _as_unmanaged(row: VenuePosition, why: str) -> UnmanagedPosition:
    key = row.key
    kind = "SWAP" if key.inst_id.endswith("-SWAP") else "FUTURES"
    px = "" if row.avg_px == Decimal(0) else plain(row.avg_px)
    return UnmanagedPosition(
        key.inst_id,
        kind,
        key.mgn_mode,
        key.pos_side,
        "",
        str(row.qty_contracts),
        px,
        row.pos_id,
        why,
    )


def _by_inst(rows: Iterable[UnmanagedPosition]) -> dict[str, list[UnmanagedPosition]]:
    found: dict[str, list[UnmanagedPosition]] = {}
    for row in rows:
        found.setdefault(row.inst_id, []).append(row)
    return found


def _finding(inst_id: str, rows: list[UnmanagedPosition]) -> Finding:
    """Its quantities move with somebody else's trades: they are shown, and are not what it is."""
    return finding(
        "unmanaged",
        Case.J,
        Resolution.ORPHAN,
        params={"inst_id": inst_id, "inst_type": rows[0].inst_type, "why": rows[0].why},
        identity={"inst_id": inst_id},
        evidence=[Evidence("position", f"{inst_id} {row.mgn_mode} {row.pos_side}") for row in rows],
        corrections=lambda finding_id: (FreezeInstrument(inst_id, REASON, finding_id),),
    )
