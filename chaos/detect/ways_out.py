"""I14: Safe and Live over random histories, and the verdict over all of them.

Of every history (``histories.py``), in this process:

- Safe: after the start, and after every step that the report then names, new entries pass only
  where the books are what the exchange holds (``safe.py``); and before anybody was asked, what was
  booked there is what the oracle can prove;
- Live: nothing is shut that no discrepancy is about; by the steps that the report names, all
  contracts of ours trade again; market orders pass, are booked, and the recovery after them shuts
  nothing (``live.py``). Where there is something to choose from, it is chosen at random.

Of the first ``commands`` ones that need a step, the steps are commands that are run as printed, by
a shell, against a store on disk and the exchange behind a port (``commands.py``).

A failing history is told with the fewest kinds that still fail, and the command that repeats it.
"""

from __future__ import annotations

import contextlib
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chaos.chance import generator
from chaos.detect.commands import CommandLine, on_disk
from chaos.detect.correct import TOLD_MAX, held_by, moved, wrong_holdings
from chaos.detect.histories import RandomHistory, history
from chaos.detect.kinds import BY_NAME, COMBINED
from chaos.detect.live import LATER_MS, Hands, Inside, Told, ours, trades, way_out
from chaos.detect.restart import restarted, stored
from chaos.detect.stage import Kind
from chaos.detect.trial import shut_beside
from chaos.verdict import Outcome
from chaos.workers import in_order, workers
from prometheus_persist.cli.ending import raise_if_stopped
from prometheus_persist.clock import SystemClock
from prometheus_persist.reconcile.plan import Case, Resolution
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.json_form import facts_to_json

TRADED_MAX: Final = 2
UNFIT: Final = frozenset(
    {"clock-at-restart", "positions-empty", "position-missing", "position-shrunk"}
)
"""What a command cannot be tried on: its clock is the machine's, and so is the exchange's then."""


FAULTS: Final = ("wrong gates", "dead ends", "shut beside")


@dataclass(slots=True)
class HistoryResult:
    """What one history came to. ``steps`` are the commands that were carried out."""

    number: int
    kinds: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    by_command: bool = False
    open_at_once: bool = False
    wrong_gates: tuple[str, ...] = ()
    shut_beside: tuple[str, ...] = ()
    dead_end: str = ""
    void: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is a counterexample."""
        return bool(self.wrong_gates or self.shut_beside or self.dead_end)


def played(seed: int, number: int, kinds: Sequence[Kind] | None = None) -> HistoryResult:
    """One history in this process."""
    raise_if_stopped()
    result = HistoryResult(number)
    try:
        made = history(seed, number, kinds)
        result.kinds = made.drawn
        _inside(made, result, generator("ways", seed, number))
    except Exception as problem:  # noqa: BLE001 whatever it was, the history proves nothing
        result.void = _where(problem)
    return result


def _inside(made: RandomHistory, result: HistoryResult, rng: random.Random) -> None:
    world, truth = made.world, made.world.truth()
    with restarted(world, stored(world)) as start:
        facts = start.recover()
        hands = Inside(start)
        told: Told = facts_to_json(facts)
        passing = set(ours(world)) - set(hands.shut())
        result.open_at_once = not hands.shut()
        wounds = [wound for _, wound in made.struck]
        if not (made.half_done or _all_wait(facts)):
            result.shut_beside = tuple(shut_beside(world, wounds, hands.shut()))
        before, after = held_by(world.state), held_by(start.session.state)
        wrong = wrong_holdings(after, truth)
        sure = [told for key, told in wrong.items() if key[0] in passing]
        alone = len(made.struck) == 1 and not made.half_done
        unsure = {key[0] for key in truth.unprovable} & passing if alone else set()
        changed = moved(before, after, unsure)
        sure += [told for key, told in changed.items() if key in truth.unprovable]
        result.wrong_gates = tuple(f"open, and not proven: {each}" for each in sure)
        if made.passes:
            world.venue.advance(LATER_MS)
            told = hands.start()
        _go(hands, told, result, rng)
        if not result.dead_end:
            names = ours(world)
            chosen = rng.sample(names, min(TRADED_MAX, len(names)))
            result.dead_end = trades(start, chosen)


def _all_wait(facts: RecoveryFacts) -> bool:
    """Whether a direction differs, or money that nobody accounts for: several discrepancies on one
    position may add up to that, and each of these stops everything."""
    findings = () if facts.plan is None else facts.plan.findings
    return any(
        one.case is Case.D or (one.case is Case.K and one.resolution is Resolution.HUMAN)
        for one in findings
    )


def _go(hands: Hands, told: Told, result: HistoryResult, rng: random.Random) -> None:
    way = way_out(hands, told, rng)
    result.steps = tuple(way.steps)
    result.wrong_gates += tuple(dict.fromkeys(way.wrong))
    result.dead_end = way.dead


def commanded(seed: int, number: int, kinds: Sequence[Kind] | None = None) -> HistoryResult:
    """One history whose steps are run as printed."""
    raise_if_stopped()
    result = HistoryResult(number, by_command=True)
    pool = [kind for kind in COMBINED if kind.name not in UNFIT]
    try:
        made = history(seed, number, kinds, pool=pool, until_ms=SystemClock().now_ms())
        result.kinds = made.drawn
        rng = generator("ways", seed, number)
        with on_disk(made.world) as place:
            hands = CommandLine(made.world, place)
            told = hands.start()
            result.open_at_once = not hands.shut()
            _go(hands, told, result, rng)
            if not result.dead_end:
                result.dead_end = hands.trades(rng.sample(ours(made.world), 1))
    except Exception as problem:  # noqa: BLE001 whatever it was, the history proves nothing
        result.void = _where(problem)
    return result


def _where(problem: Exception) -> str:
    told = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{type(problem).__name__}: {problem} ({told.name}, line {told.lineno})"


@dataclass(slots=True)
class WaysOutVerdict:
    """All histories. ``counts`` by what came of them, ``by_kind`` histories and failures."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    steps_max: int = 0
    problems: list[str] = field(default_factory=list)

    def take(self, one: HistoryResult) -> None:
        """Count one."""
        said = {
            "histories": 1,
            "by command": one.by_command,
            "commands": len(one.steps) if one.by_command else 0,
            "steps": len(one.steps),
            "open at once": one.open_at_once,
            "wrong gates": bool(one.wrong_gates),
            "shut beside": bool(one.shut_beside),
            "dead ends": bool(one.dead_end),
            "void": bool(one.void),
        }
        self.counts.update({name: int(count) for name, count in said.items()})
        self.steps_max = max(self.steps_max, len(one.steps))
        for name in one.kinds:
            kept = self.by_kind.setdefault(name, Counter())
            kept.update({name: int(count) for name, count in said.items()})

    @property
    def outcome(self) -> Outcome:
        """Failed outranks void."""
        if any(self.counts[name] for name in FAULTS):
            return Outcome.FAILED
        return (
            Outcome.VOID if self.counts["void"] or not self.counts["histories"] else Outcome.PASSED
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "seed": self.seed,
            "outcome": self.outcome.value,
            **{name.replace(" ", "_"): count for name, count in sorted(self.counts.items())},
            "steps_max": self.steps_max,
            "by_kind": {name: dict(counts) for name, counts in sorted(self.by_kind.items())},
            "problems": self.problems,
        }


def run(
    histories: int,
    commands: int,
    seed: int,
    jobs: int = 1,
    *,
    first: int = 0,
    kinds: Sequence[Kind] | None = None,
    told: Callable[[int, WaysOutVerdict], None] = lambda _, __: None,
) -> WaysOutVerdict:
    """So many histories in this process, and so many by commands, from number ``first`` on."""
    verdict, done = WaysOutVerdict(seed), 0
    names = None if kinds is None else tuple(kind.name for kind in kinds)
    work = [(seed, first + number, False, names) for number in range(histories)]
    work += [(seed, first + number, True, names) for number in range(commands)]
    with _pool(jobs) as results:
        for one in results(work):
            done += 1
            verdict.take(one)
            if (one.failed or one.void) and len(verdict.problems) < TOLD_MAX * 4:
                verdict.problems.append(_told(seed, _shrunk(seed, one)))
            told(done, verdict)
    return verdict


Work = tuple[int, int, bool, tuple[str, ...] | None]


def _done(work: Work) -> HistoryResult:
    seed, number, by_command, names = work
    kinds = None if names is None else [BY_NAME[name] for name in names]
    return (commanded if by_command else played)(seed, number, kinds)


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[Callable[[list[Work]], Iterable[HistoryResult]]]:
    if jobs == 1:
        yield lambda work: map(_done, work)
        return
    with workers(jobs) as pool:
        yield lambda work: in_order(pool, _done, work)


def _shrunk(seed: int, one: HistoryResult) -> HistoryResult:
    """The same failure with as few kinds as possible."""
    again = commanded if one.by_command else played
    kinds, best = list(one.kinds), one
    for name in one.kinds if one.failed else ():
        fewer = [BY_NAME[each] for each in kinds if each != name]
        found = again(seed, one.number, fewer) if fewer else best
        if fewer and found.failed:
            kinds, best = [kind.name for kind in fewer], found
    return best


def _told(seed: int, one: HistoryResult) -> str:
    names = " ".join(one.kinds)
    how = "--histories 0 --commands 1" if one.by_command else "--histories 1 --commands 0"
    repeat = f"prometheus-chaos ways-out {names} {how} --number {one.number} --seed {seed}"
    wrong = "; ".join(one.wrong_gates[:TOLD_MAX])
    steps = "; ".join(one.steps)
    beside = f"shut beside: {', '.join(one.shut_beside)}" if one.shut_beside else ""
    gate = f"gate: {wrong}" if wrong else ""
    what = f"void: {one.void}" if one.void else gate or one.dead_end or beside
    return f"{one.number} [{names}] {what}\n  after: {steps or 'the start'}\n  repeat: {repeat}"
