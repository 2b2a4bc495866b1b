"""The HTML report: every fact is there, nothing comes from elsewhere, nothing can inject markup."""

import dataclasses
import html
import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from page_gallery import a_night
from report_kit import RESTORED_MS, SAVED_MS, first_start, needs_human, seed_like, unread

from prometheus_persist.reconcile.facts import MoneyRow, SourceFacts
from prometheus_persist.reconcile.plan import Evidence
from prometheus_persist.reconcile.views import UnmanagedPosition
from prometheus_persist.recovery.facts import Damage, FlattenFacts, LeftFacts, RecoveryFacts
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.messages import MESSAGES
from prometheus_persist.report.pages.money_steps import money_steps
from prometheus_persist.report.pages.outage_line import APART, SHOWN_MAX, outage_line
from prometheus_persist.report.pages.recovery_page import BADGES, PARTIAL, render_page
from prometheus_persist.report.text import render_text
from prometheus_persist.report.values import speaker
from prometheus_persist.state.system_facts import FrozenFacts, StandingFacts

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


def test_the_cards_of_the_page_are_in_its_language():
    """Also the first, which says how many agents there are."""
    page = render_page(seed_like(), "en")
    cards = re.findall(r'<div class="card"><b>[^<]*</b>\s*([^<]*)</div>', page)
    assert cards[0] == "agents", cards
    assert all(text.isascii() and not text[:1].isupper() for text in cards), cards


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


class Elements(HTMLParser):
    """The names of all elements and attributes."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes = set(), set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_of_hostile_facts_asks_for_nothing_either():
    page = render_page(hostile(), "en")
    assert not re.search(r"https?://|@import|url\(", page)
    found = Elements(page)
    assert found.names.isdisjoint({"script", "img", "link", "iframe", "object", "embed", "base"})
    asking = {"href", "src", "srcset", "action", "formaction"}
    assert found.attributes.isdisjoint(asking)
    assert not any(name.startswith("on") for name in found.attributes)


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


def happened(*moments_ms):
    """Facts in which these moments are all that is known to have happened."""
    facts = seed_like()
    rows = tuple(Evidence("fill", f"x:{n}", {"ts_ms": str(at)}) for n, at in enumerate(moments_ms))
    moved = (dataclasses.replace(facts.plan.findings[0], evidence=rows),)
    return dataclasses.replace(facts, plan=dataclasses.replace(facts.plan, findings=moved))


@pytest.mark.parametrize("at_ms", [SAVED_MS, (SAVED_MS + RESTORED_MS) // 2, RESTORED_MS])
def test_the_line_of_the_outage_puts_each_event_where_it_happened(at_ms):
    (moment,) = outage_line(happened(at_ms), speaker("en")).moments
    assert moment.share == pytest.approx((at_ms - SAVED_MS) / (RESTORED_MS - SAVED_MS))
    assert [one.at_ms for one in moment.events] == [at_ms]


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "before the last save"), ("zh", "上次保存之前")]
)
def test_what_is_older_than_the_last_save_is_no_part_of_the_outage(lang, words):
    """An execution of last year that is found now did not happen while it was down."""
    old = (SAVED_MS - 1, *(SAVED_MS - n * 86_400_000 for n in range(1, 401)))
    facts = happened(*old, SAVED_MS + 1)
    line = outage_line(facts, speaker(lang))
    assert [[one.at_ms for one in moment.events] for moment in line.moments] == [[SAVED_MS + 1]]
    assert len(line.earlier) + line.earlier_more == len(old)
    assert len(line.earlier) <= SHOWN_MAX
    assert f"<b>{words}</b>" in render_page(facts, lang)
    alone = outage_line(happened(*old), speaker(lang))
    assert (alone.moments, len(alone.earlier)) == ((), min(len(old), SHOWN_MAX))


@pytest.mark.parametrize("apart_ms", [0, 1, 40_000, 3_600_000])
def test_no_dot_stands_on_another_and_every_event_is_listed_or_counted(apart_ms):
    facts = happened(*(SAVED_MS + n * apart_ms for n in range(400)))
    moments = outage_line(facts, speaker("en")).moments
    assert sum(len(one.events) + one.more for one in moments) == 400
    assert all(b.share - a.share >= APART for a, b in pairwise(moments))
    assert all(len(one.events) <= SHOWN_MAX for one in moments)
    assert [one.number for one in moments] == list(range(1, len(moments) + 1))


def test_the_night_of_the_gallery_has_its_moments_in_order_and_the_worst_colour_of_each():
    page = render_page(a_night(), "en")
    line = outage_line(a_night(), speaker("en"))
    assert len(line.moments) == 4
    assert line.moments[1].more == 7
    assert page.count('<b class="no ok">') == 4
    assert "and 7 more" in page


def test_what_was_corrected_is_told_apart_from_what_was_not():
    """Beside "nothing was changed" nothing is called corrected, whatever was found."""
    for name, make in EVERY.items():
        for applied in (True, False):
            facts = make()
            ids = frozenset() if facts.plan is None else facts.applied_ids
            facts = dataclasses.replace(
                facts, applied=applied, applied_ids=ids if applied else frozenset()
            )
            for lang, (corrected, unchanged) in {
                "en": ("differed, corrected", "othing was changed"),
                "zh": ("不一致，已纠正", "未作任何改动"),
            }.items():
                page = render_page(facts, lang)
                assert not (corrected in page and unchanged in page), (name, applied)
    page = render_page(needs_human(), "en")
    assert page.count("differed, corrected") == 1, "the stranger's key; not what a human decides"
    assert "differed, corrected" in render_page(seed_like(), "en")


def test_a_correction_that_did_not_correct_is_not_called_one():
    facts = seed_like()
    assert "differed, corrected" not in render_page(
        dataclasses.replace(facts, left=facts.plan), "en"
    )


def test_before_and_after_stand_side_by_side_for_what_changed():
    page = render_page(a_night(), "en")
    rows = re.findall(r"<tr><td>(LiveAgent_0\d · \w+)</td>.*?>([^<]*)</td>.*?>([^<]*)</td>", page)
    assert rows == [
        ("LiveAgent_01 · capital", "$14,000", "$12,500"),
        ("LiveAgent_01 · PnL", "+$4,000", "+$2,500"),
        ("LiveAgent_01 · positions", "SOL-USDT-SWAP cross net 100", "none"),
        ("LiveAgent_02 · capital", "$11,000", "$11,200.50"),
        ("LiveAgent_02 · PnL", "-$1,400.75", "-$1,200.25"),
    ]


def test_the_water_fall_goes_from_the_reserve_to_what_okx_shows_without_a_gap():
    steps = money_steps(a_night(), speaker("en"))
    for one, following in pairwise(step for step in steps if step.name != "at OKX"):
        assert one.after == following.before
    assert [step.name for step in steps if step.is_level] == [
        "reserve", "explained by the books", "at OKX",
    ]  # fmt: skip
    facts = a_night()
    check = dataclasses.replace(facts.plan.money, settled=Decimal("24200"))
    plan = dataclasses.replace(facts.plan, money=check)
    last = money_steps(dataclasses.replace(facts, plan=plan), speaker("en"))[-1]
    assert (last.name, last.amount) == ("difference", Decimal("-10.65"))


def test_there_is_no_line_where_nothing_is_known_to_have_happened():
    assert outage_line(first_start(), speaker("en")) is None
    assert 'class="outage"' not in render_page(unread(), "en")


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
