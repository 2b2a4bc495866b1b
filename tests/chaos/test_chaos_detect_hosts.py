"""Discrepancies in a host's own books: each is found, ends as it should, and a mistake is seen."""

from __future__ import annotations

import pytest

from chaos.detect.host_trial import attempt_hosted
from chaos.detect.kinds import BY_NAME, COMBINED, KINDS
from chaos.saboteurs.host_books import HOST_BOOKS
from chaos.saboteurs.planted import planted

HOSTED = {kind.name: kind for kind in KINDS if kind.deed is not None}
ENDS = {
    "host-lacks": "resolved",
    "host-twice": "resolved",
    "host-unreadable": "resolved",  # nothing waits for it
}


@pytest.mark.parametrize("name", HOSTED)
def test_a_kind_is_found_and_ends_as_it_should(name: str) -> None:
    for number in range(3):
        trial = attempt_hosted(HOSTED[name], 5, number)
        assert trial.problems == []
        assert (trial.detected, trial.classified, trial.void) == (True, True, "")
        assert getattr(trial, ENDS.get(name, "proposed"))
        again = attempt_hosted(HOSTED[name], 5, number)
        assert again == trial


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HOST_BOOKS)
def test_a_mistake_in_the_comparison_is_seen(name: str) -> None:
    mistake = HOST_BOOKS[name]
    with planted(mistake):
        told = (line for number in range(8)
                for line in attempt_hosted(BY_NAME[mistake.kind], 1, number).problems)  # fmt: skip
        assert any(line.startswith(mistake.seen_as) for line in told)


def test_every_kind_has_a_mistake_that_it_sees_and_is_played_alone() -> None:
    assert {mistake.kind for mistake in HOST_BOOKS.values()} == set(HOSTED)
    assert not set(HOSTED.values()) & set(COMBINED)
