"""What a host's views show, in the books' own coordinates, and when it last agreed.

1. Contracts by ledger, agent and key. Coins are converted by the contract's size; what is no number
   of contracts is ``unfit``. A host's long or short is the signed position of an account that nets.
2. A ledger whose view failed shows nothing: it is in neither, and not flat.
3. ``marked``: when each place of each ledger last held what the typed books hold. A place that
   differs keeps the mark of before; once the executions since do not explain the difference, it is
   ``spent`` until the place agrees again. Where nothing moved, neither do the marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from prometheus_persist.reconcile.host_seen import HostBooks, HostMark, HostRow, LedgerMarks, Place
from prometheus_persist.reconcile.items import Item, Verdict
from prometheus_persist.reconcile.plan import Case, Plan
from prometheus_persist.reconcile.views import VenueView
from prometheus_persist.state import NO_CONTRACTS, Contracts
from prometheus_persist.state.money import div, mul, to_base

Sizes = Mapping[str, tuple[Decimal, Decimal]]
"""(ctVal, ctMult) by instrument."""


@dataclass(frozen=True, slots=True)
class Shown:
    """See the module. ``rows`` are those that each of ``held`` is the sum of."""

    held: Mapping[str, Mapping[Place, Contracts]]
    rows: Mapping[tuple[str, Place], tuple[HostRow, ...]]
    unfit: Mapping[Place, HostRow]


def sizes_of(view: VenueView) -> Sizes:
    """The contracts' sizes."""
    return {name: (one.ct_val, one.ct_mult) for name, one in view.instruments.items()}


def shown(host: HostBooks, sizes: Sizes, *, netted: bool) -> Shown:
    """What the views that could be read show; ``netted``: the account is in net mode."""
    held: dict[str, dict[Place, Contracts]] = {
        name: {} for name in host.ledgers if name not in host.problems
    }
    rows: dict[tuple[str, Place], tuple[HostRow, ...]] = {}
    unfit: dict[Place, HostRow] = {}
    for row in host.rows:
        if row.ledger not in held:
            continue
        key, size = row.key, _in_contracts(row, sizes.get(row.key.inst_id))
        if netted and key.pos_side != "net":
            size = -size if size is not None and key.pos_side == "short" else size
            key = key._replace(pos_side="net")
        place = (row.agent_id, key)
        if size is None:
            unfit[place] = row
            continue
        mine = held[row.ledger]
        mine[place] = mine.get(place, NO_CONTRACTS) + size
        rows[row.ledger, place] = (*rows.get((row.ledger, place), ()), row)
    return Shown(held, rows, unfit)


def _in_contracts(row: HostRow, contract: tuple[Decimal, Decimal] | None) -> Contracts | None:
    if isinstance(row.quantity, Contracts):
        return row.quantity
    if contract is None:
        return None
    found = Contracts(div(row.quantity.value, mul(*contract)))
    return found if to_base(found, *contract) == row.quantity else None


def marked(
    host: HostBooks,
    plan: Plan,
    found: Shown,
    typed: Mapping[Place, Contracts],
    now: tuple[int, int, int],
) -> dict[str, LedgerMarks]:
    """The marks by ledger after a look; ``now`` is sequence, our clock, records of trades, and
    ``plan`` what was found."""
    explained = {
        (one.agent_id or "", one.key)
        for one in plan.findings
        if one.case is Case.N and any(row.kind == "fill" for row in one.evidence)
    }
    differs = {
        (one.ledger, (one.agent_id, one.key))
        for one in plan.host_items
        if one.item is Item.SIZE and one.verdict is Verdict.MISMATCH
    }
    marks = dict(host.marks)
    for name, held in found.held.items():
        old = host.marks.get(name)
        places = typed.keys() | held.keys() | found.unfit.keys() | (old.but if old else {}).keys()
        but: dict[Place, HostMark | None] = {}
        for place in places:
            same = typed.get(place, NO_CONTRACTS) == held.get(place, NO_CONTRACTS)
            if same and place not in found.unfit:
                continue
            mark = None if old is None else old.of(place)
            if (name, place) in differs and place not in explained:
                size = typed.get(place, NO_CONTRACTS)
                mark = replace(mark or HostMark(0, 0, now[2], size), spent=True)
            but[place] = mark
        agreed = {place: size for place, size in typed.items() if size and place not in but}
        new = LedgerMarks(*now, agreed, but)
        if old is None or (old.trades, old.held, old.but) != (new.trades, new.held, new.but):
            marks[name] = new
    return marks
