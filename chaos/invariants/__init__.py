"""What must hold, one file per promise; plain JSON in, checks out.

I1 every acknowledged save is restored · I2 the restored state is one the program had, at most one
commit ahead, never mixed · I3 damage is repaired or named · I4 recovery is idempotent and
crash-safe · I5 the books balance · I7 a failed save raises and never acknowledges · I8 no order
lost, none sent twice · I9 frozen means no order leaves.

Not looked at here: I6 (``sweeps/soak.py``), I10 (``workload/system.py``), and what takes more than
one run to see (``sweeps/``, ``detect/``). ``tests/promises.md`` has all of them.
Nothing here imports the library's journal, reconciliation or recovery.
"""
