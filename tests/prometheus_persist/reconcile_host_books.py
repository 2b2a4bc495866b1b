"""A part of the table of ``test_reconcile_cases.py``: case N, a host's own books."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from reconcile_acts import CLOSE5, OPEN5, A, H, Row, U, steps, trade, unbooked
from reconcile_world import BTC, World

from prometheus_persist.reconcile import Plan
from prometheus_persist.reconcile.views import HostBooks, HostRow, TellHost
from prometheus_persist.state import BaseQty, Contracts, PositionKey, contracts
from prometheus_persist.state.money import coins

BOTH = ("private", "public")


def host(
    *held: tuple[str, str, str | Contracts | BaseQty],
    ledgers: tuple[str, ...] = BOTH,
    doors: str = "",
    pos_side: str = "net",
    problem: str = "",
) -> Callable[[World], None]:
    """The host's ledgers hold this, (ledgers, agent, size): ``*`` is in all of them."""

    def run(world: World) -> None:
        key = PositionKey(BTC, "cross", pos_side)  # type: ignore[arg-type]
        rows = [
            HostRow(name, agent, key, contracts(size) if isinstance(size, str) else size)
            for where, agent, size in held
            for name in (ledgers if where == "*" else (where,))
        ]
        world.on_adopt.append(lambda plan: through_doors(world, plan))
        world.host = HostBooks(
            ledgers, tuple(rows), problem, tuple(world.executions), frozenset(doors.split())
        )

    return run


def through_doors(world: World, plan: Plan) -> None:
    """What the host's doors do: every ledger has the execution."""
    steps = [step for step in plan.corrections if isinstance(step, TellHost)]
    assert world.host is not None
    more = [
        HostRow(ledger, step.agent_id, step.execution.key, step.execution.signed)
        for step in steps
        for ledger in world.host.ledgers
    ]
    told = world.host.told | {step.execution.fill_id for step in steps}
    world.host = dataclasses.replace(world.host, rows=(*world.host.rows, *more), told=told)


def told_already(world: World) -> None:
    assert world.host is not None
    told = frozenset(one.fill_id for _, one in world.host.recent)
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
    Row("N an agent that is not ours", host(("*", "Z", "1")), (("N", H, "Z"),)),
    Row("N a view that cannot be read", host(problem="KeyError: 'x'"), (("N", U, None),)),
    Row(
        "near N: asked about something else already",
        steps(OPEN5, lambda w: w.shift(-9), host()),
        (("D", H, None),),
    ),
)
