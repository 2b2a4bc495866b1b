"""What the session's tests share: an account in memory, and sessions that are opened and killed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from storekit import BTC, Ids, StillClock, tree

from prometheus_persist.errors import VenueUnreachable
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import (
    SOURCES,
    Instrument,
    IntentLookup,
    SourceStatus,
    VenueBalance,
    VenueBill,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueView,
)
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, OrderIntent, PositionKey, contracts
from prometheus_persist.state.money import ZERO

LINEAR = Instrument(BTC, Decimal("0.01"), Decimal(1), Decimal("0.01"), Decimal("0.1"), "USDT")
ETH = "ETH-USDT-SWAP"
NET = PositionKey(BTC, "cross", "net")
IN_FLIGHT_MS = Settings().in_flight_ms


class Venue:
    """An account in memory, asked through the reader's two questions."""

    def __init__(self) -> None:
        self.fills: list[VenueFill] = []
        self.orders: dict[str, VenueOrder] = {}
        self.net = contracts("0")
        self.down = False
        self.deaf: tuple[str, ...] = ()
        self.asked: list[ViewRequest] = []

    def execute(self, intent: OrderIntent, size: str | None = None, px: str = "100") -> None:
        """The order arrives and is filled, wholly or in part."""
        done = contracts(size) if size else intent.qty_contracts
        number = len(self.fills) + 1
        state = "filled" if done == intent.qty_contracts else "partially_filled"
        ord_id, at_ms = f"{7000 + number}", intent.created_ms + 1
        self.fills.append(
            VenueFill(
                BTC, str(number), ord_id, intent.cl_ord_id, intent.tag, intent.side, "net", done,
                Decimal(px), Decimal("-0.05"), at_ms, str(number),
            )
        )  # fmt: skip
        self.orders[intent.cl_ord_id] = VenueOrder(
            BTC, ord_id, intent.cl_ord_id, "", "", intent.tag, intent.side, "net", "cross",
            "market", state, "normal", "", intent.qty_contracts, done, at_ms, at_ms,
        )  # fmt: skip
        self.net = self.net + (done if intent.side == "buy" else -done)

    def read_view(self, request: ViewRequest) -> VenueView:
        self.asked.append(request)
        if self.down:
            raise VenueUnreachable("connection refused")
        now = request.now_ms
        held = (VenuePosition(NET, self.net, Decimal(100), now),) if self.net else ()
        return VenueView(
            read_ms=now,
            pos_mode="net_mode",
            sources={n: SourceStatus(n, n not in self.deaf, now, problem="no") for n in SOURCES},
            instruments={BTC: LINEAR, ETH: dataclasses.replace(LINEAR, inst_id=ETH)},
            positions=held,
            fills=tuple(self.fills),
            orders=tuple(self.orders.values()),
            lookups=tuple(self.lookup(intent) for intent in request.intents),
            bills=tuple(self.bills()),
            balances={"USDT": VenueBalance("USDT", sum(b.change for b in self.bills()), ZERO)},
        )

    def bills(self) -> Iterator[VenueBill]:
        """One per fill; the account's average price is 100 at all times."""
        for one in self.fills:
            base = one.qty_contracts.value * LINEAR.ct_val * (1 if one.side == "buy" else -1)
            pnl = base * (Decimal(100) - one.px)
            yield VenueBill(
                one.bill_id, "2", "", "SWAP", BTC, "cross", "USDT", pnl + one.fee, ZERO, pnl,
                one.fee, one.qty_contracts, one.trade_id, one.ord_id, one.ts_ms,
            )  # fmt: skip

    def lookup(self, intent: OrderIntent) -> IntentLookup:
        row = self.orders.get(intent.cl_ord_id)
        if row is None:
            return IntentLookup(intent.cl_ord_id, False)
        return IntentLookup(intent.cl_ord_id, True, row.state, row.ord_id, row.filled_contracts)

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        if self.down:
            raise VenueUnreachable("connection refused")
        mine = tuple(fill for fill in self.fills if fill.cl_ord_id == intent.cl_ord_id)
        return OrderSeen(self.lookup(intent), mine, LINEAR, not self.deaf)


def opened(root: Path, clock: StillClock | None = None, **more: Any) -> Session:
    """A session on an account that shows every order at once."""
    more.setdefault("settings", Settings(index_lag_ms=0))
    return Session.open(root, clock=clock or StillClock(step_ms=1), ids=Ids(), **more)


def trading(root: Path, venue: Venue | None = None, clock: StillClock | None = None) -> Session:
    session = opened(root, clock)
    for name in ("A", "B"):
        if name not in session.state.agents:
            session.add_agent(Agent(agent_id=name, current_capital=10_000))
    session.wait()
    assert session.recover(venue or Venue()).decision == "go"
    return session


def killed(session: Session) -> None:
    """What the kernel does to a dead process: the lock is free; nothing else happens."""
    session._store._committer._drop_handles()
    session._lock.release()


def ledger_bytes(root: Path) -> dict[str, bytes]:
    """Every file but the log."""
    return {n: data for n, (data, _) in tree(root).items() if n != "recovery_log.txt"}


class Asked(Venue):
    """Counts the questions about single orders; a reading may be scripted."""

    def __init__(self) -> None:
        super().__init__()
        self.orders_asked: list[str] = []
        self.shows: list[Callable[[VenueView], VenueView]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        self.orders_asked.append(intent.cl_ord_id)
        return super().read_order(intent, now_ms)

    def read_view(self, request: ViewRequest) -> VenueView:
        view = super().read_view(request)
        self.meanwhile()
        return self.shows.pop(0)(view) if self.shows else view


def lost(session: Session, venue: Venue | None = None, agent: str = "A") -> str:
    """An order whose answer was never seen; executed if a venue is given."""
    handle = session.order_intent(agent, BTC, "buy", contracts("2"))
    with handle as intent:
        if venue is not None:
            venue.execute(intent.intent)
    return handle.cl_ord_id


def cycling(root: Path, venue: Venue, every: int = 2) -> tuple[Session, StillClock]:
    clock = StillClock(step_ms=1)
    settings = Settings(reconcile_every_cycles=every, index_lag_ms=0)
    session = opened(root, clock, settings=settings)
    for name in ("A", "B"):
        session.add_agent(Agent(agent_id=name, current_capital=10_000))
    assert session.recover(venue).decision == "go"
    session.wait()
    clock.slept.clear()
    return session, clock
