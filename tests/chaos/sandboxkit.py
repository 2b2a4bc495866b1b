"""The check of demo trading against fakeokx: a clock that does not wait, a client, a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from chaos.sandbox.check import CANDIDATES, run_sandbox
from chaos.sandbox.differences import Difference, Line, differences
from chaos.workload.clients import near
from chaos.workload.clocks import VenueClock
from prometheus_persist.cli.app import app
from prometheus_persist.clock import SystemIds
from prometheus_persist.exchange.okx.client import okx_client

fakeokx = pytest.importorskip("fakeokx")

BTC, ETH = CANDIDATES[:2]
MODES = ("net_mode", "long_short_mode")
KEYS = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE")
SECRETS = ("Key4711secretive", "S3cret4711secretive", "Phrase4711secretive")
WAITING = ("live", "partially_filled", "pause")


def hurried() -> VenueClock:
    """A clock on which waiting takes no time, and is counted all the same."""
    return VenueClock(lasts_s_max=0)


def client_of(venue: Any, secrets: tuple[str, str, str] | None = None, **more: Any) -> Any:
    default = (fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE)
    options = {"sandbox": True, "timeout_ms": 5_000} | more
    return near(okx_client(venue.url, *(secrets or default), **options))


def run(venue: Any, tell: Callable[[Line], None] = lambda _: None) -> list[Line]:
    return run_sandbox(client_of(venue), hurried(), SystemIds(), tell)


def unknown(expected: list[Line], found: list[Line]) -> list[Difference]:
    return [one for one in differences(expected, found) if not one.known]


def nothing_left(venue: Any) -> bool:
    truth = venue.truth()
    waiting = [row for row in truth["orders"] + truth["algos"] if row["state"] in WAITING]
    return not waiting and all(row["pos"] == "0" for row in truth["positions"])


def environment(url: str = "", **changes: str) -> dict[str, str]:
    values = (fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE)
    keys = dict(zip(KEYS, values, strict=True))
    return {**keys, "PERSIST_OKX_URL": url, "PERSIST_LANG": "en", **changes}


def command(url: str = "", *more: str, **changes: str) -> Any:
    env: dict[str, str | None] = {**environment(url), **changes}
    return CliRunner().invoke(app, ["reconcile", "--sandbox", *more], env=env)
