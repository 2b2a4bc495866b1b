"""The patient of the sweeps: two agents, a few orders on paper, one snapshot; small on purpose.

``live`` is one life through the public session. The first: open, recover, found, trade, save,
checkpoint, snapshot, close. The second comes back, trades and saves. The third begins 30 hours
later and lasts as long again, so that each of its snapshots cleans up what has grown old. A life is
driven by a clock and ids of its own, so that every life of one seed does the same. Of the three the
second reserves no space ahead; the others reserve so little at a time that a segment does it more
than once. ``AckLog`` hears
what was begun and what was acknowledged, and folds each commit's content into a digest that owes
nothing to the library.

The files live on whatever ``Fs`` is given. Only ``store.lock`` is a real file, in ``yard``'s
directory: the kernel holds that lock, no file system does.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from chaos.digest import Fold, whole
from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper import PaperBroker
from chaos.workload.paper_life import DAY_START_MS, FixedIds
from chaos.workload.population import newborn
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import Restored, restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

AGENTS = 2
UNIT = Decimal(1)
HOURS_A_CYCLE = 0.25
INSTRUMENT = "BTC-USDT-SWAP"
LONG_MS = 30 * 3600 * 1000
FIRST, SECOND, THIRD = "first life", "second life", "third life, in old age"
LIVES: Final = (FIRST, SECOND, THIRD)
STARTS_MS: Final = {
    FIRST: DAY_START_MS,
    SECOND: DAY_START_MS + 60_000,
    THIRD: DAY_START_MS + LONG_MS,
}
Step = Callable[[Session, PaperBroker], None]


@dataclass(frozen=True)
class SweptSettings(Settings):
    """Settings that also say how much space a segment reserves at a time."""

    save_every_cycles: int = 1
    snapshots_kept: int = 1
    reserve_bytes: int = 4096

    @property
    def store(self) -> StoreOptions:
        """What of it concerns the store."""
        return replace(super().store, reserve_bytes=self.reserve_bytes)


SETTINGS: Final = {
    FIRST: SweptSettings(),
    SECOND: SweptSettings(reserve_bytes=0),
    THIRD: SweptSettings(),
}


class Yard:
    """Hands out empty directories for locks."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = itertools.count(1)

    def plot(self) -> Path:
        """A new one."""
        return self._root / str(next(self._numbers))

    def clear(self) -> None:
        """Remove all that were handed out."""
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def yard() -> Iterator[Yard]:
    """A yard on a disk in memory where there is one."""
    fast = Path("/dev/shm")  # noqa: S108 only a lock lies there, in a directory of its own
    with tempfile.TemporaryDirectory(
        prefix="chaos-sweep-", dir=fast if fast.is_dir() else None
    ) as name:
        yield Yard(Path(name))


@dataclass(slots=True)
class AckLog:
    """What a life said: every commit begun, with the state's digest after it, and every ack."""

    fold: Fold = field(default_factory=Fold)
    seq: int = 0
    begun: list[tuple[int, str]] = field(default_factory=list)
    acked: int = 0
    acked_digest: str = ""
    ahead_max: int = 1
    doing: str = ""

    def __post_init__(self) -> None:
        self.acked = self.seq
        self.acked_digest = self.fold.value()

    def say(self, event: str, **fields: Any) -> None:
        """The narrator's speaker."""
        if event == "begin":
            self.begun.append((fields["seq"], fields["digest"]))
        elif event == "durable":
            self.ack(fields["seq"])

    def ack(self, seq: int | None) -> None:
        """Commits up to ``seq`` were acknowledged."""
        if seq is None or seq <= self.acked:
            return
        self.acked = seq
        for each, digest in self.begun:
            if each <= seq:
                self.acked_digest = digest

    def legal(self) -> set[str]:
        """The digests that a restore may give: the last acknowledged commit, or the one begun."""
        ahead = [digest for seq, digest in self.begun if seq > self.acked]
        return {self.acked_digest, *ahead[: self.ahead_max]}

    def heir(self, fs: Fs) -> AckLog:
        """For the process that comes after one that was killed, on the disk as it sees it.

        What it sees may be in no sync yet, so until it acknowledges something itself, only what
        these ears heard acknowledged has to be there.
        """
        made = ears_for(fs)
        made.acked, made.acked_digest = self.acked, self.acked_digest
        made.begun, made.ahead_max = list(self.begun), 2
        return made


def digest_of(found: Restored) -> str:
    """The digest of a restored state, by the harness's own fold."""
    return whole(found.documents, found.streams).value()


def ears_for(fs: Fs) -> AckLog:
    """Ears that know what is on this disk."""
    found = restore(fs, clock=WoundClock(DAY_START_MS))
    return AckLog(whole(found.documents, found.streams), found.seq)


def steps(seed: int, clock: WoundClock, life: str) -> Iterator[tuple[str, Step]]:
    """The public calls of one life, by name."""

    def found(session: Session, _broker: PaperBroker) -> None:
        for number in range(1, AGENTS + 1):
            agent = newborn(seed, number, DAY_START_MS)
            if agent.agent_id not in session.state.agents:
                session.add_agent(agent)

    def trade(side: str, index: int) -> Step:
        def act(session: Session, broker: PaperBroker) -> None:
            who = sorted(session.state.agents)[index]
            broker.market(who, INSTRUMENT, side, UNIT, reduce=False)

        return act

    def touch(session: Session) -> None:
        clock.advance(1000)
        supervisor = session.state.supervisor
        count = supervisor.system_cycle_count + 1
        # It counts its hours itself: those that the machine takes are never the same twice.
        told = {"system_cycle_count": count, "total_runtime_hours": count * HOURS_A_CYCLE}
        session.state.supervisor = supervisor.model_copy(update=told)

    def save(session: Session, _broker: PaperBroker) -> None:
        touch(session)
        session.save("sweep")

    def cycle(session: Session, _broker: PaperBroker) -> None:
        touch(session)
        session.on_cycle(session.state.supervisor.system_cycle_count)
        session.wait()  # what is made beside the loop is part of this call, and struck as such

    def snapshot(session: Session, _broker: PaperBroker) -> None:
        session.snapshot()

    def checkpoint(session: Session, _broker: PaperBroker) -> None:
        session.checkpoint()

    def sleep(_session: Session, _broker: PaperBroker) -> None:
        clock.advance(LONG_MS)

    founded = [("trade", trade("buy", 0)), ("save", save), ("checkpoint", checkpoint)]
    if life == FIRST:
        yield "add_agent", found
        yield from founded
        yield "snapshot", snapshot
        yield "trade back", trade("sell", 1)
        yield "on_cycle", cycle
        yield "checkpoint", checkpoint
    elif life == SECOND:
        yield from founded
    else:
        for _ in range(2):
            yield from [("save", save), ("snapshot with clean-up", snapshot), ("sleep", sleep)]


def void(_value: object) -> None:
    """A step gives nothing back."""


def live(
    plot: Path,
    fs: Fs,
    ears: AckLog,
    seed: int,
    *,
    life: str = FIRST,
    clock: WoundClock | None = None,
    settings: Settings | None = None,
    after: Callable[[str], None] = void,
    without: Collection[str] = (),
    afterwards: Callable[[Session], None] = void,
) -> None:
    """One life; ``after`` is called behind every public call, calls named in ``without`` are left
    out. What the disk raises goes up, once ``afterwards`` has had the session.

    Whatever happens, the lock is given back: as the kernel does it for a dead process.
    """
    clock = clock or WoundClock(STARTS_MS[life])
    ears.doing = "open"
    narrator = Narrator(ears, fold=ears.fold)
    session = Session.open(
        plot,
        fs=fs,
        clock=clock,
        ids=FixedIds(),
        settings=settings or SETTINGS[life],
        observer=narrator,
    )
    done = False
    try:
        session.wait()
        after("open")
        broker = PaperBroker(session, narrator)
        ears.doing = "recover"
        assert session.recover(broker.reader).decision == "go"
        after("recover")
        broker.watch()
        for name, step in steps(seed, clock, life):
            if name in without:
                continue
            ears.doing = name
            step(session, broker)
            ears.ack(session.seq)
            after(name)
        ears.doing = "close"
        done = True
        session.close()
        after("close")
    except PersistError:
        if not done:
            afterwards(session)
        raise
    finally:
        if not done:
            with contextlib.suppress(BaseException):
                session.close(save=False)


@cache
def disks_before(seed: int) -> dict[str, dict[str, bytes]]:
    """The files that each life finds: what the ones before it left."""
    found: dict[str, dict[str, bytes]] = {}
    disk = MemoryFs()
    with yard() as grounds:
        for life in LIVES:
            found[life] = disk.contents()
            live(grounds.plot(), disk, ears_for(disk), seed, life=life)
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """A store at rest, what it was at earlier moments, and what it holds."""

    files: dict[str, bytes]
    earlier: tuple[dict[str, bytes], ...]
    digest: str
    seq: int

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(map(len, self.files.values()))


@cache
def reference(seed: int) -> Reference:
    """Two lives on one disk: two segments in two copies, a snapshot, readable files, the log.

    Both reserve space ahead; the first gave it back when it ended, the second was killed.
    """
    fs, earlier = MemoryFs(), []
    with yard() as grounds:
        plot = grounds.plot()
        clock = WoundClock(DAY_START_MS)
        live(
            plot,
            fs,
            AckLog(),
            seed,
            clock=clock,
            after=lambda _name: earlier.append(fs.contents()),
            without=("save", "trade back", "on_cycle"),
        )
        ears = ears_for(fs)
        last: dict[str, bytes] = {}
        live(
            plot,
            fs,
            ears,
            seed,
            life=SECOND,
            clock=clock,
            settings=SETTINGS[FIRST],
            after=lambda name: last.update(fs.contents()) if name == "checkpoint" else None,
            without=("trade",),
        )
        fs = MemoryFs.of(last)
    found = restore(fs, clock=clock)
    assert digest_of(found) == ears.acked_digest, "the reference is not what was acknowledged"
    assert not found.facts.damages, "the reference is not sound"
    moments = []
    for files in earlier:
        if files not in moments and files != fs.contents():
            moments.append(files)
    return Reference(fs.contents(), tuple(moments), ears.acked_digest, found.seq)
