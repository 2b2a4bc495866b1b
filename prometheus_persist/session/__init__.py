"""Shell. One process's life with a store: open, recover, trade, close."""

from prometheus_persist.session.planning import EXIT_OF_DECISION, plan_only
from prometheus_persist.session.session import Session
from prometheus_persist.session.settings import Settings

__all__ = ["EXIT_OF_DECISION", "Session", "Settings", "plan_only"]
