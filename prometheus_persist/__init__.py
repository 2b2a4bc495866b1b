"""Save everything, come back from any crash, agree with the exchange.

The public surface: a ``Session`` on a store, the typed state in it, and a reader of the exchange.
Each is imported when it is first asked for, ccxt when a reader is made.
"""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.errors import PersistError
    from prometheus_persist.exchange import expiring
    from prometheus_persist.exchange.okx.client import OkxReader, OkxSettings, connect
    from prometheus_persist.saving import Attached
    from prometheus_persist.session import (
        AttachedHost,
        Dealt,
        Held,
        HostViews,
        Session,
        Settings,
        attach,
        plan_only,
    )
    from prometheus_persist.session.report import RecoveryReport
    from prometheus_persist.session.telling import (
        report_to_log,
        report_to_people,
        report_to_webhook,
    )
    from prometheus_persist.state import Agent, Contracts, SystemState, coins, contracts
else:
    __getattr__ = exports(
        {
            "Agent": "prometheus_persist.state",
            "Attached": "prometheus_persist.saving",
            "AttachedHost": "prometheus_persist.session",
            "Contracts": "prometheus_persist.state",
            "Held": "prometheus_persist.session",
            "HostViews": "prometheus_persist.session",
            "OkxReader": "prometheus_persist.exchange.okx.client",
            "OkxSettings": "prometheus_persist.exchange.okx.client",
            "PersistError": "prometheus_persist.errors",
            "RecoveryReport": "prometheus_persist.session.report",
            "Session": "prometheus_persist.session",
            "Settings": "prometheus_persist.session",
            "SystemState": "prometheus_persist.state",
            "Dealt": "prometheus_persist.session",
            "attach": "prometheus_persist.session",
            "coins": "prometheus_persist.state",
            "connect": "prometheus_persist.exchange.okx.client",
            "contracts": "prometheus_persist.state",
            "expiring": "prometheus_persist.exchange",
            "plan_only": "prometheus_persist.session",
            "report_to_log": "prometheus_persist.session.telling",
            "report_to_people": "prometheus_persist.session.telling",
            "report_to_webhook": "prometheus_persist.session.telling",
        }
    )

__all__ = [
    "Agent",
    "Attached",
    "AttachedHost",
    "Contracts",
    "Dealt",
    "Held",
    "HostViews",
    "OkxReader",
    "OkxSettings",
    "PersistError",
    "RecoveryReport",
    "Session",
    "Settings",
    "SystemState",
    "attach",
    "coins",
    "connect",
    "contracts",
    "expiring",
    "plan_only",
    "report_to_log",
    "report_to_people",
    "report_to_webhook",
]
