"""Every fault of the exchange, at every endpoint that a recovery asks: once, for a while, for good.

The situation is ``outage_fixture``; the faults are fakeokx's own rules. A struck recovery may end
in two ways and no other:

- in the reference's books, exactly, and the gate open: the fault was seen through, or did no harm;
- stopped (incomplete, human): not one document and not one record changed, and the gate shut.

An exchange that answers every question as of an earlier moment cannot be told from that moment: the
reference is then what a recovery at that moment comes to.

When the fault is lifted, the next recovery brings the reference's books (``recovery_fixture``). A
rule that struck nothing fails the sweep: it was made for an endpoint that is asked. In its own
words a rule that strikes ``once`` strikes each call of an endpoint in turn, not only the first;
``for a while`` is three calls, fewer than a patient reader tries.

What is stale has to have been otherwise before: for those rules the crisis' bad hour passes again,
after the rule was loaded.

Without ``full`` ``CI_CASES`` are sampled, every rule, endpoint and length among them.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chaos.chance import generator
from chaos.digest import JsonObject
from chaos.faults.wire import WireSwitch
from chaos.sweeps.outage_fixture import LATE_MS, TIMEOUT_MS, Crisis, books_on, crisis, timeless
from chaos.sweeps.recovery_fixture import (
    GOOD,
    STOPPED,
    ReferenceBooks,
    judge_books,
    judge_orders,
    judge_recovered,
    judge_reference,
    recover_on,
    referred,
)
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.tally import Tally
from chaos.workload.clients import client_of
from prometheus_persist.testing.memory_fs import MemoryFs

CI_CASES = 70
A_WHILE = 3
HASTY_MS = 250
"""How long a client waits where an answer is late on purpose."""
EVERYWHERE: Final = ""
_HIDDEN_MS = 2 * LATE_MS
LENGTHS: Final = {"once": 1, "for a while": A_WHILE, "for good": 0}
FORMS: Final = ("okx", "gateway", "html")
POSITIONS: Final = "account/positions"


def _rules() -> dict[str, JsonObject]:
    """By name: what is done to a call."""
    found: dict[str, JsonObject] = {
        "delay": {"action": "delay", "ms": 30},
        "delay beyond patience": {"action": "delay", "ms": 2 * HASTY_MS},
        "refuse": {"action": "refuse"},
        "drop_answer": {"action": "drop_answer"},
        "maintenance": {"action": "maintenance"},
        "clock_skew ahead": {"action": "clock_skew", "ms": 60_000},
        "clock_skew behind": {"action": "clock_skew", "ms": -60_000},
        "empty": {"action": "empty"},
        "stale": {"action": "stale"},
        "stale_positions": {"action": "stale_positions"},
        "late_index": {"action": "late_index", "ms": _HIDDEN_MS},
        "truncate to half": {"action": "truncate"},
        "truncate to one": {"action": "truncate", "keep": 1},
        "duplicate": {"action": "duplicate"},
        "reorder": {"action": "reorder"},
        "cut_body": {"action": "cut_body"},
    }
    for form in FORMS:
        found[f"error_before, {form}"] = {"action": "error_before", "form": form}
        found[f"error_after, {form}"] = {"action": "error_after", "form": form}
        found[f"rate_limit, {form}"] = {"action": "rate_limit", "form": form}
    return found


RULES: Final = _rules()


@dataclass(frozen=True, slots=True)
class FaultCase:
    """One rule at one endpoint: from its ``nth`` call on, that often (0: for good)."""

    rule: str
    path: str
    length: str
    nth: int = 1

    def __str__(self) -> str:
        place = self.path or "everywhere"
        return f"{self.rule} at {place}, call {self.nth}, {self.length}"

    @property
    def is_stale(self) -> bool:
        """Whether it shows an earlier exchange."""
        return self.rule.startswith("stale")

    @property
    def is_past(self) -> bool:
        """Whether the whole exchange is of an earlier moment, all the time."""
        return self.rule == "stale" and self.path == EVERYWHERE and self.length == "for good"

    @property
    def timeout_ms(self) -> int:
        """How patient the client is."""
        return HASTY_MS if self.rule == "delay beyond patience" else TIMEOUT_MS

    def script(self) -> list[JsonObject]:
        """For fakeokx."""
        times = LENGTHS[self.length]
        return [{**RULES[self.rule], "path": self.path, "nth": self.nth, "times": times}]


@dataclass(slots=True)
class Ending:
    """How a struck recovery ended."""

    decision: str = ""
    problem: str = ""
    books: JsonObject = field(default_factory=dict)
    fired: int = 0
    disk: MemoryFs = field(default_factory=MemoryFs)


def sweep_venue_faults(seed: int, *, full: bool) -> Tally:
    """All of it, or a sample."""
    tally = Tally("exchange", seed, full)
    with (
        yard() as grounds,
        tempfile.TemporaryDirectory(prefix="chaos-exchange-") as home,
        crisis(Path(home) / "venue", grounds, seed) as made,
    ):
        due = referred(made)
        if not judge_reference(tally, made, due):
            return tally
        asked = endpoints(made)
        every = list(cases(asked))
        chosen = every if full else sampled(every, seed)
        for case in sorted(chosen, key=lambda one: one.is_stale):
            due = play(tally, made, case, due)
            grounds.clear()
        tally.notes.append(f"{len(asked)} endpoints, {len(chosen):,} of {len(every):,} cases")
    return tally


def endpoints(crisis: Crisis) -> Counter[str]:
    """What an undisturbed recovery asks, and how often."""
    wire = WireSwitch()
    recover_on(crisis, MemoryFs.of(crisis.files), wire)
    return Counter(line.removeprefix("GET ") for line in wire.log)


def cases(asked: Counter[str]) -> Iterator[FaultCase]:
    """Every rule at every endpoint, and at all at once."""
    for rule in RULES:
        places = [POSITIONS] if rule == "stale_positions" else [*sorted(asked), EVERYWHERE]
        for path in places:
            for nth in range(1, asked.get(path, 1) + 1):
                yield FaultCase(rule, path, "once", nth)
            yield FaultCase(rule, path, "for a while")
            yield FaultCase(rule, path, "for good")


def sampled(every: list[FaultCase], seed: int) -> list[FaultCase]:
    """So many of them, each rule, endpoint and length at least once."""
    shuffled = generator(seed, "cases").sample(every, len(every))
    seen: set[str] = set()
    chosen: list[FaultCase] = []
    rest: list[FaultCase] = []
    for case in shuffled:
        news = {case.rule, f"at {case.path}", f"for {case.length}"} - seen
        seen |= news
        (chosen if news else rest).append(case)
    return chosen + rest[: max(0, CI_CASES - len(chosen))]


def play(tally: Tally, crisis: Crisis, case: FaultCase, due: ReferenceBooks) -> ReferenceBooks:
    """Strike, judge, lift, recover, judge; the reference that counts from now on."""
    earlier: list[ReferenceBooks] = []

    def before_the_hour() -> None:
        if case.is_past:
            earlier.append(referred(crisis))
        crisis.venue.set_faults(case.script())

    if case.is_stale:
        crisis.again(before_the_hour)
    else:
        crisis.venue.set_faults(case.script())
    ending = _struck(crisis, case)
    crisis.venue.set_faults([])
    if case.is_stale:
        due = referred(crisis)
    if not ending.fired:
        tally.wrong("struck nothing", str(case))
        return due
    tally.struck(f"fired: {case.rule}", ending.fired)
    tally.counts["cases"] += 1
    _judge_ending(tally, crisis, case, ending, due, (earlier or [due])[0])
    judge_recovered(tally, crisis, ending.disk, due, f"after {case}")
    return due


def _struck(crisis: Crisis, case: FaultCase) -> Ending:
    ending = Ending(disk=MemoryFs.of(crisis.files))
    try:
        facts = recover_on(crisis, ending.disk, client=client_of(crisis.venue.url, case.timeout_ms))
        ending.decision = facts.decision
    except Exception as problem:  # noqa: BLE001 whatever comes up is the finding
        ending.problem = f"{type(problem).__name__}: {problem}"
    ending.books = books_on(ending.disk)
    ending.fired = sum(rule["fired"] for rule in crisis.venue.faults())
    return ending


def _unproven(books: JsonObject, before: JsonObject, due: JsonObject) -> list[str]:
    """What has changed, and not to what an undisturbed recovery makes of it.

    Where a part could not be read, what is proven of the rest is booked all the same.
    """
    now, then = timeless(books), timeless(before)
    documents = [
        key
        for key, document in now["documents"].items()
        if document not in (then["documents"].get(key), due["documents"].get(key))
    ]
    streams = [
        name
        for name, rows in now["streams"].items()
        for row in rows
        if row not in then["streams"].get(name, []) and row not in due["streams"].get(name, [])
    ]
    return [*documents, *streams]


def _judge_ending(
    tally: Tally,
    crisis: Crisis,
    case: FaultCase,
    ending: Ending,
    due: ReferenceBooks,
    seen: ReferenceBooks,
) -> None:
    at = str(case)
    if ending.problem:
        tally.wrong("raised", f"{at}: {ending.problem}")
    elif ending.decision in GOOD:
        tally.counts["seen through"] += judge_books(tally, ending.books, seen, at)
    elif ending.decision in STOPPED:
        odd = _unproven(ending.books, books_on(MemoryFs.of(crisis.files)), seen.books)
        if odd:
            tally.wrong("stopped, and yet changed", f"{at}: {odd[0]}")
        tally.counts[f"stopped: {ending.decision}"] += not odd
    else:
        tally.wrong("no decision", f"{at}: {ending.decision!r}")
    judge_orders(tally, crisis, due, at)
