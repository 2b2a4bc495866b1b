"""An attached host (S8), struck while it saves, goes on as if nothing had happened.

Somebody else's objects (``workload.attached_host``) live two lives on one disk: they are attached
and captured for the first time, in pieces; and they are restored. Both save at every hook, in the
middle of a cycle too, and make a snapshot. Each life is killed before every operation and within
every write; at every ``CI_STRIDE``-th (``full``: every) of these the power is cut as well, as
``power`` does it, and the process that comes back is killed at some of its own operations.

Of every disk that is left, asked is what ``kills`` asks of the store, and of the host:

- restored into a fresh root it is, in types, bits, order and sharing and in the random numbers that
  it will draw, what a host is that nobody ever saved or killed, at the step at which the restored
  commit was begun;
- played on to its end it still is (I10);
- no file has a key of its client (S11).

Then the same host lives on files, in processes that a real SIGKILL ends (``attach_kills``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest import mock

from chaos.chance import generator
from chaos.faults.deaths import deaths, rehearsed
from chaos.faults.switch import FaultSwitch, SwitchKind
from chaos.sweeps.attach_fixture import course_at, saves, seen
from chaos.sweeps.attach_kills import kill
from chaos.sweeps.judge_restore import judge_disk
from chaos.sweeps.kills import Story, Wreck, survivor, wrecks
from chaos.sweeps.power import disks_after
from chaos.sweeps.reference_workload import FIRST, SETTINGS, AckLog, Yard, ears_for, yard
from chaos.sweeps.tally import Tally
from chaos.workload.attached_host import (
    MODULES,
    SENTINEL,
    Client,
    TradingRoom,
    founded,
    own_randomness,
)
from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper_life import DAY_START_MS, FixedIds
from prometheus_persist import AttachedHost, attach
from prometheus_persist.errors import PersistError
from prometheus_persist.saving import host_pieces
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

ATTACHED, RESTORED = "attached", "restored"
ENDS: Final = {ATTACHED: 16, RESTORED: 32}  # the step after which a life is over
LAST_STEP = 40
CI_STRIDES: Final[dict[SwitchKind, int]] = {"die": 7, "tear": 19}
CI_AGAIN_STRIDE = 11
FULL_AGAIN, CI_AGAIN = 4, 2
PIECE_BYTES = 2000  # so few that the first capture takes several commits
META: Final = "host/meta"


@dataclass(slots=True)
class HostEars(AckLog):
    """Ears that also know after which step of the host each commit was begun."""

    book: dict[int, int] = field(default_factory=dict)
    floor: TradingRoom | None = None
    whole: bool = False  # attached: a commit without anything of the host says that it is the same

    def step_at(self, seq: int) -> int | None:
        """The host's last step at a commit; None where there was no host yet."""
        return next((self.book[at] for at in sorted(self.book, reverse=True) if at <= seq), None)


class HostNarrator(Narrator):
    """Looks at the host as a commit is begun."""

    def __init__(self, ears: HostEars) -> None:
        super().__init__(ears, fold=ears.fold)
        self._ears = ears

    def begin(self, seq: int, change: dict[str, Any]) -> None:
        """A commit is about to be written."""
        ears = self._ears
        if ears.floor is not None and (ears.whole or META in change.get("put", {})):
            ears.book[seq] = ears.floor.steps
        super().begin(seq, change)


def attached(floor: TradingRoom, plot: Path, fs: Fs, ears: HostEars) -> AttachedHost:
    """Attach as this host's author would."""
    ears.floor = floor
    p = attach(
        floor, plot, MODULES, bound=[Client], settings=SETTINGS[FIRST], fs=fs,
        clock=WoundClock(DAY_START_MS + 60_000 * (1 + ears.seq)), ids=FixedIds(),
        observer=HostNarrator(ears),
    )  # fmt: skip
    ears.whole = True
    return p


def live(plot: Path, fs: Fs, ears: AckLog, _seed: int, life: str) -> None:
    """One life: attach, go on to its end with a save at every hook, a snapshot, close."""
    assert isinstance(ears, HostEars)
    ears.doing = "attach"
    floor = founded()
    p = attached(floor, plot, fs, ears)
    done = False
    try:
        p.session.wait()
        while floor.steps < ENDS[life]:
            what, agent_id = floor.step()
            ears.doing = what
            saves(p, what, agent_id)
            p.session.wait()  # what is made beside the loop is struck as a part of the call
            ears.ack(p.session.seq)
        ears.doing = "snapshot"
        p.session.snapshot()
        ears.doing = "close"
        done = True
        p.close()
    finally:
        if not done:
            with contextlib.suppress(BaseException):
                p.close(save=False)


@cache
def _lives(seed: int) -> tuple[dict[str, dict[str, bytes]], dict[str, dict[int, int]]]:
    """The files that each life finds, and what the host was at each commit before it."""
    found: dict[str, dict[str, bytes]] = {}
    books: dict[str, dict[int, int]] = {}
    disk, book = MemoryFs(), dict[int, int]()
    with yard() as grounds:
        for life in ENDS:
            found[life], books[life] = disk.contents(), dict(book)
            ears = _ears(disk, book)
            live(grounds.plot(), disk, ears, seed, life)
            book = ears.book
    return found, books


def _ears(disk: MemoryFs, book: Mapping[int, int]) -> HostEars:
    plain = ears_for(disk)
    there = {seq: step for seq, step in book.items() if seq <= plain.seq}
    return HostEars(plain.fold, plain.seq, book=there)


def story(seed: int) -> Story:
    """Both lives, for ``wrecks``."""
    books = _lives(seed)[1]
    return Story(tuple(ENDS), lambda _: _lives(seed)[0], lambda d, n: _ears(d, books[n]), live)


@cache
def course() -> dict[int, str]:
    """What a host that nobody saves and nobody kills is after each of its steps."""
    return course_at(range(LAST_STEP + 1))


@contextlib.contextmanager
def stage() -> Iterator[Yard]:
    """A place to live in, with small pieces, and the process's own random numbers kept."""
    small = mock.patch.object(host_pieces, "PIECE_BYTES", PIECE_BYTES)
    with yard() as grounds, own_randomness(), small:
        yield grounds


def sweep_attach(seed: int, *, full: bool) -> Tally:
    """Every death, and some power cuts and second deaths."""
    tally = Tally("attach", seed, full)
    strides: dict[SwitchKind, int] = {"die": 1, "tear": 1} if full else CI_STRIDES
    again = 1 if full else CI_AGAIN_STRIDE
    with stage() as grounds:
        for number, wreck in enumerate(wrecks(grounds, seed, strides, story(seed))):
            what = "kills" if wreck.switch.kind == "die" else "kills within a write"
            tally.struck(what)
            tally.counts[f"{what}, during {wreck.ears.doing}"] += 1
            _judge(tally, survivor(wreck.disk), wreck.ears, grounds, wreck.where)
            if not number % again:
                _cut(tally, wreck, grounds)
                _again(tally, wreck, grounds, full=full)
            grounds.clear()
        kill(tally, grounds, full=full)
    if not full:
        tally.notes.append(f"sampled: every {CI_STRIDES['die']}th operation")
    return tally


def _cut(tally: Tally, wreck: Wreck, grounds: Yard) -> None:
    """The power fails there."""
    for what, disk in disks_after(wreck, tally.seed, full=False):
        tally.struck(f"cuts: {what.partition(' ')[0]}")
        _judge(tally, disk, wreck.ears, grounds, f"{wreck.where}, {what}")


def _again(tally: Tally, wreck: Wreck, grounds: Yard, *, full: bool) -> None:
    """The process that comes back is killed as it restores the host."""

    def fresh() -> tuple[MemoryFs, HostEars]:
        disk = survivor(wreck.disk)
        return disk, _heir(disk, wreck.ears)

    def back(fs: Fs, ears: HostEars) -> None:
        _come_back(fs, grounds, ears)

    every = range(1, rehearsed(fresh, back) + 1)
    rng = generator(tally.seed, wreck.where, "again")
    picked = sorted(rng.sample(every, min(len(every), FULL_AGAIN if full else CI_AGAIN)))
    for one in deaths((FaultSwitch("die", at=number) for number in picked), fresh, back):
        tally.struck("kills as the host is restored", bool(one.switch.fired))
        where = f"{wreck.where}, then die {one.switch.at} ({one.switch.struck})"
        _judge(tally, survivor(one.disk), one.seen, grounds, where)


def _heir(disk: MemoryFs, ears: AckLog) -> HostEars:
    assert isinstance(ears, HostEars)
    return _ears(disk, ears.book)


def _come_back(fs: Fs, grounds: Yard, ears: HostEars) -> None:
    attached(founded(), grounds.plot(), fs, ears).close()


def _judge(tally: Tally, disk: MemoryFs, ears: AckLog, grounds: Yard, where: str) -> None:
    """The store, then the host in it, then what becomes of both."""
    secret = SENTINEL.encode()
    leaks = [path for path, data in disk.contents().items() if secret in data]
    if leaks:
        tally.wrong("a secret is in a file", f"{where}: {leaks[0]}")
    if judge_disk(tally, disk, ears, where):
        judge_host(tally, disk, ears, grounds, where)


def judge_host(tally: Tally, disk: MemoryFs, ears: AckLog, grounds: Yard, where: str) -> None:
    """Restore the host from a copy of this disk, and play it to its end."""
    heir = _heir(copy := MemoryFs.of(disk.contents()), ears)
    floor, step = founded(), heir.step_at(heir.seq)
    where = f"{where}: commit {heir.seq}, step {step}"
    try:
        p = attached(floor, grounds.plot(), copy, heir)
    except PersistError as problem:
        tally.wrong("the host is refused", f"{where}: {problem}")
        return
    try:
        if p.restored != (step is not None):
            tally.wrong("the host is not there", where)
        elif seen(floor) != course()[step or 0]:
            tally.wrong("another host", where)
        else:
            while floor.steps < LAST_STEP:
                floor.step()
            if seen(floor) != course()[LAST_STEP]:
                tally.wrong("another future", where)
            elif p.restored:
                tally.counts["hosts restored exactly, and going on the same"] += 1
    finally:
        p.close(save=False)
