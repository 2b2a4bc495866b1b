"""A directory that others write into: the sweep ``hostile``, on real files.

For every stranger (``strangers.py``) a store is copied, the stranger is put in, and a child process
with bounded memory and time does what a host and a person do: restore, verify, ``status``, open,
save, snapshot, clean up, close, and all of it again. It must hold

- every deed ends in time and within memory, rightly or with a typed error;
- what lies beside the store's files refuses nothing, and is there afterwards, to the byte;
- nothing is read, written or removed where a link leads;
- once the stranger is gone, everything that was acknowledged is restored;
- directories are their owner's alone once a writer was there.

The children are forked off, so that a mistake that is planted here is in them as well. Without
``full`` the strangers are sampled.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from chaos.chance import generator
from chaos.sweeps.reference_workload import Yard, yard
from chaos.sweeps.strangers import OUTSIDE, THEIRS, Stranger, outside, strangers
from chaos.sweeps.tally import Tally
from chaos.workers import end_with
from chaos.workload.clocks import WoundClock
from chaos.workload.paper_life import DAY_START_MS
from prometheus_persist.cli.app import app
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import Restored, restore, verify
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs

AGENT = "A"
HOUR_MS = 3_600_000
SECONDS_MAX = 60
MEMORY_BYTES = 768 * 1024 * 1024  # beyond what the process has when it begins
CI_STRANGERS = 12
SETTINGS: Final = Settings(background=False, snapshots_kept=2)
_PAGE: Final = resource.getpagesize()


@dataclass(slots=True)
class HostileTold:
    """What the child was told: the last count that was acknowledged, what was refused and by which
    error, what was given that is older, and what came that is no error of the library's."""

    acked: int = 0
    refused: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    untyped: list[str] = field(default_factory=list)


def sweep_hostile(seed: int, *, full: bool) -> Tally:
    """Every stranger, or a sample of each manner."""
    tally = Tally("hostile", seed, full)
    with yard() as grounds:
        pattern = grounds.plot()
        acked = found_store(pattern / "store")
        everything = list(strangers(files_of(pattern / "store")))
        chosen = everything if full else _sample(everything, seed)
        for stranger in chosen:
            met(tally, grounds, pattern, stranger, acked)
    if not full:
        tally.notes.append(f"sampled: {len(chosen)} of {len(everything)} strangers")
    return tally


def _sample(everything: list[Stranger], seed: int) -> list[Stranger]:
    rng = generator(seed, "hostile")
    beside = [each for each in everything if each.manner == "beside"]
    place = [each for each in everything if each.manner == "in place"]
    rest = [each for each in everything if each.manner == "modes"]
    share = CI_STRANGERS * 2 // 3
    return [*rng.sample(beside, share), *rng.sample(place, CI_STRANGERS - share), *rest]


def found_store(store: Path) -> int:
    """A store with a history, two snapshots and a tail, left as by a kill; the count in it."""
    clock, count = WoundClock(DAY_START_MS), 0
    for _ in range(4):
        session = Session.open(store, clock=clock, settings=SETTINGS)
        if AGENT not in session.state.agents:
            session.add_agents([Agent(agent_id=AGENT)])
        for _ in range(3):
            count = _count(session)
        session.checkpoint()
        session.snapshot()
        count = _count(session)
        clock.advance(7 * HOUR_MS)
        session.close(save=False)
    beyond = store.parent / OUTSIDE
    beyond.mkdir()
    (beyond / "file").write_bytes(THEIRS)
    return count


def files_of(store: Path) -> list[str]:
    """The store's files, but for the lock."""
    found = [str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()]
    return sorted(path for path in found if not path.endswith(".lock"))


def met(tally: Tally, grounds: Yard, pattern: Path, stranger: Stranger, acked: int) -> None:
    """One stranger in a copy of the store, and what came of it."""
    plot = grounds.plot()
    shutil.copytree(pattern, plot)
    store = plot / "store"
    stranger.make(store)
    beside = stranger.manner == "beside"
    before, beyond = stranger.seen(store) if beside else None, outside(store)
    tally.struck(f"{stranger.manner}: {stranger.kind}")
    told = _in_a_child(store, acked)
    if told is None:
        tally.wrong("hangs or dies", str(stranger))
        return
    for problem in told.older:
        tally.wrong("acknowledged and lost", f"{stranger}: {problem}")
    for problem in told.untyped:
        tally.wrong("no typed error", f"{stranger}: {problem}")
    if told.refused:
        tally.counts[f"refused, {stranger.manner}"] += 1
    if beside:
        for problem in told.refused:
            tally.wrong("refused for a stranger", f"{stranger}: {problem}")
        if stranger.seen(store) != before and not _is_ours(stranger):
            tally.wrong("a stranger's file is not what it was", str(stranger))
    if outside(store) != beyond:
        tally.wrong("written through a link", str(stranger))
    _judge(tally, stranger, store, told)
    shutil.rmtree(plot)


def _is_ours(stranger: Stranger) -> bool:
    """An empty segment is what a writer leaves that was stopped within its opening."""
    return stranger.kind == "empty" and stranger.path.endswith(".wal")


def _judge(tally: Tally, stranger: Stranger, store: Path, told: HostileTold) -> None:
    """The stranger is taken away; what was acknowledged is there."""
    place = store / stranger.path
    if stranger.manner == "in place" and place.is_symlink():
        target = store.parent / OUTSIDE / "folder"
        place.unlink()
        if target.is_dir():
            shutil.move(target, place)
    elif stranger.manner != "modes" and os.path.lexists(place):
        ours = stranger.manner == "in place" and place.is_file()
        if not ours:
            shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
    try:
        found = restore(LocalFs(store))
    except PersistError as problem:
        tally.wrong("not restored", f"{stranger}: {problem}")
        return
    count = found.documents[f"agents/{AGENT}"]["trade_count"]
    if count < told.acked:
        tally.wrong("acknowledged and lost", f"{stranger}: {count} of {told.acked}")
    if not told.refused:
        wide = [
            path
            for path in (store / "incremental", *(store / "incremental").rglob("*"))
            if path.is_dir() and stat.S_IMODE(path.lstat().st_mode) & 0o077
            if stranger.manner == "modes" or (path != place and place not in path.parents)
        ]
        if wide:
            tally.wrong("open to others", f"{stranger}: {wide[0].relative_to(store)}")
    tally.counts["restored whole"] += 1


def _in_a_child(store: Path, acked: int) -> HostileTold | None:
    """Every deed, in a process of its own; None where it hung or died."""
    forking = multiprocessing.get_context("fork")
    ours, theirs = forking.Pipe()
    process = forking.Process(target=_child, args=(os.getpid(), store, acked, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(SECONDS_MAX) else None
    except EOFError:
        return None
    finally:
        process.kill()
        process.join()
        ours.close()


def _child(parent: int, store: Path, acked: int, pipe: Connection) -> None:
    end_with(parent)
    taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * _PAGE
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES, taken + MEMORY_BYTES))
    told = HostileTold(acked)
    for _ in range(2):
        for name, deed in _deeds(store, told):
            try:
                deed()
            except PersistError as problem:
                told.refused.append(f"{name}: {type(problem).__name__}: {problem}")
            except BaseException as problem:  # noqa: BLE001 whatever it is, it is told
                told.untyped.append(f"{name}: {type(problem).__name__}: {problem}")
    pipe.send(told)


def _deeds(store: Path, told: HostileTold) -> Iterator[tuple[str, Callable[[], object]]]:
    """What a host and a person do, by name."""
    yield "restore", lambda: _look(told, restore(LocalFs(store)), "restore")
    yield "verify", lambda: _look(told, verify(LocalFs(store)).restored, "verify")
    yield "status", lambda: _command("status", store)
    yield "work", lambda: _work(store, told)
    yield "snapshots", lambda: _command("snapshots", store)


def _look(told: HostileTold, found: Restored, how: str) -> None:
    count = found.documents[f"agents/{AGENT}"]["trade_count"]
    if count < told.acked:
        told.older.append(f"{how}: {count} of {told.acked}")


def _work(store: Path, told: HostileTold) -> None:
    session = Session.open(store, settings=SETTINGS)
    try:
        found = session.state.agents[AGENT].trade_count
        if found < told.acked:
            told.older.append(f"open: {found} of {told.acked}")
        told.acked = _count(session)
        session.checkpoint()
        session.snapshot()
        told.acked = _count(session)
    finally:
        with contextlib.suppress(PersistError):
            session.close()


def _command(name: str, store: Path) -> None:
    """A command; only an error that it does not know is one here."""
    done = CliRunner().invoke(app, [name, "--dir", str(store)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception


def _count(session: Session) -> int:
    agent = session.state.agents[AGENT]
    agent.trade_count += 1
    session.save("hostile")
    return agent.trade_count
