"""S3: records that an opening takes as they lie are proven when they are read, and named if bad."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from storekit import START_MS, StillClock, founding, open_store, trade

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal import records, stream_lines
from prometheus_persist.journal.archive import unpack
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.session import Session
from prometheus_persist.state import state_from
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.exact_json import dumps
from prometheus_persist.storage.fs import LocalFs

CLOCK = StillClock(START_MS + 10_000)


def told(root: Path) -> Path:
    """A store of five trades with a snapshot that stands on the last one; returns the snapshot."""
    store = open_store(LocalFs(root), StillClock(step_ms=1))
    store.commit(founding())
    state = state_from(store.image.documents)
    for number in range(1, 6):
        store.commit(trade(state, number))
    path = root / store.snapshot(3)
    store.close()
    return path


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def forge(path: Path, **contents: bytes) -> None:
    """Put other members in, with checksums that fit: no accident of a disk does that."""
    members = members_of(path)
    members.update({name.replace("_", "."): data for name, data in contents.items()})
    manifest = json.loads(members.pop("manifest.json"))
    manifest["members"] = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
    }
    del manifest["sha256"]
    manifest["sha256"] = hashlib.sha256(dumps(manifest)).hexdigest()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in (*members.items(), ("manifest.json", dumps(manifest))):
            packed.writestr(name, data)
    path.write_bytes(out.getvalue())


def spoil(path: Path, old: bytes, new: bytes, nth: int) -> int:
    """Write something else on the ``nth`` line of the public trades; returns the line's number."""
    lines = members_of(path)["streams.ndjson"].split(b"\n")
    public = [at for at, line in enumerate(lines) if line.startswith(b'["public_trades"')]
    at = public[nth]
    assert old in lines[at]
    lines[at] = lines[at].replace(old, new)
    forge(path, streams_ndjson=b"\n".join(lines))
    return at + 1


BAD = {
    "no JSON": (b'"pnl":', b'"pnl"='),
    "a key twice": (b'"fee":', b'"px":"1","fee":'),
    "a number that overflows": (b'"version":2', b'"version":1e999'),
    "a lone surrogate": (b'"source":"live"', b'"source":"\\ud800"'),
}


@pytest.mark.parametrize("what", BAD)
def test_a_record_that_is_none_is_named_by_whoever_reads_it(tmp_path: Path, what: str) -> None:
    """By file and line, in a recovery that indexes it and in any other look; nothing is decided
    on what cannot be read, and ``verify`` names the file without being asked for the record."""
    path = told(tmp_path)
    line = spoil(path, *BAD[what], nth=3)
    name = f"snapshots/{path.name}/streams.ndjson line {line}"
    session = Session.open(tmp_path, clock=CLOCK)
    try:
        assert session.restored.base == f"snapshots/{path.name}"
        public = session._store.image.streams[PUBLIC_TRADES]
        assert len(public) == 5
        for look in (lambda: session.recover(None), lambda: list(public), lambda: public[3]):
            with pytest.raises(StoreDamaged) as caught:
                look()
            assert caught.value.file == name
        assert not session.may_trade
    finally:
        session.close(save=False)
    seen = verify(LocalFs(tmp_path), clock=CLOCK)
    assert [damage.file for damage in seen.facts.damages] == [f"snapshots/{path.name}"]
    assert not seen.sound
    steps = repair(LocalFs(tmp_path), CLOCK).steps
    assert [(step.path, step.action) for step in steps] == [
        (f"snapshots/{path.name}", "moved aside")
    ]
    assert verify(LocalFs(tmp_path), clock=CLOCK).sound


def test_an_opening_and_its_snapshot_decode_no_old_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody asks for is not decoded, and goes into the next snapshot as the same bytes."""
    path = told(tmp_path)
    before = members_of(path)["streams.ndjson"]
    monkeypatch.setattr(records, "_proven", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(stream_lines, "_block", lambda *_: pytest.fail("looked at closely"))
    session = Session.open(tmp_path, clock=CLOCK)
    session.save("nothing")
    session.snapshot()
    session.close()
    monkeypatch.undo()
    newest = max((tmp_path / "snapshots").iterdir())
    assert newest != path
    assert members_of(newest)["streams.ndjson"] == before
    assert verify(LocalFs(tmp_path), clock=CLOCK).sound


def test_taken_as_they_lie_and_looked_at_closely_are_the_same(tmp_path: Path) -> None:
    """Also when the tail goes on behind them, one by one, in slices and as text."""
    path = told(tmp_path)
    data, fs = path.read_bytes(), LocalFs(tmp_path)
    lazy, close = (unpack(data, "s.zip", closely=each)[0] for each in (False, True))
    assert lazy.digest() == close.digest()
    public = lazy.streams[PUBLIC_TRADES]
    assert all(block.origin is not None for block in public.blocks())
    assert lazy.streams == close.streams
    assert public[1:4] == list(close.streams[PUBLIC_TRADES])[1:4]
    assert public.part(1, 4) == close.streams[PUBLIC_TRADES].part(1, 4)
    assert public[-1] == close.streams[PUBLIC_TRADES][-1]
    loose, firm = (restore(fs, clock=CLOCK, closely=each) for each in (False, True))
    assert loose.image.digest() == firm.image.digest()
