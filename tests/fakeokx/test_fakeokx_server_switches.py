"""Every switch under each of its values, seen by a client, and kept over a restart."""

from collections.abc import Callable
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient
from test_fakeokx_server_errors import ETH, SOL, World, algo, limit, order

from fakeokx import FakeOkx, launch
from fakeokx.engine.switches import SWITCHES

XRP, DOGE = "XRP-USDT-SWAP", "DOGE-USDT-SWAP"


def missing(world: World) -> Any:
    return world.raw.call("GET", "trade/orders-history")[0]


def unknown_key(world: World) -> Any:
    return RawClient(world.server.url, "nobody", "s", "p").call("GET", "account/config")[0]


def limited(world: World) -> Any:
    world.server.set_faults([{"action": "rate_limit", "path": "account/config"}])
    status, body = world.raw.call("GET", "account/config")
    world.server.set_faults([])
    return status, body["code"], "data" in body


def bad_tag(world: World) -> dict[str, Any]:
    answer: dict[str, Any] = world.raw.call("POST", "trade/order", order(tag="a_b"))[1]
    return answer


def dead_cancel(world: World) -> Any:
    body = world.raw.call("POST", "trade/cancel-order", {"instId": BTC, "ordId": "1"})[1]
    assert body["data"][0]["sCode"] == "51400"
    return body["code"]


def after_two_hours(world: World) -> Any:
    ord_id = world.done(**limit("40000"))
    world.raw.call("POST", "trade/cancel-order", {"instId": BTC, "ordId": ord_id})
    world.server.advance(2 * 3_600_000 + 1)
    return world.raw.call("GET", f"trade/order?instId={BTC}&ordId={ord_id}")[1]["code"]


def rest_ccy(world: World) -> Any:
    ord_id = world.done()
    row = world.raw.call("GET", f"trade/order?instId={BTC}&ordId={ord_id}")[1]["data"][0]
    return row["ccy"], row["feeCcy"]


def oversize(world: World) -> Any:
    def closing(one: World, **side: str) -> str:
        one.done(**side)
        body = order(side="sell", sz="2", reduceOnly="true", **side)
        row = one.raw.call("POST", "trade/order", body)[1]["data"][0]
        return str(row["sCode"])

    hedge = World(world.server, f"{world.name}h", "long_short_mode")
    return closing(world), closing(hedge, posSide="long")


def fired_child(inst_id: str, low: str, back: str) -> Callable[[World], dict[str, Any]]:
    def case(world: World) -> dict[str, Any]:
        world.done(instId=inst_id)
        words = {"slTriggerPx": low, "slOrdPx": "-1", "tag": "t1", "algoClOrdId": "parent1"}
        algo_id = world.stop(instId=inst_id, **words)
        world.server.price(inst_id, low)
        world.server.price(inst_id, back)
        fired = world.raw.call("GET", f"trade/order-algo?algoId={algo_id}")[1]["data"][0]
        path = f"trade/order?instId={inst_id}&ordId={fired['ordId']}"
        row: dict[str, Any] = world.raw.call("GET", path)[1]["data"][0]
        assert row["algoId"] == algo_id
        return row | {"failCode": fired["failCode"]}

    return case


def legacy(world: World) -> Any:
    body = algo(slTriggerPx="40000", slOrdPx="-1", clOrdId="old1")
    algo_id = world.raw.call("POST", "trade/order-algo", body)[1]["data"][0]["algoId"]
    row = world.raw.call("GET", f"trade/order-algo?algoId={algo_id}")[1]["data"][0]
    return row["algoClOrdId"]


def idle(world: World) -> Any:
    algo_id = world.stop(slTriggerPx="40000", slOrdPx="-1")
    row = world.raw.call("GET", f"trade/order-algo?algoId={algo_id}")[1]["data"][0]
    return row["failCode"], fired_child(ETH, "2900", "3000")(world)["failCode"]


def flat(world: World) -> Any:
    body = {"instId": BTC, "mgnMode": "cross"}
    return world.raw.call("POST", "trade/close-position", body)[1]["code"]


def pending_close(world: World) -> Any:
    world.done()
    world.done(**limit("60000", side="sell", reduceOnly="true"))
    return world.top("POST", "trade/close-position", {"instId": BTC, "mgnMode": "cross"})


def avail_pos(world: World) -> Any:
    hedge = World(world.server, f"{world.name}h", "long_short_mode")
    hedge.done(posSide="long", sz="3")
    hedge.done(**limit("60000", side="sell", posSide="long", sz="1"))
    world.done()
    (row,) = hedge.raw.call("GET", "account/positions")[1]["data"]
    (net,) = world.raw.call("GET", "account/positions")[1]["data"]
    assert (row["usdPx"], net["usdPx"]) == ("", "1")
    return row["availPos"], net["availPos"]


def attached_left(world: World) -> Any:
    world.server.partial(BTC, "0.4")
    body = limit("50000", attachAlgoOrds=[{"slTriggerPx": "40000", "slOrdPx": "-1"}])
    ord_id = world.done(**body)
    world.raw.call("POST", "trade/cancel-order", {"instId": BTC, "ordId": ord_id})
    rows = world.raw.call("GET", "trade/orders-algo-pending?ordType=conditional")[1]["data"]
    return [(row["sz"], row["reduceOnly"]) for row in rows]


def forced(world: World) -> Any:
    world.done(instId=SOL)
    before = len(world.raw.call("GET", "account/bills")[1]["data"])
    world.server.liquidate(SOL, account=world.name)
    orders = world.raw.call("GET", "trade/orders-history?instType=SWAP")[1]["data"]
    fills = world.raw.call("GET", "trade/fills")[1]["data"]
    bills = world.raw.call("GET", "account/bills")[1]["data"]
    assert len(bills) > before, "bills show it in any case"
    forced_order = [row for row in orders if row["category"] == "full_liquidation"]
    if forced_order:
        ord_id = forced_order[0]["ordId"]
        assert world.top("GET", f"trade/order?instId={SOL}&ordId={ord_id}") == (200, "0")
    else:
        ord_id = world.server.truth()["orders"][-1]["ordId"]
        assert world.top("GET", f"trade/order?instId={SOL}&ordId={ord_id}") == (200, "51603")
    return len(forced_order), sum(int(row["tradeId"]) < 0 for row in fills)


def sub_types(world: World) -> Any:
    world.done(sz="2")
    world.done(side="sell")
    fills = world.raw.call("GET", "trade/fills")[1]["data"]
    bills = world.raw.call("GET", "account/bills?type=2")[1]["data"]
    assert [row["subType"] for row in fills] == [row["subType"] for row in bills]
    return [row["subType"] for row in reversed(fills)]


def leverage_scope(world: World) -> Any:
    body = {"instId": BTC, "lever": "7", "mgnMode": "cross"}
    assert world.top("POST", "account/set-leverage", body) == (200, "0")
    path = f"account/leverage-info?instId={BTC},ETH-USDT-SWAP,BTC-USDT-301227&mgnMode=cross"
    return [row["lever"] for row in world.raw.call("GET", path)[1]["data"]]


def busy(world: World) -> Any:
    world.done(**limit("40000"))
    body = {"instId": BTC, "lever": "5", "mgnMode": "cross"}
    return world.raw.call("POST", "account/set-leverage", body)[1]["code"]


def dead_man(world: World) -> Any:
    body = {"timeOut": 60, "tag": "t1"}
    (row,) = world.raw.call("POST", "trade/cancel-all-after", body)[1]["data"]
    assert list(row) == ["tag", "triggerTime", "ts"]
    now_ms = int(world.raw.call("GET", "public/time")[1]["data"][0]["ts"])
    unit = 1000 if len(row["triggerTime"]) == 10 else 1
    assert abs(int(row["triggerTime"]) * unit - now_ms - 60_000) < 5_000
    return len(row["triggerTime"]), len(row["ts"])


CHILD = fired_child(XRP, "0.49", "0.5")
CASES: dict[str, tuple[Callable[[World], Any], dict[str, Any]]] = {
    "http.missing_param_status": (missing, {"200": 200, "400": 400}),
    "http.unknown_key_status": (unknown_key, {"401": 401, "200": 200}),
    "http.rate_limit_form": (
        limited, {"429_bare": (429, "50011", False), "200_envelope": (200, "50011", True)}),
    "msg.param_error_trailing_space": (
        lambda world: bad_tag(world)["data"][0]["sMsg"],
        {"true": "Parameter tag error ", "false": "Parameter tag error"}),
    "msg.all_failed": (lambda world: bad_tag(world)["msg"], {
        "All operations failed": "All operations failed", "Operation failed.": "Operation failed."
    }),
    "msg.place_ok": (
        lambda world: world.raw.call("POST", "trade/order", order())[1]["data"][0]["sMsg"],
        {"Order placed": "Order placed", "": ""}),
    "order.cancel_dead_top_code": (dead_cancel, {"1": "1", "0": "0"}),
    "order.get_after_2h": (after_two_hours, {"not_found": "51603", "found": "0"}),
    "order.rest_ccy": (rest_ccy, {"settleCcy": ("USDT", "USDT"), "": ("", "USDT")}),
    "order.reduce_oversize": (oversize, {
        "by_mode": ("0", "51112"), "shrink": ("0", "0"), "reject_51112": ("51112", "51112")}),
    "id.tag_charset": (
        lambda world: bad_tag(world)["data"][0]["sCode"], {"strict": "51000", "off": "0"}),
    "attached.after_cancel": (attached_left, {"live": [("0.4", "true")], "none": []}),
    "algo.child_tag": (lambda world: CHILD(world)["tag"], {"inherit": "t1", "empty": ""}),
    "algo.child_clordid": (
        lambda world: bool(CHILD(world)["clOrdId"]), {"empty": False, "generated": True}),
    "algo.legacy_clordid": (legacy, {"copy": "old1", "ignore": ""}),
    "algo.fail_code_idle": (idle, {"": ("", ""), "0_1": ("0", "1")}),
    "position.flat_close_code": (flat, {"51023": "51023", "51169": "51169"}),
    "position.pending_close_http": (
        pending_close, {"429": (429, "51115"), "200": (200, "51115")}),
    "position.availpos_hedge": (avail_pos, {"pos": ("2", ""), "": ("", "")}),
    "liquidation.visible_as": (forced, {"orders": (1, 1), "silent": (0, 0)}),
    "bill.net_subtype": (sub_types, {"buy_sell": ["1", "2"], "open_close": ["3", "5"]}),
    "account.leverage_scope": (
        leverage_scope, {"contract": ["7", "10", "10"], "inst_family": ["7", "10", "7"]}),
    "account.leverage_busy_code": (busy, {"59000": "59000", "59101_59107": "59107"}),
    "caa.time_unit": (dead_man, {"s": (10, 10), "ms": (13, 13)}),
}  # fmt: skip
# What only a WebSocket shows is looked at where WebSockets are.
STREAMED = {name for name in SWITCHES if name.startswith(("ws.", "order.ws_", "book."))}


def test_every_switch_has_a_case_for_each_of_its_values() -> None:
    assert set(CASES) | STREAMED == set(SWITCHES)
    for name, (_, wanted) in CASES.items():
        assert tuple(wanted) == SWITCHES[name].values
        assert len({repr(each) for each in wanted.values()}) == len(wanted), "values must differ"


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_client_sees_each_value(server: FakeOkx, name: str) -> None:
    observe, wanted = CASES[name]
    try:
        for number, (value, expected) in enumerate(wanted.items()):
            server.set_switch(name, value)
            world = World(server, f"s{sorted(CASES).index(name)}x{number}")
            assert observe(world) == expected, f"{name} = {value!r}"
    finally:
        server.set_switch(name, SWITCHES[name].default)


def test_switches_are_chosen_at_launch_and_survive_a_kill() -> None:
    with launch(switches={"caa.time_unit": "ms", "msg.place_ok": ""}) as running:
        running.set_switch("caa.time_unit", "s")
        running.set_switch("order.rest_ccy", "")
        running.kill()
        running.restart()
        chosen = running.switches()
    assert chosen["order.rest_ccy"] == ""
    assert chosen["msg.place_ok"] == ""
    assert chosen["caa.time_unit"] == "ms", "what the command line says is said at every start"
