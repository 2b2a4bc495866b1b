"""A contract becomes smaller or larger: more of them, and nobody richer or poorer."""

import json
from decimal import Decimal

import pytest
from fakeokx_tools import BTC, T0, D, held, move, new_venue, place, place_algo, refused

from fakeokx.engine.account import wealth
from fakeokx.engine.commands import Fund, OpenAccount, Rescale, SetBook, SetPartial
from fakeokx.engine.decimals import exact
from fakeokx.engine.events import AlgoChanged, OrderChanged, PositionChanged, Rescaled
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.wire.render_account import balance_row, position_history_row, position_row
from fakeokx.wire.render_market import instrument_row

SIZES = {
    "pos", "sz", "accFillSz", "fillSz", "actualSz", "closeTotalPos", "openMaxPos", "availPos",
}  # fmt: skip


def lived() -> Venue:
    """A life that ended, a position, a partly filled order, a resting one, algo orders."""
    venue = new_venue()
    place(venue, sz="3")
    move(venue, "50100")
    place(venue, side="sell", sz="3")
    place(venue, sz="2")
    step(venue, Fund(inst_id=BTC, rate="0.0001"), T0)
    step(venue, SetPartial(inst_id=BTC, sz="0.5"), T0)
    attached = json.dumps([{"slTriggerPx": "40000", "slOrdPx": "-1"}])
    place(venue, sz="1", ord_type="limit", px="50100", attach_algo_ords=attached)
    place(venue, sz="4", ord_type="limit", px="45000")
    place_algo(venue, sl_trigger_px="44000", sl_ord_px="-1", sz="2")
    place_algo(venue, ord_type="trigger", trigger_px="50500", order_px="40000", side="buy", sz="1")
    return venue


def rescale(venue: Venue, factor: str = "10", history: str = "true") -> None:
    step(venue, Rescale(inst_id=BTC, factor=factor, history=history), T0)
    with exact():
        venue.books.audit(venue)


def sizes(venue: Venue) -> list[Decimal | None]:
    orders, algos = venue.orders.values(), venue.algos.values()
    return [
        *(each.qty_contracts for each in orders),
        *(each.filled_contracts for each in orders),
        *(each.qty_contracts for each in algos),
        *(each.qty_contracts for each in venue.fills),
        *(each.qty_contracts for each in venue.main.fills),
        *(each.qty_contracts for each in venue.main.bills),
        *(each.fill.qty_contracts for each in venue.bills if each.fill),
        *(each.open_contracts_max for each in venue.main.lives.values()),
        held(venue).qty_contracts,
    ]


@pytest.mark.parametrize("factor", ["10", "0.1", "4"])
def test_every_size_is_multiplied_and_nothing_is_worth_anything_else(factor: str) -> None:
    venue = lived()
    before, lives = sizes(venue), list(venue.main.lives.values())
    rows = [balance_row(venue), position_row(venue, held(venue)), instrument_row(lot(venue))]
    histories = [position_history_row(venue, each) for each in lives]
    frozen = dict(venue.main.frozen)
    rescale(venue, factor)
    times = D(factor)
    assert sizes(venue) == [None if each is None else each * times for each in before]
    assert venue.main.frozen == frozen
    now = [balance_row(venue), position_row(venue, held(venue)), instrument_row(lot(venue))]
    now += [position_history_row(venue, each) for each in venue.main.lives.values()]
    for was, row in zip(rows + histories, now, strict=True):
        changed = {name for name in row if row[name] != was[name]}
        assert changed <= SIZES | {"ctVal", "maxLmtSz", "maxMktSz", "lotSz", "minSz"} | {
            name for name in row if name.startswith("max")
        }
    assert D(now[2]["ctVal"]) == D("0.01") / times


def lot(venue: Venue) -> Instrument:
    return venue.instrument(BTC)


def test_without_its_history_only_what_is_open_is_multiplied() -> None:
    venue = lived()
    ended = [each for each in venue.orders.values() if not each.is_open]
    fills, bills, lives = list(venue.fills), list(venue.bills), list(venue.main.lives.values())
    ratios = [position_history_row(venue, each)["pnlRatio"] for each in lives]
    rescale(venue, history="false")
    assert [venue.orders[each.ord_id] for each in ended] == ended
    assert (venue.fills, venue.bills) == (fills, bills)
    (life,) = venue.main.lives.values()
    assert life.open_contracts_max == lives[0].open_contracts_max
    assert [position_history_row(venue, life)["pnlRatio"]] == ratios
    assert held(venue).qty_contracts == 25
    assert [each.qty_contracts for each in venue.main.open_orders.values()] == [10, 40]
    assert {each.qty_contracts for each in venue.main.open_algos.values()} == {20, 10}


def test_what_waits_goes_on_as_if_nothing_had_happened() -> None:
    """Two venues, one of them rescaled, see the same money for the same market."""
    plain_one, other = lived(), lived()
    rescale(other)
    for venue in (plain_one, other):
        for px in ("45000", "44000", "50100", "40000"):
            move(venue, px)
        with exact():
            venue.books.audit(venue)
    assert balance_row(plain_one) == balance_row(other)
    assert held(other).qty_contracts == 10 * held(plain_one).qty_contracts
    assert held(other).pnl == held(plain_one).pnl


def test_new_orders_are_in_new_contracts_and_the_queue_stays_what_it_was() -> None:
    venue = new_venue()
    step(venue, OpenAccount(account="sub"), T0)
    first = place(venue, sz="1", ord_type="limit", px="49000")
    second = place(venue, sz="2", ord_type="limit", px="49000")
    step(venue, SetBook(inst_id=BTC, bids=(("48000", "3"),), asks=(("50000", "3"),)), T0)
    rescale(venue)
    assert venue.markets[BTC].bids.at(D(49000)) == [first.ord_id, second.ord_id]
    bids, asks = venue.depth(BTC)
    assert (bids, asks) == ([(D(49000), D(30), 2), (D(48000), D(30), 1)], [(D(50000), D(30), 1)])
    order = venue.orders[place(venue, sz="20").ord_id]
    assert (order.filled_contracts, order.fee) == (20, D("-0.5"))
    with exact():
        assert wealth(venue).order_margin == D("0.01") * 3 * 49000 / 10


def test_it_is_told_to_whoever_listens() -> None:
    venue = lived()
    events = step(venue, Rescale(inst_id=BTC, factor="10"), T0)
    assert events[0] == Rescaled(BTC, D(10))
    for kind in (OrderChanged, AlgoChanged, PositionChanged):
        assert any(isinstance(each, kind) for each in events)


@pytest.mark.parametrize(
    ("inst_id", "factor", "said"),
    [
        ("BTC-USDT", "10", "instId"),
        (BTC, "0", "factor"),
        (BTC, "3", "factor"),
        ("NO", "2", "51001"),
    ],
)
def test_what_cannot_be_rescaled(inst_id: str, factor: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        step(new_venue(), Rescale(inst_id=inst_id, factor=factor), T0)


def test_the_lot_follows_larger_contracts() -> None:
    venue = new_venue()
    rescale(venue, "0.1")
    assert place(venue, sz="0.001").qty_contracts == D("0.001")
    assert refused(venue, sz="0.0001") == ("51020", ())
