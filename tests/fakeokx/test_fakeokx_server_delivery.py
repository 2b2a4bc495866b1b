"""What a delivered or delisted contract leaves: its past, and no instrument any more."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakeokx_tools import RawClient

from fakeokx import ControlRefused, FakeOkx, launch

FUTURE = "ETH-USDT-310328"
SOL = "SOL-USDT-SWAP"
MARKET = {"tdMode": "cross", "side": "buy", "ordType": "market", "sz": "2"}


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeOkx]:
    with launch(tmp_path_factory.mktemp("delivery")) as running:
        yield running


def rows(raw: RawClient, path: str) -> list[dict[str, Any]]:
    status, body = raw.call("GET", path)
    assert (status, body["code"]) == (200, "0"), body
    found: list[dict[str, Any]] = body["data"]
    return found


@pytest.mark.parametrize(("inst_id", "px"), [(FUTURE, "3100"), (SOL, "155")])
def test_it_leaves_the_lists_of_instruments_and_its_past_goes_on_telling(
    venue: FakeOkx, inst_id: str, px: str
) -> None:
    raw = RawClient(venue.url)
    kind = "SWAP" if inst_id == SOL else "FUTURES"
    if kind == "SWAP":
        venue.set_funding_rate(inst_id, "0.0001")
    opened = raw.call("POST", "trade/order", {**MARKET, "instId": inst_id})[1]["data"][0]["ordId"]
    limit = {**MARKET, "instId": inst_id, "ordType": "limit", "px": "10", "clOrdId": "waits"}
    raw.call("POST", "trade/order", limit)
    venue.deliver(inst_id, px)

    for path in ("public/instruments", "account/instruments", "market/tickers"):
        assert inst_id not in [row["instId"] for row in rows(raw, f"{path}?instType={kind}")]
    for path in (
        f"trade/order?instId={inst_id}&ordId={opened}",
        f"market/ticker?instId={inst_id}",
        f"market/books?instId={inst_id}",
        f"public/mark-price?instId={inst_id}",
        f"account/leverage-info?instId={inst_id}&mgnMode=cross",
    ):
        assert raw.call("GET", path)[1]["code"] == "51001", path
    refused = raw.call("POST", "trade/order", {**MARKET, "instId": inst_id})[1]
    assert refused["data"][0]["sCode"] == "51001"
    body = {"instId": inst_id, "mgnMode": "cross"}
    assert raw.call("POST", "trade/close-position", body)[1]["code"] == "51001"
    assert raw.call("POST", "account/set-leverage", {**body, "lever": "3"})[1]["code"] == "51001"

    orders = rows(raw, f"trade/orders-history?instType={kind}&instId={inst_id}")
    assert [(row["category"], row["state"], row["cancelSource"]) for row in orders] == [
        ("delivery", "filled", ""),
        ("normal", "canceled", "7"),
        ("normal", "filled", ""),
    ]
    fills = rows(raw, f"trade/fills?instId={inst_id}")
    assert next((row["subType"], row["fillPx"]) for row in fills) == ("112", px)
    bills = rows(raw, f"account/bills?instId={inst_id}")
    assert [(row["type"], row["subType"]) for row in bills] == [("3", "112"), ("2", "1")]
    (life,) = rows(raw, f"account/positions-history?instId={inst_id}")
    assert (life["type"], life["closeAvgPx"]) == ("2", px)
    (flat,) = rows(raw, f"account/positions?instId={inst_id}")
    assert flat["pos"] == "0"
    assert inst_id not in [row["instId"] for row in rows(raw, "public/funding-rate?instId=ANY")]
    with pytest.raises(ControlRefused, match="51027"):
        venue.deliver(inst_id)


def test_what_is_no_contract_is_not_delivered(venue: FakeOkx) -> None:
    with pytest.raises(ControlRefused, match="instId"):
        venue.deliver("BTC-USDT")
