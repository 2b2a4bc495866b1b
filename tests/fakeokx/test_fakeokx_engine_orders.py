"""Orders: who is let in, what they do to the price, and how they end."""

import json
from dataclasses import fields

import pytest
from fakeokx_tools import BTC, T0, D, answers, ask, held, move, new_venue, place, refused

from fakeokx.engine import commands
from fakeokx.engine.commands import (
    Amendment,
    AmendOrders,
    CancelOrders,
    ClosePosition,
    MovePrice,
    OrderRef,
    PlaceOrders,
    SetBook,
    SetPartial,
    decode,
    encode,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step


def test_a_market_order_fills_whole_at_the_last_price_as_taker() -> None:
    venue = new_venue()
    order = place(venue, sz="2", cl_ord_id="mine", tag="LiveAgent01")
    assert (order.state, order.filled_contracts, order.avg_px_quote) == ("filled", D(2), D(50000))
    (fill,) = venue.fills
    assert (fill.exec_type, fill.fee, fill.tag, fill.cl_ord_id) == (
        "T",
        D("-0.5"),
        "LiveAgent01",
        "mine",
    )
    assert venue.main.cash["USDT"] == D("999999.5")


def test_a_limit_order_rests_and_fills_at_its_own_price_as_maker() -> None:
    venue = new_venue()
    order = place(venue, ord_type="limit", px="49000")
    assert order.state == "live"
    move(venue, "49000.1")
    assert venue.orders[order.ord_id].state == "live"
    move(venue, "48000")
    filled = venue.orders[order.ord_id]
    assert (filled.state, filled.last_px_quote) == ("filled", D(49000))
    assert venue.fills[0].exec_type == "M"


def test_a_limit_order_that_the_price_reaches_takes_the_better_price() -> None:
    assert place(new_venue(), ord_type="limit", px="51000").avg_px_quote == 50000


@pytest.mark.parametrize(
    ("ord_type", "px", "state", "source"),
    [
        ("post_only", "50000", "canceled", "31"),
        ("post_only", "49999", "live", ""),
        ("fok", "49999", "canceled", "13"),
        ("fok", "50000", "filled", ""),
        ("ioc", "49999", "canceled", "14"),
        ("ioc", "50000", "filled", ""),
    ],
)
def test_time_in_force(ord_type: str, px: str, state: str, source: str) -> None:
    venue = new_venue()
    order = venue.orders[place(venue, ord_type=ord_type, px=px).ord_id]
    assert (order.state, order.cancel_source) == (state, source)


def test_a_partial_setting_stops_one_execution_and_the_rest_fills_at_the_next_price() -> None:
    venue = new_venue()
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    order = place(venue, sz="1")
    assert (order.state, order.filled_contracts) == ("partially_filled", D("0.4"))
    move(venue, "51000")
    done = venue.orders[order.ord_id]
    assert (done.state, done.avg_px_quote) == ("filled", D(50600))


def test_a_partial_setting_leaves_the_rest_of_a_limit_order_in_the_market() -> None:
    venue = new_venue()
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    order = place(venue, ord_type="limit", px="50010", sz="1")
    assert order.filled_contracts == D("0.4")
    assert place(venue, sz="1").state == "filled"
    move(venue, "50005")
    assert venue.orders[order.ord_id].state == "filled"


@pytest.mark.parametrize(("kind", "source"), [("fok", "13"), ("ioc", "14")])
def test_a_partial_setting_ends_orders_that_cannot_wait(kind: str, source: str) -> None:
    venue = new_venue()
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    order = place(venue, ord_type=kind, px="50000", sz="1")
    assert (order.state, order.cancel_source) == ("canceled", source)
    assert order.filled_contracts == (0 if kind == "fok" else D("0.4"))
    assert venue.partials == {}


@pytest.mark.parametrize(
    ("fields_given", "code", "word"),
    [
        ({"inst_id": "NOPE-USDT-SWAP"}, "51001", None),
        ({"inst_id": "BTC-USDT"}, "51010", None),
        ({"td_mode": "cash"}, "51010", None),
        ({"td_mode": "crossed"}, "51000", "tdMode"),
        ({"side": "BUY"}, "51000", "side"),
        ({"ord_type": "twap"}, "51000", "ordType"),
        ({"pos_side": "long"}, "51000", "posSide"),
        ({"cl_ord_id": "LiveAgent_01"}, "51000", "clOrdId"),
        ({"cl_ord_id": "a-b"}, "51000", "clOrdId"),
        ({"cl_ord_id": "x" * 33}, "51000", "clOrdId"),
        ({"cl_ord_id": "é"}, "51000", "clOrdId"),
        ({"cl_ord_id": "ok\n"}, "51000", "clOrdId"),
        ({"tag": "LiveAgent_01"}, "51000", "tag"),
        ({"tag": "x" * 17}, "51000", "tag"),
        ({"reduce_only": "yes"}, "51000", "reduceOnly"),
        ({"sz": "1e2"}, "51000", "sz"),
        ({"sz": "-1"}, "51000", "sz"),
        ({"sz": "0"}, "51000", "sz"),
        ({"sz": "0.001"}, "51020", None),
        ({"sz": "1.005"}, "51121", None),
        ({"sz": "100001"}, "51202", None),
        ({"sz": "100000001", "ord_type": "limit", "px": "1"}, "51101", None),
        ({"ord_type": "limit"}, "51204", None),
        ({"ord_type": "limit", "px": "49000.05"}, "51000", "px"),
        ({"reduce_only": "true"}, "51169", None),
        ({"sz": "100000"}, "51008", "USDT"),
    ],
)
def test_what_is_refused_and_that_nothing_changes(
    fields_given: dict[str, str], code: str, word: str | None
) -> None:
    venue = new_venue()
    before = snapshot(venue)
    assert refused(venue, **fields_given) == (code, () if word is None else (word,))
    assert snapshot(venue) == before


def snapshot(venue: object) -> str:
    return repr({name: value for name, value in sorted(vars(venue).items()) if name != "events"})


def test_a_cl_ord_id_is_unique_while_it_waits_and_free_again_afterwards() -> None:
    venue = new_venue()
    first = place(venue, ord_type="limit", px="40000", cl_ord_id="once")
    assert refused(venue, cl_ord_id="once", inst_id="ETH-USDT-SWAP") == ("51016", ())
    step(venue, CancelOrders(orders=(OrderRef(inst_id=BTC, cl_ord_id="once"),)), T0)
    again = place(venue, cl_ord_id="once")
    assert again.ord_id > first.ord_id
    assert venue.main.by_cl_ord_id["once"] == again.ord_id


def test_a_cl_ord_id_may_not_come_twice_in_a_request_even_if_the_first_is_done() -> None:
    got = answers(new_venue(), PlaceOrders(orders=(ask(cl_ord_id="a"), ask(cl_ord_id="a"))))
    assert [each.reason.code if each.reason else "0" for each in got] == ["0", "51016"]


def test_a_batch_goes_on_after_a_refusal_and_answers_in_order() -> None:
    venue = new_venue()
    batch = PlaceOrders(orders=(ask(cl_ord_id="a"), ask(sz="x", cl_ord_id="b"), ask(cl_ord_id="c")))
    got = answers(venue, batch)
    assert [each.cl_ord_id for each in got] == ["a", "b", "c"]
    assert [bool(each.id) for each in got] == [True, False, True]
    assert held(venue).qty_contracts == 2


def test_reduce_only_is_cut_to_the_position_and_never_flips_it() -> None:
    venue = new_venue()
    place(venue, sz="2")
    assert refused(venue, reduce_only="true") == ("51170", ())
    order = place(venue, side="sell", sz="5", reduce_only="true")
    assert (order.qty_contracts, held(venue).qty_contracts) == (D(2), 0)


def test_a_waiting_reducer_that_finds_nothing_left_is_canceled() -> None:
    venue = new_venue()
    place(venue, sz="2")
    waiting = place(venue, side="sell", ord_type="limit", px="51000", sz="2", reduce_only="true")
    place(venue, side="sell", sz="2")
    move(venue, "52000")
    order = venue.orders[waiting.ord_id]
    assert (order.state, order.cancel_source, order.filled_contracts) == ("canceled", "17", 0)


def test_long_short_mode_wants_a_side_and_does_not_oversell() -> None:
    venue = new_venue("long_short_mode")
    assert refused(venue) == ("51000", ("posSide",))
    assert refused(venue, side="sell", pos_side="long") == ("51169", ())
    place(venue, pos_side="long", sz="3")
    place(venue, pos_side="long", side="sell", ord_type="limit", px="60000", sz="2")
    assert refused(venue, side="sell", pos_side="long", sz="2") == ("51112", ())
    assert place(venue, side="sell", pos_side="long", sz="1").pnl == 0


@pytest.mark.parametrize("ref", [{"ord_id": "7"}, {"cl_ord_id": "none"}, {"ord_id": "x"}])
def test_cancel_of_an_unknown_order(ref: dict[str, str]) -> None:
    (answered,) = answers(new_venue(), CancelOrders(orders=(OrderRef(inst_id=BTC, **ref),)))
    assert answered.reason is not None
    assert answered.reason.code == "51400"


def test_cancel_of_a_dead_order_and_cancel_without_a_name() -> None:
    venue = new_venue()
    done = place(venue)
    refs = (OrderRef(inst_id=BTC, ord_id=str(done.ord_id)), OrderRef(inst_id=BTC))
    got = answers(venue, CancelOrders(orders=refs))
    assert [each.reason.code for each in got if each.reason] == ["51400", "51003"]
    assert [each.id for each in got] == ["", ""]


def test_cancel_leaves_what_was_filled() -> None:
    venue = new_venue()
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    order = place(venue, ord_type="limit", px="50000")
    step(venue, CancelOrders(orders=(OrderRef(inst_id=BTC, ord_id=str(order.ord_id)),)), T0 + 5)
    dead = venue.orders[order.ord_id]
    assert (dead.state, dead.cancel_source, dead.filled_contracts) == ("canceled", "1", D("0.4"))
    assert dead.u_time_ms == T0 + 5


def amend(venue: object, **given: str) -> str:
    (answered,) = answers(venue, AmendOrders(orders=(Amendment(inst_id=BTC, **given),)))  # type: ignore[arg-type]
    return answered.reason.code if answered.reason else "0"


def test_amend_changes_size_and_price_and_may_fill_at_once() -> None:
    venue = new_venue()
    order = place(venue, ord_type="limit", px="49000", cl_ord_id="a")
    assert amend(venue, cl_ord_id="a", new_sz="3", new_px="49500") == "0"
    changed = venue.orders[order.ord_id]
    assert (changed.qty_contracts, changed.px_quote, changed.state) == (D(3), D(49500), "live")
    assert amend(venue, cl_ord_id="a", new_px="50000") == "0"
    assert venue.orders[order.ord_id].state == "filled"
    assert amend(venue, cl_ord_id="a", new_sz="4") == "51503"


def test_amend_down_to_what_is_filled_ends_the_order() -> None:
    venue = new_venue()
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    order = place(venue, ord_type="limit", px="50000", cl_ord_id="a")
    assert amend(venue, cl_ord_id="a", new_sz="0.2") == "0"
    done = venue.orders[order.ord_id]
    assert (done.state, done.qty_contracts) == ("filled", D("0.4"))


def test_a_refused_amendment_cancels_only_if_asked_to() -> None:
    venue = new_venue()
    order = place(venue, ord_type="limit", px="49000", cl_ord_id="a")
    assert amend(venue, cl_ord_id="a") == "51500"
    assert amend(venue, cl_ord_id="a", new_sz="1.001") == "51121"
    assert venue.orders[order.ord_id].state == "live"
    assert amend(venue, cl_ord_id="a", new_sz="1.001", cxl_on_fail="true") == "51121"
    assert venue.orders[order.ord_id].state == "canceled"


def test_close_position_closes_all_of_it_with_a_reduce_only_order() -> None:
    venue = new_venue()
    place(venue, sz="3")
    close = ClosePosition(inst_id=BTC, mgn_mode="cross", cl_ord_id="bye", tag="t1")
    (answered,) = answers(venue, close)
    order = venue.orders[int(answered.id)]
    assert (order.reduce_only, order.tag, order.qty_contracts) == (True, "t1", D(3))
    assert held(venue).qty_contracts == 0
    with pytest.raises(Refusal, match="51023"):
        step(venue, close, T0)


def test_close_position_minds_waiting_closers() -> None:
    venue = new_venue()
    place(venue, sz="3")
    waiting = place(venue, side="sell", ord_type="limit", px="60000", sz="3", reduce_only="true")
    with pytest.raises(Refusal, match="51115"):
        step(venue, ClosePosition(inst_id=BTC, mgn_mode="cross"), T0)
    assert venue.orders[waiting.ord_id].state == "live"
    step(venue, ClosePosition(inst_id=BTC, mgn_mode="cross", auto_cxl="true"), T0)
    assert venue.orders[waiting.ord_id].state == "canceled"
    assert held(venue).qty_contracts == 0


def test_waiting_orders_fill_best_price_first_then_oldest_first() -> None:
    venue = new_venue()
    low = place(venue, ord_type="limit", px="48000", cl_ord_id="low")
    high = place(venue, ord_type="limit", px="49000", cl_ord_id="high")
    late = place(venue, ord_type="limit", px="49000", cl_ord_id="late")
    move(venue, "47000")
    assert [fill.ord_id for fill in venue.fills] == [high.ord_id, late.ord_id, low.ord_id]


def test_time_may_stand_still_but_not_go_back() -> None:
    venue = new_venue()
    place(venue, now_ms=T0)
    place(venue, now_ms=T0)
    with pytest.raises(AssertionError, match="time went back"):
        step(venue, MovePrice(inst_id=BTC, px="1"), T0 - 1)


def test_every_command_survives_its_encoding() -> None:
    for name, kind in commands._COMMANDS.items():
        given: dict[str, object] = {field.name: f"<{field.name}>" for field in fields(kind)}
        element = commands._ELEMENTS.get(name)
        if element is not None:
            one = element(**{field.name: f"<{field.name}>" for field in fields(element)})
            given[fields(kind)[0].name] = (one, one)
        if kind is SetBook:
            given |= {"bids": (("1", "2"), ("0.5", "3")), "asks": (("2", "1"),)}
        assert decode(json.loads(json.dumps(encode(kind(**given))))) == kind(**given)


def test_what_has_its_default_is_not_written_and_comes_back() -> None:
    short = PlaceOrders(orders=(ask(),))
    assert "account" not in encode(short)
    assert encode(short)["orders"] == [
        {"inst_id": BTC, "td_mode": "cross", "side": "buy", "ord_type": "market", "sz": "1"}
    ]
    assert decode(encode(short)) == short
    assert decode(encode(SetBook(inst_id=BTC))) == SetBook(inst_id=BTC)


@pytest.mark.parametrize(
    "data", [{}, {"op": "Nope"}, {"op": "MovePrice"}, {"op": "PlaceOrders", "orders": [{"x": "1"}]}]
)
def test_what_no_command_encodes_to_is_not_decoded(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="command"):
        decode(data)
