"""Shell. HOW FAST: the store measured beside its peers, in one process, on one disk."""

from prometheus_persist.bench.command import measured, show, show_sizes, sized, write_page

__all__ = ["measured", "show", "show_sizes", "sized", "write_page"]
