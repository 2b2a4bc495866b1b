"""One trial of a kind of ``hosted.py``: the host's books, one thing wrong in them, and what came.

Held of each:

- before: reconciliations of books that agree find nothing, and every item is a match;
- the one finding is the one that is due, of its resolution; exactly the items that are due are no
  match, and each says why;
- AUTO: each door was used once for each execution, and the host's two ledgers hold what the oracle
  says, at the typed price; the next recovery finds nothing and uses no door;
- else nothing of the host has moved, the instrument (and no other) takes no new entries, and a
  restart says the same;
- the way back: it is put right by hand, or left as it is by approval. Then everything trades, and
  an order passes, is booked by both, and leaves nothing to be found.

The typed books are the oracle's throughout.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from chaos.chance import generator
from chaos.detect.correct import held_by, told_of, wrong_holdings
from chaos.detect.host_life import LEDGERS, HostLife
from chaos.detect.hosted import HostDeed, HostWound
from chaos.detect.live import ours
from chaos.detect.safe import wrongly_open
from chaos.detect.stage import Kind
from chaos.detect.trial import GOOD, Trial
from chaos.detect.world import LOTS, World
from prometheus_persist.errors import PersistError
from prometheus_persist.reconcile import Finding, Plan, Verdict
from prometheus_persist.recovery.facts import RecoveryFacts

ORDERS_MIN, ORDERS_MAX = 2, 8


def attempt_hosted(kind: Kind, seed: int, number: int) -> Trial:
    """Play one instance; the same three words always give the same one."""
    deed = kind.deed
    assert deed is not None, "a kind of a host's books has a deed"
    rng = generator("detect", kind.name, seed, number)
    trial = Trial(kind.name, f"{seed}/{number}")
    hedged = rng.random() < 0.4 if deed.hedged is None else deed.hedged
    life = HostLife(World(rng, hedged=hedged), deed.doors)
    try:
        _played(trial, life, deed)
    except PersistError as problem:  # an order that has to pass, for most
        trial.corrected_wrongly([f"{type(problem).__name__}: {problem}"], "broken off")
    finally:
        life.end()
    return trial


def _played(trial: Trial, life: HostLife, deed: HostDeed) -> None:
    life.recover()
    life.honest(life.world.rng.randint(ORDERS_MIN, ORDERS_MAX))
    _clean(trial, life, life.recover(), "on books that agree")
    wound = deed.strike(life)
    before = life.bot.rows()
    if life.world.rng.random() < 0.5:
        life.p.save()
        life.restart()
        trial.problems += ["the host is not what was saved"] * (life.bot.rows() != before)
    facts = life.recover()
    plan = facts.plan
    if plan is None:
        trial.problems.append(f"no plan: {facts.venue_problem}")
        return
    _detect(trial, life, facts, wound)
    _classify(trial, plan)
    trial.resolved = facts.decision in GOOD
    last = facts.left or plan
    trial.proposed = not trial.resolved and all(one.alternatives for one in last.findings)
    trial.left = not (trial.resolved or trial.proposed)
    if wound.resolution == "AUTO":
        _told(trial, life, facts, wound)
    else:
        _asked(trial, life, facts, wound, before)
    _typed(trial, life, "in the end")


def _clean(trial: Trial, life: HostLife, facts: RecoveryFacts, when: str) -> None:
    """Nothing is found, every item is a match, everything trades."""
    plan = facts.left or facts.plan
    wrong = ["no plan"] if plan is None else [told_of(one) for one in plan.findings]
    items = () if plan is None else plan.host_items
    wrong += [f"{each}" for each in items if each.verdict is not Verdict.MATCH]
    wrong += [] if facts.decision in GOOD else [facts.decision]
    trial.corrected_wrongly(wrong[:5], when)
    _typed(trial, life, when)


def _typed(trial: Trial, life: HostLife, when: str) -> None:
    wrong = wrong_holdings(held_by(life.p.session.state), life.world.truth())
    trial.corrected_wrongly(wrong.values(), f"typed books {when}")
    opened = wrongly_open(life.p.session, life.world)
    trial.wrong_gates += bool(opened)
    trial.problems += opened


def _detect(trial: Trial, life: HostLife, facts: RecoveryFacts, wound: HostWound) -> None:
    """The finding, at the look that decided, and the items of the first look."""
    failed = wound.cause == "cause.host_door_failed"
    plan = facts.left if failed else facts.plan
    assert plan is not None or failed
    found = [] if plan is None else [one for one in plan.findings if one.case == "N"]
    named = [one for one in found if _is(one, wound)]
    others = [told_of(one) for one in found if not _is(one, wound)]
    first = facts.plan
    assert first is not None
    off = {
        (one.ledger, (one.agent_id, *one.key), one.item.value)
        for one in first.host_items
        if one.verdict is not Verdict.MATCH
    }
    trial.detected = bool(named) and off == wound.items
    if not named:
        trial.problems.append(f"looked for {wound.cause} {wound.resolution}: {others or 'nothing'}")
    if off != wound.items:
        trial.problems.append(f"items: {_listed(off ^ wound.items)}")
    trial.corrected_wrongly(others, "found beside it")
    if len(life.bot.doors) != wound.doors:
        trial.corrected_wrongly([f"doors {life.bot.doors}, due {wound.doors}"], "used")


def _is(one: Finding, wound: HostWound) -> bool:
    about = wound.resolution == "UNKNOWN" or (one.agent_id, one.key) == (wound.agent, wound.place)
    return one.cause == wound.cause and one.resolution == wound.resolution and about


def _listed(items: Iterable[object]) -> list[str]:
    return sorted(map(str, items))[:4]


def _classify(trial: Trial, plan: Plan) -> None:
    """Four items for each position of each ledger, and a reason for each that is no match."""
    places = {(one.ledger, one.agent_id, one.key) for one in plan.host_items}
    blank = [one for one in plan.host_items if one.verdict is not Verdict.MATCH and not one.note]
    trial.classified = len(plan.host_items) == 4 * len(places) and not blank
    trial.problems += [f"not classified: {blank[:3]}"] * (not trial.classified)


def _told(trial: Trial, life: HostLife, facts: RecoveryFacts, wound: HostWound) -> None:
    """The doors have done it."""
    trial.corrected_wrongly([facts.decision] * (facts.decision not in GOOD), "after the doors")
    truth = life.world.truth().held
    for name in LEDGERS:
        shown: dict[tuple[str, str, str], dict[str, Fraction]] = {}
        for (agent, *place), one in life.bot.ledger(name).items():
            shown.setdefault((place[0], place[1], place[2]), {})[agent] = Fraction(one.size)
        wrong = [
            f"{name} {key}"
            for key in shown.keys() | truth.keys()
            if shown.get(key, {}) != truth.get(key, {})
        ]
        trial.corrected_wrongly(wrong, "the host after the doors")
    used = len(life.bot.doors)
    life.restart()
    _clean(trial, life, life.recover(), "after the doors and a restart")
    if len(life.bot.doors) != used:
        trial.corrected_wrongly([f"{life.bot.doors}"], "doors used again")
    _trades(trial, life, wound)


def _asked(
    trial: Trial, life: HostLife, facts: RecoveryFacts, wound: HostWound, before: list[str]
) -> None:
    """Nothing has moved, only its instrument is shut, and there is a way back."""
    passes = life.p.session.may_trade_on
    trial.corrected_wrongly(["the host"] * (life.bot.rows() != before), "moved unasked")
    shut = [name for name in ours(life.world) if not passes(name)]
    due = [wound.place[0]] if wound.shuts else []
    if shut != due:
        trial.shut_beside += bool(set(shut) - set(due))
        trial.wrong_gates += bool(set(due) - set(shut))
        trial.problems.append(f"shut: {shut}, due {due}")
    used = len(life.bot.doors)
    life.p.save()
    life.restart()
    again = life.recover()
    if again.decision != facts.decision or len(life.bot.doors) != used:
        trial.corrected_wrongly([f"{again.decision} {life.bot.doors}"], "said after a restart")
    life.bot.careless = ""
    trial.ways += 1
    try:
        if wound.resolution == "HUMAN" and life.world.rng.random() < 0.5:
            _left(trial, life, again)
            return
        wound.mend()
        _clean(trial, life, life.recover(), "after it was put right by hand")
        _trades(trial, life, wound)
    except (PersistError, KeyError) as problem:
        trial.dead_ends += 1
        trial.problems.append(f"the way back: {type(problem).__name__}: {problem}")


def _left(trial: Trial, life: HostLife, facts: RecoveryFacts) -> None:
    """A human says that the host stays as it is."""
    assert facts.plan is not None
    before = life.bot.rows()
    assert life.p.reader is not None
    told = life.p.session.approve(life.p.reader, (facts.left or facts.plan).plan_hash)
    after = life.recover()
    shut = [name for name in ours(life.world) if not life.p.session.may_trade_on(name)]
    if told.decision not in GOOD or after.decision not in GOOD or shut:
        trial.dead_ends += 1
        trial.problems.append(f"left as it is: {told.decision}, {after.decision}, shut {shut}")
    trial.corrected_wrongly(["the host"] * (life.bot.rows() != before), "left, and moved")


def _trades(trial: Trial, life: HostLife, wound: HostWound) -> None:
    """An order passes there, and both book it."""
    held = life.held(wound.agent, wound.place)
    lot = Decimal(LOTS[wound.place[0]])
    life.trade(wound.agent, wound.place, lot if held >= 0 else -lot)
    _clean(trial, life, life.recover(), "after another order")
