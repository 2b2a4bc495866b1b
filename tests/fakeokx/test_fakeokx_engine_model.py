"""The engine against a naive account that only adds up, over random sessions.

The naive side knows three sums per position: contracts, cost basis by average price, and cash.
It shares no code with the engine and uses Fractions, so it cannot round in the same way.
"""

from decimal import Decimal
from fractions import Fraction

from fakeokx_tools import BTC, T0, new_venue
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fakeokx.engine.commands import (
    CancelOrders,
    Liquidate,
    MovePrice,
    OrderRef,
    OrderRequest,
    PlaceAlgo,
    PlaceOrders,
    SetPartial,
)
from fakeokx.engine.decimals import plain
from fakeokx.engine.events import Filled
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.wire.render_account import balance_row, position_row

CT_VAL = Fraction(1, 100)
RATES = {"T": Fraction(5, 10_000), "M": Fraction(2, 10_000), "": Fraction(5, 10_000)}
TOLERANCE = Fraction(1, 10**9)
sides = st.sampled_from(["buy", "sell"])
sizes = st.integers(1, 500).map(lambda n: plain(Decimal(n) / 100))
prices = st.integers(480_000, 520_000).map(lambda n: plain(Decimal(n) / 10))


class Sessions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.venue = new_venue()
        self.now = T0
        self.qty = Fraction(0)
        self.avg = Fraction(0)
        self.cash = Fraction(1_000_000)
        self.log: list[tuple[object, int]] = []

    def run(self, command: object) -> None:
        self.now += 1
        self.log.append((command, self.now))
        try:
            events = step(self.venue, command, self.now)  # type: ignore[arg-type]
        except Refusal:
            return
        for event in events:
            if isinstance(event, Filled):
                self.count(event)

    def count(self, event: Filled) -> None:
        fill = event.fill
        px = Fraction(fill.px_quote)
        signed = Fraction(fill.qty_contracts) * (1 if fill.side == "buy" else -1)
        self.cash -= RATES[fill.exec_type] * abs(signed) * CT_VAL * px
        if self.qty * signed < 0:
            direction = 1 if self.qty > 0 else -1
            closing = min(abs(self.qty), abs(signed))
            self.cash += direction * closing * CT_VAL * (px - self.avg)
            if abs(signed) > closing:
                self.avg = px
        elif signed:
            total = abs(self.qty) + abs(signed)
            self.avg = (abs(self.qty) * self.avg + abs(signed) * px) / total
        self.qty += signed

    @rule(side=sides, sz=sizes, reduce=st.booleans())
    def market(self, side: str, sz: str, reduce: bool) -> None:
        self.place(side, "market", sz, "", reduce=reduce)

    @rule(
        side=sides,
        sz=sizes,
        px=prices,
        kind=st.sampled_from(["limit", "post_only", "fok", "ioc"]),
        reduce=st.booleans(),
    )
    def limit(self, side: str, sz: str, px: str, kind: str, reduce: bool) -> None:
        self.place(side, kind, sz, px, reduce=reduce)

    def place(self, side: str, kind: str, sz: str, px: str, *, reduce: bool) -> None:
        request = OrderRequest(
            inst_id=BTC,
            td_mode="cross",
            side=side,
            ord_type=kind,
            sz=sz,
            px=px,
            reduce_only="true" if reduce else "",
        )
        self.run(PlaceOrders(orders=(request,)))

    @rule(px=prices)
    def move(self, px: str) -> None:
        self.run(MovePrice(inst_id=BTC, px=px))

    @rule(sz=sizes)
    def partial(self, sz: str) -> None:
        self.run(SetPartial(inst_id=BTC, sz=sz))

    @rule(side=sides, sz=sizes, px=prices)
    def stop(self, side: str, sz: str, px: str) -> None:
        self.run(
            PlaceAlgo(
                inst_id=BTC,
                td_mode="cross",
                side=side,
                ord_type="trigger",
                sz=sz,
                trigger_px=px,
                order_px="-1",
            )
        )

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.venue.open_orders:
            ord_id = data.draw(st.sampled_from(sorted(self.venue.open_orders)))
            self.run(CancelOrders(orders=(OrderRef(inst_id=BTC, ord_id=str(ord_id)),)))

    @rule()
    def liquidate(self) -> None:
        self.run(Liquidate(inst_id=BTC))

    @invariant()
    def agrees_with_the_naive_account(self) -> None:
        assert abs(Fraction(self.venue.main.cash["USDT"]) - self.cash) < TOLERANCE
        position = next(iter(self.venue.positions.values()), None)
        assert (Fraction(position.qty_contracts) if position else 0) == self.qty
        if position and self.qty:
            assert abs(Fraction(position.avg_px_quote) - self.avg) < TOLERANCE

    @invariant()
    def no_order_is_overfilled_and_states_match_sums(self) -> None:
        per_order: dict[int, Decimal] = {}
        for fill in self.venue.fills:
            per_order[fill.ord_id] = per_order.get(fill.ord_id, Decimal(0)) + fill.qty_contracts
        for order in self.venue.orders.values():
            filled = per_order.get(order.ord_id, Decimal(0))
            assert order.filled_contracts == filled <= order.qty_contracts
            assert (order.state == "filled") == (filled == order.qty_contracts)
            assert order.is_open == (order.ord_id in self.venue.open_orders)

    def teardown(self) -> None:
        again = new_venue()
        for command, now in self.log:
            try:
                step(again, command, now)  # type: ignore[arg-type]
            except Refusal:
                continue
        assert balance_row(again) == balance_row(self.venue)
        assert list(again.orders.values()) == list(self.venue.orders.values())
        assert again.fills == self.venue.fills
        assert again.bills == self.venue.bills
        for position in self.venue.positions.values():
            again_row = position_row(again, again.positions[position.key])
            assert again_row == position_row(self.venue, position)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
