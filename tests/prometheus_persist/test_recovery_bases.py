"""Reading a base ahead: the same pieces, the same errors, a thread only where it pays."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.recovery.bases import read_ahead


def pieces(count: int, seen: list[str], *, ruined_at: int = -1) -> Iterator[bytes]:
    for number in range(count):
        if number == ruined_at:
            raise StoreDamaged("ruined", file="s.zip")
        seen.append(threading.current_thread().name)
        yield bytes([number])


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_bases_read_ahead_gives_every_piece_in_order(count: int) -> None:
    """Nothing is lost, doubled or swapped; few pieces are made without a thread, many with one."""
    seen: list[str] = []
    assert b"".join(read_ahead(pieces(count, seen))) == bytes(range(count))
    here = threading.current_thread().name
    assert [name == here for name in seen] == [number < 2 for number in range(count)]
    assert not [each for each in threading.enumerate() if each.name.startswith("persist-inflate")]


@pytest.mark.parametrize("ruined_at", [0, 1, 2, 5])
def test_bases_read_ahead_raises_what_the_piece_raised(ruined_at: int) -> None:
    """Damage that is found by the other thread is found all the same, by name."""
    with pytest.raises(StoreDamaged, match=r"s\.zip"):
        list(read_ahead(pieces(7, [], ruined_at=ruined_at)))


def test_bases_read_ahead_can_be_left_early() -> None:
    """Whoever stops reading leaves no thread behind."""
    reading = read_ahead(pieces(7, []))
    assert [next(reading), next(reading), next(reading)] == [b"\0", b"\1", b"\2"]
    reading.close()  # type: ignore[attr-defined]
    assert not [each for each in threading.enumerate() if each.name.startswith("persist-inflate")]
