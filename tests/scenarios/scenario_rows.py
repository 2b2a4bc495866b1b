"""What a row of the table is made of: acts, what is expected, and how a row becomes scenarios.

A row is data. Its acts are verbs of ``scenario_stage.Stage`` with their arguments; nothing in it
talks to an exchange. What varies around a row:

- modes: ``net`` and ``hedge``, the account's position mode;
- starts: ``warm``, the process lives and syncs; ``cold``, it ends without saving and another one
  opens the store; ``fresh``, a first store meets an account with a history (``earlier``);
- ways: what a human says of the plan (``Way``), as suggested first, then every other choice.

The first way runs in two of the four combinations of mode and start, so that both modes and both
starts are there, and in all four where a row is ``whole``; a near miss and every further way run in
one. Which, goes by the row's place in the table.

Sides are said as ``long``, ``short``, ``close_long``, ``close_short``, so that one row serves both
modes. What is held is said in words: ``"long 3"``, ``"short 2 ETH"``, ``"long 1, short 2"``, with
``isolated`` behind where it is not cross margin.

Expected findings are ``(case, resolution, agent, corrections)``, corrections as a sorted,
``+``-joined set of their kinds; the agent is None where a finding names none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NET, HEDGE = "net", "hedge"
WARM, COLD, FRESH = "warm", "cold", "fresh"
BOTH_MODES, BOTH_STARTS = (NET, HEDGE), (WARM, COLD)

BTC, ETH, SOL = "BTC-USDT-SWAP", "ETH-USDT-SWAP", "SOL-USDT-SWAP"
FUT = "BTC-USDT-301227"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

Expected = tuple[str, str, str | None, str]
AUTO, ORPHAN, HUMAN, UNKNOWN = "AUTO", "ORPHAN", "HUMAN", "UNKNOWN"
GO, RESTRICTED, ASK, INCOMPLETE = "go", "go_restricted", "human", "incomplete"
FILL, FREEZE, SETTLE, NOTE = "BookFill", "FreezeInstrument", "SettleIntent", "NoteFinding"
TAKE, WRITE = "TakeBack", "SetQuantity"
NOBODYS = "BookOrphan+FreezeInstrument"
ADOPT = "AdoptDifference+FreezeInstrument"
ALL = "all"
BY_DECISION = "by decision"


@dataclass(frozen=True, slots=True)
class Act:
    """One verb of the stage and its arguments."""

    verb: str
    args: tuple[Any, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


class Verbs:
    """``do.trade("A", "long", 3)`` is ``Act("trade", ("A", "long", 3))``."""

    def __getattr__(self, verb: str) -> Any:
        return lambda *args, **more: Act(verb, args, more)


do = Verbs()


@dataclass(frozen=True, slots=True)
class Way:
    """What a human says of a plan, and what is so then.

    ``choose``: alternatives by case (``"B"``), or by case and agent (``"C A"``), else as suggested.
    ``then`` is the decision of the second look, ``holds`` and ``cash`` as in ``Row``, ``after`` are
    trades that have to work then. Where ``then`` is no end yet, more has to be said.
    """

    choose: Mapping[str, str] = field(default_factory=dict)
    holds: Mapping[str, str] = field(default_factory=dict)
    then: str = GO
    cash: Mapping[str, str] | None = None
    after: tuple[Act, ...] = ()
    modes: tuple[str, ...] = BOTH_MODES

    @property
    def name(self) -> str:
        """What tells it apart in the name of a scenario."""
        return "-".join(self.choose.values()).replace(":", "-")


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario. ``earlier``: before there was a store; ``before``: what the agents did;
    ``edits``: what befell the books, durably; ``away``: what happened at the exchange meanwhile.

    ``plan``, ``decision`` and ``offers`` (the alternatives with their grades, per finding that has
    any; by mode where they differ) are those of the reconciliation after that, ``shut`` what takes
    no new entries then: instruments, agents, ``all``. ``meanwhile`` are trades that have to work
    before a human speaks.

    ``holds`` is what everybody holds after the plan; owner "" is nobody. ``cash`` is all the money
    booked beside executions, by owner and kind. ``after`` are trades that have to work then. Where
    a human decides, ``ways`` are what he can say, and ``holds`` and ``cash`` are what is so before.
    ``near``: the row looks like its case and must not be taken for it. ``stays``: the plan is found
    again as it is, until something else happens.
    """

    name: str
    case: str
    earlier: tuple[Act, ...] = ()
    before: tuple[Act, ...] = ()
    edits: tuple[Act, ...] = ()
    away: tuple[Act, ...] = ()
    plan: tuple[Expected, ...] = ()
    decision: str = GO
    offers: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    shut: str = BY_DECISION
    meanwhile: tuple[Act, ...] = ()
    holds: Mapping[str, str] | None = None
    ways: tuple[Way, ...] = ()
    after: tuple[Act, ...] = ()
    near: bool = False
    whole: bool = False
    stays: bool = False
    agents: str = "A B"
    modes: tuple[str, ...] = BOTH_MODES
    starts: tuple[str, ...] = BOTH_STARTS
    cash: Mapping[str, str] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shuts(self) -> frozenset[str]:
        """What takes no new entries: by default what the decision says of a row about BTC."""
        said = {ASK: BTC, INCOMPLETE: ALL}.get(self.decision, "")
        return frozenset((said if self.shut == BY_DECISION else self.shut).split())

    def offered(self, mode: str) -> list[str]:
        """The alternatives of every finding that has any, sorted."""
        return sorted(self.offers[mode] if isinstance(self.offers, Mapping) else self.offers)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row in one mode, with one start and one way out of it, None where there is no choice."""

    row: Row
    mode: str
    start: str
    way: Way | None = None

    @property
    def looks(self) -> bool:
        """Whether the plan is made twice, once from the files (P4): once or twice for each row."""
        first = self.way is None or self.way is self.row.ways[0]
        return first and (self.row.whole or (self.start == COLD and not self.row.near))

    @property
    def name(self) -> str:
        """Unique in the table."""
        kind = "not-" if self.row.near else ""
        said = f"-{self.way.name}" if self.way is not None and self.way.name else ""
        return f"{kind}{self.row.case}-{self.row.name}{said}-{self.mode}-{self.start}".replace(
            " ", "-"
        )


def scenarios(rows: tuple[Row, ...]) -> Iterator[Scenario]:
    """Every row in its modes and starts, and in each of its ways."""
    for number, row in enumerate(rows):
        places = [
            (mode, start, row.modes.index(mode) == row.starts.index(start))
            for mode in row.modes
            for start in row.starts
        ]
        crossed = len(row.modes) == len(row.starts) == 2 and not row.whole
        first, *others = row.ways or (None,)
        for place, (mode, start, same) in enumerate(places):
            turned = place == number % len(places) if row.near else same == bool(number % 2)
            if turned or not crossed:
                yield Scenario(row, mode, start, first)
        for turn, way in enumerate(others):
            fitting = [place for place in places if place[0] in way.modes]
            mode, start, _ = fitting[(number + turn) % len(fitting)]
            yield Scenario(row, mode, start, way)
