"""Fields of records that are alike, read without an object of each: what the objects have, or
nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.packed import Packed, PackedLines
from prometheus_persist.journal.records import Block, Origin
from prometheus_persist.journal.stream_lines import head_of
from prometheus_persist.state.exact_json import dumps, loads_object

AB = ("a", "b")
FILE = Origin("s.zip", 0)
ODD = ["", "0", "-", "}", "]", "{", "a,b", "\u4e2d", "\u2028", "\x7f", "\x85", '"', "\\", "\n"]
texts = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=("Cs",)), max_size=3)
VALUES = {
    str: texts,
    int: st.integers(-9, 9) | st.integers(-(10**20), 10**20),
    float: st.sampled_from([0.5, -0.0, 1e300]),
    bool: st.booleans(),
}
PIECES = [*map(bytes, zip(b'\n"\\,}{[0- \x00\x1f\xff', strict=True)), b"\\u0041"]


@st.composite
def runs(draw: st.DrawFn) -> tuple[bytes, tuple[str, ...]]:
    """Records of one shape and their keys; now and then one of another shape among them, and a
    piece that was put in, taken out or put in place of another."""
    kinds = st.sampled_from([str] * 4 + [int] * 3 + [float, bool])
    shape = draw(st.dictionaries(texts, kinds, min_size=2, max_size=4))
    one = st.fixed_dictionaries({key: VALUES[kind] for key, kind in shape.items()})
    rows = draw(st.lists(one, min_size=1))
    if draw(st.integers(0, 4)) == 0:
        odd = st.dictionaries(st.sampled_from([*shape]), VALUES[str] | VALUES[int])
        rows.insert(draw(st.integers(0, len(rows))), draw(odd))
    text = b"\n".join(map(dumps, rows))
    if draw(st.integers(0, 2)) == 0:
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.sampled_from([b"", *PIECES])) + text[start + 1 :]
    return text, tuple(shape)


def held(text: bytes, *, packed: bool) -> Block:
    """The same lines in memory, or as an archive has them."""
    lines, head = text.split(b"\n"), head_of("public_trades")
    if not packed:
        return Block(text, len(lines), False, origin=FILE)
    content = b"".join(head + line + b"]\n" for line in lines)
    member = Packed(memoryview(content), deflated=False)
    assert b"".join(member.pieces()) == content
    return Block(PackedLines(member, 0, len(content), head), len(lines), False, origin=FILE)


@settings(max_examples=400, deadline=None)
@given(runs(), st.booleans())
@example((b'{"a":"1","b":"2","a":"3"}', AB), False)
@example((b'{"a":"x\\n","b":1}', AB), True)
@example((b'{"a":"x\ny","b":1}', AB), False)
@example((b'{"a":"1","b":"2"}x\n{"a":"1","b":"2"}', AB), True)
@example((b'{"a":"1","b":"2"}\nx{"a":"1","b":"2"}', AB), False)
@example((b'{"a":"1","b":1}\n{"a":"2","b":-0}', AB), True)
@example((b'{"a":"1","b":1}\n{"a":"2","b":01}', AB), True)
@example((b'{"a":"1","b":1}\n{"a":"2","b":18446744073709551616}', AB), True)
@example((b'{"a":"1","b":1}\n{"a":"2","b":%s}' % (b"1" * 61), AB), True)
@example((b'{"a":"1","b":1}\n{"b":1,"a":"2"}', AB), True)
@example((b'{"a":"1","b":"2"}\n{"b":"1","a":"2"}', AB), True)
@example((b'{"a":"1","b":"2"}\n{"a":"1","b":"2"}x', AB), False)
@example((b'{"a":"1","b":1}\n{"a":"\x1f","b":1}', AB), True)
@example((b'{"a":"1","b":1}\n{"a":"\xff","b":1}', AB), True)
def test_fields_of_records_are_those_of_their_objects_or_not_told(
    run: tuple[bytes, tuple[str, ...]], packed: bool
) -> None:
    """To the type; where a line is no record nothing is told, and the error is left to reading."""
    text, names = run
    block = held(text, packed=packed)
    found = block.columns(names)
    try:
        rows = block.objects()
    except StoreDamaged:
        assert found is None
        return
    if found is not None:
        due = {name: [row[name] for row in rows] for name in rows[0] if name in names}
        assert repr({name: list(each) for name, each in found.items()}) == repr(due)


@settings(max_examples=300, deadline=None)
@given(runs())
@example((b'{"b":"1","a":{"c":2}}\n{"b":"1","a":"}"}', AB))
@example((b'{"a":%s%s}' % (b"[" * 101, b"]" * 101), AB))
@example((b'{"a":1,"a":2}\n{"a":1}', AB))
@example((b'{"a":1\n"b":2},{"c":3}', AB))
def test_records_that_are_read_at_once_are_those_of_each_line(
    run: tuple[bytes, tuple[str, ...]],
) -> None:
    """In value, type and order of keys; or the first line that is none is named."""

    def line_by_line() -> str:
        numbered = enumerate(run[0].split(b"\n"), 1)
        return repr([loads_object(line, f"s.zip line {at}") for at, line in numbered])

    block = held(run[0], packed=False)
    assert _or_refusal(lambda: repr(block.objects())) == _or_refusal(line_by_line)


def _or_refusal(work: Callable[[], str]) -> str:
    try:
        return work()
    except StoreDamaged as problem:
        return str(problem)


@pytest.mark.parametrize("packed", [True, False])
def test_records_that_are_alike_are_told(packed: bool) -> None:
    rows: list[dict[str, Any]] = [
        {"a": "", "b": 0, "c": "\u4e2d", "d": "}"},
        {"a": "[", "b": -(10**18 - 1), "c": "\u2028", "d": "a,b"},
    ]
    found = held(b"\n".join(map(dumps, rows)), packed=packed).columns(("d", "a", "b", "z"))
    assert found is not None
    assert {name: list(each) for name, each in found.items()} == {
        "a": ["", "["],
        "b": [0, -(10**18 - 1)],
        "d": ["}", "a,b"],
    }
