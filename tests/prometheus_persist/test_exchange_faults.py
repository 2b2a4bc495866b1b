"""Every list of the reader under every fault that strikes once: the same view, complete.

One account with something in every list, one with a past that only the archives hold; each is read
without a fault, then under each fault, through ccxt. The exchange counts how often a fault struck.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import exchange_account as account
import pytest

from prometheus_persist.exchange.okx.query import READS
from prometheus_persist.reconcile.views import SOURCES

fakeokx = pytest.importorskip("fakeokx")

ARCHIVES = ("trade/fills-history", "trade/orders-history-archive", "account/bills-archive")
PAGE_FAULTS = ("truncate", "empty", "duplicate", "reorder")
SILENCES: tuple[tuple[dict[str, str], ...], ...] = (
    ({"action": "refuse"}, {"action": "cut_body"}, {"action": "error_before", "code": "50061"}),
    ({"action": "drop_answer"}, {"action": "error_after", "code": "50004"}),
    ({"action": "rate_limit"}, {"action": "error_before"}, {"action": "maintenance"}),
    ({"action": "error_before", "form": "html"}, {"action": "error_before", "form": "gateway"}),
)


class Read:
    """An exchange, what to ask of it, and what it says when nothing is wrong."""

    def __init__(self, exchange: Any, asked: Any) -> None:
        self.exchange, self.asked = exchange, asked
        counters = [{"path": path, "action": "delay", "ms": 0, "times": 0} for path in READS]
        exchange.set_faults(counters)
        view = account.reader(exchange.url).read_view(asked)
        assert view.complete(*SOURCES), view.problems()
        self.truth, self.view = account.content(view), view
        self.asked_for = {rule["path"]: int(rule["matched"]) for rule in exchange.faults()}

    def under(self, *rules: dict[str, Any]) -> None:
        """Read under rules that strike once each, and compare."""
        self.exchange.set_faults([{"method": "GET", "times": 1, **rule} for rule in rules])
        view = account.reader(self.exchange.url).read_view(self.asked)
        assert {rule["fired"] for rule in self.exchange.faults()} == {1}
        assert view.complete(*SOURCES), view.problems()
        found = account.content(view)
        assert {name for name in found if found[name] != self.truth[name]} == set()


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    with fakeokx.launch(home(tmp_path_factory)) as exchange:
        since_ms = account.venue_now_ms(exchange) - 1_000
        account.live_a_little(exchange, account.trader(exchange.url), "a")
        yield Read(exchange, account.request(exchange, "a", since_ms))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Trades nine and four days ago, and now."""
    with fakeokx.launch(home(tmp_path_factory)) as exchange:
        since_ms = account.venue_now_ms(exchange) - 1_000
        for round_, days in (("a", 5), ("b", 4), ("c", 0)):
            account.live_a_little(exchange, account.trader(exchange.url), round_)
            exchange.advance(days * account.DAY_MS)
        yield Read(exchange, account.request(exchange, "c", since_ms))


def home(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("exchange")


def test_the_account_has_more_than_a_page_and_something_of_everything(now: Read, old: Read) -> None:
    view = now.view
    assert len(view.fills) == 108  # 100, 6, entry, stop; the spot trade is money
    assert len(view.bills) == 108 + 2 + 1  # two legs of the spot trade, funding
    assert len(view.orders) == 108 + 3
    assert len(view.algo_orders) == 4
    assert len(view.lives) == 4
    assert len(view.positions) == 2
    assert [one.found for one in view.lookups] == [True, False, True]
    assert len(old.view.fills) == 3 * 108
    assert len({one.bill_id for one in old.view.bills}) == len(old.view.bills) >= 3 * 111
    assert len(old.view.orders) == 3 * 108 + 9


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("action", PAGE_FAULTS)
@pytest.mark.parametrize("path", sorted(set(READS) - set(ARCHIVES)))
def test_a_page_that_is_wrong_once_loses_no_row(
    now: Read, path: str, action: str, nth: int
) -> None:
    if nth <= now.asked_for[path]:
        now.under({"path": path, "action": action, "nth": nth})


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("action", PAGE_FAULTS)
@pytest.mark.parametrize("path", ARCHIVES)
def test_a_page_of_an_archive_that_is_wrong_once_loses_no_row(
    old: Read, path: str, action: str, nth: int
) -> None:
    old.under({"path": path, "action": action, "nth": nth})


@pytest.mark.parametrize("rules", SILENCES, ids=["cut", "unanswered", "limited", "gateway"])
@pytest.mark.parametrize("path", sorted(set(READS) - set(ARCHIVES)))
def test_an_answer_that_does_not_come_is_asked_for_again(
    now: Read, path: str, rules: tuple[dict[str, str], ...]
) -> None:
    now.under(*({"path": path, "nth": number, **rule} for number, rule in enumerate(rules, 1)))
