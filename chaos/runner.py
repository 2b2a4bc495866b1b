"""Plays scenarios and keeps what they leave: one directory per scenario, judged from its record.

    OUT/<scenario>/record.ndjson   what happened
    OUT/<scenario>/store, venue    what it happened to
    OUT/run.lock                   held while a run is under way
    OUT/run.json                   which scenarios, with which seed and options, and each record's
                                   digest once it is whole, so that ``gate`` can judge again

A scenario that was to be played and has no record, or another record than was written, is void: a
run that was stopped, copied by halves or edited afterwards is never green.

Sweeps run as two processes on ``/dev/shm`` where there is one; the day on OUT's own disk, because
that is where saving is timed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.judge import judge
from chaos.record import RUNNER, Voice, read
from chaos.saboteurs import Sabotage
from chaos.scenarios.environment import environment
from chaos.scenarios.model import Scenario
from chaos.scenarios.online import Stage
from chaos.scenarios.table import BY_NAME, SCENARIOS
from chaos.verdict import RunVerdict

RUN_FILE = "run.json"
LOCK_FILE = "run.lock"
RECORD_FILE = "record.ndjson"
SHARDS = 2
CHILD_S_MAX = 900.0
SHM = Path("/dev/shm")  # noqa: S108 a RAM disk, with a directory of our own in it


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is sampled. The gate strikes at every operation and lives a whole day."""

    sweep_stride: int = 1
    day_cycles: int = 288
    moments: int = 30


GATE = Effort()
QUICK = Effort(sweep_stride=12, day_cycles=72, moments=10)


class NoRun(Exception):
    """What lies there is no saved run: the file, and why."""


def play(
    scenario: Scenario,
    out: Path,
    seed: int,
    *,
    effort: Effort = GATE,
    saboteur: Sabotage | None = None,
) -> RunVerdict:
    """Play one scenario in ``out/<name>`` (emptied before) and judge it."""
    directory = out / scenario.name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    record = directory / RECORD_FILE
    began = time.monotonic()
    if scenario.course == "sweep":
        _sweep(record, seed, effort, saboteur)
    elif scenario.course == "day":
        _day(directory, record, seed, effort, saboteur)
    else:
        Stage(scenario, directory, record, seed, saboteur).play()
    Voice(record, by=RUNNER, run=0).say("took", seconds=time.monotonic() - began)
    return judge_again(directory, scenario, seed)


def judge_again(directory: Path, scenario: Scenario, seed: int) -> RunVerdict:
    """Judge what an earlier run left in ``directory``."""
    record = read(directory / RECORD_FILE)
    verdict = judge(scenario, record, seed)
    took = record.last("took")
    verdict.seconds = took["seconds"] if took else 0.0
    return verdict


def run(
    names: Iterable[str],
    out: Path,
    seed: int,
    *,
    effort: Effort = GATE,
    saboteur: Sabotage | None = None,
    told: Callable[[RunVerdict], None] = lambda _: None,
) -> list[RunVerdict]:
    """Play scenarios one after another; ``told`` hears each verdict as it falls. Raises
    BlockingIOError where another run is under way in ``out``."""
    chosen = [BY_NAME[name] for name in dict.fromkeys(names)]
    options = ["--quick"] * (effort == QUICK) + (["--saboteur", saboteur] if saboteur else [])
    records: dict[str, str] = {}
    plan = {"seed": seed, "scenarios": [each.name for each in chosen], "options": options}
    out.mkdir(parents=True, exist_ok=True)
    verdicts = []
    with _alone_in(out):
        _write_plan(out, {**plan, "records": records})
        for scenario in chosen:
            verdict = play(scenario, out, seed, effort=effort, saboteur=saboteur)
            verdict.options = tuple(options)
            records[scenario.name] = _digest(out / scenario.name / RECORD_FILE)
            _write_plan(out, {**plan, "records": records})
            told(verdict)
            verdicts.append(verdict)
    return verdicts


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Two runs would empty each other's directories. Raises BlockingIOError."""
    with (out / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def saved(out: Path) -> list[RunVerdict]:
    """Judge a saved run again, all of it; raises NoRun where there is none."""
    seed, names, options, records = _plan(out)
    verdicts = []
    for name in names:
        digest = _digest(out / name / RECORD_FILE)
        if name in records and digest == records[name]:
            verdict = judge_again(out / name, BY_NAME[name], seed)
        else:  # an altered record may be anything, so nobody judges it
            verdict = RunVerdict(name, seed, record=str(out / name / RECORD_FILE))
        verdict.assume("its record was finished", name in records)
        verdict.assume("its record is there", bool(digest))
        verdict.assume("its record is the one that was written", digest == records.get(name, ""))
        verdict.options = options
        verdicts.append(verdict)
    return verdicts


def judged_in(out: Path, seed: int, *, since: Path) -> list[RunVerdict]:
    """Judge every record in ``out`` that is not older than ``since``, in the catalogue's order."""
    start_ns = since.stat().st_mtime_ns
    records = {scenario: out / scenario.name / RECORD_FILE for scenario in SCENARIOS}
    return [
        judge_again(path.parent, scenario, seed)
        for scenario, path in records.items()
        if path.exists() and path.stat().st_mtime_ns >= start_ns
    ]


def is_complete(verdicts: Iterable[RunVerdict]) -> bool:
    """Whether every scenario of the catalogue is among them."""
    return {verdict.scenario for verdict in verdicts} == {each.name for each in SCENARIOS}


def _plan(out: Path) -> tuple[int, list[str], tuple[str, ...], dict[str, str]]:
    """What ``run.json`` says: seed, scenarios, options and digests."""
    file = out / RUN_FILE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        names = [str(name) for name in said["scenarios"]]
        options = tuple(str(word) for word in said.get("options", ()))
        records, seed = dict(said.get("records", {})), int(said["seed"])
    except OSError as problem:
        raise NoRun(file, problem.strerror) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoRun(file, "not what prometheus-chaos run writes") from None
    if strange := [name for name in names if name not in BY_NAME]:
        raise NoRun(file, f"{strange[0]!r} is no scenario")
    if not names:
        raise NoRun(file, "no scenarios")
    return seed, names, options, records


def _write_plan(out: Path, plan: Mapping[str, object]) -> None:
    (out / RUN_FILE).write_text(json.dumps(plan), encoding="utf-8")


def _digest(file: Path) -> str:
    """The digest of a record; empty where it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _sweep(record: Path, seed: int, effort: Effort, saboteur: Sabotage | None) -> None:
    home = SHM if SHM.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="prometheus-sweep-", dir=home) as work:
        for kind in ("kill", "tear", "errno"):
            commands = [
                [sys.executable, "-m", "chaos.scenarios.sweep", "--work", f"{work}/{shard}"]
                + ["--record", str(record), "--seed", str(seed), "--kind", kind]
                + ["--shard", f"{shard}/{SHARDS}", "--stride", str(effort.sweep_stride)]
                + (["--saboteur", saboteur] if saboteur else [])
                for shard in range(SHARDS)
            ]
            _together(commands, record.parent / f"sweep-{kind}.log")


def _day(
    directory: Path, record: Path, seed: int, effort: Effort, saboteur: Sabotage | None
) -> None:
    command = [sys.executable, "-m", "chaos.scenarios.day", "--dir", str(directory / "store")]
    command += ["--record", str(record), "--seed", str(seed)]
    command += ["--cycles", str(effort.day_cycles), "--moments", str(effort.moments)]
    command += ["--saboteur", saboteur] if saboteur else []
    _together([command], directory / "day.log")


def _together(commands: list[list[str]], log: Path) -> None:
    """Run processes side by side and wait; none is left behind, whatever happens."""
    with log.open("ab") as out:
        children = [
            subprocess.Popen(  # noqa: S603 our own modules, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl+C is for this process, which ends them
                env=environment(),
            )
            for command in commands
        ]
        try:
            for child in children:
                child.wait(CHILD_S_MAX)
        finally:
            for child in children:
                child.kill()
                child.wait()
