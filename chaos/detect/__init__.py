"""Detection on injected faults: one discrepancy at a time, at random, and was it seen?"""

from typing import Final

INSTANCES: Final = 200
"""Of each kind; the others are of ``ways-out``: in its process, and by commands."""
HISTORIES: Final = 3_000
COMMANDS: Final = 300
