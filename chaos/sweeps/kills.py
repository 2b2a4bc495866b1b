"""Killed before every operation of a life, and once more before every operation of the recovery.

Two lives are swept: the first (open, found, trade, save, checkpoint, snapshot, close) and the
second on the disk that the first left (restore, repair, trade, checkpoint, close). For every N
the process dies before operation N, and again within the write that is operation N. The disk is
restored and judged; then it is reopened.

Without ``full`` the deaths within a write are every ``CI_TEAR_STRIDE``-th.

Nested: on the disk that a death left, opening is killed before its own operation M; restored,
judged, reopened. Full: every pair. Otherwise every ``CI_STRIDE``-th pair, begun where the seed
says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chaos.chance import generator
from chaos.faults.switch import Death, Switch, SwitchedFs, SwitchKind
from chaos.sweeps.aftermath import judge_disk, reopen, reopened
from chaos.sweeps.patient import Ears, Yard, ears_for, live, yard
from chaos.sweeps.tally import Tally
from chaos.workload.clocks import WoundClock
from chaos.workload.paperlife import DAY_START_MS
from prometheus_persist.errors import PersistError
from prometheus_persist.storage.memory import MemoryFs

CI_STRIDE = 47
CI_TEAR_STRIDE = 5
LIVES = ("first life", "second life")
SECOND_MS = DAY_START_MS + 60_000


@dataclass(frozen=True, slots=True)
class Wreck:
    """What a struck life left: its disk, what it said, where it was struck."""

    disk: MemoryFs
    ears: Ears
    switch: Switch
    where: str


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


def wrecks(grounds: Yard, seed: int, strides: Mapping[SwitchKind, int]) -> Iterator[Wreck]:
    """Every life, struck in every given way at every ``stride``-th operation."""
    rest = MemoryFs()
    live(grounds.plot(), rest, Ears(), seed)
    left = rest.contents()
    for name in LIVES:
        for kind, stride in strides.items():
            yield from _struck(grounds, seed, name, kind, left, stride)


def survivor(disk: MemoryFs) -> MemoryFs:
    """The disk as the next process finds it: the dead one's descriptors are closed."""
    return MemoryFs.of(disk.contents())


@contextlib.contextmanager
def dying(switch: Switch) -> Iterator[None]:
    """What unwinds out of a dead process says nothing: there is nobody left to hear it."""
    try:
        yield
    except (Death, PersistError):
        if not switch.dead:
            raise


def _struck(
    grounds: Yard,
    seed: int,
    name: str,
    kind: SwitchKind,
    left: Mapping[str, bytes],
    stride: int,
) -> Iterator[Wreck]:
    founding = name == LIVES[0]
    number = generator(seed, name, kind).randrange(stride) + 1 - stride
    while True:
        number += stride
        disk = MemoryFs() if founding else MemoryFs.of(left)
        ears = ears_for(disk)
        share = generator(seed, "share", number).randint(1, 999)
        switch = Switch(kind, at=number, share=share)
        clock = WoundClock(DAY_START_MS if founding else SECOND_MS)
        with dying(switch):
            live(
                grounds.plot(),
                SwitchedFs(disk, switch),
                ears,
                seed,
                founding=founding,
                clock=clock,
            )
        if not switch.fired:
            return
        yield Wreck(disk, ears, switch, f"{name}, {kind} {number} ({switch.struck})")


def _nested(tally: Tally, wreck: Wreck, grounds: Yard, pair: int, stride: int) -> int:
    """Kill the recovery from a kill before each of its operations; the pairs still to skip."""
    left = wreck.disk.contents()
    counting = Switch()
    rehearsal = MemoryFs.of(left)
    reopen(SwitchedFs(rehearsal, counting), grounds, ears_for(rehearsal))
    for number in range(1, counting.count + 1):
        pair += 1
        if pair % stride:
            continue
        disk = MemoryFs.of(left)
        ears, switch = ears_for(disk), Switch("die", at=number)
        with dying(switch):
            reopen(SwitchedFs(disk, switch), grounds, ears)
        if not switch.fired:
            break
        where = f"{wreck.where}, then die {number} ({switch.struck})"
        tally.struck("kills during the recovery from a kill")
        if judge_disk(tally, disk, ears, where):
            reopened(tally, survivor(disk), grounds, where)
    return pair
