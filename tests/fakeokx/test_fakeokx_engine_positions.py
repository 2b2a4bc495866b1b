"""Position arithmetic, by exact numbers. Rule numbers are those of the module's header."""

from dataclasses import replace
from decimal import Decimal

import pytest
from fakeokx_tools import BTC, D, held, move, new_venue, place
from hypothesis import given
from hypothesis import strategies as st

from fakeokx.engine.decimals import exact
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.model import Position, PositionKey
from fakeokx.engine.positions import Execution, PositionEffect, apply
from fakeokx.wire.render_account import position_history_row, position_row

SOL = INSTRUMENTS["SOL-USDT-SWAP"]  # ctVal 1, which is what the published example needs


def flat(mode: str = "cross", side: str = "net") -> Position:
    key = PositionKey(SOL.inst_id, mode, side)
    return Position(key=key, pos_id=1, life=0, lever=D(10), c_time_ms=0, u_time_ms=0)


def run(position: Position, qty: str, px: str, fee: str = "0", lever: str = "10") -> PositionEffect:
    execution = Execution(
        instrument=SOL,
        qty_contracts=D(qty),
        px_quote=D(px),
        fee=D(fee),
        lever=D(lever),
        trade_id="1",
        now_ms=1,
    )
    with exact():
        return apply(position, execution)


def test_published_short_life_pnl_fee_and_ratio() -> None:
    """Short 40 at 1.2462 (maker), closed at 1.2567 (taker), lever 10."""
    opened = run(flat(), "-40", "1.2462", "-0.0099696").after
    closed = run(opened, "40", "1.2567", "-0.025134")
    row = position_history_row(new_venue(), closed.after)
    assert (row["pnl"], row["fee"], row["realizedPnl"]) == ("-0.42", "-0.0351036", "-0.4551036")
    assert row["pnlRatio"].startswith("-0.0912982667")
    assert (row["type"], row["direction"], row["openMaxPos"]) == ("2", "short", "40")


def test_published_maker_fee_of_one_btc_contract() -> None:
    venue = new_venue()
    move(venue, "51000")
    order = place(venue, ord_type="limit", px="50912.4")
    move(venue, "50912.4")
    assert venue.orders[order.ord_id].fee == D("-0.1018248")


def test_rule_1_average_is_weighted_by_contracts() -> None:
    position = run(run(flat(), "1", "100").after, "3", "104").after
    assert (position.qty_contracts, position.avg_px_quote) == (D(4), D(103))


@pytest.mark.parametrize(("sign", "pnl"), [(1, "20"), (-1, "-20")])
def test_rule_2_reducing_earns_the_move_and_leaves_the_average(sign: int, pnl: str) -> None:
    opened = run(flat(), str(5 * sign), "100").after
    effect = run(opened, str(-2 * sign), "110")
    assert effect.pnl == D(pnl)
    assert effect.after.avg_px_quote == 100
    assert effect.after.close_kind == "1"


def test_rule_3_a_flip_ends_a_life_and_starts_another_at_the_new_price() -> None:
    opened = run(flat(), "2", "100", "-0.1").after
    effect = run(opened, "-5", "110", "-0.5")
    assert effect.ended is not None
    assert (effect.ended.qty_contracts, effect.ended.fee) == (0, D("-0.3"))
    assert (effect.after.qty_contracts, effect.after.avg_px_quote) == (D(-3), D(110))
    assert effect.after.fee == D("-0.3")
    assert effect.after.life == effect.ended.life + 1
    assert effect.pnl == 20


def test_rule_4_isolated_margin_comes_and_goes_with_the_position() -> None:
    opened = run(flat("isolated"), "3", "100", "-0.1")
    assert opened.margin_change == 30
    assert opened.cash_change == D("-30.1")
    part = run(opened.after, "-1", "100")
    assert part.margin_change == -10
    last = run(part.after, "-2", "100")
    assert last.after.margin == 0
    assert run(flat(), "3", "100").margin_change == 0


quantities = st.integers(-500, 500).filter(bool).map(lambda n: Decimal(n) / 100)
prices = st.integers(1, 10_000_000).map(lambda n: Decimal(n) / 100)


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=12), st.booleans())
def test_rule_5_money_is_conserved_whatever_happens(
    trades: list[tuple[Decimal, Decimal]], isolated: bool
) -> None:
    position = flat("isolated" if isolated else "cross")
    for qty, px in trades:
        before = position
        effect = run(position, str(qty), str(px), "-0.07", lever="7")
        position = effect.after
        assert effect.cash_change + effect.margin_change == effect.pnl - D("0.07")
        assert position.qty_contracts == before.qty_contracts + qty
        assert (position.margin == 0) == (position.qty_contracts == 0 or not isolated)


def test_long_short_mode_keeps_two_positions_and_shows_no_sign() -> None:
    venue = new_venue("long_short_mode")
    place(venue, side="buy", pos_side="long", sz="3")
    place(venue, side="sell", pos_side="short", sz="2")
    move(venue, "50100")
    place(venue, side="sell", pos_side="long", sz="1")
    long, short = held(venue, "long"), held(venue, "short")
    assert (long.qty_contracts, short.qty_contracts) == (D(2), D(-2))
    assert long.pnl == 1
    rows = [position_row(venue, each) for each in (long, short)]
    assert [row["pos"] for row in rows] == ["2", "2"]
    assert [row["upl"] for row in rows] == ["2", "-2"]


def test_pos_id_is_stable_over_close_and_reopen_and_c_time_is_not() -> None:
    venue = new_venue()
    place(venue, now_ms=1_000)
    first = held(venue)
    place(venue, now_ms=2_000, side="sell")
    place(venue, now_ms=3_000)
    again = held(venue)
    assert again.pos_id == first.pos_id
    assert (first.c_time_ms, again.c_time_ms) == (1_000, 3_000)
    assert again.pnl == 0


def test_a_net_short_row_carries_its_sign() -> None:
    venue = new_venue()
    place(venue, side="sell", sz="2.5")
    row = position_row(venue, held(venue))
    assert (row["pos"], row["posSide"], row["instId"]) == ("-2.5", "net", BTC)


def test_a_flat_row_has_no_price_and_no_margin() -> None:
    row = position_row(new_venue(), replace(held(new_venue()), trade_id="9"))
    assert (row["pos"], row["avgPx"], row["imr"], row["upl"]) == ("0", "", "", "")
