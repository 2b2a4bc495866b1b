"""I6: an hour of trading at 50 commits a second, as fast as the machine goes.

Two agents trade on a clock that the sweep winds: 20 ms a commit, 180,000 commits in full, an order
through the paper exchange every ``ORDER_EVERY`` ticks, a cycle every ten seconds with checkpoint,
a snapshot every ten minutes, retention as the session does it by itself. The files are real ones,
on a disk in memory where there is one.

``SAMPLES`` times (``CI_SAMPLES``) are noted: commits, bytes and files on disk, open descriptors,
resident memory, how many commits a process of its own replays to restore what is there, and how
much time of the processor that takes it: what else the machine does is not counted. Asked is

- no descriptor is leaked: as many are open at every sample as at the first;
- memory grows no faster than ``RSS_BYTES_PER_COMMIT_MAX`` allows, beyond ``RSS_SLACK_BYTES``;
- what the fresh process restores is the commit that was last acknowledged, with its digest;
- a restore replays no more commits than lie between two snapshots, and takes no longer for each
  commit, document and record at the end of the hour than ``RESTORE_GROWTH_MAX`` times what it took
  at the first sample, beyond ``RESTORE_SLACK_S``: restoring does not slow down with age;
- the disk holds no more than ``DISK_BYTES_PER_COMMIT_MAX`` a commit: within the hours for which any
  commit can be restored nothing may be thrown away, so an hour's journal grows with its commits.

Here the fault is use itself: ``fired`` counts the commits. Without ``full`` the hour is
``CI_COMMITS`` commits long.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from chaos.digest import whole
from chaos.sweeps.reference_workload import INSTRUMENT, UNIT, AckLog, yard
from chaos.sweeps.tally import Tally
from chaos.workload.narrator import Narrator
from chaos.workload.paper import PaperBroker
from chaos.workload.paper_life import DAY_START_MS, FixedIds
from chaos.workload.population import newborn
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.storage.fs import LocalFs

HOUR_COMMITS = 180_000
CI_COMMITS = 2_400
SAMPLES = 12
CI_SAMPLES = 4
TICK_MS = 20
ORDER_EVERY = 100
CYCLE_EVERY = 500
AGENTS = 2
RSS_SLACK_BYTES = 64 * 1024 * 1024
RSS_BYTES_PER_COMMIT_MAX = 512
DISK_BYTES_PER_COMMIT_MAX = 8_192
DISK_SLACK_BYTES = 64 * 1024 * 1024
RESTORE_SECONDS_MAX = 120
RESTORE_GROWTH_MAX = 3.0
RESTORE_SLACK_S = 0.25
SNAPSHOTS_AN_HOUR = 6
TAIL_SLACK = 1.5  # a snapshot is made beside the loop, which goes on meanwhile


class CompressedClock:
    """Time that passes only when it is wound, on every dial."""

    def __init__(self) -> None:
        self._ms = float(DAY_START_MS)

    def wind(self, ms: float) -> None:
        """Move on."""
        self._ms += ms

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return int(self._ms)

    def monotonic_s(self) -> float:
        """The same, in seconds since the start."""
        return (self._ms - DAY_START_MS) / 1000

    def sleep(self, seconds: float) -> None:
        """Returns at once; the time has passed."""
        self.wind(seconds * 1000)


def sweep_soak(seed: int, *, full: bool) -> Tally:
    """The hour, or a part of it."""
    tally = Tally("soak", seed, full)
    if not Path("/proc/self/fd").is_dir():
        tally.skipped = "descriptors and memory are counted in /proc, which is not there"
        return tally
    commits = HOUR_COMMITS if full else CI_COMMITS
    with yard() as grounds:
        _soak(tally, grounds.plot(), commits, SAMPLES if full else CI_SAMPLES)
    if not full:
        tally.notes.append(f"sampled: {CI_COMMITS:,} of {HOUR_COMMITS:,} commits")
    return tally


def _soak(tally: Tally, store: Path, commits: int, samples: int) -> None:
    clock, ears = CompressedClock(), AckLog()
    narrator = Narrator(ears, fold=ears.fold)
    hour_s = commits * TICK_MS / 1000
    session = Session.open(
        store,
        clock=clock,
        ids=FixedIds(),
        observer=narrator,
        settings=Settings(save_every_cycles=1, snapshot_every_s=hour_s / SNAPSHOTS_AN_HOUR),
    )
    try:
        broker = PaperBroker(session, narrator)
        assert session.recover(broker.reader).decision == "go"
        for number in range(1, AGENTS + 1):
            session.add_agent(newborn(tally.seed, number, DAY_START_MS))
        names = sorted(session.state.agents)
        began = time.monotonic()
        for number in range(1, commits + 1):
            clock.wind(TICK_MS)
            _tick(session, broker, names[number % AGENTS], number)
            if len(ears.begun) > 1000:
                del ears.begun[:-10]
            if number % (commits // samples) == 0:
                tally.struck("commits", commits // samples)
                _sample(tally, store, session, ears, number, time.monotonic() - began, clock)
    finally:
        session.close()
    _judge(tally, commits)


def _tick(session: Session, broker: PaperBroker, who: str, number: int) -> None:
    if number % ORDER_EVERY == 0:
        side = "buy" if number // ORDER_EVERY % 2 else "sell"
        broker.market(who, INSTRUMENT, side, UNIT, reduce=False)
    agent = session.state.agents[who]
    session.state.agents[who] = agent.model_copy(
        update={
            "current_capital": agent.current_capital + Decimal("0.01"),
            "days_alive": number,
        }
    )
    session.on_trade(who)
    if number % CYCLE_EVERY == 0:
        session.on_cycle(number // CYCLE_EVERY)
        session.checkpoint()


def _sample(
    tally: Tally,
    store: Path,
    session: Session,
    ears: AckLog,
    number: int,
    seconds: float,
    clock: CompressedClock,
) -> None:
    gc.collect()
    sizes = [path.stat().st_size for path in store.rglob("*") if path.is_file()]
    told = _restored_elsewhere(store, clock.now_ms())
    if told["seq"] != session.seq:
        tally.wrong("another commit restored", f"{told['seq']}, not {session.seq}")
    elif told["digest"] != ears.fold.value():
        tally.wrong("another state restored", f"at commit {session.seq}")
    else:
        tally.counts["restored exactly"] += 1
    tally.rows.append(
        {
            "commits": number,
            "simulated s": round(clock.monotonic_s()),
            "disk MB": round(sum(sizes) / 1e6, 1),
            "files": len(sizes),
            "descriptors": descriptors_open(),
            "RSS MB": round(resident_bytes() / 1e6, 1),
            "replayed": told["frames"],
            "items": told["items"],
            "restore CPU ms": round(told["seconds"] * 1000, 1),
            "commits/s": round(number / seconds),
        }
    )


def _judge(tally: Tally, hour: int) -> None:
    first, last = tally.rows[0], tally.rows[-1]
    rate = first["restore CPU ms"] / (first["replayed"] + first["items"])
    between = TAIL_SLACK * hour / SNAPSHOTS_AN_HOUR + 2 * CYCLE_EVERY
    for row in tally.rows:
        if row["descriptors"] > first["descriptors"]:
            tally.wrong(
                "descriptors leaked", f"{row['descriptors']} open, {first['descriptors']} before"
            )
        if row["replayed"] > between:
            tally.wrong("a long tail", f"{row['replayed']} commits replayed, {between:.0f} are due")
        allowed = RESTORE_GROWTH_MAX * rate * (row["replayed"] + row["items"])
        if row["restore CPU ms"] > allowed + RESTORE_SLACK_S * 1000:
            tally.wrong("restores slow down", f"{row['restore CPU ms']} ms after {row['commits']}")
    commits = last["commits"] - first["commits"]
    allowed = (RSS_SLACK_BYTES + RSS_BYTES_PER_COMMIT_MAX * commits) / 1e6
    grown = last["RSS MB"] - first["RSS MB"]
    if grown > allowed:
        tally.wrong("memory grew", f"by {grown:.0f} MB in {commits:,} commits")
    disk = (DISK_SLACK_BYTES + DISK_BYTES_PER_COMMIT_MAX * last["commits"]) / 1e6
    if last["disk MB"] > disk:
        tally.wrong("disk grew", f"to {last['disk MB']:.0f} MB in {last['commits']:,} commits")


def _restored_elsewhere(store: Path, now_ms: int) -> dict[str, Any]:
    """What a process of its own restores, and what that costs it without its start."""
    done = subprocess.run(  # noqa: S603 the command is all our own
        [sys.executable, "-m", "chaos.sweeps.soak", str(store), str(now_ms)],
        capture_output=True,
        text=True,
        timeout=RESTORE_SECONDS_MAX,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def descriptors_open() -> int:
    """Of this process; one of them reads the list."""
    return len(list(Path("/proc/self/fd").iterdir())) - 1


def resident_bytes() -> int:
    """Of this process."""
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def _restore_and_tell(store: str, now_ms: int) -> None:
    clock = CompressedClock()
    clock.wind(now_ms - DAY_START_MS)
    began = time.process_time()
    found = restore(LocalFs(store), clock=clock)
    told = {
        "seconds": time.process_time() - began,
        "seq": found.seq,
        "digest": whole(found.documents, found.streams).value(),
        "frames": found.facts.frames_replayed,
        "items": len(found.documents) + sum(map(len, found.streams.values())),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    _restore_and_tell(sys.argv[1], int(sys.argv[2]))
