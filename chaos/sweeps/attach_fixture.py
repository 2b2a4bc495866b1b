"""What the sweep ``attach`` and the interrupted calls know of the host that they attach."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.oracle.objects import told
from chaos.workload.attached_host import TradingRoom, founded, own_randomness, unbound
from prometheus_persist import AttachedHost


def seen(floor: TradingRoom) -> str:
    """What a floor is, without its client, and the random numbers to come."""
    with unbound(floor):
        return told(floor)


def saves(p: AttachedHost, what: str, agent_id: str) -> None:
    """What the host does at a hook."""
    if what == "cycle":
        p.on_cycle(p.root.steps)
    elif what == "death":
        p.on_agent_death(agent_id)
    elif what == "trade":
        p.on_trade(agent_id)
    else:
        p.save()


def course_at(steps: Iterable[int]) -> dict[int, str]:
    """What a host that nobody saves and nobody kills is after these of its steps."""
    found = {}
    with own_randomness():
        floor = founded()
        for step in sorted(set(steps)):
            while floor.steps < step:
                floor.step()
            found[step] = seen(floor)
    return found
