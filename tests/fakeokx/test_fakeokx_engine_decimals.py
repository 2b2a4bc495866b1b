"""Numbers come from text, stay exact, and leave as plain digits."""

from decimal import Decimal, Inexact

import pytest

from fakeokx.engine.decimals import exact, is_multiple, parse, plain, ratio


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "-1", "+1", "1e5", "NaN", "inf", "1.", ".5", "1_000", "１", "0x1"],
)
def test_what_is_not_plain_digits_is_no_number(text: str) -> None:
    assert parse(text) is None


def test_text_keeps_every_digit() -> None:
    assert parse("0.10000000000000000001") == Decimal("0.10000000000000000001")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("-0.00", "0"),
        ("1.500", "1.5"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("100", "100"),
    ],
)
def test_numbers_leave_without_exponent_and_trailing_zeros(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_inside_exact_a_rounding_raises_instead_of_passing_silently() -> None:
    with exact():
        assert Decimal("0.1") * Decimal("0.2") == Decimal("0.02")
        with pytest.raises(Inexact):
            _ = Decimal(1) / Decimal(3)


def test_ratio_is_the_one_place_that_rounds_and_does_it_half_even_at_sixteen_places() -> None:
    with exact():
        assert ratio(Decimal(2), Decimal(3)) == Decimal("0.6666666666666667")
        assert ratio(Decimal("0.00000000000000005"), Decimal(1)) == 0


def test_grid_of_lots() -> None:
    assert is_multiple(Decimal("1.23"), Decimal("0.01"))
    assert not is_multiple(Decimal("1.235"), Decimal("0.01"))
