"""A small world for the reconciler's tests: an account, its true history, and books that know part.

``World`` keeps what really happened at the exchange (orders, fills, positions) and what the books
were told. A test lets things happen, with or without telling the books, and reconciles.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from prometheus_persist.reconcile import (
    Books,
    Instrument,
    IntentLookup,
    SourceStatus,
    VenueAlgoOrder,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueView,
    apply_plan,
)
from prometheus_persist.reconcile.views import SOURCES
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
from prometheus_persist.state.booking import applied, book_unattributed
from prometheus_persist.state.intents import TERMINAL

BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
START_MS = 1_700_000_000_000
CAPITAL = Decimal(10_000)
STOP_SOURCE = "7"


class World:
    """See the module. ``hedged`` is long_short_mode."""

    def __init__(self, *agents: str, hedged: bool = False) -> None:
        self.hedged = hedged
        self.now_ms = START_MS + 1_000
        self.state = SystemState()
        self.state.watermark = Watermark(since_ms=START_MS)
        registry = Registry(store_id="s0id")
        for name in agents:
            registry = registry.assign(name)
            self.state.agents[name] = Agent(agent_id=name, current_capital=CAPITAL, state="MATURE")
            self.state.private_ledgers[name] = PrivateLedger(agent_id=name, capital=CAPITAL)
            self.state.public_accounts[name] = PublicAccount(agent_id=name, capital=CAPITAL)
        self.state.registry = registry
        self.booked: set[str] = set()
        self.owners: dict[str, str] = {}
        self.ended: dict[str, OrderIntent] = {}
        self.orders: list[VenueOrder] = []
        self.algos: list[VenueAlgoOrder] = []
        self.fills: list[VenueFill] = []
        self.held: dict[PositionKey, list] = {}
        self.lookups: dict[str, IntentLookup] = {}
        self.instruments = {
            inst: Instrument(inst, Decimal(ct), Decimal(1), Decimal("0.01"), Decimal("0.1"), "USDT")
            for inst, ct in ((BTC, "0.01"), (ETH, "0.1"))
        }
        self.missing: dict[str, str] = {}
        self._number = 0

    # what happens ---------------------------------------------------------------------------

    def trade(
        self,
        owner: str | None,
        side: str,
        qty: str | int,
        *,
        px: str | int = 100,
        inst: str = BTC,
        pos_side: str | None = None,
        mgn: str = "cross",
        booked: bool = True,
        intent: str = "ended",
        by: str = "cl_ord_id",
        category: str = "normal",
        order_row: bool = True,
        at_ms: int | None = None,
        sub_type: str = "",
    ) -> Execution:
        """One order of ``owner`` (None: by hand), filled at once.

        ``booked``: whether the books were told. ``intent``: ended, PENDING, UNKNOWN, ACCEPTED.
        ``by``: which id names the owner (cl_ord_id, tag, algo, nothing).
        """
        number = self._next()
        at_ms = self.now_ms if at_ms is None else at_ms
        pos_side = pos_side or ("net" if not self.hedged else "long" if side == "buy" else "short")
        cl_ord_id = algo_cl = tag = algo_id = ""
        if owner is not None:
            name = self.state.registry.cl_ord_id(owner, 1, number)
            cl_ord_id = name if by == "cl_ord_id" else ""
            algo_cl = name if by == "algo" else ""
            tag = self.state.registry.rows[owner].tag if by in ("tag", "cl_ord_id") else ""
            if by in ("cl_ord_id", "algo"):
                self._remember(name, owner, inst, mgn, pos_side, side, qty, by, intent, booked)
        ord_id = str(5_000 + number)
        trade_id = str(-number if category in ("full_liquidation", "adl") else number)
        if by == "algo":
            algo_id = f"algo{number}"
            self.algos.append(
                VenueAlgoOrder(
                    inst, algo_id, algo_cl, "", side, pos_side, mgn, "conditional", "effective",
                    ord_id, contracts(str(qty)), None, at_ms,
                )
            )  # fmt: skip
        if order_row:
            self.orders.append(
                VenueOrder(
                    inst, ord_id, cl_ord_id, algo_id, algo_cl, tag, side, pos_side, mgn, "market",
                    "filled", category, STOP_SOURCE if algo_id else "", contracts(str(qty)),
                    contracts(str(qty)), at_ms, at_ms,
                )
            )  # fmt: skip
        fill = VenueFill(
            inst, trade_id, ord_id, cl_ord_id, tag, side, pos_side, contracts(str(qty)),
            Decimal(str(px)), Decimal("-0.05"), at_ms, str(9_000 + number), sub_type,
        )  # fmt: skip
        self.fills.append(fill)
        execution = self._execution(fill, mgn, cl_ord_id or algo_cl)
        self.held[execution.key] = applied(self.held.get(execution.key, []), execution)[0]
        if booked:
            self._book(owner, execution)
        return execution

    def rest(
        self, owner: str | None, side: str, qty: str | int, *, intent: str = "ACCEPTED", **kw: str
    ) -> str:
        """An order that rests; ``intent`` may be "none" (no book knows it) or "ended"."""
        number = self._next()
        inst = kw.get("inst", BTC)
        name, tag = "", ""
        if owner is not None:
            name = self.state.registry.cl_ord_id(owner, 1, number)
            tag = self.state.registry.rows[owner].tag
            if intent != "none":
                self._remember(
                    name, owner, inst, "cross", "net", side, qty, "cl_ord_id", intent, False
                )
        name = kw.get("cl_ord_id", name)
        tag = kw.get("tag", tag)
        self.orders.append(
            VenueOrder(
                inst, str(5_000 + number), name, "", "", tag, side, "net", "cross", "limit",
                "live", "normal", "", contracts(str(qty)), contracts("0"), self.now_ms, self.now_ms,
            )
        )  # fmt: skip
        return name

    def intent(self, owner: str, side: str, qty: str | int, outcome: str, **kw: object) -> str:
        """An order of which only the books know."""
        name = self.state.registry.cl_ord_id(owner, 1, self._next())
        kind = str(kw.pop("kind", "order"))
        by = "algo" if kind == "algo" else "cl_ord_id"
        self._remember(name, owner, BTC, "cross", "net", side, qty, by, outcome, False)
        self.state.intents[name] = self.state.intents[name].model_copy(update=kw)
        return name

    def answer(self, name: str, found: bool | None, **kw: object) -> None:
        """What the exchange says when asked for a clOrdId."""
        self.lookups[name] = IntentLookup(name, found, **kw)  # type: ignore[arg-type]

    def shift(self, qty: str | int, *, inst: str = BTC, pos_side: str = "net") -> None:
        """Move the exchange's position without any trace of why."""
        key = PositionKey(inst, "cross", pos_side)
        old = self.held.get(key, [])
        side = "buy" if (Decimal(str(qty)) > 0) == (pos_side != "short") else "sell"
        ghost = VenueFill(
            inst, "0", "0", "", "", side, pos_side, abs(contracts(str(qty))), Decimal(100),
            Decimal(0), self.now_ms, "0",
        )  # fmt: skip
        self.held[key] = applied(old, self._execution(ghost, "cross", ""))[0]

    def fail(self, source: str, problem: str = "timed out") -> None:
        """From now on this source is not complete."""
        self.missing[source] = problem

    # what is compared -----------------------------------------------------------------------

    def books(self) -> Books:
        return Books(self.state, frozenset(self.booked), dict(self.owners), dict(self.ended))

    def view(self) -> VenueView:
        positions = tuple(
            VenuePosition(key, rows[0].qty_contracts, rows[0].entry_px, rows[0].updated_ms)
            for key, rows in self.held.items()
            if rows
        )
        return VenueView(
            read_ms=self.now_ms,
            pos_mode="long_short_mode" if self.hedged else "net_mode",
            sources={
                name: SourceStatus(
                    name, name not in self.missing, self.now_ms, problem=self.missing.get(name, "")
                )
                for name in SOURCES
            },
            instruments=self.instruments,
            positions=positions,
            fills=tuple(self.fills),
            orders=tuple(self.orders),
            algo_orders=tuple(self.algos),
            lookups=tuple(self.lookups.values()),
        )

    def adopt(self, plan: object) -> dict[str, list]:
        """Apply a plan to the books, as one commit would."""
        done = apply_plan(self.books(), plan, self.now_ms)  # type: ignore[arg-type]
        self.state = done.state
        for stream in ("public_trades", "orphan_fills"):
            self.booked |= {str(row["fill_id"]) for row in done.records.get(stream, [])}
        for row in done.records.get("intent_log", []):
            self.ended[str(row["cl_ord_id"])] = OrderIntent.model_validate(row)
        return done.records

    def position(self, agent: str, key: PositionKey | None = None) -> Decimal:
        found = {p.key: p.qty_contracts.value for p in self.state.private_ledgers[agent].positions}
        return found.get(key or PositionKey(BTC, "cross", "net"), Decimal(0))

    def capital(self, agent: str) -> Decimal:
        return self.state.private_ledgers[agent].capital

    def edit(self, agent: str, book: str, **fields: object) -> None:
        """Change one ledger behind everybody's back."""
        books = getattr(
            self.state, {"private": "private_ledgers", "public": "public_accounts"}[book]
        )
        books[agent] = books[agent].model_copy(update=fields)

    # inside ---------------------------------------------------------------------------------

    def _next(self) -> int:
        self._number += 1
        self.now_ms += 10
        return self._number

    def _remember(
        self, name: str, owner: str, inst: str, mgn: str, pos_side: str, side: str,
        qty: object, by: str, outcome: str, booked: bool,
    ) -> None:  # fmt: skip
        self.owners[name] = owner
        ended = outcome == "ended"
        intent = OrderIntent(
            cl_ord_id=name, agent_id=owner, inst_id=inst, mgn_mode=mgn, pos_side=pos_side,
            side=side, qty_contracts=str(qty), kind="algo" if by == "algo" else "order",
            tag=self.state.registry.rows[owner].tag, created_ms=self.now_ms,
            outcome="FILLED" if ended else outcome,
            ord_id=str(5_000 + self._number) if ended or outcome == "ACCEPTED" else "",
            booked_contracts=str(qty) if booked and by != "algo" else "0",
        )  # type: ignore[arg-type]  # fmt: skip
        if intent.outcome in TERMINAL:
            self.ended[name] = intent
        else:
            self.state.intents[name] = intent

    def _execution(self, fill: VenueFill, mgn: str, cl_ord_id: str) -> Execution:
        one = self.instruments.get(fill.inst_id, next(iter(self.instruments.values())))
        return Execution(
            inst_id=fill.inst_id, mgn_mode=mgn, pos_side=fill.pos_side, side=fill.side,
            qty_contracts=fill.qty_contracts, px=fill.px, fee=fill.fee, trade_id=fill.trade_id,
            ord_id=fill.ord_id, cl_ord_id=cl_ord_id, ts_ms=fill.ts_ms, ct_val=one.ct_val,
            ct_mult=one.ct_mult,
        )  # type: ignore[arg-type]  # fmt: skip

    def _book(self, owner: str | None, execution: Execution) -> None:
        self.booked.add(execution.fill_id)
        if owner is None:
            self.state.unattributed, _ = book_unattributed(self.state.unattributed, execution)
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


def replaced(view: VenueView, **fields: object) -> VenueView:
    """A view with other fields."""
    return dataclasses.replace(view, **fields)  # type: ignore[arg-type]


__all__ = ["BTC", "CAPITAL", "ETH", "START_MS", "World", "replaced"]
