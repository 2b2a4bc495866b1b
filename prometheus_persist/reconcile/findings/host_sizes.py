"""Places of a host's ledgers that have another size than is due, and what that looks like.

Ledgers that differ in one place by the same are one. Two places of which one lacks what the other
has too much are one as well: under another agent, or under another key of the instrument.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from prometheus_persist.reconcile.findings.host_evidence import Explained, explained
from prometheus_persist.reconcile.findings.host_items import HostVerdict
from prometheus_persist.reconcile.findings.host_shown import Shown
from prometheus_persist.reconcile.host_seen import HostBooks, Place
from prometheus_persist.reconcile.outcome import ProjectedBooks
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution


@dataclass(frozen=True, slots=True)
class Off:
    """Ledgers that differ in one place by the same; ``beside`` is the other place of a pair."""

    place: Place
    should: Contracts
    held: Contracts
    ledgers: tuple[str, ...]
    proof: Explained
    kind: str = ""
    beside: Off | None = None

    @property
    def lacks(self) -> Contracts:
        """What is due and not held."""
        return self.should - self.held


def offs(
    host: HostBooks,
    sized: list[HostVerdict],
    found: Shown,
    then: ProjectedBooks,
    booked: list[tuple[str, Execution]],
) -> Iterator[Off]:
    """Every place that has another size than is due, by what is lacking."""
    by_lack: dict[tuple[Place, Contracts], list[str]] = {}
    for one in sized:
        lacks = then.held(*one.place) - found.held[one.ledger].get(one.place, NO_CONTRACTS)
        by_lack.setdefault((one.place, lacks), []).append(one.ledger)
    for (place, lacks), ledgers in sorted(by_lack.items(), key=lambda each: each[0][0]):
        should = then.held(*place)
        proof = explained(host, ledgers, place, lacks, should, booked)
        turned = (should - lacks).sign * should.sign < 0
        kind = "host_turned" if turned else "host_differs"
        yield Off(place, should, should - lacks, tuple(ledgers), proof, kind)


def paired(offs: list[Off]) -> list[Off]:
    """Two places of which one lacks what the other has too much, and executions prove neither both:
    one finding. Only where there is no third of the kind."""
    left = list(offs)
    for off in offs:
        others = [one for one in left if off in left and _mirrors(off, one)]
        if len(others) != 1 or (off.proof.fills and others[0].proof.fills):
            continue
        (other,) = others
        if [one for one in left if _mirrors(other, one)] != [off]:
            continue
        short, long = (off, other) if abs(off.held) < abs(off.should) else (other, off)
        kind = "host_key" if short.place[0] == long.place[0] else "host_owner"
        left = [one for one in left if one not in (off, other)]
        left.append(replace(short, proof=Explained(), kind=kind, beside=long))
    return sorted(left, key=lambda one: (one.place, one.ledgers))


def _mirrors(one: Off, other: Off) -> bool:
    """The same contracts: of another agent under this key, or of this agent under another key."""
    (agent, key), (whose, under) = one.place, other.place
    near = (agent == whose) != (key == under) and key.inst_id == under.inst_id
    return near and one.ledgers == other.ledgers and one.lacks == -other.lacks
