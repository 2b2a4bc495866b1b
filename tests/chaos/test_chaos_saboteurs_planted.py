"""Every planted mistake still finds its line in the library: seconds, where a sweep takes long."""

from __future__ import annotations

import pytest

from chaos.saboteurs.host_books import HOST_BOOKS
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import LATE, SHARED, SWEPT, Mistake, planted
from chaos.saboteurs.struck import STRUCK
from prometheus_persist.session import live_booking


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(mistake, id=f"{table}-{name}")
        for table, mistakes in {
            "swept": SWEPT,
            "late": LATE,
            "shared": SHARED,
            "struck": STRUCK,
            "hosted": HOSTED,
            "host-books": HOST_BOOKS,
        }.items()
        for name, mistake in mistakes.items()
    ],
)
def test_a_mistakes_line_is_still_there(mistake):
    with planted(mistake):
        pass


def test_a_mistake_whose_line_is_gone_is_told():
    honest = live_booking.settle_one
    gone = planted(Mistake("session.live_booking:settle_one", "no such line", "pass"))
    with pytest.raises(LookupError, match="0 times: no such line"), gone:
        pass
    assert live_booking.settle_one is honest
    with planted(SWEPT["asked-after-the-read"]):
        assert live_booking.settle_one is not honest
    assert live_booking.settle_one is honest
