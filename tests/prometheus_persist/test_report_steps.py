"""From every end of a reconciliation a command or a wait leads back, and it can be pasted."""

from __future__ import annotations

import dataclasses
import shlex

import pytest
from reconcile_world import ETH, World
from report_kit import facts, first_start
from test_report_every_kind import UNSAID, of_kind, plans
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.reconcile import Plan, reconcile
from prometheus_persist.reconcile.decision import WithheldFacts, decide
from prometheus_persist.reconcile.finding import WORDS
from prometheus_persist.reconcile.plan import Resolution
from prometheus_persist.recovery.facts import FlattenFacts, LeftFacts, RecoveryFacts
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.pages.recovery_page import render_page
from prometheus_persist.report.sections.findings import finding_words
from prometheus_persist.report.steps import NextStep, next_steps
from prometheus_persist.report.text import render_text
from prometheus_persist.report.values import speaker
from prometheus_persist.session import Settings

ODD = "--dir 'my store' --exchange http://x/a --live"


def ended(plan: Plan, *, applied: bool = False) -> RecoveryFacts:
    """The facts of a reconciliation that came to this plan."""
    decision = decide(plan, Settings().human_stops)
    ids = frozenset(one.finding_id for one in decision.apply.findings) if decision.apply else ()
    return facts(
        plan,
        decision.word,
        options=ODD,
        applied=applied and decision.apply is not None,
        applied_ids=frozenset(ids) if applied else frozenset(),
        withheld=decision.withheld,
        unanswered=decision.unanswered,
        may_trade=decision.is_open,
    )


def words_of(step: NextStep) -> list[str]:
    """The command as a shell takes it, without the program."""
    program, *words = shlex.split(step.command)
    assert program == "prometheus-persist"
    return words


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_kind_of_finding_leads_on(kind: str, applied: bool) -> None:
    for one, plan in of_kind(kind):
        made = ended(dataclasses.replace(plan, findings=(one,)), applied=applied)
        steps = next_steps(made)
        assert steps
        for step in steps:
            for lang in ("zh", "en"):
                assert not UNSAID.search(step.said(speaker(lang))), step
            if step.command:
                assert "--dir" in words_of(step)
                assert "my store" in words_of(step)
        unsettled = one.resolution in (Resolution.HUMAN, Resolution.UNKNOWN)
        if unsettled or not applied:
            led = [step.command or "p.recover()" in step.said(speaker("en")) for step in steps]
            assert any(led), (kind, steps)


def test_every_report_has_its_steps_in_text_page_and_json() -> None:
    for plan in plans():
        made = ended(plan)
        text, page = render_text(made, "en"), render_page(made, "en")
        found = next_steps(made)
        assert [row["command"] for row in facts_to_json(made)["next"]] == [s.command for s in found]
        for step in found:
            assert step.command in text
            assert step.said(speaker("en")) in text or step.text == "step.go_on"
        assert page.count("<li>") >= len(found)


def kinds_of(made: RecoveryFacts) -> list[str]:
    return [step.text for step in next_steps(made)]


def test_every_decision_without_a_plan_and_every_wait_has_its_step() -> None:
    clean = dataclasses.replace(plans()[0], findings=(), items=(), source_problems=())
    assert kinds_of(facts(clean, "go")) == ["step.go_on"]
    assert kinds_of(first_start()) == ["step.read_again"]
    assert kinds_of(facts(clean, "incomplete", postponed=("x",))) == ["step.postponed"]
    assert kinds_of(facts(clean, "incomplete")) == ["step.read_again_soon"]
    assert kinds_of(facts(clean, "go", policy="observe")) == ["step.observed"]
    frozen = facts(clean, "go_restricted", frozen_instruments=("X",), frozen_all="night")
    assert kinds_of(frozen) == ["step.unfreeze", "step.unfreeze_all"]
    left = FlattenFacts(1, (LeftFacts("A", "k", "1", "no"),))
    assert kinds_of(facts(clean, "go", flattened=left)) == ["step.flatten_again"]
    waiting = facts(clean, "go_restricted", unanswered=("o1",))
    assert kinds_of(waiting) == ["step.orders", "step.settle_orders", "step.give_up_order"]


def test_what_the_second_look_found_counts() -> None:
    """What was asked and then applied is asked no more; what is left is."""
    [(one, plan), *_] = of_kind("shared_close")
    first = dataclasses.replace(plan, findings=(one,))
    done = facts(first, "go", applied=True, left=dataclasses.replace(first, findings=()))
    assert kinds_of(done) == ["step.go_on"]
    still = dataclasses.replace(done, left=first, decision="human")
    assert kinds_of(still) == ["step.write_plan", "step.apply_plan"]
    assert "Still differing" in render_text(still, "en")


def test_what_goes_through_a_hosts_doors_is_no_commands() -> None:
    """A command has no host: it would correct nothing of it, and say that all is well."""
    [(host, plan), *_] = of_kind("host_lacks")
    [(own, _), *_] = of_kind("fill_unrecorded")
    only = facts(dataclasses.replace(plan, findings=(host,)), "go", policy="observe")
    assert kinds_of(only) == ["step.host_doors"]
    both = facts(dataclasses.replace(plan, findings=(own, host)), "go", policy="observe")
    assert kinds_of(both) == ["step.host_doors", "step.correct"]


def test_another_account_is_two_ways_and_each_has_the_right_options() -> None:
    [(_, plan), *_] = of_kind("other_account")
    right, adopt = next_steps(dataclasses.replace(ended(plan), options="--dir s"))
    assert words_of(right) == ["reconcile", "--dir", "s", "--live"]
    assert words_of(adopt) == ["reconcile", "--yes", "--adopt-account", "22", "--dir", "s"]
    text = render_text(ended(plan), "en")
    assert "the books are kept for account 11 (live), and OKX answered for account 22" in text


def test_a_part_that_waits_is_named_and_the_rest_trades() -> None:
    [(one, plan), *_] = of_kind("shared_close")
    made = ended(dataclasses.replace(plan, findings=(one,)), applied=True)
    assert made.may_trade
    for lang, words in (("en", "the rest may trade"), ("zh", "其余可以继续交易")):
        assert words in render_text(made, lang)
        assert words in render_page(made, lang)
    agent = dataclasses.replace(made, withheld=(WithheldFacts("", "A", "exchange", ("C-1",)),))
    assert "A cannot be judged yet: no new entries there" in render_text(agent, "en")


def test_every_command_is_one_that_the_command_line_knows() -> None:
    """Each is parsed by the program itself: with --help behind it nothing runs."""
    seen = {}
    for plan in plans():
        for step in next_steps(ended(plan)):
            if step.command:
                words = words_of(step)
                shape = tuple(word for word in words if word.startswith("-") or word in ("orders",))
                seen[(words[0], shape)] = words
    assert len(seen) > 5
    for words in seen.values():
        said = CliRunner().invoke(app, [*words, "--help"])
        assert said.exit_code == 0, (words, said.output)
        named = {word for word in words if word.startswith("--")}
        assert all(name in said.stdout for name in named), (words, said.stdout)


@pytest.mark.parametrize("why", ["why.no_instrument", "why.fills_behind"])
def test_nobody_is_told_to_wait_for_a_contract_that_is_listed_no_more(why: str) -> None:
    """An execution of a contract that has been delivered is judged by no later reading: what is
    left is to take what is shown. One that cannot be judged for another reason is waited for."""
    world = World("A")
    world.trade("A", "buy", 1)
    world.trade("A", "buy", 5, inst=ETH, booked=False)
    del world.instruments[ETH]
    world.held = {key: rows for key, rows in world.held.items() if key.inst_id != ETH}
    plan = reconcile(world.books(), world.view())
    (one,) = (each for each in plan.findings if each.what == "what.fill_unjudged")
    assert one.params["why"] == "why.no_instrument"
    other = dataclasses.replace(one, params={**one.params, "why": why})
    named = kinds_of(ended(dataclasses.replace(plan, findings=(other,))))
    assert ("step.read_again_soon" in named) == (why != "why.no_instrument"), named
    assert "step.if_true" in named
    remedy = finding_words(other, plan, speaker("en"))[2]
    assert ("read the exchange again" in remedy) == (why != "why.no_instrument"), remedy
