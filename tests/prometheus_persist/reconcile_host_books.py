"""A part of the table of ``test_reconcile_cases.py``: case N, a host's own books."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from reconcile_acts import CLOSE5, NET, OPEN5, A, H, Row, U, steps, trade, unbooked
from reconcile_world import BTC, START_MS, World

from prometheus_persist.reconcile import Plan, Verdict
from prometheus_persist.reconcile.host_seen import (
    HostBooks,
    HostMark,
    HostRow,
    LedgerMarks,
    TellHost,
)
from prometheus_persist.state import PositionKey, contracts
from prometheus_persist.state.money import coins

BOTH = ("private", "public")


def host(
    *held: tuple[Any, ...],
    ledgers: tuple[str, ...] = BOTH,
    doors: str = "",
    pos_side: str = "net",
    problem: str = "",
    mgn: str = "cross",
) -> Callable[[World], None]:
    """The host's ledgers hold this, (ledgers, agent, size): ``*`` is in all of them; more fields of
    the row may follow, as a dict."""

    def run(world: World) -> None:
        key = PositionKey(BTC, mgn, pos_side)  # type: ignore[arg-type]
        rows = [
            HostRow(name, agent, key, contracts(size) if isinstance(size, str) else size,
                    **dict(*more))
            for where, agent, size, *more in held
            for name in (ledgers if where == "*" else (where,))
        ]  # fmt: skip
        world.on_adopt.append(lambda plan: through_doors(world, plan))
        world.host = HostBooks(
            ledgers,
            tuple(rows),
            dict.fromkeys(ledgers, problem) if problem else {},
            recent=tuple((*one, at) for at, one in enumerate(world.executions)),
            doors=frozenset(doors.split()),
            marks={} if world.host is None else world.host.marks,
        )

    return run


def agreed(world: World, held: str = "") -> None:
    """The host's ledgers are what the typed books are now (or had ``held`` of A)."""
    typed = {
        (name, one.key): contracts(held) if held else one.qty_contracts
        for name, ledger in world.state.private_ledgers.items()
        for one in ledger.positions
    }
    mark = LedgerMarks(7, world.now_ms, len(world.executions), typed)
    world.host = HostBooks(BOTH, marks=dict.fromkeys(BOTH, mark))


def own_number(world: World) -> None:
    agreed(world)
    assert world.host is not None
    old = HostMark(3, 0, 0, contracts("3"), spent=True)
    mark = dataclasses.replace(world.host.marks["private"], but={("A", NET): old})
    world.host = HostBooks(BOTH, marks=dict.fromkeys(BOTH, mark))


def through_doors(world: World, plan: Plan) -> None:
    """What the host's doors do: every ledger has the execution, or once less."""
    steps = [step for step in plan.corrections if isinstance(step, TellHost)]
    assert world.host is not None
    more = [
        HostRow(ledger, step.agent_id, step.execution.key,
                -step.execution.signed if step.door == "undo" else step.execution.signed)
        for step in steps
        for ledger in world.host.ledgers
    ]  # fmt: skip
    told = world.host.told | {step.name for step in steps}
    world.host = dataclasses.replace(world.host, rows=(*world.host.rows, *more), told=told)


def told_already(world: World) -> None:
    assert world.host is not None
    told = frozenset(one.fill_id for _, one, _ in world.host.recent)
    world.host = dataclasses.replace(world.host, told=told)


def left_as_it_is(world: World, plan: Plan) -> bool:
    (one,) = plan.findings
    return one.chosen == "host_left" and one.finding_id in world.state.freeze.lifted


def by_door(*names: str) -> Callable[[World, Plan], bool]:
    return lambda world, plan: (
        [
            step.door
            for one in plan.findings
            for step in one.corrections
            if isinstance(step, TellHost)
        ]
        == list(names)
    )


def because(cause: str, *fills: str) -> Callable[[World, Plan], bool]:
    """One finding, noted, for this cause, with executions of these sizes for proof."""

    def check(world: World, plan: Plan) -> bool:
        (one,) = plan.findings
        sizes = [row.fields["contracts"] for row in one.evidence if row.kind == "fill"]
        return left_as_it_is(world, plan) and (one.cause, sizes) == (f"cause.{cause}", list(fills))

    return check


def items(**verdicts: str) -> Callable[[World, Plan], bool]:
    """What is said of each item, the same of both ledgers; "ok" is a match, "no" is none, else the
    reason why it is not judged."""

    def check(world: World, plan: Plan) -> bool:
        said = {
            (one.item.value, "ok" if one.verdict is Verdict.MATCH
             else "no" if one.verdict is Verdict.MISMATCH else one.note.removeprefix("why.host_"))
            for one in plan.host_items
        }  # fmt: skip
        return said == set(verdicts.items())

    return check


ADD2 = trade("A", "buy", 2)
EVERY = "open close undo"
KEPT = {"entry_px": Decimal(100), "opened_ms": START_MS + 1_010}
HOST_BOOKS = (
    Row("N the host's books agree", steps(OPEN5, host(("*", "A", "5")))),
    Row("N a long of an account that nets", steps(OPEN5, host(("*", "A", "5"), pos_side="long"))),
    Row("N in coins", steps(OPEN5, host(("*", "A", coins("0.05"))))),
    Row(
        "N the host lacks an execution, and has a door",
        steps(OPEN5, trade("A", "buy", 2), host(("*", "A", "5"), doors="open close")),
        (("N", A, "A"),),
        check=by_door("open"),
    ),
    Row(
        "N the host lacks two, of which one closes",
        steps(
            OPEN5,
            trade("A", "sell", 2),
            trade("A", "buy", 1),
            host(("*", "A", "5"), doors="open close"),
        ),
        (("N", A, "A"),),
        check=by_door("close", "open"),
    ),
    Row(
        "N what is being booked is booked by the host, too",
        steps(unbooked("A", "buy", 5), host(doors="open")),
        (("A", A, "A"), ("N", A, "A")),
        check=by_door("open"),
    ),
    Row(
        "N a close of its own that neither knows",
        steps(OPEN5, CLOSE5, host(("*", "A", "5"), doors="close")),
        (("B", A, "A"), ("N", A, "A")),
        check=by_door("close"),
    ),
    Row(
        "near N: no door for it",
        steps(OPEN5, trade("A", "sell", 2), host(("*", "A", "5"), doors="open")),
        (("N", H, "A"),),
        check=left_as_it_is,
    ),
    Row(
        "near N: one ledger of two, so a door would book twice",
        steps(OPEN5, host(("public", "A", "5"), doors="open")),
        (("N", H, "A"),),
        check=left_as_it_is,
    ),
    Row(
        "near N: it went through the door before",
        steps(OPEN5, host(doors="open"), told_already),
        (("N", H, "A"),),
        check=left_as_it_is,
    ),
    Row(
        "near N: no executions add up to it",
        steps(OPEN5, host(("*", "A", "500"), doors="open close")),
        (("N", H, "A"),),
        check=left_as_it_is,
    ),
    Row(
        "near N: an earlier execution of the same size may be the one that it lacks",
        steps(
            trade("A", "buy", 2), OPEN5, trade("A", "buy", 2), host(("*", "A", "7"), doors="open")
        ),
        (("N", H, "A"),),
        check=left_as_it_is,
    ),
    Row(
        "N what it lacks is not the newest since they agreed",
        steps(OPEN5, agreed, ADD2, trade("A", "buy", 3), host(("*", "A", "8"), doors=EVERY)),
        (("N", A, "A"),),
        check=by_door("open"),
    ),
    Row(
        "N one of them booked twice since they agreed",
        steps(OPEN5, agreed, ADD2, trade("A", "sell", 1), host(("*", "A", "8"), doors=EVERY)),
        (("N", A, "A"),),
        check=by_door("undo"),
    ),
    Row(
        "near N: booked twice, and no door for it",
        steps(OPEN5, agreed, ADD2, host(("*", "A", "9"), doors="open close")),
        (("N", H, "A"),),
        check=because("host_twice", "2"),
    ),
    Row(
        "near N: too much, and no execution since they agreed",
        steps(ADD2, agreed, host(("*", "A", "4"), doors=EVERY)),
        (("N", H, "A"),),
        check=because("host_unexplained"),
    ),
    Row(
        "near N: two of a size since they agreed, of which it lacks one",
        steps(OPEN5, agreed, ADD2, ADD2, host(("*", "A", "7"), doors=EVERY)),
        (("N", H, "A"),),
        check=because("host_unexplained"),
    ),
    Row(
        "near N: the typed books were written since they agreed",
        steps(OPEN5, lambda w: agreed(w, "3"), ADD2, host(("*", "A", "5"), doors=EVERY)),
        (("N", H, "A"),),
        check=because("host_unexplained"),
    ),
    Row(
        "near N: it had its own number before",
        steps(OPEN5, own_number, ADD2, host(("*", "A", "5"), doors=EVERY)),
        (("N", H, "A"),),
        check=because("host_unexplained"),
    ),
    Row(
        "N under another agent",
        steps(OPEN5, host(("*", "B", "5"), doors=EVERY)),
        (("N", H, "A"),),
        check=because("host_owner"),
    ),
    Row(
        "near N: two agents that traded with each other, and the host has neither",
        steps(ADD2, trade("B", "sell", 2), host(doors=EVERY)),
        (("N", A, "A"), ("N", A, "B")),
        check=by_door("open", "open"),
    ),
    Row(
        "N under another margin mode",
        steps(OPEN5, host(("*", "A", "5"), mgn="isolated", doors=EVERY)),
        (("N", H, "A"),),
        check=because("host_key"),
    ),
    Row(
        "N on the other side",
        steps(OPEN5, agreed, host(("*", "A", "-5"), doors=EVERY)),
        (("N", H, "A"),),
        check=lambda world, plan: plan.findings[0].what == "what.host_turned",
    ),
    Row(
        "N all items agree",
        steps(OPEN5, host(("*", "A", "5", KEPT))),
        check=items(size="ok", direction="ok", entry_px="ok", holding_time="ok"),
    ),
    Row(
        "N rounded, and heard of later",
        steps(
            OPEN5,
            host(("*", "A", "5", {"entry_px": Decimal("100.05"), "opened_ms": START_MS + 61_010})),
        ),
        check=items(size="ok", direction="ok", entry_px="ok", holding_time="ok"),
    ),
    Row(
        "N within a tick, and at a doubtful time",
        steps(
            OPEN5,
            host(("*", "A", "5", {"entry_px": Decimal("99.9"), "opened_ms": 0, "doubtful": True})),
        ),
        check=items(size="ok", direction="ok", entry_px="rounded", holding_time="time_twice"),
    ),
    Row(
        "N no price and no time",
        steps(OPEN5, host(("*", "A", "5"))),
        check=items(size="ok", direction="ok", entry_px="no_px", holding_time="no_since"),
    ),
    Row(
        "N another entry price",
        steps(OPEN5, host(("*", "A", "5", {**KEPT, "entry_px": Decimal("100.11")}))),
        (("N", H, "A"),),
        check=because("host_item"),
    ),
    Row(
        "N another holding time",
        steps(OPEN5, host(("*", "A", "5", {**KEPT, "opened_ms": START_MS + 61_011}))),
        (("N", H, "A"),),
        check=because("host_item"),
    ),
    Row(
        "N in two rows",
        steps(OPEN5, host(("*", "A", "3", KEPT), ("*", "A", "2", KEPT))),
        check=items(size="ok", direction="ok", entry_px="several", holding_time="several"),
    ),
    Row("N an agent that is not ours", host(("*", "Z", "1")), (("N", H, "Z"),)),
    Row(
        "N a view that cannot be read",
        host(problem="KeyError: 'x'"),
        (("N", U, None), ("N", U, None)),
    ),
    Row(
        "near N: asked about something else already",
        steps(OPEN5, lambda w: w.shift(-9), host()),
        (("D", H, None),),
    ),
)
