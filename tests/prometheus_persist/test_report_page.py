"""The HTML report: every fact is there, nothing comes from elsewhere, nothing can inject markup."""

import dataclasses
import re

import pytest
from test_report_text import first_start, needs_human, seed_like, unread

from prometheus_persist.report.messages import MESSAGES
from prometheus_persist.report.page import BADGES, render_page

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
    tone, said = BADGES[facts.decision]
    words = MESSAGES[said][0 if lang == "zh" else 1]
    assert f'<div class="badge {tone}">{words}</div>' in page
    assert not re.search(r"page\.\w+|report\.\w+", page), "a message id was left as it is"


def test_the_page_asks_for_nothing_from_elsewhere():
    page = render_page(seed_like(), "en")
    assert not re.search(r"<script|https?://|<link|@import|src=", page)


def test_an_agent_cannot_put_markup_into_the_page():
    facts = seed_like()
    evil = dataclasses.replace(facts.system.agents[0], agent_id="<script>alert(1)</script>")
    page = render_page(
        dataclasses.replace(facts, system=dataclasses.replace(facts.system, agents=(evil,))), "en"
    )
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
