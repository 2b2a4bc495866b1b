"""Pure. WHAT is remembered: agents, ledgers, heroes, order intents, and the exact numbers in them.

Everything here is data and functions of data; time and ids come in as arguments.
"""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.state.booking import Booked, Execution, book_execution
    from prometheus_persist.state.documents import state_from, to_documents
    from prometheus_persist.state.history import History
    from prometheus_persist.state.intents import next_outcome
    from prometheus_persist.state.models import (
        AccountCash,
        AccountIdentity,
        Agent,
        FreezeEntry,
        FreezeState,
        Hero,
        Mastermind,
        OrderIntent,
        Position,
        PositionKey,
        PrivateLedger,
        PublicAccount,
        PublicLedger,
        Supervisor,
        SystemState,
        Unattributed,
        Valhalla,
        VirtualPosition,
        Watermark,
    )
    from prometheus_persist.state.money import (
        NO_CONTRACTS,
        BaseQty,
        Contracts,
        Money,
        coins,
        contracts,
        exact,
        plain,
        to_base,
    )
    from prometheus_persist.state.registry import AgentIds, Registry
else:
    __getattr__ = exports(
        {
            "AccountCash": "prometheus_persist.state.models",
            "AccountIdentity": "prometheus_persist.state.models",
            "Agent": "prometheus_persist.state.models",
            "AgentIds": "prometheus_persist.state.registry",
            "BaseQty": "prometheus_persist.state.money",
            "Booked": "prometheus_persist.state.booking",
            "Contracts": "prometheus_persist.state.money",
            "Execution": "prometheus_persist.state.booking",
            "FreezeEntry": "prometheus_persist.state.models",
            "FreezeState": "prometheus_persist.state.models",
            "Hero": "prometheus_persist.state.models",
            "History": "prometheus_persist.state.history",
            "Mastermind": "prometheus_persist.state.models",
            "Money": "prometheus_persist.state.money",
            "NO_CONTRACTS": "prometheus_persist.state.money",
            "OrderIntent": "prometheus_persist.state.models",
            "Position": "prometheus_persist.state.models",
            "PositionKey": "prometheus_persist.state.models",
            "PrivateLedger": "prometheus_persist.state.models",
            "PublicAccount": "prometheus_persist.state.models",
            "PublicLedger": "prometheus_persist.state.models",
            "Registry": "prometheus_persist.state.registry",
            "Supervisor": "prometheus_persist.state.models",
            "SystemState": "prometheus_persist.state.models",
            "Unattributed": "prometheus_persist.state.models",
            "Valhalla": "prometheus_persist.state.models",
            "VirtualPosition": "prometheus_persist.state.models",
            "Watermark": "prometheus_persist.state.models",
            "book_execution": "prometheus_persist.state.booking",
            "coins": "prometheus_persist.state.money",
            "contracts": "prometheus_persist.state.money",
            "exact": "prometheus_persist.state.money",
            "next_outcome": "prometheus_persist.state.intents",
            "plain": "prometheus_persist.state.money",
            "state_from": "prometheus_persist.state.documents",
            "to_base": "prometheus_persist.state.money",
            "to_documents": "prometheus_persist.state.documents",
        }
    )

__all__ = [
    "NO_CONTRACTS",
    "AccountCash",
    "AccountIdentity",
    "Agent",
    "AgentIds",
    "BaseQty",
    "Booked",
    "Contracts",
    "Execution",
    "FreezeEntry",
    "FreezeState",
    "Hero",
    "History",
    "Mastermind",
    "Money",
    "OrderIntent",
    "Position",
    "PositionKey",
    "PrivateLedger",
    "PublicAccount",
    "PublicLedger",
    "Registry",
    "Supervisor",
    "SystemState",
    "Unattributed",
    "Valhalla",
    "VirtualPosition",
    "Watermark",
    "book_execution",
    "coins",
    "contracts",
    "exact",
    "next_outcome",
    "plain",
    "state_from",
    "to_base",
    "to_documents",
]
