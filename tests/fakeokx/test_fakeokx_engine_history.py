"""What is forgotten, and when. Times are exact to the millisecond."""

import pytest
from fakeokx_tools import BTC, T0, new_venue, place

from fakeokx.engine import history
from fakeokx.engine.commands import CancelOrders, OrderRef, SetPartial
from fakeokx.engine.history import DAY_MS, HOUR_MS
from fakeokx.engine.model import Order
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue


def canceled(venue: Venue, *, part_filled: bool) -> Order:
    if part_filled:
        step(venue, SetPartial(inst_id=BTC, sz="0.1"), T0)
    order = place(venue, ord_type="limit", px="50000" if part_filled else "40000")
    step(venue, CancelOrders(orders=(OrderRef(inst_id=BTC, ord_id=str(order.ord_id)),)), T0)
    return order


@pytest.mark.parametrize(("late_ms", "seen"), [(2 * HOUR_MS, True), (2 * HOUR_MS + 1, False)])
def test_an_order_that_died_unfilled_is_gone_after_two_hours(late_ms: int, seen: bool) -> None:
    venue = new_venue()
    order = canceled(venue, part_filled=False)
    ref = OrderRef(inst_id=BTC, ord_id=str(order.ord_id))
    assert (history.order(venue, ref, T0 + late_ms) is not None) == seen
    assert bool(history.orders_history(venue, T0 + late_ms)) == seen
    assert history.orders_archive(venue, T0) == []


@pytest.mark.parametrize(("late_ms", "seen"), [(7 * DAY_MS, True), (7 * DAY_MS + 1, False)])
def test_an_order_that_filled_in_part_stays_a_week_and_then_in_the_archive(
    late_ms: int, seen: bool
) -> None:
    venue = new_venue()
    order = canceled(venue, part_filled=True)
    assert bool(history.orders_history(venue, T0 + late_ms)) == seen
    assert len(history.orders_archive(venue, T0 + late_ms)) == 1
    ref = OrderRef(inst_id=BTC, ord_id=str(order.ord_id))
    assert history.order(venue, ref, T0 + late_ms) is not None


def test_an_order_waiting_for_a_year_is_still_pending() -> None:
    venue = new_venue()
    order = place(venue, ord_type="limit", px="40000")
    assert [each.ord_id for each in history.orders_pending(venue)] == [order.ord_id]
    assert history.orders_history(venue, T0 + 365 * DAY_MS) == []


def test_fills_and_bills_end_with_their_windows() -> None:
    venue = new_venue()
    place(venue)
    for read in (history.fills, history.bills):
        assert len(list(read(venue, T0 + 3 * DAY_MS, 3 * DAY_MS))) == 1
        assert list(read(venue, T0 + 3 * DAY_MS + 1, 3 * DAY_MS)) == []


def test_a_flat_position_is_shown_on_request_for_thirty_days() -> None:
    venue = new_venue()
    place(venue)
    place(venue, side="sell")
    assert history.positions(venue, T0, with_flat=False) == []
    assert len(history.positions(venue, T0 + 30 * DAY_MS, with_flat=True)) == 1
    assert history.positions(venue, T0 + 30 * DAY_MS + 1, with_flat=True) == []


def test_the_name_of_an_order_includes_its_instrument() -> None:
    venue = new_venue()
    order = place(venue, cl_ord_id="a")
    wrong = OrderRef(inst_id="ETH-USDT-SWAP", ord_id=str(order.ord_id))
    assert history.order(venue, wrong, T0) is None


def test_a_reused_cl_ord_id_names_the_latest_order() -> None:
    venue = new_venue()
    place(venue, cl_ord_id="a")
    second = place(venue, cl_ord_id="a")
    found = history.order(venue, OrderRef(inst_id=BTC, cl_ord_id="a"), T0)
    assert found is not None
    assert found.ord_id == second.ord_id
