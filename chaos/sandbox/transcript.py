"""Writing down what the demo-trading check sees: one line a step, and waiting for what comes late.

1. A step is told once, with its answer's code, its message without digits, and the shapes of the
   rows that are the check's own (``shape.py``).
2. An answer may come before what it should hold: executions appear a moment after their order, and
   an acknowledged order or its new state up to ``INDEX_LAG_S`` later. A step that looks for
   something is asked again that long, after "no such order" too; what is there then is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from chaos.sandbox.demo_line import (
    INDEX_LAG_S,
    NO_SUCH_ORDER,
    DemoAnswer,
    DemoLine,
)
from chaos.sandbox.differences import Line
from chaos.sandbox.shape import Names, shape_of, shapes_of
from prometheus_persist.clock import Clock
from prometheus_persist.exchange.okx.query import Row

FIRST_PAUSE_S: Final = 0.1
PAUSE_S_MAX: Final = 1.0

Mine = Callable[[Row], bool]


def every(_: Row) -> bool:
    """All rows of an answer are compared."""
    return True


def having(name: str, value: object) -> Mine:
    """Rows with that value in that field; none where the value itself is not known."""
    return lambda row: bool(value) and row.get(name) == value


class Transcript:
    """The lines so far, and the names of the ids in them."""

    def __init__(self, line: DemoLine, clock: Clock, tell: Callable[[Line], None]) -> None:
        self.lines: list[Line] = []
        self.names = Names()
        self._line = line
        self._clock = clock
        self._tell = tell

    def see(
        self,
        step: str,
        endpoint: str,
        params: Mapping[str, str],
        mine: Mine,
        *,
        shown: Mine | None = None,
        present: bool = True,
    ) -> DemoAnswer:
        """Ask until a row of ours is there (or is gone), or it is too late; then tell.

        Told are the rows that are ours, or ``shown``.
        """
        until_s = self._clock.monotonic_s() + INDEX_LAG_S
        pause_s = FIRST_PAUSE_S
        while True:
            answer = self._line.get(endpoint, params)
            there = any(mine(row) for row in answer.rows)
            late = present and answer.code == NO_SUCH_ORDER
            said = there is present or not (answer.ok or late)
            if said or self._clock.monotonic_s() >= until_s:
                return self.told(step, answer, shown or mine)
            self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)

    def told(self, step: str, answer: DemoAnswer, of: Mine | None) -> DemoAnswer:
        """Write a step down, with those of its rows; without any where they cannot be compared."""
        line: Line = {
            "step": step,
            "ask": f"{answer.method} {answer.endpoint}",
            "code": answer.code,
            "msg": self.names.in_text(answer.msg),
            "rest": shape_of(answer.rest, self.names),
        }
        if of is not None:
            rows = [row for row in answer.rows if of(row)]
            line |= {"own": len(rows), "rows": shapes_of(rows, self.names, answer.endpoint)}
        self.add(line)
        return answer

    def add(self, line: Line) -> None:
        """One line more."""
        self.lines.append(line)
        self._tell(line)
