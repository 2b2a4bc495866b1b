"""What the sweep ``meanwhile`` has happen: the calls (``SCENES``), and what somebody else does in
the middle of them (``DEEDS``).

A deed that promises itself something for good says so in ``Scenery.stays``: what was acknowledged
to the other is still so in the live state once both are done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from chaos.faults.between import Other, PointKind
from chaos.sweeps.meanwhile_fixture import BTC, WATCHER, Floor
from chaos.workload.in_process import InProcessClock
from prometheus_persist.errors import BadValue, StoreLocked
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, SystemState
from prometheus_persist.testing.memory_fs import MemoryFs

SLOW_MS = 10_000
KINDS: Final[tuple[PointKind, ...]] = ("operation", "done", "request", "answer", "line")
Needs = Literal["nothing", "store", "trading"]


class Broken(Exception):
    """A promise was seen broken on the spot."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One public call. ``has`` is what there is when it begins."""

    name: str
    has: Needs
    call: Callable[[Floor], object]
    before: Callable[[Floor], object] = lambda _floor: None


@dataclass(frozen=True, slots=True)
class Deed:
    """What the other does. ``kinds``: at which points; ``stranger``: he is another process."""

    name: str
    needs: Needs
    do: Callable[[Scenery], object]
    kinds: tuple[PointKind, ...] = KINDS
    stranger: bool = False


@dataclass(slots=True)
class Scenery:
    """One run: the floor, and what came of the deed."""

    floor: Floor
    other: Other | None = None
    heir: Session | None = None
    base_seq: int = 0
    touched_after: int = 0
    cut: MemoryFs | None = None
    acked: int = 0
    failed: BaseException | None = None
    stays: Callable[[SystemState], bool] = lambda _state: True


# -- the calls


def _count(floor: Floor) -> None:
    floor.session.state.supervisor.system_cycle_count += 1
    floor.session.mark(documents=["supervisor"])


def _save(floor: Floor) -> int:
    _count(floor)
    return floor.session.save("meanwhile")


def _save_soon(floor: Floor) -> int | None:
    floor.session.state.agents["a"].trade_count += 1
    ticket = floor.session.save_soon("meanwhile", agents=["a"])
    return ticket.wait() if ticket else None


def _join(floor: Floor) -> None:
    floor.session.add_agent(Agent(agent_id="new"))


def _order(floor: Floor) -> None:
    floor.order("a", BTC, "buy", "1")


def _settle(floor: Floor) -> None:
    with contextlib.suppress(BadValue):  # the other was first
        floor.session.settle(floor.reader(), floor.done)


SCENES: Final = (
    Scene("open", "nothing", lambda floor: floor.open()),
    Scene("save", "store", _save),
    Scene("save_soon", "store", _save_soon),
    Scene("add_agent", "store", _join),
    Scene("checkpoint", "store", lambda floor: floor.session.checkpoint(), _save),
    Scene("snapshot", "trading", lambda floor: floor.session.snapshot(), _save),
    Scene("order", "trading", _order),
    Scene("settle", "trading", _settle),
    Scene("settle_unknown", "trading", lambda floor: floor.session.settle_unknown(floor.reader())),
    Scene("sync", "trading", lambda floor: floor.session.sync(floor.reader())),
    Scene("close", "store", lambda floor: floor.session.close(), _count),
)


# -- the deeds


def _durable(scenery: Scenery, save: Callable[[Session], object]) -> None:
    """Save the watcher; what was said to be durable is there after a power cut."""
    floor = scenery.floor
    count = floor.watch()
    save(floor.session)
    found = restore(floor.disk.after_power_cut(), clock=InProcessClock(floor.venue))
    kept = found.documents[f"agents/{WATCHER}"]["trade_count"]
    if kept < count:
        raise Broken(f"the other's save returned, and a power cut leaves {kept} of {count}")


def _save_both(scenery: Scenery) -> None:
    """The watcher, and what the caller may be saving, too."""
    _count(scenery.floor)
    scenery.floor.session.mark(WATCHER)
    _durable(scenery, lambda session: session.save("meanwhile"))


def _soon(scenery: Scenery) -> None:
    scenery.floor.watch()
    scenery.floor.session.save_soon("meanwhile", agents=[WATCHER])


def _soon_and_made(scenery: Scenery) -> None:
    """The writer thread has made a frame of it, and not written it yet."""
    _soon(scenery)
    scenery.floor.session._store.settle()


def _soon_then_save(session: Session) -> None:
    session.save_soon("meanwhile", agents=[WATCHER])
    session.on_trade(WATCHER)  # nothing is new to it, and yet it has to wait


def _take_over(scenery: Scenery) -> None:
    _become(scenery, scenery.floor.open(take_over=True))


def _open(scenery: Scenery) -> None:
    with contextlib.suppress(StoreLocked):
        floor = scenery.floor
        _become(scenery, floor.open(fs=floor.disk))
        scenery.touched_after = floor.between.counts["every operation"]


def _become(scenery: Scenery, heir: Session) -> None:
    """Another process has the store: what it found, and a save of its own."""
    scenery.heir, scenery.base_seq = heir, heir.restored.seq
    heir.state.agents[WATCHER].trade_count += 1000
    heir.on_trade(WATCHER)


def _settle_done(scenery: Scenery) -> None:
    _settle(scenery.floor)


def _replace(scenery: Scenery) -> None:
    """Members of the live state that nothing else is about: his own ones from now on."""
    state, session = scenery.floor.session.state, scenery.floor.session
    mine = state.agents[WATCHER].model_copy(update={"trade_count": 10_000})
    state.agents[WATCHER] = mine
    state.mastermind = of_all = state.mastermind.model_copy()
    session.mark(WATCHER, documents=["mastermind"])
    session.save("meanwhile")
    scenery.stays = lambda now: now.agents[WATCHER] is mine and now.mastermind is of_all


def _change(scenery: Scenery) -> None:
    """A field of the agents that trade, of the program's own."""
    for name in ("a", "b"):
        vars_of = scenery.floor.session.state.agents[name]
        vars_of.mood = "calm"
        scenery.floor.session.on_trade(name)
    scenery.stays = lambda now: all(getattr(now.agents[n], "mood", "") == "calm" for n in "ab")


def _join_another(scenery: Scenery) -> None:
    scenery.floor.session.add_agent(Agent(agent_id="another"))
    scenery.stays = lambda now: "another" in now.agents and "another" in now.registry.rows


def _freeze(scenery: Scenery) -> None:
    scenery.floor.session.freeze("SOL-USDT-SWAP", "by the other")
    scenery.stays = lambda now: "SOL-USDT-SWAP" in now.freeze.instruments


def _late(scenery: Scenery) -> None:
    scenery.floor.arrive()
    scenery.floor.venue.advance(SLOW_MS)


DEEDS: Final = (
    Deed("take over and save", "nothing", _take_over, stranger=True),
    Deed("open", "nothing", _open, stranger=True),
    Deed("save", "store", _save_both),
    Deed("save_soon, save", "store", lambda s: _durable(s, _soon_then_save)),
    Deed("save_soon", "store", _soon),
    Deed("save_soon, made", "store", _soon_and_made),
    Deed("checkpoint", "store", lambda s: s.floor.session.checkpoint()),
    Deed("snapshot", "store", lambda s: s.floor.session.snapshot()),
    Deed("replaces", "store", _replace, kinds=("operation", "request", "line")),
    Deed("changes", "store", _change, kinds=("operation", "request", "line")),
    Deed("add_agent", "store", _join_another, kinds=("operation", "request", "line")),
    Deed("freeze", "store", _freeze, kinds=("operation", "request", "line")),
    Deed("settle", "trading", _settle_done),
    Deed(
        "settle_unknown",
        "trading",
        lambda s: s.floor.session.settle_unknown(s.floor.reader()),
    ),
    Deed("sync", "trading", lambda s: s.floor.session.sync(s.floor.reader())),
    Deed("order", "trading", lambda s: s.floor.order("b", BTC, "sell", "1")),
    Deed("ten seconds", "store", lambda s: s.floor.venue.advance(SLOW_MS)),
    Deed("arrives late", "trading", _late, kinds=("operation", "done", "request", "answer")),
)
