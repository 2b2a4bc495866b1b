"""What a row of the table is made of: acts, what is expected, and how a row becomes cases.

A row is data. Its acts are verbs of ``scenario_stage.Stage`` with their arguments; nothing in it
talks to an exchange. A row runs once for every mode and start that it names; a near miss, or a row
made ``crosswise``, runs twice: warm in net mode and cold in hedge mode, or the other way round:

- modes: ``net`` and ``hedge``, the account's position mode;
- starts: ``warm``, the process lives and syncs; ``cold``, it ends without saving and another one
  opens the store; ``fresh``, a first store meets an account with a history (``earlier``).

Sides are said as ``long``, ``short``, ``close_long``, ``close_short``, so that one row serves both
modes. What is held is said in words: ``"long 3"``, ``"short 2 ETH"``, ``"long 1, short 2"``, with
``isolated`` behind where it is not cross margin.

Expected findings are ``(case, resolution, agent, corrections)``, corrections as a sorted,
``+``-joined set of their kinds; the agent is None where a finding names none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NET, HEDGE = "net", "hedge"
WARM, COLD, FRESH = "warm", "cold", "fresh"
BOTH_MODES, BOTH_STARTS = (NET, HEDGE), (WARM, COLD)

Expected = tuple[str, str, str | None, str]
AUTO, ORPHAN, HUMAN, UNKNOWN = "AUTO", "ORPHAN", "HUMAN", "UNKNOWN"
GO, RESTRICTED, ASK, INCOMPLETE = "go", "go_restricted", "human", "incomplete"
FILL, FREEZE, SETTLE = "BookFill", "FreezeInstrument", "SettleIntent"
NOBODYS = "BookOrphan+FreezeInstrument"
ADOPT = "AdoptDifference+FreezeInstrument"


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
class Row:
    """One scenario. ``earlier``: before there was a store; ``before``: what the agents did;
    ``edits``: what befell the books, durably; ``away``: what happened at the exchange meanwhile.

    ``holds`` is what everybody holds after the plan, or after its approval where ``approvable``;
    owner "" is nobody. ``cash`` is all the money booked beside executions, by owner and kind.
    ``after`` are trades that have to work then. ``near``: the row looks like its case and must not
    be taken for it. ``pending`` says why a row fails for now.
    """

    name: str
    case: str
    earlier: tuple[Act, ...] = ()
    before: tuple[Act, ...] = ()
    edits: tuple[Act, ...] = ()
    away: tuple[Act, ...] = ()
    plan: tuple[Expected, ...] = ()
    decision: str = GO
    holds: Mapping[str, str] = field(default_factory=dict)
    approvable: bool = False
    after: tuple[Act, ...] = ()
    near: bool = False
    is_crosswise: bool = False
    agents: str = "A B"
    modes: tuple[str, ...] = BOTH_MODES
    starts: tuple[str, ...] = BOTH_STARTS
    cash: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row in one mode and with one start."""

    row: Row
    mode: str
    start: str

    @property
    def name(self) -> str:
        """Unique in the table."""
        kind = "not-" if self.row.near else ""
        return f"{kind}{self.row.case}-{self.row.name}-{self.mode}-{self.start}".replace(" ", "-")


def crosswise(*rows: Row) -> tuple[Row, ...]:
    """Variations of rows that run in every mode and from every start: each twice is enough."""
    return tuple(dataclasses.replace(row, is_crosswise=True) for row in rows)


def scenarios(rows: tuple[Row, ...]) -> Iterator[Scenario]:
    """Every row in its modes and starts."""
    for number, row in enumerate(rows):
        crossed = (row.near or row.is_crosswise) and len(row.modes) == len(row.starts) == 2
        for mode in row.modes:
            for start in row.starts:
                same = row.modes.index(mode) == row.starts.index(start)
                if not crossed or same == bool(number % 2):
                    yield Scenario(row, mode, start)
