"""A ledger says by which rules of the venue it was lived; by others it is not replayed."""

import json
from pathlib import Path

import pytest

from fakeokx.engine.venue import RULES
from fakeokx.runtime.exchange import Exchange
from fakeokx.runtime.ledger import FILE_NAME, LedgerDamaged


def test_a_new_ledger_says_which_rules_it_was_lived_by(tmp_path: Path) -> None:
    Exchange(tmp_path).close()
    opening = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8").splitlines()[0])
    assert opening["data"]["rules"] == RULES == 7


@pytest.mark.parametrize("change", [-1, 1])
def test_a_ledger_that_was_lived_by_other_rules_is_refused(
    change: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replayed by these it would come to something else than it was."""
    Exchange(tmp_path).close()
    monkeypatch.setattr("fakeokx.runtime.exchange.RULES", RULES + change)
    with pytest.raises(LedgerDamaged, match=r"lived by rules 7, .* begin in a new directory"):
        Exchange(tmp_path)
