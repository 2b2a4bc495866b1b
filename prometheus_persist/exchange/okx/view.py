"""One reading of an account: in which order its sources are read, and how each of them ended.

The order of reading; what stands on one line behind ``|`` is read side by side
    time
    config | instruments of each type | the long walk over the bills, which goes on beside the rest
    what the exchange says of our open orders
    positions, fills, positions: until both readings of the positions agree
    fills of our own orders that executed more than is booked and shown, however old
    orders that wait, orders that ended | algo orders: waiting, fired | lives of positions
    once more what was not there
    balance, then newer bills | newer fills | positions: until no bill came since the balance; if
    anything was traded since the bracket, again from the positions on

Rules
1. A bracket that does not come to rest in ``rounds_max`` rounds is "not stable", and not complete.
   Where the account is never quiet that long as a whole, its balance is not: it may be of another
   moment than the positions.
2. A source fails alone: it comes back incomplete with the problem in words, and without rows. A
   question about one order of ours fails for that order only.
3. A window that starts before what the exchange keeps is incomplete, whatever rows came; where
   nothing else is wrong with it, it is ``cut``.
4. What is not read after ``budget_s`` seconds is not read, and not complete.
5. Where all that is signed is refused for one reason of ``refusals``, that is said once:
   VenueRefused.
"""

from __future__ import annotations

from collections.abc import Sized
from decimal import Decimal
from typing import TypeVar

from prometheus_persist.clock import Clock
from prometheus_persist.errors import VenueRefused
from prometheus_persist.exchange.okx import money_rows
from prometheus_persist.exchange.okx import rows as okx_rows
from prometheus_persist.exchange.okx import sources as okx_sources
from prometheus_persist.exchange.okx.fields import BadRow
from prometheus_persist.exchange.okx.listed import Listed
from prometheus_persist.exchange.okx.order_lookup import Looked, executions, is_no, look, ord_ids
from prometheus_persist.exchange.okx.pages import Found
from prometheus_persist.exchange.okx.query import NotRead
from prometheus_persist.exchange.okx.scheduler import Driver, ReadLimits, Task
from prometheus_persist.exchange.okx.sources import AccountConfig, Sources
from prometheus_persist.exchange.reader import ViewRequest
from prometheus_persist.reconcile.views import (
    ALGO_ORDERS,
    BALANCE,
    BILLS,
    CONFIG,
    FILLS,
    INSTRUMENTS,
    INTENT_LOOKUPS,
    ORDERS_HISTORY,
    ORDERS_OPEN,
    POSITIONS,
    POSITIONS_HISTORY,
    IntentLookup,
    SourceStatus,
    UnmanagedPosition,
    VenueAlgoOrder,
    VenueBalance,
    VenueBill,
    VenueFill,
    VenueLife,
    VenueOrder,
    VenuePosition,
    VenueView,
)
from prometheus_persist.state import OrderIntent
from prometheus_persist.state.money import ZERO, add
from prometheus_persist.words import okx_refusals

NOT_STABLE = "not stable while it was read"
CUT = "the window starts before what the exchange keeps"

Value = TypeVar("Value")


class Reading:
    """One reading under way, and how each of its sources ended."""

    def __init__(
        self,
        driver: Driver,
        clock: Clock,
        limits: ReadLimits,
        request: ViewRequest,
        sources: Sources,
        offset_ms: int,
    ) -> None:
        """``offset_ms`` is the exchange's clock less ours."""
        self._driver = driver
        self._clock = clock
        self._limits = limits
        self._request = request
        self._sources = sources
        self._offset_ms = offset_ms
        self._unmanaged: list[UnmanagedPosition] = []
        self._statuses: dict[str, SourceStatus] = {}
        self._filled: Task[Found] | None = None

    def view(self, demo: bool) -> VenueView:
        """Everything, in the order of the module's header; raises VenueRefused as rule 5 says."""
        start, sources = self._driver.start, self._sources
        bills, config = start(sources.bills()), start(sources.config())
        listed = self._instruments()
        account = self._noted(CONFIG, config, AccountConfig())
        looked = self._looked(self._request.intents)
        for _ in range(self._limits.rounds_max):
            positions, fills = self._bracket()
            fills += self._older(looked, fills)
            kept = start(sources.lives())
            algo_walks = self._algo_walks(looked)
            orders = self._orders(fills)
            algos = self._algos(algo_walks)
            lives = self._noted(POSITIONS_HISTORY, kept, list[VenueLife](), self._request.since_ms)
            lookups = self._looked_again(looked)
            equity, balances, billed, is_quiet = self._money(bills, positions)
            if is_quiet:
                break
        else:
            self._note(BALANCE, balances, NOT_STABLE)
        refused = self._driver.refused
        if refused in okx_refusals.WORDS:
            raise VenueRefused(okx_refusals.sentence(refused, self._offset_ms), refused)
        return VenueView(
            read_ms=self._request.now_ms,
            pos_mode=account.pos_mode,
            sources=self._statuses,
            instruments=listed.fit,
            positions=tuple(positions),
            fills=tuple(fills),
            orders=tuple(orders),
            algo_orders=tuple(algos),
            lookups=tuple(lookups),
            lives=tuple(lives),
            bills=tuple(billed),
            balances=balances,
            equity=equity,
            unmanaged=tuple(self._unmanaged),
            unfit=listed.unfit,
            uid=account.uid,
            demo=demo,
            acct_lv=account.acct_lv,
            offset_ms=self._offset_ms,
        )

    def _note(self, name: str, value: object, problem: str, *, since_ms: int | None = None) -> None:
        """How a source ended; ``since_ms`` for a window that the exchange keeps 90 days."""
        kept_from_ms = 0 if since_ms is None else self._sources.kept_from_ms()
        cut = not problem and since_ms is not None and since_ms < kept_from_ms
        problem = CUT if cut else problem
        self._statuses[name] = SourceStatus(
            name=name,
            complete=not problem,
            read_ms=self._clock.now_ms(),
            rows=len(value) if isinstance(value, Sized) else 1,
            window_from_ms=since_ms or 0,
            kept_from_ms=kept_from_ms,
            problem=problem,
            cut=cut,
        )

    def _noted(
        self, name: str, task: Task[Value], nothing: Value, since_ms: int | None = None
    ) -> Value:
        """What one walk comes to, or ``nothing``; either way with its status."""
        self._driver.run([task])
        value = nothing if task.problem else task.value
        self._note(name, value, task.problem, since_ms=since_ms)
        return value

    def _instruments(self) -> Listed:
        """The contracts of every type; of one only, none is known."""
        parts = [self._driver.start(self._sources.instruments(kind)) for kind in okx_sources.TYPES]
        self._driver.run(parts)
        problem, found = _problem(parts), Listed({}, {})
        try:
            found = found if problem else self._sources.told([part.value for part in parts])
        except NotRead as nothing:
            problem = nothing.problem
        self._note(INSTRUMENTS, found, problem)
        return found

    def _bracket(self) -> tuple[list[VenuePosition], list[VenueFill]]:
        """Positions, fills, positions: until the positions did not move in between."""
        sources, since_ms = self._sources, self._request.since_ms
        positions = self._positions()
        again = self._filled is not None
        walked = self._filled = self._filled or self._driver.read(sources.fills())
        rows: Found = {} if walked.problem else walked.value
        problem = walked.problem
        for number in range(self._limits.rounds_max):
            if (again or number) and not problem:
                problem = self._driver.read(sources.newer_fills(rows)).problem
            before, positions = positions, self._positions()
            if not self._statuses[POSITIONS].complete or positions == before:
                break
        else:
            self._note(POSITIONS, positions, NOT_STABLE)
        fills: list[VenueFill] = []
        try:
            found = [] if problem else okx_rows.fills(rows.values(), sources.unfit)
            fills = [one for one in found if one.ts_ms >= since_ms]
        except BadRow as bad:
            problem = str(bad)
        self._note(FILLS, fills, problem, since_ms=since_ms)
        return positions, fills

    def _older(
        self, looked: list[tuple[OrderIntent, Looked]], fills: list[VenueFill]
    ) -> list[VenueFill]:
        """What our orders executed that is neither booked nor in the window: it came late.

        An order whose executions cannot be read stands as it is told, with more than is shown.
        """
        shown = {one.fill_id for one in fills}
        counted: dict[str, Decimal] = {}
        for one in fills:
            counted[one.ord_id] = add(counted.get(one.ord_id, ZERO), one.qty_contracts.value)
        behind = []
        for intent, seen in looked:
            filled, names = seen.lookup.filled_contracts, ord_ids(intent, seen)
            told = add(ZERO, *(counted.get(each, ZERO) for each in names))
            if filled is not None and filled > intent.booked_contracts and told < filled.value:
                behind.append((intent, seen))
        tasks = [self._driver.start(executions(*each, self._limits)) for each in behind]
        self._driver.run(tasks)
        found = [one for task in tasks if not task.problem for one in task.value[0]]
        return [one for one in found if one.fill_id not in shown]

    def _positions(self) -> list[VenuePosition]:
        """The positions of contracts; those that nobody here keeps are noted beside them."""
        task = self._driver.read(self._sources.positions())
        found, others = ([], []) if task.problem else task.value
        self._note(POSITIONS, found, task.problem)
        self._unmanaged = others
        return found

    def _orders(self, fills: list[VenueFill]) -> list[VenueOrder]:
        """Orders that wait, then those that ended, then those of older fills."""
        walk = self._driver.start(self._sources.orders_open())
        waiting = self._noted(ORDERS_OPEN, walk, list[VenueOrder]())
        ended = [self._driver.start(self._sources.orders_ended(kind)) for kind in okx_sources.TYPES]
        self._driver.run(ended)
        problem = _problem(ended)
        found = [] if problem else [one for task in ended for one in task.value]
        if not problem:
            older = self._driver.read(self._sources.older_orders(fills, [*waiting, *found]))
            problem = older.problem
            found = [] if problem else found + older.value
        self._note(ORDERS_HISTORY, found, problem, since_ms=self._request.since_ms)
        return okx_sources.later([*waiting, *found])

    def _algo_walks(
        self, looked: list[tuple[OrderIntent, Looked]]
    ) -> list[Task[list[VenueAlgoOrder]]]:
        ours = [one.created_ms for each, one in looked if each.kind == "algo" and one.row]
        sources = self._sources
        return [self._driver.start(sources.algos(kind, ours)) for kind in okx_sources.ALGO_TYPES]

    def _algos(self, walks: list[Task[list[VenueAlgoOrder]]]) -> list[VenueAlgoOrder]:
        self._driver.run(walks)
        problem = _problem(walks)
        found: dict[str, VenueAlgoOrder] = {}
        if not problem:
            found = {one.algo_id: one for task in walks for one in task.value}
        self._note(ALGO_ORDERS, found, problem, since_ms=self._request.since_ms)
        return list(found.values())

    def _looked(self, intents: tuple[OrderIntent, ...]) -> list[tuple[OrderIntent, Looked]]:
        """One question per intent; of different instruments, in turn."""
        sources = self._sources
        tasks = [
            self._driver.start(look(each, self._request, sources.now_ms, sources.listed))
            for each in intents
        ]
        self._driver.run(tasks)
        return [(each, task.value) for each, task in zip(intents, tasks, strict=True)]

    def _looked_again(self, looked: list[tuple[OrderIntent, Looked]]) -> list[IntentLookup]:
        """The answers; one that was "no such order" is asked for again before it counts."""
        absent = tuple(intent for intent, first in looked if is_no(first))
        again = {intent.cl_ord_id: second for intent, second in self._looked(absent)}
        final = [again.get(intent.cl_ord_id, first) for intent, first in looked]
        self._note(INTENT_LOOKUPS, final, "")
        return [one.lookup for one in final]

    def _money(
        self, bills: Task[Found], positions: list[VenuePosition]
    ) -> tuple[Decimal | None, dict[str, VenueBalance], list[VenueBill], bool]:
        """Balance, then newer bills: until none came in between; and whether all was quiet."""
        driver, sources = self._driver, self._sources
        driver.run([bills])
        problem, rows = bills.problem, {} if bills.problem else bills.value
        unread: tuple[Decimal | None, dict[str, VenueBalance]] = (None, {})
        is_quiet = True
        for _ in range(self._limits.rounds_max):
            balance = driver.read(sources.balance())
            newer = None if problem else driver.start(sources.newer_bills(rows))
            is_quiet = self._is_quiet(positions, newer) and is_quiet
            problem = newer.problem if newer else problem
            if newer is None or newer.problem or newer.value == 0:
                unstable = ""
                break
        else:
            unstable = NOT_STABLE
        shown = unread if balance.problem else balance.value
        self._note(BALANCE, shown[1], balance.problem or unstable)
        billed: list[VenueBill] = []
        try:
            if not problem:
                billed = [money_rows.bill(rows[number]) for number in sorted(rows)]
        except BadRow as bad:
            problem = str(bad)
        self._note(BILLS, billed, problem, since_ms=sources.bills_since_ms)
        return shown[0], shown[1], billed, is_quiet

    def _is_quiet(self, positions: list[VenuePosition], beside: Task[int] | None) -> bool:
        """Whether nothing was traded since the positions were read, or nobody can tell."""
        start, tasks = self._driver.start, [beside] if beside else []
        filled = self._filled
        if filled is None or filled.problem or not self._statuses[POSITIONS].complete:
            self._driver.run(tasks)
            return True
        newer, now = (
            start(self._sources.newer_fills(filled.value)),
            start(self._sources.positions()),
        )
        self._driver.run([*tasks, newer, now])
        if newer.problem or now.problem:  # what was read stands
            return True
        return newer.value == 0 and now.value[0] == positions


def _problem(tasks: list[Task[Value]]) -> str:
    return next((task.problem for task in tasks if task.problem), "")
