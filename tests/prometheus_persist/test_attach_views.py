"""A host's own books: seen through its views, compared, and written by its doors alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sessionkit import IN_FLIGHT_MS, Venue
from storekit import BTC, StillClock

import prometheus_persist
from prometheus_persist import AttachedHost, Dealt, Held, HostViews, attach, coins, contracts
from prometheus_persist.errors import BadConfig, BadValue
from prometheus_persist.recovery import restore
from prometheus_persist.recovery.follow import Follower
from prometheus_persist.storage.fs import LocalFs


class OwnBooks:
    """A host that books by itself, and misses what it does not hear of."""

    def __init__(self) -> None:
        self.position = {"A": "0"}
        self.deals: list[tuple[str, str]] = []
        self.calls = 0


def shown(views: HostViews) -> HostViews:
    @views.positions("private")
    def held(bot: OwnBooks) -> Iterator[Held]:
        for name, size in bot.position.items():
            yield Held(name, BTC, "cross", "net", contracts(size))

    @views.trades("public")
    def traded(bot: OwnBooks) -> Iterator[Dealt]:
        for side, size in bot.deals:
            yield Dealt("A", BTC, "cross", "net", side, coins(size))  # type: ignore[arg-type]

    return views


def with_door(views: HostViews, works: bool = True) -> HostViews:
    @views.door("open")
    def opened(bot: OwnBooks, agent_id: str, fill: Any) -> None:
        bot.calls += 1
        if not works:
            raise LookupError("no such agent")
        bot.position[agent_id] = str(contracts(bot.position[agent_id]) + fill.signed)
        bot.deals.append((fill.side, str(fill.qty_contracts.value * fill.ct_val)))

    return views


def began(bot: OwnBooks, at: Path, venue: Venue, views: HostViews) -> AttachedHost:
    p = attach(bot, at, ["test_attach_views"], views=views, clock=StillClock())
    p.reader = venue  # type: ignore[assignment]
    return p


def missed(p: AttachedHost, venue: Venue) -> None:
    """An order that is executed, settled here, and nothing of it comes to the host."""
    with p.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent)
        intent.ack({"id": "7001"})
    p.settle(intent.cl_ord_id)


def test_without_a_door_the_exact_number_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    bot, venue = OwnBooks(), Venue()
    with began(bot, tmp_path, venue, shown(HostViews())) as p:
        assert p.recover().decision == "go"
        missed(p, venue)
        report = p.recover()
        assert (report.decision, bot.position, bot.deals) == ("human", {"A": "0"}, [])
        (one,) = report.plan.findings  # type: ignore[union-attr]
        assert (one.case.value, one.agent_id) == ("N", "A")
        assert [row.kind for row in one.evidence] == ["agreed", "fill"]
        assert not p.session.may_trade_on(BTC)
        for lang, sentence in (
            ("en", "private, public ledger has 0 contracts of BTC-USDT-SWAP cross net for A; 2"),
            ("zh", "宿主的private, public账簿中，A的BTC-USDT-SWAP cross net为0张，应为2张"),
        ):
            assert sentence in report.text(lang).replace("\n", " ").replace("  ", " ")
        bot.position["A"], bot.deals = "2", [("buy", "0.02")]  # a human, by hand
        assert p.recover().decision == "go"
        assert p.session.may_trade_on(BTC)


def test_a_human_may_leave_the_host_as_it_is(tmp_path: Path) -> None:
    bot, venue = OwnBooks(), Venue()
    with began(bot, tmp_path, venue, shown(HostViews())) as p:
        p.recover()
        missed(p, venue)
        plan = p.recover().plan
        assert plan is not None
        assert p.session.approve(venue, plan.plan_hash).decision == "go"
        assert bot.position == {"A": "0"}
        assert p.recover().decision == "go"
        bot.position["A"] = "1"
        assert p.recover().decision == "human", "another number is another finding"


def test_a_door_books_it_in_the_commit_and_the_view_sees_it(tmp_path: Path) -> None:
    bot, venue = OwnBooks(), Venue()
    with began(bot, tmp_path, venue, with_door(shown(HostViews()))) as p:
        p.recover()
        missed(p, venue)
        follower = Follower(LocalFs(tmp_path))
        report = p.recover()
        assert (report.decision, report.applied) == ("go", True)
        assert (bot.position, bot.deals, bot.calls) == ({"A": "2"}, [("buy", "0.02")], 1)
        commits = [commit for commit in follower.next() if "host/told" in commit.put]
        assert len(commits) == 1
        then = restore(LocalFs(tmp_path), seq=commits[0].seq).documents
        assert any("'2'" in str(row) for key, row in then.items() if key.startswith("host/"))
        assert p.check() == []
        assert "by the host's own door" in report.text("en").replace("\n", " ")
        assert "由宿主自己的入口记账" in report.text("zh")
        again = p.recover()
        assert (again.plan is not None and again.plan.clean, bot.calls) == (True, 1)
    fresh = OwnBooks()
    with began(fresh, tmp_path, venue, with_door(shown(HostViews()))) as p:
        assert p.recover().decision == "go"
        assert fresh.calls == 1


def test_an_execution_that_is_booked_here_goes_through_the_door_in_the_same_commit(
    tmp_path: Path,
) -> None:
    """As after a crash: neither the books here nor the host's have it."""
    bot, venue = OwnBooks(), Venue()
    with began(bot, tmp_path, venue, with_door(shown(HostViews()))) as p:
        p.recover()
        with p.order_intent("A", BTC, "buy", contracts("2")) as intent:
            venue.execute(intent.intent)
            intent.ack({"id": "7001"})
        p.session._clock.sleep(IN_FLIGHT_MS / 1000)
        before = p.session.seq
        assert p.recover().decision == "go"
        assert bot.position == {"A": "2"}
        found = restore(LocalFs(tmp_path), seq=before + 1)
        assert "host/told" in found.documents
        assert found.documents["private_ledgers/A"]["positions"]


@pytest.mark.parametrize("again", [False, True], ids=["same process", "after a restart"])
def test_a_door_that_does_not_book_it_is_used_once(tmp_path: Path, again: bool) -> None:
    bot, venue = OwnBooks(), Venue()
    with began(bot, tmp_path, venue, with_door(shown(HostViews()), works=False)) as p:
        p.recover()
        missed(p, venue)
        report = p.recover()
        assert (report.decision, bot.calls) == ("human", 1)
        if not again:
            assert p.recover().decision == "human"
            assert bot.calls == 1
            return
    bot = OwnBooks()
    with began(bot, tmp_path, venue, with_door(shown(HostViews()))) as p:
        report = p.recover()
        assert (report.decision, bot.calls) == ("human", 1)
        assert "through the host's door" in report.text("en").replace("\n", " ")


def test_a_view_that_fails_is_no_empty_book(tmp_path: Path) -> None:
    bot, venue = OwnBooks(), Venue()
    with began(bot, tmp_path, venue, with_door(shown(HostViews()))) as p:
        p.recover()
        missed(p, venue)
        bot.position["A"] = "many"
        report = p.recover()
        assert "not seen: private: BadValue" in report.text("en").replace("\n", " ")
        assert (report.decision, bot.calls) == ("human", 0), "the other view says what it lacks"
        bot.deals = [("grow", "0.02")]
        report = p.recover()
        assert "not seen: public: " in report.text("en").replace("\n", " ")
        assert bot.calls == 0
        assert p.session.may_trade_on(BTC), "the account itself was judged"


def test_a_quantity_has_a_unit() -> None:
    for wrong in (1, "1", 0.01, None):
        with pytest.raises(BadValue, match=r"contracts\(\.\.\.\) or coins"):
            Held("A", BTC, "cross", "net", wrong)  # type: ignore[arg-type]
        with pytest.raises(BadValue, match="has no unit"):
            Dealt("A", BTC, "cross", "net", "buy", wrong)  # type: ignore[arg-type]


def test_views_and_doors_have_names() -> None:
    views = HostViews()
    with pytest.raises(BadConfig, match="private, public"):
        views.positions("own")
    with pytest.raises(BadConfig, match="open, close"):
        views.door("both")


class GuideAgent:
    def __init__(self) -> None:
        self.name, self.position = "A", "0"


class GuideBot:
    def __init__(self) -> None:
        self.agents = {"A": GuideAgent()}


def test_the_guide_runs_as_printed_in_both_languages(tmp_path: Path) -> None:
    """Its view sees what the host lacks, and its door books it."""
    docs = Path(prometheus_persist.__path__[0]) / "docs"
    pages = [(docs / name).read_text("utf-8") for name in ("attach.md", "zh/attach.md")]
    blocks = [re.findall(r"```python\n(.*?)```", page, re.S)[-1] for page in pages]
    assert blocks[0] == blocks[1]
    bot, venue = GuideBot(), Venue()
    with attach(bot, tmp_path, ["test_attach_views"], clock=StillClock()) as p:
        p.reader = venue  # type: ignore[assignment]
        p.recover()
        missed(p, venue)
        exec(blocks[0], {"p": p})
        assert p.report is not None
        assert p.report.decision == "go"
        assert bot.agents["A"].position == "2"
