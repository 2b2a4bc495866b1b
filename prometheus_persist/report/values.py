"""Single values as people read them: moments, spans, money, quantities of contracts.

1. Times are UTC and say so.
2. ``money`` rounds to cents, for people, but nothing to zero; the exact figure is in the JSON.
3. ``Say`` is a language: a message id and its values to a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from prometheus_persist.report.messages import MESSAGES, message
from prometheus_persist.state.money import in_steps, magnitude, plain

CENTS = Decimal("0.01")
_AGO_UNITS = (("report.days", 86_400), ("report.hours", 3_600), ("report.minutes", 60))

Say = Callable[..., str]


def speaker(lang: str) -> Say:
    """``message`` in one language, its values as text."""

    def say(message_id: str, **params: object) -> str:
        return message(message_id, lang, **{name: str(value) for name, value in params.items()})

    return say


def known(message_id: str, otherwise: str, say: Say) -> str:
    """A word of a table where it has it, else the raw one."""
    return say(message_id) if message_id in MESSAGES else otherwise


def when(time_ms: int) -> str:
    """Unix milliseconds as UTC text."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def money(amount: str, *, signed: bool = False) -> str:
    """``$12,500``, ``-$150``, and ``+$2,500`` where the sign matters; ``$0.001`` is not zero."""
    value = Decimal(amount)
    cents = in_steps(magnitude(value), CENTS)
    digits = plain(magnitude(value)) if value and not cents else f"{cents:,.2f}".removesuffix(".00")
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}${digits}"


def ago(elapsed_ms: int, say: Say) -> str:
    """A span in days, hours and minutes; in seconds where it is shorter than a minute."""
    seconds = max(elapsed_ms, 0) // 1000
    parts = []
    for name, length in _AGO_UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(say(name, n=count))
    return "".join(parts).strip() or say("report.seconds", n=seconds)
