"""What is left over: keys whose books, once all that is proven is booked, are not the exchange's.

No execution explains a gap, so a human decides every one of them. What it is called:

1. The account is in the other position mode than the books: case L, for all its keys together.
2. The same contracts, on the same side, under the other margin mode: case L.
3. The books' figure is the exchange's times or through the contract's size: case E. The suggestion
   writes the owners' positions in contracts, where that comes out exactly.
4. The other side (opposite signs, or contracts missing under long and over under short): case D.
5. More at the exchange: case A. Less: case B. The suggestion, where the books can express it:
   nobody owns the difference, and the exchange wins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.findings import finding
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    Case,
    Correction,
    Evidence,
    Finding,
    FreezeInstrument,
    Resolution,
    SetQuantity,
)
from prometheus_persist.reconcile.views import Instrument, VenuePosition, VenueView
from prometheus_persist.reconcile.walk import NOBODY, Holdings, How, Walk
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.money import div, mul, plain

NET_MODE, HEDGE_MODE = "net_mode", "long_short_mode"
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class _Gap:
    """A key whose books, once everything provable is booked, are still not the exchange's."""

    key: PositionKey
    books: Contracts
    venue: Contracts


def left_over(
    walked: Walk,
    view: VenueView,
    venue: Mapping[PositionKey, Contracts],
    murky: frozenset[str],
) -> list[Finding]:
    """One finding per gap; ``murky`` instruments have fills that could not be judged."""
    after = walked.after
    wrong_mode = sorted(key for key in after.held_keys() if not _fits(key, view.pos_mode))
    findings = [_mode_finding(view.pos_mode, wrong_mode)] if wrong_mode else []
    told = {*wrong_mode, *(s.execution.key for s in walked.steps if s.how is How.IMPOSSIBLE)}
    gaps = {
        key: _Gap(key, after.total(key), venue.get(key, NO_CONTRACTS))
        for key in sorted(after.held_keys() | venue.keys())
        if after.total(key) != venue.get(key, NO_CONTRACTS)
        and key.inst_id not in murky
        and key not in told
    }
    rows = {row.key: row for row in view.positions}
    moved = _margin_moved(gaps)
    findings += [_margin_finding(old, new) for old, new in moved]
    told_as_moved = {gap.key for pair in moved for gap in pair}
    for key, gap in gaps.items():
        if key in told_as_moved:
            continue
        row = rows.get(key)
        shown = {"contracts": str(gap.venue)} | (
            {"avg_px": plain(row.avg_px), "updated_ms": str(row.updated_ms)} if row else {}
        )
        evidence = Evidence("position", str(key), shown)
        if (
            units := _unit_finding(gap, after, view.instruments.get(key.inst_id), evidence)
        ) is not None:
            findings.append(units)
            continue
        step = _adoption(gap, after, row)
        findings.append(_gap_finding(gap, _flipped(gap, gaps), evidence, step))
    return findings


def _fits(key: PositionKey, pos_mode: str) -> bool:
    return (key.pos_side == "net") == (pos_mode == NET_MODE)


def _mode_finding(pos_mode: str, keys: list[PositionKey]) -> Finding:
    return finding(
        "pos_mode",
        Case.L,
        Resolution.HUMAN,
        params={"pos_mode": pos_mode, "keys": ", ".join(str(key) for key in keys)},
        evidence=[Evidence("position", str(key), {"pos_side": key.pos_side}) for key in keys],
    )


def _margin_moved(gaps: Mapping[PositionKey, _Gap]) -> list[tuple[_Gap, _Gap]]:
    """Pairs of gaps: what one margin mode lacks at the exchange, the other one has."""
    found = []
    for key, gap in gaps.items():
        for other in gaps.values():
            same_place = other.key._replace(mgn_mode=key.mgn_mode) == key and other.key != key
            if same_place and not gap.venue and not other.books and gap.books == other.venue:
                found.append((gap, other))
    return found


def _margin_finding(old: _Gap, new: _Gap) -> Finding:
    return finding(
        "mgn_mode",
        Case.L,
        Resolution.HUMAN,
        key=old.key,
        params={
            "inst_id": old.key.inst_id,
            "contracts": str(old.books),
            "books_mode": old.key.mgn_mode,
            "venue_mode": new.key.mgn_mode,
        },
        evidence=[Evidence("position", str(new.key), {"contracts": str(new.venue)})],
    )


def _unit_finding(
    gap: _Gap, after: Holdings, instrument: Instrument | None, evidence: Evidence
) -> Finding | None:
    """Case E, where the two figures differ by exactly the contract's size."""
    if instrument is None or not gap.books or not gap.venue:
        return None
    factor = mul(instrument.ct_val, instrument.ct_mult)
    in_base = gap.books.value == mul(gap.venue.value, factor)
    in_parts = gap.venue.value == mul(gap.books.value, factor)
    if factor == ONE or not (in_base or in_parts):
        return None
    steps = _in_contracts(gap.key, after, factor, in_base)
    return finding(
        "units" if steps else "units_by_hand",
        Case.E,
        Resolution.HUMAN,
        key=gap.key,
        params={
            "key": str(gap.key),
            "books": str(gap.books),
            "venue": str(gap.venue),
            "factor": plain(factor),
        },
        evidence=[evidence],
        corrections=lambda _: steps,
    )


def _in_contracts(
    key: PositionKey, after: Holdings, factor: Decimal, in_base: bool
) -> tuple[Correction, ...]:
    """Every agent's position in contracts; () where a part is nobody's or does not come out."""
    if after.held(NOBODY, key):
        return ()
    steps = []
    for name in after.holders(key):
        held = after.held(name, key).value
        try:
            quantity = div(held, factor) if in_base else mul(held, factor)
            exact = not in_base or mul(quantity, factor) == held
        except BadValue:
            return ()
        if not exact:
            return ()
        steps.append(SetQuantity(name, key, Contracts(quantity)))
    return tuple(steps)


def _flipped(gap: _Gap, gaps: Mapping[PositionKey, _Gap]) -> bool:
    """Opposite signs on one key, or contracts missing on one side and over on the other."""
    if gap.books.sign * gap.venue.sign < 0:
        return True
    twin_side = {"long": "short", "short": "long"}.get(gap.key.pos_side)
    if twin_side is None:
        return False
    twin = gaps.get(gap.key._replace(pos_side=twin_side))
    return twin is not None and (gap.books < gap.venue) != (twin.books < twin.venue)


def _adoption(gap: _Gap, after: Holdings, row: VenuePosition | None) -> AdoptDifference | None:
    """The difference as nobody's; None where long or short would have to be held negatively."""
    missing = gap.venue - gap.books
    if gap.key.pos_side != "net" and (after.held(NOBODY, gap.key) + missing).sign < 0:
        return None
    names = (*after.holders(gap.key), NOBODY)
    held = next((p for name in names if (p := after.position(name, gap.key)) is not None), None)
    if row is not None:
        return AdoptDifference(gap.key, missing, row.avg_px, row.updated_ms, "")
    assert held is not None, "a gap without a venue row has a holder"
    return AdoptDifference(gap.key, missing, held.entry_px, held.updated_ms, "")


def _gap_finding(
    gap: _Gap, flipped: bool, evidence: Evidence, step: AdoptDifference | None
) -> Finding:
    if flipped:
        kind, case = ("direction_unexplained" if step else "direction_by_hand"), Case.D
    elif abs(gap.venue) > abs(gap.books):
        kind, case = "venue_more", Case.A
    else:
        kind, case = ("books_more" if step else "books_more_by_hand"), Case.B
    reason = "the exchange holds what no agent owns"

    def corrections(finding_id: str) -> tuple[Correction, ...]:
        if step is None:
            return ()
        freeze = FreezeInstrument(gap.key.inst_id, reason, finding_id)
        return (dataclasses.replace(step, finding_id=finding_id), freeze)

    return finding(
        kind,
        case,
        Resolution.HUMAN,
        key=gap.key,
        params={"key": str(gap.key), "books": str(gap.books), "venue": str(gap.venue)},
        evidence=[evidence],
        corrections=corrections,
    )
