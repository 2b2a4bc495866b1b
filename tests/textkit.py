"""Text that a terminal or a reader's eye would obey, and how to see that none of it came out."""

from __future__ import annotations

import unicodedata
from itertools import groupby

CLEARS = "\x1b[2J\x1b[3J\x1b[H\x1b]0;owned\x07\x9b2J"
TURNS = "\u202egpj.exe\u2066\u200f\u061c"


def unruly(text: str) -> list[str]:
    """What of it is not text: everything but line ends that has no glyph."""
    kept = {char for char in text if unicodedata.category(char) == "Zs" or char == "\n"}
    return sorted({char for char in text if not char.isprintable()} - kept)


def stacked(text: str) -> int:
    """The most marks that stand on one letter."""
    marks = (unicodedata.category(char) in ("Mn", "Me") for char in text)
    return max((len(list(run)) for is_mark, run in groupby(marks) if is_mark), default=0)
