"""Exact numbers: what enters, what is computed, and what never mixes."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from prometheus_persist.errors import BadValue
from prometheus_persist.state import BaseQty, Contracts, Money, contracts, exact, plain, to_base
from prometheus_persist.state.money import add, div, mul, sub

REFUSED = [
    float("nan"),
    float("inf"),
    float("-inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    "NaN",
    "inf",
    "-Infinity",
    True,
    False,
    None,
    "",
    " ",
    " 1",
    "1 ",
    "1\n",
    "1_000",
    "1,5",
    "0x10",
    "1.2.3",
    "--1",
    "e5",
    ".",
    "\u0661\u0662",
    "\uff11",
    "1e999999999",
    "1e41",
    "1e-200",
    "9" * 5_000,
    10**5_000,
    -(10**5_000),
    10**200,
    1e300,
    [],
    {},
    b"1",
    1j,
    Contracts(Decimal(1)),
]


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_money_refuses_inexact(value: object) -> None:
    """Whatever has no exact, finite, bounded meaning is refused by name, never converted."""
    with pytest.raises(BadValue):
        exact(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1e16, "1E+16"),
        (2.675, "2.675"),
        ("0.10", "0.10"),
        ("1.50e3", "1.50E+3"),
        ("+7", "7"),
        (".5", "0.5"),
        (12500, "12500"),
        (-0.0, "0"),
        ("-0.00", "0"),
        (Decimal("-0"), "0"),
        (Decimal("1.2300"), "1.2300"),
    ],
)
def test_money_taken_at_its_text(value: object, text: str) -> None:
    """A float counts as its shortest text; trailing zeros stay; minus zero is zero."""
    assert str(exact(value)) == text


def test_money_of_a_float_subclass_that_prints_words() -> None:
    """A float whose class prints itself in words (as numpy's do) is taken at its value."""

    class Wordy(float):
        def __repr__(self) -> str:
            return f"Wordy({float(self)})"

    assert exact(Wordy(0.1)) == Decimal("0.1")


@settings(max_examples=150, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_money_float_text_round_trip(value: float) -> None:
    """Every ordinary float comes back bit for bit from the Decimal it became."""
    if 0 < abs(value) < 1e-60:
        with pytest.raises(BadValue):
            exact(1e-200 if value > 0 else -1e-200)
        return
    assert float(exact(value)) == value


decimals = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=12)


@settings(max_examples=150, deadline=None)
@given(decimals, decimals, decimals)
def test_money_sums_and_products_are_exact(a: Decimal, b: Decimal, c: Decimal) -> None:
    """Sums and products equal those of rational arithmetic, digit for digit."""
    assert Fraction(add(a, b, c)) == Fraction(a) + Fraction(b) + Fraction(c)
    assert Fraction(mul(a, b)) == Fraction(a) * Fraction(b)


def test_money_signs_do_not_round() -> None:
    """Minus and absolute value keep all digits, whatever precision the caller's context has."""
    long = Contracts(Decimal("1." + "3" * 39))
    assert (-long).value == Decimal("-1." + "3" * 39)
    assert abs(-long) == long
    assert (contracts("0") - long) == -long
    assert sub(Decimal(0), long.value) == Decimal("-1." + "3" * 39)


def test_money_raises_instead_of_rounding() -> None:
    """A sum or product that cannot be held exactly raises; it is never rounded."""
    with pytest.raises(BadValue):
        add(Decimal("1e40"), Decimal("1e-80"))
    with pytest.raises(BadValue):
        mul(Decimal("3" * 70), Decimal("7" * 70))
    with pytest.raises(BadValue):
        mul(Decimal("1e30"), Decimal("1e30"))
    with pytest.raises(BadValue):
        div(Decimal(1), Decimal(0))


@settings(max_examples=150, deadline=None)
@given(decimals, decimals.filter(bool), decimals, decimals)
def test_money_results_can_be_read_back(a: Decimal, b: Decimal, c: Decimal, d: Decimal) -> None:
    """Whatever a computation returns passes the door again: nothing unreadable is ever saved."""
    average = div(a, b)
    for result in (
        average,
        add(mul(average, c), d),
        add(c, average.copy_negate(), c.copy_negate(), average),
    ):
        assert exact(str(result)) == result


def test_money_division_rounds_half_even_at_34_digits() -> None:
    """Averages keep 34 significant digits and round half to even."""
    assert str(div(Decimal(2), Decimal(3))) == "0." + "6" * 33 + "7"
    assert div(Decimal("1" + "0" * 33 + "5"), Decimal(10)) == Decimal("1" + "0" * 33)


def test_money_units_never_mix() -> None:
    """0.01 contracts and 0.01 BTC are neither added, nor compared, nor equal, nor one dict key."""
    wire, coin = contracts("0.01"), BaseQty(Decimal("0.01"))
    for mix in (
        lambda: wire + coin,  # type: ignore[operator]
        lambda: wire - coin,  # type: ignore[operator]
        lambda: wire < coin,  # type: ignore[operator]
        lambda: wire >= coin,  # type: ignore[operator]
        lambda: wire + Decimal(1),  # type: ignore[operator]
        lambda: wire > 0,  # type: ignore[operator]
    ):
        with pytest.raises(TypeError):
            mix()
    assert wire != coin
    assert len({wire, coin, contracts("0.010")}) == 2


def test_money_contracts_become_base_in_one_place() -> None:
    """Contracts × ctVal × ctMult, exactly, in the unit of the result."""
    base = to_base(contracts("0.01"), Decimal("0.01"), Decimal(1))
    assert base == BaseQty(Decimal("0.0001"))
    assert type(base) is BaseQty


def test_money_quantity_arithmetic_stays_in_its_unit() -> None:
    """Sums, differences, signs and truth of a quantity are those of its number."""
    one, two = contracts("1"), contracts("2")
    assert (one + two, one - two, -one, abs(-two)) == tuple(
        contracts(text) for text in ("3", "-1", "-1", "2")
    )
    assert ((one - two).sign, (one - one).sign, one.sign) == (-1, 0, 1)
    assert not one - one
    assert str(contracts("1E+2")) == "100"
    with pytest.raises(BadValue):
        Contracts(Decimal("NaN"))


@pytest.mark.parametrize(
    ("value", "text"), [("1E+3", "1000"), ("1.500", "1.5"), ("0E-9", "0"), ("100", "100")]
)
def test_money_plain_text_for_people(value: str, text: str) -> None:
    """No exponent, no trailing zeros."""
    assert plain(Decimal(value)) == text


class Row(BaseModel):
    price: Money
    size: Contracts


@pytest.mark.parametrize("junk", [math.nan, "x", True, None, [1]])
def test_money_in_models_reports_the_field(junk: object) -> None:
    """A model refuses the same values, and its error names the field."""
    with pytest.raises(ValidationError, match="price"):
        Row.model_validate({"price": junk, "size": "1"})
    with pytest.raises(ValidationError, match="size"):
        Row.model_validate({"price": "1", "size": junk})


def test_money_in_models_is_text_in_json() -> None:
    """JSON carries exact numbers as text, and gives back the same digits and the same type."""
    row = Row.model_validate({"price": 0.1, "size": "1.50"})
    dumped = row.model_dump(mode="json")
    assert dumped == {"price": "0.1", "size": "1.50"}
    again = Row.model_validate(dumped)
    assert (str(again.price), str(again.size.value)) == ("0.1", "1.50")
    assert type(again.size) is Contracts
