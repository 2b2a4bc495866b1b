"""The engine against a naive exchange, over random sessions: to the last digit.

The naive side (``fakeokx_naive``) predicts every fill, fee, pnl, average, margin and liquidation
by itself; it is only told which requests were made and which ids they got. It also predicts who
is refused for want of money. CI draws a sample; ``FAKEOKX_FULL=1`` runs 2,000 sessions of 50
steps.
"""

import os
from fractions import Fraction
from typing import Any

import pytest
from fakeokx_naive import COIN, SWAP, Naive, Order, Trigger
from fakeokx_tools import T0, new_venue
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fakeokx.engine.commands import (
    Adl,
    Amendment,
    AmendOrders,
    CancelOrders,
    Deposit,
    Fund,
    Liquidate,
    MovePrice,
    OpenAccount,
    OrderRef,
    OrderRequest,
    PlaceAlgo,
    PlaceOrders,
    SetBook,
    SetLeverage,
    SetMark,
)
from fakeokx.engine.decimals import exact, plain
from fakeokx.engine.events import Answered
from fakeokx.engine.model import PositionKey
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.wire.render_account import balance_row

IS_FULL = os.environ.get("FAKEOKX_FULL") == "1"
CASH = {"main": 4000, "sub1": 1500}
accounts = st.sampled_from(sorted(CASH))
modes = st.sampled_from(["cross", "isolated"])
signs = st.sampled_from([1, -1])
insts = st.sampled_from([SWAP, SWAP, SWAP, COIN])
kinds = st.sampled_from(["market", "limit", "limit", "limit", "post_only", "fok", "ioc"])
# Contracts and coins from tiny to more than anybody can pay for.
small = st.integers(1, 300)
lots = st.one_of(st.integers(1, 300), st.integers(1, 4000))
ticks = st.one_of(st.integers(-60, 60), st.integers(-12_000, 12_000))


def text(number: Fraction) -> str:
    with exact():
        from decimal import Decimal

        return plain(Decimal(number.numerator) / Decimal(number.denominator))


class Sessions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.venue = new_venue(cash=str(CASH["main"]))
        self.naive = Naive(CASH)
        self.now = T0
        self.log: list[tuple[Any, int]] = []

    @initialize(books=st.sets(st.sampled_from([SWAP, COIN])))
    def open(self, books: set[str]) -> None:
        self.do(OpenAccount(account="sub1"))
        self.do(Deposit(ccy="USDT", amt=str(CASH["sub1"]), account="sub1"))
        for inst_id in sorted(books):
            self.book(inst_id, 0, [500, 400, 300, 200], 10)

    def do(self, command: Any) -> tuple[Any, ...] | None:
        self.now += 1
        self.log.append((command, self.now))
        try:
            return step(self.venue, command, self.now)
        except Refusal:
            return None

    def answer(self, command: Any) -> tuple[int, str]:
        """(id, code): the only answer of the command."""
        (said,) = (each for each in self.do(command) or () if isinstance(each, Answered))
        return int(said.id or 0), said.reason.code if said.reason else ""

    def near(self, inst_id: str, ticks_off: int) -> Fraction:
        return max(Fraction(1, 10), self.naive.last[inst_id] + Fraction(ticks_off, 10))

    @rule(
        account=accounts,
        inst=insts,
        mode=modes,
        sign=signs,
        kind=kinds,
        size=lots,
        off=ticks,
        reduces=st.sampled_from([False, False, False, True]),
    )
    def anything(self, **drawn: Any) -> None:
        self.place(**drawn)

    @rule(account=accounts, inst=insts, mode=modes, sign=signs, size=small, off=st.integers(1, 60))
    def rest(self, off: int, sign: int, **drawn: Any) -> None:
        self.place(kind="limit", off=-sign * off, sign=sign, reduces=False, **drawn)

    @rule(account=accounts, inst=insts, mode=modes, sign=signs, size=small)
    def take(self, **drawn: Any) -> None:
        self.place(kind="market", off=0, reduces=False, **drawn)

    @rule(account=accounts, mode=modes, off=st.integers(-30, 30), size=small)
    def close(self, account: str, mode: str, off: int, size: int) -> None:
        held = self.naive.accounts[account].positions[mode].qty
        if held:
            sign = -1 if held > 0 else 1
            self.place(account, SWAP, mode, sign, "limit", size, off, reduces=True)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), size=small)
    def hit(self, data: st.DataObject, size: int) -> None:
        """The other account wants what somebody offers."""
        order = data.draw(st.sampled_from(self.waiting()))
        other = "sub1" if order.account == "main" else "main"
        off = int(((order.px or 0) - self.naive.last[order.inst_id]) * 10)
        mode = data.draw(modes)
        self.place(other, order.inst_id, mode, -order.sign, "limit", size, off, reduces=False)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def reach(self, data: st.DataObject) -> None:
        """The price goes where somebody waits."""
        order = data.draw(st.sampled_from(self.waiting()))
        px = order.px or Fraction(0)
        self.do(MovePrice(inst_id=order.inst_id, px=text(px)))
        self.naive.move_price(order.inst_id, px)

    def place(
        self,
        account: str,
        inst: str,
        mode: str,
        sign: int,
        kind: str,
        size: int,
        off: int,
        reduces: bool,
    ) -> None:
        is_coin = inst == COIN
        mode, reduces = ("cash" if is_coin else mode), reduces and not is_coin
        qty = Fraction(size, 10_000) if is_coin else Fraction(size, 100)
        px = None if kind == "market" else self.near(inst, off)
        request = OrderRequest(
            inst_id=inst,
            td_mode=mode,
            side="buy" if sign > 0 else "sell",
            ord_type=kind,
            sz=text(qty),
            px="" if px is None else text(px),
            reduce_only="true" if reduces else "",
            tgt_ccy="base_ccy" if is_coin and px is None else "",
        )
        holder = self.naive.accounts[account]
        held = Fraction(0) if is_coin else holder.positions[mode].qty
        order = Order(
            ord_id=0,
            account=account,
            inst_id=inst,
            mode=mode,
            sign=sign,
            kind=kind,
            qty=min(qty, abs(held)) if reduces else qty,
            px=px,
            reduces=reduces,
            lever=Fraction(0) if is_coin else holder.levers[mode],
        )
        wanted = ""
        if reduces and held * sign >= 0:
            wanted = "51170" if held else "51169"
        elif not self.naive.affords(order):
            wanted = "51008"
        order.ord_id, code = self.answer(PlaceOrders(orders=(request,), account=account))
        assert code == wanted
        if not code:
            self.naive.enter(order)
            self.naive.fire()

    @rule(account=accounts, mode=modes, sign=signs, size=lots, off=ticks, reduces=st.booleans())
    def trigger(
        self, account: str, mode: str, sign: int, size: int, off: int, reduces: bool
    ) -> None:
        px = self.near(SWAP, off)
        algo_id, code = self.answer(
            PlaceAlgo(
                inst_id=SWAP,
                td_mode=mode,
                side="buy" if sign > 0 else "sell",
                ord_type="trigger",
                sz=text(Fraction(size, 100)),
                trigger_px=text(px),
                order_px="-1",
                reduce_only="true" if reduces else "",
                account=account,
            )
        )
        assert code == ""
        above = px > self.naive.last[SWAP]
        self.naive.triggers[algo_id] = Trigger(
            algo_id, account, mode, sign, Fraction(size, 100), px, above, reduces
        )
        self.naive.fire()

    @rule(inst=insts, off=ticks)
    def move(self, inst: str, off: int) -> None:
        px = self.near(inst, off)
        self.do(MovePrice(inst_id=inst, px=text(px)))
        self.naive.move_price(inst, px)

    @rule(off=ticks)
    def mark(self, off: int) -> None:
        px = max(Fraction(1, 10), self.naive.mark + Fraction(off, 10))
        self.do(SetMark(inst_id=SWAP, px=text(px)))
        self.naive.set_mark(px)

    @rule(
        inst=insts,
        off=ticks,
        sizes=st.lists(st.integers(1, 900), min_size=2, max_size=6) | st.just([]),
        gap=st.integers(1, 40),
    )
    def seed(self, **drawn: Any) -> None:
        self.book(**drawn)

    def book(self, inst: str, off: int, sizes: list[int], gap: int) -> None:
        middle = self.near(inst, off) + 30
        unit = Fraction(1, 10_000) if inst == COIN else Fraction(1, 100)
        rows = [
            [middle + Fraction(n + 1, 10) * gap * (-1 if n % 2 else 1), unit * size]
            for n, size in enumerate(sizes)
        ]
        bids = [row for row in rows if row[0] < middle]
        asks = [row for row in rows if row[0] > middle]
        self.do(
            SetBook(
                inst_id=inst,
                bids=tuple((text(px), text(qty)) for px, qty in bids),
                asks=tuple((text(px), text(qty)) for px, qty in asks),
            )
        )
        self.naive.set_book(inst, bids, asks)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.waiting()))
        ref = OrderRef(inst_id=order.inst_id, ord_id=str(order.ord_id))
        assert self.answer(CancelOrders(orders=(ref,), account=order.account))[1] == ""
        self.naive.end(order, "1")

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), size=lots, off=ticks)
    def amend(self, data: st.DataObject, size: int, off: int) -> None:
        order = data.draw(st.sampled_from(self.waiting()))
        qty = Fraction(size, 10_000 if order.inst_id == COIN else 100)
        px = self.near(order.inst_id, off)
        change = Amendment(
            inst_id=order.inst_id, ord_id=str(order.ord_id), new_sz=text(qty), new_px=text(px)
        )
        if self.answer(AmendOrders(orders=(change,), account=order.account))[1]:
            return
        if order.reduces:  # a larger one is cut to what there is to close
            qty = min(qty, Fraction(self.venue.orders[order.ord_id].qty_contracts))
        if px != order.px:
            self.naive.turn += 1
            order.turn = self.naive.turn
        order.qty, order.px = max(qty, order.filled), px
        if order.rest == 0:
            order.state = "filled"
        else:
            self.naive.meet(order)
        self.naive.fire()

    def waiting(self) -> list[Order]:
        return [each for each in self.naive.orders.values() if each.is_open and each.ord_id > 0]

    @rule(rate=st.integers(-300, 300))
    def fund(self, rate: int) -> None:
        self.do(Fund(inst_id=SWAP, rate=text(Fraction(rate, 100_000)) if rate else "0"))
        self.naive.fund(Fraction(rate, 100_000))

    @rule(account=accounts, mode=modes, size=st.integers(1, 200))
    def deleverage(self, account: str, mode: str, size: int) -> None:
        command = Adl(inst_id=SWAP, mgn_mode=mode, sz=text(Fraction(size, 100)), account=account)
        if self.do(command) is not None:
            self.naive.cancel_waiting(account, mode, "6")
            self.naive.force(account, mode, Fraction(size, 100), self.naive.mark, "free")

    @rule(account=accounts, mode=modes)
    def liquidate(self, account: str, mode: str) -> None:
        held = self.naive.accounts[account].positions[mode].qty
        done = self.do(Liquidate(inst_id=SWAP, mgn_mode=mode, account=account))
        assert (done is None) == (held == 0)
        if done is not None:
            self.naive.cancel_waiting(account, mode, "3")
            self.naive.force(account, mode, abs(held), self.naive.mark, "forced")

    @rule(account=accounts, mode=modes, lever=st.integers(1, 50))
    def leverage(self, account: str, mode: str, lever: int) -> None:
        command = SetLeverage(inst_id=SWAP, lever=str(lever), mgn_mode=mode, account=account)
        if self.do(command) is not None:
            self.naive.accounts[account].levers[mode] = Fraction(lever)

    @invariant()
    def money_and_positions_agree(self) -> None:
        for name, mine in self.naive.accounts.items():
            theirs = self.venue.accounts.get(name)
            if theirs is None or not theirs.cash:
                continue
            for ccy, cash in mine.cash.items():
                assert Fraction(theirs.cash.get(ccy, 0)) == cash, (name, ccy)
            for mode, position in mine.positions.items():
                held = self.venue.position(PositionKey(SWAP, mode, "net"), name)
                assert Fraction(held.qty_contracts) == position.qty, (name, mode)
                assert Fraction(held.margin) == position.margin
                if position.qty:
                    assert Fraction(held.avg_px_quote) == position.avg
                assert Fraction(held.realized_pnl) == (
                    position.pnl + position.fee + position.funding + position.penalty
                )

    @invariant()
    def orders_agree(self) -> None:
        for order in self.naive.orders.values():
            ord_id: int | None = order.ord_id
            if order.ord_id < 0:
                ord_id = self.venue.algos[-order.ord_id].child_ord_id
            theirs = self.venue.orders[ord_id or 0]
            assert (str(theirs.state), theirs.cancel_source) == (order.state, order.source)
            assert Fraction(theirs.filled_contracts) == order.filled
            assert Fraction(theirs.filled_px_sum) == order.px_sum
            assert (Fraction(theirs.fee), Fraction(theirs.pnl)) == (order.fee, order.pnl)
        waiting = {each.algo_id for each in self.venue.main.open_algos.values()}
        waiting |= {
            each.algo_id
            for each in self.venue.accounts.get("sub1", self.venue.main).open_algos.values()
        }
        assert waiting == set(self.naive.triggers)

    @invariant()
    def prices_agree_and_the_books_are_in_order(self) -> None:
        for inst_id, last in self.naive.last.items():
            assert Fraction(self.venue.prices[inst_id]) == last
        assert Fraction(self.venue.marks[SWAP]) == self.naive.mark
        with exact():
            self.venue.books.audit(self.venue)

    def teardown(self) -> None:
        again = new_venue(cash=str(CASH["main"]))
        for command, now in self.log:
            try:
                step(again, command, now)
            except Refusal:
                continue
        assert balance_row(again) == balance_row(self.venue)
        assert list(again.orders.values()) == list(self.venue.orders.values())
        assert (again.fills, again.bills) == (self.venue.fills, self.venue.bills)
        assert again.main.positions == self.venue.main.positions


@pytest.mark.timeout(7200 if IS_FULL else 300)
def test_the_engine_agrees_with_the_naive_exchange() -> None:
    run_state_machine_as_test(
        Sessions,
        settings=settings(
            max_examples=2000 if IS_FULL else 40,
            stateful_step_count=50 if IS_FULL else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
