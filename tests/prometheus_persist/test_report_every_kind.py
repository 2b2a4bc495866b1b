"""Every kind of finding and correction, from real plans, is said whole in both languages.

The plans are those of the reconciler's own tables of scenarios, and a few more for what they lack.
A sentence is whole when nothing in it is a placeholder or a message id that nobody filled.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from languagekit import CHINESE, english
from reconcile_acts import NET, Row, steps, trade, unbooked
from reconcile_world import BTC, ETH, START_MS, World, replaced
from report_kit import facts
from test_reconcile_cases import ROWS as CASES
from test_reconcile_shared_cases import ROWS as SHARED

from prometheus_persist.reconcile import Plan, reconcile
from prometheus_persist.reconcile.finding import WORDS
from prometheus_persist.reconcile.plan import (
    Alternative,
    Correction,
    Finding,
)
from prometheus_persist.reconcile.plan_json import KINDS
from prometheus_persist.reconcile.views import UnmanagedPosition, VenueAlgoOrder, VenueView
from prometheus_persist.report.pages.recovery_page import render_page
from prometheus_persist.report.sections.alternatives import ways
from prometheus_persist.report.sections.corrections import correction_words
from prometheus_persist.report.sections.findings import finding_lines
from prometheus_persist.report.text import render_text
from prometheus_persist.report.values import speaker
from prometheus_persist.state import AccountIdentity, PositionKey, contracts
from prometheus_persist.state.registry import SYSTEM_OWNER
from prometheus_persist.words.alternatives import ALTERNATIVES

UNSAID = re.compile(
    r"\{\w*\}|\b(?:what|cause|remedy|why|report|page|do|case|flow|row|verdict|resolution|source"
    r"|ledger|item|death|mode|policy|alt|grade|step|environment)\.[a-z_A-Z]+"
)


def older_and_unread(world: World) -> None:
    world.trade("A", "buy", 5)
    world.edit("A", "public", version=7)
    world.fail("positions")


def less_on_one_leg(world: World) -> None:
    """Nobody holds a part of a long, so nobody can be given less of it."""
    world.trade("A", "buy", 5, pos_side="long")
    world.shift(-2, pos_side="long")


def held_and(act: Callable[[World], object]) -> Callable[[World], None]:
    """Two owners share a position and the books know all there is; then something happens."""

    def run(world: World) -> None:
        world.trade("A", "buy", 5)
        world.trade("B", "buy", 3)
        world.reconciled()
        act(world)

    return run


def unnoticed(world: World) -> None:
    world.cash += 7


def bill_lost(world: World) -> None:
    world.deposit("50")
    del world.bills[-1]


def funding_of_a_stranger(world: World) -> None:
    world.trade(None, "buy", 3, booked=False)
    world.fund("0.0001")


def funding_of_another_size(world: World) -> None:
    world._bill("8", Decimal(-1), key=NET, size="77")


def booked_wrongly(world: World) -> None:
    world._paid("A", "pnl", Decimal(5))


def closed_at_a_loss(world: World) -> None:
    world.trade("A", "buy", 5, px=90, inst=ETH)
    world.reconciled()
    world.shift(-5, inst=ETH)


def handed_over(world: World) -> None:
    """What A holds is in both of B's ledgers, and in none of A's."""
    world.trade("A", "buy", 5)
    positions = world.state.private_ledgers["A"].positions
    for book in ("private", "public"):
        world.edit("A", book, positions=[])
        world.edit("B", book, positions=positions)


def adopted_and_found(world: World) -> None:
    """A difference was let to nobody, and then its execution turned up."""
    late = world.trade("A", "buy", 5, booked=False)
    world.hidden.add(late.ord_id)
    world.adopt(reconcile(world.books(), world.view()))
    world.hidden.clear()


def no_fill_yet(world: World) -> None:
    world.trade("A", "buy", 1, booked=False)
    del world.fills[-1]


def spot(world: World) -> None:
    key = PositionKey("BTC-USDT", "cash", "net")
    world._bill("2", Decimal(-3), key=key, size="0.1", trade_id="5")


def shown(change: Callable[[VenueView], VenueView]) -> Callable[[World], None]:
    """From now on the exchange shows its view so."""

    def run(world: World) -> None:
        told = world.view
        world.view = lambda: change(told())  # type: ignore[method-assign]

    return run


def nobody_closes_an_agents(world: World) -> None:
    """An order that was sent for what nobody owns, where nobody owns anything."""
    world.state.registry = world.state.registry.assign(SYSTEM_OWNER)
    world.trade("A", "buy", 3, pos_side="long")
    world.trade(SYSTEM_OWNER, "sell", 3, pos_side="long", booked=False)


def carries_a_stop(world: World) -> None:
    """An order of A's carries a stop whose id no book knows."""
    world.trade("A", "buy", 5)
    world.orders[-1] = dataclasses.replace(world.orders[-1], attached=("stop0001",))
    world.algos.append(stop("stop0001", "algo77"))


def stop(name: str, algo_id: str) -> VenueAlgoOrder:
    return VenueAlgoOrder(
        BTC, algo_id, name, "", "sell", "net", "cross", "conditional", "live", "", contracts("5"),
        Decimal(90), START_MS, reduce_only=True,
    )  # fmt: skip


def stop_left_over(world: World) -> None:
    name = world.intent("A", "sell", 5, "ACCEPTED", kind="algo", reduce_only=True, ord_id="algo78")
    world.algos.append(stop(name, "algo78"))
    world.answer(name, True, state="live", ord_id="algo78")


def its_order_ended(world: World) -> None:
    parent = world.intent("A", "buy", 5, "PENDING")
    world.ended[parent] = world.state.intents.pop(parent).model_copy(update={"outcome": "REJECTED"})
    world.intent("A", "sell", 5, "PENDING", kind="algo", parent=parent)


def written_to(world: World) -> None:
    world.trade("A", "buy", 5)
    held = world.state.private_ledgers["A"].positions
    more = [one.model_copy(update={"qty_contracts": contracts("8")}) for one in held]
    for book in ("private", "public"):
        world.edit("A", book, positions=more)


def vanished(world: World) -> None:
    world.trade("A", "buy", 5)
    world.held.clear()
    world.lives.clear()


def cut(view: VenueView) -> VenueView:
    sources = {
        name: dataclasses.replace(one, complete=False, cut=True, window_from_ms=START_MS)
        if name in ("fills", "orders_history")
        else one
        for name, one in view.sources.items()
    }
    return replaced(view, sources=sources)


def of_another(world: World) -> None:
    world.trade("A", "buy", 5)
    kept = AccountIdentity(uid="11", demo=False)
    world.state.account_cash = world.state.account_cash.model_copy(update={"identity": kept})
    shown(lambda view: replaced(view, uid="22", demo=True))(world)


def of_another_level(world: World) -> None:
    kept = AccountIdentity(uid="11", demo=False, acct_lv="2", pos_mode="net_mode")
    world.state.account_cash = world.state.account_cash.model_copy(update={"identity": kept})
    shown(lambda view: replaced(view, uid="11", demo=False, acct_lv="3"))(world)


def in_doubt(world: World) -> None:
    world.trade("A", "buy", 5)
    one = world.instruments[BTC]
    world.instruments[BTC] = dataclasses.replace(one, settle_ccy="USDC")


def resized(world: World) -> None:
    world.trade("A", "buy", 5)
    one = world.instruments[BTC]
    books = world.books
    sizes = {BTC: (one.ct_val, one.ct_mult)}
    world.books = lambda: dataclasses.replace(books(), sizes=sizes)  # type: ignore[method-assign]
    world.instruments[BTC] = dataclasses.replace(one, ct_val=one.ct_val / 10)


def offset_and_gone(world: World) -> None:
    world.trade("A", "buy", 5)
    world.trade("B", "sell", 5)
    one, books = world.instruments.pop(BTC), world.books
    sizes = {BTC: (one.ct_val, one.ct_mult)}
    world.books = lambda: dataclasses.replace(books(), sizes=sizes)  # type: ignore[method-assign]


def not_ours(view: VenueView) -> VenueView:
    option = UnmanagedPosition(
        "BTC-USD-261225-90000-C", "OPTION", "cross", "net", "BTC", "-3", "0.01", "9", "why.option"
    )
    return replaced(view, unmanaged=(option,))


def late_after_adoption(world: World) -> None:
    world.trade("A", "buy", 3, booked=False)
    world.hidden.add(world.orders[-1].ord_id)
    world.adopt(reconcile(world.books(), world.view()))
    world.hidden.clear()


def owner_exchanged(world: World) -> None:
    world.trade("A", "buy", 5)
    for book, ledgers in (
        ("private", world.state.private_ledgers),
        ("public", world.state.public_accounts),
    ):
        moved = ledgers["A"].positions
        world.edit("A", book, positions=[])
        world.edit("B", book, positions=moved)


MORE = (
    Row("a stop that came with its order", carries_a_stop),
    Row("a stop without its position", stop_left_over),
    Row("a stop whose order was refused", its_order_ended),
    Row("ledgers that were written to", written_to),
    Row("a position that is not shown any more", vanished),
    Row("away for longer than the exchange keeps", shown(cut)),
    Row("another account", of_another),
    Row("another level of the account", of_another_level),
    Row("a contract of ours that settles in another currency", in_doubt),
    Row("a contract of another size", resized),
    Row("two against each other in a contract that is gone", offset_and_gone),
    Row("an option", shown(not_ours)),
    Row("delivered", steps(
        trade("A", "buy", 5), trade("B", "buy", 3),
        unbooked(None, "sell", 8, category="delivery"))),
    Row("nobody closes what an agent holds", nobody_closes_an_agents, hedged=True),
    Row("an adopted difference, and its execution", late_after_adoption),
    Row("an owner exchanged in both ledgers", owner_exchanged),
    Row("a ledger is older and the exchange was not read", older_and_unread),
    Row("less on one leg than the books say", less_on_one_leg, hedged=True),
    Row("opened and stopped while away", steps(
        unbooked("A", "buy", 2), unbooked("A", "sell", 2, by="algo"))),
    Row("a part is stopped", steps(trade("A", "buy", 5), unbooked("A", "sell", 2, by="algo"))),
    Row("one's own part is stopped", steps(
        trade("A", "buy", 5), trade("B", "buy", 4), unbooked("A", "sell", 5, by="algo"))),
    Row("funding", held_and(lambda world: world.fund("0.0001"))),
    Row("funding of what nobody owns", held_and(funding_of_a_stranger)),
    Row("another fee", held_and(unbooked("A", "buy", 1, billed_fee="-0.07"))),
    Row("a penalty", held_and(
        unbooked(None, "sell", 8, category="full_liquidation", penalty="-1.5"))),
    Row("a transfer", held_and(lambda world: world.deposit("100"))),
    Row("interest", held_and(lambda world: world.deposit("-0.3", kind="7"))),
    Row("a bill of a kind nobody knows", held_and(lambda world: world.deposit("2", kind="99"))),
    Row("a trade in spot", held_and(spot)),
    Row("a bill before its fill", held_and(no_fill_yet)),
    Row("money without a bill", held_and(unnoticed)),
    Row("a bill is missing", held_and(bill_lost)),
    Row("money that was booked and never was", held_and(booked_wrongly)),
    Row("a difference adopted", held_and(closed_at_a_loss)),
    Row("another agent has it", handed_over),
    Row("what was adopted is explained at last", adopted_and_found),
    Row("funding that fits nobody", held_and(funding_of_another_size)),
)  # fmt: skip


@functools.cache
def plans() -> tuple[Plan, ...]:
    found = []
    for row in (*CASES, *SHARED, *MORE):
        world = World(*row.agents.split(), hedged=row.hedged)
        row.happen(world)
        found.append(reconcile(world.books(), world.view()))
    return tuple(found)


def by_kind() -> dict[tuple[str, str, str], list[tuple[Finding, Plan]]]:
    found: dict[tuple[str, str, str], list[tuple[Finding, Plan]]] = {}
    for plan in plans():
        for one in plan.findings:
            found.setdefault((one.what, one.cause, one.remedy), []).append((one, plan))
    return found


def of_kind(kind: str) -> list[tuple[Finding, Plan]]:
    return by_kind().get(WORDS[kind], [])


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_kind_of_finding_is_said_whole(kind: str) -> None:
    found = of_kind(kind)
    assert found, "no scenario comes to this finding"
    for lang in ("zh", "en"):
        for one, plan in found:
            for applied in (True, False):
                lines = finding_lines(one, plan, applied, speaker(lang))
                assert len(lines) >= 3
                assert not UNSAID.search("\n".join(lines)), lines


def alternatives() -> dict[str, list[tuple[Finding, Alternative]]]:
    found: dict[str, list[tuple[Finding, Alternative]]] = {}
    for plan in plans():
        for one in plan.findings:
            for way in one.alternatives:
                found.setdefault(way.name.partition(":")[0], []).append((one, way))
    return found


def every_correction() -> list[Correction]:
    planned = [step for plan in plans() for step in plan.corrections]
    offered = [
        step for each in alternatives().values() for _, way in each for step in way.corrections
    ]
    return [*planned, *offered]


NAMED = sorted(name[4:] for name in ALTERNATIVES if name.count(".") == 1)


@pytest.mark.parametrize("kind", NAMED)
def test_every_kind_of_alternative_is_said_whole(kind: str) -> None:
    found = alternatives().get(kind)
    assert found, "no scenario comes to this alternative"
    for lang in ("zh", "en"):
        for one, way in found:
            [told] = [each for each in ways(one, "--dir x", speaker(lang)) if each.name == way.name]
            sides = (told.does, told.grade, told.pro, told.contra, told.leaves, *told.effects)
            assert all(sides)
            assert not UNSAID.search("\n".join(sides)), sides
            assert told.command.endswith(f"--choose {one.finding_id}={way.name} --dir x") or (
                f"'{one.finding_id}={way.name}'" in told.command
                or (kind, told.command)  # no command has the host
                == ("host_left", f"p.approve({{'{one.finding_id}': '{way.name}'}})")
            )


def test_no_alternative_is_without_words() -> None:
    assert sorted(alternatives()) == NAMED


@pytest.mark.parametrize("kind", sorted(KINDS, key=lambda kind: kind.__name__))
def test_every_kind_of_correction_is_said_whole(kind: type[Correction]) -> None:
    steps = [step for step in every_correction() if type(step) is kind]
    assert steps, "no scenario comes to this correction"
    for lang in ("zh", "en"):
        for step in steps:
            said = correction_words(step, speaker(lang))
            assert said
            assert not UNSAID.search(said), said


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("render", [render_text, render_page])
def test_no_report_of_any_scenario_has_a_hole(render: Callable[..., str], lang: str) -> None:
    for plan in plans():
        told = render(facts(plan, "human" if plan.needs_human else "go"), lang)
        assert not UNSAID.search(told), UNSAID.findall(told)
        if render is render_text:
            assert (english(told) if lang == "zh" else CHINESE.findall(told)) == []


def test_a_hole_would_be_seen() -> None:
    one = next(one for plan in plans() for one in plan.findings if one.what == "what.orphan")
    holed = dataclasses.replace(one, params={})
    lines = finding_lines(holed, plans()[0], False, speaker("zh"))
    assert UNSAID.search("\n".join(lines))
