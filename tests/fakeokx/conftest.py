"""Fixtures of the fakeokx suite: one server per module, because each start takes a moment."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakeokx_tools import BTC, VIEWER, RawClient
from fakeokx_traders import ccxt_options

from fakeokx import FakeOkx, launch


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeOkx]:
    key = ":".join((*VIEWER, "read_only"))
    with launch(tmp_path_factory.mktemp("venue"), keys=[key]) as running:
        yield running


@pytest.fixture
def venue(server: FakeOkx) -> Iterator[FakeOkx]:
    """The module's server, flat, at 50000, without faults."""
    _clean(server)
    yield server
    _clean(server)


def _clean(server: FakeOkx) -> None:
    server.set_faults([])
    raw = RawClient(server.url)
    for row in server.truth()["orders"]:
        if row["state"] in ("live", "partially_filled"):
            raw.call("POST", "trade/cancel-order", {"instId": row["instId"], "ordId": row["ordId"]})
    truth = server.truth()
    for row in truth["positions"]:
        server.liquidate(row["instId"], account=truth["owners"].get(row["posId"], "main"))
    server.price(BTC, "50000")


@pytest.fixture(scope="module")
def ccxt_of() -> Callable[..., Any]:
    ccxt = pytest.importorskip("ccxt")

    def connect(server: FakeOkx, **options: Any) -> Any:
        return ccxt.okx(ccxt_options(server, **options))

    return connect
