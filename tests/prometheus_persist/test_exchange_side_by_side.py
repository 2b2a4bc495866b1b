"""Questions asked side by side, at OKX's pace, by copies of a client that stays as it was."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import ccxt
import pytest
import responses
from exchange_script import BTC, INSTRUMENT, KEYS, NOW, POSITION, Clock, Script, served
from test_exchange_pages import Clock as VenueClock
from test_exchange_pages import Venue, listing, rows

from prometheus_persist.exchange import OkxReader, ViewRequest, okx_client
from prometheus_persist.exchange.okx import pages as okx_pages
from prometheus_persist.exchange.okx.query import NotRead, ReadOnlyClient, Row
from prometheus_persist.exchange.okx.rate_limit import LIMITS, Pace
from prometheus_persist.exchange.okx.scheduler import Driver, Question, ReadLimits, Walk

EVERYTHING = re.compile(".*")
WAIT_S = 30.0
ASKED = ("trade/fills", "trade/orders-pending", "account/bills", "account/config")


class Together:
    """Answers once so many are asking at the same time; one endpoint may fail instead."""

    at_once = True

    def __init__(self, parties: int, **failing: BaseException) -> None:
        self._meet = threading.Barrier(parties)
        self._failing = {name.replace("__", "/"): problem for name, problem in failing.items()}

    def get(self, endpoint: str, params: Any) -> list[Row]:
        self._meet.wait(WAIT_S)
        if endpoint in self._failing:
            raise self._failing[endpoint]
        return [{"endpoint": endpoint}]


def asking(endpoint: str, ended: list[str]) -> Walk[str]:
    rows = yield Question(endpoint)
    ended.append(endpoint)
    return str(rows[0]["endpoint"])


def drive(client: Any, *, at_once: int = 8) -> Driver:
    return Driver(client, Clock(), Pace(), ReadLimits(at_once_max=at_once), 60.0)


def test_all_that_may_ask_do_so_side_by_side_and_move_on_in_their_order() -> None:
    ended: list[str] = []
    one = drive(Together(len(ASKED)))
    tasks = [one.start(asking(endpoint, ended)) for endpoint in ASKED]
    one.run(tasks)
    assert [task.value for task in tasks] == ended == list(ASKED)


def test_no_more_are_asked_at_once_than_the_limit_says() -> None:
    ended: list[str] = []
    one = drive(Together(2), at_once=2)
    one.run([one.start(asking(endpoint, ended)) for endpoint in ASKED])
    assert ended == list(ASKED)


def test_one_that_fails_beside_others_fails_alone() -> None:
    ended: list[str] = []
    one = drive(Together(len(ASKED), trade__fills=NotRead("refused", "50026")))
    tasks = [one.start(asking(endpoint, ended)) for endpoint in ASKED]
    one.run(tasks)
    assert [task.problem for task in tasks] == ["refused", "", "", ""]
    assert ended == list(ASKED[1:])


def test_what_is_no_answer_reaches_the_caller_from_any_thread() -> None:
    class Died(BaseException):
        pass

    one = drive(Together(len(ASKED), account__config=Died()))
    with pytest.raises(Died):
        one.run([one.start(asking(endpoint, [])) for endpoint in ASKED])


def test_where_no_thread_is_to_be_had_one_asks_after_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    ended: list[str] = []
    one = drive(Together(1))
    one.run([one.start(asking(endpoint, ended)) for endpoint in ASKED])
    assert ended == list(ASKED)


class Turns(ReadOnlyClient):
    """An exchange in memory, one question at a time, that is asked from several threads."""

    __slots__ = ("_turn",)

    def __init__(self, venue: Venue) -> None:
        super().__init__(venue)
        self.at_once, self._turn = True, threading.Lock()

    def get(self, endpoint: str, params: Any = None) -> list[Row]:
        with self._turn:
            return super().get(endpoint, params)


@pytest.mark.parametrize("endpoint", sorted(set(LIMITS) - {"account/config"}))
def test_the_exchange_has_nothing_to_refuse_of_many_that_share_a_bucket(endpoint: str) -> None:
    venue = Venue(VenueClock())
    venue.rows[endpoint] = rows(250)
    one = Driver(Turns(venue), venue.clock, Pace(), ReadLimits(), 600.0)
    walks = [one.start(okx_pages.pages(listing(endpoint), {}, None, 99)) for _ in range(12)]
    one.run(walks)
    assert venue.refused == 0
    assert all(len(walk.value) == 250 for walk in walks)


def told(request: Any) -> tuple[int, dict[str, str], str]:
    endpoint = request.url.partition("?")[0].partition("/api/v5/")[2]
    found = Script().answers | {"account/positions": [POSITION], "trade/order": []}
    data = found.get(endpoint, [])
    return 200, {"Set-Cookie": "a=b"}, json.dumps({"code": "0", "msg": "", "data": data})


def as_the_readme_makes_it(**more: Any) -> Any:
    names = dict(zip(("apiKey", "secret", "password"), KEYS, strict=True))
    return ccxt.okx({**names, "enableRateLimit": True, **more})


def test_reading_passes_the_throttle_by_and_leaves_the_client_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited = []
    monkeypatch.setattr(ccxt.okx, "throttle", lambda self, cost=None: waited.append(cost))
    closed = []
    client = as_the_readme_makes_it()
    monkeypatch.setattr(client.session, "close", lambda: closed.append(1))
    before = dict(vars(client))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as okx:
        okx.add_callback("GET", EVERYTHING, callback=told)
        view = OkxReader(client, Clock()).read_view(ViewRequest(since_ms=NOW - 1, now_ms=NOW))
        assert view.sources["positions"].complete
        assert waited == []
        assert vars(client) == before
        assert closed == []
        client.public_get_public_time()
        assert len(waited) == 1, "whoever else uses the client waits as before"


def test_a_key_that_was_changed_is_asked_with_the_new_one() -> None:
    client = as_the_readme_makes_it()
    reads = ReadOnlyClient(client)
    client.apiKey = "KEY-new"
    with responses.RequestsMock() as okx:
        okx.add_callback("GET", EVERYTHING, callback=told)
        reads.get("account/positions")
        assert okx.calls[0].request.headers["OK-ACCESS-KEY"] == "KEY-new"


def test_only_a_client_of_ccxts_own_is_asked_by_several_threads() -> None:
    assert ReadOnlyClient(okx_client(None, *KEYS, False, 1_000)).at_once
    assert ReadOnlyClient(as_the_readme_makes_it()).at_once
    assert not ReadOnlyClient(Script()).at_once
    watched = as_the_readme_makes_it()
    watched.fetch = lambda *_: {"code": "0", "data": []}
    assert not ReadOnlyClient(watched).at_once


def test_a_source_that_fails_for_a_real_client_fails_alone() -> None:
    broken = {"code": "50026", "msg": "System error", "data": []}
    sources = {
        "trade/orders-algo-pending": "algo_orders",
        "account/positions-history": "positions_history",
        "trade/orders-pending": "orders_open",
        "public/instruments": "instruments",
        "account/config": "config",
    }
    for endpoint, source in sources.items():
        good = {"public/instruments": [INSTRUMENT | {"instId": BTC}]}
        with served({**good, endpoint: broken}) as reader:
            view = reader.read_view(ViewRequest(since_ms=NOW - 1, now_ms=NOW))
        failed = {name for name, one in view.sources.items() if not one.complete}
        assert failed == {source}
