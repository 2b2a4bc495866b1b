"""Failed syncs and power cuts on a real ext4 (``faults/thin_disk.py``); a part of sweep ``fsync``.

A trial: a process opens a store and saves; the device runs out of room, with so many blocks left
as the seed says; the process saves until one is refused, and lets go or is killed. There is room
again, and in the same boot another process opens the store, saves, and closes or is killed. Then
the power goes, and what the device has is judged: nothing that either of them acknowledged is lost.

The three mirror modes, each with space reserved ahead and without. ``FULL_TRIALS`` of each mode, or
one. A trial in which no sync failed is told apart, and makes the sweep void if there are no others.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chaos.chance import generator
from chaos.faults.thin_disk import thin_disk, why_not
from chaos.sweeps.judge_restore import judge_disk, reopened
from chaos.sweeps.reference_workload import AckLog, Yard
from chaos.sweeps.tally import Tally
from prometheus_persist.recovery import verify
from prometheus_persist.testing.memory_fs import MemoryFs

MIRRORS: Final = ("behind", "ack", "off")
FULL_TRIALS = 40
RESERVES: Final = (0, 4096, 65536)
BLOCKS_LEFT_MAX = 12
SAVES_MAX = 400
SAVES_LATER = 12
SECONDS_MAX = 120
READ_ONLY = "Read-only file system"
STRUCK = "failed syncs on a real ext4"


@dataclass(frozen=True, slots=True)
class DiskTrial:
    """One: how the store is set, how much room is left, how the two processes end."""

    mirror: str
    reserve: int
    blocks_left: int
    ends: tuple[str, str]

    def __str__(self) -> str:
        how = f"{self.blocks_left} blocks left, {self.ends[0]}, then {self.ends[1]}"
        return f"real ext4, mirror {self.mirror}, {self.reserve} reserved, {how}"


def trials(seed: int, *, full: bool) -> list[DiskTrial]:
    """What is tried."""
    found = []
    for mirror in MIRRORS:
        for number in range(FULL_TRIALS if full else 1):
            rng = generator(seed, "thin", mirror, number)
            ends = (rng.choice(("let-go", "kill")), rng.choice(("close", "let-go", "kill")))
            left = rng.randint(0, BLOCKS_LEFT_MAX)
            found.append(DiskTrial(mirror, RESERVES[number % len(RESERVES)], left, ends))
    return found


def strike_thin(tally: Tally, grounds: Yard, *, plant: str = "") -> None:
    """All trials, or a note why there are none."""
    missing = why_not()
    if missing:
        tally.counts["real ext4, skipped"] += 1
        tally.notes.append(f"no real ext4: {missing}")
        return
    for trial in trials(tally.seed, full=tally.full):
        _try(tally, grounds, trial, plant)


def _try(tally: Tally, grounds: Yard, trial: DiskTrial, plant: str) -> None:
    ears = AckLog()
    with thin_disk() as disk:
        store = disk.mount / "store"
        with _Child(store, trial, 0, plant) as first:
            assert not first.until_ready(ears), "a new disk has room"
            disk.fill(trial.blocks_left)
            failed = first.to_the_end(ears)
        disk.room()
        tally.struck(STRUCK, bool(failed))
        tally.counts[f"{STRUCK}, mirror {trial.mirror}"] += bool(failed)
        tally.counts["trials on a real ext4"] += 1
        if any(not one["free"] for one in failed):
            tally.wrong("the file system was full, not its device", f"{trial}: {failed}")
        with _Child(store, trial, 1, plant) as second:
            refused = second.until_ready(ears)
            again = [] if refused else second.to_the_end(ears)
        if READ_ONLY in refused:
            tally.counts["ext4 had enough of it, and went read-only"] += 1
        elif refused or again:
            tally.wrong("failed with room", f"{trial}: {refused or again}")
        disk.cut_power()
        files = {
            str(path.relative_to(store)): path.read_bytes()
            for path in store.rglob("*")
            if path.is_file() and not path.name.startswith("store.lock")
        }
    left = MemoryFs.of(files)
    tally.counts["power cuts on a real ext4"] += 1
    if judge_disk(tally, left, ears, str(trial)):
        for damage in verify(left).facts.damages:
            if damage.outcome not in ("repaired", "ignored"):
                tally.wrong(f"{damage.outcome}, says verify", f"{trial}: {damage.problem}")
        reopened(tally, left, grounds, str(trial))


class _Child:
    """A process that lives on the disk; gone when its block is left."""

    def __init__(self, store: Path, trial: DiskTrial, number: int, plant: str) -> None:
        self._trial = f"{trial}, process {number + 1}"
        saves = SAVES_LATER if number else SAVES_MAX
        self._process = subprocess.Popen(  # noqa: S603 the command is all our own
            [
                *(sys.executable, "-m", "chaos.sweeps.thin_disk_child", str(store)),
                *("--mirror", trial.mirror, "--reserve", str(trial.reserve)),
                *("--saves", str(saves), "--end", trial.ends[number]),
                *(("--plant", plant) if plant else ()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def until_ready(self, ears: AckLog) -> str:
        """Until it waits; or why it cannot open the store."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = _heard(ears, line)
            if said["event"] in ("ready", "refused"):
                return str(said.get("problem", ""))
        raise RuntimeError(f"{self._trial}: {self._process.communicate()[1][-800:]}")

    def to_the_end(self, ears: AckLog) -> list[dict[str, Any]]:
        """Let it go on; what failed, once it has ended."""
        out, _ = self._process.communicate("go\n", timeout=SECONDS_MAX)
        said = [_heard(ears, line) for line in out.splitlines()]
        return [one for one in said if one["event"] == "failed"]


def _heard(ears: AckLog, line: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(line)
    ears.say(said["event"], **{key: value for key, value in said.items() if key != "event"})
    return said
