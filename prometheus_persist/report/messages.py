"""Every sentence this library says to people, by message id, in Chinese and in English.

1. A message is a pair (zh, en) with the same placeholders in both; a test holds that.
2. Each table has its own file. What findings say: ``findings.py``, ``causes.py``,
   ``alternatives.py``. What to do next: ``next_steps.py``. The report's own sentences:
   ``sections.py``, the commands': ``cli.py``.
3. Placeholders are filled with text. ``message`` never fails for a missing value at night: an
   unknown placeholder stays visible as ``{name}``; an unknown id is shown as itself.
4. A value that is itself a sentence of the library's, said in English where it came up, is said in
   Chinese as well (``in_chinese``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_persist.language import in_language
from prometheus_persist.report.in_chinese import in_chinese
from prometheus_persist.words.alternatives import ALTERNATIVES, GRADE
from prometheus_persist.words.causes import CAUSE, REMEDY
from prometheus_persist.words.cli import CLI
from prometheus_persist.words.findings import WHAT, WHY
from prometheus_persist.words.history import PAST_WORDS
from prometheus_persist.words.next_steps import NEXT, STEP
from prometheus_persist.words.sections import PAGE, REPORT
from prometheus_persist.words.terms import TERMS

LANGUAGES: Final = ("zh", "en")
_SAID: Final = frozenset({"problem", "text", "why", "reason", "hint", "there"})
"""Placeholders that may hold a sentence of the library's own."""

MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    **WHAT,
    **CAUSE,
    **REMEDY,
    **WHY,
    **ALTERNATIVES,
    **GRADE,
    **NEXT,
    **STEP,
    **CLI,
    **REPORT,
    **PAGE,
    **PAST_WORDS,
    **TERMS,
}


def message(message_id: str, lang: str, **params: str) -> str:
    """The sentence in ``lang`` (``zh``, else English), filled in."""
    pair = MESSAGES.get(message_id)
    if pair is None:
        return message_id
    if lang == "zh":
        params = {name: in_chinese(v) if name in _SAID else v for name, v in params.items()}
    return in_language(pair, lang, **params)
