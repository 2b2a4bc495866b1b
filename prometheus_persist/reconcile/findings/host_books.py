"""Case N: a host's own books, seen through its views, are not what the typed books come to.

1. The typed books are the ones of record. They are compared as they are once everything else of the
   plan is done, by ledger, agent and position, item by item (``host_items.py``).
2. What a ledger lacks, or has too much, is proven by executions alone (``host_evidence.py``).
   Without such proof it is only a difference, which is told as what it looks like: under another
   agent, under another key, on the other side, or of another size.
3. Nothing of a host is written but through its doors, and through none of them an execution twice.
   AUTO is what is proven, in every ledger the same, and has doors for all of it: ``open`` and
   ``close`` for what it lacks, ``undo`` for what it has twice. Where a door did not bring what it
   should, no other is used. Anything else is HUMAN: the finding says
   what the host's ledger should have. Its one alternative leaves the host as it is; that is noted,
   and the same difference is not told again.
4. A position that another finding still asks about is not judged here.
5. Ledgers that differ in the same way are one finding: a door books in all of them.
6. A view that could not be read, and a quantity that is no number of contracts, is UNKNOWN. That
   keeps nothing shut: the account itself has been judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.findings.host_items import LEFT, HostVerdict, judged, unjudged
from prometheus_persist.reconcile.findings.host_shown import Shown, shown, sizes_of
from prometheus_persist.reconcile.findings.host_sizes import Off, offs, paired
from prometheus_persist.reconcile.host_seen import UNDO, HostBooks, Place, told_name
from prometheus_persist.reconcile.items import HostItem, Item, Verdict
from prometheus_persist.reconcile.outcome import ProjectedBooks
from prometheus_persist.reconcile.plan import (
    Alternative,
    BookFill,
    Case,
    Evidence,
    Finding,
    Grade,
    NoteFinding,
    Resolution,
    TellHost,
)
from prometheus_persist.reconcile.views import Books, VenueView
from prometheus_persist.state import Contracts, Execution
from prometheus_persist.state.money import plain

_OPEN = (Resolution.HUMAN, Resolution.UNKNOWN)
_SIZED = (Item.SIZE, Item.DIRECTION)
REASON = "the host keeps its own number"


@dataclass(slots=True)
class HostFindings:
    """What was found, and every item; ``notes`` say which finding an item comes from."""

    findings: list[Finding] = field(default_factory=list)
    items: tuple[HostItem, ...] = ()


def host_findings(
    books: Books, view: VenueView, then: ProjectedBooks, settled: tuple[Finding, ...]
) -> HostFindings:
    """What differs, and every item; nothing where the host shows no books."""
    host = books.host
    if host is None:
        return HostFindings()
    found = shown(host, sizes_of(view), netted=view.pos_mode == "net_mode")
    made = [_unread(f"{name}: {why}") for name, why in sorted(host.problems.items())]
    made += [_unread(f"{row.quantity} {row.key.inst_id}") for _, row in sorted(found.unfit.items())]
    items = list(_items(host, found, then, view, settled))
    sized = [one for one in items if one.item is Item.SIZE and one.verdict is Verdict.MISMATCH]
    booked = [
        (step.agent_id, step.execution)
        for one in settled
        for step in one.corrections
        if isinstance(step, BookFill)
    ]
    notes: dict[tuple[str, Place, Item], Finding] = {}
    for off in paired(list(offs(host, sized, found, then, booked))):
        one = _size_finding(host, off)
        made.append(one)
        for place in (off.place, *([off.beside.place] if off.beside else [])):
            notes |= {(name, place, item): one for name in off.ledgers for item in _SIZED}
    for alike in _alike(items):
        one = _item_finding(alike)
        made.append(one)
        notes |= {(each.ledger, each.place, each.item): one for each in alike}
    return _told(made, items, notes, books.state.freeze.lifted.keys())


def _told(
    made: list[Finding],
    items: list[HostVerdict],
    notes: dict[tuple[str, Place, Item], Finding],
    lifted: Iterable[str],
) -> HostFindings:
    """What a human said stays as it is is no news; its items say so."""
    stays = frozenset(lifted)
    ids = {place: one.finding_id for place, one in notes.items()}
    ids = {place: LEFT if name in stays else name for place, name in ids.items()}
    told = tuple(one.told(ids.get((one.ledger, one.place, one.item), "")) for one in items)
    return HostFindings([one for one in made if one.finding_id not in stays], told)


def _items(
    host: HostBooks,
    found: Shown,
    then: ProjectedBooks,
    view: VenueView,
    settled: tuple[Finding, ...],
) -> Iterator[HostVerdict]:
    """Every item of every place that either side has, in the order of ledgers."""
    waits = [one for one in settled if one.resolution in _OPEN]
    keys = {one.key for one in waits if one.key is not None}
    whole = {name for one in waits if one.key is None for name in one.about}
    typed = {(agent, key) for key in then.held_keys() for agent in then.holdings.holders(key)}
    for name in host.ledgers:
        mine = found.held.get(name, {})
        for place in sorted({*typed, *mine, *found.unfit}):
            agent, key = place
            if name in host.problems:
                yield from unjudged(name, place, "why.host_unread")
            elif place in found.unfit:
                yield from unjudged(name, place, "why.host_unfit")
            elif key in keys or not whole.isdisjoint({"", key.inst_id}):
                yield from unjudged(name, place, "why.host_asked")
            else:
                yield from judged(name, place, found, then.holdings.position(agent, key), view)


def _size_finding(host: HostBooks, off: Off) -> Finding:
    (agent, key), proof, failed = off.place, off.proof, _failed(host, off)
    fills = () if failed else proof.fills
    undoes = bool(proof.twice) and bool(fills)
    doors = [UNDO] * len(fills) if undoes else list(_doors(off.held, fills))
    every = len(off.ledgers) == len(host.ledgers)
    given = bool(fills) and every and all(name in host.doors for name in doors)
    names = [told_name(door, one.fill_id) for door, one in zip(doors, fills, strict=True)]
    told = [name for name in names if name in host.told]
    base = "host_twice" if undoes else "host_lacks"
    kind = off.kind
    if fills or failed:
        kind = "host_door_failed" if told or failed else base if given else f"{base}_by_hand"
    auto = kind == base
    params = {
        "key": str(key),
        "inst_id": key.inst_id,
        "ledger": ", ".join(off.ledgers),
        "agent": agent,
        "held": str(off.held),
        "contracts": str(off.should),
    }
    if off.beside is not None:
        whose, under = off.beside.place
        params |= {
            "beside": whose if kind == "host_owner" else str(under),
            "beside_held": str(off.beside.held),
            "beside_contracts": str(off.beside.should),
        }
    identity = {"kind": "host_size", **params}
    params["fills"] = str(len(fills))
    if kind == "host_door_failed":
        params["why"] = next(iter(failed.values()), "why.door_undone")
    steps = [TellHost(agent, door, one) for door, one in zip(doors, fills, strict=True) if auto]
    mark = proof.mark
    evidence = [_evidence(agent, one) for one in fills]
    evidence += [Evidence("door", name, {"agent": agent}) for name in failed]
    evidence = evidence or [Evidence("ledger", f"private/{agent}", {str(key): str(off.should)})]
    if mark is not None and mark.seq:
        agreed = {"agreed_ms": str(mark.ms), "contracts": str(mark.held)}
        evidence.append(Evidence("agreed", str(mark.seq), agreed))
    return finding(
        kind,
        Case.N,
        Resolution.AUTO if auto else Resolution.HUMAN,
        agent_id=agent,
        key=key,
        params=params,
        evidence=evidence,
        corrections=lambda _: tuple(steps),
        alternatives=lambda finding_id: () if auto else _left(finding_id),
        identity=None if auto else identity,
    )


def _failed(host: HostBooks, off: Off) -> dict[str, str]:
    """What went through a door since the mark and was not seen then, with why; what the host has is
    not what it had and a set of executions any more."""
    since = 0 if off.proof.mark is None else off.proof.mark.trades
    names = [
        told_name(door, one.fill_id)
        for agent, one, at in host.recent
        if at >= since and (agent, one.key) == off.place
        for door in ("", UNDO)
    ]
    return {name: host.failed[name] for name in names if name in host.failed}


def _alike(items: list[HostVerdict]) -> Iterator[list[HostVerdict]]:
    """Prices and times that differ, those of one place that differ alike together."""
    found: dict[tuple[Place, Item, str], list[HostVerdict]] = {}
    for one in items:
        if one.item not in _SIZED and one.verdict is Verdict.MISMATCH:
            found.setdefault((one.place, one.item, one.shown), []).append(one)
    yield from (found[each] for each in sorted(found))


def _item_finding(alike: list[HostVerdict]) -> Finding:
    """The entry price or the holding time of a position is another one."""
    one = alike[0]
    agent, key = one.place
    names = ("px", "due_px") if one.item is Item.ENTRY_PX else ("since_ms", "due_ms")
    params = {
        "key": str(key),
        "inst_id": key.inst_id,
        "ledger": ", ".join(each.ledger for each in alike),
        "agent": agent,
        names[0]: one.shown,
        names[1]: one.due,
    }
    return finding(
        "host_px" if one.item is Item.ENTRY_PX else "host_since",
        Case.N,
        Resolution.HUMAN,
        agent_id=agent,
        key=key,
        params=params,
        evidence=[Evidence("ledger", f"private/{agent}", {one.item.value: one.due})],
        alternatives=_left,
    )


def _left(finding_id: str) -> tuple[Alternative, ...]:
    return (Alternative("host_left", Grade.OPEN, (), (NoteFinding(finding_id, REASON),)),)


def _doors(before: Contracts, fills: Iterable[Execution]) -> Iterator[str]:
    """Whether each of them opens or closes, from what the host holds."""
    for one in fills:
        yield "close" if before.sign * one.signed.sign < 0 else "open"
        before = before + one.signed


def _evidence(agent: str, one: Execution) -> Evidence:
    return Evidence(
        "fill",
        one.fill_id,
        {
            "agent": agent,
            "side": one.side,
            "contracts": str(one.qty_contracts),
            "px": plain(one.px),
            "order": one.cl_ord_id or one.ord_id,
        },
    )


def _unread(why: str) -> Finding:
    return finding(
        "host_unread",
        Case.N,
        Resolution.UNKNOWN,
        params={"problem": why},
        about=(),
    )
