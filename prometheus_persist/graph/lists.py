"""What became of a long list: did it only grow, or lose its head?"""

from __future__ import annotations

from operator import is_
from typing import Any, Final

TAIL: Final = 8  # entries at the end of a long list that are not settled yet


def same(now: list[Any], old: list[Any], drop: int, *, complete: bool) -> bool:
    """Whether ``now`` begins with the entries of ``old`` behind ``drop``: all, or the ends."""
    left = len(old) - drop
    if left > len(now):
        return False
    if complete:
        return all(map(is_, now, old[drop:] if drop else old))
    tail = max(0, left - TAIL)
    return now[0] is old[drop] and all(map(is_, now[tail:left], old[drop + tail :]))


def ends_alike(now: list[Any], old: list[Any]) -> bool:
    """Whether nothing differs of a list's size, its first entry and the last ones."""
    return len(now) == len(old) and now[0] is old[0] and all(map(is_, now[-TAIL:], old[-TAIL:]))


def dropped(now: list[Any], old: list[Any]) -> int:
    """How many entries a list lost at its head; 0 where that is not all that happened."""
    head = now[0]
    for drop in range(max(1, len(old) - len(now)), len(old)):
        if old[drop] is head and same(now, old, drop, complete=True):
            return drop
    return 0
