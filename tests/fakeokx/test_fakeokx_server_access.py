"""Who is let in: no page of somebody else's, no rebound name, nothing without an end."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from browserkit import CHROMIUM, Browser
from fakeokx_tools import BTC, RawClient

from fakeokx import ControlRefused, FakeOkx, launch
from fakeokx.control.client import Control
from fakeokx.runtime.access import Access, is_loopback

JSON = {"Content-Type": "application/json"}
MOVE = json.dumps({"instId": BTC, "px": "66000"}).encode()


def ask(
    server: FakeOkx, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host="Host" in named)
    for name, value in named.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def price(server: FakeOkx) -> str:
    return str(server.truth()["prices"][BTC])


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": ""},
    ],
)
def test_a_foreign_page_moves_nothing(server: FakeOkx, headers: dict[str, str]) -> None:
    before = price(server)
    sent = {"Content_Type": "application/json", **headers}
    status, text = ask(server, "POST", "/control/price", MOVE, **sent)
    assert (status, json.loads(text)["error"]["code"]) == (400, "not_let_in")
    assert price(server) == before
    if "Content_Type" not in headers:
        status, text = ask(server, "GET", "/control/truth", **headers)
        assert status == 400
        assert "prices" not in text


@pytest.mark.parametrize("path", ["/", "/api/v5/public/time", "/control/health", "/nowhere"])
def test_a_rebound_name_is_answered_nowhere(server: FakeOkx, path: str) -> None:
    assert ask(server, "GET", path, Host="rebound.example")[0] == 400


def test_its_own_page_and_programs_are_let_in(server: FakeOkx) -> None:
    own = {
        "Origin": server.url,
        "Sec_Fetch_Site": "same-origin",
        "Content_Type": JSON["Content-Type"],
    }
    assert ask(server, "POST", "/control/price", MOVE, **own)[0] == 200
    host = server.url.removeprefix("http://")
    local = host.replace("127.0.0.1", "localhost")
    assert ask(server, "GET", "/control/health", Host=local)[0] == 200
    assert ask(server, "GET", "/control/health", Host="[::1]:80")[0] == 200


def test_who_says_where_he_comes_from_is_not_believed(server: FakeOkx) -> None:
    """A key that is bound to an address is not opened by a header."""
    server.add_key("bound", "s", "p", ips=["203.0.113.9"])
    raw = RawClient(server.url, "bound", "s", "p")
    said = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    assert raw.call("GET", "account/config", headers=said)[1]["code"] == "50110"


@pytest.mark.parametrize("headers", ["Origin: http://evil.example\r\n", "Host: evil.example\r\n"])
def test_a_foreign_page_opens_no_websocket(server: FakeOkx, headers: str) -> None:
    host = "" if headers.startswith("Host") else "Host: 127.0.0.1\r\n"
    head = (
        f"GET /ws/v5/public HTTP/1.1\r\n{host}{headers}"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert talk(server, head.encode()).startswith(b"HTTP/1.1 403")


def talk(server: FakeOkx, sent: bytes) -> bytes:
    address = server.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=20) as wire:
        with contextlib.suppress(OSError):
            wire.sendall(sent)
        found = b""
        with contextlib.suppress(OSError):
            while data := wire.recv(65_536):
                found += data
    return found


def test_a_head_without_end_and_a_body_too_large_are_not_read(server: FakeOkx) -> None:
    before = psutil.Process(server.pid).memory_info().rss
    giant = b"GET /control/health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: " + b"a" * 60_000_000
    assert talk(server, giant)[:12] in (b"HTTP/1.1 431", b"")
    said = b"POST /control/price HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    assert talk(server, said + b"Content-Length: 9000000000\r\n\r\n")[:12] == b"HTTP/1.1 413"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    chunked = said + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 60
    assert talk(server, chunked)[:12] in (b"HTTP/1.1 413", b"")
    assert psutil.Process(server.pid).memory_info().rss - before < 50_000_000
    assert server.health()


def test_half_open_connections_are_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing at all, half a head, half a body: each is over in time."""
    script = tmp_path / "hasty.py"
    script.write_text(
        "from fakeokx.process import http\n"
        "http.HEAD_S_MAX = http.BODY_S_MAX = 0.5\n"
        "from fakeokx.cli import main\nmain()\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script), "serve", "--json", "--dir", str(tmp_path / "v")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            host, number = url.removeprefix("http://").split(":")
            head = b"POST /control/price HTTP/1.1\r\nHost: a.localhost\r\n"
            whole = b"POST /control/price HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            whole += b"Content-Type: application/json\r\n"
            for sent, answer in (
                (b"", b""),
                (head, b""),
                (whole + b"Content-Length: 10\r\n\r\n{", b"HTTP/1.1 408"),
            ):
                with socket.create_connection((host, int(number)), timeout=20) as wire:
                    wire.sendall(sent)
                    assert wire.recv(12) == answer
        finally:
            process.terminate()


def test_where_others_reach_it_control_asks_for_a_token(tmp_path: Path) -> None:
    with launch(tmp_path / "v", extra_args=["--host", "0.0.0.0"]) as venue:
        number = venue.url.rpartition(":")[2]
        url = f"http://127.0.0.1:{number}"
        assert venue.price(BTC, "51000"), "whoever launched it was told the token"
        for token in ("", "wrong"):
            with pytest.raises(ControlRefused, match="Bearer TOKEN"):
                Control(url, token=token).truth()
    with launch(tmp_path / "o", extra_args=["--host", "0.0.0.0", "--open-control"]) as venue:
        assert Control(f"http://127.0.0.1:{venue.url.rpartition(':')[2]}").truth()


def test_another_name_is_allowed_by_name_alone(tmp_path: Path) -> None:
    with launch(tmp_path / "v", extra_args=["--allow-host", "FakeOkx"]) as venue:
        assert ask(venue, "GET", "/control/health", Host="fakeokx:80")[0] == 200
        assert ask(venue, "GET", "/control/health", Host="fakeokx.example")[0] == 400


def test_what_counts_requests_does_not_grow_with_what_is_said(server: FakeOkx) -> None:
    from websockets.sync.client import connect

    with connect(f"{server.ws_url}/public") as stream:
        for number in range(50):
            stream.send(json.dumps({"op": f"op{number}"}))
            stream.recv(timeout=60)
    assert not [name for name in server.truth()["requests"] if name.startswith("ws/op")]


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.0.2.1", False),
        ("example", False),
        ("", False),
    ],
)
def test_what_only_this_machine_reaches(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


def test_no_host_at_all_is_no_browser() -> None:
    assert Access().refusal({}) == ""
    assert Access().refusal({"host": "[::1"})


# A hostile page in a real browser.

HOSTILE = """
<!doctype html><title>a game</title>
<form id=f method=post enctype=text/plain target=frame></form><iframe name=frame></iframe>
<script>
const venue = "VENUE", told = [];
const hit = (path, options) => fetch(venue + path, options).then((a) => a.text()).then(
  (text) => { if (text) told.push("read " + path + text); }, () => {});
const body = JSON.stringify(
  { instId: "BTC-USDT-SWAP", px: "66000", name: "x", secret: "y", passphrase: "z" });
const tries = [];
for (const path of ["price", "key", "trade", "faults", "deposit"])
  for (const mode of ["cors", "no-cors"])
    for (const type of ["text/plain", "application/json"])
      tries.push(hit("/control/" + path,
        { method: "POST", mode, body, headers: { "Content-Type": type } }));
for (const path of ["/control/truth", "/control/keys", "/", "/api/v5/public/time"])
  tries.push(hit(path), hit(path, { mode: "no-cors" }));
navigator.sendBeacon(venue + "/control/price", body);
const half = document.createElement("input");
half.name = '{"instId":"BTC-USDT-SWAP","px":"66000","a":"';
half.value = '"}';
f.append(half);
f.action = venue + "/control/price";
f.submit();
tries.push(new Promise((done) => {
  const stream = new WebSocket(venue.replace("http", "ws") + "/ws/v5/public");
  stream.onopen = () => { told.push("opened"); done(); };
  stream.onerror = done;
}));
Promise.all(tries).then(() => { document.title = "done " + told.join(); });
</script>
"""


@contextlib.contextmanager
def site(page: str) -> Iterator[str]:
    """A web server of somebody else's; gives its host and port."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{web.server_port}"
    finally:
        web.shutdown()
        web.server_close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.timeout(120)
def test_a_hostile_page_in_a_browser_does_and_reads_nothing(tmp_path: Path) -> None:
    with launch(tmp_path / "v") as venue, Browser(tmp_path / "b") as tab:
        before = lasting(venue)
        with site(HOSTILE.replace("VENUE", venue.url)) as address:
            tab.open(f"http://{address}/")
            assert tab.wait("document.title.startsWith('done') && document.title", 30) == "done"
        time.sleep(0.5)
        assert lasting(venue) == before


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.timeout(120)
def test_a_rebound_name_in_a_browser_does_and_reads_nothing(tmp_path: Path) -> None:
    """The page's own name points at the exchange: to the browser it is one origin."""
    rules = ["--host-resolver-rules=MAP rebound.example 127.0.0.1"]
    with launch(tmp_path / "v") as venue, Browser(tmp_path / "b", extra=rules) as tab:
        before = lasting(venue)
        url = venue.url.replace("127.0.0.1", "rebound.example")
        tab.open(f"{url}/control/truth")
        shown = tab.wait("document.body && document.body.innerText", 30)
        assert "not_let_in" in shown
        moved = tab.evaluate(
            "fetch('/control/price', {method: 'POST', headers: {'Content-Type': "
            f"'application/json'}}, body: {MOVE.decode()!r}}}).then((a) => a.text())"
        )
        assert "not_let_in" in moved
        assert lasting(venue) == before


def lasting(venue: FakeOkx) -> dict[str, Any]:
    truth = venue.truth()
    keys = [each["name"] for each in venue.api_keys()]
    return {name: truth[name] for name in ("orders", "fills", "prices", "bills")} | {"keys": keys}
