"""A cycle that was cut: who had acted in it when the process ended, and who had not.

A restore gives a host exactly what it was in the middle of a cycle, and its loop begins that cycle
again at its top. So agents that had acted act once more; the others only now. Who has acted is a
part of every commit, and forgotten when the next cycle begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prometheus_persist.state.exact_json import JsonObject

CYCLE: Final = "host/cycle"


@dataclass(frozen=True, slots=True)
class CutCycle:
    """After ``cycle``, the last that ended: who acted in the one behind it, and who did not."""

    cycle: int
    acted: tuple[str, ...]
    undecided: tuple[str, ...]


def cut(written: JsonObject | None, cycle: int, alive: Iterable[str]) -> CutCycle | None:
    """What a process before left; None where nobody had acted since the last cycle."""
    acted = tuple((written or {}).get("acted", ()))
    if not acted:
        return None
    return CutCycle(cycle, acted, tuple(name for name in sorted(alive) if name not in acted))
