"""What holds after every row, whatever it expects.

SAFE  Wherever the gate is open, Σ agents + unattributed is what the exchange holds, exactly, and
      every agent's private ledger says what its public one says. Excepted is a position for which
      an order is on its way: that it was executed may not be shown yet, to anybody.
LIVE  From every end of a row the report names what leads back to trading, and it works: a wait, a
      human's word, an account that is meant, a given-up order, a lifted freeze. Then every living
      agent can open and close, everybody can close what he holds, and the books are right again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from scenario_rows import ALL, BTC, ETH, HEDGE, Row
from scenario_stage import Stage, found_in, present

from prometheus_persist.reconcile import Verdict
from prometheus_persist.reconcile.plan import Resolution
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.steps import next_steps
from prometheus_persist.state import PositionKey

MARKETS = (BTC, ETH)
CENT = Decimal("0.01")
STEPS_MAX = 9
LONG_ENOUGH_MS = 60_000


def safe(stage: Stage) -> None:
    """SAFE, by the exchange's own account of the truth."""
    private, public = stage.books_held("private"), stage.books_held("public")
    venue = stage.venue_held()
    keys = {key for _, key in (*private, *public)} | venue.keys()
    keys -= {
        PositionKey(one.inst_id, one.mgn_mode, one.pos_side)
        for one in stage.session.state.intents.values()
        if one.outcome in ("PENDING", "UNKNOWN")
    }
    for inst_id in sorted({key.inst_id for key in keys} | set(MARKETS)):
        if not stage.session.may_trade_on(inst_id):
            continue
        there = {key for key in keys if key.inst_id == inst_id}
        for key in there:
            shown = venue.get(key, Decimal(0))
            assert summed(private)[key] == shown, (key, private, venue)
        mine = {place: q for place, q in private.items() if place[1] in there}
        assert mine == {place: q for place, q in public.items() if place[1] in there}


def summed(held: Mapping[tuple[str, PositionKey], Decimal]) -> Counter[PositionKey]:
    """Σ agents + unattributed, by key."""
    total: Counter[PositionKey] = Counter()
    for (_, key), quantity in held.items():
        total[key] += quantity
    return total


def conserved(stage: Stage) -> None:
    """R1 and R2 for every key, and one capital in an agent's three books."""
    held = stage.books_held("private")
    assert held == stage.books_held("public")
    total = summed(held)
    assert {key: q for key, q in total.items() if q} == stage.venue_held()
    state = stage.session.state
    for name, agent in state.agents.items():
        assert agent.current_capital == state.private_ledgers[name].capital, name
        assert isinstance(agent.current_capital, Decimal)


def quiet(stage: Stage, cash: Mapping[str, str] | None) -> None:
    """P1 and R4: another reconciliation finds nothing, and the money is the account's."""
    again = stage.reconciled()
    assert again.plan is not None
    assert (found_in(again.plan), again.plan.incomplete) == ([], False), again.plan
    money = again.plan.money
    assert money is not None
    assert money.verdict is Verdict.MATCH, money
    assert money.settled is not None
    assert abs(money.settled - stage.venue_settled()) < CENT, money
    if cash is None:
        return
    booked = {owner: {k: v for k, v in kinds.items() if v} for owner, kinds in stage.cash().items()}
    meant = {owner: {words.split()[0]: Decimal(words.split()[1])} for owner, words in cash.items()}
    assert {o: k for o, k in booked.items() if k} == {
        o: k for o, k in meant.items() if any(k.values())
    }


def shut(stage: Stage, row: Row) -> None:
    """What takes no new entries is what the row says, and what is frozen."""
    frozen = stage.session.state.freeze.instruments
    for inst_id in MARKETS:
        waits = ALL in row.shuts or inst_id in row.shuts
        assert stage.session.may_trade_on(inst_id) == (not waits and inst_id not in frozen), inst_id
    assert stage.session.may_trade == (ALL not in row.shuts)


def lives(stage: Stage, *, known: bool = False) -> None:
    """LIVE; the world is another one after that. ``known``: nothing was in the way just now."""
    steps = 0
    if known:
        stage.do_faults()
    while not known or stage.session.state.freeze.instruments:
        facts = stage.reconciled()
        safe(stage)
        steps += 1
        if not _step_back(stage, facts):
            if len(stage.venue.faults()) == 1:
                break
            stage.do_faults()
        assert steps <= STEPS_MAX, f"no way back: {facts.decision}, {facts.plan}"
    everybody_trades(stage)
    conserved(stage)
    if steps > 1:
        facts = stage.reconciled()
        assert facts.decision in ("go", "go_restricted"), facts
        conserved(stage)
    safe(stage)


def _step_back(stage: Stage, facts: RecoveryFacts) -> bool:
    """One of the steps that the report names; False where nothing is in the way."""
    frozen = stage.session.state.freeze.instruments
    if (
        facts.decision == "go"
        and not facts.withheld
        and all(map(stage.session.may_trade_on, MARKETS))
    ):
        return False
    named = {one.text for one in next_steps(facts)}
    assert named - {"step.go_on"}, "the report names no way back"
    plan = None if facts.plan is None else present(facts)
    humans = [] if plan is None else [o for o in plan.findings if o.resolution is Resolution.HUMAN]
    unknown = (
        [] if plan is None else [o for o in plan.findings if o.resolution is Resolution.UNKNOWN]
    )
    if any(one.what == "what.other_account" for one in humans):
        assert "step.adopt_account" in named
        stage.session.recover(stage.reader, adopt_account=stage._uid())
    elif asked := {one.finding_id for one in humans if one.alternatives} - stage.answered:
        assert named >= {"step.write_plan", "step.apply_plan"}
        stage.answered |= asked
        stage.approved(facts, {})
    elif facts.decision == "incomplete" and len(stage.venue.faults()) > 1:
        assert named & {"step.read_again", "step.read_again_soon"}, named
        stage.do_faults()
    elif any(one.alternatives for one in unknown):
        assert named & {"step.if_true", "step.accept_history"}, named
        one = next(one for one in unknown if one.alternatives)
        stage.approved(facts, {one.case.value: one.alternatives[0].name})
    elif facts.unanswered or unknown:
        assert named & {"step.give_up_order", "step.read_again_soon"}, named
        stage.kept["waited", ""] = stage.kept.get(("waited", ""), 0) + 1
        if stage.kept["waited", ""] == 1:
            stage.do_advance(LONG_ENOUGH_MS)
        else:
            told = [one.params["cl_ord_id"] for one in unknown if "cl_ord_id" in one.params]
            assert "step.give_up_order" in named
            for name in {*facts.unanswered, *told}:
                stage.session.give_up(name, "nobody knows")
            stage.answered.clear()
    elif frozen:
        assert "step.unfreeze" in named
        for inst_id in list(frozen):
            stage.session.unfreeze(inst_id, "looked at it")
    else:
        return False
    return True


def everybody_trades(stage: Stage) -> None:
    """Everybody closes what he holds, and every living agent opens and closes."""
    markets = {
        row["instId"]
        for row in stage.client.public_get_public_instruments({"instType": "SWAP"})["data"]
    } | {"BTC-USDT-301227"}
    stage.do_cancel_all()
    for (owner, key), quantity in stage.books_held().items():
        if not owner or key.inst_id not in markets:
            continue
        side = key.pos_side if stage.mode == HEDGE else "long" if quantity > 0 else "short"
        more = {"inst": key.inst_id, "mgn": key.mgn_mode, "reduce": False}
        stage.do_trade(owner, f"close_{side}", abs(quantity), **more)
    living = [name for name, agent in stage.session.state.agents.items() if agent.alive]
    for name, inst_id in zip(living, MARKETS, strict=False):
        stage.do_trade(name, "long", 1, inst=inst_id)
        stage.do_trade(name, "close_long", 1, inst=inst_id, reduce=False)


def opens_again(stage: Stage) -> None:
    """What is durable is what was there."""
    digest: Any = stage.session.digest()
    stage.die()
    stage.come_back()
    assert stage.session.digest() == digest
