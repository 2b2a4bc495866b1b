"""The table of scenarios: what happened, what is found, what is done, and what must not be done.

Every row runs against an exchange in a process of its own, through an unmodified ccxt client, with
a store on disk. Whatever a row expects, this holds for all of them:

- The same view gives the same plan, read twice, and reading it changes no file (P4).
- Reconciliation sends the exchange nothing but questions, and moves nothing there (P7).
- A plan that needs a human, or cannot be judged, changes no ledger byte and no durable state.
- Once a plan is applied, both ledgers agree, Σ agents + unattributed = exchange for every key (R2),
  against what the exchange itself knows, the money agrees with its truth (R4), and a second
  reconciliation finds nothing (P1).
- ``cold`` and ``warm`` rows end with a store that opens again with the same durable state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scenario_rows import ASK, COLD, FRESH, INCOMPLETE, Row, Scenario, scenarios
from scenario_stage import FIRST, Stage, found_in
from scenario_table import ROWS

import fakeokx
from prometheus_persist.errors import Frozen
from prometheus_persist.reconcile import Verdict
from prometheus_persist.report.facts import RecoveryFacts

TABLE = tuple(scenarios(ROWS))
CASES = "ABCDEFGHIJKLM"


@pytest.fixture(scope="module")
def venue() -> Iterator[Any]:
    with fakeokx.launch() as running:
        running.checkpoint(FIRST)
        yield running


def pending(scenario: Scenario) -> Any:
    reason = scenario.row.pending
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(scenario, id=scenario.name, marks=marks)


@pytest.mark.parametrize("scenario", [pending(each) for each in TABLE])
def test_scenario(scenario: Scenario, venue: Any, tmp_path: Path) -> None:
    row = scenario.row
    stage = Stage(venue, tmp_path / "store", scenario.mode, row.agents, row.settings, row.earlier)
    try:
        played(stage, scenario)
        facts = reconciled(stage, scenario)
        if facts.applied:
            settled(stage, row)
        elif row.approvable:
            assert facts.plan is not None
            approved = stage.session.approve(stage.reader, facts.plan.plan_hash)
            assert approved.applied
            settled(stage, row)
        stage.play(row.after)
        if row.after:
            conserved(stage)
        opens_again(stage)
    finally:
        stage.end()


def played(stage: Stage, scenario: Scenario) -> None:
    row = scenario.row
    if scenario.start != FRESH:
        stage.begin()
    stage.play(row.before)
    stage.play(row.edits)
    if scenario.start == COLD:
        stage.die()
    stage.play(row.away)


def reconciled(stage: Stage, scenario: Scenario) -> RecoveryFacts:
    """The plan, its decision, and what must not have happened on the way."""
    row = scenario.row
    files, truth, posts = stage.ledger_bytes(), stage.truth(), stage.posts()
    looked = stage.looked()
    assert stage.ledger_bytes() == files
    if scenario.start == COLD:
        stage.come_back()
    digest, files = stage.session.digest(), stage.ledger_bytes()
    facts = stage.reconciled()
    if not facts.postponed:
        assert looked.plan == facts.plan or looked.plan.plan_hash == facts.plan.plan_hash
    assert (stage.truth(), stage.posts()) == (truth, posts)
    plan = looked.plan if facts.postponed else facts.plan
    found = [] if plan is None else found_in(plan)
    assert found == sorted(row.plan, key=repr), plan
    assert facts.decision == row.decision, facts
    if row.decision in (ASK, INCOMPLETE):
        assert not facts.applied
        assert not stage.session.may_trade
        assert (stage.session.digest(), stage.ledger_bytes()) == (digest, files)
        with pytest.raises(Frozen):
            stage.do_unsent(row.agents.split()[-1], "long", 1)
    else:
        assert stage.session.may_trade
    return facts


def settled(stage: Stage, row: Row) -> None:
    """R1, R2, R4 and P1."""
    conserved(stage)
    assert stage.books_held() == stage.meant(row.holds)
    again = stage.reconciled()
    assert again.plan is not None
    assert (found_in(again.plan), again.plan.incomplete) == ([], False)
    money = again.plan.money
    assert money is not None
    assert (money.verdict, money.settled) == (Verdict.MATCH, stage.venue_settled()), money
    cash = {owner: {k: v for k, v in kinds.items() if v} for owner, kinds in stage.cash().items()}
    meant = {
        owner: {words.split()[0]: Decimal(words.split()[1])} for owner, words in row.cash.items()
    }
    assert {o: k for o, k in cash.items() if k} == {
        o: k for o, k in meant.items() if any(k.values())
    }


def conserved(stage: Stage) -> None:
    held = stage.books_held("private")
    assert held == stage.books_held("public")
    total: Counter[Any] = Counter()
    for (_, key), quantity in held.items():
        total[key] += quantity
    assert {key: q for key, q in total.items() if q} == stage.venue_held()
    state = stage.session.state
    for name, agent in state.agents.items():
        assert agent.current_capital == state.private_ledgers[name].capital, name
        assert isinstance(agent.current_capital, Decimal)


def opens_again(stage: Stage) -> None:
    digest = stage.session.digest()
    stage.die()
    stage.come_back()
    assert stage.session.digest() == digest


def test_the_table_is_whole() -> None:
    """At least 120 scenarios; every case and its near misses in both modes and from both starts."""
    names = [each.name for each in TABLE]
    assert len(set(names)) == len(names) >= 120
    for case in CASES:
        for near in (False, True):
            found = [each for each in TABLE if (each.row.case, each.row.near) == (case, near)]
            assert {each.start for each in found} >= {"warm", "cold"}, (case, near)
            assert {each.mode for each in found} == {"net", "hedge"}, (case, near)


def test_what_reconciliation_sends_would_be_seen(venue: Any, tmp_path: Path) -> None:
    """An order is counted, and moves what the exchange knows; a reconciliation does neither."""
    stage = Stage(venue, tmp_path / "store", "net", "A", {})
    try:
        stage.begin()
        truth, posts = stage.truth(), stage.posts()
        stage.reconciled()
        assert (stage.truth(), stage.posts()) == (truth, posts)
        stage.do_trade("A", "long", 1)
        assert stage.posts() == posts + 1
        assert stage.truth() != truth
    finally:
        stage.end()
