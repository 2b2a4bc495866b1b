"""What the books come to once every correction of these findings is carried out.

Corrections are replayed on a copy of the holdings by the arithmetic and in the order of their
application, those that wait for a human included (P3). So the money of a plan is judged by what the
plan does, and what is left over is what the next reconciliation would find.

``possible`` is False where an execution cannot be booked at all; nothing can then be said of the
money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.match.replay import NOBODY, Holdings
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    BookFill,
    BookOrphan,
    Finding,
    Rescale,
    SetAside,
    SetQuantity,
    in_application_order,
)
from prometheus_persist.reconcile.views import VenueView
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution, PositionKey
from prometheus_persist.state.money import ZERO, add, mul, sub, times, to_base

Written = AdoptDifference | SetQuantity | Rescale


@dataclass(frozen=True, slots=True)
class Lot:
    """What one owner holds under one key: signed contracts and their entry price."""

    qty_contracts: Contracts
    entry_px: Decimal


@dataclass(frozen=True, slots=True)
class ProjectedBooks:
    """See the module. ``paid`` is the PnL and the fees of ``executions``, (owner, execution)."""

    lots: Mapping[PositionKey, Mapping[str, Lot]]
    paid: Decimal
    executions: tuple[tuple[str, Execution], ...]
    adopted: bool
    possible: bool

    def held_keys(self) -> frozenset[PositionKey]:
        """Every key that somebody holds then."""
        return frozenset(self.lots)

    def held(self, owner: str, key: PositionKey) -> Contracts:
        """An owner's signed contracts under the key."""
        lot = self.lots.get(key, {}).get(owner)
        return NO_CONTRACTS if lot is None else lot.qty_contracts

    def total(self, key: PositionKey) -> Contracts:
        """Σ agents + unattributed."""
        lots = self.lots.get(key, {}).values()
        return sum((lot.qty_contracts for lot in lots), NO_CONTRACTS)


def outcome(before: Holdings, findings: Iterable[Finding]) -> ProjectedBooks:
    """``before`` after all corrections of ``findings``."""
    holdings = before.copy()
    executions: list[tuple[str, Execution]] = []
    later: list[Written] = []
    paid, possible, adopted = [ZERO], True, False
    for step in in_application_order(findings):
        if isinstance(step, (BookFill, BookOrphan)):
            owner = step.agent_id if isinstance(step, BookFill) else NOBODY
            try:
                pnl = holdings.book(owner, step.execution)
            except BadValue:
                possible = False
                continue
            paid.append(add(pnl, step.execution.fee))
            executions.append((owner, step.execution))
        elif isinstance(step, AdoptDifference) and step.undoes:
            holdings.give_back(step)
            adopted = True
        elif isinstance(step, Rescale) and step.first:
            holdings.rescale(step.inst_id, step.factor)
        elif isinstance(step, (AdoptDifference, SetQuantity, Rescale)):
            later.append(step)
        elif isinstance(step, SetAside):
            adopted = True
    lots = _lots(holdings)
    for change in later:
        _change(lots, change)
    return ProjectedBooks(
        lots={key: held for key in sorted(lots) if (held := _held(lots[key]))},
        paid=add(*paid),
        executions=tuple(executions),
        adopted=adopted or any(not isinstance(one, Rescale) for one in later),
        possible=possible,
    )


def _lots(holdings: Holdings) -> dict[PositionKey, dict[str, Lot]]:
    return {
        key: {
            owner: Lot(position.qty_contracts, position.entry_px)
            for owner in (*holdings.holders(key), NOBODY)
            if (position := holdings.position(owner, key)) is not None
        }
        for key in holdings.held_keys()
    }


def _held(owners: Mapping[str, Lot]) -> dict[str, Lot]:
    return {owner: lot for owner, lot in owners.items() if lot.qty_contracts}


def _change(lots: dict[PositionKey, dict[str, Lot]], change: Written) -> None:
    """As ``apply.py`` does it: what is held keeps its entry price, what is new has its own."""
    if isinstance(change, Rescale):
        for key, held in lots.items():
            if key.inst_id == change.inst_id:
                for name, lot in held.items():
                    held[name] = Lot(times(lot.qty_contracts, change.factor), lot.entry_px)
        return
    owners = lots.setdefault(change.key, {})
    if isinstance(change, SetQuantity):
        before = owners.get(change.agent_id)
        px = change.entry_px if before is None else before.entry_px
        owners[change.agent_id] = Lot(change.qty_contracts, px)
        return
    before = owners.get(NOBODY)
    if before is None or not before.qty_contracts:
        owners[NOBODY] = Lot(change.qty_contracts, change.entry_px)
    else:
        owners[NOBODY] = Lot(before.qty_contracts + change.qty_contracts, before.entry_px)


def positions_agree(after: ProjectedBooks, view: VenueView) -> bool:
    """R2 for every key, once the plan is applied."""
    venue = {row.key: row.qty_contracts for row in view.positions}
    return after.possible and all(
        after.total(key) == venue.get(key, NO_CONTRACTS) for key in after.lots.keys() | venue.keys()
    )


def basis(after: ProjectedBooks, view: VenueView) -> Decimal:
    """What realised PnL at the owners' entry prices lacks of that at the exchange's averages.

    Whoever starts flat has realised d·u·(q·entry − Σ signed·px) over its executions, with
    u = ctVal·ctMult and d = −1 under posSide short; so has the account, with its average price for
    the entry price. Its executions are all the owners' together: the sums over px cancel, and
    Σ d·u·(q·average − Σ owners q·entry) is left. It is zero wherever one owner holds a key alone.
    """
    rows = {row.key: row for row in view.positions}
    terms = [ZERO]
    for key in sorted(after.lots.keys() | rows.keys()):
        row, one = rows.get(key), view.instruments[key.inst_id]
        values = [_value(lot.qty_contracts, lot.entry_px, one.ct_val, one.ct_mult)
                  for lot in after.lots.get(key, {}).values()]  # fmt: skip
        shown = _value(row.qty_contracts, row.avg_px, one.ct_val, one.ct_mult) if row else ZERO
        term = sub(shown, add(ZERO, *values))
        terms.append(sub(ZERO, term) if key.pos_side == "short" else term)
    return add(*terms)


def _value(quantity: Contracts, px: Decimal, ct_val: Decimal, ct_mult: Decimal) -> Decimal:
    return mul(to_base(quantity, ct_val, ct_mult).value, px)
