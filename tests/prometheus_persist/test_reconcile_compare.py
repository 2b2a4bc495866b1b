"""Two ledgers of one agent: who is looked at, which is newer, which one is offered."""

from __future__ import annotations

from decimal import Decimal

import pytest
from reconcile_world import World

from prometheus_persist.reconcile.compare import LedgerPair, compare_ledgers


def pair(world: World, name: str = "A") -> LedgerPair:
    return {each.agent_id: each for each in compare_ledgers(world.state)}[name]


def test_an_agent_with_one_ledger_and_no_document_is_looked_at() -> None:
    for book in ("private_ledgers", "public_accounts"):
        world = World("A", "B")
        del world.state.agents["B"]
        del getattr(world.state, book)["B"]
        assert not pair(world, "B").known
        assert pair(world, "B").conflict


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("gone", "newer"), [("private_ledgers", "public"), ("public_accounts", "private")]
)
def test_a_ledger_that_is_there_is_newer_than_none(gone: str, newer: str, version: int) -> None:
    world = World("A")
    world.edit("A", newer, version=version)
    del getattr(world.state, gone)["A"]
    assert (pair(world).newer, pair(world).source) == (newer, newer)


@pytest.mark.parametrize(
    ("private", "public", "agents", "due"),
    [
        (1, 2, 2, "public"),
        (1, 2, 1, "private"),
        (1, 2, 3, "private"),
        (2, 2, 2, "private"),
        (1, 2, None, "private"),
    ],
)
def test_of_two_that_conflict_the_one_that_the_agents_capital_agrees_with_is_offered(
    private: int, public: int, agents: int | None, due: str
) -> None:
    world = World("A")
    world.edit("A", "private", capital=Decimal(private))
    world.edit("A", "public", capital=Decimal(public))
    if agents is None:
        del world.state.agents["A"]
    else:
        agent = world.state.agents["A"]
        world.state.agents["A"] = agent.model_copy(update={"current_capital": Decimal(agents)})
    found = pair(world)
    assert (found.newer, found.source) == ("", due)
    assert found.conflict is (private != public or agents is None)


def test_an_agent_without_any_ledger_is_offered_none() -> None:
    world = World("A")
    del world.state.private_ledgers["A"]
    del world.state.public_accounts["A"]
    assert pair(world).absent
    assert pair(world).positions == []
    assert pair(world).versions == ("-", "-")
