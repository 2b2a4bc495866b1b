"""Text from outside on its way to a terminal, a table, a log or a page: shown, never obeyed.

Agent ids, reasons, instrument ids, messages of the exchange, names of files and of members of an
archive: each may hold escape codes that move the cursor, marks that turn the direction of reading,
line breaks that forge a line. They all pass ``shown``, once or more often: what it gives, it gives
back. The sinks call it, so that nobody has to think of it: ``terminal`` for what rich prints,
``report.text`` for every line, ``report.pages`` for every value, the audit for every line, errors
for what they say.

Everything that has no glyph of its own is written as JSON would escape it: controls, format
characters (bidi, zero width), line and paragraph separators, lone surrogates, private and
unassigned code points. Spaces of all widths stay. Marks that are drawn over or under a letter stay
as far as ``MARKS_MAX`` on one letter; the others, which would be drawn over the lines around it,
are escaped likewise.
"""

from __future__ import annotations

import json
import unicodedata
from typing import IO, Any, Final

MARKS_MAX: Final = 4  # no script that is written needs more
_FIRST_MARK: Final = "\u0300"


def shown(text: str) -> str:
    """``text`` as one line without anything that a terminal or a reader's eye would obey."""
    if text.isprintable():
        return text if text.isascii() else _thinned(text)
    return _thinned("".join(map(_shown, text)))


def shown_lines(text: str) -> str:
    """The same line by line: for what was put together out of lines that were shown."""
    return "\n".join(map(shown, text.split("\n")))


def shown_json(value: Any, **how: Any) -> str:
    """``value`` as JSON text for a terminal: the same value to who parses it."""
    return shown_lines(json.dumps(value, ensure_ascii=False, **how))


def tell(text: str, file: IO[str] | None = None) -> None:
    """Print lines for people, shown; on stdout, or into ``file``."""
    print(shown_lines(text), file=file, flush=True)


def _thinned(text: str) -> str:
    """The text with no more marks on one letter than stay."""
    seen, marks = [], 0
    for char in text:
        is_mark = char >= _FIRST_MARK and unicodedata.category(char) in ("Mn", "Me")
        marks = marks + 1 if is_mark else 0
        seen.append(char if marks <= MARKS_MAX else json.dumps(char)[1:-1])
    return "".join(seen)


def _shown(char: str) -> str:
    seen = char.isprintable() or unicodedata.category(char) == "Zs"
    return char if seen else json.dumps(char)[1:-1]
