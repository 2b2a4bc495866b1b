"""Carries out an online scenario: a fakeokx, a store, children, and what is done to them.

The runner writes down what it did; it judges nothing. Before and after every child it hashes the
ledger files, and after every child it takes the exchange's books and a read-only look at the store.
The market moves before each of a child's cycles and stands still otherwise, so that what happens
behind a dead trader's back is exactly what the scenario says.
"""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import fakeokx
from chaos.chance import generator
from chaos.digest import JsonObject
from chaos.faults import DiskFault, FileDamage, damage_file
from chaos.record import RUNNER, Tail, Voice
from chaos.saboteurs import Sabotage
from chaos.scenarios import world
from chaos.scenarios.environment import environment
from chaos.scenarios.model import (
    HandTrade,
    Scenario,
    Spoil,
    Step,
    StopOut,
    Trade,
    VenueDown,
    VenueUp,
)

CHILD_S_MAX = 90.0
_POLL_S = 0.02
LEDGER_FILES = (
    "incremental/public_ledger.json",
    "incremental/private_ledgers/*.json",
    "incremental/agents/*.json",
    "incremental/valhalla.json",
)


def _nobody(_event: JsonObject) -> None:
    return None


@dataclass(slots=True)
class Stage:
    """Where a scenario plays.

    ``audience`` hears every event as it is recorded, the children's among them; ``report_to`` is a
    descriptor for what the children print, without one it goes to a log beside the record.
    """

    scenario: Scenario
    directory: Path
    record: Path
    seed: int
    saboteur: Sabotage | None = None
    lang: str = "en"
    pause_s: float = 0.0
    audience: Callable[[JsonObject], None] = _nobody
    report_to: int | None = None
    runs: int = 0
    _spoilt: int = 0
    _plan_hash: str = ""
    _voice: Voice = field(init=False)
    _tail: Tail = field(init=False)
    _venue: fakeokx.FakeOkx = field(init=False)
    _rng: random.Random = field(init=False)

    @property
    def store(self) -> Path:
        """The store's directory."""
        return self.directory / "store"

    def play(self) -> None:
        """All steps, in order."""
        self._voice = Voice(self.record, by=RUNNER, run=0)
        self._tail = Tail(self.record)
        self._rng = generator(self.seed, self.scenario.name)
        self._voice.say("scenario", name=self.scenario.name, seed=self.seed)
        with fakeokx.launch(self.directory / "venue", seed=self.seed) as self._venue:
            for step in self.scenario.steps:
                try:
                    self._step(step)
                except world.NothingToDo as why:
                    self._voice.say("nothing_to_do", step=type(step).__name__, why=str(why))
                    return
        self._voice.say("played")
        self._news()

    def _step(self, step: Step) -> None:
        match step:
            case Trade():
                self._trade(step)
            case StopOut():
                self._voice.say("inject", **world.stop_out(self._venue, self._rng))
            case HandTrade(way):
                self._voice.say("inject", **world.hand_trade(self._venue, self._rng, way))
            case Spoil(glob, kind, at):
                self._spoil(glob, FileDamage(kind, self._rng.randint(*at)))
            case VenueDown():
                self._venue.kill()
                self._voice.say("inject", kind="venue_down", running=self._venue.is_running)
            case VenueUp():
                self._venue.restart()
                self._voice.say("venue_up")

    # -- children

    def _trade(self, step: Trade) -> None:
        self.runs += 1
        run = self.runs
        fault = self._fault(step)
        self._files(run, "before")
        child = self._spawn(run, step, fault)
        try:
            put_down = self._follow(child, run, step)
            code = child.wait()
        finally:
            child.kill()
            child.wait()
        due = -signal.SIGKILL if step.due == "killed" else step.due
        self._voice.say(
            "exit",
            child=run,
            code=code,
            due=due,
            fault=fault and fault.text(),
            overdue=put_down,
        )
        self._files(run, "after")
        self._truth(f"after child {run}")
        self._look(f"after child {run}", settled=code in (0, 130))

    def _fault(self, step: Trade) -> DiskFault | None:
        strike = step.strike
        if strike is None:
            return None
        share = self._rng.randint(1, 999)
        if strike.after_order is not None:
            return DiskFault(
                strike.kind, after_order=self._rng.randint(*strike.after_order), share=share
            )
        assert strike.at_op is not None
        return DiskFault(strike.kind, at_op=self._rng.randint(*strike.at_op), share=share)

    def _spawn(self, run: int, step: Trade, fault: DiskFault | None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "chaos.workload", "--dir", str(self.store)]
        command += ["--url", self._venue.url, "--seed", str(self.seed)]
        command += [
            "--moves-market",
            "--cycles",
            str(step.cycles),
            "--say",
            str(self.record),
            "--run",
            str(run),
        ]
        command += ["--report-lang", self.lang, "--pause", str(self.pause_s)]
        command += ["--approve", self._plan_hash] if step.approve else []
        command += ["--fault", fault.text()] if fault else []
        command += ["--saboteur", self.saboteur] if self.saboteur else []
        self._voice.say("spawn", child=run, due=step.due, fault=fault and fault.text())
        with (self.directory / f"child{run}.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 our own module, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log if self.report_to is None else self.report_to,
                stderr=log,
                start_new_session=True,  # Ctrl+C is for this process, which ends it
                env=environment(),
            )

    def _follow(self, child: subprocess.Popen[bytes], run: int, step: Trade) -> bool:
        """Wait while the child lives; True where it had to be put down."""
        cycles, rival, interrupt_after = 0, step.rival, step.interrupt_after
        deadline = time.monotonic() + CHILD_S_MAX
        while child.poll() is None:
            events = self._news()
            cycles += sum(each["event"] == "cycle" and each["run"] == run for each in events)
            if rival and cycles:
                self._rival(rival)
                rival = 0
            if interrupt_after and cycles >= interrupt_after:
                self._voice.say("inject", kind="sigint", after_cycles=cycles)
                child.send_signal(signal.SIGINT)
                interrupt_after = 0
            if time.monotonic() > deadline:
                child.kill()
                return True
            time.sleep(_POLL_S)
        self._news()
        return False

    def _news(self) -> list[JsonObject]:
        """What has been recorded since the last call, passed on to the audience."""
        events = self._tail.news()
        for event in events:
            if event["event"] == "recovered" and event["facts"]["plan"]:
                self._plan_hash = event["facts"]["plan"]["plan_hash"]
            self.audience(event)
        return events

    def _rival(self, due: int) -> None:
        """Start a second writer on the same store, and wait for what it says."""
        self.runs += 1
        run = self.runs
        child = self._spawn(run, Trade(cycles=1, due=due), None)
        try:
            code = child.wait(CHILD_S_MAX)
        finally:
            child.kill()
        self._voice.say("inject", kind="rival", child=run)
        self._voice.say("exit", child=run, code=code, due=due, fault=None, overdue=False)

    # -- the world

    def _spoil(self, glob: str, damage: FileDamage) -> None:
        found = sorted(self.store.glob(glob), key=lambda path: (path.stat().st_size > 2000, path))
        if not found:
            raise world.NothingToDo(f"no file matches {glob}")
        path = found[-1]
        self._voice.say(
            "damage",
            path=path.relative_to(self.store).as_posix(),
            what=damage_file(path, damage),
        )
        self._spoilt += 1
        self._look(f"after damage {self._spoilt}", settled=False)

    # -- writing down

    def _files(self, run: int, when: str) -> None:
        found = {
            path.relative_to(self.store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for glob in LEDGER_FILES
            for path in sorted(self.store.glob(glob))
        }
        self._voice.say("files", child=run, when=when, hashes=found)

    def _truth(self, label: str) -> None:
        if self._venue.is_running:
            self._voice.say("truth", label=label, truth=world.books(self._venue.truth()))

    def _look(self, label: str, *, settled: bool) -> None:
        command = [sys.executable, "-m", "chaos.workload.look", "--dir", str(self.store)]
        command += ["--record", str(self.record), "--label", label]
        command += ["--settled"] if settled else []
        command += ["--saboteur", self.saboteur] if self.saboteur else []
        subprocess.run(  # noqa: S603 our own module, no shell
            command,
            check=False,
            env=environment(),
            start_new_session=True,  # Ctrl+C is for this process, which ends it
        )
