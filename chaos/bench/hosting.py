"""Somebody else's live objects, saved and restored: ``attach`` beside pickle and its like.

Every contestant has a process of its own, with the same old host (``old_host.py``), and does the
same job: durable on the disk when a save returns, the host as it was in a new process afterwards.
The peers know nothing of what changed, so they write everything, each time: the bytes, fsync,
rename; ZODB as one object of one transaction, its file synced.

Measured is processor time of the loop's own thread, with the collector on: what other work the
machine does falls on it least. The first cycles warm up and are not counted: ``attach`` looks at
everything in its first three saves. Memory is what Python itself has allocated (``tracemalloc``, in
a run of its own), over what the host takes alone. The library's own code is imported before either
is measured.

A contestant that is not installed is skipped and says so.

Another host (``crowd_host.py``) has many more objects and as little that changes: what a save there
takes shows whether it is the size of the host that is paid for, or what a trade touches.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from chaos.bench import crowd_host
from chaos.bench.crowd_host import CrowdHost
from chaos.bench.old_host import MODULES, TRADES_A_CYCLE, OldHost, grown
from chaos.bench.peers import replace, sync_folder

with contextlib.suppress(ImportError):  # an older library attaches no host, and says so in its row
    from prometheus_persist.session import attaching  # noqa: F401 code, and no part of what is kept

SUBJECT: Final = "attach"
PEERS: Final = ("pickle", "cloudpickle", "jsonpickle", "ZODB")
WARM_CYCLES = 2
LOOKS = 5


class Keeper(Protocol):
    """Keeps a host."""

    def save(self) -> object:
        """Durable on return: everything that changed."""
        ...

    def trade(self, agent_id: str) -> object:
        """The same, after a trade."""
        ...

    def cycled(self) -> object:
        """The same, at the end of a cycle."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class AttachedKeeper:
    """This library."""

    def __init__(self, folder: Path, host: OldHost | CrowdHost) -> None:
        from prometheus_persist import Settings, attach

        settings = Settings(snapshot_every_s=1e9)
        modules = (*MODULES, *crowd_host.MODULES)
        self.host, self._root = attach(host, folder, modules, settings=settings), host
        self.save, self.trade = self.host.save, self.host.on_trade
        self._tracker = self.host._capture.tracker  # of what is late, ``check`` tells as well

    def cycled(self) -> None:
        """A look at everything, the readable files after it: what nothing leads to any more, or is
        an old record, is sorted out there."""
        self.host.on_cycle(self._root.cycle)

    def look(self) -> None:
        """All that a save does that looks at everything, and finds nothing."""
        assert not self._tracker.unsaved()

    def close(self) -> None:
        """With a snapshot, as a session that ends leaves one."""
        self.host.session.snapshot()
        self.host.close()


class Pickled:
    """Everything, every time, by ``pickle`` or a module that is used like it."""

    def __init__(self, folder: Path, host: OldHost, module: Any) -> None:
        self._file, self._host, self._module = folder / "host", host, module

    def save(self) -> None:
        """One file, replaced."""
        replace(self._file, self._module.dumps(self._host))
        sync_folder(self._file.parent)

    def trade(self, agent_id: str) -> None:  # noqa: ARG002 it is everything in any case
        """The same."""
        self.save()

    cycled = save

    def close(self) -> None:
        """Nothing is open."""


class InZodb:
    """Everything as one object: its classes are not ZODB's own."""

    def __init__(self, folder: Path, host: OldHost | None) -> None:
        storage = importlib.import_module("ZODB.FileStorage")
        self._commit = importlib.import_module("transaction").commit
        self._database = importlib.import_module("ZODB").DB(
            storage.FileStorage(str(folder / "host"))
        )
        self.root = self._database.open().root()
        self._host = host

    def save(self) -> None:
        """One transaction."""
        self.root["host"] = self._host
        self._commit()

    def trade(self, agent_id: str) -> None:  # noqa: ARG002 it is everything in any case
        """The same."""
        self.save()

    cycled = save

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class _JsonPickle:
    """``jsonpickle``, used like ``pickle``."""

    def __init__(self) -> None:
        self._module: Any = importlib.import_module("jsonpickle")

    def dumps(self, host: object) -> bytes:
        """As JSON text."""
        return str(self._module.encode(host, keys=True)).encode()

    def loads(self, data: bytes) -> object:
        """Made again."""
        return self._module.decode(data.decode(), keys=True)


def absent(name: str) -> bool:
    """Whether a contestant's package is not installed."""
    if name == SUBJECT:
        return False
    try:
        importlib.import_module(name)
    except ImportError:
        return True
    return False


def keeper(name: str, folder: Path, host: OldHost) -> Keeper:
    """The contestant of this name, with what it needs on the disk."""
    if name == SUBJECT:
        return AttachedKeeper(folder, host)
    return InZodb(folder, host) if name == "ZODB" else Pickled(folder, host, _module(name))


def _module(name: str) -> Any:
    return _JsonPickle() if name == "jsonpickle" else importlib.import_module(name)


def restored(name: str, folder: Path) -> OldHost:
    """The host again, as a new process gets it."""
    if name == SUBJECT:
        root = OldHost()
        AttachedKeeper(folder, root)
        return root
    if name == "ZODB":
        found: OldHost = InZodb(folder, None).root["host"]
        return found
    made: OldHost = _module(name).loads((folder / "host").read_bytes())
    return made


def main(folder: str, what: str, name: str, cycles: str, rounds: str) -> None:
    """One contestant in this process. ``saved`` prints how many samples of trades, first saves and
    looks, the last cycle, and the samples; ``restored`` its time and the cycle; ``memory`` bytes
    before and after; ``crowd`` how many samples of trades and looks of a host with ``cycles``
    entries, and these. Times are nanoseconds."""
    place = Path(folder)
    if what == "saved":
        _saved(name, place, int(cycles), int(rounds))
    elif what == "restored":
        started = time.process_time_ns()
        host = restored(name, place)
        print(time.process_time_ns() - started, host.cycle)
        sys.stdout.flush()
        os._exit(0)  # what is held open is nobody's any more
    elif what == "crowd":
        _crowd(place, int(cycles), int(rounds))
    else:
        _memory(name, place, int(cycles))


def _saved(name: str, place: Path, cycles: int, rounds: int) -> None:
    host = grown(cycles)
    kept = keeper(name, place, host)
    found: list[list[int]] = [[], [], []]
    gc.collect()
    warm = WARM_CYCLES if name == SUBJECT else 0
    for number in range(warm + rounds):
        trades, first, looks = found if number >= warm else ([], [], [])
        host.decide()
        _timed(first, kept.save)
        for _ in range(TRADES_A_CYCLE):
            _timed(trades, partial(kept.trade, host.trade()))
        host.report()
        kept.cycled()
        if isinstance(kept, AttachedKeeper) and len(looks) < LOOKS:
            _timed(looks, kept.look)
    kept.close()
    print(*map(len, found), host.cycle, *(sample for part in found for sample in part))


def _timed(into: list[int], call: Callable[[], object]) -> None:
    started = time.thread_time_ns()
    call()
    into.append(time.thread_time_ns() - started)


def _crowd(place: Path, entries: int, rounds: int) -> None:
    host = CrowdHost(entries)
    kept = AttachedKeeper(place, host)
    found: list[list[int]] = [[], []]
    gc.collect()
    for number in range(WARM_CYCLES + rounds):
        trades, looks = found if number >= WARM_CYCLES else ([], [])
        host.cycle += 1
        for _ in range(TRADES_A_CYCLE):
            _timed(trades, partial(kept.trade, host.trade()))
        kept.cycled()
        if len(looks) < LOOKS:
            _timed(looks, kept.look)
    print(*map(len, found), *(sample for part in found for sample in part))
    sys.stdout.flush()
    os._exit(0)  # a snapshot of it is not what is measured


def _memory(name: str, place: Path, cycles: int) -> None:
    tracemalloc.start()
    host = grown(cycles)
    gc.collect()
    own = tracemalloc.get_traced_memory()[0]
    kept = keeper(name, place, host)
    kept.save()
    gc.collect()
    print(own, tracemalloc.get_traced_memory()[0])
    kept.close()
