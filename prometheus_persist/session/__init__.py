"""Shell. One process's life with a store: open, recover, trade, close."""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.session.attaching import AttachedHost, attach
    from prometheus_persist.session.host_rows import Dealt, Held
    from prometheus_persist.session.host_views import HostViews
    from prometheus_persist.session.planning import EXIT_OF_DECISION, plan_only
    from prometheus_persist.session.session import Session
    from prometheus_persist.session.settings import Settings
else:
    __getattr__ = exports(
        {
            "AttachedHost": "prometheus_persist.session.attaching",
            "EXIT_OF_DECISION": "prometheus_persist.session.planning",
            "Held": "prometheus_persist.session.host_rows",
            "HostViews": "prometheus_persist.session.host_views",
            "Dealt": "prometheus_persist.session.host_rows",
            "Session": "prometheus_persist.session.session",
            "Settings": "prometheus_persist.session.settings",
            "attach": "prometheus_persist.session.attaching",
            "plan_only": "prometheus_persist.session.planning",
        }
    )

__all__ = [
    "EXIT_OF_DECISION",
    "AttachedHost",
    "Dealt",
    "Held",
    "HostViews",
    "Session",
    "Settings",
    "attach",
    "plan_only",
]
