"""Orders that come with others, orders that follow the price, and changes to waiting ones."""

import json

import pytest
from fakeokx_tools import BTC, T0, D, answers, held, move, new_venue, place, place_algo, refused

from fakeokx.engine.commands import (
    AlgoAmendment,
    AmendAlgos,
    Amendment,
    AmendOrders,
    CancelOrders,
    Liquidate,
    OrderRef,
    PlaceAlgo,
    SetBook,
    SetMark,
    SetPartial,
    SetSwitch,
)
from fakeokx.engine.events import AlgoChanged
from fakeokx.engine.model import Algo, Order
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

BOTH = {"tpTriggerPx": "52000", "tpOrdPx": "-1", "slTriggerPx": "48000", "slOrdPx": "-1"}

SPLIT = (("51000", "0.5"), ("52000", "1.5"))

BOTH_LOW = {**BOTH, "tpTriggerPx": "41000", "slTriggerPx": "39000"}


def text(*items: dict[str, object]) -> str:
    return json.dumps(items)


def waiting(venue: Venue) -> list[Algo]:
    return list(venue.main.open_algos.values())


def test_take_profit_and_stop_begin_to_wait_when_the_order_is_filled() -> None:
    venue = new_venue()
    order = place(
        venue,
        ord_type="limit",
        px="49000",
        sz="2",
        tag="t",
        attach_algo_ords=text({**BOTH, "attachAlgoClOrdId": "exit1"}),
    )
    assert waiting(venue) == []
    (spec,) = order.attached
    move(venue, "49000")
    (algo,) = waiting(venue)
    assert (algo.ord_type, algo.side, algo.qty_contracts) == ("oco", "sell", D(2))
    assert (algo.algo_cl_ord_id, algo.reduce_only, algo.tag) == ("exit1", True, "t")
    assert algo.linked_ord_id == order.ord_id
    assert algo.algo_id != spec.attach_algo_id
    move(venue, "52000")
    child = venue.orders[venue.algos[algo.algo_id].child_ord_id or 0]
    assert (child.source, child.state) == ("7", "filled")
    assert held(venue).qty_contracts == 0


def partly_filled_and_canceled(venue: Venue, *items: dict[str, object]) -> Order:
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    order = place(venue, ord_type="limit", px="50000", tag="t", attach_algo_ords=text(*items))
    step(venue, CancelOrders(orders=(OrderRef(inst_id=BTC, ord_id=str(order.ord_id)),)), T0)
    assert venue.orders[order.ord_id].filled_contracts == D("0.4")
    return order


def test_what_was_filled_before_a_cancel_keeps_its_exits() -> None:
    venue = new_venue()
    sl = {"slTriggerPx": "48000", "slOrdPx": "-1"}
    order = partly_filled_and_canceled(venue, {**BOTH, "attachAlgoClOrdId": "exit1"})
    other = partly_filled_and_canceled(venue, {**sl, "attachAlgoClOrdId": "exit2"})
    found = [
        (each.ord_type, each.algo_cl_ord_id, each.linked_ord_id, each.qty_contracts, each.tag)
        for each in waiting(venue)
    ]
    assert found == [
        ("oco", "exit1", order.ord_id, D("0.4"), "t"),
        ("conditional", "exit2", other.ord_id, D("0.4"), "t"),
    ]
    assert all(each.reduce_only and each.side == "sell" for each in waiting(venue))
    move(venue, "48000")
    assert held(venue).qty_contracts == 0


@pytest.mark.parametrize("kind", ["ioc", "market"])
def test_an_order_that_the_book_fills_in_part_keeps_its_exits(kind: str) -> None:
    venue = new_venue()
    step(venue, SetBook(inst_id=BTC, asks=(("50000", "0.3"),)), T0)
    px = "50000" if kind == "ioc" else ""
    order = place(venue, ord_type=kind, px=px, attach_algo_ords=text(BOTH))
    assert (venue.orders[order.ord_id].state, order.cancel_source) == ("canceled", "14")
    (algo,) = waiting(venue)
    assert (algo.qty_contracts, algo.linked_ord_id) == (D("0.3"), order.ord_id)


def test_a_maker_that_its_own_account_ends_keeps_its_exits() -> None:
    venue = new_venue()
    step(venue, SetBook(inst_id=BTC, bids=(("40000", "1"),), asks=(("50000", "0.3"),)), T0)
    maker = place(venue, ord_type="limit", px="50000", attach_algo_ords=text(BOTH))
    place(venue, side="sell", ord_type="limit", px="50000")
    assert venue.orders[maker.ord_id].cancel_source == "32"
    (algo,) = waiting(venue)
    assert algo.qty_contracts == D("0.3")


def test_what_the_venue_ends_by_force_or_never_filled_leaves_no_exits() -> None:
    venue = new_venue()
    order = place(venue, ord_type="limit", px="40000", attach_algo_ords=text(BOTH_LOW))
    step(venue, CancelOrders(orders=(OrderRef(inst_id=BTC, ord_id=str(order.ord_id)),)), T0)
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    place(venue, ord_type="limit", px="50000", attach_algo_ords=text(BOTH))
    step(venue, Liquidate(inst_id=BTC), T0)
    assert venue.algos == {}


def test_by_the_documentation_a_cancel_leaves_none() -> None:
    venue = new_venue()
    step(venue, SetSwitch(name="attached.after_cancel", value="none"), T0)
    partly_filled_and_canceled(venue, BOTH)
    assert waiting(venue) == []


def test_an_amendment_down_to_the_filled_size_completes_the_order() -> None:
    venue = new_venue()
    step(venue, SetPartial(inst_id=BTC, sz="0.4"), T0)
    order = place(venue, ord_type="limit", px="50000", attach_algo_ords=text(BOTH))
    change = Amendment(inst_id=BTC, ord_id=str(order.ord_id), new_sz="0.4")
    step(venue, AmendOrders(orders=(change,)), T0)
    (algo,) = waiting(venue)
    assert algo.qty_contracts == D("0.4")


def test_several_attachments_one_of_them_trailing() -> None:
    venue = new_venue()
    place(venue, attach_algo_ords=text({"slTriggerPx": "48000"}, {"callbackRatio": "0.01"}))
    assert [each.ord_type for each in waiting(venue)] == ["conditional", "move_order_stop"]
    assert waiting(venue)[1].move_trigger_px_quote == D(49500)


def test_several_take_profits_close_their_part_each() -> None:
    venue = new_venue()
    tps = [{"tpTriggerPx": px, "tpOrdPx": "-1", "sz": sz} for px, sz in SPLIT]
    sl = {"slTriggerPx": "48000", "slOrdPx": "-1"}
    place(venue, sz="2", attach_algo_ords=text(*tps, sl))
    assert [each.qty_contracts for each in waiting(venue)] == [D("0.5"), D("1.5"), D(2)]
    move(venue, "51000")
    assert held(venue).qty_contracts == D("1.5")
    move(venue, "52000")
    assert held(venue).qty_contracts == 0
    assert [each.qty_contracts for each in waiting(venue)] == [D(2)]


def test_of_a_part_of_the_order_the_first_take_profits_get_theirs_first() -> None:
    venue = new_venue()
    tps = [{"tpTriggerPx": px, "tpOrdPx": "-1", "sz": sz} for px, sz in SPLIT]
    step(venue, SetPartial(inst_id=BTC, sz="0.7"), T0)
    order = place(venue, sz="2", ord_type="limit", px="50000", attach_algo_ords=text(*tps))
    step(venue, CancelOrders(orders=(OrderRef(inst_id=BTC, ord_id=str(order.ord_id)),)), T0)
    assert [each.qty_contracts for each in waiting(venue)] == [D("0.5"), D("0.2")]


def change(venue: Venue, order: Order, *items: dict[str, object], **fields: str) -> str:
    asked = {"attach_algo_ords": text(*items)} if items else {}
    wanted = Amendment(inst_id=BTC, ord_id=str(order.ord_id), **asked, **fields)
    (answered,) = answers(venue, AmendOrders(orders=(wanted,)))
    return answered.reason.code if answered.reason else "0"


def test_what_is_attached_is_amended_with_its_order() -> None:
    venue = new_venue()
    order = place(venue, ord_type="limit", px="40000", attach_algo_ords=text(BOTH_LOW))
    (was,) = order.attached
    name = {"attachAlgoId": str(was.attach_algo_id)}
    assert change(venue, order, {**name, "newSlTriggerPx": "38000"}, new_px="39500") == "0"
    (now,) = venue.orders[order.ord_id].attached
    assert (now.sl, now.tp) == ((D(38000), "last", None), was.tp)
    assert venue.orders[order.ord_id].px_quote == D(39500)
    new = {"newTpTriggerPx": "42000", "newTpOrdPx": "41900", "newTpTriggerPxType": "mark"}
    assert change(venue, order, new) == "0"
    assert change(venue, order, {"newSlOrdPx": "0"}) == "0"
    (now,) = venue.orders[order.ord_id].attached
    assert (now.sl, now.tp) == (None, (D(42000), "mark", D(41900)))
    move(venue, "39000")
    (algo,) = waiting(venue)
    assert [leg.kind for leg in algo.legs] == ["tp"]


def test_one_that_has_nothing_left_is_gone_and_a_trailing_one_takes_another_distance() -> None:
    venue = new_venue()
    sl, trailing = {"slTriggerPx": "39000", "attachAlgoClOrdId": "s"}, {"callbackRatio": "0.01"}
    order = place(venue, ord_type="limit", px="40000", attach_algo_ords=text(sl, trailing))
    follows = {"attachAlgoId": str(order.attached[1].attach_algo_id)}
    gone = {"attachAlgoClOrdId": "s", "newSlTriggerPx": "0"}
    assert change(venue, order, gone, {**follows, "newCallbackSpread": "50"}) == "0"
    (now,) = venue.orders[order.ord_id].attached
    assert (now.callback_ratio, now.callback_spread) == (None, D(50))


@pytest.mark.parametrize(
    ("item", "fields", "code"),
    [
        ({"newSlTriggerPx": "40001"}, {}, "51047"),
        ({"newTpTriggerPx": "39999"}, {}, "51046"),
        ({"newSlTriggerPx": "39000.05"}, {}, "51000"),
        ({"newSlTriggerRatio": "0.1"}, {}, "51000"),
        ({"attachAlgoId": "7", "newSlTriggerPx": "38000"}, {}, "51527"),
        ({}, {"new_sz": "3"}, "51083"),
    ],
)
def test_an_amendment_of_exits_that_is_refused_leaves_the_order(
    item: dict[str, object], fields: dict[str, str], code: str
) -> None:
    venue = new_venue()
    exits = text({**BOTH_LOW, "sz": "1"})
    order = place(venue, ord_type="limit", px="40000", attach_algo_ords=exits)
    assert change(venue, order, *[item] if item else [], **fields) == code
    assert venue.orders[order.ord_id] == order


def test_what_is_attached_to_a_trigger_is_amended_with_it() -> None:
    venue = new_venue()
    fields = {"ord_type": "trigger", "trigger_px": "51000", "order_px": "-1"}
    algo = place_algo(venue, side="buy", attach_algo_ords=text(BOTH), **fields)
    assert amend(venue, algo, attach_algo_ords=text({"newSlTriggerPx": "49000"})) == "0"
    move(venue, "51000")
    (stop,) = waiting(venue)
    assert stop.legs[0].trigger_px_quote == D(49000)


def test_the_order_of_a_trigger_carries_what_was_attached_to_the_trigger() -> None:
    venue = new_venue()
    place_algo(
        venue,
        side="buy",
        ord_type="trigger",
        trigger_px="51000",
        order_px="-1",
        attach_algo_ords=text(BOTH),
    )
    move(venue, "51000")
    (algo,) = waiting(venue)
    assert (algo.ord_type, algo.side) == ("oco", "sell")


@pytest.mark.parametrize(
    ("attach", "fields", "code"),
    [
        ("nonsense", {}, "51000"),
        ("[1]", {}, "51000"),
        (text({"slTriggerPx": {"a": 1}}), {}, "51000"),
        (text({}), {}, "50015"),
        (text({"slOrdPx": "-1"}), {}, "50014"),
        (text({"slTriggerPx": "48000.05"}), {}, "51000"),
        (text({"callbackRatio": "0.01", "callbackSpread": "5"}), {}, "50024"),
        (text({"callbackRatio": "2"}), {}, "51000"),
        (text({**BOTH, "attachAlgoClOrdId": "a_b"}), {}, "51000"),
        (text({**BOTH, "attachAlgoClOrdId": "a"}, {**BOTH, "attachAlgoClOrdId": "a"}), {}, "51068"),
        (text({"tpTriggerPx": "49999"}), {}, "51050"),
        (text({"slTriggerPx": "50001"}), {}, "51051"),
        (text({"tpTriggerPx": "50001"}), {"side": "sell"}, "51052"),
        (text({"slTriggerPx": "49999"}), {"side": "sell"}, "51053"),
        (text({"tpTriggerPx": "48999"}), {"ord_type": "limit", "px": "49000"}, "51046"),
        (text({"slTriggerPx": "49001"}), {"ord_type": "limit", "px": "49000"}, "51047"),
        (
            text({"tpTriggerPx": "51001"}),
            {"ord_type": "limit", "px": "51000", "side": "sell"},
            "51048",
        ),
        (
            text({"slTriggerPx": "50999"}),
            {"ord_type": "limit", "px": "51000", "side": "sell"},
            "51049",
        ),
        (text(*[BOTH] * 21), {}, "51000"),
        (text({**BOTH, "amendPxOnTriggerType": "1"}), {}, "51000"),
        (text({"slTriggerRatio": "0.1", "slOrdPx": "-1"}), {}, "51000"),
        (text({**BOTH, "sz": "0.5"}), {}, "51083"),
    ],
)
def test_what_cannot_be_attached(attach: str, fields: dict[str, str], code: str) -> None:
    venue = new_venue()
    assert refused(venue, attach_algo_ords=attach, **fields)[0] == code
    assert venue.orders == {}


def test_an_order_that_closes_carries_nothing() -> None:
    venue = new_venue()
    place(venue, side="sell")
    assert refused(venue, reduce_only="true", attach_algo_ords=text(BOTH))[0] == "51100"
    assert place(venue, attach_algo_ords='""').attached == ()


def trail(venue: Venue, **fields: str) -> Algo:
    return place_algo(venue, ord_type="move_order_stop", **fields)


def test_a_trailing_stop_follows_the_best_price_and_fires_when_it_comes_back() -> None:
    venue = new_venue()
    place(venue)
    algo = trail(venue, callback_ratio="0.02", reduce_only="true")
    assert algo.move_trigger_px_quote == D(49000)
    move(venue, "55000")
    now = venue.algos[algo.algo_id]
    assert (now.extreme_px_quote, now.move_trigger_px_quote) == (D(55000), D(53900))
    move(venue, "53900.1")
    assert venue.algos[algo.algo_id].state == "live"
    assert venue.algos[algo.algo_id].move_trigger_px_quote == D(53900)
    move(venue, "53900")
    fired = venue.algos[algo.algo_id]
    child = venue.orders[fired.child_ord_id or 0]
    assert (fired.state, child.source, child.last_px_quote) == ("effective", "25", D(53900))


def test_a_buying_one_follows_the_lowest_price_by_an_amount() -> None:
    venue = new_venue()
    algo = trail(venue, side="buy", callback_spread="100")
    move(venue, "40000")
    move(venue, "40099.9")
    assert venue.algos[algo.algo_id].state == "live"
    move(venue, "40100")
    assert venue.algos[algo.algo_id].state == "effective"


def test_it_sleeps_until_its_price_is_reached() -> None:
    venue = new_venue()
    algo = trail(venue, callback_ratio="0.01", active_px="52000")
    move(venue, "40000")
    asleep = venue.algos[algo.algo_id]
    assert (asleep.is_active, asleep.move_trigger_px_quote) == (False, None)
    move(venue, "52500")
    assert venue.algos[algo.algo_id].move_trigger_px_quote == D(51975)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "50015"),
        ({"callback_ratio": "0.01", "callback_spread": "5"}, "50024"),
        ({"callback_ratio": "0.0001"}, "51000"),
        ({"callback_ratio": "0.01", "active_px": "0"}, "51000"),
    ],
)
def test_a_trailing_order_has_one_distance(fields: dict[str, str], code: str) -> None:
    command = PlaceAlgo(
        inst_id=BTC, td_mode="cross", side="sell", ord_type="move_order_stop", sz="1", **fields
    )
    (answered,) = answers(new_venue(), command)
    assert answered.reason is not None
    assert answered.reason.code == code


def amend(venue: Venue, algo: Algo, **fields: str) -> str:
    change = AlgoAmendment(inst_id=BTC, algo_id=str(algo.algo_id), req_id="r1", **fields)
    (answered,) = answers(venue, AmendAlgos(algos=(change,)))
    assert answered.req_id == "r1"
    return answered.reason.code if answered.reason else "0"


def test_a_waiting_stop_takes_a_new_price_and_size() -> None:
    venue = new_venue()
    place(venue, sz="3")
    algo = place_algo(venue, sl_trigger_px="48000", sl_ord_px="-1", reduce_only="true")
    change = AlgoAmendment(
        inst_id=BTC,
        algo_id=str(algo.algo_id),
        req_id="r1",
        new_sl_trigger_px="49000",
        new_sz="2",
    )
    events = step(venue, AmendAlgos(algos=(change,)), T0 + 5)
    said = next(each for each in events if isinstance(each, AlgoChanged))
    assert (said.req_id, said.amend_result, said.algo.u_time_ms) == ("r1", "0", T0 + 5)
    move(venue, "49000", T0 + 6)
    assert held(venue).qty_contracts == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "51500"),
        ({"new_sl_trigger_px": "48000"}, "51500"),
        ({"new_sl_trigger_px": "51000"}, "51280"),
        ({"new_sl_trigger_px": "51000", "new_sl_trigger_px_type": "mark"}, "51304"),
        ({"new_sl_trigger_px": "51000", "new_sl_trigger_px_type": "index"}, "51308"),
        ({"new_sl_trigger_px": "0"}, "51000"),
        ({"new_sl_trigger_px": "47000", "new_tp_trigger_px": "52000"}, "51000"),
        ({"new_trigger_px": "47000", "new_ord_px": "-1"}, "51000"),
        ({"new_sl_trigger_px": "47000", "attach_algo_ords": text(BOTH)}, "51538"),
        ({"new_sz": "0.001"}, "51020"),
    ],
)
def test_an_amendment_that_is_refused_leaves_the_stop(fields: dict[str, str], code: str) -> None:
    venue = new_venue()
    algo = place_algo(venue, sl_trigger_px="48000", sl_ord_px="-1")
    assert amend(venue, algo, **fields) == code
    assert venue.algos[algo.algo_id] == algo
    if fields:
        assert amend(venue, algo, **fields, cxl_on_fail="true") == code
        assert venue.algos[algo.algo_id].state == "canceled"
        assert amend(venue, algo, new_sz="2") == "51503"


def test_one_leg_of_an_oco_can_be_taken_away_and_a_trailing_order_is_left_alone() -> None:
    venue = new_venue()
    algo = place_algo(
        venue,
        ord_type="oco",
        sl_trigger_px="48000",
        sl_ord_px="-1",
        tp_trigger_px="52000",
        tp_ord_px="51900",
    )
    assert amend(venue, algo, new_tp_trigger_px="0") == "0"
    assert [leg.kind for leg in venue.algos[algo.algo_id].legs] == ["sl"]
    assert amend(venue, trail(venue, callback_ratio="0.01"), new_sz="2") == "51000"


def test_a_trigger_order_may_move_to_the_other_side_of_the_price() -> None:
    venue = new_venue()
    algo = place_algo(venue, side="buy", ord_type="trigger", trigger_px="51000", order_px="-1")
    assert amend(venue, algo, new_trigger_px="49000", new_ord_px="49100") == "0"
    move(venue, "49000")
    child = venue.orders[venue.algos[algo.algo_id].child_ord_id or 0]
    assert (child.ord_type, child.px_quote) == ("limit", D(49100))


def test_a_stop_on_the_mark_price_ignores_the_last_price() -> None:
    venue = new_venue()
    place(venue)
    fields = {"sl_trigger_px": "48000", "sl_ord_px": "-1", "sl_trigger_px_type": "mark"}
    algo = place_algo(venue, **fields)
    step(venue, SetBook(inst_id=BTC, bids=(("47000", "1"), ("46000", "9"))), T0)
    place(venue, side="sell", sz="1")
    assert venue.prices[BTC] == D(47000)
    assert venue.algos[algo.algo_id].state == "live"
    step(venue, SetMark(inst_id=BTC, px="48000"), T0)
    assert venue.algos[algo.algo_id].state != "live"


def test_one_stop_in_a_thin_book_fires_the_next() -> None:
    venue = new_venue()
    place(venue, sz="3")
    step(venue, SetBook(inst_id=BTC, bids=(("49500", "1"), ("48500", "1"), ("40000", "9"))), T0)
    first = place_algo(venue, sl_trigger_px="49600", sl_ord_px="-1")
    second = place_algo(venue, sl_trigger_px="49500", sl_ord_px="-1")
    third = place_algo(venue, sl_trigger_px="48500", sl_ord_px="-1")
    place(venue, side="sell", ord_type="ioc", px="49500", sz="0.01")
    assert [venue.algos[each.algo_id].state for each in (first, second, third)] == ["effective"] * 3
    assert venue.prices[BTC] == D(40000)


def test_a_stop_goes_with_its_position_only_if_it_was_asked_to() -> None:
    venue = new_venue()
    place(venue)
    stays = place_algo(venue, sl_trigger_px="48000", sl_ord_px="-1")
    goes = place_algo(venue, sl_trigger_px="48000", sl_ord_px="-1", cxl_on_close_pos="true")
    place(venue, side="sell")
    assert venue.algos[stays.algo_id].state == "live"
    assert venue.algos[goes.algo_id].state == "canceled"


def test_the_switches_of_children() -> None:
    venue = new_venue()
    place(venue, sz="2")
    step(venue, SetSwitch(name="algo.child_tag", value="empty"), T0)
    step(venue, SetSwitch(name="algo.child_clordid", value="generated"), T0)
    step(venue, SetSwitch(name="algo.legacy_clordid", value="ignore"), T0)
    algo = place_algo(venue, sl_trigger_px="48000", sl_ord_px="-1", tag="t", cl_ord_id="old")
    assert (algo.algo_cl_ord_id, algo.cl_ord_id) == ("", "")
    move(venue, "47000")
    child = venue.orders[venue.algos[algo.algo_id].child_ord_id or 0]
    assert child.tag == ""
    assert 0 < len(child.cl_ord_id) <= 32
