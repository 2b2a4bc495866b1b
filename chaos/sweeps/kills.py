"""Killed before every operation of a life, and once more before every operation of the recovery.

Three lives are swept (``reference_workload``), each on the disk that the one before it left: the
founding, the return, and old age, in which snapshots clean up. For every N the process dies before
operation N, and again within the write that is operation N. The disk is restored and judged; then
it is reopened.

Without ``full`` the deaths within a write are every ``CI_TEAR_STRIDE``-th.

Nested: on the disk that a death left, opening is killed before its own operation M; restored,
judged, reopened. Full: every pair. Otherwise every ``CI_STRIDE``-th pair, begun where the seed
says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.chance import generator
from chaos.faults.switch import Death, FaultSwitch, SwitchedFs, SwitchKind
from chaos.sweeps.judge_restore import judge_disk, reopen, reopened
from chaos.sweeps.reference_workload import LIVES, AckLog, Yard, disks_before, ears_for, live, yard
from chaos.sweeps.tally import Tally
from prometheus_persist.errors import PersistError
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

CI_STRIDE = 79
CI_TEAR_STRIDE = 7


@dataclass(frozen=True, slots=True)
class Wreck:
    """What a struck life left: its disk, what it said, where it was struck."""

    disk: MemoryFs
    ears: AckLog
    switch: FaultSwitch
    where: str


@dataclass(frozen=True, slots=True)
class Story:
    """Lives in their order: the files that each finds, ears for it, and how it is lived."""

    lives: Sequence[str]
    disks: Callable[[int], Mapping[str, Mapping[str, bytes]]]
    ears: Callable[[MemoryFs, str], AckLog]
    live: Callable[[Path, Fs, AckLog, int, str], None]


def _lived(plot: Path, fs: Fs, ears: AckLog, seed: int, life: str) -> None:
    live(plot, fs, ears, seed, life=life)


def sweep_kills(seed: int, *, full: bool) -> Tally:
    """Every death, and the deaths after it."""
    tally = Tally("kills", seed, full)
    stride = 1 if full else CI_STRIDE
    pair = generator(seed, "kills").randrange(stride)
    with yard() as grounds:
        strides: dict[SwitchKind, int] = {"die": 1, "tear": 1 if full else CI_TEAR_STRIDE}
        for wreck in wrecks(grounds, seed, strides):
            what = "kills" if wreck.switch.kind == "die" else "kills within a write"
            tally.struck(what)
            tally.counts[f"{what}, during {wreck.ears.doing}"] += 1
            if not judge_disk(tally, wreck.disk, wreck.ears, wreck.where):
                continue
            if wreck.switch.kind == "die":
                pair = _nested(tally, wreck, grounds, pair, stride)
            reopened(tally, survivor(wreck.disk), grounds, wreck.where)
            grounds.clear()
    if not full:
        tally.notes.append(f"sampled: every {stride}th pair of deaths; before an operation, all")
    return tally


def wrecks(
    grounds: Yard, seed: int, strides: Mapping[SwitchKind, int], story: Story | None = None
) -> Iterator[Wreck]:
    """Every life, struck in every given way at every ``stride``-th operation."""
    told = story or Story(LIVES, disks_before, lambda disk, _: ears_for(disk), _lived)
    for name in told.lives:
        for kind, stride in strides.items():
            yield from _struck(grounds, seed, told, name, kind, stride)


def survivor(disk: MemoryFs) -> MemoryFs:
    """The disk as the next process finds it: the dead one's descriptors are closed."""
    return MemoryFs.of(disk.contents())


@contextlib.contextmanager
def dying(switch: FaultSwitch) -> Iterator[None]:
    """What unwinds out of a dead process says nothing: there is nobody left to hear it."""
    try:
        yield
    except (Death, SystemExit, PersistError):
        if not switch.dead:
            raise


def _struck(
    grounds: Yard,
    seed: int,
    story: Story,
    name: str,
    kind: SwitchKind,
    stride: int,
) -> Iterator[Wreck]:
    number = generator(seed, name, kind).randrange(stride) + 1 - stride
    while True:
        number += stride
        disk = MemoryFs.of(story.disks(seed)[name])
        ears = story.ears(disk, name)
        share = generator(seed, "share", number).randint(1, 999)
        switch = FaultSwitch(kind, at=number, share=share)
        with dying(switch):
            story.live(grounds.plot(), SwitchedFs(disk, switch), ears, seed, name)
        if not switch.fired:
            return
        yield Wreck(disk, ears, switch, f"{name}, {kind} {number} ({switch.struck})")


def _nested(tally: Tally, wreck: Wreck, grounds: Yard, pair: int, stride: int) -> int:
    """Kill the recovery from a kill before each of its operations; the pairs still to skip."""
    left = wreck.disk.contents()
    counting = FaultSwitch()
    rehearsal = MemoryFs.of(left)
    reopen(SwitchedFs(rehearsal, counting), grounds, ears_for(rehearsal))
    for number in range(1, counting.count + 1):
        pair += 1
        if pair % stride:
            continue
        disk = MemoryFs.of(left)
        ears, switch = ears_for(disk), FaultSwitch("die", at=number)
        with dying(switch):
            reopen(SwitchedFs(disk, switch), grounds, ears)
        if not switch.fired:
            break
        where = f"{wreck.where}, then die {number} ({switch.struck})"
        tally.struck("kills during the recovery from a kill")
        if judge_disk(tally, disk, ears, where):
            reopened(tally, survivor(disk), grounds, where)
    return pair
