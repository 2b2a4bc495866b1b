"""In which language people are spoken to: ``PERSIST_LANG``, else Chinese where the locale is."""

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
