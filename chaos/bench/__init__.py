"""Shell. HOW FAST: the store measured beside its peers, in one process, on one disk."""
