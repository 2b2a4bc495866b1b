"""A host's own books: seen through functions of the host, and written by its own doors alone.

    @p.positions("private")
    def held(bot):
        for agent in bot.agents.values():
            yield Held(agent.name, "BTC-USDT-SWAP", "cross", "net", contracts(agent.position))

    @p.door("close")
    def close(bot, agent_id, fill): bot.agents[agent_id].booked(fill)

1. A view is called with the root, at each reconciliation, in the moment in which the typed books
   are taken. It yields ``Held``, or as a view of trades ``Dealt``, which are netted. A quantity is
   ``contracts(...)`` or ``coins(...)``: a bare number has no unit (BadValue), and a naive time no
   zone, without ``tz`` (BadValue).
2. A view that raises, or yields something else, is no empty book: its problem is told, and the
   other ledger is compared all the same.
3. A door is given the root, the agent's id and the execution. ``open`` and ``close`` book it,
   ``undo`` takes its second booking back. After each the views are asked again: what they show has
   to have moved by that execution, in every ledger, and nothing else. Where it has not, no further
   door is used for that agent. What was told is remembered with the same commit, and what came of
   it; nothing goes through a door a second time. What a door left half done is saved as it is: it
   is what the host has.
4. When the ledgers last agreed with the typed books is remembered (``host_marks.py``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from prometheus_persist.errors import BadConfig, BadValue
from prometheus_persist.reconcile.findings.host_shown import marked, shown, sizes_of
from prometheus_persist.reconcile.host_seen import UNDO, HostBooks, HostRow, LedgerMarks, Place
from prometheus_persist.reconcile.plan import Correction, Plan, TellHost
from prometheus_persist.reconcile.views import CONFIG, INSTRUMENTS, Books, VenueView
from prometheus_persist.saving.host_capture import LOGGER, HostCapture
from prometheus_persist.session.host_marks import AGREED, marks_from_json, marks_to_json
from prometheus_persist.session.host_rows import Dealt, Held
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    Execution,
)
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.redacted import redacted

LEDGERS: Final = ("private", "public")
DOORS: Final = ("open", "close", UNDO)
TOLD: Final = "host/told"
RECENT: Final = 300
REMEMBERED: Final = 1000
Function = TypeVar("Function", bound=Callable[..., Any])


class HostSide(Protocol):
    """What a session asks of a host."""

    def books(self, streams: Mapping[str, Any]) -> HostBooks | None:
        """Its own books, now; None where it shows none."""

    def tell(self, steps: Iterable[Correction]) -> None:
        """Have it book what these tell it."""

    def mark(self, books: Books, plan: Plan, view: VenueView, now: tuple[int, int]) -> None:
        """Remember where its books agree with the typed ones, as they were looked at; ``now``:
        sequence and our clock."""


class HostViews:
    """The views and doors of one host."""

    def __init__(self) -> None:
        self._views: dict[str, tuple[type, Callable[[Any], Iterable[Any]]]] = {}
        self._doors: dict[str, Callable[..., object]] = {}
        self._root: Any = None
        self._capture: HostCapture | None = None
        self._told: list[str] = []
        self._failed: dict[str, str] = {}
        self._marks: dict[str, LedgerMarks] = {}
        self._records = 0

    def positions(self, ledger: str) -> Callable[[Function], Function]:
        """The positions of a ledger: ``private`` or ``public``."""
        return self._view(ledger, Held)

    def trades(self, ledger: str) -> Callable[[Function], Function]:
        """The executions of a ledger that keeps no positions."""
        return self._view(ledger, Dealt)

    def door(self, name: str) -> Callable[[Function], Function]:
        """How the host books an execution that it lacks (``open``, ``close``), or takes back that
        it booked one twice (``undo``)."""
        if name not in DOORS:
            raise BadConfig(f"door {name!r}: there are {', '.join(DOORS)}")

        def given(function: Function) -> Function:
            self._doors[name] = function
            return function

        return given

    def begin(self, root: Any, capture: HostCapture, documents: Mapping[str, JsonObject]) -> None:
        """What is seen from now on; ``documents`` as they were written."""
        self._root, self._capture = root, capture
        told = documents.get(TOLD, {})
        self._told, self._failed = list(told.get("fills", [])), dict(told.get("failed", {}))
        self._marks = marks_from_json(documents.get(AGREED))

    def books(self, streams: Mapping[str, Any]) -> HostBooks | None:
        """See ``HostSide``."""
        if not self._views:
            return None
        rows, problems = self._rows()
        records = streams.get(PUBLIC_TRADES, ())
        self._records, reach = len(records), max(0, len(records) - RECENT)
        return HostBooks(
            tuple(sorted(self._views)),
            tuple(rows),
            problems,
            tuple(_recent(records, reach)),
            reach,
            frozenset(self._doors),
            frozenset(self._told),
            dict(self._failed),
            dict(self._marks),
        )

    def _rows(self) -> tuple[list[HostRow], dict[str, str]]:
        """What each view shows now; of one that fails, why, and nothing else."""
        rows, problems = list[HostRow](), dict[str, str]()
        for ledger, (kind, view) in sorted(self._views.items()):
            try:
                rows += tuple(_rows(ledger, kind, view(self._root)))
            except Exception as raised:  # noqa: BLE001 whatever the host's code raises
                problems[ledger] = redacted(f"{type(raised).__name__}: {raised}")
        return rows, problems

    def tell(self, steps: Iterable[Correction]) -> None:
        """See ``HostSide``. What a door raises is logged: the view says what became of it."""
        spoiled = set[str]()
        for step in steps:
            if not isinstance(step, TellHost) or step.name in self._told:
                continue
            if step.agent_id in spoiled:
                continue
            self._told = [*self._told, step.name][-REMEMBERED:]
            why = self._through(step)
            if why:
                spoiled.add(step.agent_id)
                self._failed[step.name] = why
            self._failed = {name: each for name, each in self._failed.items() if name in self._told}
            assert self._capture is not None
            more = {"failed": dict(self._failed)} if self._failed else {}
            self._capture.beside[TOLD] = {"fills": list(self._told), **more}

    def _through(self, step: TellHost) -> str:
        """Have one execution booked, and look: a message id where it is not, else ""."""
        before = self._held(step.execution)
        try:
            self._doors[step.door](self._root, step.agent_id, step.execution)
        except Exception as raised:  # noqa: BLE001 the same
            said = redacted(f"{type(raised).__name__}: {raised}")
            logging.getLogger(LOGGER).error("door %s: %s", step.door, said)
            return "why.door_raised"
        after, place = self._held(step.execution), (step.agent_id, step.execution.key)
        signed = -step.execution.signed if step.door == UNDO else step.execution.signed
        for ledger, was in before.items():
            due = dict(was)
            due[place] = due.get(place, NO_CONTRACTS) + signed
            now = after.get(ledger, {})
            off = {one for one in {*due, *now} if _size(due, one) != _size(now, one)}
            if off:
                return "why.door_silent" if off == {place} else "why.door_other"
        return ""

    def _held(self, execution: Execution) -> dict[str, Mapping[Place, Contracts]]:
        """What the views show now, of that instrument, by ledger."""
        rows, problems = self._rows()
        mine = tuple(row for row in rows if row.key.inst_id == execution.inst_id)
        seen = HostBooks(tuple(sorted(self._views)), mine, problems)
        sizes = {execution.inst_id: (execution.ct_val, execution.ct_mult)}
        return dict(shown(seen, sizes, netted=execution.pos_side == "net").held)

    def mark(self, books: Books, plan: Plan, view: VenueView, now: tuple[int, int]) -> None:
        """See ``HostSide``."""
        host = books.host
        if host is None or not view.complete(INSTRUMENTS, CONFIG):
            return
        netted = view.pos_mode == "net_mode"
        typed = {
            (name, one.key): one.qty_contracts
            for name, ledger in books.state.private_ledgers.items()
            for one in ledger.positions
        }
        found = shown(host, sizes_of(view), netted=netted)
        marks = marked(host, plan, found, typed, (*now, self._records))
        if marks != self._marks:
            self._marks = marks
            assert self._capture is not None
            self._capture.beside[AGREED] = marks_to_json(marks)

    def _view(self, ledger: str, kind: type) -> Callable[[Function], Function]:
        if ledger not in LEDGERS:
            raise BadConfig(f"ledger {ledger!r}: there are {', '.join(LEDGERS)}")

        def given(function: Function) -> Function:
            self._views[ledger] = kind, function
            return function

        return given


def _rows(ledger: str, kind: type[Any], shown: Iterable[Any]) -> Iterator[HostRow]:
    for each in shown:
        if type(each) is not kind:
            raise BadValue(f"a view yields {kind.__name__}, not {type(each).__name__}")
        yield each.row(ledger)


def _size(held: Mapping[Place, Contracts], place: Place) -> Contracts:
    return held.get(place, NO_CONTRACTS)


def _recent(records: Any, reach: int) -> Iterator[tuple[str, Execution, int]]:
    """The newest executions of the typed books, as they were booked, from place ``reach`` on."""
    for at, row in enumerate(records[reach:], start=reach):
        if "side" not in row or row["category"] in ("written", "unwritten"):
            continue  # written without an execution
        number = Decimal(row["qty_contracts"])
        execution = Execution(
            inst_id=row["inst_id"], mgn_mode=row["mgn_mode"], pos_side=row["pos_side"],
            side=row["side"], qty_contracts=Contracts(number), px=Decimal(row["px"]),
            fee=Decimal(row["fee"]), trade_id=row["fill_id"].rpartition(":")[2],
            ord_id=row["ord_id"], cl_ord_id=row["cl_ord_id"], ts_ms=row["ts_ms"],
            ct_val=Decimal(row["ct_val"]), ct_mult=Decimal(row["ct_mult"]),
            category=row["category"], source=row["source"],
        )  # fmt: skip
        yield row["agent_id"], execution, at
