"""Rows of other people: what the lists of a used account hold besides what is traded here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient
from test_fakeokx_wire_rows import FIELDS, NOT_TEXT

from fakeokx import ControlRefused, FakeOkx, launch
from fakeokx.wire.foreign_kinds import KINDS

LISTS = {
    "account/positions": "position",
    "account/positions-history": "life",
    "trade/fills": "fill",
    "trade/fills-history": "fill",
    "account/bills": "bill",
    "account/bills-archive": "bill",
    "trade/orders-pending": "order",
    "trade/orders-history": "order",
    "trade/orders-history-archive": "order",
    "trade/orders-algo-pending": "algo",
}
NEEDS_TYPE = ("trade/fills-history", "trade/orders-history", "trade/orders-history-archive")
SHOWS = {
    "option": ("OPTION", "BTC-USD-301227-60000-C", "BTC"),
    "margin_cross": ("MARGIN", "BTC-USDT", "USDT"),
    "margin_isolated": ("MARGIN", "ETH-USDT", "USDT"),
    "inverse": ("SWAP", "BTC-USD-SWAP", "BTC"),
    "usdc": ("SWAP", "BTC-USDC-SWAP", "USDC"),
    "coin_future": ("FUTURES", "BTC-USD-301227", "BTC"),
    "copy_trading": ("SWAP", "DOGE-USDT-SWAP", "USDT"),
}


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[FakeOkx]:
    with launch(tmp_path / "venue") as running:
        yield running


def rows(server: FakeOkx, path: str) -> list[dict[str, Any]]:
    status, body = RawClient(server.url).call("GET", path)
    assert (status, body["code"]) == (200, "0"), (path, body)
    found: list[dict[str, Any]] = body["data"]
    return found


def listed(server: FakeOkx, path: str, kind: str, more: str = "") -> list[dict[str, Any]]:
    query = f"instType={kind}{more}" if path != "trade/orders-algo-pending" else f"a=b{more}"
    if path == "trade/orders-algo-pending":
        query += "&ordType=conditional"
    return rows(server, f"{path}?{query}")


def test_every_kind_of_the_brief_is_there() -> None:
    assert set(KINDS) | {"copy_trading"} == {*SHOWS, "margin_life", "delisted"}


@pytest.mark.parametrize("kind", sorted(SHOWS))
def test_a_kind_is_in_every_list_in_the_captured_shape(venue: FakeOkx, kind: str) -> None:
    venue.foreign(kind)
    inst_type, inst_id, ccy = SHOWS[kind]
    for path, shape in LISTS.items():
        if path == "trade/orders-algo-pending" and kind in ("option", "margin_cross"):
            continue
        found = [row for row in listed(venue, path, inst_type) if row["instId"] == inst_id]
        if path == "account/positions-history" and kind == "copy_trading":
            continue
        assert found, path
        for row in found:
            assert list(row) == FIELDS[shape].split(), path
            assert all(isinstance(row[name], str) for name in row.keys() - NOT_TEXT), path
            assert not any(str(value).startswith("$") for value in row.values()), path
        if shape == "bill":
            assert found[0]["ccy"] == ccy
        assert rows(venue, f"{path}?instType=SPOT&ordType=oco") == [], "filters are honoured"


@pytest.mark.parametrize("kind", sorted({*SHOWS, "delisted"}))
def test_its_bills_are_the_accounts_money(venue: FakeOkx, kind: str) -> None:
    venue.foreign(kind)
    bills = rows(venue, "account/bills")
    balances = {
        each["ccy"]: each["cashBal"] for each in rows(venue, "account/balance")[0]["details"]
    }
    newest = {row["ccy"]: row["bal"] for row in reversed(bills)}
    assert {ccy: balances[ccy] for ccy in newest} == newest
    ids = [int(row["billId"]) for row in bills]
    assert ids == sorted(ids, reverse=True)


def test_a_cross_pair_has_two_rows_and_a_margin_life_says_nothing(venue: FakeOkx) -> None:
    venue.foreign("margin_cross")
    venue.foreign("margin_life")
    pair = rows(venue, "account/positions?instType=MARGIN&instId=BTC-USDT")
    assert [(row["ccy"], row["posCcy"], row["liabCcy"]) for row in pair] == [
        ("USDT", "BTC", "USDT"), ("BTC", "BTC", "USDT"),
    ]  # fmt: skip
    assert len({row["posId"] for row in pair}) == 2
    lives = [
        row for row in rows(venue, "account/positions-history?instType=MARGIN") if not row["pnl"]
    ]
    assert {(row["pnl"], row["fee"], row["realizedPnl"]) for row in lives} == {("", "", "")}


@pytest.mark.parametrize("kind", ["option", "inverse", "usdc", "coin_future", "margin_cross"])
def test_its_instrument_is_listed_and_its_orders_can_be_looked_up(
    venue: FakeOkx, kind: str
) -> None:
    inst_type, inst_id, _ = SHOWS[kind]
    family = "&instFamily=BTC-USD" if inst_type == "OPTION" else ""
    query = f"instType={inst_type}&instId={inst_id}{family}"
    before = rows(venue, f"public/instruments?instType={inst_type}{family}")
    assert inst_id not in [each["instId"] for each in before]
    venue.foreign(kind)
    (row,) = rows(venue, f"public/instruments?{query}")
    assert list(row) == FIELDS["swap"].split()
    ct_type = {"inverse": "inverse", "coin_future": "inverse", "usdc": "linear"}.get(kind, "")
    assert row["ctType"] == ct_type
    (own,) = rows(venue, f"account/instruments?{query}")
    assert own["instId"] == inst_id
    (order, *_) = listed(venue, "trade/orders-history", inst_type)
    (found,) = rows(venue, f"trade/order?instId={inst_id}&ordId={order['ordId']}")
    assert found == order
    (found,) = rows(venue, f"trade/order?instId={inst_id}&clOrdId={order['clOrdId']}")
    assert found["clOrdId"] == order["clOrdId"]


def test_what_is_delisted_is_in_the_past_only(venue: FakeOkx) -> None:
    venue.foreign("delisted")
    inst_id = "LUNA-USDT-SWAP"
    assert inst_id not in [row["instId"] for row in rows(venue, "public/instruments?instType=SWAP")]
    assert rows(venue, "account/positions") == []
    order = rows(venue, f"trade/orders-history?instType=SWAP&instId={inst_id}")[0]
    asked = RawClient(venue.url).call("GET", f"trade/order?instId={inst_id}&ordId={order['ordId']}")
    assert asked[1]["code"] == "51001"
    bills = rows(venue, f"account/bills?instId={inst_id}")
    assert [(row["type"], row["subType"]) for row in bills] == [("3", "112"), ("2", "1")]
    assert {row["subType"] for row in rows(venue, f"trade/fills?instId={inst_id}")} == {"1", "112"}
    assert [row["type"] for row in rows(venue, "account/positions-history")] == ["2"]


def test_they_stand_among_our_own_in_order_and_page_by_page(venue: FakeOkx) -> None:
    for _ in range(2):
        venue.trade_by_hand(BTC, "buy", "1")
        venue.foreign("inverse")
    for path, cursor in (
        ("trade/fills", "billId"), ("account/bills", "billId"), ("trade/orders-history", "ordId"),
    ):  # fmt: skip
        every = listed(venue, path, "SWAP")
        ids = [int(row[cursor]) for row in every]
        assert ids == sorted(ids, reverse=True)
        assert {row["instId"] for row in every} == {BTC, "BTC-USD-SWAP"}
        walked, after = [], ""
        while page := listed(venue, path, "SWAP", f"&limit=1{after}"):
            walked += page
            after = f"&after={page[-1][cursor]}"
        assert walked == every
    inverse = rows(venue, "account/bills?ctType=inverse&instFamily=BTC-USD")
    assert {row["instId"] for row in inverse} == {"BTC-USD-SWAP"}
    times = [row["cTime"] for row in rows(venue, "account/positions")]
    assert times == sorted(times, reverse=True)


def test_copies_are_ordinary_orders_of_somebody_else(venue: FakeOkx) -> None:
    venue.foreign("copy_trading", inst_id="XRP-USDT-SWAP")
    (order,) = rows(venue, "trade/orders-history?instType=SWAP")
    assert order["clOrdId"].startswith("copy")
    assert (order["instId"], order["tag"], order["state"]) == (
        "XRP-USDT-SWAP", "copytrading", "filled",
    )  # fmt: skip
    assert venue.truth()["positions"][0]["instId"] == "XRP-USDT-SWAP"


def test_raw_rows_are_shown_as_they_are(venue: FakeOkx) -> None:
    row = {"instId": "X-USD-SWAP", "instType": "SWAP", "pos": "7", "posId": "$a", "cTime": "$now-5"}
    venue.foreign_rows("account/positions", [row])
    (shown,) = rows(venue, "account/positions?instType=SWAP")
    assert (shown["pos"], shown["posId"].isdigit(), list(shown)) == ("7", True, list(row))
    now = int(rows(venue, "public/time")[0]["ts"])
    assert 0 <= now - int(shown["cTime"]) - 5 < 10_000
    bill = {"billId": "$b", "ts": "$now", "ccy": "USDT", "balChg": "-12.5", "instId": ""}
    bill |= {"instType": "", "bal": ""}
    venue.foreign_rows("account/bills", [bill])
    (told,) = rows(venue, "account/bills?ccy=USDT")
    assert (told["balChg"], told["bal"]) == ("-12.5", "999987.5")
    for endpoint, bad in (
        ("account/nowhere", [row]), ("account/positions", {"a": 1}), ("account/positions", [1]),
        ("account/bills", [{**bill, "billId": "x"}]), ("account/bills", [{**bill, "balChg": "x"}]),
        ("trade/fills", [{"billId": "1"}]),
    ):  # fmt: skip
        with pytest.raises(ControlRefused, match="51000"):
            venue.foreign_rows(endpoint, bad)  # type: ignore[arg-type]
    with pytest.raises(ControlRefused, match="kind"):
        venue.foreign("nonsense")


def test_they_survive_a_restart_go_with_a_rewind_and_belong_to_one_account(venue: FakeOkx) -> None:
    venue.checkpoint("before")
    venue.open_account("sub")
    venue.foreign("inverse", account="sub")
    assert rows(venue, "account/positions") == []
    venue.foreign("usdc")
    before = rows(venue, "account/positions"), rows(venue, "account/bills"), venue.truth()
    assert [row["instId"] for row in before[0]] == ["BTC-USDC-SWAP"]
    venue.kill()
    venue.restart()
    assert rows(venue, "account/positions")[0] | {"uTime": ""} == before[0][0] | {"uTime": ""}
    assert rows(venue, "account/bills") == before[1]
    assert venue.truth()["foreign"] == before[2]["foreign"]
    venue.foreign_clear()
    assert rows(venue, "account/positions") == []
    assert rows(venue, "account/bills") == before[1], "money that moved has moved"
    venue.rewind("before")
    assert rows(venue, "account/bills") == []
    assert json.dumps(venue.truth()["foreign"]) == "{}"
