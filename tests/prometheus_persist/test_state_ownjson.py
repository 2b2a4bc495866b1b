"""The fast way of reading gives what the slow way gives, or leaves it to the slow way."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_state_exactjson import HOSTILE

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.state import exact_json
from prometheus_persist.state.exact_json import NESTING_MAX, dumps, loads
from prometheus_persist.state.own_json import nested_within, openers, own_writing

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
numbers = st.one_of(
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 1e16, 1e-7, -0.0]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)),
    max_leaves=20,
)


def slow(data: bytes) -> Any:
    """What ``loads`` gives without a fast way; StoreDamaged where it refuses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_json, "own_writing", lambda *_: None)
        patch.setattr(exact_json, "_own_writing", lambda *_: None)
        try:
            return loads(data, "f")
        except StoreDamaged:
            return StoreDamaged


def same(one: object, other: object) -> bool:
    """Equal, in type and sign as well, and with keys in the same order."""
    return repr(one) == repr(other)


@settings(max_examples=300, deadline=None)
@given(values)
@example(1e-7)
@example([1e16, -0.0, 2**64])
def test_ownjson_reads_what_the_slow_way_reads(value: Any) -> None:
    """Whatever was written: fast and slow way give the same value, of the same types."""
    for data in (dumps(value), dumps(value, canonical=False)):
        assert same(loads(data, "f"), slow(data))
        assert same(loads(data, "f"), json.loads(data))


@settings(max_examples=300, deadline=None)
@given(values, st.data())
def test_ownjson_is_no_softer_on_text_that_was_changed(value: Any, data: st.DataObject) -> None:
    """One byte of what was written is another, gone, or there twice: both ways agree on it."""
    whole = bytearray(dumps(value))
    at = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["other", "gone", "twice"]))
    if kind == "other":
        whole[at] = data.draw(st.integers(0, 255))
    elif kind == "gone":
        del whole[at]
    else:
        whole.insert(at, whole[at])
    own, due = own_writing(bytes(whole), NESTING_MAX), slow(bytes(whole))
    assert own is None or same(own, due)


JSON_PIECES = [*"[]{},: 1", '"a"', '"b"', "-0", "1.0", "01", "1e999", "1E5", "null", "NaN"]
JSON_PIECES += ["18446744073709551616", '"\\ud800"', '"\\u0041"', '"\\/"']


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(JSON_PIECES), min_size=1, max_size=9))
@example(["{", '"a"', ":", "1", ",", '"a"', ":", "1", "}"])
@example(["{", '"a"', ":", "1", ",", '"a"', ":", "1.0", "}"])
def test_ownjson_is_no_softer_on_text_nobody_wrote(pieces: list[str]) -> None:
    """Whatever is put together from JSON's tokens: never a value where the slow way refuses."""
    data = "".join(pieces).encode()
    own = own_writing(data, NESTING_MAX)
    assert own is None or same(own, slow(data))


@pytest.mark.parametrize("name", HOSTILE)
def test_ownjson_gives_nothing_for_hostile_text(name: str) -> None:
    """What has to be refused is never given by the fast way, alone or as a part of something."""
    data = HOSTILE[name][0]
    assert own_writing(data, NESTING_MAX) is None
    assert own_writing(b'{"add":{"s":[{"n":1},' + data + b"]}}", NESTING_MAX) is None


def deep(levels: int, inside: str = "", *, wide: int = 1) -> bytes:
    whole = '{"a":[' * (levels // 2) + inside + "]}" * (levels // 2)
    return f"[{','.join([whole] * wide)}]".encode()


@pytest.mark.parametrize("inside", ["", '"]]]]}}}}"', '"[[[[{{{{"', '"]","[","]"'])
@pytest.mark.parametrize("wide", [1, 3, 200])
def test_ownjson_counts_levels(inside: str, wide: int) -> None:
    """Exactly as deep as allowed is read, one deeper is not; brackets in text mislead nobody."""
    data = deep(20, inside, wide=wide)
    value = json.loads(data)
    assert orjson.dumps(value) == data
    assert same(own_writing(data, 21), value)
    assert own_writing(data, 20) is None
    assert nested_within(value, openers(data), 21)
    assert not nested_within(value, openers(data), 20)


def test_ownjson_takes_what_a_ledger_holds() -> None:
    """The records that there are many of go the fast way (and this stays so)."""
    rows = [
        {"agent_id": "甲", "px": "1.10", "ts_ms": 2**53, "version": number} for number in (1, 2)
    ]
    data = dumps({"why": "trade", "add": {"public_trades": rows}}, canonical=False)
    assert own_writing(data, NESTING_MAX) == json.loads(data)
