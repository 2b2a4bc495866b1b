"""Twenty thousand requests from one seed: sane ones, nearly sane ones, and nonsense.

Where hypothesis looks for the smallest bad input (``test_fakeokx_fuzz``), this goes for numbers: a
sane request for the endpoint with up to three fields replaced, so that most get past the first
check and many are carried out. Each gets an OKX-shaped answer, none a 500, none takes long.
"""

import json
import random
from collections import Counter
from typing import Any
from urllib.parse import quote

from fakeokx_tools import BTC
from test_fakeokx_fuzz import KEYS, NO_DATA, WORDS, Wire, signed

from fakeokx import launch
from fakeokx.wire.endpoints import ENDPOINTS
from fakeokx.wire.errors import ERRORS

REQUESTS = 20_000
EXCHANGES = 10
SEED = 2026
ORDER = {"instId": BTC, "tdMode": "cross", "side": "buy", "sz": "0.01", "px": "49000"}
IDS = {"ordId": "2000000000000000001", "algoId": "2000000000000000001", "newSz": "0.02"}
ACCOUNT = {"mgnMode": "cross", "lever": "5", "timeOut": "0", "posMode": "net_mode"}
ALGO = {"slTriggerPx": "40000", "slOrdPx": "-1", "tpTriggerPx": "60000", "tpOrdPx": "-1"}
ALGO |= {"triggerPx": "45000", "orderPx": "-1", "callbackRatio": "0.01"}
LISTS = ("batch", "cancel-algos")


def sane(rng: random.Random, path: str) -> dict[str, Any]:
    """What a client would send there."""
    algo = "algo" in path
    kinds = ("conditional", "oco", "trigger", "move_order_stop") if algo else ("limit", "market")
    found = ORDER | IDS | ACCOUNT | {"ordType": rng.choice(kinds), "instType": "SWAP"}
    found["side"] = rng.choice(("buy", "sell"))
    return found | ALGO if algo else found


def spoiled(rng: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    """The same with up to three fields replaced or added."""
    names = rng.choices((*body, *KEYS), k=rng.choice((0, 0, 1, 1, 2, 3)))
    return body | {name: anything(rng) for name in names}


def anything(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random()
    if kind < 0.7 or depth == 3:
        return rng.choice(WORDS)
    if kind < 0.8:
        return rng.choice([None, True, False, 1, -1, 1.5, 1e300, 10**30, 0])
    if kind < 0.9:
        return [anything(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(WORDS): anything(rng, depth + 1) for _ in range(rng.randint(0, 3))}


def request(rng: random.Random) -> tuple[str, str, bytes]:
    """Method, target and body."""
    endpoint = rng.choice(ENDPOINTS)
    method, path = endpoint.method, endpoint.path
    if rng.random() < 0.03:
        method = rng.choice(["PUT", "DELETE", "GET", "POST"])
    body = spoiled(rng, sane(rng, path))
    if rng.random() < 0.03:
        path = rng.choice(WORDS)
    if method == "GET":
        asked = rng.sample(sorted(body), k=rng.randint(1, 6))
        query = "&".join(f"{name}={quote(str(body[name]), safe='')}" for name in asked)
        return method, f"/api/v5/{quote(path)}?{query}", b""
    many = rng.choice((1, 1, 2, 20, 21)) if any(word in path for word in LISTS) else 0
    whole: Any = [spoiled(rng, body) for _ in range(many)] if many else body
    if rng.random() < 0.05:
        whole = anything(rng)
    raw = json.dumps(whole).encode() if rng.random() < 0.98 else rng.randbytes(20)
    return method, f"/api/v5/{quote(path)}", raw


def ask(rng: random.Random, wire: Wire, seen: Counter[tuple[int, str]]) -> None:
    """One request and what any answer must look like."""
    method, target, body = request(rng)
    status, answer = wire.send(method, target, body, signed(method, target, body))
    shown = json.loads(answer)
    told = (sum(seen.values()), method, target, body, shown)
    assert status in (200, 400, 401, 404, 405, 429), told
    assert isinstance(shown["msg"], str), told
    assert shown["code"] in ("0", "1", "2", "404", *ERRORS), told
    assert ("data" in shown) == (status not in NO_DATA), told
    rows = [row for row in shown.get("data", ()) if isinstance(row, dict)]
    assert all(row.get("sCode", "0") in ("0", *ERRORS) for row in rows), told
    seen[status, shown["code"]] += 1
    seen.update((0, row["sCode"]) for row in rows if "sCode" in row)


def test_twenty_thousand_requests_each_get_an_answer_in_the_shape_of_okx() -> None:
    """And enough of them do something: orders, algo orders, and many different refusals.

    Each exchange gets a part of them: one order at an absurd price freezes all margin for good.
    """
    rng, seen = random.Random(SEED), Counter[tuple[int, str]]()
    orders = algos = 0
    for _ in range(EXCHANGES):
        with launch() as server:
            wire = Wire(server)
            for _ in range(REQUESTS // EXCHANGES):
                ask(rng, wire, seen)
            truth = server.truth()
        orders, algos = orders + len(truth["orders"]), algos + len(truth["algos"])
    assert seen[200, "0"] > REQUESTS / 4, seen
    assert len(seen) > 20, seen
    assert orders > 300, (orders, seen)
    assert algos > 100, (algos, seen)
