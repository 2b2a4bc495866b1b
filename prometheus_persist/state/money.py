"""Exact numbers: money, prices, contracts and base currency.

Rules
- Money and prices are ``Decimal``; contracts and base currency are types of their own, so that 0.01
  contracts can never be added to, or compared with, 0.01 BTC. One function, ``to_base``, turns one
  into the other, beside ``ctVal``.
- NaN, infinity and signed zero never enter. A float is taken at its shortest text (what its author
  wrote), never at its binary expansion; a bool is not a number.
- Sums and products are exact: they raise instead of rounding. Division (average prices) rounds half
  even at 34 significant digits, in this module only.

Raises ``BadValue`` for anything that has no exact meaning.
"""

from __future__ import annotations

import functools
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
from typing import Annotated, Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from prometheus_persist.errors import BadValue

DIGITS_MAX = 60
EXPONENT_MAX = 40
ZERO = Decimal(0)

_EXACT = Context(prec=140, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
_DIVIDE = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])


def exact(value: object) -> Decimal:
    """``value`` as a finite Decimal; raises BadValue for NaN, infinity, bool, junk or giants."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, bool) or not isinstance(value, (int, str, float)):
        raise BadValue(f"{value!r} is not a number")
    else:
        text = (
            repr(value)
            if isinstance(value, float)
            else str(value)
            if isinstance(value, str)
            else value
        )
        if isinstance(text, str) and len(text) > DIGITS_MAX + 5:
            raise BadValue(f"a number of {len(text)} characters is refused (at most {DIGITS_MAX})")
        if isinstance(text, int) and text.bit_length() > DIGITS_MAX * 3:
            raise BadValue(f"a number of {text.bit_length()} bits is refused")
        try:
            number = Decimal(text)
        except DecimalException:
            raise BadValue(f"{value!r} is not a decimal number") from None
    if not number.is_finite():
        raise BadValue(f"{value!r} is not finite")
    if len(number.as_tuple().digits) > DIGITS_MAX or abs(number.adjusted()) > EXPONENT_MAX:
        raise BadValue(f"{value!r} is out of range")
    return ZERO if number.is_zero() and number.is_signed() else number


def add(*terms: Decimal) -> Decimal:
    """The exact sum."""
    return functools.reduce(_EXACT.add, terms, ZERO)


def mul(*factors: Decimal) -> Decimal:
    """The exact product."""
    return functools.reduce(_EXACT.multiply, factors)


def div(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient, half even at 34 significant digits; raises BadValue on a zero denominator."""
    if denominator == ZERO:
        raise BadValue("division by zero")
    return _DIVIDE.divide(numerator, denominator)


class _ExactSchema:
    """Lets pydantic read a Decimal through ``exact`` and write it as text."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
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
        return type(self)(add(self.value, -self._same(other)))

    def __neg__(self) -> Self:
        return type(self)(-self.value)

    def __abs__(self) -> Self:
        return type(self)(abs(self.value))

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


def to_base(quantity: Contracts, ct_val: Decimal, ct_mult: Decimal) -> BaseQty:
    """Contracts × ctVal × ctMult (linear contracts; OKX: instruments, ctVal)."""
    return BaseQty(mul(quantity.value, ct_val, ct_mult))


def plain(value: Decimal) -> str:
    """Text without exponent and without trailing zeros: what people and OKX read."""
    if value == ZERO:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
