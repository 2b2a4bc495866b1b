"""The error table: each code is produced by the input that causes it, with its HTTP status.

Every case has an account of its own, so none sees what another one did. A code of which no
input of a client is the cause (the exchange is overloaded, an answer took too long) is produced
by the fault that stands for it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient, iso

from fakeokx import FakeOkx, launch
from fakeokx.wire.errors import ERRORS

ETH, SOL, FUTURE = "ETH-USDT-SWAP", "SOL-USDT-SWAP", "BTC-USDT-301227"
Got = tuple[int, str]


class World:
    """One case's account: a client of its own on the module's server."""

    def __init__(self, server: FakeOkx, name: str, pos_mode: str = "net_mode") -> None:
        self.server, self.name = server, name
        server.open_account(name, pos_mode)
        server.deposit("USDT", 1_000_000, account=name)
        server.add_key(f"k{name}", "s", "p", account=name)
        self.raw = RawClient(server.url, f"k{name}", "s", "p")

    def top(self, method: str, path: str, body: Any = None, **more: Any) -> Got:
        """HTTP status and top code."""
        status, answer = self.raw.call(method, path, body, **more)
        return status, answer["code"]

    def row(self, path: str, body: Any) -> Got:
        """HTTP status and the last row's sCode, which must not be a success."""
        status, answer = self.raw.call("POST", path, body)
        assert answer["code"] in ("1", "2"), answer
        row = answer["data"][-1]
        assert row["sMsg"]
        return status, row["sCode"]

    def place(self, **fields: Any) -> Got:
        return self.row("trade/order", order(**fields))

    def algo(self, **fields: Any) -> Got:
        return self.row("trade/order-algo", algo(**fields))

    def done(self, **fields: Any) -> str:
        """Place an order that has to be taken; its id."""
        answer = self.raw.call("POST", "trade/order", order(**fields))[1]
        assert answer["code"] == "0", answer
        return str(answer["data"][0]["ordId"])

    def stop(self, **fields: Any) -> str:
        answer = self.raw.call("POST", "trade/order-algo", algo(**fields))[1]
        assert answer["code"] == "0", answer
        return str(answer["data"][0]["algoId"])


def order(**fields: Any) -> dict[str, Any]:
    given = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1"}
    return {**given, **fields}


def limit(px: str, **fields: Any) -> dict[str, Any]:
    return order(ordType="limit", px=px, **fields)


def algo(**fields: Any) -> dict[str, Any]:
    given = {"instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional"}
    return {**given, "sz": "1", "reduceOnly": "true", **fields}


def header(name: str, value: str | None) -> Callable[[World], Got]:
    return lambda world: world.top("GET", "account/config", headers={name: value})


def get(path: str) -> Callable[[World], Got]:
    return lambda world: world.top("GET", path)


def post(path: str, body: Any = None, **more: Any) -> Callable[[World], Got]:
    return lambda world: world.top("POST", path, body, **more)


def placing(**fields: Any) -> Callable[[World], Got]:
    return lambda world: world.place(**fields)


def stopping(**fields: Any) -> Callable[[World], Got]:
    return lambda world: world.algo(**fields)


def attaching(side: str, leg: str, trigger: str, px: str = "") -> Callable[[World], Got]:
    attached = [{f"{leg}TriggerPx": trigger, f"{leg}OrdPx": "-1"}]
    kind = {"ordType": "limit", "px": px} if px else {}
    return placing(side=side, attachAlgoOrds=attached, **kind)


def leg(side: str, kind: str, trigger: str, px_type: str) -> Callable[[World], Got]:
    words = {f"{kind}TriggerPx": trigger, f"{kind}OrdPx": "-1", f"{kind}TriggerPxType": px_type}
    return stopping(side=side, **words)


def with_position(then: Callable[[World], Got]) -> Callable[[World], Got]:
    def case(world: World) -> Got:
        world.done()
        return then(world)

    return case


def by_fault(code: str, action: str = "error_before") -> Callable[[World], Got]:
    """Produced by a rule; in a row if the action says so."""

    def case(world: World) -> Got:
        world.server.set_faults([{"action": action, "operation": "place", "code": code}])
        try:
            if action == "reject":
                return world.place()
            return world.top("POST", "trade/order", order())
        finally:
            (rule,) = world.server.faults()
            world.server.set_faults([])
            assert rule["fired"] == 1

    return case


def too_late(world: World) -> Got:
    world.server.set_faults([{"action": "delay", "operation": "place", "ms": 120}])
    try:
        now_ms = int(world.raw.call("GET", "public/time")[1]["data"][0]["ts"])
        soon = {"expTime": str(now_ms + 60)}
        return world.top("POST", "trade/order", order(), headers=soon)
    finally:
        world.server.set_faults([])


def keyed(then: Callable[[World], Got], **fields: Any) -> Callable[[World], Got]:
    """The same with a key that has these properties."""

    def case(world: World) -> Got:
        world.server.add_key("special", "s", "p", account=world.name, **fields)
        world.raw = RawClient(world.server.url, "special", "s", "p")
        return then(world)

    return case


def price_limit(world: World) -> Got:
    world.server.instrument(SOL, buyPxMax="160", sellPxMin="140")
    try:
        return world.row("trade/order", limit("161", instId=SOL))
    finally:
        world.server.instrument(SOL, noPxLimits=True)


def over_tier(world: World) -> Got:
    body = {"instId": BTC, "lever": "100", "mgnMode": "cross"}
    assert world.top("POST", "account/set-leverage", body) == (200, "0")
    return world.row("trade/order", limit("100", sz="10001"))


def in_state(state: str) -> Callable[[World], Got]:
    def case(world: World) -> Got:
        world.server.instrument(SOL, state=state)
        try:
            return world.place(instId=SOL)
        finally:
            world.server.instrument(SOL, state="live")

    return case


def expired(world: World) -> Got:
    if world.raw.call("GET", f"public/instruments?instType=FUTURES&instId={FUTURE}")[1]["data"]:
        world.server.deliver(FUTURE)
    return world.place(instId=FUTURE)


def too_many_pending(world: World) -> Got:
    world.done(**limit("40000"))
    world.server.pending_max(1)
    try:
        return world.row("trade/order", limit("40001"))
    finally:
        world.server.pending_max(0)


def twice(body: dict[str, Any], path: str) -> Callable[[World], Got]:
    def case(world: World) -> Got:
        assert world.raw.call("POST", path, body)[1]["code"] == "0"
        return world.row(path, body)

    return case


def attached_twice(world: World) -> Got:
    attached = [{"attachAlgoClOrdId": "x", "tpTriggerPx": "60000", "tpOrdPx": "-1"}] * 2
    return world.place(attachAlgoOrds=attached)


def tp(trigger: str, **fields: str) -> dict[str, str]:
    return {"tpTriggerPx": trigger, "tpOrdPx": "-1", "sz": "0.5", **fields}


SL = {"slTriggerPx": "40000", "slOrdPx": "-1"}


def splitting(*items: dict[str, str]) -> Callable[[World], Got]:
    return placing(attachAlgoOrds=list(items))


def amended_exits(*items: dict[str, str], **fields: Any) -> Callable[[World], Got]:
    """An amendment of what is attached to an order, or (``fields``) in the words of another."""

    def case(world: World) -> Got:
        sl = {"slTriggerPx": "39000", "slOrdPx": "-1", "attachAlgoClOrdId": "mine"}
        ord_id = world.done(**limit("40000", attachAlgoOrds=[sl]))
        words = {"attachAlgoOrds": list(items)} if items else fields
        return world.row("trade/amend-order", {"instId": BTC, "ordId": ord_id, **words})

    return case


def too_many_timers(world: World) -> Got:
    for number in range(20):
        world.server.advance(0)
        body = {"timeOut": "60", "tag": f"t{number}"}
        assert world.top("POST", "trade/cancel-all-after", body) == (200, "0")
    return world.top("POST", "trade/cancel-all-after", {"timeOut": "60", "tag": "more"})


def leverage_busy(mgn_mode: str, code: str) -> Callable[[World], Got]:
    def case(world: World) -> Got:
        world.server.set_switch("account.leverage_busy_code", code)
        world.done(**limit("40000", tdMode=mgn_mode))
        body = {"instId": BTC, "lever": "5", "mgnMode": mgn_mode}
        try:
            return world.top("POST", "account/set-leverage", body)
        finally:
            world.server.set_switch("account.leverage_busy_code", "59000")

    return case


def too_much_margin(world: World) -> Got:
    poor = World(world.server, f"{world.name}poor")
    world.server.deposit("USDT", "999000", out=True, account=poor.name)
    poor.done(sz="10")
    return poor.top(
        "POST", "account/set-leverage", {"instId": BTC, "lever": "2", "mgnMode": "cross"}
    )


def hedged(then: Callable[[World], Got]) -> Callable[[World], Got]:
    def case(world: World) -> Got:
        return then(World(world.server, f"{world.name}h", "long_short_mode"))

    return case


def oversize_close(world: World) -> Got:
    world.done(posSide="long")
    return world.place(side="sell", posSide="long", sz="2")


def opening_whole_closer(world: World) -> Got:
    world.done(posSide="long")
    words = {"sz": "", "closeFraction": "1", "slTriggerPx": "60000", "slOrdPx": "-1"}
    return world.algo(side="buy", posSide="long", **words)


def second_whole_closer(world: World) -> Got:
    words = {"sz": "", "closeFraction": "1", "slTriggerPx": "40000", "slOrdPx": "-1"}
    world.stop(**words)
    return world.algo(**words)


def pending_closers(world: World) -> Got:
    world.done()
    world.done(**limit("60000", side="sell", reduceOnly="true"))
    return world.top("POST", "trade/close-position", {"instId": BTC, "mgnMode": "cross"})


def fired_stop(world: World) -> Got:
    world.done(instId=ETH)
    words = {"instId": ETH, "slTriggerPx": "2900", "slOrdPx": "-1"}
    algo_id = world.stop(**words)
    world.server.price(ETH, "2899")
    world.server.price(ETH, "3000")
    return world.row("trade/cancel-algos", [{"instId": ETH, "algoId": algo_id}])


def amend(**fields: Any) -> Callable[[World], Got]:
    def case(world: World) -> Got:
        ord_id = world.done(ordType="post_only", px="40000")
        return world.row("trade/amend-order", {"instId": BTC, "ordId": ord_id, **fields})

    return case


CLOSE = {"sz": "", "closeFraction": "1"}
CASES: dict[str, tuple[Got, Callable[[World], Got]]] = {
    "50000": ((400, "50000"), post("trade/cancel-batch-orders")),
    "50001": ((503, "50001"), by_fault("", "maintenance")),
    "50002": ((400, "50002"), post("trade/order", raw=b'{"instId":')),
    "50004": ((400, "50004"), by_fault("", "error_after")),
    "50005": ((410, "50005"), by_fault("50005")),
    "50006": ((400, "50006"), post("trade/order", order(), headers={"Content-Type": "text/xml"})),
    "50013": ((429, "50013"), by_fault("50013")),
    "50014": ((200, "50014"), get("trade/orders-history")),
    "50015": ((400, "50015"), get(f"trade/order?instId={BTC}")),
    "50016": ((400, "50016"), get("public/instruments?instType=SWAP&uly=A-B&instFamily=C-D")),
    "50024": ((200, "50024"), get("trade/orders-algo-history?ordType=oco&state=canceled&algoId=1")),
    "50025": ((200, "50025"), get("account/positions?instId=" + ",".join("ABCDEFGHIJK"))),
    "50026": ((500, "50026"), by_fault("50026")),
    "50030": ((200, "50030"), keyed(post("trade/order", order()), perm="read_only")),
    "50036": ((200, "50036"), post("trade/order", order(), headers={"expTime": "1600000000000"})),
    "50037": ((200, "50037"), too_late),
    "50038": ((200, "50038"), lambda world: world.top(
        "GET", "asset/currencies", headers={"x-simulated-trading": "1"})),
    "50040": ((200, "50040"), by_fault("50040")),
    "50042": ((200, "50042"), by_fault("50042")),
    "50101": ((401, "50101"), keyed(get("account/config"), environment="demo")),
    "50102": ((401, "50102"), header("OK-ACCESS-TIMESTAMP", iso(1_600_000_000_000))),
    "50103": ((401, "50103"), header("OK-ACCESS-KEY", None)),
    "50104": ((401, "50104"), header("OK-ACCESS-PASSPHRASE", None)),
    "50105": ((401, "50105"), header("OK-ACCESS-PASSPHRASE", "wrong")),
    "50106": ((401, "50106"), header("OK-ACCESS-SIGN", None)),
    "50107": ((401, "50107"), header("OK-ACCESS-TIMESTAMP", "")),
    "50110": ((401, "50110"), keyed(get("account/config"), ips=["192.0.2.1"])),
    "50111": ((401, "50111"), header("OK-ACCESS-KEY", "a key with spaces")),
    "50112": ((401, "50112"), header("OK-ACCESS-TIMESTAMP", "1700000000.123")),
    "50113": ((401, "50113"), header("OK-ACCESS-SIGN", "AAAA")),
    "50114": ((401, "50114"), lambda world: world.top(
        "GET", "account/config", headers={"OK-ACCESS-KEY": None, "Authorization": "Bearer x"})),
    "50115": ((405, "50115"), lambda world: world.top("DELETE", "trade/order")),
    "50119": ((401, "50119"), header("OK-ACCESS-KEY", "nobody")),
    "50120": ((200, "50120"), keyed(
        post("account/set-position-mode", {"posMode": "net_mode"}), perm="read_only")),
    "51000": ((200, "51000"), placing(tag="Live_Agent")),
    "51000 at the top": ((400, "51000"), post("account/set-position-mode", {"posMode": "x"})),
    "51001": ((200, "51001"), placing(instId="NO-USDT-SWAP")),
    "51001 at the top": ((200, "51001"), get("market/ticker?instId=NO")),
    "51003": ((200, "51003"), lambda world: world.row("trade/cancel-order", {"instId": BTC})),
    "51004": ((200, "51004"), over_tier),
    "51006": ((200, "51006"), price_limit),
    "51008": ((200, "51008"), placing(sz="90000")),
    "51010": ((200, "51010"), placing(tdMode="cash")),
    "51015": ((200, "51015"), get(f"market/tickers?instType=SPOT&instId={BTC}")),
    "51016": ((200, "51016"), twice(limit("40000", clOrdId="dup"), "trade/order")),
    "51020": ((200, "51020"), placing(sz="0.001")),
    "51021": ((200, "51021"), in_state("preopen")),
    "51022": ((200, "51022"), in_state("suspend")),
    "51023": ((200, "51023"), post("trade/close-position", {"instId": BTC, "mgnMode": "cross"})),
    "51001 once delivered": ((200, "51001"), expired),
    "51027": ((200, "51027"), by_fault("51027")),
    "51046": ((200, "51046"), attaching("buy", "tp", "39000", "40000")),
    "51047": ((200, "51047"), attaching("buy", "sl", "41000", "40000")),
    "51048": ((200, "51048"), attaching("sell", "tp", "61000", "60000")),
    "51049": ((200, "51049"), attaching("sell", "sl", "59000", "60000")),
    "51050": ((200, "51050"), attaching("buy", "tp", "49000")),
    "51051": ((200, "51051"), attaching("buy", "sl", "51000")),
    "51052": ((200, "51052"), attaching("sell", "tp", "51000")),
    "51053": ((200, "51053"), attaching("sell", "sl", "49000")),
    "51054": ((500, "51054"), by_fault("51054")),
    "51065": ((200, "51065"), twice(
        algo(slTriggerPx="40000", slOrdPx="-1", algoClOrdId="dup"), "trade/order-algo")),
    "51068": ((200, "51068"), attached_twice),
    "51071": ((200, "51071"), too_many_timers),
    "51076": ((200, "51076"), splitting(tp("60000", **SL), tp("61000"))),
    "51079": ((200, "51079"), splitting(*[tp(f"600{each}") for each in range(10, 21)])),
    "51080": ((200, "51080"), splitting(tp("60000"), tp("61000", tpTriggerPxType="mark"))),
    "51081": ((200, "51081"), splitting(tp("60000"), tp("60000"))),
    "51083": ((200, "51083"), splitting(tp("60000"), tp("61000", sz="0.4"))),
    "51084": ((200, "51084"), splitting(tp("60000"), tp("61000"), SL, SL)),
    "51089": ((200, "51089"), splitting(tp("60000"), tp("61000", sz=""))),
    "51088": ((200, "51088"), with_position(second_whole_closer)),
    "51100": ((200, "51100"), with_position(placing(
        side="sell", reduceOnly="true",
        attachAlgoOrds=[{"tpTriggerPx": "40000", "tpOrdPx": "-1"}]))),
    "51101": ((200, "51101"), lambda world: world.row("trade/order", limit("1", sz="100000001"))),
    "51102": ((200, "51102"), too_many_pending),
    "51111": ((200, "51111"), post("trade/batch-orders", [order()] * 21)),
    "51112": ((200, "51112"), hedged(oversize_close)),
    "51113": ((429, "51113"), by_fault("51113")),
    "51115": ((429, "51115"), pending_closers),
    "51121": ((200, "51121"), placing(sz="1.005")),
    "51149": ((500, "51149"), by_fault("51149")),
    "51149 in a row": ((200, "51149"), by_fault("", "reject")),
    "51169": ((200, "51169"), placing(side="sell", reduceOnly="true")),
    "51170": ((200, "51170"), with_position(placing(reduceOnly="true"))),
    "51202": ((200, "51202"), placing(sz="100001")),
    "51203": ((200, "51203"), by_fault("51203", "reject")),
    "51204": ((200, "51204"), placing(ordType="limit")),
    "51205": ((200, "51205"), placing(instId="BTC-USDT", tdMode="cash", reduceOnly="true")),
    "51277": ((200, "51277"), leg("buy", "tp", "51000", "last")),
    "51278": ((200, "51278"), leg("buy", "sl", "49000", "last")),
    "51279": ((200, "51279"), leg("sell", "tp", "49000", "last")),
    "51280": ((200, "51280"), leg("sell", "sl", "51000", "last")),
    "51300": ((200, "51300"), leg("buy", "tp", "51000", "mark")),
    "51302": ((200, "51302"), leg("buy", "sl", "49000", "mark")),
    "51303": ((200, "51303"), leg("sell", "tp", "49000", "mark")),
    "51304": ((200, "51304"), leg("sell", "sl", "51000", "mark")),
    "51305": ((200, "51305"), leg("buy", "tp", "51000", "index")),
    "51306": ((200, "51306"), leg("buy", "sl", "49000", "index")),
    "51307": ((200, "51307"), leg("sell", "tp", "49000", "index")),
    "51308": ((200, "51308"), leg("sell", "sl", "51000", "index")),
    "51327": ((200, "51327"), stopping(
        instId="BTC-USDT", tdMode="cash", reduceOnly="", slTriggerPx="40000", slOrdPx="-1",
        **CLOSE)),
    "51328": ((200, "51328"), stopping(
        reduceOnly="false", slTriggerPx="40000", slOrdPx="-1", **CLOSE)),
    "51329": ((200, "51329"), by_fault("51329", "reject")),
    "51330": ((200, "51330"), stopping(slTriggerPx="40000", slOrdPx="39000", **CLOSE)),
    "51331": ((200, "51331"), hedged(opening_whole_closer)),
    "51332": ((200, "51332"), by_fault("51332", "reject")),
    "51333": ((200, "51333"), by_fault("51333", "reject")),
    "51400": ((200, "51400"), lambda world: world.row(
        "trade/cancel-order", {"instId": BTC, "ordId": "1"})),
    "51410": ((200, "51410"), by_fault("51410", "reject")),
    "51412": ((200, "51412"), by_fault("51412", "reject")),
    "51416": ((200, "51416"), fired_stop),
    "51500": ((200, "51500"), amend()),
    "51501": ((400, "51501"), post(
        "trade/amend-batch-orders", [{"instId": BTC, "ordId": "1", "newSz": "1"}] * 21)),
    "51503": ((200, "51503"), lambda world: world.row(
        "trade/amend-order", {"instId": BTC, "ordId": "1", "newSz": "2"})),
    "51511": ((200, "51511"), amend(newPx="50001")),
    "51513": ((200, "51513"), by_fault("51513", "reject")),
    "51527": ((200, "51527"), amended_exits({"attachAlgoClOrdId": "x", "newSlTriggerPx": "1"})),
    "51538": ((200, "51538"), amended_exits(newSlTriggerPx="38000")),
    "51538 in a row": ((200, "51538"), amend(attachAlgoOrds=[{"newSlTriggerPx": "38000"}])),
    "51539": ((200, "51539"), amended_exits(*[{"newSlTriggerPx": "38000"}] * 2)),
    "51603": ((200, "51603"), get(f"trade/order?instId={BTC}&ordId=1")),
    "59000": ((200, "59000"), with_position(
        post("account/set-position-mode", {"posMode": "long_short_mode"}))),
    "59101": ((200, "59101"), leverage_busy("isolated", "59101_59107")),
    "59102": ((200, "59102"), post(
        "account/set-leverage", {"instId": BTC, "lever": "101", "mgnMode": "cross"})),
    "59107": ((200, "59107"), leverage_busy("cross", "59101_59107")),
    "59108": ((200, "59108"), too_much_margin),
}  # fmt: skip
LIMITED = ("50011", "50061")


@pytest.mark.parametrize(
    ("side", "kind", "px", "said"),
    [
        ("buy", "tp", "51000", "51277 TP trigger price cannot be higher than the last price."),
        ("buy", "sl", "49000", "51278 SL trigger price cannot be lower than the last price."),
        ("sell", "tp", "49000", "51279 TP trigger price cannot be lower than the last price."),
        ("sell", "sl", "51000", "51280 SL trigger price cannot be higher than the last price."),
    ],
)
def test_a_trigger_on_the_wrong_side_is_told_which(
    server: FakeOkx, side: str, kind: str, px: str, said: str
) -> None:
    body = algo(side=side, **{f"{kind}TriggerPx": px, f"{kind}OrdPx": "-1"})
    (row,) = RawClient(server.url).call("POST", "trade/order-algo", body)[1]["data"]
    assert f"{row['sCode']} {row['sMsg']}" == said


def test_every_code_of_the_table_has_a_case() -> None:
    assert {case.split()[0] for case in CASES} | set(LIMITED) == set(ERRORS)


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_input_produces_the_code(server: FakeOkx, case: str) -> None:
    wanted, produce = CASES[case]
    assert produce(World(server, case.replace(" ", ""))) == wanted


@pytest.fixture(scope="module")
def limited() -> Iterator[World]:
    with launch(extra_args=["--rate-limits"]) as running:
        yield World(running, "lim")


def test_too_fast_is_50011_without_data_and_another_account_is_not_held_up(limited: World) -> None:
    answers = [limited.raw.call("GET", "account/config") for _ in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert answers[-1][1] == {"msg": "Too Many Requests", "code": "50011"}
    assert RawClient(limited.server.url).call("GET", "account/config")[0] == 200


def test_a_thousand_orders_in_two_seconds_are_50061(limited: World) -> None:
    names = [BTC, ETH, SOL, "XRP-USDT-SWAP", "DOGE-USDT-SWAP"]
    codes = []
    for number in range(51):
        batch = [order(instId=names[number % 5], sz="0")] * 20
        codes.append(limited.top("POST", "trade/batch-orders", batch)[1])
    assert codes[-1] == "50061"
    assert set(codes[:-1]) == {"1"}, "refused rows count as orders too"
