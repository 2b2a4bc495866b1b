"""A change and the image it moves: replaying is applying, and a bad payload is no change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.journal.change import Change, Image, Ready, change_from, written
from prometheus_persist.journal.records import Records
from prometheus_persist.state.exact_json import dumps

keys = st.sampled_from(["a", "agents/x", "b/c/d"])
objects = st.dictionaries(st.sampled_from("xyz"), st.integers(), max_size=3)
changes = st.builds(
    Change,
    why=st.text(max_size=5, alphabet="abc é"),
    put=st.dictionaries(keys, objects),
    remove=st.lists(keys, unique=True, max_size=2),
    add=st.dictionaries(keys, st.lists(objects, max_size=3)),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(changes, max_size=6))
def test_change_replay_equals_the_live_image(history: list[Change]) -> None:
    """The image rebuilt from payloads equals the one that lived through the changes."""
    live, again = Image(), Image()
    for seq, change in enumerate(history, 1):
        payload = dumps(change.to_json())
        live.apply(copy.deepcopy(change), seq, seq)
        again.apply(change_from(payload, "f"), seq, seq)
    assert live.digest() == again.digest()
    assert (live.documents, live.streams) == (again.documents, again.streams)


def test_change_applies_in_the_order_put_remove_add() -> None:
    """Documents are replaced whole, removed where named, and streams only ever grow."""
    image = Image()
    image.apply(Change("1", put={"a": {"x": 1, "y": 2}, "b": {}}, add={"s": [{"n": 1}]}), 1, 10)
    image.apply(
        Change("2", put={"a": {"x": 3}}, remove=["b", "never"], add={"s": [{"n": 2}]}), 2, 20
    )
    assert image.documents == {"a": {"x": 3}}
    assert image.streams == {"s": [{"n": 1}, {"n": 2}]}
    assert (image.seq, image.time_ms) == (2, 20)


def test_change_empty_means_nothing_would_change() -> None:
    """A reason alone is no change; neither is a stream that gains nothing, and it leaves none."""
    assert Change("x").empty
    assert Change("x", add={"s": []}).empty
    for change in (
        Change("", put={"a": {}}),
        Change("", remove=["a"]),
        Change("", add={"s": [{}]}),
    ):
        assert not change.empty
    image = Image()
    image.apply(Change("x", add={"s": []}), 1, 1)
    assert image.streams == {}


def test_change_digests_tell_images_apart() -> None:
    """One value, one key, one record or its place makes another digest; time and number do not."""
    base = {"put": {"a": {"x": 1}}, "add": {"s": [{"n": 1}, {"n": 2}]}}
    others: list[dict[str, Any]] = [
        {**base, "put": {"a": {"x": 1.0}}},
        {**base, "put": {"b": {"x": 1}}},
        {**base, "add": {"s": [{"n": 2}, {"n": 1}]}},
        {**base, "add": {"t": [{"n": 1}, {"n": 2}]}},
        {"put": {"a": {"x": 1}, "s": {}}, "add": base["add"]},
    ]
    digests = set()
    for number, content in enumerate([base, *others]):
        image = Image()
        image.apply(Change("x", **content), number, number)
        digests.add(image.digest())
    again = Image()
    again.apply(Change("y", **base), 77, 77)
    assert len(digests) == 6
    assert again.digest() in digests


BAD = [
    b"{}",
    b"[]",
    b'{"why":1}',
    b'{"why":"x","put":[]}',
    b'{"why":"x","put":{"a":1}}',
    b'{"why":"x","del":{}}',
    b'{"why":"x","del":[1]}',
    b'{"why":"x","add":[]}',
    b'{"why":"x","add":{"s":{}}}',
    b'{"why":"x","add":{"s":[1]}}',
    b'{"why":"x","more":1}',
    b'{"why":"x","put":{"a":{"v":NaN}}}',
    b'{"why":"x"',
    b"",
]


@pytest.mark.parametrize("payload", BAD)
def test_change_refuses_a_payload_that_is_none(payload: bytes) -> None:
    """A payload of any other form is damage, named by where it was found."""
    with pytest.raises(StoreDamaged, match="journal/x at byte 7"):
        change_from(payload, "journal/x at byte 7")


ROWS: list[list[dict[str, Any]]] = [
    [],
    [{"n": 1}],
    [{"n": 1}, {"n": {"deep": [1]}}],
    [{"n": None, "t": '"\\ 爆仓'}],
    [{"n": 10**59}],
    [{"n": "9" * 80}],
    [{"n": 1.5, "m": -0.0}, {"n": 1e16}],
    [{"n": 2**63}, {"n": 2**64, "t": True}],
]


@pytest.mark.parametrize("rows", ROWS)
def test_change_what_is_ready_is_spliced_into_the_bytes_that_were_due(
    rows: list[dict[str, Any]],
) -> None:
    """Put, set and grown, with the same rows on two streams: live and replayed are one image."""
    live, replayed = Image(), Image()
    there = Change("0", {"b": {"x": 1, "l": [1, 2]}, "gone": {}})
    after = {"a/é": {"x": 1.5}, "b": {"x": 2, "l": [2, 3]}}
    change = Change("why", {"a/é": {"x": 1.5}}, ["gone"], {"one": rows, "two": rows})
    change.set, change.grow = {"b": {"x": 2}}, {"b": {"l": (1, [3])}}
    change.ready = Ready(set={"b": written({"x": 2})})
    assert sorted(change.documents) == ["a/é", "b"]
    for seq, each in enumerate((there, change), start=1):
        live.apply(each, seq, seq)
        replayed.apply(change_from(each.to_bytes(), "x"), seq, seq)
    assert live == replayed
    assert live.documents == after
    parsed = change_from(change.to_bytes(), "x")
    assert change_from(parsed.to_bytes(), "x") == parsed


@pytest.mark.parametrize(
    "bad", [float("nan"), 10**60, "\ud800", {1: 2}, {"x": float("inf")}, {"x": {2: 1}}]
)
@pytest.mark.parametrize("ready", [None, Ready()], ids=["whole", "ready"])
def test_change_a_record_that_cannot_come_back_is_refused(bad: Any, ready: Ready | None) -> None:
    for rows in ([{"n": 1}, {"bad": bad}], [{"bad": bad}], [{1: "a key"}], [{"n": 1}, {None: 2}]):
        with pytest.raises(BadValue, match="cannot be written exactly"):
            Change("x", add={"s": rows}, ready=ready).to_bytes()


@pytest.mark.parametrize("bad", [float("nan"), 10**60, "\ud800", {"x": [float("inf")]}])
def test_change_text_that_cannot_come_back_is_refused(bad: Any) -> None:
    """Of what is put into a payload as text, too: one encoding would write NaN as null."""
    with pytest.raises(BadValue, match="cannot be written exactly"):
        written({"bad": bad})
    digits = {"n": "9" * 80, "m": 10**59}
    change = Change("x", {"a": digits}, ready=Ready({"a": written(digits)}))
    assert change_from(change.to_bytes(), "x").put == {"a": digits}


@pytest.mark.parametrize("big", [2**64, -(10**59)])
def test_change_what_one_encoding_cannot_write_is_written_all_the_same(big: int) -> None:
    """Integers of more than 64 bits, in what is put, set and grown."""
    after = {"a": {"n": big}, "b": {"n": big, "l": [big]}}
    change = Change("x", {"a": {"n": big}}, set={"b": {"n": big}}, ready=Ready())
    change.grow = {"b": {"l": (0, [big])}}
    image = Image({"b": {"n": 1, "l": []}})
    image.apply(change_from(change.to_bytes(), "x"), 1, 1)
    assert image.documents == after


@pytest.mark.parametrize(
    "payload",
    [
        '{"why":"x","set":{"nobody":{"x":1}}}',
        '{"why":"x","grow":{"nobody":{"l":[0,[1]]}}}',
        '{"why":"x","grow":{"b":{"x":[0,[1]]}}}',
        '{"why":"x","grow":{"b":{"l":[3,[1]]}}}',
        '{"why":"x","grow":{"b":{"none":[0,[1]]}}}',
    ],
)
def test_change_that_does_not_fit_what_is_there_is_damage(payload: str) -> None:
    """A frame that grows or sets what the chain never put cannot be this chain's."""
    image = Image({"b": {"x": 1, "l": [1, 2]}})
    with pytest.raises(StoreDamaged, match="commit 7"):
        image.apply(change_from(payload.encode(), "x"), 7, 7)


def test_change_leaves_what_a_copy_of_the_image_holds() -> None:
    image = Image({"b": {"x": 1, "l": [1]}})
    kept = image.copy()
    image.apply(
        change_from(b'{"why":"","set":{"b":{"x":2}},"grow":{"b":{"l":[0,[2]]}}}', "x"), 1, 1
    )
    assert image.documents == {"b": {"x": 2, "l": [1, 2]}}
    assert kept.documents == {"b": {"x": 1, "l": [1]}}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(changes, st.booleans()), max_size=8))
def test_change_leaves_what_a_cut_of_the_image_holds(history: list[tuple[Change, bool]]) -> None:
    """Whatever is added, removed and begun anew behind it, and however often it is cut."""
    image, cuts = Image(), []
    for seq, (change, cut) in enumerate(history, 1):
        image.apply(copy.deepcopy(change), seq, seq)
        if cut:
            cuts.append((image.cut(), image.copy(), image.digest()))
    for cut, twin, digest in cuts:
        assert cut.digest() == twin.digest() == digest
        assert (cut.documents, cut.streams) == (twin.documents, twin.streams)


def test_change_a_cut_looks_at_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody saves during it: of a thousand streams those that grow afterwards cost something."""
    image, seen = Image(), []
    image.apply(Change("", add={f"s{at}": [{"n": 1}] for at in range(1000)}), 1, 1)
    real = Records.cut
    monkeypatch.setattr(Records, "cut", lambda one: seen.append(1) or real(one))
    held = image.cut()
    assert not seen
    for at in range(2, 5):
        image.apply(Change("", add={"s1": [{"n": at}], "s2": [{"n": at}]}), at, at)
    assert len(seen) == 2
    assert (len(held.streams["s1"]), len(image.streams["s1"])) == (1, 4)
