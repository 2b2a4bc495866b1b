"""Keys go to the address that was named, over https or to this very machine, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.errors import BadConfig, VenueUnreachable
from prometheus_persist.exchange import OkxSettings, ViewRequest, connect, okx_client
from prometheus_persist.exchange.okx.allowed_hosts import host_of, is_here, place
from prometheus_persist.exchange.okx.sender import Sender
from prometheus_persist.session import Session

KEYS = ("Key4711secretive", "S3cret4711secretive", "Phrase4711secretive")
NAMES = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE")
BTC = "BTC-USDT-SWAP"


@pytest.mark.parametrize(
    "url",
    ["https://www.okx.com", "https://eea.okx.com/", "https://10.0.0.7:8443/okx", "https://proxy",
     "http://127.0.0.1:9", "http://127.8.8.8", "http://[::1]:9/", "http://localhost:80",
     "HTTPS://WWW.OKX.COM"],
)  # fmt: skip
def test_https_and_this_machine_are_taken(url: str) -> None:
    assert place(url) == url.rstrip("/")
    client = okx_client(url, *KEYS, False, 1_000)
    assert client.urls["api"]["rest"] == url.rstrip("/")


PLAIN_ELSEWHERE = [
    "http://www.okx.com", "http://10.0.0.1:9", "http://127.0.0.1.evil.com", "http://localhost.evil",
    "http://evil.localhost", "http://0.0.0.0", "http://2130706433", "http://127.1", "http://0x7f.1",
    "http://localhost.", "http://[::ffff:10.0.0.1]", "http://exchange",
]  # fmt: skip
NO_ADDRESS = [
    "", "www.okx.com", "ftp://www.okx.com", "//www.okx.com", "https://", "https:///x", "file:///x",
    "https://www.okx.com@evil.com", "https://u:p@www.okx.com", "https://@evil.com",
    "https://evil.com\\@www.okx.com", "https://www.okx.com\\.evil.com", "http://127.0.0.1\\@evil.com",
    "http://127.0.0.1:9#@evil.com", "http://127.0.0.1?@evil.com", "https://okx.com/?a=b",
    "https://okx.com/a b", " https://okx.com", "https://okx.com\n", "https://ok\tx.com",
    "https://okx\u3002com", "https://\uff4fkx.com", "https://ok%78.com", "https://okx.com:port",
    "https://okx.com:123456", "https://www.okx.com\u202e", "javascript:alert(1)",
]  # fmt: skip


@pytest.mark.parametrize("url", PLAIN_ELSEWHERE + NO_ADDRESS)
def test_nothing_else_is_given_a_key(url: str) -> None:
    with pytest.raises(BadConfig, match="unencrypted" if url in PLAIN_ELSEWHERE else "no address"):
        okx_client(url, *KEYS, False, 1_000)
    with pytest.raises(BadConfig):
        connect(OkxSettings(*KEYS, url=url))
    assert not is_here(url)


@pytest.mark.parametrize(
    "command", [["reconcile"], ["orders", "settle"], ["orders", "cancel", "x"]]
)
def test_every_command_refuses_it_before_it_sends_anything(
    command: list[str], tmp_path: Path
) -> None:
    Session.open(tmp_path / "store").close()
    for url in ("http://10.0.0.1:9", "https://www.okx.com@evil.example", "https://a\\b"):
        said = CliRunner().invoke(
            app,
            [*command, "-d", str(tmp_path / "store"), "--exchange", url],
            env=dict(zip(NAMES, KEYS, strict=True)),
        )
        assert said.exit_code == 2, said.output
        assert not any(key in said.output for key in KEYS)


class _Heard(BaseHTTPRequestHandler):
    """Keeps the heads that came; ``elsewhere`` is where it sends whoever asks, "" for nowhere."""

    elsewhere = ""
    status = 302
    heads: list[str]

    def _answer(self) -> None:
        self.heads.append(f"{self.command} {self.path}\n{self.headers}")
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(self.status if self.elsewhere else 200)
        if self.elsewhere:
            self.send_header("Location", self.elsewhere + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def heard(**how: Any) -> Iterator[tuple[str, list[str]]]:
    """A web server that keeps what it is sent."""
    kind = type("Heard", (_Heard,), {"heads": [], **how})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", kind.heads
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    """Not by a read, not by an order; and the error says what happened."""
    with ExitStack() as running:
        there, taken = running.enter_context(heard())
        here, asked = running.enter_context(heard(elsewhere=there, status=status))
        reader = connect(OkxSettings(*KEYS, url=here))
        with pytest.raises(VenueUnreachable, match="redirect to "):
            reader.read_view(ViewRequest(since_ms=0, now_ms=1, budget_s=1.0))
        assert reader.whose() == ("", False)
        with pytest.raises(VenueUnreachable, match="redirect to "):
            Sender(okx_client(here, *KEYS, False, 1_000)).cancel(BTC, "1")
        assert len(asked) > 2
        assert any(KEYS[0] in head for head in asked)
    assert taken == []


def test_a_host_is_told_apart_from_what_looks_like_it() -> None:
    assert host_of("https://WWW.okx.com:443/x") == "www.okx.com"
    assert host_of("http://[::1]:9") == "::1"
    assert host_of("https://www.okx.com@evil.com") == ""
