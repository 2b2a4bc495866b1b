"""How agents join: each with both its ledgers, all of them in one commit or none.

The public account takes over the record that an agent brings. What was not saved is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_persist.errors import BadValue
from prometheus_persist.saving import Saver
from prometheus_persist.session.marks import keys_of
from prometheus_persist.state import Agent, PrivateLedger, PublicAccount
from prometheus_persist.state.registry import SYSTEM_OWNER

_RECORD: Final = (
    "total_pnl",
    "win_rate",
    "trade_count",
    "close_count",
    "win_count",
    "consecutive_wins",
    "consecutive_losses",
)


def joined(saver: Saver, agents: Iterable[Agent], trigger: str) -> None:
    """Enter them, durably; raises BadValue for one that is there already."""
    state = saver.state
    books: dict[str, dict[str, Agent | PrivateLedger | PublicAccount]] = {}
    for agent in agents:
        if agent.agent_id == SYSTEM_OWNER:
            raise BadValue(f"{SYSTEM_OWNER} is the name of what no agent owns; take another")
        if agent.agent_id in state.agents or agent.agent_id in books:
            raise BadValue(f"agent {agent.agent_id!r} is there already")
        books[agent.agent_id] = _books_of(agent)
    registry = state.registry
    state.registry = registry.assign(*books)
    for name, each in books.items():
        for attribute, book in each.items():
            getattr(state, attribute)[name] = book
    try:
        keys = [key for name in books for key in keys_of(name)]
        saver.save(trigger, keys=("registry", *keys))
    except BaseException:
        state.registry = registry
        for name, each in books.items():
            for attribute in each:
                del getattr(state, attribute)[name]
        raise


def _books_of(agent: Agent) -> dict[str, Agent | PrivateLedger | PublicAccount]:
    """A new agent and both its ledgers, by the state's attribute."""
    money = {"agent_id": agent.agent_id, "capital": agent.current_capital}
    record = {field: getattr(agent, field) for field in _RECORD}
    return {
        "agents": agent,
        "private_ledgers": PrivateLedger.model_validate(money),
        "public_accounts": PublicAccount.model_validate(money | record),
    }
