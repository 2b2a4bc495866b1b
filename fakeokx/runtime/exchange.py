"""Venue, clock and ledger as one thing: what is in memory is what is on disk.

``do`` is the only way to change anything. The order is: decide in memory, write one line,
answer. If an invariant breaks or the line cannot be written, memory holds what nobody can
replay: ``fail`` is called, which ends the process. A command that changed nothing leaves no
line.

The clock is the machine's plus ``clock_ahead_ms``, and never behind the last command. What is
due by itself (a dead man's switch, a funding, a delivery) happens when somebody looks:
``wake`` is for the shell to call before it reads, and every now and then.

``listeners`` are told the events of every step that changed something, after its line was
written and before its caller is answered; they must not raise and must not call back.
"""

import gc
import os
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NoReturn

from fakeokx.engine import due
from fakeokx.engine.commands import Command, Tick, decode, encode
from fakeokx.engine.decimals import exact, parse, plain
from fakeokx.engine.events import Event
from fakeokx.engine.model import NET_MODE
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import changed, step
from fakeokx.engine.venue import RULES, Venue
from fakeokx.runtime.ledger import FORMAT, Ledger, LedgerDamaged

FIRST_CASH_QUOTE: Final = Decimal(1_000_000)
FREEZE_EVERY: Final = 10_000  # commands
Listener = Callable[[Command, tuple[Event, ...]], None]


def end_process() -> NoReturn:
    """Say what broke and die at once, before anybody can be answered."""
    traceback.print_exc()
    os._exit(1)


class Exchange:
    """A venue that remembers. Raises LedgerDamaged or LedgerBusy when it cannot be opened."""

    def __init__(
        self,
        directory: Path,
        *,
        seed: int = 0,
        pos_mode: str = NET_MODE,
        first_cash_quote: Decimal = FIRST_CASH_QUOTE,
        fail: Callable[[], None] = end_process,
    ) -> None:
        self._fail = fail
        self._commands = 0
        self.listeners: list[Listener] = []
        self.ledger = Ledger(directory)
        try:
            entries = self.ledger.replay()
            opening = next(entries, None)
            if opening is None:
                self.venue = Venue(seed=seed, first_cash_quote=first_cash_quote, pos_mode=pos_mode)
                self.ledger.append(machine_ms(), _opening(self.venue))
                return
            self.venue = _reopened(opening.data, self.ledger.path)
            for number, entry in enumerate(entries, start=2):
                self._redo(number, entry.now_ms, entry.data)
                self._count()
            self._audit()
        except BaseException:
            self.ledger.close()
            raise

    def now_ms(self) -> int:
        """The venue's time."""
        return max(machine_ms() + self.venue.clock_ahead_ms, self.venue.now_ms)

    def do(self, command: Command) -> tuple[Event, ...]:
        """Carry the command out and keep it; raises Refusal, and then nothing has happened."""
        now_ms = self.now_ms()
        next_ms = due.due_ms(self.venue)
        if next_ms is not None and next_ms <= now_ms:
            self._carry_out(Tick(), now_ms)
        return self._carry_out(command, now_ms)

    def _carry_out(self, command: Command, now_ms: int) -> tuple[Event, ...]:
        try:
            events = step(self.venue, command, now_ms)
            if changed(events):
                self.ledger.append(now_ms, encode(command))
                self._count()
                for listener in self.listeners:
                    listener(command, events)
        except Refusal:
            raise
        except BaseException:
            self._fail()
            raise
        return events

    def wake(self) -> tuple[Event, ...]:
        """Let happen what is due by now; nothing at all if nothing is."""
        next_ms, now_ms = due.due_ms(self.venue), self.now_ms()
        if next_ms is None or now_ms < next_ms:
            return ()
        return self._carry_out(Tick(), now_ms)

    def close(self) -> None:
        """Let the ledger go."""
        self.ledger.close()

    def _count(self) -> None:
        """Take what is stored out of the garbage collector's sight, now and then.

        Orders, fills and bills stay for ever and hold no cycles. Without this a full collection
        would walk through all of them, and the venue stand still for a second at a million.
        """
        self._commands += 1
        if self._commands % FREEZE_EVERY == 0:
            gc.freeze()

    def _audit(self) -> None:
        try:
            with exact():
                self.venue.books.audit(self.venue)
        except AssertionError as error:
            raise LedgerDamaged(
                f"{self.ledger.path}: what it leads to is wrong ({error})"
            ) from error

    def _redo(self, number: int, now_ms: int, data: dict[str, Any]) -> None:
        try:
            step(self.venue, decode(data), now_ms)
        except (ValueError, Refusal, AssertionError) as error:
            raise LedgerDamaged(
                f"{self.ledger.path}, line {number}: it cannot be replayed ({error!r})"
            ) from error


def machine_ms() -> int:
    """The machine's wall clock in Unix milliseconds."""
    return time.time_ns() // 1_000_000  # noqa: TID251 -- the one place that reads the clock


def _opening(venue: Venue) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "seed": venue.seed,
        "pos_mode": venue.main.pos_mode,
        "first_cash": plain(venue.first_cash_quote),
        "rules": RULES,
    }


def _reopened(opening: dict[str, Any], path: Path) -> Venue:
    cash = parse(str(opening.get("first_cash")))
    if opening.get("format") != FORMAT or cash is None:
        raise LedgerDamaged(f"{path}, line 1: not an opening of format {FORMAT}")
    rules = opening.get("rules", 1)
    if rules != RULES:
        raise LedgerDamaged(
            f"{path}, line 1: lived by rules {rules}, and this venue's are {RULES}; "
            "take the version that wrote it, or begin in a new directory"
        )
    return Venue(seed=opening["seed"], first_cash_quote=cash, pos_mode=opening["pos_mode"])
