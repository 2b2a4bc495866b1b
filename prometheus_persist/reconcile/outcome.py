"""What the books come to once every correction of these findings is carried out.

Corrections are replayed on a copy of the holdings by the arithmetic and in the order of their
application, those that wait for a human included (P3). So the money of a plan is judged by what the
plan does, and what is left over is what the next reconciliation would find.

``possible`` is False where an execution cannot be booked at all; nothing can then be said of the
money.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from prometheus_persist.state.money import ZERO, add, mul, sub, to_base


@dataclass(frozen=True, slots=True)
class ProjectedBooks:
    """See the module. ``paid`` is the PnL and the fees of ``executions``, (owner, execution)."""

    holdings: Holdings
    paid: Decimal
    executions: tuple[tuple[str, Execution], ...]
    adopted: bool
    possible: bool

    def held_keys(self) -> frozenset[PositionKey]:
        """Every key that somebody holds then."""
        return self.holdings.held_keys()

    def held(self, owner: str, key: PositionKey) -> Contracts:
        """An owner's signed contracts under the key."""
        return self.holdings.held(owner, key)

    def total(self, key: PositionKey) -> Contracts:
        """Σ agents + unattributed."""
        return self.holdings.total(key)


def outcome(before: Holdings, findings: Iterable[Finding]) -> ProjectedBooks:
    """``before`` after all corrections of ``findings``."""
    holdings = before.copy()
    executions: list[tuple[str, Execution]] = []
    paid, possible, adopted = [ZERO], True, False
    for step in in_application_order(findings):
        try:
            if isinstance(step, (BookFill, BookOrphan)):
                owner = step.agent_id if isinstance(step, BookFill) else NOBODY
                paid.append(add(holdings.book(owner, step.execution), step.execution.fee))
                executions.append((owner, step.execution))
            elif isinstance(step, AdoptDifference):
                holdings.adopt(step)
            elif isinstance(step, SetQuantity):
                holdings.write(step)
            elif isinstance(step, Rescale):
                holdings.rescale(step.inst_id, step.factor)
        except (BadValue, ValueError):
            possible = False
        adopted |= isinstance(step, (AdoptDifference, SetQuantity, SetAside))
    return ProjectedBooks(holdings, add(*paid), tuple(executions), adopted, possible)


def positions_agree(after: ProjectedBooks, view: VenueView) -> bool:
    """R2 for every key, once the plan is applied."""
    venue = {row.key: row.qty_contracts for row in view.positions}
    return after.possible and all(
        after.total(key) == venue.get(key, NO_CONTRACTS) for key in after.held_keys() | venue.keys()
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
    for key in sorted(after.held_keys() | rows.keys()):
        row, one = rows.get(key), view.instruments[key.inst_id]
        values = [_value(held.qty_contracts, held.entry_px, one.ct_val, one.ct_mult)
                  for held in after.holdings.positions(key)]  # fmt: skip
        shown = _value(row.qty_contracts, row.avg_px, one.ct_val, one.ct_mult) if row else ZERO
        term = sub(shown, add(ZERO, *values))
        terms.append(sub(ZERO, term) if key.pos_side == "short" else term)
    return add(*terms)


def _value(quantity: Contracts, px: Decimal, ct_val: Decimal, ct_mult: Decimal) -> Decimal:
    return mul(to_base(quantity, ct_val, ct_mult).value, px)
