"""Save everything, come back from any crash, agree with the exchange.

The public surface: a ``Session`` on a store, the typed state in it, and a reader of the exchange.
ccxt is imported only when a reader is made.
"""

from prometheus_persist.errors import PersistError
from prometheus_persist.exchange.okx import OkxReader, OkxSettings, connect
from prometheus_persist.session import Session, Settings, plan_only
from prometheus_persist.state import Agent, Contracts, SystemState, contracts

__all__ = [
    "Agent",
    "Contracts",
    "OkxReader",
    "OkxSettings",
    "PersistError",
    "Session",
    "Settings",
    "SystemState",
    "connect",
    "contracts",
    "plan_only",
]
