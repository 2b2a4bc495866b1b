"""I13: one writer, whoever comes when: the sweep ``lock``.

Four parts, on real files and real locks.

- *In the middle.* An opening or a take-over, of a store that is free or held, is stopped before
  every line of the code that locks and opens (``faults.between``), and another opening or take-over
  runs there, and saves. Afterwards everybody who is in saves in turn.
- *Races.* Real processes do the same at the same moment, 2,000 times (``lock_races``).
- *Take-overs that fail.* The disk fails at every operation, reads too, for as long as
  a take-over only finds out whether it can be done: the holder has to be what it was.

- *Repairs.* A repair is stopped before every operation of its own, and a take-over runs there; then
  the repair goes on.

What must hold: never two that can write, everything acknowledged is on the disk, nothing is
damaged; a take-over that raised before it took left the holder able to save.

Without ``full``: ``CI_POINTS`` of the points, ``CI_RACES``, every ``CI_STRIDE``-th operation.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chaos.chance import generator
from chaos.faults.between import ActingFs, Between, Other
from chaos.faults.switch import FaultSwitch, SwitchedFs
from chaos.sweeps.lock_races import RACERS, SETTINGS, agent_of, race, racers
from chaos.sweeps.reference_workload import Yard, yard
from chaos.sweeps.tally import Tally
from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import repair, restore
from prometheus_persist.session import Session, locks, opening
from prometheus_persist.session.locks import PROBE
from prometheus_persist.state import Agent
from prometheus_persist.storage import lock
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.layout import MIRROR

CI_POINTS = 40
CI_RACES = 40
CI_STRIDE = 3
FULL_RACES = 2000
ROUNDS = 2
TRACED: Final = frozenset({lock.__file__, locks.__file__, opening.__file__})


@dataclass(slots=True)
class Writer:
    """Somebody who is in, or tries to be. ``acked`` counts its own agent's trades."""

    number: int
    store: Path
    session: Session | None = None
    acked: int = 0

    def enter(self, *, take_over: bool) -> None:
        """Open; whoever is refused is out."""
        with contextlib.suppress(PersistError):
            self.session = Session.open(self.store, settings=SETTINGS, take_over=take_over)

    def write(self) -> bool:
        """One commit; whether it was acknowledged."""
        if self.session is None:
            return False
        agent = self.session.state.agents[agent_of(self.number)]
        agent.trade_count += 1
        try:
            self.session.save("lock")
        except PersistError:
            return False
        self.acked = agent.trade_count
        return True

    def leave(self) -> None:
        """Let go."""
        if self.session is not None:
            with contextlib.suppress(PersistError):
                self.session.close(save=False)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Who comes: ``first`` and ``second`` open or take over, with or without a ``held`` store."""

    held: bool
    first: bool
    second: bool

    def __str__(self) -> str:
        words = ["takes over" if each else "opens" for each in (self.first, self.second)]
        return f"{words[0]}, {words[1]} within{', held' if self.held else ''}"


MEETINGS: Final = tuple(itertools.starmap(Meeting, itertools.product((False, True), repeat=3)))


@dataclass(slots=True)
class LockStage:
    """Copies of one small store with an agent for each racer."""

    grounds: Yard
    template: Path = field(init=False)

    def __post_init__(self) -> None:
        self.template = self.grounds.plot()
        session = Session.open(self.template, settings=SETTINGS)
        session.add_agents([Agent(agent_id=agent_of(number)) for number in range(RACERS)])
        session.close()

    @contextlib.contextmanager
    def store(self) -> Iterator[Path]:
        """One of them, for as long as the block lasts."""
        made = self.grounds.plot()
        shutil.copytree(self.template, made)
        yield made
        shutil.rmtree(made)


def sweep_lock(seed: int, *, full: bool) -> Tally:
    """All four parts."""
    tally = Tally("lock", seed, full)
    with yard() as grounds:
        stage = LockStage(grounds)
        within(tally, stage)
        failing(tally, stage)
        mending(tally, stage)
        racing(tally, stage, FULL_RACES if full else CI_RACES)
    if not full:
        tally.notes.append(
            f"sampled: {CI_POINTS} points, {CI_RACES} races, every {CI_STRIDE}rd operation"
        )
    return tally


def within(tally: Tally, stage: LockStage, meetings: Iterable[Meeting] = MEETINGS) -> None:
    """Somebody else comes at every point of an opening."""
    due = []
    for meeting in meetings:
        with stage.store() as store:
            counting = _meet(tally, store, meeting, Between())
        due += [(meeting, at) for at in range(1, counting.counts["line"] + 1)]
    if not tally.full:
        due = generator(tally.seed, "lock").sample(due, CI_POINTS)
    for meeting, at in due:
        with stage.store() as store:
            _meet(tally, store, meeting, Between("line", at))


def _meet(tally: Tally, store: Path, meeting: Meeting, between: Between) -> Between:
    holder, first, second = (Writer(number, store) for number in range(RACERS))
    others: list[Other] = []
    if meeting.held:
        holder.enter(take_over=False)
        holder.write()

    def comes() -> None:
        second.enter(take_over=meeting.second)
        second.write()

    def act() -> None:
        others.append(Other(comes, "second"))
        others[0].start()
        others[0].stand_still()

    between.act = act
    with between.watched(), between.tracing(TRACED):
        first.enter(take_over=meeting.first)
    where = f"{meeting}, {between.struck or 'alone'}"
    if others and not others[0].ended():
        tally.wrong("deadlock", where)
        return between
    writers = (holder, first, second)
    _judge(tally, store, writers, where)
    tally.struck(f"in the middle: {meeting}", bool(between.struck))
    return between


def _judge(tally: Tally, store: Path, writers: tuple[Writer, ...], where: str) -> None:
    """All write in turn: one of them can, or none; then the disk is looked at."""
    able = {writer.number for _ in range(ROUNDS) for writer in writers if writer.write()}
    if len(able) > 1:
        tally.wrong("two writers", f"{where}: {sorted(able)}")
    for writer in writers:
        writer.leave()
    _judge_disk(tally, store, {agent_of(each.number): each.acked for each in writers}, where)


def _judge_disk(tally: Tally, store: Path, acked: dict[str, int], where: str) -> None:
    try:
        found = restore(LocalFs(store), thorough=True)
    except PersistError as problem:
        tally.wrong("the store is lost", f"{where}: {problem}")
        return
    for name, count in acked.items():
        there = found.documents[f"agents/{name}"]["trade_count"]
        if there < count:
            tally.wrong("acknowledged and lost", f"{where}: {name} {there} of {count}")
    if any(damage.outcome == "lost" for damage in found.facts.damages):
        tally.wrong("damaged", f"{where}: {found.facts.damages}")


def failing(tally: Tally, stage: LockStage) -> None:
    """The disk fails on the way to a take-over."""
    with stage.store() as store:
        last = _asked_until(store)
    stride = 1 if tally.full else CI_STRIDE
    start = 1 + generator(tally.seed, "failing").randrange(stride)
    for number in range(start, last + 1, stride):
        for code in (errno.EIO, errno.EACCES):
            with stage.store() as store:
                _fail(tally, store, FaultSwitch("errno", at=number, code=code, reads=True))


def _asked_until(store: Path) -> int:
    """The operation with which a take-over ends to find out whether it can be done."""
    switch = FaultSwitch(reads=True)
    fs = SwitchedFs(LocalFs(store), switch)
    Session.open(store, fs=fs, settings=SETTINGS, take_over=True).close(save=False)
    return max(number for number, what in enumerate(switch.log, 1) if what.endswith(PROBE))


def _fail(tally: Tally, store: Path, switch: FaultSwitch) -> None:
    holder, taker = Writer(0, store), Writer(1, store)
    holder.enter(take_over=False)
    holder.write()
    fs = SwitchedFs(LocalFs(store), switch)
    try:
        taker.session = Session.open(store, fs=fs, settings=SETTINGS, take_over=True)
    except PersistError:
        tally.struck("take-overs that failed", switch.fired)
        if not holder.write():
            tally.wrong("a take-over that failed took something away", switch.struck)
    else:
        tally.struck("take-overs that went on", switch.fired)
    _judge(tally, store, (holder, taker), f"{switch.struck} failed")


def mending(tally: Tally, stage: LockStage) -> None:
    """A repair is taken over from, at every operation."""
    with stage.store() as store:
        last = _mend(tally, store, Between()).counts["operation"]
    stride = 1 if tally.full else CI_STRIDE
    start = 1 + generator(tally.seed, "mending").randrange(stride)
    for at in range(start, last + 1, stride):
        with stage.store() as store:
            _mend(tally, store, Between("operation", at))


def _mend(tally: Tally, store: Path, between: Between) -> Between:
    segment = min((store / MIRROR).glob("*.wal"))
    segment.write_bytes(segment.read_bytes()[: segment.stat().st_size // 2])
    taker = Writer(1, store)

    def comes() -> None:
        taker.enter(take_over=True)
        taker.write()

    between.act = comes
    held = locks.Locks(store, "", take_over=False)
    try:
        with between.watched(), contextlib.suppress(PersistError):
            fs = ActingFs(held.disk, between)
            repair.repair(fs, SystemClock(), options=SETTINGS.store, owner=held)
    finally:
        held.release()
    if between.struck:
        _judge(tally, store, (taker,), f"a repair is taken over from at {between.struck}")
    tally.struck("repairs that are taken over from", bool(between.struck))
    return between


def racing(tally: Tally, stage: LockStage, races: int) -> None:
    """Real processes at the same moment."""
    chance = generator(tally.seed, "races")
    with racers() as pipes:
        for number in range(races):
            with stage.store() as store:
                try:
                    told = race(pipes, store, chance)
                except TimeoutError as problem:
                    tally.wrong("deadlock", f"race {number}: {problem}")
                    return
                where = f"race {number}: {told}"
                tally.struck("races")
                able = [each for each in told if each.last]
                tally.counts[f"races: {len(able)} can write in the end"] += 1
                if len(able) > 1 or len({each.epoch for each in able}) < len(able):
                    tally.wrong("two writers", where)
                acked = {agent_of(one): each.acked for one, each in enumerate(told)}
                _judge_disk(tally, store, acked, where)
