"""A sentence that the library says in English, found again and said in Chinese.

1. What goes wrong is said in English where it is raised: that is what ``str(error)``, a
   traceback, a log and the audit hold. Who speaks to a person in Chinese passes it through here.
2. The tables (``words.said_*``) have the English as it is raised, with a placeholder for each
   value. A sentence fits as a whole, the one with the most words of its own first; a value may be
   such a sentence itself.
3. What fits nowhere is taken apart behind its first colon or semicolon; what fits then neither is
   left as it is: a file's name, an id, a reason that a person gave, a word of OKX's.
4. A test finds every sentence that this library raises, and holds that it is here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_persist.words.okx_refusals import WORDS as REFUSALS
from prometheus_persist.words.said_by_commands import COMMANDS
from prometheus_persist.words.said_of_books import BOOKS
from prometheus_persist.words.said_of_hosts import HOSTS
from prometheus_persist.words.said_of_okx import OKX
from prometheus_persist.words.said_of_stores import STORES
from prometheus_persist.words.said_of_wrapping import WRAPPING
from prometheus_persist.words.terms import TERMS

SENTENCES: Final[Mapping[str, str]] = {
    **STORES,
    **OKX,
    **BOOKS,
    **COMMANDS,
    **HOSTS,
    **WRAPPING,
    **{en: zh for zh, en in REFUSALS.values()},
    **{name.partition(".")[2]: zh for name, (zh, _) in TERMS.items() if name.startswith("source.")},
}
GAP: Final = re.compile(r"\{(\w+)\}")
_CUTS: Final = ((": ", "："), ("; ", "；"))
_CHARS_MAX: Final = 4_000


def _pattern(en: str) -> re.Pattern[str]:
    parts = GAP.split(en)
    fixed = [re.escape(part) for part in parts[::2]]
    named = [f"(?P<{name}>.+?)" for name in parts[1::2]]
    return re.compile("".join(a + b for a, b in zip(fixed, [*named, ""], strict=True)), re.DOTALL)


def translator(sentences: Mapping[str, str]) -> Callable[[str], str]:
    """What puts a text into Chinese, as far as it is one of these sentences."""

    @functools.cache
    def patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
        """Those with values in them, most words of their own first."""
        gaps = [en for en in sentences if GAP.search(en)]
        gaps.sort(key=lambda en: (-len(GAP.sub("", en)), en))
        return tuple((_pattern(en), sentences[en]) for en in gaps)

    @functools.lru_cache(maxsize=1024)
    def translated(text: str) -> str:
        if len(text) > _CHARS_MAX or not text:
            return text
        plain = sentences.get(text)
        if plain is not None and not GAP.search(text):
            return plain
        for pattern, zh in patterns():
            found = pattern.fullmatch(text)
            if found:
                values = {name: translated(value) for name, value in found.groupdict().items()}
                return GAP.sub(lambda gap, values=values: values[gap[1]], zh)  # type: ignore[misc]
        for cut, zh in _CUTS:
            head, mark, tail = text.partition(cut)
            if mark:
                told = translated(head), translated(tail)
                if told != (head, tail):
                    return zh.join(told)
        return text

    return translated


in_chinese: Final = translator(SENTENCES)
