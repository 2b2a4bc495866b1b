"""What was acknowledged stands beside the journal: cut between two frames, the loss is told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import HookFs, StillClock, open_store
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.errors import StoreDamaged, StoreFailed
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore, verify
from prometheus_persist.session import Session, Settings
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.layout import COPIES, JOURNAL
from prometheus_persist.storage.mark import Mark, mark_in, marked, marks, read_mark
from prometheus_persist.storage.segments import read_segments
from prometheus_persist.testing.memory_fs import MemoryFs

QUIET = Settings(background=False)
HOST = """
import os, sys
from prometheus_persist.session import Session, Settings
session = Session.open(sys.argv[1], settings=Settings(background=False))
for cycle in range(1, 7):
    session.state.supervisor.system_cycle_count = cycle
    session.save("test")
if sys.argv[2] == "closed":
    session.close()
    Session.open(sys.argv[1], settings=Settings(background=False)).close(save=False)
os.kill(os.getpid(), 9)
"""


def lived(root: Path, end: str = "killed") -> int:
    """A store whose host is gone; the newest frame."""
    done = subprocess.run([sys.executable, "-c", HOST, str(root), end], check=False)
    assert done.returncode == -signal.SIGKILL
    return restore(LocalFs(root)).seq


def both_cut(root: Path, seq: int) -> None:
    """Both copies end exactly before this commit, and what follows them is gone."""
    placed = [one for one in read_segments(LocalFs(root)).frames if one.frame.seq == seq]
    later = {one.file for one in read_segments(LocalFs(root)).frames if one.frame.seq > seq}
    names = {Path(one.file).name for one in placed}
    for copy in COPIES:
        for name in names:
            os.truncate(root / copy / name, placed[0].offset)
        for file in later:
            if Path(file).name not in names:
                (root / copy / Path(file).name).unlink(missing_ok=True)


@pytest.mark.parametrize("end", ["killed", "closed"])
@pytest.mark.parametrize("readable", [True, False])
def test_a_journal_cut_between_two_commits_says_what_is_lost(
    tmp_path: Path, end: str, *, readable: bool
) -> None:
    """By number and time; nothing is green, a repair has to accept the loss, then all is well."""
    root = tmp_path / "store"
    lived(root, end)
    newest = read_mark(LocalFs(root), marks(LocalFs(root))[0])
    assert newest is not None
    if not readable:
        for path in (root / "incremental").glob("*.json"):
            path.unlink()
        for snapshot in (root / "snapshots").glob("*.zip"):
            snapshot.unlink()
    both_cut(root, newest.seq - 2)
    when = datetime.fromtimestamp(newest.wall_ms / 1000, UTC).isoformat(timespec="milliseconds")
    for words in (["verify"], ["verify", "--json"], ["status"], ["repair"]):
        said = CliRunner().invoke(app, [*words, "--dir", str(root), "--lang", "en"])
        assert said.exit_code == 4, words
        told = " ".join(said.output.split())
        assert f"commits {newest.seq - 2} to {newest.seq}, acknowledged by " in told
        assert "are lost" in told
        if end == "killed" or not readable:  # else a readable file says so as well, and when it did
            assert f"acknowledged by {when}, are lost" in told
    kept = str(newest.seq - 3)
    done = CliRunner().invoke(app, ["repair", "--accept-loss", kept, "--dir", str(root)])
    assert done.exit_code == 0, done.output
    assert any(newest.file in path.name for path in (root / "damaged").iterdir())
    sound = CliRunner().invoke(app, ["verify", "--json", "--dir", str(root)])
    assert json.loads(sound.stdout)["sound"]
    Session.open(root, settings=QUIET).close()


def test_an_opening_tells_what_is_lost_and_goes_on(tmp_path: Path) -> None:
    """As of a journal that was cut within a frame: the report has it, whatever is booked anew."""
    root = tmp_path / "store"
    seq = lived(root)
    both_cut(root, seq)
    session = Session.open(root, settings=QUIET)
    problems = [one.problem for one in session.restored.damages if one.outcome == "lost"]
    session.close()
    assert len(problems) == 1
    assert problems[0].startswith(f"commit {seq}, acknowledged by ")
    assert any(problems[0] in line for line in (root / "recovery_log.txt").read_text().splitlines())


def test_a_journal_that_is_gone_is_no_fresh_start(tmp_path: Path) -> None:
    """Everything but the mark is gone: there was a state."""
    root = tmp_path / "store"
    lived(root)
    for folder in ("incremental", "mirror", "snapshots", "history"):
        shutil.rmtree(root / folder)
    with pytest.raises(StoreDamaged, match="there was a state"):
        Session.open(root, settings=QUIET)


@pytest.mark.parametrize("way", ["copied", "copied with links"])
def test_a_copy_has_no_mark_of_its_own(tmp_path: Path, way: str) -> None:
    """A copy that was made while the store lived may lack what its mark says: it lost nothing."""
    root, copy = tmp_path / "store", tmp_path / "copy"
    seq = lived(root)
    shutil.copytree(root, copy)
    (name,) = marks(LocalFs(root))
    if way == "copied with links":
        (copy / name).unlink()
        (copy / name).hardlink_to(root / name)
    both_cut(copy, seq - 1)
    assert read_mark(LocalFs(copy), name) is None
    assert verify(LocalFs(copy)).restored.seq == seq - 2


def test_a_mark_goes_on_where_nothing_is_saved(tmp_path: Path) -> None:
    """An opening clears the mark of the one before away, and says itself what was there."""
    root = tmp_path / "store"
    seq = lived(root)
    for _ in range(2):
        Session.open(root, settings=QUIET).close(save=False)
        (name,) = marks(LocalFs(root))
        mark = read_mark(LocalFs(root), name)
        assert mark is not None
        assert mark.seq >= seq


def test_a_take_over_is_not_marked_by_who_was_taken_over_from(tmp_path: Path) -> None:
    """The stopped one's mark lies in a file that has no name any more."""
    first = Session.open(tmp_path / "store", settings=QUIET)
    heir = Session.open(tmp_path / "store", settings=QUIET, take_over=True)
    (name,) = marks(LocalFs(tmp_path / "store"))
    before = (tmp_path / "store" / name).read_bytes()
    first.state.supervisor.system_cycle_count = 9
    with pytest.raises(StoreFailed):
        first.save("late")
    first._store._committer._acknowledged(999, 1)
    assert (tmp_path / "store" / name).read_bytes() == before
    heir.close()


def test_the_mark_never_says_more_than_the_disk() -> None:
    """It is told before the acknowledgement, after the sync; not at all where the sync failed."""
    said: list[str] = []
    failing = False

    def hook(operation: str, path: str, _data: bytes) -> None:
        if operation == "fsync" and path.startswith(JOURNAL):
            said.append("sync")
            if failing:
                raise OSError(5, "it failed")

    store = open_store(HookFs(MemoryFs(), hook), StillClock())
    store._committer._acknowledged = lambda seq, _ms: said.append(f"mark {seq}")
    said.clear()
    ticket = store.enqueue(Change("note", {"agents/1": {"agent_id": "1"}}))
    ticket.on_durable = lambda: said.append("acknowledged")
    store.flush()
    assert said == ["sync", f"mark {ticket.seq}", "acknowledged"]
    failing = True
    with pytest.raises(StoreFailed):
        store.commit(Change("note", {"agents/2": {"agent_id": "2"}}))
    assert said[3:] == ["sync"]


def test_an_opening_is_no_commit(tmp_path: Path) -> None:
    """Where the frame by which a store was opened is lost, nothing is."""
    root = tmp_path / "store"
    seq = lived(root)
    Session.open(root, settings=QUIET).close(save=False)
    both_cut(root, seq + 1)
    assert verify(LocalFs(root)).restored.seq == seq


@given(seq=st.integers(1, 10**14), wall_ms=st.integers(0, 2**63), data=st.data())
@settings(max_examples=300)
def test_a_damaged_mark_says_nothing(seq: int, wall_ms: int, data: st.DataObject) -> None:
    """Whatever happens to its bytes: the commit it named, none, or StoreDamaged; no other."""
    whole, inode = bytearray(marked(seq, wall_ms, (5, 7))), (5, 7)
    assert mark_in(bytes(whole), inode, "f") == Mark(seq, wall_ms, "f")
    assert mark_in(bytes(whole), (5, 8), "f") is None
    assert mark_in(bytes(whole), None, "f") is None
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    del whole[data.draw(st.integers(0, len(whole))) :]
    try:
        assert mark_in(bytes(whole), inode, "f") in (Mark(seq, wall_ms, "f"), None)
    except StoreDamaged:
        return


def test_a_mark_that_cannot_be_read_is_named_and_costs_nothing(tmp_path: Path) -> None:
    """Told as not needed; the next opening makes another."""
    root = tmp_path / "store"
    seq = lived(root)
    (name,) = marks(LocalFs(root))
    data = bytearray((root / name).read_bytes())
    data[14] ^= 1
    with (root / name).open("r+b") as file:
        file.write(data)
    found = verify(LocalFs(root))
    assert found.restored.seq == seq
    assert [(one.file, one.outcome) for one in found.facts.damages] == [(name, "ignored")]
    Session.open(root, settings=QUIET).close()
    assert not verify(LocalFs(root)).facts.damages


def test_a_mark_is_one_write_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pwrite a group, and no sync."""
    session = Session.open(tmp_path / "store", settings=QUIET)
    (name,) = marks(LocalFs(tmp_path / "store"))
    inode = (tmp_path / "store" / name).stat().st_ino
    written: list[int] = []
    real, sync = os.pwrite, os.fdatasync

    def pwrite(file: int, data: bytes, at: int) -> int:
        written.append(os.fstat(file).st_ino)
        return real(file, data, at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    monkeypatch.setattr(os, "fdatasync", lambda f: (written.append(-os.fstat(f).st_ino), sync(f)))
    session.state.supervisor.system_cycle_count = 5
    session.save("test")
    assert written.count(inode) == 1
    assert -inode not in written
    monkeypatch.undo()
    session.close()
