"""The real port: connections, who is on them, and how they end."""

import socket
import time
from contextlib import ExitStack
from typing import Any

import pytest
from fakeokx_stream_tools import Stream, credentials, order
from fakeokx_tools import BTC, RawClient
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fakeokx import ControlRefused, FakeOkx, launch
from fakeokx.stream.codes import MESSAGES


def test_a_path_that_is_none_of_the_three_is_http_404(venue: FakeOkx) -> None:
    for path in ("other", "public/x", ""):
        with pytest.raises(InvalidStatus, match="404"):
            Stream(venue, path)


def test_a_query_behind_the_path_is_ignored(venue: FakeOkx) -> None:
    with Stream(venue, "private?brokerId=9999", login=True) as stream:
        assert stream.subscribe("account")["event"] == "subscribe"


def test_ping_is_answered_pong_and_a_protocol_ping_too(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send("ping")
        assert stream.next() == "pong"
        assert stream.socket.ping().wait(60)


def test_what_is_no_request_is_answered_and_the_connection_stays(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send('{"op": 1, ')
        event = stream.next()
        assert (event["code"], event["msg"]) == ("60012", 'Invalid request: {"op": 1, ')
        assert len(event["connId"]) == 8
        assert int(event["connId"], 16) >= 0
        stream.send("ping")
        assert stream.next() == "pong"


def test_bytes_instead_of_text_end_the_connection(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send(b"\x00")
        assert stream.closed() == (4002, "Invalid request")


def test_a_message_that_is_too_long_ends_the_connection(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send("x" * 65_537)
        assert stream.closed()[0] == 1009


def test_a_refused_login_ends_the_connection(venue: FakeOkx) -> None:
    with Stream(venue, "private") as stream:
        event = stream.ask("login", [credentials(secret="wrong")])
        assert (event["event"], event["code"]) == ("error", "60007")
        assert stream.closed() == (4001, "Login failed.")


def test_a_quiet_connection_is_closed_and_a_ping_keeps_it(venue: FakeOkx) -> None:
    venue.streams(idle_ms=2_400)
    with Stream(venue, "public") as quiet, Stream(venue, "public") as lively:
        for _ in range(8):
            lively.send("ping")
            assert lively.next() == "pong"
            time.sleep(0.4)
        assert quiet.closed() == (4004, "No data received in 30s.")
        lively.send("ping")
        assert lively.next() == "pong"
    venue.streams(idle_ms=30_000)


def test_a_protocol_ping_keeps_a_connection_only_if_the_switch_says_so(tmp_path: Any) -> None:
    def ends(venue: FakeOkx) -> bool:
        with Stream(venue, "public") as stream:
            for _ in range(6):
                if not _pings(stream):
                    return True
                time.sleep(0.5)
        return False

    with launch(tmp_path) as venue:
        venue.streams(idle_ms=2_000)
        assert ends(venue)
        venue.set_switch("ws.idle_protocol_ping", "counts")
        assert not ends(venue)


def _pings(stream: Stream) -> bool:
    try:
        return stream.socket.ping().wait(10)
    except ConnectionClosed:
        return False


def test_a_notice_comes_before_the_close(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        assert venue.notice(300) == 1
        event = stream.next()
        assert (event["event"], event["code"], event["msg"]) == (
            "notice",
            "64008",
            MESSAGES["64008"],
        )
        stream.send("ping")
        assert stream.next() == "pong"
        assert stream.closed()[0] == 1000


def test_settings_of_the_streams_are_checked(venue: FakeOkx) -> None:
    for changes in ({"idle_ms": "-1"}, {"other": "1"}, {"has_tier": "2"}, {"idle_ms": "9" * 9}):
        with pytest.raises(ControlRefused, match="51000"):
            venue.streams(**changes)


def test_who_is_connected_is_known(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("orders", instType="ANY")
        (shown,) = venue.streams()["connections"]
        assert (shown["path"], shown["account"]) == ("private", "main")
        assert shown["args"] == [{"channel": "orders", "instType": "ANY"}]
    deadline = time.monotonic() + 5
    while venue.streams()["connections"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert venue.streams()["connections"] == []


def test_a_key_that_is_dropped_ends_its_connections(venue: FakeOkx) -> None:
    venue.add_key("gone", "gone-secret", "gone-pass")
    with Stream(venue, "private") as stream, Stream(venue, "private", login=True) as other:
        stream.ask("login", [credentials("gone", "gone-secret", "gone-pass")])
        venue.drop_key("gone")
        assert stream.closed() == (
            4007,
            "API key has been updated or deleted. Please reconnect.",
        )
        other.send("ping")
        assert other.next() == "pong"


def test_a_maintenance_notice_is_told_to_whoever_listens(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("status")
        venue.set_status([{"state": "scheduled", "title": "upgrade"}])
        (row,) = stream.push("status")["data"]
        assert (row["state"], row["title"]) == ("scheduled", "upgrade")
    venue.set_status([])


def test_time_that_was_run_ahead_ends_no_connection_and_wakes_what_is_due(
    venue: FakeOkx,
) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("orders", instType="ANY")
        raw = RawClient(venue.url)
        stream.ask("order", [order(ordType="limit", px="40000")], "w1")
        raw.call("POST", "trade/cancel-all-after", {"timeOut": "10"})
        venue.advance(11_000)
        live, gone = stream.rows("orders", 2)
        assert (live["state"], gone["state"], gone["cancelSource"]) == ("live", "canceled", "20")


def test_with_rate_limits_the_fourth_connection_in_a_second_is_http_429(tmp_path: Any) -> None:
    with launch(tmp_path, extra_args=["--rate-limits"]) as venue:
        with ExitStack() as streams:
            for _ in range(3):
                streams.enter_context(Stream(venue, "public"))
            with pytest.raises(InvalidStatus, match="429"):
                Stream(venue, "public")
        time.sleep(1.1)
        Stream(venue, "public").__exit__(None, None, None)


def test_a_text_in_pieces_is_one_text(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.socket.send(['{"op":"subscribe","args":[{"chan', 'nel":"status"', "}]}"])
        assert stream.next()["event"] == "subscribe"


def test_whoever_does_not_read_is_left(tmp_path: Any) -> None:
    with launch(tmp_path) as venue:
        address = ("127.0.0.1", int(venue.url.rsplit(":", 1)[1]))
        with socket.create_connection(address) as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.sendall(
                b"GET /ws/v5/public HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                b"Sec-WebSocket-Version: 13\r\n\r\n"
            )
            assert lazy.recv(20).startswith(b"HTTP/1.1 101")
            arg = '{"channel":"instruments","instType":"SWAP"}'
            text = ('{"op":"subscribe","args":[' + ",".join([arg] * 400) + "]}").encode()
            head = bytes((0x81, 0xFE)) + len(text).to_bytes(2, "big") + bytes(4)
            for _ in range(60):
                lazy.sendall(head + text)
                if not venue.streams()["connections"]:
                    break
            by = time.monotonic() + 20  # it may still be working off what it was sent
            while venue.streams()["connections"] and time.monotonic() < by:
                time.sleep(0.05)
            assert venue.streams()["connections"] == [], "its buffer grew without end"
        assert venue.health()


def test_it_stops_at_once_with_connections_open(tmp_path: Any) -> None:
    with launch(tmp_path) as venue, Stream(venue, "public") as stream:
        stream.subscribe("tickers", instId=BTC)
        start = time.monotonic()
        venue.stop()
        assert time.monotonic() - start < 20, "it waited until the connection was quiet"
        assert stream.closed()[0] in (1001, 1006)


def test_a_rewind_ends_the_connections_of_accounts_that_never_were(tmp_path: Any) -> None:
    with launch(tmp_path) as venue:
        venue.streams(regular_ms=200)
        venue.checkpoint("before")
        venue.trade_by_hand(BTC, "buy", "1")
        venue.open_account("sub1")
        venue.add_key("sub", "sub-secret", "sub-pass", account="sub1")
        with Stream(venue, "private") as sub, Stream(venue, "private", login=True) as main:
            sub.ask("login", [credentials("sub", "sub-secret", "sub-pass")])
            sub.subscribe("account")
            main.subscribe("positions", instType="ANY")
            assert [row["pos"] for row in main.push("positions")["data"]] == ["1"]
            venue.rewind("before")
            assert sub.closed()[0] == 1006
            while main.push("positions")["data"]:
                pass  # a snapshot that was under way
            venue.trade_by_hand(BTC, "sell", "2")
            while [row["pos"] for row in main.push("positions")["data"]] != ["-2"]:
                pass  # regular snapshots from before the trade
