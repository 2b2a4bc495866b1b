"""The power fails before every operation of a life; several disks that may be left are restored.

The lives and the operations are those of ``kills``. What a cut may leave is ``MemoryFs``'s model:
at worst only what was synced; names of every directory old or new, one by one; of a file's
unsynced writes a leading part or any of them, torn at any byte, zeros where only the length
arrived, or any of their sectors. At every operation (without ``full``: every ``CI_STRIDE``-th) are
tried: the worst case; everything arrived; ``FULL_CUTS`` or ``CI_CUTS`` chances; and, where a file
has unsynced bytes, cuts of it at up to ``FULL_TEARS`` or ``CI_TEARS`` lengths.

Nested: the process is killed before or within operation N, the next one comes back on what it sees,
synced or not, and the power fails before its operation M, for ``FULL_AGAIN`` or ``CI_AGAIN`` of
them: the worst case, and ``FULL_AGAIN_CUTS`` or one chance.

What is asked is the same as after a kill: every acknowledged commit is there, and no mixture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaos.chance import generator
from chaos.faults.deaths import deaths, rehearsed
from chaos.faults.switch import FaultSwitch
from chaos.sweeps.judge_restore import judge_disk, reopen, reopened
from chaos.sweeps.kills import Wreck, wrecks
from chaos.sweeps.reference_workload import AckLog, Yard, yard
from chaos.sweeps.tally import Tally
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

CI_CUTS = 4
CI_STRIDE = 9
FULL_CUTS = 40
FULL_TEARS = 40
CI_TEARS = 2
FULL_AGAIN = 12
FULL_AGAIN_CUTS = 6
CI_AGAIN = 2


def sweep_power(seed: int, *, full: bool) -> Tally:
    """Every cut."""
    tally = Tally("power", seed, full)
    with yard() as grounds:
        stride = 1 if full else CI_STRIDE
        for wreck in wrecks(grounds, seed, {"die": stride, "tear": stride}):
            for what, disk in disks_after(wreck, seed, full=full):
                where = f"{wreck.where}, {what}"
                tally.struck(f"cuts: {what.partition(' ')[0]}")
                if judge_disk(tally, disk, wreck.ears, where) and not what.startswith("torn"):
                    reopened(tally, disk, grounds, where)
            _again(tally, wreck, grounds, full=full)
            grounds.clear()
    if not full:
        tally.notes.append(f"sampled: every {CI_STRIDE}th operation, {CI_CUTS} chances each")
    return tally


def _again(tally: Tally, wreck: Wreck, grounds: Yard, *, full: bool) -> None:
    """The power fails while the next process comes back."""

    def fresh() -> tuple[MemoryFs, AckLog]:
        disk = wreck.disk.clone()
        return disk, wreck.ears.heir(disk)

    def back(fs: Fs, ears: AckLog) -> None:
        reopen(fs, grounds, ears)

    every = range(1, rehearsed(fresh, back) + 1)
    rng = generator(tally.seed, wreck.where, "again")
    picked = sorted(rng.sample(every, min(len(every), FULL_AGAIN if full else CI_AGAIN)))
    for one in deaths((FaultSwitch("die", at=number) for number in picked), fresh, back):
        where = f"{wreck.where}, then the power at {one.switch.at} ({one.switch.struck})"
        for cut in range(-1, FULL_AGAIN_CUTS if full else 1):
            chance = generator(tally.seed, where, cut) if cut >= 0 else None
            tally.struck("cuts during the recovery from a kill", bool(one.switch.fired))
            judge_disk(tally, one.disk.after_power_cut(chance), one.seen, f"{where}, {cut}")


def disks_after(wreck: Wreck, seed: int, *, full: bool) -> Iterator[tuple[str, MemoryFs]]:
    """Disks that this cut may leave, each with what it is."""
    disk = wreck.disk
    yield "worst", disk.after_power_cut()
    yield "everything", MemoryFs.of(disk.contents())
    for number in range(FULL_CUTS if full else CI_CUTS):
        rng = generator(seed, wreck.where, number)
        yield f"chance {number}", disk.after_power_cut(rng)
    longest = max(disk.pending().values(), default=0)
    lengths: Sequence[int] = range(1, longest)
    tears = FULL_TEARS if full else CI_TEARS
    if len(lengths) > tears:
        lengths = sorted(generator(seed, wreck.where, "tears").sample(lengths, tears))
    for length in lengths:
        yield f"torn at {length}", disk.after_power_cut(torn=length)
