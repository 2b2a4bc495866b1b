"""Shell. HOW FAST: the store measured beside its peers, in one process, on one disk."""

from prometheus_persist.bench.command import measured, show, write_page

__all__ = ["measured", "show", "write_page"]
