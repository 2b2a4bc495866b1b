"""The readable files: complete, sealed, under their own names, and written for people."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from storekit import AGENTS, START_MS, flip, founding, trade

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal import projection
from prometheus_persist.journal.change import Image
from prometheus_persist.journal.projection import (
    CHUNK_RECORDS,
    checkpoint,
    checksum,
    project,
    unwrap,
    vouch,
    wrap,
)
from prometheus_persist.state import state_from
from prometheus_persist.state.documents import PUBLIC_TRADES, private_trades
from prometheus_persist.state.exact_json import dumps
from prometheus_persist.storage.fs import LocalFs


def image_after(trades: int) -> Image:
    image = Image()
    image.apply(founding(), 1, START_MS)
    state = state_from(image.documents)
    for number in range(trades):
        image.apply(trade(state, number), number + 2, START_MS)
    return image


def test_projection_has_the_files_people_look_for() -> None:
    """Every part of the state has its file; agents go by their file names, not by their ids."""
    files = dict(project(image_after(3)))
    assert set(files) == {
        "public_ledger.json",
        "valhalla.json",
        "supervisor_state.json",
        "mastermind_state.json",
        "exchange_state.json",
        "agents/LiveAgent_01_state.json",
        "agents/agent-000001_state.json",
        "private_ledgers/LiveAgent_01.json",
        "private_ledgers/agent-000001.json",
    }
    assert files["agents/agent-000001_state.json"]["agent_id"] == "代理/二"
    assert len(files["public_ledger.json"]["records"]) == 3


def test_projection_loses_no_record_to_chunks() -> None:
    """Chunks and the rest add up to every record, in order; a sealed chunk never changes."""
    image = image_after(2 * CHUNK_RECORDS + 7)
    files = dict(project(image))

    def records(file: str, label: str) -> list[Any]:
        data, found = files[file], []
        for number in range(data["records_chunks"]):
            chunk = files[f"records/{label}_{number + 1:06d}.json"]
            assert chunk["first"] == len(found)
            found += chunk["records"]
        return [*found, *data["records"]]

    assert records("public_ledger.json", "public_ledger") == image.streams[PUBLIC_TRADES]
    own = records("private_ledgers/LiveAgent_01.json", "private_LiveAgent_01")
    assert own == image.streams[private_trades(AGENTS[0])]
    later = dict(project(image_after(3 * CHUNK_RECORDS)))
    sealed = [name for name in files if name.startswith("records/")]
    assert len(sealed) == 4
    assert all(later[name] == files[name] for name in sealed)


def test_projection_of_what_was_touched_equals_the_whole() -> None:
    """Refreshing only touched files leaves the same files as making all of them anew."""
    image = image_after(2 * CHUNK_RECORDS - 1)
    kept = dict(project(image))
    state = state_from(image.documents)
    for number in range(500, 503):
        change = trade(state, number)
        image.apply(change, number, START_MS)
        touched = {*change.put, *change.add}
        fresh = dict(project(image, touched=touched, written=kept))
        assert "valhalla.json" not in fresh
        kept.update(fresh)
    assert kept == dict(project(image))


def test_projection_file_names_stay_inside(tmp_path: Any) -> None:
    """Every name is one the disk seam accepts, whatever the agents are called."""
    image = image_after(0)
    for name, data in project(image):
        LocalFs(tmp_path).make_dir(f"x/{name}".rpartition("/")[0])
        assert LocalFs(tmp_path).size(f"x/{name}") is None
        assert data is not None


DATA = {"agent_id": "甲", "list": [{"a": 1}, {"b": 2.5}], "map": {"k": {"v": "x"}}, "n": None}
NAME = "agents/x_state.json"
FILE = wrap(NAME, DATA, checksum(DATA), 7, START_MS)


def test_projection_wrap_is_what_its_header_says() -> None:
    """All checksums can be recomputed by hand from the file alone."""
    found = json.loads(FILE)
    data, seal = found.pop("data"), found.pop("head_checksum")
    assert data == DATA
    assert found["checksum"] == hashlib.sha256(dumps(data)).hexdigest()
    assert seal == hashlib.sha256(dumps(found)).hexdigest()
    text = FILE[FILE.index(b'"data": ') + len(b'"data": ') :]
    assert found["text_checksum"] == hashlib.sha256(text).hexdigest()
    assert (found["sequence"], found["file"]) == (7, NAME)
    assert unwrap(NAME, FILE, "f") == (DATA, 7)


def test_projection_every_single_bit_flip() -> None:
    """Whichever bit flips: damage by name, or a spelling of the very same values.

    Reading and vouching agree on it. Of the data's own text, no bit flips unnoticed.
    """
    refused, text = [], FILE.index(b'"data": ') + len(b'"data": ')
    for bit in range(len(FILE) * 8):
        damaged = flip(FILE, bit)
        try:
            data, seq = unwrap(NAME, damaged, "some/file.json")
        except StoreDamaged as problem:
            refused.append(str(problem))
            with pytest.raises(StoreDamaged, match=r"file\.json"):
                vouch(NAME, damaged, "some/file.json")
            continue
        assert bit < text * 8
        assert (dumps(data), seq) == (dumps(DATA), 7), bit
        assert vouch(NAME, damaged, "some/file.json") == (checksum(DATA), 7)
    assert len(refused) > len(FILE) * 7
    assert all("some/file.json" in words for words in refused)


def test_projection_a_whole_file_is_known_without_being_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a restart does for every readable file: checksums only. And it looks at the text."""
    due = unwrap(NAME, FILE, "f")
    monkeypatch.setattr(projection, "unwrap", lambda *_: pytest.fail("it was parsed"))
    assert vouch(NAME, FILE, "f") == (checksum(due[0]), due[1])
    for other in (FILE.replace(b"2.5", b"2.6"), FILE[:-1], FILE + b" ", FILE.replace(b"x_", b"y_")):
        with pytest.raises(pytest.fail.Exception, match="parsed"):
            vouch(NAME, other, "f")


def test_projection_reads_files_from_before_the_checksum_of_the_text() -> None:
    """They lack it, and are whole all the same; laid out otherwise, they still are."""
    head = {key: item for key, item in json.loads(FILE).items() if "head" not in key}
    data = head.pop("data")
    del head["text_checksum"]
    head["head_checksum"] = checksum(head)
    for indent in (None, 1):
        old = json.dumps({**head, "data": data}, indent=indent).encode() + b"\n"
        assert unwrap(NAME, old, "f") == (DATA, 7)
        assert vouch(NAME, old, "f") == (checksum(DATA), 7)


def test_projection_truncated_or_misplaced() -> None:
    """A cut file, another schema, and a file under another's name are damage."""
    for length in range(len(FILE)):
        with pytest.raises(StoreDamaged):
            unwrap(NAME, FILE[:length], "f")
    with pytest.raises(StoreDamaged, match="another name"):
        unwrap("agents/y_state.json", FILE, "f")
    for swap in (
        (b'"schema_version": 1', b'"schema_version": 2'),
        (b'"sequence": 7', b'"sequence": 8'),
    ):
        assert swap[0] in FILE
        with pytest.raises(StoreDamaged):
            unwrap(NAME, FILE.replace(*swap), "f")


def test_projection_checkpoint_says_what_people_read_first() -> None:
    """Time, sequence, epoch, cycle, agents, records, and every file's checksum."""
    image = image_after(3)
    head = checkpoint(image, 4, START_MS, {"b": "2", "a": "1"})
    assert head == {
        "timestamp_ms": START_MS,
        "sequence": 4,
        "epoch": 4,
        "cycle_count": 0,
        "runtime_hours": 0.0,
        "agent_count": 2,
        "record_count": 3,
        "files": {"a": "1", "b": "2"},
    }
