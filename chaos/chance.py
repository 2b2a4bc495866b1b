"""The one place where chance comes from: generators that are seeded and handed around.

``generator(seed, cycle, agent_id, …)`` is a fresh ``random.Random`` for exactly these words, so
that a run restored at cycle 7 draws in cycle 8 what the run that was never killed would have drawn.
"""

from __future__ import annotations

import random


def generator(*words: object) -> random.Random:
    """A generator that depends on these words and on nothing else, in any process."""
    text = ":".join(str(word) for word in words)
    return random.Random(text)  # noqa: S311 a simulation wants repeatable numbers, not secret ones
