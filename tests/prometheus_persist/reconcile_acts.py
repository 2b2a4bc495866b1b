"""What rows of the tables are made of: what happens to a world, and what is held of every row."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass

from reconcile_world import BTC, World, replaced

from prometheus_persist.reconcile import Finding, Item, Plan, plan_to_json, reconcile
from prometheus_persist.report.sections.findings import finding_words
from prometheus_persist.report.values import speaker
from prometheus_persist.state import PositionKey
from prometheus_persist.state.exact_json import dumps

NET = PositionKey(BTC, "cross", "net")
A, O, H, U = "AUTO", "ORPHAN", "HUMAN", "UNKNOWN"  # noqa: E741


@dataclass(frozen=True)
class Row:
    name: str
    happen: Callable[[World], object]
    findings: tuple[tuple[str, str, str | None], ...] = ()
    agents: str = "A B"
    hedged: bool = False
    stuck: bool = False
    check: Callable[[World, Plan], bool] = lambda world, plan: True


def steps(*acts: Callable[[World], object]) -> Callable[[World], object]:
    def run(world: World) -> None:
        for act in acts:
            act(world)

    return run


def trade(*args: object, **kw: object) -> Callable[[World], object]:
    return lambda world: world.trade(*args, **kw)  # type: ignore[arg-type]


def unbooked(*args: object, **kw: object) -> Callable[[World], object]:
    return trade(*args, booked=False, **kw)


def answered(
    owner: str, outcome: str, found: bool | None, **kw: object
) -> Callable[[World], object]:
    def run(world: World) -> None:
        ours = ("created_ms", "kind", "ord_id")
        name = world.intent(owner, "buy", 2, outcome, **{k: kw[k] for k in ours if k in kw})
        world.answer(name, found, **{k: kw[k] for k in kw if k not in ours})

    return run


def sent(
    owner: str, outcome: str, state: str, filled: str, **kw: object
) -> Callable[[World], object]:
    """An unbooked fill of a still open intent, and what the exchange says of the order."""

    def run(world: World) -> None:
        execution = world.trade(owner, "buy", 2, booked=False, intent=outcome, **kw)  # type: ignore[arg-type]
        world.answer(
            execution.cl_ord_id, True, state=state, ord_id=execution.ord_id,
            filled_contracts=execution.qty_contracts if filled == "all" else None,
        )  # fmt: skip

    return run


def reversed_position(world: World) -> None:
    world.trade("A", "buy", 5)
    world.shift(-9)


def other_leg(world: World) -> None:
    world.trade("A", "buy", 5, pos_side="long")
    world.held.clear()
    world.shift(5, pos_side="short")


def edit(agent: str, book: str, **fields: object) -> Callable[[World], object]:
    return lambda world: world.edit(agent, book, **fields)


def moved(world: World, field: str, value: object) -> None:
    ledger = world.state.public_accounts["A"]
    changed = ledger.positions[0].model_copy(update={field: value})
    world.edit("A", "public", positions=[changed])


def emptied(world: World) -> None:
    """OKX changes the mode of an account that holds nothing."""
    for key in world.held:
        world.held[key] = []


def wrong_mode(world: World) -> None:
    world.trade("A", "buy", 5)
    world.hedged = True


def zombie(world: World) -> None:
    name = world.intent("A", "buy", 2, "PENDING")
    intent = world.state.intents.pop(name)
    world.ended[name] = intent.model_copy(update={"outcome": "REJECTED"})
    world.rest(None, "buy", 2, cl_ord_id=name)


def dead(world: World) -> None:
    world.state.agents["A"] = world.state.agents["A"].model_copy(update={"state": "DEAD"})


def no_ledgers(world: World) -> None:
    del world.state.private_ledgers["A"], world.state.public_accounts["A"]


def no_instrument(world: World) -> None:
    del world.instruments[BTC]


def algo_child_by_list(world: World) -> None:
    """The child's row does not name its parent; only the algo row's ordId does."""
    world.trade("A", "sell", 5, booked=False, by="algo", px=90)
    row = world.orders.pop()
    world.orders.append(replaced(row, algo_id="", algo_cl_ord_id=""))


def algo_child_by_id(world: World) -> None:
    """The child's row names its parent by algoId alone."""
    world.trade("A", "sell", 5, booked=False, by="algo", px=90)
    world.orders[-1] = replaced(world.orders[-1], algo_cl_ord_id="")
    world.algos[-1] = replaced(world.algos[-1], ord_id="")


def by_stop(world: World, plan: Plan) -> bool:
    return plan.findings[0].cause == "cause.stop" and world.position("A") == 0


def ended_meanwhile(world: World) -> None:
    """The answer to the question is older than the order's row."""
    name = world.rest("A", "buy", 2, intent="PENDING")
    world.answer(name, True, state="live", ord_id="7")
    world.orders[-1] = replaced(world.orders[-1], state="canceled")


def foreign_form(world: World) -> None:
    """An order under an id that was issued, though not in this store's form."""
    world.owners["legacy1"] = "A"
    world.rest(None, "buy", 2, cl_ord_id="legacy1")


def resting_child(world: World) -> None:
    """A triggered stop whose child still rests: no stray, its parent is ours."""
    world.trade("A", "buy", 5)
    name = world.intent("A", "sell", 5, "ACCEPTED", kind="algo")
    world.answer(name, True, state="live", ord_id="1")
    world.rest(None, "sell", 5, tag=world.state.registry.rows["A"].tag)
    world.orders[-1] = replaced(world.orders[-1], algo_id="x", algo_cl_ord_id=name)


def algo_intent(state: str) -> Callable[[World], object]:
    def run(world: World) -> None:
        execution = world.trade("A", "buy", 1, by="algo", intent="ACCEPTED", booked=True)
        world.algos[-1] = replaced(world.algos[-1], state=state)
        world.answer(execution.cl_ord_id, None, problem="not asked")

    return run


OPEN5, CLOSE5 = trade("A", "buy", 5), unbooked("A", "sell", 5, px=110)
BY_HAND = unbooked(None, "sell", 3)


def hold(row: Row) -> None:
    """Run a row and hold it to its findings and to the invariants."""
    world = World(*row.agents.split(), hedged=row.hedged)
    row.happen(world)
    books, view = world.books(), world.view()
    untouched = copy.deepcopy(books)

    plan = reconcile(books, view)

    found = sorted((f.case.value, f.resolution.value, f.agent_id or "") for f in plan.findings)
    assert found == sorted((case, how, agent or "") for case, how, agent in row.findings)
    assert plan.needs_human == any(how == H for _, how, _ in row.findings)
    assert plan.incomplete == any(how == U for _, how, _ in row.findings)
    assert {(one.agent_id, one.item) for one in plan.items} == {
        (agent, item)
        for agent in {*world.state.agents, *world.state.private_ledgers}
        for item in Item
    }
    _same_for_any_order_of_rows(books, view, plan)
    assert books == untouched
    for lang in ("zh", "en"):
        said = "\n".join(line for one in plan.findings for line in told(one, plan, lang))
        assert "{" not in said
    world.adopt(plan)
    assert row.check(world, plan)
    again = reconcile(world.books(), world.view())
    if not row.stuck and not plan.incomplete:
        assert again.clean, again.findings
        assert all(balance.after == balance.venue for balance in again.balances)


def told(one: Finding, plan: Plan, lang: str) -> tuple[str, str, str]:
    return finding_words(one, plan, speaker(lang))


def _same_for_any_order_of_rows(books: object, view: object, plan: Plan) -> None:
    rng = random.Random(7)
    for _ in range(3):
        fields = {}
        for name in ("positions", "fills", "orders", "algo_orders", "lookups"):
            rows = [*getattr(view, name), *getattr(view, name)]
            rng.shuffle(rows)
            fields[name] = tuple(rows)
        other = reconcile(books, replaced(view, read_ms=1, **fields))  # type: ignore[arg-type]
        assert other.plan_hash == plan.plan_hash
        left, right = plan_to_json(other), plan_to_json(plan)
        assert dumps(left | {"read_ms": 0}) == dumps(right | {"read_ms": 0})
