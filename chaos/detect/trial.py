"""One instance: a random world, one wound, and what the reconciler made of it.

Before the wound the books are true (the oracle says so, else the instance is void) and a
reconciliation must find nothing and correct nothing. After it:

- detected: a finding of an allowed case names what was done, the plan is no silent go, and every
  item concerned is something else than MATCH;
- false corrections: any at all before the wound; any that the oracle does not bear out (a fill to
  another owner than its own, an order's end that the exchange does not confirm); and books that
  differ from the oracle's after what needs nobody was applied, wherever an owner can be proven.
  Where a human is asked, nothing was applied, and the books must be what they were;
- classified: six items for every agent, each with one verdict, a reason for each that is not
  MATCH, and one resolution for every finding;
- auto-resolved: the plan needs nobody, and the books are then the oracle's.

The plan is made the way a start makes it, decided the way a start decides it.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from chaos.chance import generator
from chaos.detect.stage import Course, Kind, Wound
from chaos.detect.world import NOBODY, SETTINGS, World
from chaos.oracle.attribution import Attribution
from prometheus_persist.reconcile import Finding, Plan, Resolution, Verdict
from prometheus_persist.reconcile.plan import BookFill, BookOrphan, SettleIntent
from prometheus_persist.session.planning import decide
from prometheus_persist.state import Position
from prometheus_persist.state.documents import to_documents
from prometheus_persist.state.exactjson import dumps

ITEMS: Final = ("size", "direction", "entry_px", "holding_time", "capital", "owner")
ORDERS_MIN, ORDERS_MAX = 3, 20
_TOLD_MAX: Final = 5
_END_OF: Final = {"filled": "FILLED", "canceled": "CANCELED", "effective": "FILLED"}

Key = tuple[str, str, str]
Holdings = dict[Key, dict[str, Fraction]]


@dataclass(slots=True)
class Trial:
    """What one instance came to. ``problems`` are texts, empty where all is well."""

    kind: str
    seed: str
    detected: bool = False
    false_corrections: int = 0
    classified: bool = False
    auto: bool = False
    human: bool = False
    unknown: bool = False
    void: str = ""
    problems: list[str] = field(default_factory=list)


def attempt(kind: Kind, seed: int, number: int) -> Trial:
    """Play one instance; the same three words always give the same one."""
    rng = generator("detect", kind.name, seed, number)
    trial = Trial(kind.name, f"{seed}/{number}")
    world = World(rng, hedged=_mode(kind, rng))
    world.honest(rng.randint(ORDERS_MIN, ORDERS_MAX))
    course = kind.course(world)
    next(course)
    world.venue.advance(rng.randint(5_000, 600_000))
    _clean(trial, world)
    if trial.void:
        return trial
    wound = _struck(course)
    before = world.truth()
    books = _bytes(world)
    reading = world.read()
    plan = reading.plan
    assert plan is not None, reading.problem
    decision = decide(plan, SETTINGS, confirmed=reading.confirmed)
    _detect(trial, plan, wound)
    _classify(trial, world, plan)
    _attribute(trial, world, plan, before)
    held = _held(world)
    if decision.apply is not None:
        world.apply(decision.apply)
        waits = {one.inst_id for one in decision.withheld}
        _compare(trial, _held(world), before, "after the corrections", waits)
        _unmoved(trial, held, _held(world), waits)
    elif _bytes(world) != books:
        trial.false_corrections += 1
        trial.problems.append("the books moved although somebody has to be asked")
    trial.auto = decision.word == "go" and not trial.false_corrections
    trial.human = decision.word == "human"
    trial.unknown = decision.word == "incomplete"
    writes = [path for method, path in world.venue.requests if method != "GET"]
    if writes:
        trial.problems.append(f"a reading wrote: {writes[:_TOLD_MAX]}")
    return trial


def _mode(kind: Kind, rng: random.Random) -> bool:
    return rng.random() < 0.4 if kind.hedged is None else kind.hedged


def _struck(course: Course) -> Wound:
    """Let the kind strike; it returns what it did."""

    found: list[Wound] = []

    def kept() -> Generator[None, None, None]:
        found.append((yield from course))

    for _ in kept():
        raise AssertionError("a kind strikes once")
    return found[0]


def _clean(trial: Trial, world: World) -> None:
    """Before the wound: true books, nothing found, nothing corrected."""
    wrong = _wrong_holdings(_held(world), world.truth())
    if wrong or world.truth().unprovable:
        trial.void = f"the books were not true before anything was done: {wrong[:_TOLD_MAX]}"
        return
    reading = world.read()
    plan = reading.plan
    assert plan is not None, reading.problem
    unsure = [item for item in plan.items if item.verdict is not Verdict.MATCH]
    if plan.findings or plan.incomplete or unsure:
        trial.false_corrections += max(1, len(plan.corrections))
        trial.problems += [f"on true books: {_told(one)}" for one in plan.findings]
        trial.problems += [f"on true books: {item}" for item in unsure[:_TOLD_MAX]]
        trial.problems += [f"on true books: {problem}" for problem in plan.source_problems]
    world.apply(plan)


def _detect(trial: Trial, plan: Plan, wound: Wound) -> None:
    named = [one for one in plan.findings if one.case in wound.cases and _names(one, wound)]
    verdicts = {(item.agent_id, item.item.value): item.verdict for item in plan.items}
    passed = [each for each in sorted(wound.items) if verdicts.get(each) is Verdict.MATCH]
    trial.detected = bool(named) and not passed and not plan.clean
    if not named:
        told = "; ".join(_told(one) for one in plan.findings) or "nothing"
        trial.problems.append(f"looked for {sorted(wound.cases)}, {sorted(wound.named)}: {told}")
    if passed:
        trial.problems.append(f"called a match: {passed}")


def _names(one: Finding, wound: Wound) -> bool:
    said = {one.agent_id or "", str(one.key or "")}
    for name in ("inst_id", "cl_ord_id", "keys", "agents", "first"):
        said.update(one.params.get(name, "").split(", "))
    return bool(said & wound.named)


def _classify(trial: Trial, world: World, plan: Plan) -> None:
    names = world.state.agents.keys() | world.state.private_ledgers.keys()
    due = {(name, item) for name in names for item in ITEMS}
    told = [(item.agent_id, item.item.value) for item in plan.items]
    blank = [item for item in plan.items if item.verdict is not Verdict.MATCH and not item.note]
    odd = [one for one in plan.findings if one.resolution not in set(Resolution)]
    trial.classified = sorted(told) == sorted(due) and not blank and not odd
    if not trial.classified:
        trial.problems.append(f"not classified: {len(told)} of {len(due)} items, {blank} {odd}")


def _attribute(trial: Trial, world: World, plan: Plan, truth: Attribution) -> None:
    """Every correction that asks nobody, against the oracle."""
    ends = {row["clOrdId"]: row["state"] for row in world.venue.orders()}
    wrong = []
    for one in plan.findings:
        if one.resolution not in (Resolution.AUTO, Resolution.ORPHAN):
            continue
        booked: dict[tuple[str, str], Fraction] = {}
        for step in one.corrections:
            if isinstance(step, BookFill | BookOrphan):
                owner = step.agent_id if isinstance(step, BookFill) else NOBODY
                mark = (step.execution.fill_id, owner)
                more = Fraction(step.execution.qty_contracts.value)
                booked[mark] = booked.get(mark, Fraction(0)) + more
            elif isinstance(step, SettleIntent) and step.outcome in ("REJECTED", "FILLED"):
                state = ends.get(step.cl_ord_id)
                known = {"REJECTED": state is None, "FILLED": state == "filled"}
                is_algo = state is None and step.outcome == "FILLED"
                if not known[step.outcome] and not is_algo:
                    wrong.append(f"{step.cl_ord_id} is called {step.outcome}, it is {state}")
        for (fill_id, owner), quantity in booked.items():
            due = truth.borne.get(fill_id, {}).get(owner, Fraction(0))
            if due != quantity:
                wrong.append(f"{fill_id} to {owner or 'nobody'}: {quantity}, due {due}")
    trial.false_corrections += len(wrong)
    trial.problems += wrong


def _unmoved(trial: Trial, before: Holdings, after: Holdings, waits: set[str]) -> None:
    """Nothing of what somebody has to be asked about has moved."""
    moved = [
        f"{' '.join(key)} moved although somebody has to be asked"
        for key in sorted(before.keys() | after.keys())
        if key[0] in waits and before.get(key) != after.get(key)
    ]
    trial.false_corrections += len(moved)
    trial.problems += moved


def _compare(
    trial: Trial, held: Holdings, truth: Attribution, when: str, waits: set[str]
) -> None:
    if "" in waits:
        return
    wrong = [each for each in _wrong_holdings(held, truth) if each.split(" ")[0] not in waits]
    trial.false_corrections += len(wrong)
    trial.problems += [f"{when}: {each}" for each in wrong]


def _wrong_holdings(held: Holdings, truth: Attribution) -> list[str]:
    return [
        f"{' '.join(key)}: {_plain(held.get(key, {}))}, due {_plain(truth.held.get(key, {}))}"
        for key in sorted(held.keys() | truth.held.keys())
        if key not in truth.unprovable and held.get(key, {}) != truth.held.get(key, {})
    ]


def _plain(owners: Mapping[str, Fraction]) -> dict[str, str]:
    return {name or "nobody": str(float(quantity)) for name, quantity in sorted(owners.items())}


def _held(world: World) -> Holdings:
    """What the books say; an owner whose ledgers differ holds what neither says."""
    found: Holdings = {}
    for name, private in world.state.private_ledgers.items():
        public = world.state.public_accounts[name]
        for ledger in (private,) if private.positions == public.positions else (private, public):
            owner = name if private.positions == public.positions else f"{name}?"
            for row in ledger.positions:
                found.setdefault(_key(row), {})[owner] = Fraction(row.qty_contracts.value)
    for row in world.state.unattributed.positions:
        found.setdefault(_key(row), {})[NOBODY] = Fraction(row.qty_contracts.value)
    return {key: owners for key, owners in found.items() if owners}


def _key(row: Position) -> Key:
    return (row.inst_id, row.mgn_mode, row.pos_side)


def _bytes(world: World) -> bytes:
    return dumps(to_documents(world.state)) + dumps(world.streams)


def _told(one: Finding) -> str:
    return f"{one.case} {one.resolution} {one.agent_id or ''} {one.key or ''} {one.what}"
