"""One recovery from a crisis, and the judging of what it left.

``recover_on`` is what a restart does before it trades, and a clean end: open, recover with
everything the plan asks for, refresh the readable files, close. It dies where its switches say.

Judged is a disk after a recovery that nobody disturbed:

- the books are those of the reference, document by document and record by record, without times;
- both ledgers hold for every owner what the exchange's own executions give him (``oracle``);
- no execution and no cash flow is booked twice, and the whole agrees with itself;
- one more recovery decides the same and changes nothing;
- the exchange has the orders that it had, and was only read.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from chaos.digest import JsonObject
from chaos.faults.deaths import dying
from chaos.faults.switch import FaultSwitch, SwitchedFs
from chaos.faults.wire import WireSwitch
from chaos.invariants.state import disagreements
from chaos.oracle.shares import booked_contracts, held_contracts
from chaos.sweeps.outage_fixture import (
    TIMEOUT_MS,
    Crisis,
    booked_twice,
    books_on,
    differences,
    timeless,
)
from chaos.sweeps.tally import Tally
from chaos.workload.clients import client_of, near
from prometheus_persist.errors import PersistError
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.session import Session
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

GOOD = ("go", "go_restricted")
STOPPED = ("incomplete", "human")
LEDGERS = ("private_ledgers", "public_accounts")


@dataclass(frozen=True, slots=True)
class ReferenceBooks:
    """What an uninterrupted recovery comes to, and the exchange's orders beside it."""

    decision: str
    books: JsonObject
    orders: JsonObject


def recover_on(
    crisis: Crisis, disk: Fs, wire: WireSwitch | None = None, client: Any = None
) -> RecoveryFacts:
    """Open, recover, close. What a fault raises goes up; the lock is given back in any case.
    ``client``: where the exchange's faults are what is tried."""
    clock = crisis.clock
    session = crisis.session(disk, clock)
    done = False
    try:
        session.wait()  # what is done beside is done by now: every run counts the same operations
        client = client or near(client_of(crisis.venue.url, TIMEOUT_MS))
        reader = OkxReader((wire or WireSwitch()).onto(client), clock)
        facts = session.recover(reader)
        session.checkpoint()
        done = True
        session.close()
        return facts
    finally:
        if not done:
            let_go(session)


def let_go(session: Session) -> None:
    """What the kernel does for a dead process."""
    with contextlib.suppress(BaseException):
        session.close(save=False)


def die_on(crisis: Crisis, disk: MemoryFs, switch: FaultSwitch, wire: WireSwitch) -> bool:
    """A recovery that dies where the switches say; whether it did."""
    wire.die = switch.end
    with dying(switch):
        recover_on(crisis, SwitchedFs(disk, switch), wire)
    return switch.dead


def referred(crisis: Crisis) -> ReferenceBooks:
    """The reference of this crisis, as it now stands."""
    orders = crisis.orders()
    disk = MemoryFs.of(crisis.files)
    decision = recover_on(crisis, disk).decision
    return ReferenceBooks(decision, timeless(books_on(disk)), orders)


def judge_reference(tally: Tally, crisis: Crisis, due: ReferenceBooks) -> bool:
    """The reference itself, by the exchange's executions; whether it can be one."""
    if due.decision not in GOOD:
        tally.wrong("no reference", f"an uninterrupted recovery ends in {due.decision}")
        return False
    twice = booked_twice(due.books)
    if twice:
        tally.wrong("booked twice", f"the reference: {twice[0]}")
    return _owners_agree(tally, crisis, due.books, "the reference") and not twice


def judge_recovered(
    tally: Tally, crisis: Crisis, disk: MemoryFs, due: ReferenceBooks, at: str
) -> None:
    """Recover once undisturbed, judge, and once more."""
    wire = WireSwitch()
    try:
        facts = recover_on(crisis, disk, wire)
        books = books_on(disk)
        again = recover_on(crisis, disk, wire)
    except PersistError as problem:
        tally.wrong("cannot be recovered", f"{at}: {type(problem).__name__}: {problem.detail}")
        return
    before = len(tally.problems)
    if (facts.decision, again.decision) != (due.decision, due.decision):
        said = f"{facts.decision}, then {again.decision}, not {due.decision}{_why(facts)}"
        tally.wrong("another decision", f"{at}: {said}")
    judge_books(tally, books, due, at)
    if differences(books_on(disk), books):
        tally.wrong("not idempotent", f"{at}: {differences(books_on(disk), books)[0]}")
    if again.plan is not None and any(one.corrections for one in again.plan.findings):
        tally.wrong("not idempotent", f"{at}: the second recovery corrects")
    _owners_agree(tally, crisis, books, at)
    judge_orders(tally, crisis, due, at)
    writes = [line for line in wire.log if not line.startswith("GET ")]
    if writes:
        tally.wrong("the exchange was written to", f"{at}: {writes[0]}")
    tally.counts["the same books"] += len(tally.problems) == before


def judge_books(tally: Tally, books: JsonObject, due: ReferenceBooks, at: str) -> bool:
    """Whether these are the reference's books, each thing booked once."""
    wrong = differences(timeless(books), due.books)
    if wrong:
        tally.wrong("other books", f"{at}: {wrong[0]}")
    twice = booked_twice(books)
    if twice:
        tally.wrong("booked twice", f"{at}: {twice[0]}")
    odd = disagreements(books["documents"], books["streams"])
    if odd:
        tally.wrong("does not agree with itself", f"{at}: {odd[0]}")
    return not (wrong or twice or odd)


def judge_orders(tally: Tally, crisis: Crisis, due: ReferenceBooks, at: str) -> None:
    """No order was sent, changed or taken away by a recovery."""
    try:
        found = crisis.orders()
    except AssertionError as problem:
        tally.wrong("sent twice", f"{at}: {problem}")
        return
    if found != due.orders:
        tally.wrong("orders at the exchange changed", f"{at}: {differences(found, due.orders)[0]}")


def _why(facts: RecoveryFacts) -> str:
    """What a recovery that stopped said about it."""
    unread = facts.plan.source_problems if facts.plan else ()
    doubts = [
        f"{item.agent_id} {item.item}: {item.note}"
        for item in (facts.plan.items if facts.plan else ())
        if item.verdict.value == "UNKNOWN"
    ]
    return "".join(f"; {each}" for each in [facts.venue_problem, *unread, *doubts[:2]] if each)


def _owners_agree(tally: Tally, crisis: Crisis, books: JsonObject, at: str) -> bool:
    held = held_contracts(crisis.ears.said, crisis.venue.truth())
    wrong = [
        (family, booked)
        for family in LEDGERS
        if (booked := booked_contracts(books["documents"], family)) != held
    ]
    for family, booked in wrong:
        tally.wrong("another owner", f"{at}: {family}: {differences(_plain(booked), _plain(held))}")
    return not wrong


def _plain(held: dict[str, dict[str, object]] | object) -> object:
    if isinstance(held, dict):
        return {key: _plain(value) for key, value in held.items()}
    return str(held)
