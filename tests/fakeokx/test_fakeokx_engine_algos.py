"""Algo orders: they wait, fire once, and leave a child or a reason."""

import pytest
from fakeokx_tools import BTC, T0, D, answers, held, move, new_venue, place, place_algo

from fakeokx.engine.commands import AlgoRef, CancelAlgos, PlaceAlgo
from fakeokx.wire.render_orders import algo_row, order_row

STOP = {"sl_trigger_px": "48000", "sl_ord_px": "-1", "reduce_only": "true"}


def test_a_stop_fires_when_the_price_goes_through_it_and_leaves_a_child() -> None:
    venue = new_venue()
    place(venue, sz="1")
    algo = place_algo(venue, algo_cl_ord_id="stop1", tag="LiveAgent01", **STOP)
    move(venue, "48000.1", T0 + 1)
    assert venue.algos[algo.algo_id].state == "live"
    move(venue, "47500", T0 + 2)
    fired = algo_row(venue.algos[algo.algo_id])
    child = order_row(venue.orders[int(fired["ordId"])])
    assert (fired["state"], fired["actualSide"], fired["actualSz"]) == ("effective", "sl", "1")
    assert (fired["ordIdList"], fired["triggerTime"]) == ([child["ordId"]], str(T0 + 2))
    assert child["ordId"] != fired["algoId"]
    assert (child["algoId"], child["algoClOrdId"]) == (fired["algoId"], "stop1")
    assert (child["clOrdId"], child["source"], child["tag"]) == ("", "7", "LiveAgent01")
    assert (child["state"], child["avgPx"], child["cTime"]) == ("filled", "47500", str(T0 + 2))
    assert held(venue).qty_contracts == 0


def test_a_fired_stop_does_not_fire_again() -> None:
    venue = new_venue()
    place(venue, sz="2")
    place_algo(venue, **STOP)
    move(venue, "47000")
    move(venue, "46000")
    assert held(venue).qty_contracts == 1


@pytest.mark.parametrize(
    ("side", "leg", "px", "code"),
    [
        ("sell", "tp", "49999", "51279"),
        ("sell", "sl", "50001", "51280"),
        ("buy", "tp", "50001", "51277"),
        ("buy", "sl", "49999", "51278"),
        ("sell", "sl", "50000", "51280"),
    ],
)
def test_a_trigger_on_the_wrong_side_of_the_price(side: str, leg: str, px: str, code: str) -> None:
    fields = {f"{leg}_trigger_px": px, f"{leg}_ord_px": "-1"}
    command = PlaceAlgo(
        inst_id=BTC, td_mode="cross", side=side, ord_type="conditional", sz="1", **fields
    )
    (answered,) = answers(new_venue(), command)
    assert answered.reason is not None
    assert answered.reason.code == code


def test_a_stop_that_cannot_be_placed_ends_as_order_failed_without_an_order() -> None:
    venue = new_venue()
    place(venue, sz="1")
    algo = place_algo(venue, **STOP)
    place(venue, side="sell", sz="1")
    orders_before = len(venue.orders)
    move(venue, "47000")
    failed = algo_row(venue.algos[algo.algo_id])
    assert (failed["state"], failed["failCode"], failed["ordId"]) == ("order_failed", "51169", "")
    assert len(venue.orders) == orders_before


def test_an_oco_fires_one_leg_only() -> None:
    venue = new_venue()
    place(venue, sz="1")
    algo = place_algo(venue, ord_type="oco", tp_trigger_px="52000", tp_ord_px="51900", **STOP)
    move(venue, "52000")
    row = algo_row(venue.algos[algo.algo_id])
    assert (row["state"], row["actualSide"], row["actualPx"]) == ("effective", "tp", "51900")
    child = venue.orders[int(row["ordId"])]
    assert (child.ord_type, child.avg_px_quote) == ("limit", D(52000))


def test_conditional_with_both_legs_keeps_only_the_stop_in_net_mode() -> None:
    venue = new_venue()
    place(venue, sz="1")
    algo = place_algo(venue, tp_trigger_px="52000", tp_ord_px="-1", **STOP)
    assert [leg.kind for leg in algo.legs] == ["sl"]


@pytest.mark.parametrize(
    ("level", "below", "beyond"), [("51000", "50999", "51500"), ("49000", "49001", "48000")]
)
def test_a_trigger_order_fires_from_the_side_where_it_stood(
    level: str, below: str, beyond: str
) -> None:
    venue = new_venue()
    algo = place_algo(venue, side="buy", ord_type="trigger", trigger_px=level, order_px="-1")
    move(venue, below)
    assert venue.algos[algo.algo_id].state == "live"
    move(venue, beyond)
    child = venue.orders[venue.algos[algo.algo_id].child_ord_id or 0]
    assert (child.source, child.state) == ("6", "filled")


def test_close_fraction_closes_whatever_is_there_when_it_fires() -> None:
    venue = new_venue()
    place(venue, sz="1")
    algo = place_algo(venue, sz="", close_fraction="1", **STOP)
    place(venue, sz="4")
    move(venue, "47000")
    assert held(venue).qty_contracts == 0
    assert venue.algos[algo.algo_id].actual_contracts == 5


def test_close_fraction_needs_reduce_only_in_net_mode() -> None:
    command = PlaceAlgo(
        inst_id=BTC,
        td_mode="cross",
        side="sell",
        ord_type="conditional",
        close_fraction="1",
        sl_trigger_px="48000",
        sl_ord_px="-1",
    )
    (answered,) = answers(new_venue(), command)
    assert answered.reason is not None
    assert answered.reason.code == "51328"


def test_a_legacy_cl_ord_id_comes_back_under_both_names() -> None:
    row = algo_row(place_algo(new_venue(), cl_ord_id="old1", **STOP))
    assert (row["clOrdId"], row["algoClOrdId"]) == ("old1", "old1")


@pytest.mark.parametrize("field", ["cl_ord_id", "algo_cl_ord_id", "tag"])
def test_ids_of_algo_orders_obey_the_same_alphabet(field: str) -> None:
    command = PlaceAlgo(
        inst_id=BTC,
        td_mode="cross",
        side="sell",
        ord_type="conditional",
        sz="1",
        **{**STOP, field: "LiveAgent_01"},
    )
    (answered,) = answers(new_venue(), command)
    assert answered.reason is not None
    assert answered.reason.code == "51000"


def test_an_algo_cl_ord_id_is_unique_while_it_waits() -> None:
    venue = new_venue()
    algo = place_algo(venue, algo_cl_ord_id="a", **STOP)
    command = PlaceAlgo(
        inst_id=BTC,
        td_mode="cross",
        side="sell",
        ord_type="conditional",
        sz="1",
        algo_cl_ord_id="a",
        **STOP,
    )
    (answered,) = answers(venue, command)
    assert answered.reason is not None
    assert answered.reason.code == "51065"
    ref = AlgoRef(inst_id=BTC, algo_id=str(algo.algo_id))
    got = answers(venue, CancelAlgos(algos=(ref, ref)))
    assert [each.reason.code if each.reason else "0" for each in got] == ["0", "51400"]
    assert place_algo(venue, algo_cl_ord_id="a", **STOP).state == "live"
