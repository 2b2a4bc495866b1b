"""Twenty thousand seeded requests on the control API and the trading API of one exchange.

Sane control requests with up to three fields replaced by nonsense: text as book levels, numbers of
5,000 digits, half surrogate pairs, depths without end. Each is done or refused with 400, none takes
long, the process lives on in the memory it is allowed, and what its ledger says can be replayed.
"""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fakeokx_tools import BTC
from test_fakeokx_fuzz import Wire
from test_fakeokx_fuzz_seeded import anything, ask

from fakeokx import launch
from fakeokx.control import api as control_api

psutil = pytest.importorskip("psutil")

REQUESTS = 20_000
SEED = 4711
MEMORY_BYTES_MAX = 200 * 1024 * 1024
JSON = {"Content-Type": "application/json"}
DIGITS = "7" * 5_000
NONSENSE = (
    DIGITS, int("7" * 4_000), "0" * 5_000, f"-{DIGITS}", "1e999999999", "\ud800", "a\udfffb", "\0",
    "NaN", "٣", "²", "１", "[" * 3_000, '[["a","b"]]', f'[["{DIGITS}","1"]]', [["a", "b"]],
    "a" * 5_000, [[DIGITS, "1"]], [[None, None]], [[{}, []]], [[]], {"a": {"b": []}}, True, None,
    -1, 1.5, "", "\u202e\x1b[2J", "inf", "1_000", " 1 ", "+1", "0x10", "$now-9999999999999", "$a$b",
)  # fmt: skip
ROW = {"instId": BTC, "instType": "SWAP", "ts": "1", "billId": "1", "ordId": "1", "cTime": "1"}
ROW |= {"uTime": "1", "algoId": "1", "balChg": "1", "ccy": "USDT"}
FIELDS: dict[str, Any] = {
    "instId": BTC, "px": "50000", "sz": "1", "side": "buy", "rate": "0.0001", "factor": "2",
    "ccy": "USDT", "amt": "5", "count": "100", "posMode": "net_mode", "lever": "5",
    "mgnMode": "cross", "name": "fill-id", "value": "x", "account": "", "kind": "spot",
    "endpoint": "trade/fills", "rows": [ROW], "prices": ["50000"], "every_ms": "60000",
    "advance_ms": "1", "close_after_ms": "3600000", "bids": [["49000", "1"]],
    "asks": [["51000", "1"]], "secret": "s", "passphrase": "p", "perm": "trade",
    "environment": "demo", "state": "live", "rules": [{"action": "reject", "operation": "place"}],
    "action": "reject", "ms": 1, "code": "50001", "operation": "place",
}  # fmt: skip
ROUTES = sorted(route for route in control_api.HANDLERS if route != ("POST", "streams"))
SELDOM = ("clock", "rewind", "notice", "rescale", "deliver")


def nonsense(rng: random.Random) -> Any:
    return rng.choice(NONSENSE) if rng.random() < 0.6 else anything(rng)


def control_body(rng: random.Random) -> bytes:
    """A sane body with up to three fields replaced, or something else altogether."""
    body = dict(FIELDS)
    for name in rng.sample(sorted(body), k=rng.choice((0, 1, 1, 2, 3))):
        body[name] = nonsense(rng)
    if rng.random() < 0.1:
        body["rows"] = [{**ROW, rng.choice(sorted(ROW)): nonsense(rng)}]
    if rng.random() < 0.1:
        body["rules"] = [{**FIELDS["rules"][0], rng.choice(("code", "ms", "x")): nonsense(rng)}]
    if rng.random() < 0.05:
        return json.dumps(nonsense(rng)).encode()
    return rng.randbytes(30) if rng.random() < 0.02 else json.dumps(body).encode()


def steer(rng: random.Random, wire: Wire, seen: Counter[Any]) -> None:
    """One control request; what would go on by itself is ended at once."""
    method, path = rng.choice(ROUTES)
    while path in SELDOM and rng.random() < 0.9:
        method, path = rng.choice(ROUTES)
    body = control_body(rng) if method == "POST" else b""
    status, answer = wire.send(method, f"/control/{path}", body, JSON)
    assert status in (200, 400), (path, body[:500], answer)
    assert ("error" in json.loads(answer)) == (status == 400), (path, body[:500], answer)
    seen[path, status] += 1
    if path in ("faults", "script") and method == "POST":
        ending = {"faults": {"rules": []}, "script": {"instId": BTC, "prices": []}}[path]
        wire.send("POST", f"/control/{path}", json.dumps(ending).encode(), JSON)


def test_twenty_thousand_requests_on_control_and_api_are_done_or_refused(tmp_path: Path) -> None:
    rng, seen = random.Random(SEED), Counter[Any]()
    asked: Counter[tuple[int, str]] = Counter()
    with launch(tmp_path) as server:
        wire = Wire(server)
        for _ in range(REQUESTS // 2):
            steer(rng, wire, seen)
            ask(rng, wire, asked)
        assert psutil.Process(server.pid).memory_info().rss < MEMORY_BYTES_MAX
        before = server.truth()
        server.kill()
        server.restart()
        after = server.truth()
    assert {name: after[name] for name in ("orders", "fills", "bills", "positions", "prices")} == {
        name: before[name] for name in ("orders", "fills", "bills", "positions", "prices")
    }
    done = {path for path, status in seen if status == 200}
    refused = {path for path, status in seen if status == 400}
    assert len(done) > 25, sorted({path for _, path in ROUTES} - done)
    assert len(refused) > 20, sorted({path for _, path in ROUTES} - refused)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("book", {"instId": BTC, "bids": "buy", "asks": "sell"}),
        ("book", {"instId": BTC, "bids": [["a", "b"]], "asks": []}),
        ("book", {"instId": BTC, "bids": [[DIGITS, DIGITS]], "asks": []}),
        ("price", {"instId": BTC, "px": DIGITS}),
        ("clock", {"advance_ms": "0" * 5_000}),
        ("clock", {"advance_ms": DIGITS}),
        ("notice", {"close_after_ms": DIGITS}),
        ("script", {"instId": BTC, "prices": ["1"], "every_ms": DIGITS}),
        ("streams", {"ping_after_ms": DIGITS}),
        ("pending-max", {"count": DIGITS}),
        ("account", {"account": "\ud800"}),
        ("key", {"name": "\ud800", "secret": "s", "passphrase": "p"}),
        ("key", {"name": "a" * 5_000, "secret": "s", "passphrase": "p"}),
        ("foreign-rows", {"endpoint": "trade/fills", "rows": [{**ROW, "ts": 5}]}),
        ("foreign-rows", {"endpoint": [], "rows": [ROW]}),
        ("foreign-rows", {"endpoint": "account/bills", "rows": [{**ROW, "ccy": [1]}]}),
    ],
)
def test_a_refusal_is_400_and_changes_nothing(tmp_path: Path, path: str, body: Any) -> None:
    with launch(tmp_path) as server:
        before = {**server.truth(), "now_ms": 0}
        status, answer = Wire(server).send(
            "POST", f"/control/{path}", json.dumps(body).encode(), JSON
        )
        assert (status, "error" in json.loads(answer)) == (400, True), answer
        assert {**server.truth(), "now_ms": 0} == before
