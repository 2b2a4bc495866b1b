"""JSON that loses nothing: every doubtful text is refused by name, everything written is read."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.state.exact_json import NESTING_MAX, dumps, loads, loads_object

HOSTILE = {
    "nan": (b'{"a":NaN}', "NaN"),
    "infinity": (b'{"a":Infinity}', "Infinity"),
    "minus infinity": (b'{"a":-Infinity}', "-Infinity"),
    "overflow": (b'{"a":1e999}', "overflows"),
    "minus overflow": (b'{"a":-1e999}', "overflows"),
    "5000 digits": (b'{"a":' + b"9" * 5_000 + b"}", "5000 digits"),
    "61 digits": (b'{"a":' + b"9" * 61 + b"}", "61 digits"),
    "array bomb": (b"[" * 100_000, "nested too deeply"),
    "closed array bomb": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "object bomb": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    "nested once too often": (b"[" * 101 + b"]" * 101, "nested too deeply"),
    "nested strings": (b'{"a":' * 400 + b'"\\u0041"' + b"}" * 400, "nested too deeply"),
    "duplicate key": (b'{"a":1,"a":1}', "'a' twice"),
    "duplicate key inside": (b'{"x":[{"b":1,"b":2}]}', "'b' twice"),
    "duplicate by escape": (b'{"a":1,"\\u0061":2}', "'a' twice"),
    "byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "lone surrogate raw": (b'{"a":"\xed\xa0\x80"}', "UTF-8"),
    "lone surrogate escaped": (b'{"a":"\\ud800"}', "surrogate"),
    "lone surrogate in a key": (b'{"\\udfff":1}', "surrogate"),
    "swapped surrogates": (b'["\\ude00\\ud83d"]', "surrogate"),
    "invalid UTF-8": (b'{"a":"\xff"}', "UTF-8"),
    "overlong UTF-8": (b'{"a":"\xc0\x80"}', "UTF-8"),
    "UTF-16": ('{"a":1}'.encode("utf-16-le"), ""),
    "trailing bytes": (b'{"a":1} x', "Extra data"),
    "two values": (b"{}{}", "Extra data"),
    "truncated": (b'{"a":"b', "JSON"),
    "truncated after comma": (b'{"a":1,', "JSON"),
    "empty": (b"", "JSON"),
    "zeros": (bytes(64), "JSON"),
    "comment": (b"{} // no", "Extra data"),
    "single quotes": (b"{'a':1}", "JSON"),
    "control character": (b'{"a":"\n"}', "JSON"),
    "leading zero": (b'{"a":01}', "JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_exactjson_refuses(name: str) -> None:
    """A doubtful text is damage, named with its file; never another error, never a value."""
    data, words = HOSTILE[name]
    with pytest.raises(StoreDamaged) as caught:
        loads(data, "some/file.json")
    assert "some/file.json" in str(caught.value)
    assert words in str(caught.value)


def test_exactjson_reading_does_not_depend_on_the_callers_stack() -> None:
    """The depth that is read is a fixed number, the same for a deep caller as for a shallow one."""
    legal = b"[" * NESTING_MAX + b"]" * NESTING_MAX

    def from_depth(frames: int) -> Any:
        return loads(legal, "f") if frames == 0 else from_depth(frames - 1)

    assert from_depth(0) == from_depth(sys.getrecursionlimit() // 2)


def test_exactjson_offsets_are_bytes() -> None:
    """The place in an error is counted in bytes, also behind characters of several bytes."""
    with pytest.raises(StoreDamaged) as caught:
        loads('{"名":x}'.encode(), "f")
    assert caught.value.offset == '{"名":x}'.encode().index(b"x")


def test_exactjson_size_is_bounded_before_parsing() -> None:
    """A text beyond the bound is refused by its length alone."""
    with pytest.raises(StoreDamaged, match="at most 10"):
        loads(b"[1,2,3,4,5,6]", "f", bytes_max=10)
    assert loads(b"[1,2,3,4]", "f", bytes_max=10) == [1, 2, 3, 4]


@pytest.mark.parametrize("data", [b"[]", b"1", b'"x"', b"null", b"true"])
def test_exactjson_an_object_is_due(data: bytes) -> None:
    """Where an object is due, another value is damage."""
    with pytest.raises(StoreDamaged, match="an object is due"):
        loads_object(data, "f")


def cyclic() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def deep(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth - 1):
        found = [found]
    return found


UNWRITABLE = {
    "nan": lambda: {"a": float("nan")},
    "infinity": lambda: [float("inf")],
    "number key": lambda: {1: "a"},
    "two keys of one text": lambda: {1: "a", "1": "b"},
    "none key": lambda: {"x": [{None: 1}]},
    "lone surrogate": lambda: ["\ud800"],
    "lone surrogate key": lambda: {"\udfff": 1},
    "61 digits": lambda: {"a": 10**60},
    "minus 61 digits": lambda: {"a": -(10**60)},
    "5000 digits": lambda: 10**5_000,
    "bytes": lambda: b"x",
    "set": lambda: {1, 2},
    "object": object,
    "cycle": cyclic,
    "nested once too often": lambda: deep(NESTING_MAX + 1),
    "nested by far too often": lambda: deep(50_000),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_exactjson_refuses_to_write(name: str) -> None:
    """What could not be read back as it is, is not written: the caller hears of it at once."""
    with pytest.raises(BadValue):
        dumps(UNWRITABLE[name]())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**60) + 1, 10**60 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), inner)
    ),
    max_leaves=20,
)


def shape(value: Any) -> Any:
    """The value with every type and every bit visible."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return (type(value).__name__, value.hex() if isinstance(value, float) else value)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_exactjson_round_trip(value: Any) -> None:
    """Whatever is written comes back with the same types and the same bits."""
    assert shape(loads(dumps(value), "f")) == shape(value)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), st.integers(0, 9)))
def test_exactjson_equal_values_are_equal_bytes(value: dict[str, int]) -> None:
    """The order in which keys were put in leaves no trace."""
    assert dumps(value) == dumps(dict(reversed(list(value.items()))))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=30).map(lambda t: t.encode("utf-8", "replace")))
def test_exactjson_any_bytes_give_a_value_or_damage(data: bytes) -> None:
    """Random bytes are a JSON value or StoreDamaged; nothing else ever comes out."""
    try:
        value = loads(data, "f")
    except StoreDamaged:
        return
    assert json.loads(data) == value
