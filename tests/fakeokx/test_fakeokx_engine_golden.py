"""A ledger that the first edition of the venue wrote is replayed as it was lived.

``golden/first_rules`` was written once by that edition, over a mixed session of 330 commands:
the ledger, and beside it every value that its venue held afterwards. Neither is ever made anew.
"""

import json
import shutil
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fakeokx.engine.decimals import plain
from fakeokx.engine.venue import RULES
from fakeokx.runtime.exchange import Exchange
from fakeokx.runtime.ledger import FILE_NAME, LedgerDamaged

GOLDEN = Path(__file__).parent / "golden" / "first_rules"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copy(GOLDEN / FILE_NAME, tmp_path / FILE_NAME)
    return tmp_path


def said(value: Any, name: str) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if name == "fill":
        return str(value.bill_id)
    if name == "legs":
        return len(value)
    if isinstance(value, tuple):
        return ":".join(value)
    return value if value is None or isinstance(value, int) else str(value)


def test_the_first_edition_is_replayed_value_by_value(home: Path) -> None:
    wanted = json.loads((GOLDEN / "truth.json").read_text(encoding="utf-8"))
    exchange = Exchange(home)
    venue = exchange.venue
    exchange.close()
    assert venue.rules == 1
    assert plain(venue.main.cash["USDT"]) == wanted.pop("cash")
    for inst_id, px in wanted.pop("prices").items():
        assert plain(venue.prices[inst_id]) == px
    got = {
        "orders": venue.orders.values(),
        "algos": venue.algos.values(),
        "fills": venue.fills,
        "bills": venue.bills,
        "positions": [each for _, each in sorted(venue.positions.items())],
        "lives": [each for _, each in sorted(venue.lives.items())],
    }
    for kind, table in wanted.items():
        assert len(got[kind]) == len(table["rows"]) > 0, kind
        for value, row in zip(got[kind], table["rows"], strict=True):
            mine = [said(getattr(value, name), name) for name in table["fields"]]
            assert mine == row, kind


def test_a_new_ledger_says_which_rules_it_was_lived_by(tmp_path: Path) -> None:
    Exchange(tmp_path).close()
    opening = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8").splitlines()[0])
    assert opening["data"]["rules"] == RULES == 3


def test_rules_that_do_not_exist_yet_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fakeokx.engine.venue.RULES", RULES)
    Exchange(tmp_path).close()
    monkeypatch.setattr("fakeokx.runtime.exchange.RULES", RULES - 1)
    with pytest.raises(LedgerDamaged, match="rules 3 are newer"):
        Exchange(tmp_path)


def test_every_field_of_the_golden_truth_still_exists() -> None:
    table = json.loads((GOLDEN / "truth.json").read_text(encoding="utf-8"))
    from fakeokx.engine.model import Bill, Fill, Order, Position

    for kind, model in {
        "orders": Order,
        "fills": Fill,
        "bills": Bill,
        "positions": Position,
    }.items():
        assert set(table[kind]["fields"]) <= {field.name for field in fields(model)}
