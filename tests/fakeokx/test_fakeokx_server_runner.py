"""The process: starts, is killed in the middle of things, comes back with the same truth."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakeokx_tools import BTC

from fakeokx import FakeOkx, NotStarted, launch
from fakeokx.runtime.ledger import FILE_NAME

ROOT = Path(__file__).resolve().parents[2]
SYMBOL = "BTC/USDT:USDT"
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def lasting(truth: dict[str, Any]) -> bytes:
    """The part of the truth that the ledger promises, as bytes."""
    kept = {name: part for name, part in truth.items() if name not in ("now_ms", "requests")}
    return json.dumps(kept).encode()


def fakeokx(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fakeokx.cli", *args]
    return subprocess.run(command, capture_output=True, text=True, env=ENV, timeout=30, check=False)


@pytest.mark.parametrize("killed_after_s", [0.15, 0.4])
def test_kill_dash_nine_while_ccxt_trades_loses_no_acknowledged_order(
    tmp_path: Path, ccxt_of: Callable[..., Any], killed_after_s: float
) -> None:
    ccxt = pytest.importorskip("ccxt")
    with launch(tmp_path) as venue:
        market = ccxt_of(venue)
        market.load_markets()
        acknowledged: list[str] = []
        attempted: list[str] = []
        trading = threading.Event()

        def trade() -> None:
            for number in range(100_000):
                name = f"k{number}"
                attempted.append(name)
                try:
                    made = market.create_order(
                        SYMBOL, "market", "buy", 0.01, None, {"clOrdId": name}
                    )
                except ccxt.NetworkError:
                    return
                acknowledged.append(made["id"])
                if len(acknowledged) > 10:
                    trading.set()

        trader = threading.Thread(target=trade)
        trader.start()
        assert trading.wait(30), "too little happened before the kill"
        time.sleep(killed_after_s)
        venue.kill()
        trader.join(10)
        assert not trader.is_alive()
        url = venue.url
        venue.restart()
        assert venue.url == url
        truth = venue.truth()
        at_venue = {row["ordId"] for row in truth["orders"]}
        assert set(acknowledged) <= at_venue
        assert {row["clOrdId"] for row in truth["orders"]} <= set(attempted)
        assert len(at_venue) - len(acknowledged) in (0, 1), "at most the unanswered one"
        first = lasting(truth)
        venue.kill()
        venue.restart()
        assert lasting(venue.truth()) == first


def test_everything_the_control_api_did_survives_a_kill(tmp_path: Path) -> None:
    with launch(tmp_path, pos_mode="long_short_mode", balance="5000.5", seed=7) as venue:
        venue.price(BTC, "49000.1")
        venue.trade_by_hand(BTC, "buy", "2", "long")
        venue.partial(BTC, "0.5")
        venue.trade_by_hand(BTC, "sell", "1", "short")
        venue.liquidate(BTC, "long")
        before = lasting(venue.truth())
        venue.kill()
        assert not venue.is_running
        venue.restart()
        assert lasting(venue.truth()) == before
        venue.price(BTC, "49001")
        assert venue.truth()["orders"][1]["state"] == "filled"


def test_an_order_waiting_when_the_venue_died_fills_after_it_came_back(tmp_path: Path) -> None:
    with launch(tmp_path) as venue:
        venue.partial(BTC, "0")
        waiting = venue.trade_by_hand(BTC, "buy", "1")
        venue.kill()
        venue.restart()
        assert venue.truth()["orders"][0]["state"] == "live"
        venue.price(BTC, "50500")
        (order,) = venue.truth()["orders"]
        assert (order["ordId"], order["state"], order["avgPx"]) == (waiting, "filled", "50500")


def test_it_stops_at_once_even_with_a_client_waiting(tmp_path: Path) -> None:
    with launch(tmp_path) as venue:
        venue.set_faults([{"action": "delay", "path": "public/time", "ms": 60_000}])
        with socket.create_connection(("127.0.0.1", int(venue.url.rsplit(":", 1)[1]))) as client:
            client.sendall(b"GET /api/v5/public/time HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while not venue.faults()[0]["fired"]:
                time.sleep(0.01)
            start = time.monotonic()
            venue.stop()
            # Idle it takes 0.2 s; the bound leaves room for a machine that is busy.
            assert time.monotonic() - start < 30


def test_it_leads_its_own_session_and_listens_on_loopback_only(tmp_path: Path) -> None:
    with launch(tmp_path) as venue:
        assert os.getsid(venue.pid) == venue.pid != os.getsid(0)
        assert venue.url.startswith("http://127.0.0.1:")


def test_two_on_one_directory_are_refused_in_words(tmp_path: Path) -> None:
    with launch(tmp_path), pytest.raises(NotStarted, match="held by another process"):
        launch(tmp_path)


def test_a_port_in_use_is_a_usage_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = fakeokx("serve", "--dir", str(tmp_path), "--port", port)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_a_damaged_ledger_is_exit_code_four_and_names_the_line(tmp_path: Path) -> None:
    with launch(tmp_path) as venue:
        venue.price(BTC, "49000")
        venue.price(BTC, "48000")
    ledger = tmp_path / FILE_NAME
    ledger.write_bytes(ledger.read_bytes().replace(b"49000", b"49900"))
    done = fakeokx("serve", "--dir", str(tmp_path))
    assert done.returncode == 4
    assert "line 2: its checksum does not match" in done.stderr


def test_a_torn_tail_is_cut_and_mentioned(tmp_path: Path) -> None:
    with launch(tmp_path) as venue:
        venue.price(BTC, "49000")
        before = lasting(venue.truth())
        venue.kill()
        with (tmp_path / FILE_NAME).open("ab") as ledger:
            ledger.write(b'{"n":2,"now_ms":17')
        venue.restart()
        assert lasting(venue.truth()) == before
        assert "cut a torn write of 18 bytes" in (tmp_path / "fakeokx.log").read_text()


@pytest.mark.parametrize(
    "args",
    [
        ["serve", "--pos-mode", "hedged"],
        ["serve", "--balance", "1e6"],
        ["serve", "--keys", "/no/such/file"],
        ["serve", "--seed", "-1"],
        ["sevre"],
    ],
)
def test_wrong_usage_is_exit_code_two(args: list[str]) -> None:
    assert fakeokx(*args).returncode == 2


def test_help_shows_a_newcomer_how_to_connect() -> None:
    done = fakeokx("serve", "--help")
    assert done.returncode == 0
    for word in ("--dir", "--rate-limits", "ccxt", "python-okx", "price BTC-USDT-SWAP"):
        assert word in done.stdout


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_one_json_line_and_stops_on_a_signal_with_its_code(
    tmp_path: Path, sig: signal.Signals
) -> None:
    command = [sys.executable, "-m", "fakeokx.cli", "serve", "--json", "--dir", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert (ready["pid"], ready["dir"], ready["key"]) == (process.pid, str(tmp_path), "fakeokx-key")
    process.send_signal(sig)
    rest, _ = process.communicate(timeout=60)
    assert (rest, process.returncode) == ("", 128 + sig)


def test_rate_limits_are_off_unless_asked_for(tmp_path: Path) -> None:
    from fakeokx_tools import RawClient

    with launch(tmp_path, extra_args=["--rate-limits"]) as venue:
        raw = RawClient(venue.url)
        got = [raw.call("GET", "account/config")[0] for _ in range(6)]
    assert got == [200] * 5 + [429]
    with launch(tmp_path) as venue:
        raw = RawClient(venue.url)
        assert {raw.call("GET", "account/config")[0] for _ in range(6)} == {200}


def test_importing_fakeokx_imports_nothing_of_the_web_server() -> None:
    code = (
        "import sys, fakeokx, fakeokx.pytest_plugin; "
        "print([m for m in sys.modules if m in ('starlette', 'uvicorn', 'typer', 'httptools')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENV, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_server_ends_with_the_process_that_launched_it(tmp_path: Path) -> None:
    code = f"import fakeokx; print(fakeokx.launch({str(tmp_path)!r}).pid)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=ENV,
        check=True,
        timeout=20,
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_the_pytest_plugin_gives_a_fresh_exchange(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_it(fakeokx):\n"
        "    assert fakeokx.truth()['orders'] == []\n"
        "    fakeokx.trade_by_hand('BTC-USDT-SWAP', 'buy', '1')\n"
        "def test_again(fakeokx):\n"
        "    assert fakeokx.truth()['orders'] == []\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "fakeokx.pytest_plugin", str(tmp_path)]
    env = {**ENV, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=env, cwd=tmp_path, check=False
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_directory_of_its_own_goes_with_it_and_a_given_one_stays(tmp_path: Path) -> None:
    with launch() as venue:
        venue.kill()
        venue.restart()
        own = venue.directory
        assert (own / FILE_NAME).exists()
    assert not own.exists()
    with launch(tmp_path):
        pass
    assert (tmp_path / FILE_NAME).exists()


def test_restart_of_a_running_server_keeps_its_address(tmp_path: Path) -> None:
    with launch(tmp_path) as venue:
        pid, url = venue.pid, venue.url
        venue.restart()
        assert (venue.url, isinstance(venue, FakeOkx)) == (url, True)
        assert venue.pid != pid
        assert venue.health()
