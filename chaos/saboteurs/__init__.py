"""Deliberately wrong savers, kept in the tree: proof that the harness can fail.

| saboteur | what it breaks | the scenario that must catch it |
|---|---|---|
| ack-before-write | a write is acknowledged, and written with the next one | sigkill-sweep |
| checksum-not-checked | a frame's digest is written and never compared | corrupt-journal |
| intent-after-send | the order leaves first, its intent is written afterwards | sigkill-mid-save |

A saboteur is named on the command line of a child and never reaches a run that did not ask for it.
"""

from chaos.saboteurs.catalogue import (
    CAUGHT_BY,
    CAUGHT_BY_SWEEP,
    DECIDERS,
    RECONCILERS,
    SABOTEURS,
    Sabotage,
    strikes,
)

__all__ = [
    "CAUGHT_BY",
    "CAUGHT_BY_SWEEP",
    "DECIDERS",
    "RECONCILERS",
    "SABOTEURS",
    "Sabotage",
    "strikes",
]
