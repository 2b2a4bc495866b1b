"""A recovery killed at every step of it: before every operation on the disk, within every write,
before every request to the exchange and after every answer; and the recovery after that killed too.

The situation is ``outage_fixture``: open orders of every kind, executions that nobody booked, a
stop that fired, a trade by hand, funding, a liquidation. The exchange is a fakeokx, asked through
ccxt. After each death a recovery that nobody disturbs must bring the reference's books
(``recovery_fixture``), at once: as many recoveries as deaths and one. Whatever is not sent a second
time was never re-sent: the exchange's own list of orders is compared.

Deaths are pretended within this process (``faults.switch``): the disk is dead from that moment on.
A sample, with ``full`` every one, is repeated by a real process and a real SIGKILL.

Without ``full``: every ``CI_STRIDE``-th death, begun where the seed says, every
``CI_NESTED``-th of them with a second death in the recovery after it, ``CI_CHILDREN`` processes.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.chance import generator
from chaos.faults.seam import DiskFault
from chaos.faults.switch import FaultSwitch, SwitchedFs, SwitchKind
from chaos.faults.wire import Moment, WireSwitch
from chaos.sweeps.outage_fixture import Crisis, crisis
from chaos.sweeps.recovery_fixture import (
    ReferenceBooks,
    die_on,
    judge_recovered,
    judge_reference,
    recover_on,
    referred,
)
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.tally import Tally
from prometheus_persist.testing.memory_fs import MemoryFs

CI_STRIDE = 5
CI_NESTED = 4
FULL_NESTED = 8
"""With ``full`` every death has so many second ones, spread over the recovery after it."""
CI_CHILDREN = 6
CHILD_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Blow:
    """One death: at which operation of which seam, and how."""

    kind: SwitchKind | Moment
    at: int
    share: int = 500

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"

    @property
    def on_disk(self) -> bool:
        """Whether the disk's operations are counted, not the requests."""
        return self.kind in ("die", "tear")

    def switches(self) -> tuple[FaultSwitch, WireSwitch]:
        """The two seams, one of them set."""
        if self.kind == "before" or self.kind == "after":
            return FaultSwitch(), WireSwitch(self.at, self.kind)
        return FaultSwitch(self.kind, at=self.at, share=self.share), WireSwitch()

    @property
    def name(self) -> str:
        """What the tally calls it."""
        return {
            "die": "kills before an operation",
            "tear": "kills within a write",
            "before": "kills before a request",
            "after": "kills after an answer",
        }[self.kind]


def sweep_recovery(seed: int, *, full: bool) -> Tally:
    """Every death of a recovery, and the deaths after it."""
    tally = Tally("recovery", seed, full)
    with (
        yard() as grounds,
        tempfile.TemporaryDirectory(prefix="chaos-recovery-") as home,
        crisis(Path(home) / "venue", grounds, seed) as made,
    ):
        due = referred(made)
        if judge_reference(tally, made, due):
            _deaths(tally, made, due, full=full)
            _children(tally, made, due, Path(home), full=full)
    return tally


def blows(crisis: Crisis, files: dict[str, bytes], seed: int, stride: int) -> Iterator[Blow]:
    """Every ``stride``-th death that a recovery on these files can die."""
    counting, wire = FaultSwitch(), WireSwitch()
    recover_on(crisis, SwitchedFs(MemoryFs.of(files), counting), wire)
    rng = generator(seed, "blows", len(files))
    every = [Blow("die", n) for n in range(1, counting.count + 1)]
    every += [
        Blow("tear", n, rng.randint(1, 999))
        for n, line in enumerate(counting.log, start=1)
        if line.startswith("write ")
    ]
    for moment in ("before", "after"):
        every += [Blow(moment, n) for n in range(1, wire.count + 1)]
    return iter(every[rng.randrange(stride) :: stride])


def _deaths(tally: Tally, crisis: Crisis, due: ReferenceBooks, *, full: bool) -> None:
    for number, blow in enumerate(
        blows(crisis, crisis.files, tally.seed, 1 if full else CI_STRIDE)
    ):
        disk = MemoryFs.of(crisis.files)
        if not _strike(tally, crisis, disk, blow, ""):
            continue
        left = disk.contents()
        judge_recovered(tally, crisis, MemoryFs.of(left), due, str(blow))
        if full or number % CI_NESTED == 0:
            _nested(tally, crisis, left, due, blow, seed=tally.seed + number, full=full)
        crisis.grounds.clear()
    if not full:
        tally.notes.append(f"sampled: every {CI_STRIDE}th death, after every {CI_NESTED}th another")


def _nested(
    tally: Tally,
    crisis: Crisis,
    left: dict[str, bytes],
    due: ReferenceBooks,
    first: Blow,
    *,
    seed: int,
    full: bool,
) -> None:
    second = list(blows(crisis, left, seed, 1))
    for blow in generator(seed, "nested").sample(second, FULL_NESTED if full else 1):
        disk = MemoryFs.of(left)
        if _strike(tally, crisis, disk, blow, "again, "):
            at = f"{first}, then {blow}"
            judge_recovered(tally, crisis, MemoryFs.of(disk.contents()), due, at)


def _strike(tally: Tally, crisis: Crisis, disk: MemoryFs, blow: Blow, when: str) -> bool:
    """Let a recovery die of it; a blow that hits nothing is a problem of the harness."""
    switch, wire = blow.switches()
    if not die_on(crisis, disk, switch, wire):
        tally.wrong("survived", f"{when}{blow} struck nothing")
        return False
    tally.struck(f"{when}{blow.name}")
    return True


def _children(tally: Tally, crisis: Crisis, due: ReferenceBooks, home: Path, *, full: bool) -> None:
    every = list(blows(crisis, crisis.files, tally.seed, 1))
    if not full:
        every = generator(tally.seed, "children").sample(every, CI_CHILDREN)
    for number, blow in enumerate(every):
        store = home / f"store{number}"
        _put(crisis.files, store)
        code = killed_child(crisis, store, blow)
        if code != -signal.SIGKILL:
            tally.wrong("survived", f"a process with {blow} ended with {code}")
            continue
        tally.struck("processes killed")
        judge_recovered(tally, crisis, MemoryFs.of(_taken(store)), due, f"a process, {blow}")
        crisis.grounds.clear()


def killed_child(crisis: Crisis, store: Path, blow: Blow) -> int:
    """The exit code of a recovery in a process of its own that is to die of ``blow``."""
    command = [sys.executable, "-m", "chaos.sweeps.recovery_child", str(store), crisis.venue.url]
    command += ["--ahead-ms", str(crisis.ahead_ms)]
    if blow.on_disk:
        fault = DiskFault("kill" if blow.kind == "die" else "tear", at_op=blow.at, share=blow.share)
        command += ["--fault", fault.text()]
    else:
        command += ["--request", f"{blow.kind}:{blow.at}"]
    done = subprocess.run(  # noqa: S603 our own module, no shell
        command, capture_output=True, timeout=CHILD_S_MAX, check=False
    )
    return done.returncode


def _put(files: dict[str, bytes], store: Path) -> None:
    for name, data in files.items():
        path = store / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _taken(store: Path) -> dict[str, bytes]:
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and not path.name.startswith("store.lock")
    }
