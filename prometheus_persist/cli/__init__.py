"""Shell. ``prometheus-persist``: the command line."""

from prometheus_persist.cli.app import main

__all__ = ["main"]
