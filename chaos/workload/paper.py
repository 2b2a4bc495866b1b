"""An exchange that is a pure function: for sweeps that need thousands of runs and no network.

Every order that it is asked about has been executed in full, at a price and under a trade id that
follow from its clOrdId; nothing is remembered between processes, so a killed run and its successor
see the same exchange. Its positions are what the books hold plus the orders that are still open
there. Stops are not placed: the strategy's own exits close positions.
Its money is what these executions come to, at an average price that is always the contract's first;
what it does not remember of them is one bill.

This is no judge of reconciliation, it agrees by construction; it only lets the whole save path run:
intent, acknowledgement, settlement, both ledgers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal
from typing import cast

from chaos.chance import generator
from chaos.instruments import CONTRACTS
from chaos.workload.narrator import Narrator
from prometheus_persist.errors import Frozen
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import (
    SOURCES,
    Instrument,
    IntentLookup,
    SourceStatus,
    VenueBalance,
    VenueBill,
    VenueFill,
    VenuePosition,
    VenueView,
)
from prometheus_persist.session import Session
from prometheus_persist.state import Contracts, OrderIntent, Position, PositionKey, SystemState
from prometheus_persist.state.models import Side

_FEE_SHARE = Decimal("0.0005")
_ID_CHARS = 12
_LONG_AGO_MS = 120_000


def instrument(inst_id: str) -> Instrument:
    """One of the five contracts, as a reader would tell it."""
    contract = CONTRACTS[inst_id]
    return Instrument(
        inst_id=inst_id,
        ct_val=contract.ct_val,
        ct_mult=Decimal(1),
        lot_sz=Decimal("0.01"),
        tick_sz=contract.tick,
        settle_ccy="USDT",
    )


def execution(intent: OrderIntent) -> VenueFill:
    """The one execution of an order."""
    contract = CONTRACTS[intent.inst_id]
    move = generator("paper", intent.cl_ord_id).uniform(-0.02, 0.02)
    px = contract.on_tick(contract.first_px * Decimal(str(round(1 + move, 5))))
    value = px * contract.ct_val * intent.qty_contracts.value
    trade_id = str(int(intent.cl_ord_id[-_ID_CHARS:], 36))
    return VenueFill(
        inst_id=intent.inst_id,
        trade_id=trade_id,
        ord_id=f"9{trade_id}",
        cl_ord_id=intent.cl_ord_id,
        tag=intent.tag,
        side=intent.side,
        pos_side=intent.pos_side,
        qty_contracts=intent.qty_contracts,
        px=px,
        fee=-value * _FEE_SHARE,
        ts_ms=intent.created_ms,
        bill_id=f"8{trade_id}",
    )


class PaperReader:
    """Reads the exchange that is not there."""

    def __init__(self, state: SystemState) -> None:
        self._state = state

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:  # noqa: ARG002 protocol
        """Executed in full."""
        fill = execution(intent)
        return OrderSeen(_lookup(intent, fill), (fill,), instrument(intent.inst_id), True)

    def read_view(self, request: ViewRequest) -> VenueView:
        """The books' own positions, and the open orders executed on top of them."""
        fills = tuple(execution(intent) for intent in request.intents)
        return VenueView(
            read_ms=request.now_ms,
            pos_mode="net_mode",
            sources={
                name: SourceStatus(name, complete=True, read_ms=request.now_ms) for name in SOURCES
            },
            instruments={inst_id: instrument(inst_id) for inst_id in CONTRACTS},
            positions=tuple(self._positions(fills, request.now_ms)),
            fills=fills,
            lookups=tuple(
                _lookup(intent, fill) for intent, fill in zip(request.intents, fills, strict=True)
            ),
            bills=tuple(self._bills(fills, request.now_ms)),
            balances={"USDT": VenueBalance("USDT", self._settled(fills), Decimal(0))},
        )

    def _settled(self, fills: Iterable[VenueFill]) -> Decimal:
        """What all that is booked, and these executions, leave of the account's money."""
        books = self._state.private_ledgers.values()
        held = [
            _worth(one.inst_id, one.qty_contracts) * (_average(one.inst_id) - one.entry_px)
            for book in books
            for one in book.positions
        ]
        booked = [account.total_pnl for account in self._state.public_accounts.values()]
        return sum((*booked, *held, *(_change(fill) for fill in fills)), Decimal(0))

    def _bills(self, fills: tuple[VenueFill, ...], now_ms: int) -> list[VenueBill]:
        """One per execution that is open, one for all that were settled since the last look."""
        cash = self._state.account_cash
        first = cash.bill_seen + 1
        settled = self._settled(()) - cash.settled
        past = [_bill(first, "5", settled, None, now_ms - _LONG_AGO_MS)] if settled else []
        return past + [
            _bill(first + number, "2", _change(fill), fill, fill.ts_ms)
            for number, fill in enumerate(fills, start=1)
        ]

    def _positions(self, fills: Iterable[VenueFill], now_ms: int) -> list[VenuePosition]:
        net: dict[str, Contracts] = {}
        for book in self._state.private_ledgers.values():
            for position in book.positions:
                held = net.get(position.inst_id, Contracts(Decimal(0)))
                net[position.inst_id] = held + position.qty_contracts
        for fill in fills:
            held = net.get(fill.inst_id, Contracts(Decimal(0)))
            sign = fill.qty_contracts if fill.side == "buy" else -fill.qty_contracts
            net[fill.inst_id] = held + sign
        return [
            VenuePosition(
                PositionKey(inst_id, "cross", "net"),
                net[inst_id],
                CONTRACTS[inst_id].first_px,
                now_ms,
            )
            for inst_id in sorted(net)
            if net[inst_id]
        ]


def _average(inst_id: str) -> Decimal:
    return CONTRACTS[inst_id].first_px


def _worth(inst_id: str, quantity: Contracts) -> Decimal:
    return quantity.value * CONTRACTS[inst_id].ct_val


def _change(fill: VenueFill) -> Decimal:
    """PnL at the account's average price, and the fee."""
    base = _worth(fill.inst_id, fill.qty_contracts) * (1 if fill.side == "buy" else -1)
    return base * (_average(fill.inst_id) - fill.px) + fill.fee


def _bill(number: int, kind: str, change: Decimal, fill: VenueFill | None, ts_ms: int) -> VenueBill:
    """A bill of a fill; without one, of a liquidation long ago, which may leave none."""
    return VenueBill(
        bill_id=str(number),
        type=kind,
        sub_type="",
        inst_type="SWAP",
        inst_id=next(iter(CONTRACTS)) if fill is None else fill.inst_id,
        mgn_mode="cross",
        ccy="USDT",
        bal_chg=change,
        pos_bal_chg=Decimal(0),
        pnl=change - (Decimal(0) if fill is None else fill.fee),
        fee=Decimal(0) if fill is None else fill.fee,
        qty_contracts=None if fill is None else fill.qty_contracts,
        trade_id="0" if fill is None else fill.trade_id,
        ord_id="" if fill is None else fill.ord_id,
        ts_ms=ts_ms,
    )


def _lookup(intent: OrderIntent, fill: VenueFill) -> IntentLookup:
    return IntentLookup(
        cl_ord_id=intent.cl_ord_id,
        found=True,
        state="filled",
        ord_id=fill.ord_id,
        filled_contracts=fill.qty_contracts,
    )


class PaperBroker:
    """Orders that are executed as soon as they are asked about."""

    def __init__(self, session: Session, narrator: Narrator) -> None:
        self.reader = PaperReader(session.state)
        self._session = session
        self._narrator = narrator

    def market(self, agent_id: str, inst_id: str, side: str, sz: Decimal, reduce: bool) -> bool:
        """Intent, acknowledgement, settlement."""
        try:
            with self._session.order_intent(
                agent_id, inst_id, cast("Side", side), Contracts(sz), reduce_only=reduce
            ) as intent:
                intent.ack({"id": f"9{int(intent.cl_ord_id[-_ID_CHARS:], 36)}"})
        except Frozen as shut:
            self._narrator.say("frozen", agent_id=agent_id, inst_id=inst_id, why=shut.detail)
            return False
        began, before = time.monotonic(), self._session.seq
        done = self._session.settle(self.reader, intent.cl_ord_id)
        if self._session.seq > before:  # else nothing was proven, and nothing saved
            self._narrator.held(
                self._session.seq,
                self._session.state,
                time.monotonic() - began,
                "settle",
                done.agent_id,
                done.cl_ord_id,
            )
        return bool(done.booked_contracts)

    def protect(self, agent_id: str, position: Position, trigger_px: Decimal) -> None:
        """This exchange has no stops."""

    def unprotect(self, stop: OrderIntent) -> None:
        """This exchange has no stops."""

    def watch(self) -> list[str]:
        """Settle what a crash left open."""
        waiting = list(self._session.state.intents.values())
        return [self._session.settle(self.reader, each.cl_ord_id).agent_id for each in waiting]
