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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from chaos.chance import generator
from chaos.faults.deaths import deaths, rehearsed
from chaos.faults.switch import FaultSwitch, SwitchKind
from chaos.sweeps.judge_restore import judge_disk, reopen, reopened
from chaos.sweeps.reference_workload import LIVES, AckLog, Yard, disks_before, ears_for, live, yard
from chaos.sweeps.tally import Tally
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


def _struck(
    grounds: Yard,
    seed: int,
    story: Story,
    name: str,
    kind: SwitchKind,
    stride: int,
) -> Iterator[Wreck]:
    def fresh() -> tuple[MemoryFs, AckLog]:
        disk = MemoryFs.of(story.disks(seed)[name])
        return disk, story.ears(disk, name)

    def lived(fs: Fs, ears: AckLog) -> None:
        story.live(grounds.plot(), fs, ears, seed, name)

    begin = generator(seed, name, kind).randrange(stride) + 1
    switches = (
        FaultSwitch(kind, at=number, share=generator(seed, "share", number).randint(1, 999))
        for number in count(begin, stride)
    )
    for one in deaths(switches, fresh, lived):
        if one.switch.fired:
            where = f"{name}, {kind} {one.switch.at} ({one.switch.struck})"
            yield Wreck(one.disk, one.seen, one.switch, where)


def _nested(tally: Tally, wreck: Wreck, grounds: Yard, pair: int, stride: int) -> int:
    """Kill the recovery from a kill before each of its operations; the pairs still to skip."""
    left = wreck.disk.contents()

    def fresh() -> tuple[MemoryFs, AckLog]:
        disk = MemoryFs.of(left)
        return disk, ears_for(disk)

    def back(fs: Fs, ears: AckLog) -> None:
        reopen(fs, grounds, ears)

    every = range(1, rehearsed(fresh, back) + 1)
    due = (FaultSwitch("die", at=number) for number in every if (pair + number) % stride == 0)
    for one in deaths(due, fresh, back):
        if not one.switch.fired:
            break
        where = f"{wreck.where}, then die {one.switch.at} ({one.switch.struck})"
        tally.struck("kills during the recovery from a kill")
        if judge_disk(tally, one.disk, one.seen, where):
            reopened(tally, survivor(one.disk), grounds, where)
    return pair + len(every)
