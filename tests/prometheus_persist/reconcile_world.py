"""A small world for the reconciler's tests: an account, its true history, and books that know part.

``World`` keeps what really happened at the exchange (orders, fills, positions, money) and what the
books were told. A test lets things happen, with or without telling the books, and reconciles.

The account's money is true: every execution makes a bill with its fee and the PnL at the account's
average price, every funding and transfer makes one, and a penalty is in its liquidation's. The
account begins reconciled, at ``DEPOSIT``.
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
from prometheus_persist.reconcile.books import StreamIndex
from prometheus_persist.reconcile.views import (
    SOURCES,
    HostBooks,
    Move,
    VenueBalance,
    VenueBill,
    VenueLife,
)
from prometheus_persist.state import (
    AccountCash,
    Agent,
    Contracts,
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
from prometheus_persist.state.money import add

BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
START_MS = 1_700_000_000_000
CAPITAL = Decimal(10_000)
DEPOSIT = Decimal(1_000_000)
UPL = Decimal("12.5")  # whatever it is, it is no settled money
BILL_TYPES = {"full_liquidation": "5", "partial_liquidation": "5", "adl": "9"}
LIFE_KINDS = {"full_liquidation": "3", "partial_liquidation": "4", "adl": "6"}
SILENT_MS = 61_000
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
        self.state.account_cash = AccountCash(
            baseline_ms=START_MS, reserve=DEPOSIT, settled=DEPOSIT
        )
        self.cash = DEPOSIT
        self.bills: list[VenueBill] = []
        self.lives: dict[PositionKey, list[VenueLife]] = {}
        self.fees: dict[str, Decimal] = {}
        self.money: dict[str, dict[str, Decimal]] = {}
        self.moves: list[Move] = []
        self.recorded: dict[str, dict[PositionKey, Contracts]] = {}
        self.adoptions, self.written, self.flows = list[dict](), list[dict](), list[dict]()
        self.index = StreamIndex()
        self.hidden: set[str] = set()
        self.host: HostBooks | None = None
        self.executions, self.on_adopt = list[tuple[str, Execution]](), []
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
        fee: str = "-0.05",
        billed_fee: str | None = None,
        penalty: str = "0",
    ) -> Execution:
        """One order of ``owner`` (None: by hand), filled at once.

        ``booked``: whether the books were told. ``intent``: ended, PENDING, UNKNOWN, ACCEPTED.
        ``by``: which id names the owner (cl_ord_id, tag, algo, nothing). ``billed_fee`` is what was
        charged, where it is not the fill's ``fee``; ``penalty`` what a liquidation cost (negative).
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
            Decimal(str(px)), Decimal(fee), at_ms, str(9_000 + number), sub_type,
        )  # fmt: skip
        self.fills.append(fill)
        execution = self._execution(fill, mgn, cl_ord_id or algo_cl)
        pnl = self._move(execution, Decimal(penalty), LIFE_KINDS.get(category, ""))
        self._bill(
            BILL_TYPES.get(category, "2"), add(pnl, Decimal(penalty)), key=execution.key,
            fee=Decimal(billed_fee or fee), size=qty, trade_id=trade_id, ord_id=ord_id,
            number=number, at_ms=at_ms,
        )  # fmt: skip
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

    def shift(
        self,
        qty: str | int,
        *,
        inst: str = BTC,
        pos_side: str = "net",
        px: str | int = 100,
    ) -> None:
        """Move the exchange's position without any trace of why but its life."""
        self.now_ms += 1
        key = PositionKey(inst, "cross", pos_side)
        side = "buy" if (Decimal(str(qty)) > 0) == (pos_side != "short") else "sell"
        ghost = VenueFill(
            inst, "0", "0", "", "", side, pos_side, abs(contracts(str(qty))),
            Decimal(str(px)), Decimal(0), self.now_ms, "0",
        )  # fmt: skip
        pnl = self._move(self._execution(ghost, "cross", ""), Decimal(0), "3")
        if pnl:  # a liquidation that left no fill; nobody takes its bill for one that is early
            self._bill("5", pnl, key=key, size=abs(Decimal(str(qty))))
            self.now_ms += SILENT_MS

    def fund(
        self, rate: str, *, px: str | int = 100, inst: str = BTC, at_ms: int | None = None
    ) -> dict[PositionKey, Decimal]:
        """The exchange charges a funding on everything held of that instrument; what, by key."""
        paid = {}
        for key, rows in self.held.items():
            if key.inst_id != inst or not rows:
                continue
            one, held = self.instruments[inst], rows[0].qty_contracts.value
            value = held * one.ct_val * one.ct_mult * Decimal(str(px)) * Decimal(rate)
            paid[key] = value if key.pos_side == "short" else -value
            self._bill("8", paid[key], key=key, size=abs(held), at_ms=at_ms)
        return paid

    def deposit(self, amount: str, *, kind: str = "1") -> None:
        """Money arrives (or leaves, negative) that has nothing to do with an execution."""
        self._bill(kind, Decimal(amount))

    def reconciled(self) -> None:
        """The books take the account as it is now for explained: the next bill is the first new."""
        cash = self.state.account_cash
        self.state.account_cash = cash.model_copy(
            update={
                "settled": self.cash,
                "bill_seen": max((bill.number for bill in self.bills), default=0),
                "bills_ms": max((bill.ts_ms for bill in self.bills), default=0),
            }
        )

    def fail(self, source: str, problem: str = "timed out") -> None:
        """From now on this source is not complete."""
        self.missing[source] = problem

    # what is compared -----------------------------------------------------------------------

    def books(self) -> Books:
        since_ms = self.state.account_cash.bills_ms
        return Books(
            self.state,
            frozenset(self.booked),
            self.owners | {name: one.agent_id for name, one in self.state.intents.items()},
            dict(self.ended),
            frozenset(self.index.flows),
            dict(self.fees),
            {owner: dict(kinds) for owner, kinds in self.money.items()},
            tuple(sorted((m for m in self.moves if m.ts_ms >= since_ms), key=lambda m: m.ts_ms)),
            {owner: dict(held) for owner, held in self.recorded.items()},
            tuple(self.index.adopted.values()),
            host=self.host,
            penalties=dict(self.index.penalties),
        )

    def view(self) -> VenueView:
        positions = tuple(
            VenuePosition(
                key, rows[0].qty_contracts, rows[0].entry_px, rows[0].updated_ms,
                life.pos_id, life.opened_ms, life.liq_penalty,
            )
            for key, rows in self.held.items()
            if rows
            for life in [(self.lives.get(key) or [self._life(key, rows[0].opened_ms)])[-1]]
        )  # fmt: skip
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
            fills=tuple(row for row in self.fills if row.ord_id not in self.hidden),
            orders=tuple(row for row in self.orders if row.ord_id not in self.hidden),
            algo_orders=tuple(row for row in self.algos if row.ord_id not in self.hidden),
            lookups=tuple(self.lookups.values()),
            lives=tuple(life for lives in self.lives.values() for life in lives if life.kind),
            bills=tuple(row for row in self.bills if row.ord_id not in self.hidden),
            balances={"USDT": VenueBalance("USDT", add(self.cash, UPL), UPL)},
        )

    def strays(self, name: str, capital: Decimal) -> None:
        """The agent's own document is edited, its ledgers are not."""
        agent = self.state.agents[name]
        self.state.agents[name] = agent.model_copy(update={"current_capital": capital})

    def adopt(self, plan: object) -> dict[str, list]:
        """Apply a plan to the books, as one commit would."""
        done = apply_plan(self.books(), plan, self.now_ms)  # type: ignore[arg-type]
        self.state = done.state
        for stream in ("public_trades", "orphan_fills"):
            for row in done.records.get(stream, []):
                self.booked.add(str(row["fill_id"]))
                if row.get("category") in ("written", "unwritten"):
                    self.written.append(row)
                if "side" in row:
                    self._told(row)
                else:
                    self.adoptions.append(row)
        self.flows += (paid := done.records.get("cash_flows", []))
        told = {"public_trades": self.written, "orphan_fills": self.adoptions}
        self.index.take({**told, "cash_flows": self.flows})
        for row in paid:
            self._paid(str(row["agent_id"]), str(row["kind"]), Decimal(str(row["amount"])))
        for row in done.records.get("intent_log", []):
            self.ended[str(row["cl_ord_id"])] = OrderIntent.model_validate(row)
            self.owners[str(row["cl_ord_id"])] = str(row["agent_id"])
        for told in self.on_adopt:
            told(plan)
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

    def _move(self, execution: Execution, penalty: Decimal, forced: str) -> Decimal:
        """The account's own position and its lives; returns the account's PnL."""
        key = execution.key
        before = self.held.get(key, [])
        after, pnl = applied(before, execution)
        self.held[key] = after
        lives = self.lives.setdefault(key, [])
        if not before:
            lives.append(self._life(key, execution.ts_ms))
        kind = forced or "1"
        flipped = bool(before and after) and after[0].opened_ms != before[0].opened_ms
        if before and (flipped or not after):
            kind = "3" if forced in ("3", "4") else "6" if forced else "2"
        if before:
            lives[-1] = dataclasses.replace(
                lives[-1], kind=kind, liq_penalty=lives[-1].liq_penalty + penalty,
                updated_ms=execution.ts_ms,
            )  # fmt: skip
        if flipped:
            lives.append(self._life(key, execution.ts_ms))
        return pnl

    def _life(self, key: PositionKey, at_ms: int) -> VenueLife:
        lives = self.lives.get(key, [])
        pos_id = lives[0].pos_id if lives else str(700 + len(self.lives))
        none = contracts(0)
        return VenueLife(key, pos_id, "", "", none, Decimal(0), Decimal(0), at_ms, at_ms)

    def _bill(
        self, kind: str, pnl: Decimal, *, key: PositionKey | None = None, fee: Decimal = Decimal(0),
        size: object = None, trade_id: str = "0", ord_id: str = "", number: int | None = None,
        at_ms: int | None = None,
    ) -> None:  # fmt: skip
        number = self._next() if number is None else number
        change = add(pnl, fee)
        self.cash = add(self.cash, change)
        if at_ms is not None and at_ms < START_MS:  # the account began with it
            cash = self.state.account_cash
            update = {"reserve": self.cash, "settled": self.cash, "bill_seen": 9_000 + number}
            self.state.account_cash = cash.model_copy(update=update)
        isolated = key is not None and key.mgn_mode == "isolated" and kind == "8"
        self.bills.append(
            VenueBill(
                str(9_000 + number), kind, "", "SWAP" if key else "", key.inst_id if key else "",
                key.mgn_mode if key else "", "USDT", Decimal(0) if isolated else change,
                change if isolated else Decimal(0), pnl, fee,
                None if size is None else contracts(str(size)), trade_id, ord_id,
                self.now_ms if at_ms is None else at_ms,
            )
        )  # fmt: skip

    def _told(self, row: dict) -> None:
        """The streams have an execution; the index would say this of it."""
        owner, name = str(row.get("agent_id", "")), str(row["fill_id"])
        self._paid(owner, "pnl", Decimal(str(row["pnl"])))
        self._paid(owner, "fee", Decimal(str(row["fee"])))
        self.fees[name] = add(self.fees.get(name, Decimal(0)), Decimal(str(row["fee"])))
        quantity = contracts(str(row["qty_contracts"]))
        key = PositionKey(str(row["inst_id"]), str(row["mgn_mode"]), str(row["pos_side"]))
        closes = row["side"] == ("buy" if key.pos_side == "short" else "sell")
        signed = -quantity if closes else quantity
        self.moves.append(Move(int(row["ts_ms"]), owner, key, signed))
        if owner:
            held = self.recorded.setdefault(owner, {})
            held[key] = held.get(key, contracts(0)) + signed

    def _paid(self, owner: str, kind: str, amount: Decimal) -> None:
        kinds = self.money.setdefault(owner, {})
        kinds[kind] = add(kinds.get(kind, Decimal(0)), amount)

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
            booked_contracts=str(qty) if booked else "0",
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
            self.state.unattributed, pnl = book_unattributed(self.state.unattributed, execution)
            self._told({**dataclasses.asdict(execution), "fill_id": execution.fill_id, "pnl": pnl,
                        "qty_contracts": execution.qty_contracts})  # fmt: skip
            return
        done = book_execution(
            self.state.agents[owner],
            self.state.private_ledgers[owner],
            self.state.public_accounts[owner],
            execution,
        )
        self.executions.append((owner, execution))
        self.state.agents[owner] = done.agent
        self.state.private_ledgers[owner] = done.private
        self.state.public_accounts[owner] = done.account
        self._told(done.record)


def replaced(view: VenueView, **fields: object) -> VenueView:
    """A view with other fields."""
    return dataclasses.replace(view, **fields)  # type: ignore[arg-type]


__all__ = ["BTC", "CAPITAL", "ETH", "START_MS", "World", "replaced"]
