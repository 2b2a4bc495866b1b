"""A population that trades honestly on an exchange in this process, with books that are true.

Everything happens at the exchange first. What is then booked comes from the exchange's own rows
through the library's parser and its own booking, as on a live system; ``sent`` remembers, apart
from the library, whose every order was.

Nothing here decides what is right: that is the oracle's, from the exchange's rows and ``sent``.

``kept`` and ``put_back`` are a copy of the directory taken earlier, and its return. The library's
clock is the exchange's plus ``offset_ms``.

Beyond 300 lines: one population, its orders and its books, with no state of its own elsewhere.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, cast

from chaos.instruments import CONTRACTS, INST_IDS
from chaos.oracle.attribution import Attribution, attribution
from chaos.workload.in_process import InProcess, InProcessClock
from fakeokx.engine.commands import MovePrice, OrderRequest, PlaceAlgo, PlaceOrders
from fakeokx.engine.instruments import INSTRUMENTS
from prometheus_persist.exchange import OkxReader
from prometheus_persist.exchange.okx import rows as okx_rows
from prometheus_persist.reconcile import Books, Plan, apply_plan
from prometheus_persist.reconcile.books import StreamIndex
from prometheus_persist.session.planning import PlannedReading, read
from prometheus_persist.session.settings import Settings
from prometheus_persist.state import (
    Agent,
    Execution,
    OrderIntent,
    PositionKey,
    PrivateLedger,
    PublicAccount,
    Registry,
    SystemState,
    Watermark,
    book_execution,
    contracts,
)
from prometheus_persist.state.booking import book_unattributed
from prometheus_persist.state.documents import (
    INTENT_LOG,
    ORPHAN_FILLS,
    PUBLIC_TRADES,
    document,
    private_trades,
)
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.models import MgnMode, PosSide, Side

FIRST_MS: Final = 1_700_000_000_000
CAPITAL: Final = Decimal(10_000)
SETTINGS: Final = Settings(in_flight_ms=0, index_lag_ms=0, mirror="ack", background=False)
FUTURE: Final = "BTC-USDT-301227"
NAMES: Final = (
    "Agent_1", "Agent1", "LiveAgent_01", "LiveAgent01", "阿尔法", "b", "B-2", "hunter.x",
    "a-very-long-name-of-an-agent-0001", "a-very-long-name-of-an-agent-0002", "Zeus", "zeus2",
)  # fmt: skip
TRADED: Final = (*INST_IDS, FUTURE)
LOTS: Final = {inst_id: str(INSTRUMENTS[inst_id].lot_sz) for inst_id in TRADED}
NOBODY: Final = ""

Place = tuple[str, str, str]
Kept = tuple[SystemState, dict[str, list[JsonObject]]]


class World:
    """See the module. Every random choice comes from ``rng``."""

    def __init__(self, rng: random.Random, *, hedged: bool, first_ms: int = 0) -> None:
        self.rng = rng
        self.hedged = hedged
        mode = "long_short_mode" if hedged else "net_mode"
        first_ms = first_ms or FIRST_MS + rng.randrange(10**9)
        self.venue = InProcess(first_ms, mode, seed=rng.randrange(1_000_000))
        self.agents = sorted(rng.sample(NAMES, rng.randint(2, 10)))
        self.sent: dict[str, str] = {}
        self.doubtful: set[str] = set()
        self.streams: dict[str, list[JsonObject]] = {}
        self._index = StreamIndex()
        self.state = SystemState()
        self.state.registry = Registry(store_id="d0d0").assign(*self.agents)
        self.state.watermark = Watermark(since_ms=self.venue.now_ms())
        for name in self.agents:
            self.state.agents[name] = Agent(
                agent_id=name, state="MATURE", current_capital=CAPITAL, initial_capital=CAPITAL
            )
            self.state.private_ledgers[name] = PrivateLedger(agent_id=name, capital=CAPITAL)
            self.state.public_accounts[name] = PublicAccount(agent_id=name, capital=CAPITAL)
        self.px: dict[str, Decimal] = {}
        for inst_id in INST_IDS:
            self.move(inst_id, CONTRACTS[inst_id].first_px)
        self.move(FUTURE, INSTRUMENTS[FUTURE].first_px_quote)
        self.rescaled: list[tuple[str, int, Decimal]] = []
        self._number = 0
        self.clock = InProcessClock(self.venue)

    # what is compared -------------------------------------------------------------------------

    def books(self) -> Books:
        """The books as the library has them in memory."""
        return self._index.books(self.state, self.streams)

    def read(self) -> PlannedReading:
        """What the exchange shows and what that comes to, read the way a start reads."""
        return read(self.books(), self.reader(), self.clock, SETTINGS)

    def reader(self) -> OkxReader:
        """A new one, of the key and environment in use."""
        return OkxReader(self.venue.client(), self.clock)

    def apply(self, plan: Plan) -> None:
        """Carry a plan out: state and streams together."""
        done = apply_plan(self.books(), plan, self.venue.now_ms())
        self.state = done.state
        for stream, records in done.records.items():
            self.streams.setdefault(stream, []).extend(records)

    def truth(self) -> Attribution:
        """Who owns what, by the oracle."""
        fills = self.venue.fills()
        for inst_id, last, factor in self.rescaled:  # told in the contracts of then
            for row in fills:
                if row["instId"] == inst_id and int(row["billId"]) <= last:
                    row["fillSz"] = format(Decimal(row["fillSz"]) * factor, "f")
        return attribution(self.venue.orders(), fills, self.sent, LOTS, self.doubtful)

    def kept(self) -> Kept:
        """A copy of the books as they are."""
        old = self.state
        state = replace(
            old,
            agents=dict(old.agents),
            private_ledgers=dict(old.private_ledgers),
            public_accounts=dict(old.public_accounts),
            intents=dict(old.intents),
        )
        return state, {name: list(rows) for name, rows in self.streams.items()}

    def put_back(self, kept: Kept) -> None:
        """The books are that copy again."""
        self.state, self.streams = kept
        self._index = StreamIndex()

    # what happens -----------------------------------------------------------------------------

    def move(self, inst_id: str, px: Decimal) -> None:
        """The market moves."""
        self.px[inst_id] = self.on_tick(inst_id, px)
        self.venue.do(MovePrice(inst_id=inst_id, px=format(self.px[inst_id], "f")))

    def on_tick(self, inst_id: str, px: Decimal) -> Decimal:
        """``px`` rounded to the price step."""
        tick = INSTRUMENTS[inst_id].tick_sz
        return max((px / tick).quantize(Decimal(1)), Decimal(1)) * tick

    def lots(self, inst_id: str, sz: Decimal) -> Decimal:
        """``sz`` in whole lots, at least one."""
        lot = self.venue.venue.instrument(inst_id).lot_sz
        return max(sz // lot, Decimal(1)) * lot

    def drift(self) -> None:
        """Some time passes and one price moves a little."""
        self.venue.advance(self.rng.randint(20, 5_000))
        inst_id = self.rng.choice(INST_IDS)
        self.move(inst_id, self.px[inst_id] * Decimal(self.rng.randint(980, 1020)) / 1000)

    def size(self, inst_id: str, most: int = 300) -> Decimal:
        """Some number of contracts, in whole lots."""
        return Decimal(LOTS[inst_id]) * self.rng.randint(1, most)

    def honest(self, count: int) -> None:
        """So many orders of agents and now and then of a stranger, each booked at once."""
        for _ in range(count):
            self.drift()
            place, owner = self.place(), self.rng.choice([*self.agents, *self.agents, None])
            if owner is None and self.holders(place):
                continue  # whom a stranger closed could not be proven
            held = self.held(owner, place)
            if held and self.rng.random() < 0.4:
                self.close(owner, place, abs(held) if self.rng.random() < 0.5 else None)
            else:
                self.open(owner, place)

    def place(self) -> Place:
        """Some position key of the account's mode."""
        side = self.rng.choice(("long", "short")) if self.hedged else "net"
        mgn_mode = "cross" if self.rng.random() < 0.8 else "isolated"
        return (self.rng.choice(INST_IDS), mgn_mode, side)

    def free(self, *, inst_ids: tuple[str, ...] = INST_IDS, mgn_mode: str = "") -> Place:
        """A key that nobody holds, whose twin on the other side is free too."""
        sides = ("long", "short") if self.hedged else ("net",)
        every = [
            (inst_id, mode, side)
            for inst_id in inst_ids
            for mode in ((mgn_mode,) if mgn_mode else ("cross", "isolated"))
            for side in sides
        ]
        free = [
            place
            for place in every
            if not any(self.owners((place[0], mode, side))
                       for mode in ("cross", "isolated") for side in sides)
        ]  # fmt: skip
        return self.rng.choice(free) if free else self._freed(self.rng.choice(every))

    def open(
        self,
        owner: str | None,
        place: Place,
        sz: Decimal | None = None,
        way: int = 0,
        **how: Any,
    ) -> str:
        """An order that opens or adds (``way`` 1 buys a net position, -1 sells it)."""
        way = way or self.rng.choice((1, -1))
        side = {"long": "buy", "short": "sell"}.get(place[2], "buy" if way > 0 else "sell")
        return self.trade(owner, place, side, sz or self.size(place[0]), **how)

    def close(self, owner: str | None, place: Place, sz: Decimal | None = None, **how: Any) -> str:
        """An order against what the owner holds, or (by hand) against what the account holds."""
        held = self.held(owner, place) if owner is not None else self.net(place)
        assert held, "nothing to close"
        lots = int(abs(held) / Decimal(LOTS[place[0]]))
        sz = sz or Decimal(LOTS[place[0]]) * self.rng.randint(1, lots)
        buys = held < 0 or place[2] == "short"
        return self.trade(owner, place, "buy" if buys else "sell", sz, **how)

    def trade(
        self,
        owner: str | None,
        place: Place,
        side: str,
        sz: Decimal,
        *,
        booked: bool = True,
        outcome: str = "FILLED",
        cl_ord_id: str = "",
        px: Decimal | None = None,
        sent: bool = True,
        tag: str = "",
        attached: tuple[dict[str, str], ...] = (),
    ) -> str:
        """One order at the exchange; returns its ordId. ``outcome`` is what the books know of it.

        ``outcome`` "" leaves no intent behind; ``sent`` False: not a genuine order of its owner.
        ``attached`` are stops that come with it.
        """
        if owner is not None:
            tag = self.state.registry.rows[owner].tag
            cl_ord_id = cl_ord_id or self.name(owner)
        self.venue.advance(self.rng.randint(1, 50))
        ord_id = self.venue.ordered(
            PlaceOrders(
                orders=(
                    OrderRequest(
                        inst_id=place[0], td_mode=place[1], side=side, sz=format(sz, "f"),
                        ord_type="market" if px is None else "limit",
                        px="" if px is None else format(px, "f"),
                        pos_side="" if place[2] == "net" else place[2],
                        cl_ord_id=cl_ord_id, tag=tag,
                        attach_algo_ords=json.dumps(attached) if attached else "",
                    ),
                )
            )
        )  # fmt: skip
        if owner is not None and sent:
            self.sent[ord_id] = owner
            if outcome:
                known = ord_id if outcome in ("FILLED", "ACCEPTED", "CANCELED") else ""
                self.intend(owner, place, side, sz, outcome, cl_ord_id, known, booked=booked)
        if booked:
            self.book(ord_id, owner, cl_ord_id)
        return ord_id

    def protect(
        self,
        owner: str,
        place: Place,
        trigger_px: Decimal,
        leg: str = "sl",
        *,
        sz: Decimal | None = None,
        ord_px: Decimal | None = None,
        whole: bool = False,
    ) -> str:
        """A stop (``sl``) or take-profit (``tp``) of what the owner holds; its algoId.

        ``ord_px`` None fires at market; ``whole``: it closes whatever the account then holds.
        """
        held = self.held(owner, place)
        side = "buy" if held < 0 or place[2] == "short" else "sell"
        name, sz = self.name(owner), sz or abs(held)
        px = "-1" if ord_px is None else format(self.on_tick(place[0], ord_px), "f")
        algo_id = self.venue.ordered(
            PlaceAlgo(
                inst_id=place[0], td_mode=place[1], side=side, ord_type="conditional",
                sz="" if whole else format(sz, "f"), close_fraction="1" if whole else "",
                pos_side="" if place[2] == "net" else place[2],
                reduce_only="true" if place[2] == "net" else "", algo_cl_ord_id=name,
                tag=self.state.registry.rows[owner].tag,
                **{
                    f"{leg}_trigger_px": format(self.on_tick(place[0], trigger_px), "f"),
                    f"{leg}_ord_px": px,
                },
            )
        )  # fmt: skip
        self.sent[algo_id] = owner
        more: dict[str, Any] = {"kind": "algo", "reduce_only": place[2] == "net"}
        self.intend(owner, place, side, sz, "ACCEPTED", name, algo_id, **more)
        return algo_id

    def name(self, owner: str, epoch: int = 1) -> str:
        """The owner's next clOrdId."""
        self._number += 1
        return self.state.registry.cl_ord_id(owner, epoch, self._number)

    def intend(
        self, owner: str, place: Place, side: str, sz: Decimal, outcome: str, name: str,
        ord_id: str = "", *, booked: bool = False, **more: Any,
    ) -> None:  # fmt: skip
        """What the books know of an order; ``more`` are further fields of the intent."""
        intent = OrderIntent(
            cl_ord_id=name, agent_id=owner, inst_id=place[0], mgn_mode=cast(MgnMode, place[1]),
            pos_side=cast(PosSide, place[2]), side=cast(Side, side), qty_contracts=contracts(sz),
            created_ms=self.clock.now_ms(), epoch=1,
            tag=self.state.registry.rows[owner].tag, outcome=outcome, ord_id=ord_id,
            booked_contracts=contracts(sz if booked else 0), **more,
        )  # fmt: skip
        if outcome in ("FILLED", "CANCELED", "REJECTED"):
            self.streams.setdefault(INTENT_LOG, []).append(document(intent))
        else:
            self.state.intents[name] = intent

    def book(self, ord_id: str, owner: str | None, cl_ord_id: str) -> None:
        """Take an order's fills into the books, from the exchange's rows."""
        order = next(row for row in self.venue.orders() if row["ordId"] == ord_id)
        for row in self.venue.fills():
            if row["ordId"] != ord_id:
                continue
            fill = okx_rows.fill(row)
            execution = Execution(
                inst_id=fill.inst_id,
                mgn_mode=order["tdMode"],
                pos_side=cast(PosSide, fill.pos_side),
                side=cast(Side, fill.side),
                qty_contracts=fill.qty_contracts,
                px=fill.px,
                fee=fill.fee,
                trade_id=fill.trade_id,
                ord_id=ord_id,
                cl_ord_id=cl_ord_id,
                ts_ms=fill.ts_ms,
                ct_val=self.venue.venue.instrument(fill.inst_id).ct_val_base,
                ct_mult=Decimal(1),
            )
            self._take(owner, execution)

    def _take(self, owner: str | None, execution: Execution) -> None:
        seen = max(self.state.watermark.fills_ms, execution.ts_ms)
        self.state.watermark = self.state.watermark.model_copy(update={"fills_ms": seen})
        if owner is None:
            self.state.unattributed, pnl = book_unattributed(self.state.unattributed, execution)
            self.streams.setdefault(ORPHAN_FILLS, []).append(_orphan(execution, pnl))
            return
        done = book_execution(
            self.state.agents[owner],
            self.state.private_ledgers[owner],
            self.state.public_accounts[owner],
            execution,
        )
        self.state.agents[owner] = done.agent
        self.state.private_ledgers[owner] = done.private
        self.state.public_accounts[owner] = done.account
        for stream in (PUBLIC_TRADES, private_trades(owner)):
            self.streams.setdefault(stream, []).append(done.record)

    # who holds what, by the books -------------------------------------------------------------

    def held(self, owner: str | None, place: Place) -> Decimal:
        """An owner's signed contracts; None is nobody."""
        rows = (
            self.state.unattributed.positions
            if owner is None
            else self.state.private_ledgers[owner].positions
        )
        found = (row.qty_contracts.value for row in rows if row.key == PositionKey(*place))
        return next(found, Decimal(0))

    def holders(self, place: Place) -> list[str]:
        """The agents that hold the key."""
        return [name for name in self.agents if self.held(name, place)]

    def owners(self, place: Place) -> list[str | None]:
        """The same with nobody."""
        return [*self.holders(place), *([None] if self.held(None, place) else [])]

    def net(self, place: Place) -> Decimal:
        """What everybody holds together."""
        return sum((self.held(name, place) for name in (*self.agents, None)), Decimal(0))

    def edit(self, book: str, owner: str, **fields: object) -> None:
        """Write into one ledger (``private_ledgers`` or ``public_accounts``) behind its back."""
        ledgers: dict[str, Any] = getattr(self.state, book)
        ledgers[owner] = ledgers[owner].model_copy(update=fields)

    def edit_both(self, owner: str, change: Callable[[Any], Any | None], place: Place) -> None:
        """Rewrite the owner's position under a key in both ledgers."""
        for book in ("private_ledgers", "public_accounts"):
            rows = getattr(self.state, book)[owner].positions
            new = [change(row) if row.key == PositionKey(*place) else row for row in rows]
            self.edit(book, owner, positions=[row for row in new if row is not None])

    def _freed(self, place: Place) -> Place:
        """Everybody leaves the instrument, honestly."""
        for mode in ("cross", "isolated"):
            for side in ("long", "short") if self.hedged else ("net",):
                for owner in self.owners((place[0], mode, side)):
                    held = self.held(owner, (place[0], mode, side))
                    buys = held < 0 or side == "short"
                    self.trade(owner, (place[0], mode, side), "buy" if buys else "sell", abs(held))
        return place


def _orphan(execution: Execution, pnl: Decimal) -> JsonObject:
    return {
        "fill_id": execution.fill_id, "inst_id": execution.inst_id,
        "mgn_mode": execution.mgn_mode, "pos_side": execution.pos_side, "side": execution.side,
        "qty_contracts": str(execution.qty_contracts.value), "px": str(execution.px),
        "fee": str(execution.fee), "pnl": str(pnl), "ord_id": execution.ord_id, "cl_ord_id": "",
        "ts_ms": execution.ts_ms, "category": "manual", "source": "reconcile",
        "found_ms": execution.ts_ms,
    }  # fmt: skip
