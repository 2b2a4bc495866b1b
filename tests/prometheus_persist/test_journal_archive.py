"""Snapshot archives: what was packed comes back, and nothing else is ever believed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import tracemalloc
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import START_MS, flip

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal import archive, stream_lines
from prometheus_persist.journal import packed as held
from prometheus_persist.journal.archive import PIECE_BYTES, RATIO_MAX, check, pack, unpack
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import Tip
from prometheus_persist.journal.upcast import SCHEMA
from prometheus_persist.state.exact_json import dumps

TIP = Tip(9, 2, bytes(range(32)), START_MS)


def image_of(documents: dict[str, Any], streams: dict[str, list[Any]]) -> Image:
    image = Image()
    image.apply(Change("x", put=documents, add=streams), TIP.seq, TIP.wall_ms)
    return image


SMALL = image_of({"agents/甲": {"a": 1.0, "b": "\r\n\u2028"}}, {"s": [{"n": 1}], "t/甲": [{}, {}]})
PACKED = pack(SMALL, TIP)


def same(one: Image, other: Image) -> bool:
    return (one.digest(), one.seq, one.time_ms) == (other.digest(), other.seq, other.time_ms)


records = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=5), st.integers()
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), records),
    st.dictionaries(st.text(max_size=8, alphabet="ab/é\n"), st.lists(records, max_size=4)),
)
def test_archive_round_trip_and_determinism(documents: Any, streams: Any) -> None:
    """The image and its place in the chain come back; the same image gives the same bytes."""
    image = image_of(documents, streams)
    data = pack(image, TIP)
    back, tip = unpack(data, "s.zip")
    assert same(back, image)
    assert tip == TIP
    assert pack(image_of(dict(reversed(documents.items())), streams), TIP) == data


@pytest.mark.parametrize("time_ms", [0, START_MS, 4_102_444_800_000, 10**14])
def test_archive_any_clock(time_ms: int) -> None:
    """A clock before 1980, or one that went astray, is no reason to lose a snapshot."""
    image = image_of({"a": {}}, {})
    image.time_ms = time_ms
    assert unpack(pack(image, TIP), "s.zip")[0].time_ms == time_ms


def test_archive_every_single_bit_flip() -> None:
    """Whichever bit flips: the archive is refused by name, or the very same image comes back."""
    harmless, refused = 0, []
    for bit, closely in itertools.product(range(len(PACKED) * 8), (True, False)):
        try:
            back, tip = unpack(flip(PACKED, bit), "snap.zip", closely=closely)
        except StoreDamaged as problem:
            refused.append(str(problem))
            continue
        harmless += 1
        assert same(back, SMALL), bit
        assert tip == TIP
    assert harmless < len(PACKED) * 8 // 2
    assert all("snap.zip" in words for words in refused)


def test_archive_every_truncation() -> None:
    """A cut archive is refused, wherever it is cut."""
    for length in range(len(PACKED)):
        with pytest.raises(StoreDamaged, match=r"snap\.zip"):
            unpack(PACKED[:length], "snap.zip")


def test_archive_check_finds_what_unpack_finds() -> None:
    """Read to the end without building the image: what it passes unpacks to the same image."""
    assert check(PACKED, "snap.zip") == TIP
    passed, refused = 0, []
    for bit in range(len(PACKED) * 8):
        data = flip(PACKED, bit)
        try:
            assert check(data, "snap.zip") == TIP
        except StoreDamaged as problem:
            refused.append(str(problem))
            continue
        passed += 1
        with contextlib.suppress(StoreDamaged):  # what stands around the members it leaves out
            assert same(unpack(data, "snap.zip")[0], SMALL)
    assert 0 < passed < len(PACKED) * 8 // 4
    assert all("snap.zip" in words for words in refused)
    for length in range(len(PACKED)):
        with pytest.raises(StoreDamaged, match=r"snap\.zip"):
            check(PACKED[:length], "snap.zip")
    for name in ("documents.json", "streams.ndjson"):
        members = members_of(PACKED)
        for content in (members[name][:-1] + b" ", members[name] + b"x", members[name][:-1]):
            with pytest.raises(StoreDamaged, match=f"{name} does not fit its checksum"):
                check(zipped({**members, name: content}), "snap.zip")


def test_archive_works_in_pieces() -> None:
    """Somebody who waits is let through again and again, whatever the image is made of."""
    rows = [{"n": number, "text": "x" * 100} for number in range(2000)]
    for image in (
        image_of({f"agents/{row['n']}": row for row in rows}, {}),
        image_of({}, {"s": rows}),
        image_of({}, {f"s{row['n']}": [row] for row in rows}),
    ):
        pauses = [0, 0]

        def count(at: int, pauses: list[int] = pauses) -> None:
            pauses[at] += 1

        data = pack(image, TIP, lambda: count(0))
        size = sum(map(len, members_of(data).values()))
        check(data, "snap.zip", lambda: count(1))
        assert min(pauses) >= size // (2 * PIECE_BYTES) > 5


def test_archive_is_packed_at_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """The level that stands in the module is the one that the bytes are packed at."""
    image = image_of({}, {"s": [{"n": n, "px": f"{n * 7919 % 10007}.1"} for n in range(2000)]})
    sizes = []
    for level in (1, 9):
        monkeypatch.setattr(archive, "LEVEL", level)
        data = pack(image, TIP)
        assert same(unpack(data, "s.zip")[0], image)
        sizes.append(len(data))
    assert sizes[1] < sizes[0]


HOSTILE_LINES = {
    "two records on a line": [b'["s",{"a":1}],["s",{"b":2}]', b'["t",{"c":3}]'],
    "a record on two lines": [b'["s",{"a":1', b'"b":2}]'],
    "as many of the one as of the other": [
        b'["s",{}],["s",{}],["s",{}]',
        b'["s",{"x":[[{}]',
        b'["y",{}]',
        b'["z",{}]]}]',
    ],
    "a line's end in a text": [b'["s",{"a":"x', b'y"}]'],
    "a line's end in a text of brackets": [b'["s",{"a":"{}]', b'["}]', b'["s",{}],["s",{}]'],
    "the end of one, the beginning of the next": [b'["a",{"x":1', b'"y":2}],["b",{"z":3}]'],
    "no object": [b'["s",[]]', b'["s",{}]'],
    "a number for a stream": [b"[1,{}]", b'["s",{}]'],
    "no stream": [b'[{},"s"]', b'["s",{}]'],
    "an object instead": [b'{"s":[]}', b'["s",{}]'],
    "three parts": [b'["s",{},1]', b'["s",{}]'],
    "a duplicate key": [b'["s",{"a":1}]', b'["s",{"a":1,"a":1}]'],
    "an empty line": [b'["s",{}]', b"", b'["s",{}]'],
    "nothing but an end": [b""],
}


@pytest.mark.parametrize("name", HOSTILE_LINES)
def test_archive_lines_are_read_one_by_one(name: str) -> None:
    """However many lines are read at once: what is no record on its own is refused, by line."""
    sound = [b'["s",{"n":%d}]' % number for number in range(3)]
    assert len(unpack(sealed(streams_ndjson=lines_of(sound)), "s.zip")[0].streams["s"]) == 3
    for before in ([], sound):
        lines = lines_of([*before, *HOSTILE_LINES[name], *sound])
        with pytest.raises(StoreDamaged, match=r"s\.zip/streams\.ndjson line"):
            unpack(sealed(streams_ndjson=lines), "s.zip")


@pytest.mark.parametrize(
    "line",
    [
        b'["s",{"b":1,"a":2}]',
        b'["s",{"a":1e16}]',
        b'["s",{"a":0.00001}]',
        b'["s",{"a":1.50}]',
        b'["s", {"a":1}]',
        b'["s",{"\\u0061":"\\u0062"}]',
        b'["\\u0073",{"a":1}]',
    ],
)
def test_archive_text_is_kept_only_as_it_would_be_written(line: bytes) -> None:
    """However somebody wrote a record: what is held, and its digest, are those of its value."""
    name, record = json.loads(line)
    found = sealed({"schema": SCHEMA}, streams_ndjson=lines_of([b'["s",{"n":1}]', line]))
    back = unpack(found, "s.zip")[0]
    due = image_of(dict(SMALL.documents), {name: [{"n": 1}, record]})
    assert back.digest() == due.digest()
    assert [block.text for block in back.streams["s"].blocks()] == [
        dumps({"n": 1}) + b"\n" + dumps(record)
    ]


def lines_of(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def test_archive_the_last_line_has_an_end() -> None:
    """A record that is not followed by a line's end is not lost in silence."""
    with pytest.raises(StoreDamaged, match="no end"):
        unpack(sealed(streams_ndjson=b'["s",{}]\n["s",{}]'), "s.zip")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["s", "t/甲", '["{"']), records), min_size=1, max_size=6),
    st.sampled_from([16, 64, 1 << 20]),
    st.data(),
)
def test_archive_many_lines_at_once_are_no_softer(
    rows: list[tuple[str, Any]], block: int, data: st.DataObject
) -> None:
    """With a byte changed, gone or twice: read in blocks as line by line, to the same end; nor is
    what is looked at only when it is read, though of two bad lines the other may be named."""
    content = bytearray(lines_of([dumps([name, record]) for name, record in rows]))
    at = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["none", "other", "gone", "twice", "line"])):
        case "other":
            content[at] = data.draw(st.sampled_from(list(b'[]{},:"\n 1')))
        case "gone":
            del content[at]
        case "twice":
            content.insert(at, content[at])
        case "line":
            content[at:at] = b"\n"

    packed = sealed({"schema": SCHEMA}, streams_ndjson=bytes(content))

    def read(*, closely: bool = True) -> Any:
        try:
            # Exact in types, but in no order of names: a record that is taken as it lies keeps the
            # order of a file that we did not write.
            streams = unpack(packed, "s.zip", closely=closely)[0].streams
            return json.dumps(streams, sort_keys=True, default=list)
        except StoreDamaged as problem:
            return str(problem)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_lines, "BLOCK_BYTES", block)
        patch.setattr(held, "STRIDE", max(block // 8, 1))
        fast, later = read(), read(closely=False)
        assert fast == later or ("streams.ndjson" in fast and "streams.ndjson" in later)
        patch.setattr(stream_lines, "_flat_names", lambda _: None)
        assert fast == read()


def test_archive_ledgers_are_read_many_lines_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records that there are a million of do not go line by line (and this stays so)."""
    rows = [{"agent_id": "甲", "px": "1.10", "version": number} for number in range(500)]
    data = pack(image_of({}, {"public_trades": rows, "private_trades/甲": rows[:9]}), TIP)
    monkeypatch.setattr(stream_lines, "_record", lambda *_: pytest.fail("line by line"))
    found = unpack(data, "s.zip")[0].streams
    assert found == {"public_trades": rows, "private_trades/甲": rows[:9]}


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Any, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return out.getvalue()


def sealed(change: dict[str, Any] | None = None, **contents: bytes) -> bytes:
    """An archive whose checksums all fit: what somebody who can compute SHA-256 would write."""
    members = members_of(PACKED)
    members.update({name.replace("_", "."): data for name, data in contents.items()})
    manifest: dict[str, Any] = {
        "format": 1,
        "seq": TIP.seq,
        "epoch": TIP.epoch,
        "chain_digest": TIP.digest.hex(),
        "time_ms": START_MS,
        "wall_ms": START_MS,
        "members": {
            name: {"bytes": len(members[name]), "sha256": hashlib.sha256(members[name]).hexdigest()}
            for name in ("documents.json", "streams.ndjson")
        },
        **(change or {}),
    }
    manifest["sha256"] = hashlib.sha256(dumps(manifest)).hexdigest()
    return zipped({**members, "manifest.json": dumps(manifest)})


def link_member() -> bytes:
    members = list(members_of(PACKED).items())
    info = zipfile.ZipInfo("documents.json")
    info.external_attr = 0o120777 << 16
    return zipped([(n, d) for n, d in members if n != "documents.json"] + [(info, b"/etc/passwd")])


GOOD = members_of(PACKED)
HOSTILE = {
    "up and out": lambda: zipped({**GOOD, "../evil": b"x"}),
    "absolute": lambda: zipped({**GOOD, "/etc/evil": b"x"}),
    "renamed up": lambda: zipped({("../" + n): d for n, d in GOOD.items()}),
    "backslashes": lambda: zipped({**GOOD, "..\\evil": b"x"}),
    "extra": lambda: zipped({**GOOD, "readme.txt": b"x"}),
    "missing": lambda: zipped({n: d for n, d in GOOD.items() if n != "streams.ndjson"}),
    "no manifest": lambda: zipped({n: d for n, d in GOOD.items() if n != "manifest.json"}),
    "empty zip": lambda: zipped({}),
    "link": link_member,
    "not a zip": lambda: b"PK\x03\x04 nonsense",
    "nothing": lambda: b"",
    "something before it": lambda: b"#!/bin/sh\n" + PACKED,
    "something behind it": lambda: PACKED + b"\0",
    "lzma": lambda: zipped(GOOD, zipfile.ZIP_LZMA),
    "bzip2": lambda: zipped(GOOD, zipfile.ZIP_BZIP2),
    "unsealed": lambda: zipped({**GOOD, "manifest.json": b'{"format":1}'}),
    "manifest is a list": lambda: zipped({**GOOD, "manifest.json": b"[]"}),
    "manifest too long": lambda: zipped({**GOOD, "manifest.json": b" " * 70_000}),
    "changed documents": lambda: zipped({**GOOD, "documents.json": b"{}"}),
    "format 2": lambda: sealed({"format": 2}),
    "no members": lambda: sealed({"members": None}),
    "members a list": lambda: sealed({"members": []}),
    "member a number": lambda: sealed({"members": {"documents.json": 5, "streams.ndjson": 5}}),
    "negative size": lambda: sealed(
        {"members": {n: {"bytes": -1, "sha256": ""} for n in ("documents.json", "streams.ndjson")}}
    ),
    "size too small": lambda: sealed(
        {"members": {n: {"bytes": 0, "sha256": ""} for n in ("documents.json", "streams.ndjson")}}
    ),
    "no sequence": lambda: sealed({"seq": None}),
    "sequence is text": lambda: sealed({"seq": "9"}),
    "negative sequence": lambda: sealed({"seq": -1}),
    "time is text": lambda: sealed({"time_ms": "now"}),
    "short digest": lambda: sealed({"chain_digest": "00"}),
    "digest no hex": lambda: sealed({"chain_digest": "zz" * 32}),
    "digest a number": lambda: sealed({"chain_digest": 7}),
    "documents a list": lambda: sealed(documents_json=b"[]"),
    "a document a number": lambda: sealed(documents_json=b'{"a":1}'),
    "documents NaN": lambda: sealed(documents_json=b'{"a":{"x":NaN}}'),
    "documents bomb": lambda: sealed(documents_json=b"[" * 100_000),
    "record a number": lambda: sealed(streams_ndjson=b"5\n"),
    "record too short": lambda: sealed(streams_ndjson=b'["s"]\n'),
    "record too long": lambda: sealed(streams_ndjson=b'["s",{},{}]\n'),
    "record without stream": lambda: sealed(streams_ndjson=b"[[],{}]\n"),
    "record no object": lambda: sealed(streams_ndjson=b'["s",1]\n'),
    "blank line": lambda: sealed(streams_ndjson=b"\n"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_archive_hostile(name: str) -> None:
    """Whatever pack did not write is refused as damage that names the archive."""
    with pytest.raises(StoreDamaged, match=r"snap\.zip"):
        unpack(HOSTILE[name](), "snap.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archive_duplicate_members() -> None:
    """Two members of one name are refused, even where the three names are all there."""
    with pytest.raises(StoreDamaged, match="members"):
        unpack(zipped([*GOOD.items(), ("documents.json", b"{}")]), "snap.zip")


def test_archive_the_forger_of_these_tests_is_believed_when_honest() -> None:
    """The sealed archives above fail for what was changed in them, not for how they were made."""
    assert same(unpack(sealed(), "s.zip")[0], SMALL)


def bomb(megabytes: int) -> bytes:
    return sealed(documents_json=b'{"a":{"x":"' + b"0" * (megabytes * 2**20) + b'"}}')


def lying_size(announced: int) -> bytes:
    data = bytearray(PACKED)
    place = data.rindex(b"streams.ndjson") - 46  # its entry in the central directory
    assert data[place : place + 4] == b"PK\x01\x02"
    data[place + 24 : place + 28] = announced.to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    "make", [lambda: bomb(100), lambda: lying_size(2**32 - 2), lambda: lying_size(2**30)]
)
def test_archive_bombs_cost_no_memory(make: Any) -> None:
    """A member that would swell beyond all reason is refused before it is unpacked."""
    data = make()
    tracemalloc.start()
    try:
        with pytest.raises(StoreDamaged, match=r"bomb|announces"):
            unpack(data, "snap.zip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(data) * 3 + 2 * 2**20


def test_archive_dense_state_is_no_bomb() -> None:
    """A state that shrinks more than a bomb may is stored plainly, and can be read back."""
    image = image_of({"a": {"x": "0" * 3 * 2**20}}, {"s": [{"y": "1" * 2**20}, {}]})
    data = pack(image, TIP)
    assert same(unpack(data, "s.zip")[0], image)
    assert len(data) * RATIO_MAX > 4 * 2**20
    assert pack(image, TIP) == data
