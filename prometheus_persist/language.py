"""In which language people are spoken to: ``PERSIST_LANG``, else Chinese where the locale is.

Whatever is said to people is a pair, Chinese and English, with the same placeholders in both.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("zh", "en")


def default_language(environ: Mapping[str, str]) -> str:
    """``zh`` where the locale is Chinese, else ``en``."""
    asked = environ.get("PERSIST_LANG", "")
    if asked in LANGUAGES:
        return asked
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


class _Visible(dict[str, object]):
    """Placeholders that nobody filled stay visible: a message never fails at night."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def in_language(pair: tuple[str, str], lang: str, **fields: object) -> str:
    """A pair's Chinese for ``zh``, else its English, filled in."""
    return (pair[0] if lang == "zh" else pair[1]).format_map(_Visible(fields))
