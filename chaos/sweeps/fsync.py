"""I12: every sync of a life fails once, what it was to write is gone; then the power goes, later.

A failed sync is the fault that nobody sees twice: the kernel calls the pages clean, so they are
read as if they had been written, and no later sync writes them (``MemoryFs.lose``). Whoever comes
back in the same boot and builds on them acknowledges what the next power cut takes away.

Three lives (``reference_workload``) and the founding with each of the other mirror modes; each of
their syncs (of a file, of reserved space, of a cut, of a directory) fails once, with EIO, and loses
what was pending, or all but some part of it. Then, in this order

- ``killed``: the process is gone with the sync; ``refused``: the host lets go of the session as
  soon as a call raises; ``went on``: it first tries every way to save with the same session;
- in the same boot a life is lived on that disk, which acknowledges commits of its own; of some, one
  sync fails as well, and another life follows;
- the power fails: before that, after it, and before some operations of it; the worst case, and
  chances.

Asked is what is asked after every power cut: nothing acknowledged is lost, nothing is mixed; and
that ``verify`` finds nothing lost and no line of the audit altered.

Without ``full``: some syncs of files and some of directories, one of the three courses each.

The same on a real ext4, where there can be one: ``thin_disk_trials``.
"""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from chaos.chance import generator
from chaos.faults.deaths import dying
from chaos.faults.switch import FaultSwitch, SwitchedFs
from chaos.sweeps.judge_restore import NOW_MS, judge_disk, reopened
from chaos.sweeps.reference_workload import (
    FIRST,
    LIVES,
    LONG_MS,
    SETTINGS,
    AckLog,
    SweptSettings,
    Yard,
    disks_before,
    ears_for,
    live,
    yard,
)
from chaos.sweeps.tally import Tally
from chaos.sweeps.thin_disk_trials import strike_thin
from chaos.workload.clocks import WoundClock
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import verify
from prometheus_persist.session import Session
from prometheus_persist.testing.memory_fs import MemoryFs

CI_STRIDES: Final = {
    frozenset({"fsync", "reserve"}): 5,
    frozenset({"fsync_dir"}): 3,
}
CUTS = 2
FULL_CUTS = 6
FULL_WITHIN = 6
LATER_MS: Final = NOW_MS + 4 * LONG_MS
Course = Literal["killed", "refused", "went on"]
COURSES: Final[tuple[Course, ...]] = ("killed", "refused", "went on")


@dataclass(frozen=True, slots=True)
class Lived:
    """A life that is struck: which of the patient's, and how it is set."""

    name: str
    settings: SweptSettings

    def __str__(self) -> str:
        return f"{self.name}, mirror {self.settings.mirror}"


STRUCK: Final = (
    *(Lived(name, SETTINGS[name]) for name in LIVES),
    Lived(FIRST, replace(SETTINGS[FIRST], mirror="ack")),
    Lived(FIRST, replace(SETTINGS[FIRST], mirror="off", reserve_bytes=0)),
)


def sweep_fsync(seed: int, *, full: bool) -> Tally:
    """Every failed sync, and the power cuts after it."""
    tally = Tally("fsync", seed, full)
    with yard() as grounds:
        for lived in STRUCK:
            for syncs, stride in CI_STRIDES.items():
                for course, number in _points(seed, lived, 1 if full else stride):
                    if not _strike(tally, grounds, lived, course, syncs, number):
                        break
            grounds.clear()
        strike_thin(tally, grounds)
    if not full:
        strides = " and ".join(f"every {stride}th" for stride in CI_STRIDES.values())
        tally.notes.append(f"sampled: of each life's syncs of files and directories {strides}")
    return tally


def _points(seed: int, lived: Lived, stride: int) -> Iterator[tuple[Course, int]]:
    """Which sync fails, and what then; without end."""
    number = generator(seed, lived).randrange(stride) + 1
    for turn in itertools.count():
        for course in COURSES if stride == 1 else COURSES[turn % len(COURSES) :][:1]:
            yield course, number
        number += stride


def _strike(
    tally: Tally,
    grounds: Yard,
    lived: Lived,
    course: Course,
    syncs: frozenset[str],
    number: int,
) -> bool:
    """Fail one sync, go on, cut the power; whether there was such a sync."""
    disk = MemoryFs.of(disks_before(tally.seed)[lived.name])
    ears = ears_for(disk)
    switch = failing(disk, course, syncs, number, tally.seed)
    with dying(switch):
        try:
            live(
                grounds.plot(),
                SwitchedFs(disk, switch),
                ears,
                tally.seed,
                life=lived.name,
                settings=lived.settings,
                afterwards=_every_way(ears) if course == "went on" else _let_go,
            )
        except PersistError:
            tally.counts["the call raised"] += 1
    if not switch.fired:
        return False
    tally.struck(f"failed syncs: {switch.struck.partition(' ')[0]}")
    tally.counts[f"then {course}"] += 1
    where = f"{lived}, sync {number} ({switch.struck}), {course}"
    _go_on(tally, grounds, disk, ears, where)
    return True


def failing(
    disk: MemoryFs, course: Course, syncs: frozenset[str], number: int, seed: int
) -> FaultSwitch:
    """The switch that fails the ``number``-th of these, and has the disk lose what was pending."""
    rng = generator(seed, "lose", number) if number % 2 else None

    def lose(_operation: str, path: str) -> None:
        disk.lose(path, rng)

    kind: Literal["die", "errno"] = "die" if course == "killed" else "errno"
    return FaultSwitch(kind, at=number, code=errno.EIO, only=syncs, striking=lose)


def _let_go(_session: Session) -> None:
    """Nothing more is asked of it."""


def _every_way(ears: AckLog) -> Callable[[Session], None]:
    """Try to save in every way; what is acknowledged counts."""

    def act(session: Session) -> None:
        for way in (lambda: session.save("once more"), session.checkpoint, session.snapshot):
            try:
                way()
            except PersistError:
                continue
            ears.ack(session.seq)

    return act


def _go_on(tally: Tally, grounds: Yard, disk: MemoryFs, ears: AckLog, where: str) -> None:
    """Another life in the same boot; the power fails within it, and after it."""
    _cut(tally, grounds, disk, ears, f"{where}, the power at once")
    rng = generator(tally.seed, where)
    rehearsal, counting = disk.clone(), FaultSwitch()
    heir = ears.heir(rehearsal)
    _live_on(tally, grounds, rehearsal, counting, heir, f"{where}, then in the same boot")
    _cut(tally, grounds, rehearsal, heir, f"{where}, lived on")
    turn = rng.random() < 0.5  # sampled: one or the other
    within = min(counting.count, FULL_WITHIN if tally.full else turn)
    for number in sorted(rng.sample(range(1, counting.count + 1), within)):
        left, switch = disk.clone(), FaultSwitch("die", at=number)
        heir = ears.heir(left)
        _live_on(tally, grounds, left, switch, heir, where)
        _cut(tally, grounds, left, heir, f"{where}, the power at {number} ({switch.struck})")
    if turn and not tally.full:
        return
    again, syncs, number = disk.clone(), rng.choice(list(CI_STRIDES)), rng.randint(1, 30)
    heir = ears.heir(again)
    switch = failing(again, "refused", syncs, number, tally.seed)
    with_a_second = f"{where}, and sync {number} of the next"
    _live_on(tally, grounds, again, switch, heir, with_a_second)
    tally.struck("failed syncs in the life after it", switch.fired)
    heir = heir.heir(again)
    _live_on(tally, grounds, again, FaultSwitch(), heir, with_a_second)
    _cut(tally, grounds, again, heir, f"{with_a_second} ({switch.struck}), lived on")


def _live_on(
    tally: Tally, grounds: Yard, disk: MemoryFs, switch: FaultSwitch, ears: AckLog, where: str
) -> None:
    """A life that trades, saves and closes, on what it sees."""
    with dying(switch):
        try:
            live(
                grounds.plot(),
                SwitchedFs(disk, switch),
                ears,
                tally.seed,
                clock=WoundClock(LATER_MS),
            )
        except PersistError as problem:
            if switch.kind == "none":
                tally.wrong("the next life was refused", f"{where}: {problem}")


def _cut(tally: Tally, grounds: Yard, disk: MemoryFs, ears: AckLog, where: str) -> None:
    """What the power leaves: at worst, and by chance."""
    for cut in range(FULL_CUTS if tally.full else CUTS):
        rng = generator(tally.seed, where, cut) if cut else None
        left, told = disk.after_power_cut(rng), f"{where}, cut {cut}"
        tally.counts["power cuts"] += 1
        if judge_disk(tally, left, ears, told):
            _look(tally, left, told)
            reopened(tally, left, grounds, told)


def _look(tally: Tally, disk: MemoryFs, where: str) -> None:
    """Nothing is lost of the past, and the audit is what was written."""
    for damage in verify(disk, clock=WoundClock(NOW_MS)).facts.damages:
        if damage.outcome not in ("repaired", "ignored"):
            tally.wrong(
                f"{damage.outcome}, says verify", f"{where}: {damage.file} {damage.problem}"
            )
