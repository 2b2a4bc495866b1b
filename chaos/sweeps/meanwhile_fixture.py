"""A trading floor for the sweep ``meanwhile``: a store on a disk in memory and a whole exchange in
this process, set up in milliseconds, the same each time.

Agents ``a`` and ``b`` trade, ``z`` only watches: its documents are changed by nobody but the second
thread. When the floor is ready one order of ``a`` was executed and is not booked yet, one of ``b``
rests, and the answer to another one of ``b`` was never seen: it is on its way, and arrives only if
``arrive`` is called. Each thread has a reader of its own; one client each is made, once.

Time is the exchange's, and stands still but for what is slept and ``advance`` adds.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from chaos.digest import JsonObject
from chaos.faults.between import ActingFs, Between
from chaos.invariants.state import disagreements
from chaos.oracle.attribution import attribution
from chaos.sweeps.reference_workload import AckLog, SweptSettings, ears_for, yard
from chaos.workload.in_process import InProcess, InProcessClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper_life import FixedIds
from fakeokx.engine.commands import MovePrice, OrderRequest, PlaceOrders
from fakeokx.engine.venue import Venue
from prometheus_persist.errors import StoreFailed
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, OrderIntent, contracts, to_documents
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
PRICES: Final = {BTC: "50000", ETH: "3000"}
LOTS: Final = {BTC: "0.01", ETH: "0.01"}
FIRST_MS = 1_764_720_000_000
CAPITAL = Decimal(10_000)
WATCHER = "z"
OTHER = "other"
IN_FLIGHT_MS = 5_000
SETTINGS: Final = SweptSettings(
    in_flight_ms=IN_FLIGHT_MS,
    index_lag_ms=0,
    background=False,
    detect="marked",
    mirror_sync_ms=3_600_000,  # by whoever needs it, not by a thread
)


@dataclass(slots=True)
class Floor:
    """See the module. ``late`` is the clOrdId of the order on its way, ``done`` the executed one's,
    ``resting`` the one that rests."""

    plot: Path
    disk: MemoryFs
    venue: InProcess
    between: Between
    ears: AckLog
    first_digest: str
    sent: dict[str, str] = field(default_factory=dict)
    done: str = ""
    resting: str = ""
    late: OrderIntent | None = None
    late_until_ms: int = 0
    _session: Session | None = None
    _readers: dict[bool, OkxReader] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """The one that is open."""
        assert self._session is not None, "no session is open"
        return self._session

    @property
    def is_open(self) -> bool:
        """Whether there is one."""
        return self._session is not None

    def open(self, *, fs: Fs | None = None, take_over: bool = False) -> Session:
        """Open the store; with another ``fs`` or to take over: as somebody else."""
        stranger = fs is not None or take_over
        ears = AckLog() if stranger else self.ears
        session = Session.open(
            self.plot,
            fs=fs or (self.disk if stranger else ActingFs(self.disk, self.between)),
            clock=InProcessClock(self.venue),
            ids=FixedIds(),
            settings=SETTINGS,
            observer=None if stranger else Narrator(ears, fold=ears.fold),
            take_over=take_over,
        )
        if not stranger:
            self._session = session
        return session

    def reader(self) -> OkxReader:
        """The other thread's own, or everybody else's."""
        me = threading.current_thread().name == OTHER
        if me not in self._readers:
            client = _clients()[me]
            client.milliseconds = self.venue.now_ms
            client.fetch = self.between.wire(self.venue.transport(client))
            self._readers[me] = OkxReader(client, InProcessClock(self.venue))
        return self._readers[me]

    def ready(self) -> None:
        """Three orders, each in another state."""
        self.done = self.order("a", BTC, "buy", "2").cl_ord_id
        self.resting = self.order("b", BTC, "buy", "1", px="40000").cl_ord_id
        handle = self.session.order_intent("b", ETH, "sell", contracts("1"))
        with handle:
            self.late = handle.intent
            assert handle.params
        self.late_until_ms = self.venue.now_ms() + IN_FLIGHT_MS

    def order(
        self, agent_id: str, inst_id: str, side: Any, sz: str, px: str | None = None
    ) -> OrderIntent:
        """Write it down, send it, take the answer."""
        kind = "market" if px is None else "limit"
        with self.session.order_intent(
            agent_id, inst_id, side, contracts(sz), ord_type=kind, px=px
        ) as handle:
            assert handle.params["clOrdId"] == handle.cl_ord_id
            handle.ack({"ordId": self.send(handle.intent)})
        return handle.intent

    def send(self, intent: OrderIntent) -> str:
        """It arrives at the exchange; returns its id there."""
        order = OrderRequest(
            inst_id=intent.inst_id, td_mode="cross", side=intent.side,
            sz=str(intent.qty_contracts.value), ord_type=intent.ord_type,
            px="" if intent.px is None else str(intent.px), cl_ord_id=intent.cl_ord_id,
            tag=intent.tag,
        )  # fmt: skip
        ord_id = self.venue.ordered(PlaceOrders(orders=(order,)))
        self.sent[ord_id] = intent.agent_id
        return ord_id

    def arrive(self) -> None:
        """The order on its way comes to its end, once, if it has not been too long on it."""
        assert self.late is not None
        if self.venue.now_ms() < self.late_until_ms:
            self.late_until_ms = 0
            self.send(self.late)

    @contextlib.contextmanager
    def writer_held(self) -> Iterator[None]:
        """What nobody waits for reaches the disk afterwards: the library's thread comes late."""
        if self._session is None:
            yield
            return
        store = self._session._saver.store
        vars(store)["write_soon"] = lambda: None
        try:
            yield
        finally:
            del vars(store)["write_soon"]
            with contextlib.suppress(StoreFailed):
                store.write_soon()

    def watch(self) -> int:
        """The watcher counts one more; returns the count that a save has to hold now."""
        agent = self.session.state.agents[WATCHER]
        agent.trade_count += 1
        return agent.trade_count

    # what is there ------------------------------------------------------------------------------

    def live(self) -> JsonObject:
        """The documents of the live state."""
        return to_documents(self.session.state)

    def due(self) -> dict[str, dict[str, Fraction]]:
        """Instrument → owner → contracts, by the exchange's own rows."""
        found = attribution(self.venue.orders(), self.venue.fills(), self.sent, LOTS)
        assert not found.unprovable
        return {key[0]: held for key, held in found.held.items() if held}


def settled(floor: Floor) -> str:
    """Wait for what is on its way and reconcile; what is wrong with the books then, or nothing."""
    floor.venue.advance(60_000)
    session, reader = floor.session, floor.reader()
    facts = session.sync(reader)
    if facts.decision != ("go_restricted" if session.state.freeze.instruments else "go"):
        return f"a reconciliation in the end comes to {facts.decision}"
    due = floor.due()
    for family in (session.state.private_ledgers, session.state.public_accounts):
        held: dict[str, dict[str, Fraction]] = {}
        for owner, book in family.items():
            for row in book.positions:
                held.setdefault(row.inst_id, {})[owner] = Fraction(row.qty_contracts.value)
        if held != due:
            return f"held {held}, due {due}"
    return booked_once(floor)


def booked_once(floor: Floor) -> str:
    """Every execution stands once in what all agents did, no order is open and ended at once."""
    found = restore(floor.disk, clock=InProcessClock(floor.venue))
    odd = disagreements(found.documents, found.streams)
    if odd:
        return odd[0]
    rows = Counter(row["fill_id"] for row in found.streams.get("public_trades", ()))
    due = Counter(f"{row['instId']}:{row['tradeId']}" for row in floor.venue.fills())
    if rows != due:
        return f"booked {dict(rows)}, executed {dict(due)}"
    ended = Counter(row["cl_ord_id"] for row in found.streams.get("intent_log", ()))
    open_ = {key.partition("/")[2] for key in found.documents if key.startswith("intents/")}
    twice = [name for name, times in ended.items() if times > 1 or name in open_]
    sent = {row["clOrdId"] for row in floor.venue.orders()}
    lost = sent - open_ - set(ended)
    return f"orders ended twice: {twice}, in no book: {sorted(lost)}" if twice or lost else ""


@cache
def _clients() -> tuple[Any, Any]:
    """Two of them; made once, it takes long."""
    venue = InProcess(FIRST_MS, "net_mode", seed=1)
    return venue.client(), venue.client()


@cache
def _founded() -> tuple[dict[str, bytes], Venue, int]:
    """A store with three agents, reconciled and closed; its exchange, the time."""
    venue = InProcess(FIRST_MS, "net_mode", seed=1)
    for inst_id, px in PRICES.items():
        venue.do(MovePrice(inst_id=inst_id, px=px))
    disk = MemoryFs()
    with yard() as grounds:
        floor = Floor(grounds.plot(), disk, venue, Between(), AckLog(), "")
        session = floor.open()
        assert session.recover(floor.reader()).decision == "go"
        session.add_agents(
            Agent(agent_id=name, state="MATURE", current_capital=CAPITAL, initial_capital=CAPITAL)
            for name in ("a", "b", WATCHER)
        )
        session.close()
    return disk.contents(), venue.venue, venue.now_ms()


def floor_at(plot: Path, between: Between) -> Floor:
    """A fresh copy of it, closed."""
    files, venue, now_ms = _founded()
    made = InProcess(now_ms, "net_mode", seed=1)
    made.venue = copy.deepcopy(venue)
    disk = MemoryFs.of(files)
    ears = ears_for(disk)
    return Floor(plot, disk, made, between, ears, ears.acked_digest)
