"""Every unmodified client plays the same session and sees exactly what the venue knows.

ccxt synchronous, asynchronous and pro talk http and ws to one venue each. python-okx talks https
and wss: its WebSockets always want TLS, so it runs in a process that was told which certificate
authority to trust before it began.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fakeokx_session import agree, play
from fakeokx_traders import (
    CcxtProTrader,
    CcxtTrader,
    PythonOkxStreamTrader,
    PythonOkxTrader,
    ccxt_options,
    until_agreed,
)

from fakeokx import Control, FakeOkx, launch

HERE = Path(__file__).resolve().parent


def test_ccxt_synchronous(tmp_path: Path) -> None:
    ccxt = pytest.importorskip("ccxt")
    with launch(tmp_path) as venue:
        market = ccxt.okx(ccxt_options(venue))
        asyncio.run(play(CcxtTrader(market), venue))


def test_ccxt_asynchronous(tmp_path: Path) -> None:
    ccxt = pytest.importorskip("ccxt.async_support")

    async def session(venue: FakeOkx) -> None:
        async with ccxt.okx(ccxt_options(venue)) as market:
            await play(CcxtTrader(market), venue)

    with launch(tmp_path) as venue:
        asyncio.run(session(venue))


def test_ccxt_pro(tmp_path: Path) -> None:
    ccxt = pytest.importorskip("ccxt.pro")

    async def session(venue: FakeOkx) -> None:
        async with ccxt.okx(ccxt_options(venue)) as market:
            trader = CcxtProTrader(market)
            await trader.start()
            await play(trader, venue)
            await until_agreed(trader.watched, venue, every_update=False)
            assert trader.last_px == float(venue.truth()["prices"]["BTC-USDT-SWAP"])
            await _refusals_reach_their_caller(market)
            await trader.stop_watching()

    async def _refusals_reach_their_caller(market: Any) -> None:
        with pytest.raises(ccxt.OrderNotFound):
            await market.cancel_order_ws("1234567890", "BTC/USDT:USDT")
        with pytest.raises(ccxt.InsufficientFunds):
            await market.create_order_ws("BTC/USDT:USDT", "market", "buy", 90000)

    with launch(tmp_path) as venue:
        # Code 1 with an empty msg is what OKX documents; ccxt.pro names the row's code then.
        asyncio.run(session(venue))


@pytest.mark.parametrize("name", ["rest", "stream"])
def test_python_okx_over_tls(tmp_path: Path, name: str) -> None:
    pytest.importorskip("okx")
    with launch(tmp_path, tls=True) as venue:
        env = {
            **os.environ,
            "SSL_CERT_FILE": str(venue.ca),
            "PYTHONPATH": os.pathsep.join((str(HERE.parents[1]), str(HERE))),
        }
        done = subprocess.run(
            [sys.executable, __file__, name, venue.url, str(venue.ca)],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stdout.strip()) == (0, "agreed"), done.stdout + done.stderr
        assert len(venue.truth()["orders"]) > 10


async def _rest(url: str, control: Control) -> None:
    await play(PythonOkxTrader(url), control)


async def _stream(url: str, control: Control) -> None:
    trader = PythonOkxStreamTrader(url, control.ws_url)
    await trader.start()
    await play(trader, control)
    await until_agreed(trader.watched, control, every_update=True)
    await agree(trader, control)
    assert trader.prices[-1] == control.truth()["prices"]["BTC-USDT-SWAP"]
    assert {each["event"] for each in trader.events} == {
        "login",
        "subscribe",
        "channel-conn-count",
    }
    await trader.stop_watching()


_SESSIONS: dict[str, Callable[[str, Control], Awaitable[None]]] = {
    "rest": _rest,
    "stream": _stream,
}


if __name__ == "__main__":
    _name, _url, _ca = sys.argv[1:]
    asyncio.run(_SESSIONS[_name](_url, Control(_url, ca=_ca)))  # type: ignore[arg-type]
    sys.stdout.write("agreed\n")
