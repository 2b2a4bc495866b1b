"""The HTML report: every fact is there, nothing comes from elsewhere, nothing can inject markup."""

import dataclasses
import html
import json
import re
from itertools import pairwise

import pytest
from report_kit import RESTORED_MS, SAVED_MS, first_start, needs_human, seed_like, unread

from prometheus_persist.reconcile.plan import Evidence
from prometheus_persist.reconcile.views import UnmanagedPosition
from prometheus_persist.report.facts import (
    Damage,
    FlattenFacts,
    FrozenFacts,
    LeftFacts,
    MoneyRow,
    RecoveryFacts,
    SourceFacts,
    StandingFacts,
)
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.messages import MESSAGES
from prometheus_persist.report.page import BADGES, PARTIAL, render_page
from prometheus_persist.report.text import render_text
from prometheus_persist.report.timeline import (
    DOT_STEP,
    LABEL_WIDTH,
    LEFT,
    RIGHT,
    STACK_MAX,
    timeline,
)
from prometheus_persist.report.values import speaker

EVERY = {"seed": seed_like, "human": needs_human, "unread": unread, "first": first_start}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", EVERY)
def test_the_page_shows_every_agent_key_and_finding_and_the_decision(name, lang):
    facts = EVERY[name]()
    page = render_page(facts, lang)
    for agent in facts.system.agents:
        assert agent.agent_id in page
    if facts.plan is not None:
        for balance in facts.plan.balances:
            assert str(balance.key) in page
        for finding in facts.plan.findings:
            assert finding.finding_id in page
    tone, said = (PARTIAL if facts.may_trade else BADGES)[facts.decision]
    words = MESSAGES[said][0 if lang == "zh" else 1]
    assert f'<div class="badge {tone}">{words}</div>' in page
    assert not re.search(r"page\.\w+|report\.\w+", page), "a message id was left as it is"


def test_the_page_asks_for_nothing_from_elsewhere():
    page = render_page(seed_like(), "en")
    assert not re.search(r"<script|https?://|<link|@import|src=", page)


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def hostile():
    """Every text that comes from outside is an attack."""
    facts = needs_human()
    evidence = (Evidence(EVIL, EVIL, {EVIL: EVIL, "ts_ms": str(SAVED_MS + 1)}),)
    findings = tuple(
        dataclasses.replace(
            one,
            agent_id=EVIL,
            params={k: v if k in ("pnl", "fee") else EVIL for k, v in one.params.items()},
            evidence=evidence,
        )
        for one in facts.plan.findings
    )
    agent = dataclasses.replace(facts.system.agents[0], agent_id=EVIL)
    dead = dataclasses.replace(facts.system.agents[2], agent_id=EVIL, death_reason=EVIL)
    return dataclasses.replace(
        facts,
        plan=dataclasses.replace(facts.plan, findings=findings, plan_hash=EVIL),
        restore=dataclasses.replace(facts.restore, damages=(Damage(EVIL, 1, EVIL, "lost"),)),
        system=dataclasses.replace(
            facts.system,
            agents=(agent, dead),
            frozen=(FrozenFacts(EVIL, EVIL, SAVED_MS, ""),),
            standing=(StandingFacts(EVIL, EVIL, "1", "2", SAVED_MS),),
        ),
        money_rows=(MoneyRow(EVIL, {EVIL: "1"}, "1"),),
        sources=(SourceFacts(EVIL, False, 1, 1, 1, 1, EVIL),),
        mode=EVIL,
        policy=EVIL,
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_from_outside_can_put_markup_into_the_page(lang):
    page = render_page(hostile(), lang)
    assert "<script" not in page
    assert "<img" not in page
    assert 'onerror=alert(2)">' not in page
    assert page.count("&lt;script&gt;") > 20


def test_the_page_of_hostile_facts_asks_for_nothing_either():
    assert not re.search(
        r"<script|https?://|<link|@import|<[^>]+ src=", render_page(hostile(), "en")
    )


def full():
    """Everything a report can have at once."""
    facts = needs_human()
    return dataclasses.replace(
        facts,
        system=dataclasses.replace(
            facts.system,
            frozen=(
                FrozenFacts("", "stopped by Wang", SAVED_MS),
                FrozenFacts("ETH-USDT-SWAP", "x", SAVED_MS, "J-0123456789ab"),
            ),
            standing=(
                StandingFacts("LiveAgent_03", "SOL-USDT-SWAP cross net", "-5", "0.10123", SAVED_MS),
            ),
        ),
        money_rows=(
            MoneyRow("LiveAgent_01", {"pnl": "12.3", "funding": "-0.0004"}, "12.2996"),
            MoneyRow("", {"transfer": "1000"}, "1000"),
        ),
        sources=(
            SourceFacts("fills", False, RESTORED_MS, 12, SAVED_MS - 1000, SAVED_MS, "too old"),
            SourceFacts("positions", True, RESTORED_MS, 3, 0, 0, ""),
        ),
        mode="full",
        policy="observe",
        duration_ms=1234,
    )


@pytest.mark.parametrize("form", [render_text, render_page])
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "stopped by Wang|traded outside the system (J-0123456789ab)|LiveAgent_03 (dead)"
               "|0.10123|-$0.0004|funding|+$1,000|too old|1,234"
               "|2025-12-03 01:12:43 UTC|observe|full"),
        ("zh", "stopped by Wang|系统外的成交 (J-0123456789ab)|LiveAgent_03 (已死亡)"
               "|0.10123|-$0.0004|资金费|+$1,000|too old|1,234"
               "|2025-12-03 01:12:43 UTC|只观察|完全恢复"),
    ],
)  # fmt: skip
def test_freezes_standing_positions_money_sources_and_durations_are_told(form, lang, words):
    told = form(full(), lang)
    assert [word for word in words.split("|") if word not in told] == []


def test_what_could_not_be_closed_and_what_was_postponed_is_on_the_page_too():
    left = LeftFacts("LiveAgent_01", "SOL-USDT-SWAP cross net", "7", "the exchange refused")
    flattened = FlattenFacts(sent=3, left=(left,), open_orders=("ord9",))
    for more in ({"flattened": flattened}, {"postponed": ("order1", "order2")}):
        facts = dataclasses.replace(full(), **more)
        told, page = render_text(facts, "zh"), html.unescape(render_page(facts, "zh"))
        section = told.split("【启动决策】\n")[1].split("\n\n")[0].splitlines()
        assert len(section) > 1
        assert [line for line in section if f"<li>{line}</li>" not in page] == []


def test_the_json_has_every_field_of_the_facts():
    form = json.loads(json.dumps(facts_to_json(full()), allow_nan=False))
    assert form == facts_to_json(full())
    fields = {field.name for field in dataclasses.fields(RecoveryFacts)}
    assert fields <= form.keys()
    assert form["money_rows"][0]["kinds"] == {"pnl": "12.3", "funding": "-0.0004"}
    assert form["sources"][0]["problem"] == "too old"
    assert form["system"]["frozen"][1]["finding_id"] == "J-0123456789ab"
    assert form["system"]["standing"][0]["contracts"] == "-5"


def test_every_row_of_evidence_is_there_with_its_fields():
    facts = needs_human()
    page = render_page(facts, "en")
    rows = [row for one in facts.plan.findings for row in one.evidence]
    assert len(rows) > 3
    for row in rows:
        assert f"{row.kind} {row.ref}" in page
        for name, value in row.fields.items():
            assert not value or f'<span class="dim">{name}</span> {value}' in page


@pytest.mark.parametrize("at_ms", [SAVED_MS, (SAVED_MS + RESTORED_MS) // 2, RESTORED_MS])
def test_the_line_of_the_outage_puts_each_event_where_it_happened(at_ms):
    facts = seed_like()
    rows = (Evidence("fill", "x:1", {"ts_ms": str(at_ms)}),)
    moved = tuple(dataclasses.replace(one, evidence=rows) for one in facts.plan.findings)
    facts = dataclasses.replace(facts, plan=dataclasses.replace(facts.plan, findings=moved))
    found = timeline(facts, speaker("en"))
    part = (at_ms - SAVED_MS) / (RESTORED_MS - SAVED_MS)
    assert [abs(mark.x - (LEFT + part * (RIGHT - LEFT))) <= 1 for mark in found.marks] == [True]


def test_many_events_are_all_there_and_no_label_runs_into_another():
    facts = seed_like()
    rows = tuple(
        Evidence("fill", f"x:{n}", {"ts_ms": str(SAVED_MS + n * 40_000)}) for n in range(400)
    )
    moved = (dataclasses.replace(facts.plan.findings[0], evidence=rows),)
    facts = dataclasses.replace(facts, plan=dataclasses.replace(facts.plan, findings=moved))
    marks = timeline(facts, speaker("en")).marks
    assert len(marks) == 400
    assert len({(mark.x // DOT_STEP, mark.y) for mark in marks}) == 400
    labelled = sorted((mark.label_y, mark.x) for mark in marks if mark.label_y)
    assert len(labelled) > 8
    for (lane, x), (next_lane, next_x) in pairwise(labelled):
        assert lane != next_lane or next_x - x >= LABEL_WIDTH


def test_events_at_one_place_are_counted_where_they_cannot_be_shown():
    facts = seed_like()
    rows = tuple(Evidence("fill", f"x:{n}", {"ts_ms": str(SAVED_MS + 5)}) for n in range(1000))
    moved = (dataclasses.replace(facts.plan.findings[0], evidence=rows),)
    facts = dataclasses.replace(facts, plan=dataclasses.replace(facts.plan, findings=moved))
    marks = timeline(facts, speaker("en")).marks
    assert len(marks) == STACK_MAX
    assert marks[-1].title.endswith(f"(and {1000 - STACK_MAX} more)")
    assert "more" not in marks[0].title


def test_there_is_no_line_where_nothing_is_known_to_have_happened():
    assert timeline(first_start(), speaker("en")) is None
    assert "<svg" not in render_page(unread(), "en")


def test_the_page_has_every_way_to_answer_and_every_command():
    """Graded, with what each does to whom; the suggested one is marked; all of it can be pasted."""
    facts = dataclasses.replace(needs_human(), options="--dir 'my store'")
    page = html.unescape(render_page(facts, "en"))
    form = facts_to_json(facts)
    assert len(form["choices"]) == 4
    for one in form["choices"]:
        assert f"<code>{one['command']}</code>" in page
        assert f'<span class="id">{one["alternative"]}</span>' in page
    assert page.count("★ suggested") == 1
    assert page.count('<div class="way') == 4
    for step in form["next"]:
        assert f"<pre>{step['command']}</pre>" in page
    for words in ("No new entries for now", "Orders without an answer", "s ahead of OKX's"):
        assert words in page


def test_what_these_books_do_not_keep_is_listed():
    found = UnmanagedPosition("BTC-USD-SWAP", "SWAP", "cross", "", "BTC", "-3", "", "1", EVIL)
    plan = dataclasses.replace(needs_human().plan, unmanaged=(found,))
    page = render_page(dataclasses.replace(needs_human(), plan=plan), "zh")
    assert "账簿不管理的持仓" in page
    assert "BTC-USD-SWAP" in page
    assert EVIL not in page
