"""Archives that are read where they lie: any part of a member is what its text has there."""

from __future__ import annotations

import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import START_MS

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal import archive, stream_lines
from prometheus_persist.journal import packed as module
from prometheus_persist.journal.archive import pack, unpack
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import Tip
from prometheus_persist.journal.packed import Packed
from prometheus_persist.journal.records import Records

TEXT = b"".join(b'["s",{"n":%d,"px":"%d.1"}]\n' % (n, n * 7919 % 1000) for n in range(5_000))


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a few records are in many pieces."""
    monkeypatch.setattr(module, "STRIDE", 512)
    monkeypatch.setattr(module, "HEAD_BYTES_MAX", 200)


def deflated(text: bytes) -> memoryview:
    worker = zlib.compressobj(6, zlib.DEFLATED, -15)
    return memoryview(worker.compress(text) + worker.flush())


def gone_through(text: bytes, *, plain: bool = False) -> Packed:
    found = Packed(memoryview(text) if plain else deflated(text), deflated=not plain)
    assert b"".join(found.pieces()) == text
    return found


@pytest.mark.parametrize("plain", [False, True])
@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 4_000)), max_size=20))
@settings(max_examples=60, deadline=None)
def test_any_part_is_what_the_text_has_there(plain: bool, parts: list[tuple[int, int]]) -> None:
    """In whatever order it is asked for, within a piece and across several."""
    found = gone_through(TEXT, plain=plain)
    for start, length in parts:
        assert found.read(start, start + length) == TEXT[start : start + length]


def test_threads_read_the_same() -> None:
    """Whoever packs a snapshot reads beside whoever recovers."""
    found = gone_through(TEXT)
    wrong: list[int] = []

    def look(seed: int) -> None:
        for turn in range(300):
            start = (seed + turn * 7919) % len(TEXT)
            if found.read(start, start + 900) != TEXT[start : start + 900]:
                wrong.append(start)

    threads = [threading.Thread(target=look, args=(seed * 31,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


values = st.one_of(
    st.integers(-(10**20), 10**20),
    st.text('a甲{}[],:"\n', max_size=6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(0, 9), max_size=2),
    st.none(),
)
rows = st.lists(st.dictionaries(st.text("ab", max_size=2), values, max_size=4), max_size=40)
names = st.text('ab/é,{"\n', max_size=5)


@given(st.dictionaries(names, rows, max_size=12), st.booleans(), st.data())
@settings(max_examples=150, deadline=None)
def test_streams_are_the_same_packed_and_looked_at_closely(
    streams: dict[str, Any], stored: bool, data: st.DataObject
) -> None:
    """Flat and nested records, many streams and none, whole, in parts and one by one; and the next
    archive is the same bytes."""
    image = Image()
    image.apply(Change("x", add=streams), 1, START_MS)
    plain = frozenset({"streams.ndjson"} if stored else ())
    packed, _ = archive._packed(image, Tip(1, 1, bytes(32), START_MS), plain, lambda: None)
    close, lazy = (unpack(packed, "s.zip", closely=each)[0] for each in (True, False))
    assert lazy.digest() == close.digest() == image.digest()
    assert lazy.streams == close.streams == image.streams
    assert archive._packed(lazy, Tip(1, 1, bytes(32), START_MS), plain, lambda: None)[0] == packed
    for name, records in lazy.streams.items():
        due: list[Any] = list(image.streams[name])
        start = data.draw(st.integers(0, len(due)))
        assert list(records.since(start)) == due[start:]
        assert list(records.part(start, start + 3)) == due[start : start + 3]
        assert records[start - 1] == due[start - 1]


@pytest.mark.parametrize("block", [1, 20, 64 * 1024])
def test_streams_that_are_not_next_to_one_another_are_read_as_they_are(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Nothing that this library packs; a line is its own stream's, wherever it stands."""
    monkeypatch.setattr(stream_lines, "BLOCK_BYTES", block)
    for names in ((b"a", b"b"), (b"a", b"b", b"a", b"a", b"a")):
        rows = [(name, n) for n in range(9) for name in names]
        found = Packed(
            deflated(b"".join(b'["%s",{"n":%d}]\n' % row for row in rows)), deflated=True
        )
        taken: dict[str, Records] = {}
        for name, block in stream_lines.held_blocks(found, found.pieces(), "s"):
            taken.setdefault(name, Records()).append_block(block)
        for due in {name for name, _ in rows}:
            assert taken[due.decode()] == [{"n": n} for name, n in rows if name == due]


def test_a_record_that_is_nested_too_deeply_is_named_when_it_is_read() -> None:
    """As where it is looked at closely: no reading goes deeper than that."""
    deep = b"[" * 200 + b"]" * 200
    member = Packed(deflated(b'["s",{"a":%s}]\n' % deep), deflated=True)
    ((_, block),) = stream_lines.held_blocks(member, member.pieces(), "s")
    with pytest.raises(StoreDamaged, match="nested too deeply"):
        block.objects()


def held(pieces: Iterator[bytes]) -> list[Any]:
    return list(stream_lines.held_blocks(Packed(memoryview(b""), deflated=True), pieces, "s"))


def test_a_line_has_an_end_and_is_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is looked at closely."""
    with pytest.raises(StoreDamaged, match="no end"):
        held(iter([b'["s",{}]\n["s",', b"{}]"]))
    monkeypatch.setattr(stream_lines, "DOCUMENT_BYTES_MAX", 50)
    with pytest.raises(StoreDamaged, match="over 50 bytes"):
        held(iter([b"x" * 30, b"x" * 30]))


def test_a_long_ledger_is_held_in_a_fraction_of_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was 1,650 MiB, and then a third of a gigabyte: a snapshot as it lies, and the places
    from which it can be inflated."""
    monkeypatch.setattr(module, "STRIDE", 64 * 1024)
    image = Image()
    found = [
        {"fill_id": f"BTC:{n}", "px": f"{n % 997}.1", "text": f"{n * n:0200x}"}
        for n in range(60_000)
    ]
    image.apply(Change("x", add={"public_trades": found}), 1, START_MS)
    packed, live = pack(image, Tip(1, 1, bytes(32), START_MS)), 60_000 * 240
    del image, found
    tracemalloc.start()
    try:
        back = unpack(packed, "s.zip", closely=False)[0]
        assert len(back.streams["public_trades"]) == 60_000
        assert tracemalloc.get_traced_memory()[0] < live / 5
        tracemalloc.reset_peak()
        assert sum(1 for _ in back.streams["public_trades"]) == 60_000
        assert tracemalloc.get_traced_memory()[1] < live
    finally:
        tracemalloc.stop()
