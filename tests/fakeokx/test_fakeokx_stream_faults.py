"""Faults of the streams: what is lost, doubled, late, refused or cut off."""

import time
from typing import Any

import pytest
from fakeokx_stream_tools import Stream, credentials, order
from fakeokx_tools import BTC

from fakeokx import FakeOkx
from fakeokx.stream.codes import MESSAGES


def test_a_gap_a_duplicate_and_another_order_of_pushes(venue: FakeOkx) -> None:
    def prices(action: str) -> list[str]:
        with Stream(venue, "public") as stream:
            stream.subscribe("tickers", instId=BTC)
            stream.push("tickers")
            rule = {"action": action, "path": "tickers", "nth": 2}
            venue.set_faults([rule])
            for px in ("50001", "50002", "50003", "50004"):
                venue.price(BTC, px)
            found = []
            while not found or found[-1] != "50004":
                found.append(stream.rows("tickers", 1)[0]["last"])
            (report,) = venue.faults()
            assert (report["fired"], report["matched"]) == (1, 4)
            return [px[-1] for px in found]

    assert prices("ws_gap") == ["1", "3", "4"]
    assert prices("ws_duplicate") == ["1", "2", "2", "3", "4"]
    assert prices("ws_reorder") == ["1", "3", "2", "4"]


def test_a_gap_in_the_book_can_be_seen_by_its_sequence(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("books", instId=BTC)
        seq = stream.rows("books", 1)[0]["seqId"]
        venue.set_faults([{"action": "ws_gap", "path": "books"}])
        venue.price(BTC, "50001")
        venue.price(BTC, "50002")
        assert stream.rows("books", 1)[0]["prevSeqId"] == seq + 1


@pytest.mark.parametrize(("code", "closed"), [("", 1006), ("4006", 4006)])
def test_a_disconnect_in_the_middle_of_the_pushes(venue: FakeOkx, code: str, closed: int) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("tickers", instId=BTC)
        venue.set_faults([{"action": "ws_disconnect", "path": "tickers", "nth": 2, "code": code}])
        venue.price(BTC, "50001")
        venue.price(BTC, "50002")
        assert stream.closed()[0] == closed


def test_an_answer_that_is_lost_after_executing(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        venue.set_faults([{"action": "drop_answer", "operation": "place"}])
        stream.send({"id": "z1", "op": "order", "args": [order(clOrdId="lost1")]})
        assert stream.closed()[0] == 1006
    assert [row["state"] for row in venue.truth()["orders"] if row["clOrdId"] == "lost1"] == [
        "filled"
    ]


@pytest.mark.parametrize(
    ("rule", "code", "is_executed"),
    [
        ({"action": "error_before", "code": "64007"}, "64007", False),
        ({"action": "error_after", "code": "50004"}, "50004", True),
        ({"action": "reject", "code": "51149"}, "1", False),
        ({"action": "rate_limit"}, "1", False),
        ({"action": "empty"}, "0", False),
        ({"action": "maintenance", "times": 1}, "50001", False),
        ({"action": "delay", "ms": 200}, "0", True),
        ({"action": "delay_answer", "ms": 200}, "0", True),
    ],
)
def test_faults_of_an_order_op(
    venue: FakeOkx, rule: dict[str, Any], code: str, is_executed: bool
) -> None:
    name = f"f{rule['action'].replace('_', '')}"
    with Stream(venue, "private", login=True) as stream:
        venue.set_faults([{"path": "order", **rule}])
        start = time.monotonic()
        answer = stream.ask("order", [order(clOrdId=name)], "y1")
        took_s = time.monotonic() - start
    assert (answer["id"], answer["code"]) == ("y1", code)
    assert (name in [row["clOrdId"] for row in venue.truth()["orders"]]) == is_executed
    assert took_s >= rule.get("ms", 0) / 1000
    assert venue.faults()[0]["fired"] == 1


def test_faults_of_a_login(venue: FakeOkx) -> None:
    venue.set_faults([{"action": "error_before", "path": "login"}])
    with Stream(venue, "private") as stream:
        assert stream.ask("login", [credentials()], "n1") == {
            "id": "n1", "event": "error", "code": "63999", "msg": MESSAGES["63999"],
            "connId": stream_id(stream),
        }  # fmt: skip
    venue.set_faults([{"action": "clock_skew", "ms": 60_000, "path": "login"}])
    with Stream(venue, "private") as stream:
        assert stream.ask("login", [credentials()])["code"] == "60006"
    venue.set_faults([{"action": "refuse", "path": "subscribe"}])
    with Stream(venue, "public") as stream:
        stream.send({"op": "subscribe", "args": [{"channel": "status"}]})
        assert stream.closed()[0] == 1006


def stream_id(stream: Stream) -> str:
    stream.send("{")
    return str(stream.next()["connId"])
