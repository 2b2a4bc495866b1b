"""The check of OKX demo trading: against fakeokx here, against OKX itself where there are keys.

``pytest -m okx_sandbox`` runs the part that needs keys (OKX_API_KEY, OKX_API_SECRET,
OKX_API_PASSPHRASE of OKX demo trading). To write the references anew after a change of fakeokx:
PERSIST_WRITE_REFERENCES=1, ``pytest -n 0`` with this file and ``-k reference``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sandboxkit import (
    BTC,
    ETH,
    KEYS,
    MODES,
    SECRETS,
    client_of,
    environment,
    hurried,
    nothing_left,
    run,
    unknown,
)

from chaos.sandbox.check import CANDIDATES, run_sandbox
from chaos.sandbox.command import demo_place
from chaos.sandbox.differences import REFERENCES, read_back, reference, written
from prometheus_persist.clock import SystemClock, SystemIds
from prometheus_persist.errors import BadConfig, VenueRefused, VenueUnreachable
from prometheus_persist.exchange.okx.client import okx_client
from prometheus_persist.exchange.okx.query import READS

# The exchange itself


@pytest.mark.okx_sandbox
@pytest.mark.skipif(
    any(not os.environ.get(name) for name in KEYS),
    reason=f"pytest -m okx_sandbox with {', '.join(KEYS)} of OKX demo trading runs it against OKX",
)
def test_okx_demo_trading_answers_as_fakeokx_does() -> None:
    url = os.environ.get("PERSIST_OKX_URL", "")
    demo_place(url)
    key, secret, passphrase = (os.environ[name] for name in KEYS)
    client = okx_client(url or None, key, secret, passphrase, True, 10_000)
    lines = run_sandbox(client, SystemClock(), SystemIds())
    assert lines[-1]["left"] == []
    config = next(line for line in lines if line["step"] == "read.config")
    found = unknown(reference(config["rows"][0]["posMode"]), lines)
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("marked", "trades"),
    [([], False), (["-m", "not chaos"], False), (["-m", "not okx_sandbox"], False),
     (["-m", "chaos or not timeout"], False), (["-m", "okx_sandbox"], True)],
    ids=["plain", "not-chaos", "not-it", "or", "asked"],
)  # fmt: skip
def test_keys_in_the_environment_are_no_order_to_trade(
    marked: list[str], trades: bool, venue: Any
) -> None:
    """The test above, in a pytest of its own whose environment has keys that would work."""
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-k", "answers_as_fakeokx_does", *marked]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, __file__],
        env={**os.environ, **environment(venue.url)},
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert bool(venue.truth()["requests"]) is trades


# The same script against fakeokx


@pytest.mark.parametrize("venue", MODES, indirect=True)
def test_the_reference_is_what_fakeokx_answers_and_twice_the_same(venue: Any, request: Any) -> None:
    first = run(venue)
    mode = request.node.callspec.params["venue"]
    if os.environ.get("PERSIST_WRITE_REFERENCES"):
        (REFERENCES / f"{mode}.jsonl").write_text(written(first), encoding="utf-8")
    assert nothing_left(venue)
    assert unknown(reference(mode), first) == []
    assert run(venue) == first == read_back(written(first))
    assert nothing_left(venue)
    assert first[-1] == {"step": "cleanup", "ask": "", "code": "0", "did": [], "left": []}


@pytest.mark.parametrize("mode", MODES)
def test_the_reference_holds_every_read_of_the_library_and_each_order_one_after_the_other(
    mode: str,
) -> None:
    lines = reference(mode)
    asked = {line["ask"] for line in lines}
    assert {f"GET {endpoint}" for endpoint in READS} <= asked
    rows = {line["step"]: (line.get("rows") or [{}])[0] for line in lines}
    states = ("limit.look_up", "limit.canceled", "market.look_up", "stop.look_up", "stop.canceled")
    assert [rows[step]["state"] for step in states] == [
        "live", "canceled", "filled", "live", "canceled"
    ]  # fmt: skip
    assert rows["market.fills"]["billId"] == rows["market.bill"]["billId"] == "bill1"
    assert rows["close.life"]["posId"] == rows["market.position"]["posId"] == "pos1"
    assert rows["close.fills"]["ordId"] == rows["close.place"]["ordId"] == "ord3"
    empty = [line["step"] for line in lines if line.get("own") == 0]
    assert empty == ["limit.never_sent", "limit.gone", "stop.gone", "close.flat"]
    reader = next(line for line in lines if line["step"] == "reader")
    assert reader["incomplete"] == {}
    assert reader["lookups"] == {
        "limit": "canceled", "market": "filled", "stop": "canceled", "close": "filled"
    }  # fmt: skip


def test_what_the_account_holds_already_is_left_alone_and_changes_no_line(venue: Any) -> None:
    venue.trade_by_hand(BTC, "sell", "3")
    other = client_of(venue)
    row = {"instId": ETH, "tdMode": "cross", "side": "buy", "ordType": "limit", "sz": "1"}
    other.privatePostTradeOrder({**row, "px": "1000", "clOrdId": "theirs"})
    assert unknown(reference("net_mode"), run(venue)) == []
    truth = venue.truth()
    held = {row["instId"]: row["pos"] for row in truth["positions"] if row["pos"] != "0"}
    assert held == {BTC: "-3"}
    assert [row["clOrdId"] for row in truth["orders"] if row["state"] == "live"] == ["theirs"]
    assert {row["instId"] for row in truth["fills"] if row["tag"]} == {CANDIDATES[2]}


def test_it_does_not_trade_where_everything_is_in_use(venue: Any) -> None:
    for inst_id in CANDIDATES:
        venue.trade_by_hand(inst_id, "buy", "1")
    before = len(venue.truth()["orders"])
    with pytest.raises(BadConfig) as refused:
        run(venue)
    assert refused.value.next_step == "next.sandbox_free"
    assert len(venue.truth()["orders"]) == before


def test_it_does_not_trade_where_it_cannot_see_what_is_in_use(venue: Any) -> None:
    rule = {"action": "error_before", "operation": "read_positions", "times": 0}
    venue.set_faults([rule])
    lines = run(venue)
    assert venue.truth()["orders"] == []
    assert next(line for line in lines if line["step"] == "read.positions")["code"] == "50001"
    assert any(one.kind == "missing_step" for one in unknown(reference("net_mode"), lines))


# Refusals


def test_a_client_outside_sandbox_mode_sends_nothing(venue: Any) -> None:
    with pytest.raises(BadConfig, match="not in sandbox mode"):
        run_sandbox(client_of(venue, sandbox=False), hurried(), SystemIds())
    assert venue.truth()["requests"] == {}


@pytest.mark.parametrize(
    ("fields", "next_step"),
    [({"environment": "live"}, "next.sandbox_keys"), ({"perm": "read_only"}, "next.sandbox_keys")],
)
def test_a_key_of_the_real_account_and_one_that_may_not_trade_are_refused_at_the_door(
    venue: Any, fields: dict[str, str], next_step: str
) -> None:
    venue.add_key(*SECRETS, **fields)
    with pytest.raises(BadConfig) as refused:
        run_sandbox(client_of(venue, SECRETS), hurried(), SystemIds())
    assert refused.value.next_step == next_step
    truth = venue.truth()
    assert truth["orders"] == []
    assert set(truth["requests"]) <= {"public/time", "account/config"}


def test_wrong_keys_and_an_exchange_that_is_not_there_are_errors_of_their_own(venue: Any) -> None:
    with pytest.raises(VenueRefused, match="50119"):
        run_sandbox(client_of(venue, SECRETS), hurried(), SystemIds())
    client = client_of(venue, timeout_ms=500)
    venue.stop()
    with pytest.raises(VenueUnreachable):
        run_sandbox(client, hurried(), SystemIds())


@pytest.mark.parametrize(
    "url", ["", "https://www.okx.com", "https://eea.okx.com/", "http://[::1]:9"]
)
def test_okx_and_this_machine_may_be_asked(url: str) -> None:
    assert demo_place(url) in ("OKX", "www.okx.com", "eea.okx.com", "::1")


@pytest.mark.parametrize(
    "url",
    ["http://www.okx.com", "https://okx.com.example", "https://notokx.com", "http://10.0.0.1:9",
     "https://localhost.example", "okx.com"],
)  # fmt: skip
def test_nobody_else_is_sent_an_order(url: str) -> None:
    with pytest.raises(BadConfig, match=r"places orders|unencrypted|no address"):
        demo_place(url)
