"""Walks, the driver and the pace, on a clock of their own and against an exchange in memory.

The exchange here keeps lists, pages them as OKX does, counts questions as OKX counts them and
answers one question of a list as the test says. Real pages are in ``test_exchange_faults.py``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus_persist.exchange.okx import pages as okx_pages
from prometheus_persist.exchange.okx.pages import Found, Span
from prometheus_persist.exchange.okx.query import READS, NotRead, ReadOnlyClient
from prometheus_persist.exchange.okx.rate_limit import LIMITS, Pace
from prometheus_persist.exchange.okx.scheduler import Driver, ReadLimits, Task, Walk

ENDPOINT = {method: endpoint for endpoint, method in READS.items()}
LATENCY_S = 0.02
Bend = Callable[[int, list[dict[str, str]]], Any]


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def now_ms(self) -> int:
        return int(self.now_s * 1_000)

    def monotonic_s(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


class Venue:
    """Lists by endpoint; ``bend`` changes the n-th answer of an endpoint, or raises."""

    def __init__(self, clock: Clock, **rows: list[dict[str, str]]) -> None:
        self.clock = clock
        self.rows = {name.replace("__", "/").replace("_", "-"): each for name, each in rows.items()}
        self.bend: dict[str, Bend] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refused = 0
        self._seen: dict[str, deque[float]] = {}

    def __getattr__(self, method: str) -> Any:
        if method not in ENDPOINT:
            raise AttributeError(method)
        endpoint = ENDPOINT[method]
        return lambda params: {"code": "0", "data": self._answer(endpoint, params)}

    def _answer(self, endpoint: str, params: dict[str, str]) -> list[dict[str, str]]:
        self.clock.now_s += LATENCY_S / 2
        self._count(endpoint)
        self.asked.append((endpoint, params))
        number = sum(name == endpoint for name, _ in self.asked)
        self.clock.now_s += LATENCY_S / 2
        rows = [
            row
            for row in self.rows.get(endpoint, [])
            if "after" not in params or int(row["id"]) < int(params["after"])
        ][: int(params.get("limit", 100))]
        bent: list[dict[str, str]] = self.bend.get(endpoint, lambda _, each: each)(number, rows)
        return bent

    def _count(self, endpoint: str) -> None:
        count, window_s = LIMITS[endpoint]
        seen = self._seen.setdefault(endpoint, deque())
        while seen and seen[0] <= self.clock.now_s - window_s:
            seen.popleft()
        if len(seen) >= count:
            self.refused += 1
            raise ccxt.RateLimitExceeded('okx {"code":"50011"}')
        seen.append(self.clock.now_s)


def listing(endpoint: str = "trade/fills") -> okx_pages.Listing:
    return okx_pages.Listing(endpoint, "id", "ts")


def rows(count: int, start: int = 0) -> list[dict[str, str]]:
    """Newest first; a row's time is its id."""
    return [{"id": str(n), "ts": str(n)} for n in range(start + count, start, -1)]


def driver(venue: Venue, budget_s: float = 600.0, **limits: Any) -> Driver:
    return Driver(ReadOnlyClient(venue), venue.clock, Pace(), ReadLimits(**limits), budget_s)


def walked(venue: Venue, from_ms: int | None = None, pages_max: int = 99) -> Task[Found]:
    return driver(venue).read(okx_pages.pages(listing(), {}, from_ms, pages_max))


def test_a_list_ends_at_an_empty_page_said_twice_and_a_short_page_is_no_end() -> None:
    venue = Venue(Clock(), trade__fills=rows(130))
    assert sorted(walked(venue).value) == list(range(1, 131))
    assert [asked.get("after") for _, asked in venue.asked] == [None, "31", "1", "1"]


def test_a_list_ends_where_a_row_is_older_than_the_window() -> None:
    venue = Venue(Clock(), trade__fills=rows(300, start=100_000))
    found = walked(venue, from_ms=100_150 + okx_pages.EDGE_MS).value
    assert min(found) == 100_101
    assert len(venue.asked) == 2
    assert len(walked(venue, from_ms=100_000).value) == 300


@settings(deadline=None)
@given(
    st.integers(0, 350),
    st.integers(1, 8),
    st.sampled_from(["cut", "none", "double", "shuffled", "again"]),
    st.integers(0, 99),
)
def test_one_wrong_page_loses_no_row_wherever_it_strikes(
    count: int, nth: int, how: str, seed: int
) -> None:
    def bend(number: int, page: list[dict[str, str]]) -> Any:
        if number != nth:
            return page
        if how == "again":
            raise ccxt.RequestTimeout("slow")
        cut = page[: seed % (len(page) + 1)]
        shuffled = sorted(page, key=lambda row: (int(row["id"]) * 7_919 + seed) % 101)
        return {"cut": cut, "none": [], "double": page + page, "shuffled": shuffled}[how]

    venue = Venue(Clock(), trade__fills=rows(count))
    venue.bend["trade/fills"] = bend
    assert sorted(walked(venue).value) == list(range(1, count + 1))


def test_a_list_that_does_not_keep_to_its_cursor_is_a_problem() -> None:
    venue = Venue(Clock(), trade__fills=rows(130))
    venue.bend["trade/fills"] = lambda number, page: rows(130)[:100]
    assert "does not advance" in walked(venue).problem
    assert len(venue.asked) == 2


def test_pages_without_end_are_a_problem() -> None:
    assert "more than 3 pages" in walked(Venue(Clock(), trade__fills=rows(400)), None, 3).problem


@pytest.mark.parametrize("name", ["", "12a", "-3", "1.5"])
def test_an_id_that_is_no_number_is_a_problem(name: str) -> None:
    venue = Venue(Clock(), trade__fills=[{"id": name, "ts": "1"}])
    assert "id" in walked(venue).problem


def test_the_archive_goes_on_where_the_recent_list_is_certain() -> None:
    edge = okx_pages.KEPT_EDGE_MS
    old, new = rows(50, start=1_000), rows(150, start=1_000_000 + edge)
    venue = Venue(Clock(), trade__fills=new[:-20], trade__fills_history=new + old)
    span = Span(500, kept_from_ms=1_000_030)  # the oldest 30 rows may be gone from the list already
    walk = okx_pages.window(
        listing(), listing("trade/fills-history"), {}, span, 99, [{"instType": "SWAP"}]
    )
    found = driver(venue).read(walk).value
    assert len(found) == 200
    first = next(asked for name, asked in venue.asked if name == "trade/fills-history")
    assert first["after"] == str(1_000_030 + edge)
    assert first["instType"] == "SWAP"


def test_rows_before_the_window_are_left_out() -> None:
    venue = Venue(Clock(), trade__fills=rows(20, start=10))
    walk = okx_pages.window(listing(), listing("trade/fills-history"), {}, Span(25), 9, [])
    assert sorted(driver(venue).read(walk).value) == list(range(25, 31))


def test_what_is_newer_is_added_and_what_was_there_is_not_walked_again() -> None:
    venue = Venue(Clock(), trade__fills=rows(350))
    known = {int(row["id"]): row for row in rows(200)}
    task = driver(venue).read(okx_pages.newer(listing(), {}, known, Span(None), 99))
    assert task.value == 150
    assert sorted(known) == list(range(1, 351))
    assert len(venue.asked) == 3  # 350-251, 250-151, and one page that holds nothing new
    venue.bend["trade/fills"] = lambda number, page: []
    again = okx_pages.newer(listing(), {}, known, Span(None, -okx_pages.KEPT_EDGE_MS), 99)
    assert "empty" in driver(venue).read(again).problem


def test_rows_from_before_the_window_are_nothing_new() -> None:
    known = {int(row["id"]): row for row in rows(10, start=20)}
    venue = Venue(Clock(), trade__fills=rows(30))
    assert driver(venue).read(okx_pages.newer(listing(), {}, known, Span(21), 9)).value == 0
    assert len(known) == 10


def test_a_recent_list_may_be_empty_when_all_that_is_known_is_older_than_it() -> None:
    known = {int(row["id"]): row for row in rows(20)}
    venue = Venue(Clock())
    for kept_from_ms, problem in ((21, ""), (20 - okx_pages.KEPT_EDGE_MS, "was not before")):
        span = Span(None, kept_from_ms)
        task = driver(venue).read(okx_pages.newer(listing(), {}, known, span, 9))
        assert problem in task.problem
        assert bool(task.problem) is bool(problem)


def life(u_time: int, pos_id: int) -> dict[str, str]:
    return {"id": str(u_time), "uTime": str(u_time), "posId": str(pos_id), "cTime": "1"}


@pytest.mark.parametrize("cut_at", [0, 1, 2, 3])
def test_lives_that_ended_in_one_moment_all_come(cut_at: int) -> None:
    """A page that is cut between rows of one time: the time is asked for again."""
    lives = [life(9, 1), life(7, 2), life(7, 3), life(7, 4), life(3, 5)]
    venue = Venue(Clock(), account__positions_history=lives)
    venue.bend["account/positions-history"] = lambda number, page: (
        page[:cut_at] if number == 1 else page
    )
    found = driver(venue).read(okx_pages.lives(0, 99)).value
    assert sorted(row["posId"] for row in found) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_nothing_is_nothing_when_it_was_said_twice(wrong: int) -> None:
    venue = Venue(Clock(), account__positions=rows(2))
    venue.bend["account/positions"] = lambda number, page: [] if number < wrong else page
    found = driver(venue).read(okx_pages.confirmed("account/positions", {})).value
    assert len(found) == (0 if wrong == 3 else 2)
    assert len(venue.asked) == (1 if wrong == 1 else 2)


def test_two_answers_have_to_agree() -> None:
    venue = Venue(Clock(), public__instruments=rows(10))
    venue.bend["public/instruments"] = lambda number, page: page[:5] if number == 2 else page
    walk = okx_pages.same("public/instruments", {}, len, 5)
    assert driver(venue).read(walk).value == 10
    assert len(venue.asked) == 4
    venue.bend["public/instruments"] = lambda number, page: page[: number % 2 + 1]
    assert "no two answers agree" in driver(venue).read(walk_of(venue)).problem


def walk_of(venue: Venue) -> Walk[int]:
    return okx_pages.same("public/instruments", {}, len, 5)


# The driver and the pace


def start(one: Driver, *endpoints: str) -> list[Task[Found]]:
    return [one.start(okx_pages.pages(listing(name), {}, None, 999)) for name in endpoints]


def test_ten_thousand_rows_of_each_list_take_as_long_as_the_slowest_bucket() -> None:
    names = ("account/bills", "trade/fills", "trade/orders-history")
    venue = Venue(
        Clock(), account__bills=rows(10_000), trade__fills=rows(10_000),
        trade__orders_history=rows(10_000),
    )  # fmt: skip
    began_s, one = venue.clock.now_s, driver(venue)
    tasks = start(one, *names)
    one.run(tasks[1:])
    in_s = venue.clock.now_s - began_s
    one.run(tasks)
    assert all(len(task.value) == 10_000 for task in tasks)
    assert venue.refused == 0
    assert Counter(name for name, _ in venue.asked) == dict.fromkeys(names, 102)
    assert in_s < 8  # 102 questions at 20 a second, with 40 at once
    assert 19 < venue.clock.now_s - began_s < 23  # 102 questions at 5 a second


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(sorted(set(LIMITS) - {"account/config"})), min_size=1, max_size=5),
       st.integers(0, 3_000))  # fmt: skip
def test_the_exchange_never_has_to_refuse(endpoints: list[str], count: int) -> None:
    venue = Venue(Clock())
    for name in endpoints:
        venue.rows[name] = rows(count)
    one = driver(venue)
    one.run(start(one, *endpoints))
    assert venue.refused == 0


def test_the_pace_outlives_a_reading() -> None:
    venue, pace = Venue(Clock()), Pace()
    for _ in range(10):
        one = Driver(ReadOnlyClient(venue), venue.clock, pace, ReadLimits(), 60.0)
        one.run(start(one, "account/bills"))
    assert venue.refused == 0


def test_the_same_answers_give_the_same_order_of_questions() -> None:
    orders = []
    for _ in range(2):
        venue = Venue(Clock(), account__bills=rows(900), trade__fills=rows(4_000))
        one = driver(venue)
        one.run(start(one, "account/bills", "trade/fills", "trade/orders-history"))
        orders.append(venue.asked)
    assert orders[0] == orders[1]


def test_others_are_read_while_one_waits_to_be_asked_again() -> None:
    venue = Venue(Clock(), trade__fills=rows(200), account__bills=rows(200))

    def bend(number: int, page: list[dict[str, str]]) -> Any:
        if number <= 3:
            raise ccxt.RateLimitExceeded('{"code":"50011"}')
        return page

    venue.bend["account/bills"] = bend
    one = driver(venue)
    tasks = start(one, "account/bills", "trade/fills")
    one.run(tasks[1:])
    assert not tasks[0].done
    assert venue.clock.now_s < 1_000.3
    one.run(tasks)
    assert len(tasks[0].value) == 200


def test_what_is_not_read_in_time_is_incomplete_and_nothing_of_it_is_shown() -> None:
    venue = Venue(Clock(), account__bills=rows(10_000), trade__fills=rows(300))
    one = driver(venue, budget_s=5.0)
    tasks = start(one, "account/bills", "trade/fills")
    one.run(tasks)
    assert tasks[0].problem == "not read within 5 s"
    with pytest.raises(NotRead, match="not read within 5 s"):
        _ = tasks[0].value
    assert len(tasks[1].value) == 300
    assert venue.clock.now_s - 1_000 < 5.1
    venue.clock.sleep(1.0)
    late = one.read(okx_pages.one("public/time"))
    assert late.problem == "not read within 5 s"


@pytest.mark.parametrize("said", [
    'okx {"code":"50061","msg":"order rate"}', "okx <html>502</html>",
    'okx {"code":500,"data":{},"error_message":"Internal Server Error"}',
])  # fmt: skip
def test_a_limit_and_a_gateway_are_asked_again(said: str) -> None:
    venue = Venue(Clock(), trade__fills=rows(3))

    def bend(number: int, page: list[dict[str, str]]) -> Any:
        if number == 1:
            raise ccxt.ExchangeError(said)
        return page

    venue.bend["trade/fills"] = bend
    assert len(walked(venue).value) == 3


@pytest.mark.parametrize("kind", [ccxt.AuthenticationError, ccxt.BadRequest, ccxt.ExchangeError])
def test_a_refusal_is_not_asked_again(kind: type[Exception]) -> None:
    venue = Venue(Clock())

    def bend(number: int, page: list[dict[str, str]]) -> Any:
        raise kind('okx {"code":"50030","msg":"no permission"}')

    venue.bend["trade/fills"] = bend
    assert "50030" in walked(venue).problem
    assert len(venue.asked) == 1


def test_a_message_about_orders_that_is_not_51603_proves_no_absence() -> None:
    venue = Venue(Clock())

    def bend(number: int, page: list[dict[str, str]]) -> Any:
        raise ccxt.OrderNotFound('okx {"code":"51400"}')

    venue.bend["trade/order"] = bend
    assert "51400" in driver(venue).read(okx_pages.one("trade/order")).problem
