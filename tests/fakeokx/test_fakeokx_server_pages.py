"""Pages and windows over a real port: the best-practice table, and what lists forget when."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient
from test_fakeokx_server_errors import World, algo, limit, order
from test_fakeokx_wire_pagination import TABLE

from fakeokx import FakeOkx, launch

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LISTS = {
    "trade/orders-pending": ("ordId", "cTime", 0),
    "trade/orders-history?instType=SWAP": ("ordId", "cTime", 0),
    "trade/orders-history-archive?instType=SWAP": ("ordId", "cTime", 0),
    "trade/orders-algo-pending?ordType=conditional": ("algoId", "cTime", 0),
    "trade/orders-algo-history?ordType=conditional&state=canceled": ("algoId", "cTime", 0),
    "account/bills": ("billId", "ts", 0),
    "account/bills-archive": ("billId", "ts", 0),
    "trade/fills": ("billId", "ts", 1),
    "trade/fills-history?instType=SWAP": ("billId", "ts", 1),
    "account/positions-history": ("uTime", "", 2),
}


@pytest.fixture(scope="module")
def venue() -> Iterator[FakeOkx]:
    with launch() as running:
        yield running


@pytest.fixture(scope="module")
def ten() -> Iterator[World]:
    """An account with ten of everything, each a millisecond or more after the one before.

    Its exchange is its own, because others run the clock ahead by months.
    """
    with launch() as running:
        yield _with_ten(running)


def _with_ten(venue: FakeOkx) -> World:
    world = World(venue, "ten")
    stop = algo(slTriggerPx="40000", slOrdPx="-1")
    for _ in range(10):
        venue.advance(5)
        world.done(**limit("30000", sz="0.01"))
        world.done(sz="0.01")
        world.stop(**stop)
        algo_id = world.stop(**stop)
        ref = [{"instId": BTC, "algoId": algo_id}]
        assert world.raw.call("POST", "trade/cancel-algos", ref)[1]["code"] == "0"
        world.done(side="sell", sz="0.01")
    return world


def rows_of(world: World, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    glue = "&" if "?" in path else "?"
    cursor = LISTS[path][0]
    while True:
        after = f"&after={rows[-1][cursor]}" if rows else ""
        page = world.raw.call("GET", f"{path}{glue}limit=4{after}")[1]["data"]
        rows += page
        if len(page) < 4:
            return rows


@pytest.mark.parametrize("path", sorted(LISTS))
@pytest.mark.parametrize(
    ("query", "wanted"), [(case[0], case[1:]) for case in TABLE], ids=[c[0] for c in TABLE]
)
def test_every_example_of_the_table(
    ten: World, path: str, query: str, wanted: tuple[list[int] | None, ...]
) -> None:
    """Numbers of the table stand for the ten newest rows: 10 is the newest."""
    cursor, time, column = LISTS[path]
    numbers = wanted[column]
    if numbers is None:
        pytest.skip("the endpoint has no times to begin and end with")
    newest = rows_of(ten, path)[:10]
    assert len(newest) == 10
    by_number = {10 - place: row for place, row in enumerate(newest)}
    words = []
    for pair in query.split():
        name, value = pair.split("=")
        if name in ("before", "after"):
            value = by_number[int(value)][cursor]
        elif name in ("begin", "end"):
            value = by_number[int(value)][time]
        words.append(f"{name}={value}")
    glue = "&" if "?" in path else "?"
    got = ten.raw.call("GET", f"{path}{glue}{'&'.join(words)}")[1]["data"]
    shown = [next(n for n, row in by_number.items() if row == each) for each in got[:10]]
    assert shown == numbers


@pytest.mark.parametrize("path", sorted(LISTS))
def test_walking_with_after_meets_every_row_once(ten: World, path: str) -> None:
    cursor = LISTS[path][0]
    ids = [row[cursor] for row in rows_of(ten, path)]
    assert len(set(ids)) == len(ids) >= 10
    assert ids == sorted(ids, key=int, reverse=True)


def codes(world: World, path: str, field: str = "ordId") -> list[str]:
    return [row[field] for row in world.raw.call("GET", path)[1]["data"]]


def test_windows_forget_as_documented(venue: FakeOkx) -> None:
    """One order of each fate, looked at from later and later."""
    world = World(venue, "aging")
    filled = world.done(clOrdId="again")
    unfilled = world.done(**limit("30000", clOrdId="reused"))
    venue.partial(BTC, "0.4")
    partly = world.done(**limit("50000", sz="1"))
    for ord_id in (unfilled, partly):
        ref = {"instId": BTC, "ordId": ord_id}
        assert world.raw.call("POST", "trade/cancel-order", ref)[1]["code"] == "0"
    stop = world.stop(slTriggerPx="40000", slOrdPx="-1")
    ref = [{"instId": BTC, "algoId": stop}]
    world.raw.call("POST", "trade/cancel-algos", ref)
    world.raw.call("POST", "trade/close-position", {"instId": BTC, "mgnMode": "cross"})
    week, archive = (
        "trade/orders-history?instType=SWAP",
        "trade/orders-history-archive?instType=SWAP",
    )
    algos = "trade/orders-algo-history?ordType=conditional&state=canceled"
    named = f"account/positions?instId={BTC}"

    def seen() -> dict[str, Any]:
        return {
            "week": [each in codes(world, week) for each in (filled, partly, unfilled)],
            "archive": [each in codes(world, archive) for each in (filled, partly, unfilled)],
            "get": [
                world.top("GET", f"trade/order?instId={BTC}&ordId={each}")[1]
                for each in (filled, partly, unfilled)
            ],
            "fills": [len(codes(world, path)) > 0 for path in (
                "trade/fills", "trade/fills-history?instType=SWAP")],
            "bills": [len(codes(world, path)) > 0 for path in (
                "account/bills", "account/bills-archive")],
            "algos": stop in codes(world, algos, "algoId"),
            "lives": len(codes(world, "account/positions-history", "posId")),
            "flat": codes(world, named, "pos"),
            "positions": codes(world, "account/positions", "pos"),
        }  # fmt: skip

    fresh = {
        "week": [True, True, True], "archive": [True, True, False],
        "get": ["0", "0", "0"], "fills": [True, True], "bills": [True, True],
        "algos": True, "lives": 1, "flat": ["0"], "positions": [],
    }  # fmt: skip
    assert seen() == fresh
    venue.advance(2 * HOUR_MS - 60_000)
    assert seen() == fresh, "two hours are not over"
    venue.advance(61_000)
    purged = fresh | {"week": [True, True, False], "get": ["0", "0", "51603"]}
    assert seen() == purged, "an order canceled unfilled is gone, and so is its look-up"
    venue.advance(3 * DAY_MS - 2 * HOUR_MS)
    assert seen() == purged | {"fills": [False, True]}
    venue.advance(4 * DAY_MS)
    old = purged | {"fills": [False, True], "bills": [False, True], "week": [False, False, False]}
    assert seen() == old
    venue.advance(23 * DAY_MS + 60_000)
    assert seen() == old | {"flat": []}, "thirty days flat"
    venue.advance(60 * DAY_MS)
    gone = seen()
    assert gone["archive"] == [False, False, False]
    assert (gone["fills"], gone["bills"]) == ([False, False], [False, False])
    assert (gone["algos"], gone["lives"]) == (False, 0)
    reused = world.done(**limit("30000", clOrdId="reused"))
    by_name = world.raw.call("GET", f"trade/order?instId={BTC}&clOrdId=reused")[1]["data"]
    assert [row["ordId"] for row in by_name] == [reused], "an id that is free again"


def test_orders_that_still_wait_are_not_history(venue: FakeOkx) -> None:
    world = World(venue, "waits")
    ord_id = world.done(**limit("30000"))
    venue.advance(91 * DAY_MS)
    assert codes(world, "trade/orders-pending") == [ord_id]
    assert codes(world, "trade/orders-history?instType=SWAP") == []
    ref = {"instId": BTC, "ordId": ord_id}
    assert world.raw.call("POST", "trade/cancel-order", ref)[1]["code"] == "0"
    history = codes(world, "trade/orders-history?instType=SWAP")
    assert history == [ord_id], "the window counts from the end of an order, not its begin"


def test_filters_of_lists(venue: FakeOkx) -> None:
    world = World(venue, "filters")
    first = world.done()
    second = world.done(ordType="limit", px="2000", instId="ETH-USDT-SWAP")
    third = world.done(instId="BTC-USDT-301227")
    raw = RawClient(venue.url, "kfilters", "s", "p")
    base = "trade/orders-history?instType=SWAP"
    assert codes(world, base) == [first]
    assert codes(world, "trade/orders-history?instType=FUTURES") == [third]
    assert codes(world, f"{base}&state=canceled") == []
    assert codes(world, f"{base}&ordType=limit,market") == [first]
    assert codes(world, "trade/orders-pending?ordType=limit") == [second]
    assert codes(world, "trade/orders-pending?instFamily=BTC-USDT") == []
    assert codes(world, "trade/orders-pending?uly=ETH-USDT") == [second]
    assert codes(world, f"trade/fills?ordId={third}") == [third]
    assert codes(world, "trade/fills?subType=2") == []
    assert len(raw.call("GET", "account/bills?type=2&mgnMode=cross&ccy=USDT")[1]["data"]) == 2
    assert raw.call("GET", "account/bills?type=8")[1]["data"] == []
    assert order()["instId"] == BTC
