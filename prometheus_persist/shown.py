"""Text from outside on its way to a terminal, a table, a log or a page: shown, never obeyed.

Agent ids, reasons, instrument ids, messages of the exchange, names of files and of members of an
archive: each may hold escape codes that move the cursor, marks that turn the direction of reading,
line breaks that forge a line. They all pass ``shown``, once or more often: what it gives, it gives
back. The sinks call it, so that nobody has to think of it: ``terminal`` for what rich prints,
``report.text`` for every line, ``report.page`` for every value, the audit for every line, errors
for what they say.

Everything that has no glyph of its own is written as JSON would escape it: controls, format
characters (bidi, zero width), line and paragraph separators, lone surrogates, private and
unassigned code points. Spaces of all widths stay.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any


def shown(text: str) -> str:
    """``text`` as one line without anything that a terminal or a reader's eye would obey."""
    return text if text.isprintable() else "".join(map(_shown, text))


def shown_lines(text: str) -> str:
    """The same line by line: for what was put together out of lines that were shown."""
    return "\n".join(map(shown, text.split("\n")))


def shown_json(value: Any, **how: Any) -> str:
    """``value`` as JSON text for a terminal: the same value to who parses it."""
    return shown_lines(json.dumps(value, ensure_ascii=False, **how))


def _shown(char: str) -> str:
    seen = char.isprintable() or unicodedata.category(char) == "Zs"
    return char if seen else json.dumps(char)[1:-1]
