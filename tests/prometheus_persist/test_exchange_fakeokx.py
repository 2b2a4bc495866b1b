"""``OkxReader`` through the real ccxt client, against an exchange in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from reconcile_world import BTC, World

from prometheus_persist.errors import VenueUnreachable
from prometheus_persist.exchange import OkxSettings, ViewRequest, connect, okx_client
from prometheus_persist.reconcile import reconcile
from prometheus_persist.reconcile.views import SOURCES
from prometheus_persist.state import OrderIntent, Watermark, contracts

fakeokx = pytest.importorskip("fakeokx")


def settings(url: str, **fields: Any) -> OkxSettings:
    return OkxSettings(
        fakeokx.DEFAULT_KEY,
        fakeokx.DEFAULT_SECRET,
        fakeokx.DEFAULT_PASSPHRASE,
        url=url,
        **fields,
    )


def trader(url: str) -> Any:
    """A client that can trade; the reader's own is out of reach."""
    keys = fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE
    return okx_client(url, *keys, sandbox=False, timeout_ms=10_000)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def exchange() -> Iterator[Any]:
    running = fakeokx.launch()
    try:
        yield running
    finally:
        running.stop()


def place(client: Any, cl_ord_id: str, side: str, sz: str, **more: str) -> str:
    row = {"instId": BTC, "tdMode": "cross", "side": side, "ordType": "market", "sz": sz}
    answer = client.privatePostTradeOrder({**row, "clOrdId": cl_ord_id, **more})
    return str(answer["data"][0]["ordId"])


def test_a_crash_with_everything_in_it_is_read_and_settled(exchange: Any) -> None:
    """An open order, an unbooked entry, a stop that fired, a hand in the account."""
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    world = World("LiveAgent_01", "LiveAgent_02")
    world.state.watermark = Watermark(since_ms=now_ms() - 60_000)
    ids = world.state.registry
    entry, resting, lost = (ids.cl_ord_id("LiveAgent_01", 1, n) for n in (1, 2, 3))
    stop = ids.cl_ord_id("LiveAgent_01", 1, 4)
    other = ids.cl_ord_id("LiveAgent_02", 1, 5)
    for name, kind, side, owner in (
        (entry, "order", "buy", "LiveAgent_01"),
        (resting, "order", "buy", "LiveAgent_01"),
        (lost, "order", "buy", "LiveAgent_01"),
        (stop, "algo", "sell", "LiveAgent_01"),
        (other, "order", "buy", "LiveAgent_02"),
    ):
        world.owners[name] = owner
        world.state.intents[name] = OrderIntent(
            cl_ord_id=name, agent_id=owner, inst_id=BTC, mgn_mode="cross", pos_side="net",
            side=side, qty_contracts=contracts(3), kind=kind, created_ms=now_ms() - 10_000,
        )  # type: ignore[arg-type]  # fmt: skip
    place(client, entry, "buy", "3")
    place(client, resting, "buy", "3", ordType="limit", px="1000")
    client.privatePostTradeOrderAlgo(
        {"instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "3",
         "slTriggerPx": "49000", "slOrdPx": "-1", "reduceOnly": "true", "algoClOrdId": stop}
    )  # fmt: skip
    exchange.price(BTC, "48000")
    place(client, other, "buy", "3")
    exchange.trade_by_hand(BTC, "sell", "1")

    def view() -> Any:
        intents = tuple(world.state.intents.values())
        request = ViewRequest(
            since_ms=world.state.watermark.since_ms, now_ms=now_ms(), intents=intents
        )
        return reader.read_view(request)

    seen = view()
    assert seen.complete(*SOURCES), seen.problems()
    plan = reconcile(world.books(), seen)
    found = sorted((f.case.value, f.resolution.value, f.agent_id or "") for f in plan.findings)
    assert found == [
        ("A", "AUTO", "LiveAgent_01"),
        ("A", "AUTO", "LiveAgent_02"),
        ("B", "AUTO", "LiveAgent_01"),
        ("B", "AUTO", "LiveAgent_02"),
        *[("F", "AUTO", "LiveAgent_01")] * 4,
        ("F", "AUTO", "LiveAgent_02"),
    ]
    world.adopt(plan)
    assert world.position("LiveAgent_01") == 0
    assert world.position("LiveAgent_02") == 2
    assert list(world.state.intents) == [resting]
    assert reconcile(world.books(), view()).clean


def test_more_than_a_page_of_fills_comes_whole(exchange: Any) -> None:
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    started = now_ms() - 1_000
    for number in range(6):
        rows = [
            {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.01",
             "clOrdId": f"a{number}x{index}", "tag": "a"}
            for index in range(20)
        ]  # fmt: skip
        client.privatePostTradeBatchOrders(rows)
    view = reader.read_view(ViewRequest(since_ms=started, now_ms=now_ms()))
    assert view.complete(*SOURCES), view.problems()
    assert len(view.fills) == len({f.fill_id for f in view.fills}) == 120
    assert len(view.orders) == 120
    assert [str(p.qty_contracts) for p in view.positions] == ["1.2"]


def test_one_order_is_read_with_its_fills(exchange: Any) -> None:
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    ord_id = place(client, "mine1", "buy", "2")
    one = OrderIntent(
        cl_ord_id="mine1", agent_id="A", inst_id=BTC, mgn_mode="cross", pos_side="net",
        side="buy", qty_contracts=contracts(2), created_ms=now_ms() - 5_000,
    )  # fmt: skip
    seen = reader.read_order(one, now_ms())
    assert seen.complete
    assert (seen.lookup.found, seen.lookup.ord_id, seen.lookup.state) == (True, ord_id, "filled")
    assert sum(f.qty_contracts.value for f in seen.fills) == 2
    absent = reader.read_order(one.model_copy(update={"cl_ord_id": "never"}), now_ms())
    assert absent.lookup.found is False
    assert absent.complete


def test_a_liquidation_is_told_from_a_hand(exchange: Any) -> None:
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    place(client, "mine1", "buy", "2", tag="a")
    exchange.liquidate(BTC)
    view = reader.read_view(ViewRequest(since_ms=now_ms() - 60_000, now_ms=now_ms()))
    assert view.complete(*SOURCES), view.problems()
    forced = [f for f in view.fills if f.trade_id.startswith("-")]
    assert len(forced) == 1
    categories = {o.category for o in view.orders if o.ord_id == forced[0].ord_id}
    assert categories <= {"full_liquidation", "partial_liquidation"}


def test_wrong_credentials_are_incomplete_sources_and_no_secret_in_their_text(
    exchange: Any,
) -> None:
    bad = OkxSettings("no-such-key", "no-such-secret", "no-such-phrase", url=exchange.url)
    view = connect(bad).read_view(ViewRequest(since_ms=now_ms(), now_ms=now_ms()))
    assert not view.complete("positions")
    told = " ".join(status.problem for status in view.problems())
    assert "no-such-secret" not in told
    assert "no-such-phrase" not in told


def test_an_exchange_that_is_gone_raises(exchange: Any) -> None:
    exchange.stop()
    reader = connect(settings(exchange.url, timeout_ms=500))
    with pytest.raises(VenueUnreachable):
        reader.read_view(ViewRequest(since_ms=now_ms(), now_ms=now_ms()))
