"""Pure. WHAT is remembered: agents, ledgers, heroes, order intents, and the exact numbers in them.

Everything here is data and functions of data; time and ids come in as arguments.
"""

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
