"""One instance: a random world, one wound, what a start makes of it, and where that leads.

Before the wound the books are true (the oracle says so, else the instance is void) and a
reconciliation must find nothing and correct nothing. After it a real session starts on them:

- detected: a finding of an allowed case names what was done, the plan is no silent go, and every
  item concerned is something else than MATCH; of what is harmless: nothing waits for anybody;
- false corrections: any at all before the wound; any that the oracle does not bear out (a fill to
  another owner than its own, an order's end that the exchange does not confirm); books that differ
  from the oracle's after what needs nobody was applied, wherever an owner can be proven; and books
  that moved where somebody has to be asked, or where the first alternative was proven and is wrong;
- gate open on wrong books (``safe``): after the start, and after every step of every way out;
- dead ends (``live``): from the start, by what the report names, and then an order passes; and from
  every other alternative of every finding, chosen on a copy of the store;
- shut beside: a contract takes no new entries that the wound is not about;
- classified: six items for every agent, each with one verdict, a reason for each that is not
  MATCH, and one resolution for every finding;
- resolved: nobody is needed; proposed: whoever is asked has something to choose from; else left.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Generator, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from chaos.chance import generator
from chaos.detect.correct import (
    TOLD_MAX,
    Holdings,
    false_attributions,
    held_by,
    moved,
    told_of,
    wrong_holdings,
)
from chaos.detect.live import Inside, ours, trades, way_out
from chaos.detect.restart import Files, Restart, restarted, stored
from chaos.detect.safe import wrongly_open
from chaos.detect.stage import Course, Kind, Wound
from chaos.detect.world import Place, World
from chaos.invariants.state import disagreements, owed
from chaos.oracle.attribution import Attribution
from prometheus_persist.errors import PersistError
from prometheus_persist.reconcile import Finding, Plan, Resolution, Verdict
from prometheus_persist.recovery.facts import RecoveryFacts, corrected_later
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.steps import asked, present
from prometheus_persist.state import to_documents

ITEMS = ("size", "direction", "entry_px", "holding_time", "capital", "owner")
ORDERS_MIN, ORDERS_MAX = 3, 20
WAYS_MAX = 8
GOOD = ("go", "go_restricted")


@dataclass(slots=True)
class Trial:
    """What one instance came to. ``problems`` are texts, empty where all is well."""

    kind: str
    seed: str
    detected: bool = False
    false_corrections: int = 0
    wrong_gates: int = 0
    dead_ends: int = 0
    shut_beside: int = 0
    ways: int = 0
    classified: bool = False
    resolved: bool = False
    proposed: bool = False
    left: bool = False
    void: str = ""
    problems: list[str] = field(default_factory=list)

    def corrected_wrongly(self, told: Collection[str], when: str) -> None:
        """So many false corrections."""
        self.false_corrections += len(told)
        self.problems += [f"{when}: {each}" for each in told]


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
    wound, truth = struck(course), world.truth()
    with restarted(world, stored(world)) as start:
        facts = start.recover()
        if facts.plan is None:
            trial.problems.append(f"no plan: {facts.venue_problem}")
            return trial
        if wound.show is not None:
            _classify(trial, world, facts.plan)
            come_late(trial, start, facts, wound, truth)
            return trial
        _detect(trial, facts, wound)
        _classify(trial, world, facts.plan)
        _correct(trial, start, facts, truth)
        _beside(trial, start, wound)
        writes = [path for method, path in world.venue.requests if method != "GET"]
        if writes:
            trial.problems.append(f"a reading wrote: {writes[:TOLD_MAX]}")
        _other_ways(trial, world, start.files, facts, wound)
        _first_way(trial, start, facts, wound, truth)
    return trial


def _mode(kind: Kind, rng: random.Random) -> bool:
    return rng.random() < 0.4 if kind.hedged is None else kind.hedged


def struck(course: Course) -> Wound:
    """Let the kind strike; it returns what it did."""

    found: list[Wound] = []

    def kept() -> Generator[None, None, None]:
        found.append((yield from course))

    for _ in kept():
        raise AssertionError("a kind strikes once")
    return found[0]


def _clean(trial: Trial, world: World) -> None:
    """Before the wound: true books, nothing found, nothing corrected."""
    truth = world.truth()
    wrong = wrong_holdings(held_by(world.state), truth)
    if wrong or truth.unprovable:
        trial.void = (
            f"the books were not true before anything was done: {[*wrong.values()][:TOLD_MAX]}"
        )
        return
    reading = world.read()
    plan = reading.plan
    assert plan is not None, reading.problem
    unsure = [item for item in plan.items if item.verdict is not Verdict.MATCH]
    if plan.findings or plan.incomplete or unsure:
        trial.false_corrections += max(1, len(plan.corrections))
        trial.problems += [f"on true books: {told_of(one)}" for one in plan.findings]
        trial.problems += [f"on true books: {item}" for item in unsure[:TOLD_MAX]]
        trial.problems += [f"on true books: {problem}" for problem in plan.source_problems]
    world.apply(plan)


def _detect(trial: Trial, facts: RecoveryFacts, wound: Wound) -> None:
    plan = facts.plan
    assert plan is not None
    if wound.harmless:
        waits = [told_of(one) for one in plan.findings if one.resolution in _OPEN]
        trial.detected = not waits and facts.decision in GOOD
        trial.problems += [f"harmless, and yet: {facts.decision} {waits}"] * (not trial.detected)
    else:
        named = [one for one in plan.findings if one.case in wound.cases and _names(one, wound)]
        verdicts = {(item.agent_id, item.item.value): item.verdict for item in plan.items}
        passed = [each for each in sorted(wound.items) if verdicts.get(each) is Verdict.MATCH]
        trial.detected = bool(named) and not passed and not plan.clean
        if not named:
            told = "; ".join(told_of(one) for one in plan.findings) or "nothing"
            looked = f"{sorted(wound.cases)}, {sorted(wound.named)}"
            trial.problems.append(f"looked for {looked}: {told}")
        if passed:
            trial.problems.append(f"called a match: {passed}")
    trial.resolved = facts.decision in GOOD
    waiting = [one for one in (present(facts) or plan).findings if one.resolution in _OPEN]
    trial.proposed = not trial.resolved and all(one.alternatives for one in waiting)
    trial.left = not (trial.resolved or trial.proposed)


_OPEN = (Resolution.HUMAN, Resolution.UNKNOWN)


def _names(one: Finding, wound: Wound) -> bool:
    said = {one.agent_id or "", str(one.key or "")}
    for name in ("inst_id", "inst_ids", "cl_ord_id", "keys", "agents", "first", "uid", "parent"):
        said.update(one.params.get(name, "").split(", "))
    return bool(said & wound.named)


def _classify(trial: Trial, world: World, plan: Plan) -> None:
    names = world.state.agents.keys() | world.state.private_ledgers.keys()
    names |= world.state.public_accounts.keys()
    due = {(name, item) for name in names for item in ITEMS}
    told = [(item.agent_id, item.item.value) for item in plan.items]
    blank = [item for item in plan.items if item.verdict is not Verdict.MATCH and not item.note]
    odd = [one for one in plan.findings if one.resolution not in set(Resolution)]
    trial.classified = sorted(told) == sorted(due) and not blank and not odd
    if not trial.classified:
        trial.problems.append(f"not classified: {len(told)} of {len(due)} items, {blank} {odd}")


def _correct(trial: Trial, start: Restart, facts: RecoveryFacts, truth: Attribution) -> None:
    """What was corrected without asking, against the oracle; the rest is what it was."""
    world, state = start.world, start.session.state
    assert facts.plan is not None
    for plan in (facts.plan, *corrected_later(facts)):
        trial.corrected_wrongly(false_attributions(world, plan, truth), "attributed")
    waits = {one.inst_id for one in facts.withheld}
    before, after = held_by(world.state), held_by(state)
    if not facts.applied or "" in waits:
        waits |= {key[0] for key in before | after}
    wrong = wrong_holdings(after, truth)
    sure = [told for key, told in wrong.items() if key[0] not in waits]
    trial.corrected_wrongly(sure, "after the corrections")
    trial.corrected_wrongly(moved(before, after, waits).values(), "somebody has to be asked")


def come_late(
    trial: Trial, start: Restart, facts: RecoveryFacts, wound: Wound, truth: Attribution
) -> None:
    """While the evidence is hidden nothing is decided; once it shows, everything is right.

    Before that a live system asks for each of its orders, and starts once more.
    """
    assert wound.show is not None
    world, session = start.world, start.session
    plan, before = facts.plan, held_by(world.state)
    assert plan is not None
    named = [one for one in plan.findings if one.case in wound.cases and _names(one, wound)]
    due = ("incomplete", "human") if wound.asks else ("incomplete",)
    trial.detected = bool(named) and facts.decision in due
    if not trial.detected:
        told = "; ".join(told_of(one) for one in plan.findings) or "nothing"
        trial.problems.append(f"hidden, and yet {facts.decision}: {told}")
    places = wound.places
    for again in (False, True):
        if again:
            for name in sorted(session.state.intents):
                session.settle(start.reader, name)
            facts = start.recover()
        trial.corrected_wrongly(
            moved(before, held_by(session.state), places).values(), "while hidden"
        )
        trial.wrong_gates += bool(wrongly_open(session, world))
        trial.problems += wrongly_open(session, world)
    wound.show()
    facts = start.recover()
    trial.resolved = facts.decision in GOOD
    if not trial.resolved:
        told = "; ".join(told_of(one) for one in facts.plan.findings) if facts.plan else ""
        trial.dead_ends += 1
        trial.problems.append(f"shown, and yet {facts.decision}: {told}")
    trial.corrected_wrongly(wrong_holdings(held_by(session.state), truth).values(), "once it shows")
    _agree(trial, start, "once it shows")
    adopted = [str(each.key) for each in session._context.books().adopted]
    trial.corrected_wrongly([f"{each} was adopted" for each in adopted], "once it shows")
    failed = trades(start, sorted(places)) if trial.resolved else ""
    trial.dead_ends += bool(failed)
    trial.problems += [f"trading again: {failed}"] * bool(failed)
    trial.ways += 1


def _agree(trial: Trial, start: Restart, when: str) -> None:
    """Every copy of an agent's money, and the sums that the session keeps of its streams."""
    session = start.session
    streams = session._store.image.streams
    wrong = disagreements(to_documents(session.state), streams, edited=True)
    kept = {
        owner: amount
        for owner, parts in session._context.books().money.items()
        if (amount := sum(map(Fraction, parts.values()), Fraction(0)))
    }
    if kept != owed(streams):
        wrong.append(f"money by owner {kept}, the streams say {owed(streams)}")
    trial.corrected_wrongly(wrong, when)


def _beside(trial: Trial, start: Restart, wound: Wound) -> None:
    beside = shut_beside(start.world, [wound], Inside(start).shut())
    trial.shut_beside += bool(beside)
    trial.problems += [f"shut beside: {', '.join(beside)}"] * bool(beside)


def shut_beside(world: World, wounds: Iterable[Wound], shut: Iterable[str]) -> list[str]:
    """What takes no new entries although none of the wounds is about it."""
    about: set[str] = set()
    for wound in wounds:
        if wound.stops:
            return []
        agents = {name for name, _ in wound.items} | (wound.named & set(world.agents))
        about |= wound.places
        for place, owners in held_by(world.state).items():
            about |= {place[0]} if agents & {name.rstrip("?") for name in owners} else set()
        about |= {
            row["instId"] for row in world.venue.orders() if world.sent.get(row["ordId"]) in agents
        }
    return [name for name in shut if name not in about]


def _other_ways(
    trial: Trial, world: World, files: Files, facts: RecoveryFacts, wound: Wound
) -> None:
    """Every alternative that is not the suggested one, on a copy of the store."""
    plan = present(facts)
    ways = [
        (one.finding_id, way.name)
        for one in asked(facts)
        for way in one.alternatives
        if way.name != one.chosen and not wound.passes
    ]
    for finding_id, name in ways[:WAYS_MAX]:
        assert plan is not None
        with restarted(world, files) as fork:
            try:
                told = facts_to_json(fork.approve(plan.plan_hash, {finding_id: name}))
            except PersistError as problem:
                trial.dead_ends += 1
                trial.problems.append(f"{name}: {type(problem).__name__}: {problem}")
                continue
            _go(trial, fork, told, f"{name}, then")


def _first_way(
    trial: Trial, start: Restart, facts: RecoveryFacts, wound: Wound, truth: Attribution
) -> None:
    """The way that is suggested, to its end; then an order on what it was about."""
    world = start.world
    asks = facts.decision == "human"
    if not _go(trial, start, facts_to_json(facts), "by the report"):
        return
    _agree(trial, start, "at the end of the way")
    held = held_by(start.session.state)
    if asks and wound.proven:
        trial.corrected_wrongly(wrong_holdings(held, truth).values(), "the first alternative")
    left = [f"{place} is held by {held[place]}" for place in wound.flat if _agents(held, place)]
    trial.corrected_wrongly(left, "the first alternative")
    about = [name for name in ours(world) if name in wound.places] or ours(world)[:1]
    failed = trades(start, about)
    trial.dead_ends += bool(failed)
    trial.problems += [f"trading again: {failed}"] * bool(failed)


def _agents(held: Holdings, place: Place) -> bool:
    return any(name for name in held.get(place, {}))


def _go(trial: Trial, start: Restart, told: dict[str, object], how: str) -> bool:
    trial.ways += 1
    way = way_out(Inside(start), told)
    trial.wrong_gates += bool(way.wrong)
    trial.dead_ends += bool(way.dead)
    trial.problems += [f"{how}: {each}" for each in dict.fromkeys(way.wrong)]
    trial.problems += [f"{how} {way.steps}: dead end: {way.dead}"] * bool(way.dead)
    return not way.dead
