"""The table of scenarios: what happened, what is found, what is done, and what must not be done.

Every row runs against an exchange in a process of its own, through an unmodified ccxt client, with
a store on disk. Whatever a row expects, this holds for all of them:

- The same view gives the same plan, read twice, and reading it changes no file (P4; once a row).
- Reconciliation sends the exchange nothing but questions, and moves nothing there (P7).
- What waits for a human, or cannot be judged, takes no new entries, and nothing of it is touched.
  Where that is everything, no ledger byte and no durable state changes.
- Once a plan is applied, both ledgers agree, Σ agents + unattributed = exchange for every key (R2),
  against what the exchange itself knows, the money agrees with its truth (R4), and a second
  reconciliation finds nothing (P1).
- A store opens again with the same durable state.
- SAFE and LIVE (``scenario_checks.py``), after every reconciliation and in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from scenario_checks import MARKETS, conserved, lives, opens_again, quiet, safe, shut
from scenario_rows import (
    ALL,
    BTC,
    COLD,
    FRESH,
    GO,
    HUMAN,
    RESTRICTED,
    Row,
    Scenario,
    Way,
    scenarios,
)
from scenario_stage import BOOKS, FIRST, LOG, Held, Stage, found_in, offered_in
from scenario_table import ROWS

import fakeokx
from prometheus_persist.errors import BadValue, Frozen
from prometheus_persist.reconcile.plan import Resolution
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.pages.recovery_page import render_page
from prometheus_persist.report.sections.findings import finding_words
from prometheus_persist.report.text import render_text
from prometheus_persist.report.values import speaker

TABLE = tuple(scenarios(ROWS))
CASES = "ABCDEFGHIJKLM"


@pytest.fixture(scope="module")
def venue() -> Iterator[Any]:
    with fakeokx.launch() as running:
        running.checkpoint(FIRST)
        yield running


@pytest.mark.parametrize("scenario", [pytest.param(each, id=each.name) for each in TABLE])
def test_scenario(scenario: Scenario, venue: Any, tmp_path: Path) -> None:
    row = scenario.row
    stage = Stage(venue, tmp_path / "store", scenario.mode, row.agents, row.settings, row.earlier)
    try:
        played(stage, scenario)
        facts = reconciled(stage, scenario)
        stage.play(row.meanwhile)
        is_settled = not (row.shuts or row.stays)
        if scenario.way is not None:
            approved(stage, facts if not row.meanwhile else stage.reconciled(), scenario.way)
            stage.play(scenario.way.after)
            is_settled = scenario.way.then in (GO, RESTRICTED)
        elif is_settled:
            assert row.holds is None or stage.books_held() == stage.meant(row.holds)
            conserved(stage)
        stage.play(row.after)
        if row.after:
            conserved(stage)
        opens_again(stage)
        if is_settled:
            quiet(stage, row.cash if scenario.way is None else scenario.way.cash)
        lives(stage, known=is_settled)
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
    truth, posts = stage.truth(), stage.posts()
    looked = looked_at(stage) if scenario.looks else None
    if scenario.start == COLD:
        stage.come_back()
    digest, files = stage.session.digest(), stage.store_bytes()
    before = [stage.books_held(book) for book in BOOKS]
    facts = stage.reconciled()
    assert (stage.truth(), stage.posts()) == (truth, posts)
    plan = facts.plan
    if looked is not None:
        assert looked.plan == plan or looked.plan.plan_hash == plan.plan_hash
    found = [] if plan is None else found_in(plan)
    assert found == sorted(row.plan, key=repr), plan
    assert facts.decision == row.decision, facts
    assert ([] if plan is None else offered_in(plan)) == row.offered(scenario.mode)
    if ALL in row.shuts and not facts.applied_ids:
        assert (stage.session.digest(), stage.store_bytes()) == (digest, files)
    for book, held in zip(BOOKS, before, strict=True):
        assert waiting(facts, held) == waiting(facts, stage.books_held(book))
    if row.shuts:
        assert row.holds is None or stage.books_held() == stage.meant(row.holds)
    shut(stage, row)
    refused(stage, row)
    safe(stage)
    return facts


def looked_at(stage: Stage) -> RecoveryFacts:
    """What ``--plan`` comes to: no file changes."""
    files = stage.store_bytes()
    looked = stage.looked()
    assert stage.store_bytes() == files
    return looked


def waiting(facts: RecoveryFacts, held: Held) -> Held:
    """What the books hold of what waits for a human, or for another reading."""
    found = () if facts.plan is None else facts.plan.findings
    waits = [one for one in found if one.resolution in (Resolution.HUMAN, Resolution.UNKNOWN)]
    keys = {one.key for one in waits if one.key is not None}
    insts = {name for one in waits if one.key is None for name in one.about}
    return {place: q for place, q in held.items() if place[1] in keys or place[1].inst_id in insts}


def refused(stage: Stage, row: Row) -> None:
    """New entries on what is shut do not leave."""
    for place in sorted(row.shuts):
        known = place in stage.session.state.agents
        who = place if known else row.agents.split()[-1]
        more = {} if known or place == ALL else {"inst": place}
        inst_id = more.get("inst", BTC)
        short = any(
            owner == who and key.inst_id == inst_id and quantity < 0
            for (owner, key), quantity in stage.books_held().items()
        )
        gone = (BadValue,) if inst_id not in MARKETS else ()
        with pytest.raises((Frozen, *gone)):
            stage.do_unsent(who, "short" if short else "long", 1, **more)


def approved(stage: Stage, facts: RecoveryFacts, way: Way) -> None:
    """A human has spoken: the second look is clean, and is what the exchange holds."""
    done = stage.approved(facts, way.choose)
    assert (done.applied, done.decision) == (True, way.then), done
    assert done.left is not None
    safe(stage)
    assert stage.books_held() == stage.meant(way.holds)
    if way.then in (GO, RESTRICTED):
        assert (found_in(done.left), done.left.incomplete) == ([], False)
        conserved(stage)


def test_the_table_is_whole() -> None:
    """Every case and its near misses in both modes and from both starts; a way out of each row."""
    names = [each.name for each in TABLE]
    assert len(set(names)) == len(names) >= 120
    for case in CASES:
        for near in (False, True):
            found = [each for each in TABLE if (each.row.case, each.row.near) == (case, near)]
            assert {each.start for each in found} >= {"warm", "cold"}, (case, near)
            assert {each.mode for each in found} == {"net", "hedge"}, (case, near)
    for row in ROWS:
        asks = any(resolution == HUMAN for _, resolution, _, _ in row.plan)
        assert row.ways or not asks or not row.offers, row.name


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


def test_books_that_are_wrong_behind_an_open_gate_would_be_seen(venue: Any, tmp_path: Path) -> None:
    """Written in both ledgers, in one of them, or moved at the exchange: SAFE does not hold."""
    stage = Stage(venue, tmp_path / "store", "net", "A B", {})
    try:
        stage.begin()
        stage.do_trade("A", "long", 3)
        safe(stage)
        for book in BOOKS:
            stage.do_edit("A", book, scale="2")
            with pytest.raises(AssertionError):
                safe(stage)
        stage.do_approve()
        safe(stage)
        stage.do_hand("short", 1)
        with pytest.raises(AssertionError):
            safe(stage)
    finally:
        stage.end()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_a_later_look_corrects_stands_in_every_form_of_the_report(
    venue: Any, tmp_path: Path, lang: str
) -> None:
    """A hand closes what a stop was for: only once that is booked the stop stands alone, and it is
    noted, and no news again. Unsaid there, nobody would ever hear of it."""
    scenario = next(one for one in TABLE if "all of it beside stops" in one.row.name)
    stage = Stage(venue, tmp_path / "store", scenario.mode, scenario.row.agents, {})
    try:
        stage.begin()
        stage.play((*scenario.row.before, *scenario.row.away))
        facts = stage.approved(stage.reconciled(), {})
        (alone,) = [one for plan in facts.later for one in plan.findings]
        assert (alone.what, facts.decision) == ("what.stop_alone", GO)
        assert alone.finding_id in facts.applied_ids
        name, say = alone.params["cl_ord_id"], speaker(lang)
        words = finding_words(alone, facts.later[0], say)[0]
        text, page = render_text(facts, lang), unescape(render_page(facts, lang))
        assert text.count(words) == 1
        assert page.count(words) == 2  # beside the findings, and in the text at its end
        assert f"orders cancel {name}" in text
        assert [one["findings"][0]["finding_id"] for one in facts_to_json(facts)["later"]] == [
            alone.finding_id
        ]
        log = (stage.root / LOG).read_text("utf-8")
        assert log.count(f"finding {alone.finding_id} ") == 2  # as it was due, and as it was done
        assert (
            f"finding {alone.finding_id} case=G resolution={alone.resolution} applied=True" in log
        )
    finally:
        stage.end()
