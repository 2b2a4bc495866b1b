"""What is kept of a long past, and what of it is shown: bounds, peaks, gaps, no secrets."""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal
from typing import Any

import pytest
from page_gallery import a_past

from prometheus_persist.journal.past_facts import (
    AGENTS_MAX,
    CHANGES_MAX,
    COMMITS_MAX,
    KEPT,
    POINTS_MAX,
    PastCollector,
    Thinned,
    ToldCommit,
    told_changes,
)
from prometheus_persist.report.pages.past_page import past_page

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028"


def agent(capital: str, **more: Any) -> dict[str, Any]:
    return {"state": "MATURE", "current_capital": capital, **more}


@pytest.mark.parametrize("seed", range(12))
def test_a_thinned_curve_is_short_and_loses_no_peak(seed: int) -> None:
    rng = random.Random(seed)
    values = [rng.randint(-1000, 1000) for _ in range(rng.choice((1, 30, 81, 900, 5000)))]
    curve = Thinned(limit=40)
    for at, value in enumerate(values):
        curve.put(at, Decimal(value))
    kept = curve.final()
    assert len(kept) <= 40
    assert kept[0] == (0, values[0])
    assert kept[-1][1] == values[-1]
    heights = [value for _, value in kept]
    assert (max(heights), min(heights)) == (max(values), min(values))
    assert kept == sorted(kept)
    assert all(values[at] == value for at, value in kept), "every point is one that was"


def grown(agents: int, commits: int) -> PastCollector:
    collector, documents = PastCollector(), {}
    collector.opened(1, 1, 1000)
    for number in range(commits):
        name = f"A{number % agents}"
        key = f"agents/{name}"
        before = {key: documents.get(key)}
        documents[key] = agent(str(100 + number % 977))
        why = "reconcile" if number % 500 == 7 else "trade"
        changes, more = told_changes(before, documents)
        told = ToldCommit(number + 2, 1000 + number * 10, 1, why, changes, (), more)
        collector.commit(told, [key], documents)
    return collector


def test_however_long_the_past_is_the_page_is_of_a_size() -> None:
    facts = grown(agents=100, commits=20_000).facts()
    assert len(facts.agents) == AGENTS_MAX < facts.agents_ever == 100
    assert len(facts.commits) <= COMMITS_MAX < facts.commits_ever == 20_000
    assert len(facts.total) <= 2 * POINTS_MAX
    assert {one.seq for one in facts.commits} >= set(range(20_002 - COMMITS_MAX // 3, 20_002))
    kept = [one for one in facts.commits if one.why in KEPT]
    assert len(kept) == 20_000 // 500, "what matters is never left out"
    page = past_page(facts, "d", "en")
    assert len(page) < 1_000_000
    assert "40 of 100 agents are drawn" in page
    assert re.search(r"\d+ of 20000 commits can be opened", page)


def test_the_sum_is_that_of_the_agents_at_every_moment() -> None:
    facts = a_past()
    last = sum(one.equity.points[-1][1] for one in facts.agents)
    assert facts.total[-1][1] == last


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", r"cross net: (-?\d\S*) contracts now<"), ("zh", r"cross net：现有(-?\d\S*)张<")],
)
def test_what_is_held_now_is_told_as_that_and_not_at_an_axis(lang: str, words: str) -> None:
    """The line of none has no figure: one beside it was read as its height."""
    facts = a_past()
    told = re.findall(words, past_page(facts, "d", lang))
    now = [str(held.points[-1][1]) for one in facts.agents for held in one.held.values()]
    assert sorted(told) == sorted(now)
    assert ("the dead included" if lang == "en" else "含已死亡") in past_page(facts, "d", lang)


def test_a_small_chart_has_a_scale_and_not_one_figure() -> None:
    """Of one figure nobody can tell what a step is worth."""
    facts = a_past()
    page = past_page(facts, "d", "en").partition("<h2>Agents</h2>")[2]
    scales = re.findall(r'<svg height="60" aria-hidden="true">(.*?)</svg>', page, re.DOTALL)
    moved = [one for one in facts.agents if one.equity.span]
    assert sum(scale.count("<text") > 1 for scale in scales) >= len(moved) > 0


def test_a_kill_an_outage_a_death_a_freeze_and_what_is_lost_are_marked() -> None:
    facts = a_past()
    assert [one.kind for one in facts.marks] == [
        "opened", "death", "ended", "opened", "recovered", "frozen", "closed",
    ]  # fmt: skip
    assert [one.about for one in facts.marks if one.about] == [
        "LiveAgent_03", "ETH-USDT-SWAP: stopped by Wang",
    ]  # fmt: skip
    (down,) = facts.down
    assert down[1] - down[0] > 9 * 3_600_000
    (gap,) = facts.unshown
    assert gap.last - gap.first == 39
    page = past_page(facts, "d", "en")
    assert "no sound copy of what was written there is left" in page
    assert "frame fails its checksum" in page
    for kind in ("opened", "ended", "recovered", "down", "unshown"):
        assert f'class="{kind}"' in page


def test_of_a_hosts_own_fields_only_the_name_is_shown_and_nothing_that_looks_like_a_secret() -> (
    None
):
    secret, other = "sk-live-0123456789abcdef", "OK-ACCESS-SIGN: c2lnbmF0dXJlMTIzNDU2Nzg5MA=="
    collector = PastCollector()
    collector.opened(1, 1, 1000)
    documents = {
        "agents/A": agent("5", broker_key=secret, gene={"k": secret}, death_reason=other),
        "freeze": {"everything": {"reason": f"Authorization: Bearer {secret}", "since_ms": 1}},
        "mastermind": {"strategy_history": [{"apiKey": secret}], "note": secret},
    }
    before = dict.fromkeys(documents)
    for documents_before in (before, {key: {} for key in documents}):
        changes, more = told_changes(documents_before, documents)
        told = ToldCommit(2, 2000, 1, "trade", changes, (), more)
        collector.commit(told, list(documents), documents)
    page = past_page(collector.facts(), "d", "en")
    assert "current_capital" in page
    assert secret not in page
    assert "c2lnbmF0dXJlMTIzNDU2Nzg5MA" not in page
    assert "broker_key" in page


def test_nothing_from_outside_ends_the_data_or_becomes_markup() -> None:
    collector = PastCollector()
    collector.opened(1, 1, 1000)
    documents = {f"agents/{EVIL}": agent("5", **{EVIL: 1}), f"private_ledgers/{EVIL}": {
        "capital": "5", "positions": [{"inst_id": EVIL, "mgn_mode": EVIL, "pos_side": EVIL,
        "qty_contracts": "3"}]}}  # fmt: skip
    changes, more = told_changes(dict.fromkeys(documents), documents)
    told = ToldCommit(2, 2000, 1, EVIL, changes, ((EVIL, 1),), more)
    collector.commit(told, list(documents), documents)
    page = past_page(collector.facts([EVIL]), EVIL, "zh")
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    assert "<img" not in page
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    (row,) = json.loads(data)["commits"]
    assert "alert(1)" in row[3], "the reason, as text"
    assert not re.search(r"https?://|<link|@import|url\(", page)


def test_the_script_of_the_page_is_the_only_one_its_policy_lets_run() -> None:
    import base64
    import hashlib

    page = past_page(a_past(), "d", "en")
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in page
    assert "default-src &#39;none&#39;" in page


def test_of_a_commit_with_many_fields_the_first_are_shown_and_the_rest_counted() -> None:
    documents = {f"agents/A{n}": agent(str(n + 1)) for n in range(20)}
    changes, more = told_changes(dict.fromkeys(documents), documents)
    assert len(changes) == CHANGES_MAX
    assert more == 20 * 3 - CHANGES_MAX


def test_what_an_agent_did_is_told_before_what_else_was_saved_with_it() -> None:
    documents = {"watermark": {"fills_ms": 5}, "intents/x": {"side": "buy"}, "agents/A": agent("1")}
    changes, _ = told_changes(dict.fromkeys(documents), documents)
    assert [one.key for one in changes if one.name] == [
        "agents/A", "agents/A", "intents/x", "watermark",
    ]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_axis_of_all_equity_has_a_unit(lang: str) -> None:
    """An agent's own curve has its last amount in dollars beside it; the sum has none."""
    assert re.search(r"<h2>[^<]*USDT[^<]*</h2>", past_page(a_past(), "d", lang))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_word_is_missing(lang: str) -> None:
    page = past_page(a_past(), "d", lang)
    assert not re.search(r"\b(?:past|page|report|cli)\.[a-z]+\b", page.partition("<script>")[0])
