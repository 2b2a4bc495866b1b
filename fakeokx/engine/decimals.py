"""Exact arithmetic: every number of the venue is a Decimal that was parsed from text.

Rules:

1. A number enters as plain digits with at most one point. Signs, exponents, NaN and infinity
   are not numbers here, and neither is a float.
2. Sums and products are exact. ``exact()`` installs a context in which a result that would
   have to be rounded raises instead, so a rounding can only happen where ``ratio`` is written.
3. ``ratio`` is the one place that rounds: half-even, to ``RATIO_DIGITS_MAX`` decimals.
4. A number leaves as plain digits without trailing zeros; zero is ``0``, never ``-0``.
"""

import re
from contextlib import AbstractContextManager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)

ZERO = Decimal(0)
ONE = Decimal(1)
RATIO_DIGITS_MAX = 16
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,20}", re.ASCII)
_RATIO_QUANTUM = Decimal(1).scaleb(-RATIO_DIGITS_MAX)
_TRAPS = [InvalidOperation, DivisionByZero, Overflow, FloatOperation]
_EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN, traps=[*_TRAPS, Inexact])
_ROUNDING = Context(prec=120, rounding=ROUND_HALF_EVEN, traps=_TRAPS)


def exact() -> AbstractContextManager[Context]:
    """A block whose arithmetic raises ``decimal.Inexact`` rather than round."""
    return localcontext(_EXACT)


def parse(text: str) -> Decimal | None:
    """The number written in the text, or None when it is not plain digits."""
    if _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def whole(text: str) -> int | None:
    """The count, id or time written in the text, or None when it is not plain digits of a size.

    Python refuses to read an integer of thousands of digits; nothing here has more than twenty.
    """
    return int(text) if _WHOLE.fullmatch(text) is not None else None


def ratio(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The quotient, rounded half-even to RATIO_DIGITS_MAX decimals."""
    quotient = _ROUNDING.divide(dividend, divisor)
    return quotient.quantize(_RATIO_QUANTUM, context=_ROUNDING)


def nearest_whole(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The quotient as a whole number, half-even; whatever context the caller's thread has."""
    return _ROUNDING.divide(dividend, divisor).to_integral_value(context=_ROUNDING)


def is_multiple(number: Decimal, step: Decimal) -> bool:
    """Whether the number lies on the grid of lot or tick size."""
    return number % step == 0


def plain(number: Decimal) -> str:
    """The number as OKX writes it: digits, no exponent, no trailing zeros."""
    if number == 0:
        return "0"
    digits = format(number, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
