"""Exact numbers: money, prices, contracts and base currency.

Rules
- Money and prices are ``Decimal``; contracts and base currency are types of their own, so that 0.01
  contracts can never be added to, or compared with, 0.01 BTC (R5). One function, ``to_base``, turns
  one into the other, beside ``ctVal``.
- NaN, infinity and signed zero never enter. A float is taken at its shortest text (what its author
  wrote), never at its binary expansion; a bool is not a number.
- Sums and products are exact: they raise instead of rounding. Division (average prices) rounds half
  even at 34 significant digits, in this module only.
- Results obey the bounds of what may enter, so that whatever was computed can be read back.

Raises ``BadValue`` for anything that has no exact meaning.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import TYPE_CHECKING, Annotated, Any, Self

from prometheus_persist.errors import BadValue

if TYPE_CHECKING:  # a model's class imports it; who only adds up needs none
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

DIGITS_MAX = 100
DECIMALS_MAX = 80
EXPONENT_MAX = 40
ZERO = Decimal(0)
_TEXT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

EXACT = Context(prec=140, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
"""Of a long sum: every step is exact, or a DecimalException; ``exact`` is asked about the sum."""
_HALF_EVEN = Context(prec=DIGITS_MAX, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_DIVIDE = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])


def exact(value: object) -> Decimal:
    """``value`` as a finite Decimal; raises BadValue for NaN, infinity, bool, junk or giants."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool) or not isinstance(value, (int, str, float)):
        raise BadValue(f"{value!r} is not a number")
    else:
        number = _parsed(value)
    if not number.is_finite():
        raise BadValue(f"{value!r} is not finite")
    return _bounded(number)


def _parsed(value: int | str | float) -> Decimal:
    if isinstance(value, int):
        if value.bit_length() > DIGITS_MAX * 4:
            raise BadValue(f"a number of {value.bit_length()} bits is refused")
        return Decimal(value)
    # A subclass of float may print itself in words; its value's shortest text does not change.
    text = float.__repr__(value) if isinstance(value, float) else str(value)
    if len(text) > DIGITS_MAX + 5:
        raise BadValue(f"a number of {len(text)} characters is refused (at most {DIGITS_MAX})")
    if isinstance(value, str) and _TEXT.fullmatch(text) is None:
        raise BadValue(f"{value!r} is not a decimal number")
    try:
        return Decimal(text)
    except DecimalException:
        raise BadValue(f"{value!r} is not a decimal number") from None


def _bounded(number: Decimal) -> Decimal:
    """``number`` if it can be written and read back; raises BadValue. Minus zero becomes zero."""
    _, digits, exponent = number.as_tuple()
    over = len(digits) > DIGITS_MAX or number.adjusted() > EXPONENT_MAX
    if over or int(exponent) < -DECIMALS_MAX:
        raise BadValue(f"a number of {len(digits)} digits, exponent {exponent}, is out of range")
    return ZERO if number.is_zero() and number.is_signed() else number


def writable(number: Decimal) -> bool:
    """Whether ``number`` is one that ``exact`` takes as it is: it comes back as the same text."""
    if not number.is_finite():
        return False
    _, digits, exponent = number.as_tuple()
    return (
        len(digits) <= DIGITS_MAX
        and number.adjusted() <= EXPONENT_MAX
        and int(exponent) >= -DECIMALS_MAX
        and not (number.is_signed() and number.is_zero())
    )


def add(*terms: Decimal) -> Decimal:
    """The exact sum; raises BadValue where it cannot be held exactly."""
    return _computed(EXACT.add, *terms)


def sub(number: Decimal, less: Decimal) -> Decimal:
    """The exact difference. Python's own minus sign rounds to the context of whoever asks."""
    return _computed(EXACT.subtract, number, less)


def magnitude(number: Decimal) -> Decimal:
    """Without its sign, exactly. Python's own ``abs`` rounds to the context of whoever asks."""
    return number.copy_abs()


def in_steps(number: Decimal, step: Decimal) -> Decimal:
    """Rounded to the decimals of ``step``, half even; raises InvalidOperation for a giant."""
    return _HALF_EVEN.quantize(number, step)


def mul(*factors: Decimal) -> Decimal:
    """The exact product; raises BadValue where it cannot be held exactly."""
    return _computed(EXACT.multiply, *factors)


def div(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient, half even at 34 significant digits; raises BadValue on a zero denominator."""
    if denominator == ZERO:
        raise BadValue("division by zero")
    return _computed(_DIVIDE.divide, numerator, denominator)


def _computed(step: Callable[[Decimal, Decimal], Decimal], *numbers: Decimal) -> Decimal:
    try:
        return _bounded(functools.reduce(step, numbers))
    except DecimalException as problem:
        raise BadValue(f"no exact result: {type(problem).__name__}") from None


class _ExactSchema:
    """Lets pydantic read a Decimal through ``exact`` and write it as text."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            _pydantic(exact),
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )


def _pydantic(parse: Any) -> Any:
    """``parse`` with BadValue as the ValueError that pydantic reports with a location."""

    def validate(value: object) -> Any:
        try:
            return parse(value)
        except BadValue as problem:
            raise ValueError(problem.detail) from None

    return validate


Money = Annotated[Decimal, _ExactSchema]
"""An amount or a price in its quote currency; text in JSON."""


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class _Quantity:
    """A Decimal that knows its unit. Arithmetic stays inside the unit."""

    value: Decimal

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", exact(self.value))

    def _same(self, other: object) -> Decimal:
        if type(other) is not type(self):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} do not mix")
        return other.value

    def __add__(self, other: Self) -> Self:
        return type(self)(add(self.value, self._same(other)))

    def __sub__(self, other: Self) -> Self:
        return type(self)(sub(self.value, self._same(other)))

    def __neg__(self) -> Self:
        return type(self)(self.value.copy_negate())

    def __abs__(self) -> Self:
        return type(self)(self.value.copy_abs())

    def __lt__(self, other: Self) -> bool:
        return self.value < self._same(other)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.value))

    def __bool__(self) -> bool:
        return self.value != ZERO

    def __str__(self) -> str:
        return plain(self.value)

    @property
    def sign(self) -> int:
        """-1, 0 or 1."""
        return (self.value > ZERO) - (self.value < ZERO)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from pydantic_core import core_schema

        def parse(value: object) -> _Quantity:
            return value if isinstance(value, cls) else cls(exact(value))

        return core_schema.no_info_plain_validator_function(
            _pydantic(parse),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda quantity: str(quantity.value),
                return_schema=core_schema.str_schema(),
                when_used="json",
            ),
        )


class Contracts(_Quantity):
    """A number of contracts, OKX ``sz``; signed where a net position is meant."""

    __slots__ = ()


class BaseQty(_Quantity):
    """An amount of base currency."""

    __slots__ = ()


NO_CONTRACTS = Contracts(ZERO)


def contracts(value: object) -> Contracts:
    """``Contracts`` from text, int or Decimal; raises BadValue."""
    return Contracts(exact(value))


def coins(value: object) -> BaseQty:
    """``BaseQty`` from text, int or Decimal; raises BadValue."""
    return BaseQty(exact(value))


def times(quantity: Contracts, factor: Decimal) -> Contracts:
    """``quantity`` rescaled, in plain digits; raises BadValue where that is not exact."""
    return Contracts(exact(plain(mul(quantity.value, factor))))


def to_base(quantity: Contracts, ct_val: Decimal, ct_mult: Decimal) -> BaseQty:
    """Contracts × ctVal × ctMult (linear contracts; OKX: instruments, ctVal)."""
    return BaseQty(mul(quantity.value, ct_val, ct_mult))


def plain(value: Decimal) -> str:
    """Text without exponent and without trailing zeros: what people and OKX read."""
    if value == ZERO:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
