"""The books notice every leak that is made on purpose, and looking costs the same in any venue."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fakeokx_sessions import Session
from fakeokx_tools import BTC, T0, D, ask, new_venue, place

from fakeokx.engine import book_matching, fills, forced, funding, indexing, positions
from fakeokx.engine.commands import (
    CancelOrders,
    Deposit,
    Fund,
    OpenAccount,
    OrderRef,
    PlaceOrders,
    SetBook,
)
from fakeokx.engine.decimals import exact
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

ORDERS_MANY = 4_000
Break = Callable[[pytest.MonkeyPatch], None]


def wrapped(patch: pytest.MonkeyPatch, owner: Any, name: str, change: Callable[..., Any]) -> None:
    """Replace a function by one that changes what it returns."""
    real = getattr(owner, name)
    patch.setattr(owner, name, lambda *given, **more: change(real(*given, **more), *given))


def cash_of_another(patch: pytest.MonkeyPatch) -> None:
    def leak(_none: None, venue: Venue, *_rest: Any) -> None:
        venue.accounts["sub1"].cash["USDT"] += 1

    wrapped(patch, Venue, "put_order", leak)


def a_line_that_says_too_much(patch: pytest.MonkeyPatch) -> None:
    wrapped(patch, fills, "_contract_line", lambda bill, *_: replace(bill, cash=bill.cash + 1))


def a_line_that_moves_too_much(patch: pytest.MonkeyPatch) -> None:
    wrapped(
        patch,
        fills,
        "_contract_line",
        lambda bill, *_: replace(bill, cash=bill.cash + 1, cash_change=bill.cash_change + 1),
    )


def a_position_that_gains_contracts(patch: pytest.MonkeyPatch) -> None:
    def more(effect: positions.PositionEffect, *_: Any) -> positions.PositionEffect:
        after = replace(effect.after, qty_contracts=effect.after.qty_contracts + 1)
        return replace(effect, after=after)

    wrapped(patch, positions, "apply", more)


def a_margin_from_nowhere(patch: pytest.MonkeyPatch) -> None:
    def more(effect: positions.PositionEffect, *_: Any) -> positions.PositionEffect:
        return replace(effect, after=replace(effect.after, margin=effect.after.margin + 1))

    wrapped(patch, positions, "apply", more)


def a_funding_that_takes_twice(patch: pytest.MonkeyPatch) -> None:
    real = funding.funded
    patch.setattr(funding, "funded", lambda *given: replace(real(*given), margin=D(7)))


def a_maker_who_gets_less(patch: pytest.MonkeyPatch) -> None:
    real = fills.fill

    def fill(venue: Any, order: Any, qty: Any, px: Any, kind: str, *rest: Any) -> Any:
        return real(venue, order, qty / 2 if kind == "M" else qty, px, kind, *rest)

    patch.setattr(fills, "fill", fill)


def a_maker_at_another_price(patch: pytest.MonkeyPatch) -> None:
    real = fills.fill

    def fill(venue: Any, order: Any, qty: Any, px: Any, kind: str, *rest: Any) -> Any:
        return real(venue, order, qty, px + 1 if kind == "M" else px, kind, *rest)

    patch.setattr(fills, "fill", fill)


def a_trade_with_oneself(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(book_matching, "_prevent", lambda *_: None)
    real = fills.fill

    def fill(venue: Any, order: Any, *rest: Any) -> Any:
        after = real(venue, order, *rest)
        venue.events[:] = [
            replace(each, fill=replace(each.fill, account="main"))
            if type(each).__name__ == "Filled"
            else each
            for each in venue.events
        ]
        return after

    patch.setattr(fills, "fill", fill)


def an_order_filled_beyond_its_size(patch: pytest.MonkeyPatch) -> None:
    wrapped(
        patch,
        fills,
        "_after_fill",
        lambda order, *_: replace(order, filled_contracts=order.qty_contracts + 1),
    )


def an_order_that_is_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(indexing, "put_on", lambda *_: None)


def money_tied_up_for_nothing(patch: pytest.MonkeyPatch) -> None:
    def more(_none: None, holder: Any, *_: Any) -> None:
        holder.frozen["USDT"] = holder.frozen.get("USDT", D(0)) + 1

    wrapped(patch, indexing, "take_off", more)


def a_spot_fee_in_the_wrong_currency(patch: pytest.MonkeyPatch) -> None:
    real = fills._line

    def line(venue: Any, made: Any, ccy: str, change: Any, bill_id: int) -> Any:
        """The fee is taken off the currency given instead of the one received."""
        wrong = change - made.fee if ccy == made.fee_ccy else change + made.fee
        return real(venue, made, ccy, wrong, bill_id)

    patch.setattr(fills, "_line", line)


BREAKS: dict[Break, str] = {
    cash_of_another: "without a bill",
    a_line_that_says_too_much: "misstates the balance",
    a_line_that_moves_too_much: "disagree about the money",
    a_position_that_gains_contracts: "moved without a fill",
    a_margin_from_nowhere: "misstates the margin|without a bill",
    a_funding_that_takes_twice: "moved",
    a_maker_who_gets_less: "two sides of a trade differ",
    a_maker_at_another_price: "two sides of a trade differ",
    a_trade_with_oneself: "traded with itself",
    an_order_filled_beyond_its_size: "overfilled",
    an_order_that_is_lost: "got lost",
    money_tied_up_for_nothing: "for nothing",
    a_spot_fee_in_the_wrong_currency: "spot fill and its bills disagree",
}


def tour(venue: Venue) -> None:
    """A little of everything: two accounts, a trade between them, coins, a funding, a cancel."""
    step(venue, OpenAccount(account="sub1"), T0)
    step(venue, Deposit(ccy="USDT", amt="100000", account="sub1"), T0)
    step(venue, SetBook(inst_id=BTC, bids=(("49000", "1"),), asks=(("51000", "1"),)), T0)
    resting = ask(ord_type="limit", px="50000", sz="2", td_mode="isolated")
    step(venue, PlaceOrders(orders=(resting,)), T0)
    taker = ask(side="sell", sz="1")
    step(venue, PlaceOrders(orders=(taker,), account="sub1"), T0)
    step(venue, Fund(inst_id=BTC, rate="0.001"), T0)
    step(venue, PlaceOrders(orders=(ask(inst_id="BTC-USDT", td_mode="cash", sz="100"),)), T0)
    for ord_id in list(venue.main.open_orders):
        ref = OrderRef(inst_id=BTC, ord_id=str(ord_id))
        step(venue, CancelOrders(orders=(ref,)), T0)


def test_a_tour_without_leaks_passes_and_does_what_it_should() -> None:
    venue = new_venue()
    tour(venue)
    assert len(venue.fills) == 3
    assert {bill.type for bill in venue.bills} == {"1", "2", "8"}
    with exact():
        venue.books.audit(venue)


@pytest.mark.parametrize("leak", BREAKS, ids=lambda leak: leak.__name__)
def test_every_leak_is_noticed_in_the_step_that_makes_it(
    leak: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak(monkeypatch)
    with pytest.raises(AssertionError, match=BREAKS[leak]):
        tour(new_venue())


def test_the_audit_finds_what_no_event_tells() -> None:
    venue = new_venue()
    place(venue, ord_type="limit", px="40000")
    place(venue)
    with exact():
        venue.books.audit(venue)
        venue.main.frozen["USDT"] += 1
        with pytest.raises(AssertionError, match="ties up"):
            venue.books.audit(venue)
        venue.main.frozen["USDT"] -= 1
        (key,) = venue.main.positions
        venue.main.positions[key] = replace(venue.main.positions[key], qty_contracts=D(9))
        with pytest.raises(AssertionError, match="moved without a fill"):
            venue.books.audit(venue)


@pytest.mark.parametrize("seed", range(40, 46))
def test_sessions_over_everything_survive_the_audit_after_every_step(seed: int) -> None:
    session = Session(seed)

    def seen(_command: Any, _events: Any) -> None:
        with exact():
            session.venue.books.audit(session.venue)

    session.run(250, seen)


def test_sessions_do_everything(request: pytest.FixtureRequest) -> None:
    """Otherwise the sessions above could pass by doing nothing."""
    categories: set[str] = set()
    sources: set[str] = set()
    bills: set[str] = set()
    for seed in range(8):
        session = Session(seed)
        session.run(400)
        categories |= {each.category for each in session.venue.fills}
        sources |= {each.source for each in session.venue.orders.values()}
        bills |= {each.type for each in session.venue.bills}
    assert categories >= {"normal", forced.FULL_LIQUIDATION, forced.ADL}
    assert sources == {"", "6", "7", "25"}
    assert bills >= {"1", "2", "5", "8", "9"}


def lines_run(venue: Venue, request: Any) -> int:
    """Lines of Python that one placement runs, without any timing."""
    count = 0

    def trace(_frame: Any, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        step(venue, PlaceOrders(orders=(request,)), T0)
    finally:
        sys.settrace(before)
    return count


def test_a_placement_runs_the_same_lines_whatever_is_stored_and_waits() -> None:
    requests = (ask(), ask(ord_type="limit", px="40123.4"), ask(side="sell", reduce_only="true"))
    small, large = new_venue(cash="1000000000"), new_venue(cash="1000000000")
    for venue, count in ((small, 20), (large, ORDERS_MANY)):
        place(venue, sz="100")
        for n in range(count):
            px = D("30000") + D("0.1") * (n % 5000)
            request = ask(ord_type="limit", px=str(px), cl_ord_id=f"c{n}")
            step(venue, PlaceOrders(orders=(request,)), T0)
    for request in requests:
        assert lines_run(large, request) <= lines_run(small, request) + 20
