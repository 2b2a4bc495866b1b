"""Kill, tear or fail the paper workload at every single operation, one forked child at a time.

``python -m chaos.scenarios.sweep --work DIR --record FILE --seed N --kind kill|tear|errno``

A base store is made once: three cycles, then a SIGKILL in the middle of a frame. Every point copies
it, forks a child that opens, repairs, recovers, lives through two cycles (trades, a checkpoint, a
snapshot and its clean-up) and closes, and strikes that child at operation N. Then

- a read-only restore tells what came back;
- a second child opens the store and is killed at some operation of that; a restore again;
- a third child opens and leaves in peace; a restore again. All three must say the same.

The parent is a process of its own with one thread, so that forking it is safe. It only writes down
what it saw; whether that is right is the judge's business. The children work on a wound clock, and
on ``/dev/shm`` where there is one: what is tried is the order of operations, not the disk.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.chance import generator
from chaos.digest import Fold, whole
from chaos.faults import DiskFault, FaultyFs
from chaos.faults.deaths import forked
from chaos.faults.late import AckBeforeWrite
from chaos.faults.seam import FaultKind
from chaos.record import CHILD, RUNNER, Voice, read
from chaos.saboteurs import SABOTEURS, Sabotage
from chaos.saboteurs.checks import believe_everything
from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper_life import DAY_START_MS, live_on_paper
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session
from prometheus_persist.storage.fs import Fs, LocalFs

BASE_CYCLES = 3
SWEPT_CYCLES = 2
BASE_TEAR_OP = 20
OPEN_OPS_ABOUT = 24


@dataclass(frozen=True, slots=True)
class ChildSeen:
    """What a restore said: a state's sequence and digest, or why there is none."""

    seq: int = 0
    digest: str = ""
    agents: int = 0
    problem: str = ""


class OperationSweep:
    """One kind of fault over one base store."""

    def __init__(
        self, work: Path, voice: Voice, seed: int, kind: FaultKind, saboteur: Sabotage | None
    ) -> None:
        self._work = work
        self._voice = voice
        self._seed = seed
        self._kind = kind
        self._saboteur = saboteur
        self._base = work / "base"
        self._base_fold = Fold()
        self._base_seq = 0
        self._clock_ms = DAY_START_MS

    def prepare(self) -> None:
        """Make the base store: three cycles, then torn in the middle of the next life."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._base.mkdir(parents=True)
        clock = WoundClock(DAY_START_MS)
        live_on_paper(
            self._base, LocalFs(self._base), Narrator(_Deaf()), self._seed, clock, BASE_CYCLES
        )
        found = self._child(self._base, DiskFault("tear", at_op=BASE_TEAR_OP), self._work / "b")
        assert found[0] == -9, f"the base was to be killed, it ended with {found[0]}"
        restored = restore(LocalFs(self._base), clock=clock)
        self._base_fold = whole(restored.documents, restored.streams)
        self._clock_ms = restored.time_ms
        self._base_seq = restored.seq

    def point(self, number: int) -> bool:
        """Strike at operation ``number``; False once that is beyond the end of the run."""
        store = self._work / "store"
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(self._base, store)
        share = generator(self._seed, "tear", number).randint(1, 999)
        said = self._work / "said"
        fault = DiskFault(self._kind, at_op=number, share=share)
        code, lines = self._child(store, fault, said)
        fired = [line for line in lines if line["event"] == "fired"]
        if not fired:
            return False
        acked = max((e["seq"] for e in lines if e["event"] == "durable"), default=self._base_seq)
        begun = [[e["seq"], e["digest"]] for e in lines if e["event"] == "begin"]
        first = self._look(store)
        nested = self._reopened(store, DiskFault("kill", at_op=1 + number % OPEN_OPS_ABOUT))
        second = self._look(store)
        self._reopened(store, None)
        third = self._look(store)
        ends = [line for line in lines if line["event"] == "end"]
        self._voice.say(
            "point",
            kind=self._kind,
            number=number,
            operation=fired[-1]["operation"],
            fired=len(fired),
            died=code,
            raised=ends[-1]["problem"] if ends else "",
            typed=ends[-1]["typed"] if ends else False,
            base=[self._base_seq, self._base_fold.value()],
            acked=acked,
            begun=begun[-3:],
            restored=[first.seq, first.digest, first.agents, first.problem],
            nested_fired=nested == -9,
            after_nested=[second.seq, second.digest, second.problem],
            again=[third.seq, third.digest, third.problem],
        )
        return True

    def _look(self, store: Path) -> ChildSeen:
        try:
            found = restore(LocalFs(store), clock=WoundClock(self._clock_ms))
        except PersistError as problem:
            return ChildSeen(problem=f"{type(problem).__name__}: {problem.detail}")
        agents = sum(key.startswith("agents/") for key in found.documents)
        return ChildSeen(found.seq, whole(found.documents, found.streams).value(), agents)

    def _child(
        self, store: Path, fault: DiskFault | None, said: Path
    ) -> tuple[int, list[dict[str, Any]]]:
        """Fork a life on ``store``; its exit code (negative: signal) and what it said."""
        said.unlink(missing_ok=True)
        fold = self._base_fold

        def body() -> None:
            voice = Voice(said, by=CHILD, run=1)
            faulty = FaultyFs(
                self._disk(store),
                fault,
                on_fire=lambda operation, number: voice.say(
                    "fired", operation=operation, number=number
                ),
            )
            clock = WoundClock(self._clock_ms)
            try:
                live_on_paper(
                    store, faulty, Narrator(voice, fold=fold), self._seed, clock, SWEPT_CYCLES
                )
            except (PersistError, OSError) as problem:
                typed = isinstance(problem, PersistError)
                voice.say("end", problem=f"{type(problem).__name__}: {problem}", typed=typed)

        code = forked(body)
        return code, [dict(event) for event in read(said).events]

    def _reopened(self, store: Path, fault: DiskFault | None) -> int:
        """Fork a child that opens the store and lets go again."""

        def body() -> None:
            faulty = FaultyFs(LocalFs(store), fault)
            session = Session.open(store, fs=faulty, clock=WoundClock(self._clock_ms))
            session.close(save=False)

        return forked(body)

    def _disk(self, store: Path) -> Fs:
        disk: Fs = LocalFs(store)
        return AckBeforeWrite(disk) if self._saboteur == "ack-before-write" else disk


class _Deaf:
    """A speaker nobody listens to."""

    def say(self, event: str, **fields: Any) -> None:
        """Nothing."""


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep; ``--shard i/n`` takes every n-th of the points, so that n processes share them."""
    parser = argparse.ArgumentParser(prog="python -m chaos.scenarios.sweep", description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=("kill", "tear", "errno"), default="kill")
    parser.add_argument("--shard", default="0/1", help="i/n")
    parser.add_argument("--stride", type=int, default=1, help="every how many operations")
    parser.add_argument("--saboteur", choices=SABOTEURS)
    args = parser.parse_args(argv)
    index, shards = (int(word) for word in args.shard.split("/"))
    if args.saboteur == "checksum-not-checked":
        believe_everything()
    voice = Voice(args.record, by=RUNNER, run=0)
    sweep = OperationSweep(args.work, voice, args.seed, args.kind, args.saboteur)
    sweep.prepare()
    number = 1 + index * args.stride
    while sweep.point(number):
        number += shards * args.stride
    voice.say("swept", kind=args.kind, shard=args.shard, stride=args.stride, beyond=number)
    shutil.rmtree(args.work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
