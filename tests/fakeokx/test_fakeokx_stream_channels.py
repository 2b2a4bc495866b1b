"""Channels over the port: what a subscription shows at first, then, and from which tier on."""

from fakeokx_stream_tools import Stream, order
from fakeokx_tools import BTC

from fakeokx import FakeOkx

ETH = "ETH-USDT-SWAP"


def test_account_and_positions_show_a_snapshot_then_updates_then_the_close(
    venue: FakeOkx,
) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account")
        stream.subscribe("positions", instType="ANY")
        first, none = stream.push("account"), stream.push("positions")
        assert (first["eventType"], first["curPage"], first["lastPage"]) == ("snapshot", 1, True)
        assert first["arg"] == {"channel": "account", "uid": first["arg"]["uid"]}
        assert none["data"] == []
        venue.trade_by_hand(BTC, "buy", "2")
        opened, money = stream.push("positions"), stream.push("account")
        truth = venue.truth()
        assert (opened["eventType"], "curPage" in opened) == ("event_update", False)
        (row,) = opened["data"]
        assert {**row, "pTime": ""} == {**truth["positions"][0], "pTime": ""}
        (detail,) = money["data"][0]["details"]
        assert detail["cashBal"] == truth["balance"]["details"][0]["cashBal"]
        assert (detail["coinUsdPrice"], "maxSpotInUse" in detail) == ("1", False)
        venue.trade_by_hand(BTC, "sell", "2")
        (flat,) = stream.push("positions")["data"]
        assert (flat["pos"], flat["posId"]) == ("0", row["posId"])


def test_a_position_closed_and_reopened_in_one_moment_shows_both(venue: FakeOkx) -> None:
    venue.streams(gather_ms=400)
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("positions", instType="SWAP", instId=BTC)
        stream.push("positions")
        for side in ("buy", "sell", "buy"):
            venue.trade_by_hand(BTC, side, "1")
        shown = [row["pos"] for row in stream.push("positions")["data"]]
        assert shown == ["0", "1"]
        assert stream.silence("positions", 0.5)
    venue.streams(gather_ms=50)


def test_regular_values_come_without_an_event_unless_the_client_wants_none(
    venue: FakeOkx,
) -> None:
    venue.streams(regular_ms=300)
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account")
        assert [stream.push("account")["eventType"] for _ in range(3)] == ["snapshot"] * 3
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account", extraParams='{"updateInterval": "0"}')
        stream.push("account")
        assert stream.silence("account", 0.8)
    venue.streams(regular_ms=5000)


def test_the_account_is_filtered_by_currency(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account", ccy="BTC")
        assert stream.silence("account")
        stream.subscribe("account", ccy="USDT")
        (row,) = stream.push("account")["data"]
        assert [each["ccy"] for each in row["details"]] == ["USDT"]


def test_balance_and_position_tells_each_fill_once(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("balance_and_position")
        (first,) = stream.push("balance_and_position")["data"]
        assert (first["eventType"], first["posData"], first["trades"]) == ("snapshot", [], [])
        assert [each["ccy"] for each in first["balData"]] == ["USDT"]
        venue.trade_by_hand(BTC, "buy", "1")
        (row,) = stream.push("balance_and_position")["data"]
        truth = venue.truth()
        assert row["eventType"] == "filled"
        assert row["trades"] == [{"instId": BTC, "tradeId": truth["fills"][-1]["tradeId"]}]
        assert [(each["pos"], each["avgPx"]) for each in row["posData"]] == [("1", "50000")]
        cash = truth["balance"]["details"][0]["cashBal"]
        assert [each["cashBal"] for each in row["balData"]] == [cash]
        venue.liquidate(BTC)
        (row,) = stream.push("balance_and_position")["data"]
        assert (row["eventType"], row["posData"][0]["pos"]) == ("liquidation", "0")


def test_public_channels_give_a_first_value_and_then_what_changes(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        for channel in ("tickers", "mark-price", "bbo-tbt", "books5", "books"):
            stream.subscribe(channel, instId=BTC)
        assert stream.rows("tickers", 1)[0]["last"] == "50000"
        assert stream.rows("mark-price", 1)[0]["markPx"] == "50000"
        first = stream.push("books")
        assert (first["action"], first["data"][0]["prevSeqId"]) == ("snapshot", -1)
        assert "action" not in stream.push("bbo-tbt")
        stream.push("books5")
        venue.price(BTC, "50100.5")
        venue.price(ETH, "3100")
        assert stream.rows("tickers", 1)[0]["last"] == "50100.5"
        assert stream.rows("mark-price", 1)[0]["markPx"] == "50100.5"
        update = stream.push("books")
        assert update["action"] == "update"
        assert update["data"][0]["prevSeqId"] == first["data"][0]["seqId"]
        assert stream.rows("bbo-tbt", 1)[0]["asks"][0][0] == "50100.5"
        assert stream.rows("books5", 1)[0]["bids"][0][0] == "50100.5"
        assert stream.silence("tickers"), "another instrument's price is nobody's business here"


def test_instruments_come_as_a_whole(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("instruments", instType="SPOT")
        assert {row["instType"] for row in stream.push("instruments")["data"]} == {"SPOT"}


def test_unsubscribing_ends_the_pushes(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("tickers", instId=BTC)
        stream.push("tickers")
        arg = {"channel": "tickers", "instId": BTC}
        assert stream.ask("unsubscribe", [arg])["event"] == "unsubscribe"
        venue.price(BTC, "50010")
        assert stream.silence("tickers")


def test_gated_fills_come_once_the_account_has_the_tier(venue: FakeOkx) -> None:
    venue.streams(has_tier="true")
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("fills")
        stream.ask("order", [order(clOrdId="77")], "f1")
        stream.ask("order", [order(clOrdId="x7")], "f2")
        one, two = stream.rows("fills", 2)
    venue.streams(has_tier="false")
    truth = venue.truth()["fills"][-2]
    assert (one["clOrdId"], two["clOrdId"], one["count"]) == ("77", "0", "1")
    assert (one["tradeId"], one["fillSz"], one["fillPx"]) == (truth["tradeId"], "1", "50000")


def test_deep_books_come_once_the_account_has_the_tier(venue: FakeOkx) -> None:
    venue.streams(has_tier="true")
    with Stream(venue, "public", login=True) as stream:
        for channel in ("books-l2-tbt", "books50-l2-tbt"):
            stream.subscribe(channel, instId=BTC if channel == "books-l2-tbt" else ETH)
            first = stream.push(channel)
            assert first["action"] == "snapshot"
        venue.price(ETH, "3010")
        update = stream.push("books50-l2-tbt")
        assert update["data"][0]["prevSeqId"] == first["data"][0]["seqId"]
    venue.price(ETH, "3000")
    venue.streams(has_tier="false")


def test_candles_and_funding_rates_over_the_port(venue: FakeOkx) -> None:
    with Stream(venue, "business") as business, Stream(venue, "public") as public:
        business.subscribe("candle1D", instId=BTC)
        business.subscribe("index-candle1m", instId="BTC-USDT")
        public.subscribe("funding-rate", instId=BTC)
        public.subscribe("trades", instId=BTC)
        (candle,) = business.push("candle1D")["data"]
        assert len(candle) == 9
        venue.set_funding_rate(BTC, "0.0002")
        rates = [row["fundingRate"] for row in public.rows("funding-rate", 2)]
        assert rates[-1] == "0.0002"
        venue.trade_by_hand(BTC, "buy", "3")
        (trade,) = public.rows("trades", 1)
        assert (trade["px"], trade["sz"], trade["side"]) == ("50000", "3", "buy")
        after = business.rows("candle1D", 1)[0]
        assert float(after[5]) == float(candle[5]) + 3
    venue.set_funding_rate(BTC, "0.0001")
