"""The venue's clock runs ahead on demand; clients that go by their own are not locked out."""

from pathlib import Path

from fakeokx_tools import BTC, RawClient

from fakeokx import launch

HOUR_MS = 3_600_000


def test_two_hours_later_a_canceled_order_is_gone_and_the_clock_survives_a_kill(
    tmp_path: Path,
) -> None:
    with launch(tmp_path) as venue:
        raw = RawClient(venue.url)
        given = {
            "instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "limit",
            "px": "30000", "sz": "1", "clOrdId": "gone",
        }  # fmt: skip
        raw.call("POST", "trade/order", given)
        raw.call("POST", "trade/cancel-order", {"instId": BTC, "clOrdId": "gone"})
        look_up = f"trade/order?instId={BTC}&clOrdId=gone"
        assert raw.call("GET", look_up)[1]["data"][0]["state"] == "canceled"
        before = venue.truth()["now_ms"]
        after = venue.advance(2 * HOUR_MS + 1)
        assert 2 * HOUR_MS <= after - before < 2 * HOUR_MS + 10_000
        assert raw.call("GET", look_up)[1]["code"] == "51603"
        assert raw.call("GET", "trade/orders-history?instType=SWAP")[1]["data"] == []
        assert len(venue.truth()["orders"]) == 1, "the truth does not forget"
        venue.kill()
        venue.restart()
        assert venue.truth()["now_ms"] >= after
        assert raw.call("GET", look_up)[1]["code"] == "51603"
