"""Case N: a host's own books, seen through its views, are not what the typed books come to.

1. The typed books are the ones of record. They are compared as they are once everything else of the
   plan is done, by agent and position, in exact contracts; coins are converted by the contract's
   size.
2. What the host lacks, or has too much, is proven by the newest executions of that agent and
   position, where they add up to just that and no run of earlier ones does. Without such
   executions it is only a difference.
3. Nothing of a host is written but through its doors, and through them no execution twice. AUTO is
   what is proven and has doors for all of it. Anything else is HUMAN: the finding says the number
   that the host's ledger should have. Its one alternative leaves the host as it is, and is noted.
4. A position that another finding still asks about is not judged here. A host's long or short is
   the signed position of an account that nets.
5. Both ledgers that lack the same are one finding: a door books in all of them.
6. A view that could not be read, and a quantity that is no number of contracts, is UNKNOWN. That
   keeps nothing shut: the account itself has been judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_persist.reconcile.finding import finding
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
from prometheus_persist.reconcile.views import Books, HostBooks, HostRow, Instrument, VenueView
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution, PositionKey
from prometheus_persist.state.money import div, mul, plain, to_base

LACKING_MAX = 50
_OPEN = (Resolution.HUMAN, Resolution.UNKNOWN)
REASON = "the host keeps its own number"
Place = tuple[str, PositionKey]


def host_findings(
    books: Books, view: VenueView, then: ProjectedBooks, settled: tuple[Finding, ...]
) -> list[Finding]:
    """What differs, one finding per agent and position; none where the host shows no books."""
    host = books.host
    if host is None:
        return []
    if host.problem:
        return [_unread(host.problem)]
    unknown: list[Finding] = []
    shown: dict[str, dict[Place, Contracts]] = {name: {} for name in host.ledgers}
    for row in host.rows:
        size = _in_contracts(row, view.instruments.get(row.key.inst_id))
        if size is None:
            unknown.append(_unread(f"{row.quantity} {row.key.inst_id}"))
            continue
        key = row.key
        if view.pos_mode == "net_mode" and key.pos_side != "net":
            size = -size if key.pos_side == "short" else size
            key = key._replace(pos_side="net")
        held, place = shown[row.ledger], (row.agent_id, key)
        held[place] = held.get(place, NO_CONTRACTS) + size
    booked = [
        (step.agent_id, step.execution)
        for one in settled
        for step in one.corrections
        if isinstance(step, BookFill)
    ]
    executions = [*host.recent, *booked]
    waits = [one for one in settled if one.resolution in _OPEN]
    keys = {one.key for one in waits if one.key is not None}
    whole = {name for one in waits if one.key is None for name in one.about}
    found = [
        _finding(host, place, lacks, ledgers, then, executions)
        for place, lacks, ledgers in _differing(books, shown, then)
        if place[1] not in keys and whole.isdisjoint({"", place[1].inst_id})
    ]
    lifted = books.state.freeze.lifted
    return [*unknown, *(one for one in found if one.finding_id not in lifted)]


def _differing(
    books: Books, shown: Mapping[str, Mapping[Place, Contracts]], then: ProjectedBooks
) -> Iterator[tuple[Place, Contracts, tuple[str, ...]]]:
    """Each place that is not as it should be: what is lacking there, and in which ledgers."""
    agents = {*books.state.agents, *(agent for held in shown.values() for agent, _ in held)}
    keys = {*then.held_keys(), *(key for held in shown.values() for _, key in held)}
    for agent in sorted(agents):
        for key in sorted(keys):
            should = then.held(agent, key)
            by_lack: dict[Contracts, list[str]] = {}
            for name, held in shown.items():
                lacks = should - held.get((agent, key), NO_CONTRACTS)
                if lacks:
                    by_lack.setdefault(lacks, []).append(name)
            for lacks, ledgers in by_lack.items():
                yield (agent, key), lacks, tuple(ledgers)


def _finding(
    host: HostBooks,
    place: Place,
    lacks: Contracts,
    ledgers: tuple[str, ...],
    then: ProjectedBooks,
    executions: list[tuple[str, Execution]],
) -> Finding:
    agent, key = place
    should = then.held(agent, key)
    fills = _lacking([one for name, one in executions if name == agent and one.key == key], lacks)
    doors = list(_doors(should - lacks, fills))
    given = all(name in host.doors for name in doors) and len(ledgers) == len(host.ledgers)
    told = any(one.fill_id in host.told for one in fills)
    kind = "host_differs"
    if fills:
        kind = "host_door_failed" if told else "host_lacks" if given else "host_lacks_by_hand"
    auto = kind == "host_lacks"
    steps = [TellHost(agent, door, one) for door, one in zip(doors, fills, strict=True) if auto]
    return finding(
        kind,
        Case.N,
        Resolution.AUTO if auto else Resolution.HUMAN,
        agent_id=agent,
        key=key,
        params={
            "key": str(key),
            "inst_id": key.inst_id,
            "ledger": ", ".join(ledgers),
            "agent": agent,
            "held": str(should - lacks),
            "contracts": str(should),
            "fills": str(len(fills)),
        },
        evidence=[_evidence(agent, one) for one in fills]
        or [Evidence("ledger", f"private/{agent}", {str(key): str(should)})],
        corrections=lambda _: tuple(steps),
        alternatives=lambda finding_id: (
            ()
            if auto
            else (Alternative("host_left", Grade.OPEN, (), (NoteFinding(finding_id, REASON),)),)
        ),
    )


def _lacking(executions: list[Execution], lacks: Contracts) -> list[Execution]:
    """The newest executions that add up to it, oldest first; none where none do, or where a run of
    earlier ones does as well: whichever the host lacks, it is not to be guessed."""
    newest = executions[-LACKING_MAX:]
    runs = []
    for end in range(len(newest), 0, -1):
        total = NO_CONTRACTS
        for start in range(end - 1, -1, -1):
            total = total + newest[start].signed
            if total == lacks:
                runs.append((start, end))
                break
    if len(runs) != 1 or runs[0][1] != len(newest):
        return []
    return newest[runs[0][0] :]


def _doors(before: Contracts, fills: list[Execution]) -> Iterator[str]:
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


def _in_contracts(row: HostRow, contract: Instrument | None) -> Contracts | None:
    if isinstance(row.quantity, Contracts):
        return row.quantity
    if contract is None:
        return None
    size = mul(contract.ct_val, contract.ct_mult)
    found = Contracts(div(row.quantity.value, size))
    exact = to_base(found, contract.ct_val, contract.ct_mult) == row.quantity
    return found if exact else None


def _unread(why: str) -> Finding:
    return finding(
        "host_unread",
        Case.N,
        Resolution.UNKNOWN,
        params={"problem": why},
        about=(),
    )
