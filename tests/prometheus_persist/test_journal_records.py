"""Streams held as text: what was handed in comes back, in value and type, whatever was done."""

from __future__ import annotations

import hashlib
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import START_MS

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal import records
from prometheus_persist.journal.archive import pack, unpack
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import Tip
from prometheus_persist.journal.projection import checksum, project, wrap
from prometheus_persist.journal.records import Block, Origin, Records, block_of
from prometheus_persist.state.exact_json import NESTING_MAX, dumps, loads_object

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1e16, 1e-5, 1e-7, 123456789012345680000.0, 2**63, 2**64, -(2**63)]),
    text,
    st.sampled_from(["\n", "]\n[", "}", '"', "\\", "\u2028", "1e5", "\x7f", "\U0001f600"]),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2)
)
rows = st.dictionaries(text, values, max_size=4)
flat_rows = st.dictionaries(text, st.one_of(text, st.integers(-(2**63), 2**63)), max_size=4)


def exact(found: Any) -> str:
    """Value and type, in one order of keys: 1, 1.0 and True are three."""
    if isinstance(found, (Records, list)):
        return "[" + ", ".join(map(exact, found)) + "]"
    if isinstance(found, dict):
        return repr([(key, exact(found[key])) for key in sorted(found)])
    return repr(found)


@pytest.mark.parametrize(
    "lines",
    [
        b'{"a":1},{"b":2\n"c":3}',
        b'{"a":1\n"b":2},{"c":3}',
        b'{"a":1},\n{"b":2}',
        b'{"a":1}\n{"b":2},',
    ],
)
def test_lines_that_are_records_only_together_are_none(lines: bytes) -> None:
    with pytest.raises(StoreDamaged, match=r"s\.zip line [56]"):
        Block(lines, 2, True, origin=Origin("s.zip", 4)).objects()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(rows | flat_rows, max_size=7), max_size=6), st.data())
def test_records_are_the_list_that_was_handed_in(
    parts: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    """Length, items, slices, parts, text, cut and copy: as of a list, to the type."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "TAIL_RECORDS_MAX", 5)
        stream, plain = Records(), []
        cuts: list[tuple[Records, list[Any]]] = []
        for part in parts:
            cuts.append((stream.cut(), list(plain)))
            if part and data.draw(st.booleans()):
                stream.append_block(block_of(part))
            else:
                stream.extend(part)
            plain += part
        copied = stream.copy()
        copied.extend([{"more": 1}])
        cuts += [(stream, plain), (copied, [*plain, {"more": 1}])]
        for found, due in cuts:
            assert exact(found) == exact(due)
            assert found == due
            assert len(found) == len(due)
            texts = b"\n".join(block.text for block in found.blocks())
            assert texts == b"\n".join(map(dumps, due))
            start, stop = data.draw(st.tuples(st.integers(0, 9), st.integers(0, 30)))
            assert exact(found.part(start, stop)) == exact(due[start:stop])
            assert exact(list(found.since(start))) == exact(due[start:])
            assert exact(found[start:stop]) == exact(due[start:stop])
            assert exact(found[-start:]) == exact(due[-start:])
            assert exact(found[::-2]) == exact(due[::-2])
            for number in (0, len(due) // 2, -1) if due else ():
                assert exact(found[number]) == exact(due[number])
            with pytest.raises(IndexError):
                found[len(due)]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(text, rows, max_size=3), st.dictionaries(text, st.lists(rows), max_size=3))
def test_an_image_has_the_digest_of_its_canonical_json(documents: Any, streams: Any) -> None:
    """However it is held: live, cut, copied, packed and unpacked."""
    image = Image()
    image.apply(Change("x", put=documents, add=streams), 1, START_MS)
    some = {name: found for name, found in streams.items() if found}
    due = hashlib.sha256(dumps({"d": documents, "s": some})).hexdigest()
    back, _ = unpack(pack(image, Tip(1)), "s.zip")
    assert {image.digest(), image.cut().digest(), image.copy().digest(), back.digest()} == {due}


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=4))
def test_a_readable_file_of_text_is_the_file_of_the_objects(found: Any) -> None:
    """Checksum and bytes are those of the same data with a plain list."""
    held: dict[str, Any] = {"b": Records(found), "a": 1, "c": {"k": {"v": 1.5}}}
    plain = {**held, "b": found}
    assert checksum(held) == checksum(plain)
    assert wrap("x.json", held, "s", 1, 2) == wrap("x.json", plain, "s", 1, 2)


def row(number: int) -> dict[str, Any]:
    return {f"field_{name}": f"value {number} of {name}" for name in range(12)}


def test_of_many_streams_few_records_are_objects() -> None:
    """A tail is short, since every agent has one."""
    tracemalloc.start()
    try:
        image = Image()
        for turn in range(100):
            found = {f"private_trades/{name}": [row(turn * 100 + name)] for name in range(100)}
            image.apply(Change("x", add=found), turn + 1, START_MS)
        del found
        live = sum(len(dumps(list(stream))) for stream in image.streams.values())
        assert tracemalloc.get_traced_memory()[0] < 1.4 * live
    finally:
        tracemalloc.stop()


def test_what_a_stream_holds_is_not_much_more_than_its_text() -> None:
    """Replayed, unpacked, projected and packed: within one and a half times what is alive."""
    tracemalloc.start()
    try:
        image = Image()
        for start in range(0, 30_000, 1000):
            found = [row(number) for number in range(start, start + 1000)]
            image.apply(Change("x", add={"public_trades": found}), start + 1, START_MS)
        del found
        live = len(dumps(list(image.streams["public_trades"])))
        assert tracemalloc.get_traced_memory()[0] < 1.1 * live
        data = pack(image, Tip(1))
        tracemalloc.reset_peak()
        for _, file in project(image):
            checksum(file)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * live
        del image, file
        tracemalloc.reset_peak()
        image, _ = unpack(data, "s.zip")
        assert len(image.streams["public_trades"]) == 30_000
        assert tracemalloc.get_traced_memory()[1] < 1.5 * live + 3 * 4 * 2**20  # pieces inflated
    finally:
        tracemalloc.stop()


def test_many_nested_records_take_less_than_their_text() -> None:
    """Old records of a host, a year of them: packed, read as they were, and the same text."""
    rows = [
        {"e": {"#": n, "v": [{f"signal_{k}": n + k / 7} for k in range(9)]}} for n in range(256)
    ]
    text = b"\n".join(map(dumps, rows))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        found = Records(rows)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 2 * taken < len(text)
    assert list(found) == rows
    assert b"\n".join(block.text for block in found.blocks()) == text
    assert list(found.part(3, 7)) == rows[3:7]


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"a":[{"b":1.50}]}', b'{"a":[]}'],  # a float that would be written otherwise
        [b'{"a":[1],"a":[2]}', b'{"a":[]}'],  # a key twice
        [b'{"x":1},{"b":[{"y":1}', b'{"z":1}]}'],  # two records, and no line is one
        [b'{"a":[1]},{"a":[2]}', b'{"a":[3]}'],  # three on two lines
        [b'{"a": [1]}', b'{"a":[2]}'],  # a space
        [b"[[1]]", b'{"a":[2]}'],  # no object
        [b'{"a":' + b"[" * NESTING_MAX + b"]" * NESTING_MAX + b"}", b'{"a":[2]}'],
        [b'{"a":[1e999]}', b'{"a":[2]}'],
    ],
)
def test_records_with_containers_are_read_at_once_only_where_each_line_is_one(
    lines: list[bytes],
) -> None:
    """Whatever is not to the byte what would be written is read line by line, as before."""
    assert records._nested_rows(b"\n".join(lines), len(lines)) is None


def test_records_with_containers_that_are_read_at_once_are_exact() -> None:
    """As deep as a record may be, floats and large numbers included."""
    deep = NESTING_MAX - 1
    lines = [
        b'{"a":[1.5,-0.0,1e+22,18446744073709551615,"\\n"],"b":{"c":[null,true]}}',
        b'{"a":' + b"[" * deep + b"]" * deep + b"}",
    ]
    found = records._nested_rows(b"\n".join(lines), len(lines))
    assert exact(found) == exact([loads_object(line, "here") for line in lines])
