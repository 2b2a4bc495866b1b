"""Every item of a host's position beside the typed books: MATCH, MISMATCH, or UNKNOWN and why.

1. Size: exactly, in contracts.
2. Direction (side and margin mode): what the ledger has is under the key, and on the side, on which
   it is due.
3. Entry price: within half a tick of the typed average is MATCH. The typed average is exact to 34
   digits; a host that rounds its own to the tick is at most half a tick away, and its floats are
   closer than that by many digits. More than a tick is MISMATCH. What is between may be rounded up
   or down, or be another price: UNKNOWN. So is a price beside a contract without a tick (delisted)
   that is not exactly the same.
4. Holding time: since when the position is open, which neither adding nor reducing moves. Within
   ``SINCE_MS`` is MATCH: a host notes the moment in which it heard of the fill, by its own clock.
   A naive time that its zone has twice (or not at all) is UNKNOWN.
5. Price and time of another size, and of several rows under one key, are not judged; nor is
   anything while another finding asks about the position. What the host does not keep is UNKNOWN.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from prometheus_persist.reconcile.findings.host_shown import Shown
from prometheus_persist.reconcile.host_seen import HostRow, Place
from prometheus_persist.reconcile.items import HostItem, Item, Verdict
from prometheus_persist.reconcile.views import VenueView
from prometheus_persist.state import NO_CONTRACTS, Contracts, Position
from prometheus_persist.state.money import div, magnitude, plain, sub

SINCE_MS: Final = 60_000
LEFT: Final = "why.host_left"
"""Differs, and a human said that it stays."""
_TWO: Final = Decimal(2)


@dataclass(frozen=True, slots=True)
class HostVerdict:
    """One item of one ledger's place; ``finding`` is filled in by who makes the finding."""

    ledger: str
    place: Place
    item: Item
    verdict: Verdict
    shown: str = ""
    due: str = ""
    why: str = ""

    def told(self, note: str) -> HostItem:
        """As the plan has it."""
        agent, key = self.place
        return HostItem(
            self.ledger, agent, key, self.item, self.verdict, self.shown, self.due,
            self.why or (note if self.verdict is not Verdict.MATCH else ""),
        )  # fmt: skip


def judged(
    ledger: str, place: Place, found: Shown, typed: Position | None, view: VenueView
) -> list[HostVerdict]:
    """The four items of a place; ``typed`` is what the typed books come to."""
    held = found.held[ledger].get(place, NO_CONTRACTS)
    due = NO_CONTRACTS if typed is None else typed.qty_contracts
    size = _size(held, due)
    side = Verdict.MATCH if held.sign == due.sign else Verdict.MISMATCH
    made = [
        HostVerdict(ledger, place, Item.SIZE, size, str(held), str(due)),
        HostVerdict(ledger, place, Item.DIRECTION, side, _side(held), _side(due)),
    ]
    rows = found.rows.get((ledger, place), ())
    if not held and not due:
        return []
    why = "why.host_other_size" if size is not Verdict.MATCH or typed is None else ""
    why = why or ("why.host_several" if len(rows) > 1 else "")
    if why or typed is None:
        return made + [
            HostVerdict(ledger, place, item, Verdict.UNKNOWN, why=why)
            for item in (Item.ENTRY_PX, Item.HOLDING_TIME)
        ]
    return [*made, _px(ledger, place, rows[0], typed, view), _since(ledger, place, rows[0], typed)]


def unjudged(ledger: str, place: Place, why: str) -> list[HostVerdict]:
    """The four items of a place that nothing can be said of."""
    items = (Item.SIZE, Item.DIRECTION, Item.ENTRY_PX, Item.HOLDING_TIME)
    return [HostVerdict(ledger, place, item, Verdict.UNKNOWN, why=why) for item in items]


def _size(held: Contracts, due: Contracts) -> Verdict:
    return Verdict.MATCH if held == due else Verdict.MISMATCH


def _side(held: Contracts) -> str:
    return {1: "long", -1: "short"}.get(held.sign, "none")


def _px(ledger: str, place: Place, row: HostRow, typed: Position, view: VenueView) -> HostVerdict:
    due = plain(typed.entry_px)
    if row.entry_px is None:
        why = "why.host_no_px"
        return HostVerdict(ledger, place, Item.ENTRY_PX, Verdict.UNKNOWN, "", due, why)
    verdict, why = _near(row.entry_px, typed.entry_px, _tick(view, row))
    return HostVerdict(ledger, place, Item.ENTRY_PX, verdict, plain(row.entry_px), due, why)


def _tick(view: VenueView, row: HostRow) -> Decimal:
    contract = view.instruments.get(row.key.inst_id)
    return Decimal(0) if contract is None else contract.tick_sz


def _near(px: Decimal, due: Decimal, tick: Decimal) -> tuple[Verdict, str]:
    off = magnitude(sub(px, due))
    if off <= div(tick, _TWO):
        return Verdict.MATCH, ""
    if not tick:
        return Verdict.UNKNOWN, "why.host_no_tick"
    return (Verdict.UNKNOWN, "why.host_rounded") if off <= tick else (Verdict.MISMATCH, "")


def _since(ledger: str, place: Place, row: HostRow, typed: Position) -> HostVerdict:
    due, item = str(typed.opened_ms), Item.HOLDING_TIME
    if row.opened_ms is None:
        return HostVerdict(ledger, place, item, Verdict.UNKNOWN, "", due, "why.host_no_since")
    told = str(row.opened_ms)
    if row.doubtful:
        return HostVerdict(ledger, place, item, Verdict.UNKNOWN, told, due, "why.host_time_twice")
    near = abs(row.opened_ms - typed.opened_ms) <= SINCE_MS
    return HostVerdict(ledger, place, item, Verdict.MATCH if near else Verdict.MISMATCH, told, due)
