"""A day of 24 hours in some seconds: can any moment of it be had back, and does saving stay fast?

``python -m chaos.scenarios.day --dir DIR --record FILE --seed N``

The paper workload lives through 24 hours of five-minute cycles on a wound clock, with its hourly
snapshots, and is then killed. Before every commit the child says the digest of the state that it
leads to; after every cycle it says what time it is. Then sampled sequences are restored by number,
sampled times by time: the moments between two cycles, where nothing is being written.

The first ``SAVES_CYCLES`` cycles are saves into a fresh store, the last ones into one that is a day
old; each commit and each call is timed by the child's own watch. The directory should be on a real
disk, because that is what is measured.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from chaos.chance import generator
from chaos.digest import Fold, whole
from chaos.faults.deaths import forked
from chaos.faults.late import AckBeforeWrite
from chaos.record import CHILD, RUNNER, Voice, read
from chaos.saboteurs import SABOTEURS, Sabotage
from chaos.saboteurs.checks import believe_everything
from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper_life import CYCLE_MS, DAY_START_MS, open_on_paper
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import restore
from prometheus_persist.storage.fs import Fs, LocalFs

DAY_CYCLES = 24 * 12
SAVES_CYCLES = 24
MOMENTS = 40
HOUR_CYCLES = 12


def live_a_day(
    directory: Path, record: Path, seed: int, cycles: int, saboteur: Sabotage | None = None
) -> None:
    """The child: lives, then kills itself. Never returns."""
    voice = Voice(record, by=CHILD, run=1)
    clock = WoundClock(DAY_START_MS)
    narrator = Narrator(voice, fold=Fold())
    disk: Fs = LocalFs(directory)
    if saboteur == "ack-before-write":
        disk = AckBeforeWrite(disk)
    system = open_on_paper(directory, disk, narrator, seed, clock)
    for number in range(1, cycles + 1):
        if number in (1, cycles - SAVES_CYCLES + 1):
            voice.say("stretch", age="fresh" if number == 1 else "aged")
        elif number == SAVES_CYCLES + 1:
            voice.say("stretch", age="between")
        system.cycle()
        if number % HOUR_CYCLES == 0:
            system.session.snapshot()
        clock.advance(1000)
        voice.say("quiet", at_ms=clock.peek_ms(), seq=system.session.seq)
        clock.advance(CYCLE_MS - clock.peek_ms() % CYCLE_MS)
    os.kill(os.getpid(), signal.SIGKILL)


def look_back(directory: Path, record: Path, voice: Voice, seed: int, moments: int) -> None:
    """Restore sampled sequences and sampled times; write down what came back."""
    said = read(record)
    begun = {event["seq"]: event["digest"] for event in said.of("begin")}
    quiet = list(said.of("quiet"))
    rng = generator(seed, "moments")
    newest = max(begun)
    for seq in sorted({*rng.sample(sorted(begun), min(moments, len(begun))), newest}):
        _moment(directory, voice, by="seq", asked=seq, due_seq=seq, digest=begun[seq])
    for event in sorted(
        rng.sample(quiet, min(moments, len(quiet))), key=lambda each: int(each["at_ms"])
    ):
        due = max(seq for seq in begun if seq <= event["seq"])
        _moment(directory, voice, by="time", asked=event["at_ms"], due_seq=due, digest=begun[due])
    voice.say("looked_back")


def _moment(
    directory: Path, voice: Voice, *, by: str, asked: int, due_seq: int, digest: str
) -> None:
    clock = WoundClock(DAY_START_MS + DAY_CYCLES * CYCLE_MS)
    seq, at_ms = (asked, None) if by == "seq" else (None, asked)
    try:
        found = restore(LocalFs(directory), clock=clock, seq=seq, at_ms=at_ms)
    except PersistError as problem:
        voice.say("moment", how=by, asked=asked, due=[due_seq, digest], problem=str(problem))
        return
    voice.say(
        "moment",
        how=by,
        asked=asked,
        due=[due_seq, digest],
        restored=[found.seq, whole(found.documents, found.streams).value()],
        duration_ms=found.facts.duration_ms,
        base=found.facts.base,
        problem="",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Live the day in a child, then look back."""
    parser = argparse.ArgumentParser(prog="python -m chaos.scenarios.day", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cycles", type=int, default=DAY_CYCLES)
    parser.add_argument("--moments", type=int, default=MOMENTS, help="samples of each kind")
    parser.add_argument("--saboteur", choices=SABOTEURS)
    args = parser.parse_args(argv)
    if args.saboteur == "checksum-not-checked":
        believe_everything()
    died = forked(lambda: live_a_day(args.dir, args.record, args.seed, args.cycles, args.saboteur))
    voice = Voice(args.record, by=RUNNER, run=0)
    voice.say("lived", died=died, cycles=args.cycles)
    look_back(args.dir, args.record, voice, args.seed, args.moments)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
