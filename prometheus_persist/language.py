"""In which language people are spoken to: ``PERSIST_LANG``, else Chinese where the locale is.

Whatever is said to people is a pair, Chinese and English, with the same placeholders in both.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

LANGUAGES = ("zh", "en")


def default_language(environ: Mapping[str, str]) -> str:
    """``zh`` where the locale is Chinese, else ``en``."""
    asked = environ.get("PERSIST_LANG", "")
    if asked in LANGUAGES:
        return asked
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


def asked_language(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language of a command line that is not parsed yet: ``--lang`` of it, else the default."""
    asked = [lang for lang in LANGUAGES if f"--lang={lang}" in argv]
    asked += [b for a, b in itertools.pairwise(argv) if a == "--lang" and b in LANGUAGES]
    return (asked or [default_language(environ)])[0]


class _Visible(dict[str, object]):
    """Placeholders that nobody filled stay visible: a message never fails at night."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def in_language(pair: tuple[str, str], lang: str, **fields: object) -> str:
    """A pair's Chinese for ``zh``, else its English, filled in."""
    return (pair[0] if lang == "zh" else pair[1]).format_map(_Visible(fields))
