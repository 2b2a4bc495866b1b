"""What a report says of its facts: decisions, money, counts, and the JSON form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest
from report_kit import agents, facts, first_start, needs_human, seed_like, unread

from prometheus_persist.reconcile import reconcile
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.messages import message
from prometheus_persist.report.pages.recovery_page import render_page
from prometheus_persist.report.text import render_text
from prometheus_persist.report.values import money
from prometheus_persist.state.system_facts import system_facts


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("decision", ["go", "go_restricted", "human", "incomplete"])
def test_every_decision_is_said_and_only_go_says_that_trading_may_go_on_freely(
    decision: str, lang: str
) -> None:
    text = render_text(facts(None, decision, frozen_all="by hand", venue_problem="x"), lang)
    free = message("report.go", lang)
    assert (free in text) == (decision == "go")
    assert "by hand" in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_was_only_looked_at_is_not_called_corrected(lang: str) -> None:
    """A plan that was shown and not applied: the decision says so, in the text and on the page."""
    done = seed_like()
    looked = dataclasses.replace(done, applied=False)
    pending = message("report.pending", lang)
    for given, is_said in ((looked, True), (done, False)):
        text = render_text(given, lang)
        assert (pending in text) is is_said
        assert (message("report.go_corrected", lang) in text) is not is_said
        assert (message("page.pending", lang) in render_page(given, lang)) is is_said
    world = agents()
    clean = facts(reconcile(world.books(), world.view()), "go")
    assert pending not in render_text(clean, lang)


@pytest.mark.parametrize(
    ("amount", "signed", "expected"),
    [
        ("12500", False, "$12,500"),
        ("2500", True, "+$2,500"),
        ("-150", True, "-$150"),
        ("-0.5", False, "-$0.50"),
        ("0", True, "$0"),
        ("-0.001", True, "-$0.001"),
        ("0.004", False, "$0.004"),
        ("0.006", False, "$0.01"),
        ("0.00", True, "$0"),
        ("1234567.891", False, "$1,234,567.89"),
    ],
)
def test_money_is_shown_as_people_write_it(amount: str, signed: bool, expected: str) -> None:
    assert money(amount, signed=signed) == expected


@pytest.mark.parametrize("make", [seed_like, needs_human, unread, first_start])
def test_the_json_form_survives_a_round_trip_and_carries_the_hash(
    make: Callable[[], RecoveryFacts],
) -> None:
    made = make()
    form = facts_to_json(made)
    assert json.loads(json.dumps(form, allow_nan=False)) == form
    assert form["decision"] == made.decision
    if made.plan is not None:
        assert form["plan"]["plan_hash"] == made.plan.plan_hash
        assert len(form["plan"]["findings"]) == len(made.plan.findings)
    else:
        assert form["plan"] is None


def test_system_facts_are_counted_from_the_state() -> None:
    world = agents()
    world.trade("LiveAgent_01", "buy", 5)
    world.trade("LiveAgent_01", "sell", 2, booked=False, intent="PENDING")
    dead = world.state.agents["LiveAgent_03"]
    world.state.agents["LiveAgent_03"] = dead.model_copy(
        update={"state": "DEAD", "death_reason": "NATURAL_DEATH"}
    )
    found = system_facts(world.state, 7)
    assert found.public_records == 7
    assert found.private_ledgers == 3
    assert found.open_intents == 1
    assert [(a.agent_id, a.alive, a.positions) for a in found.agents] == [
        ("LiveAgent_01", True, 1),
        ("LiveAgent_02", True, 0),
        ("LiveAgent_03", False, 0),
    ]
    assert found.agents[0].capital == "9999.95"
    assert found.agents[2].death_reason == "NATURAL_DEATH"
