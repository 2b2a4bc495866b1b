"""How agents join: each with both its ledgers, all of them in one commit or none.

The public account takes over the record that an agent brings. What was not saved is not there; what
is interrupted halfway shuts the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_persist.errors import BadValue
from prometheus_persist.saving import Saver
from prometheus_persist.session.dirty import keys_of
from prometheus_persist.state import Agent, PrivateLedger, PublicAccount
from prometheus_persist.state.booking import record_of
from prometheus_persist.state.registry import SYSTEM_OWNER

_Books = dict[str, Agent | PrivateLedger | PublicAccount]


def joined(saver: Saver, agents: Iterable[Agent], trigger: str) -> None:
    """Enter them, durably; raises BadValue for one that is there already."""
    state = saver.state
    books: dict[str, _Books] = {}
    for agent in agents:
        if agent.agent_id == SYSTEM_OWNER:
            raise BadValue(f"{SYSTEM_OWNER} is the name of what no agent owns; take another")
        if agent.agent_id in state.agents or agent.agent_id in books:
            raise BadValue(f"agent {agent.agent_id!r} is there already")
        books[agent.agent_id] = _books_of(agent)
    saver.store.whole(_entered, saver, books, trigger)


def _entered(saver: Saver, books: Mapping[str, _Books], trigger: str) -> None:
    state = saver.state
    registry = state.registry
    try:
        state.registry = registry.assign(*books)
        for name, each in books.items():
            for attribute, book in each.items():
                getattr(state, attribute)[name] = book
        keys = [key for name in books for key in keys_of(name)]
        saver.save(trigger, keys=("registry", *keys))
    except BaseException:
        state.registry = registry
        for name, each in books.items():
            for attribute in each:
                getattr(state, attribute).pop(name, None)
        raise


def _books_of(agent: Agent) -> _Books:
    """A new agent and both its ledgers, by the state's attribute."""
    money = {"agent_id": agent.agent_id, "capital": agent.current_capital}
    return {
        "agents": agent,
        "private_ledgers": PrivateLedger.model_validate(money),
        "public_accounts": PublicAccount.model_validate(money | record_of(agent)),
    }
