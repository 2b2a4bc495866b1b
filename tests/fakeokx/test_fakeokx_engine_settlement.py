"""Daily settlement of expiry futures: the price moves to the position, its profit to the cash."""

import pytest
from fakeokx_tools import BTC, T0, D, held, move, new_venue, place

from fakeokx.engine.account import wealth
from fakeokx.engine.commands import SetMark, Settle
from fakeokx.engine.decimals import exact
from fakeokx.engine.model import Position
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.wire.render_account import position_history_row, position_row
from fakeokx.wire.render_orders import bill_row

FUTURE = "BTC-USDT-301227"
UNSETTLED = "ETH-USDT-310328"


def settle(venue: Venue, px: str = "") -> None:
    step(venue, Settle(inst_id=FUTURE, px=px), T0)


def life(venue: Venue) -> Position:
    return list(venue.main.lives.values())[-1]


def test_a_settlement_moves_the_average_and_pays_what_it_was_worth() -> None:
    venue = new_venue()
    place(venue, inst_id=FUTURE, sz="2")
    cash = venue.main.balance("USDT")
    settle(venue, "51000")
    row = bill_row(venue.bills[-1])
    wanted = {
        "type": "34", "subType": "355", "balChg": "20", "pnl": "20", "px": "51000", "sz": "2",
        "fee": "0", "instId": FUTURE, "instType": "FUTURES", "mgnMode": "cross", "ccy": "USDT",
        "ordId": "", "tradeId": "0", "posBalChg": "0",
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    assert venue.main.balance("USDT") == cash + 20
    shown = position_row(venue, held(venue, inst_id=FUTURE))
    assert (shown["avgPx"], shown["nonSettleAvgPx"]) == ("51000", "50000")
    assert (shown["settledPnl"], shown["pnl"], shown["realizedPnl"]) == ("20", "0", "19.5")


def test_what_comes_later_goes_from_the_settlement_price() -> None:
    venue = new_venue()
    place(venue, inst_id=FUTURE, sz="2")
    move(venue, "51000", inst_id=FUTURE)
    settle(venue)
    place(venue, inst_id=FUTURE, sz="2")
    move(venue, "52000", inst_id=FUTURE)
    settle(venue)
    assert held(venue, inst_id=FUTURE).settled_pnl == 20 + 40
    move(venue, "51500", inst_id=FUTURE)
    place(venue, inst_id=FUTURE, side="sell", sz="4")
    row = position_history_row(venue, life(venue))
    assert (row["openAvgPx"], row["nonSettleAvgPx"], row["closeAvgPx"]) == (
        "52000", "50500", "51500",
    )  # fmt: skip
    assert (row["pnl"], row["settledPnl"]) == ("-20", "60")
    assert D(row["realizedPnl"]) == D(row["pnl"]) + D(row["fee"]) + 60
    with exact():
        venue.books.audit(venue)
    place(venue, inst_id=FUTURE, sz="1")
    again = held(venue, inst_id=FUTURE)
    assert (again.settled_pnl, again.entry_px_quote) == (0, None)


def test_shorts_pay_the_other_way_and_isolated_positions_are_left_alone() -> None:
    venue = new_venue()
    place(venue, inst_id=FUTURE, side="sell", sz="3")
    place(venue, inst_id=FUTURE, td_mode="isolated", sz="1")
    before = held(venue, mode="isolated", inst_id=FUTURE)
    settle(venue, "51000")
    assert [each.pnl for each in venue.bills if each.type == "34"] == [-30]
    assert held(venue, mode="isolated", inst_id=FUTURE) == before


def test_a_settlement_makes_nobody_richer_or_poorer() -> None:
    venue = new_venue(cash="60")
    place(venue, inst_id=FUTURE, sz="1")
    step(venue, SetMark(inst_id=FUTURE, px="49000"), T0)
    with exact():
        before = wealth(venue).equity
        settle(venue, "45000")
        assert wealth(venue).equity == before


@pytest.mark.parametrize("inst_id", [BTC, UNSETTLED, "BTC-USDT"])
def test_only_contracts_that_say_so_are_settled(inst_id: str) -> None:
    with pytest.raises(Refusal, match="instId"):
        step(new_venue(), Settle(inst_id=inst_id), T0)
    with pytest.raises(Refusal, match="px"):
        step(new_venue(), Settle(inst_id=FUTURE, px="-1"), T0)
