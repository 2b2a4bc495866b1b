"""One writer: a second process is refused at once; the lock dies with its holder, anyhow."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prometheus_persist.errors import EXIT_LOCKED, StoreFailed, StoreLocked
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.lock import StoreLock

HOLD = """
import sys, time
from pathlib import Path
from prometheus_persist.errors import PersistError
from prometheus_persist.storage.lock import StoreLock
try:
    lock = StoreLock(Path(sys.argv[1]))
except PersistError as problem:
    print(problem.detail)
    sys.exit(problem.exit_code)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def holder(root: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_lock_second_process_is_refused_until_the_first_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6: exit 6 at once while the holder lives; free at once after its SIGKILL: at the first try,
    without a wait."""
    first = holder(tmp_path, 60)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        second = holder(tmp_path, 0)
        out, _ = second.communicate(timeout=20)
        assert second.returncode == EXIT_LOCKED == 6
        assert f"pid {first.pid}" in out
        with pytest.raises(StoreLocked):
            StoreLock(tmp_path)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=20)
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    StoreLock(tmp_path).release()
    assert waits == []


def test_lock_same_process_is_refused_too(tmp_path: Path) -> None:
    """Two stores on one directory in one process are two writers as well."""
    lock = StoreLock(tmp_path / "new" / "deep")
    with pytest.raises(StoreLocked, match="in use by this process already; close the session"):
        StoreLock(tmp_path / "new" / "deep")
    lock.release()
    StoreLock(tmp_path / "new" / "deep").release()


def test_lock_of_another_process_with_our_own_number_is_not_called_ours(tmp_path: Path) -> None:
    """In containers that share a directory every writer may be process 1."""
    lock = StoreLock(tmp_path)
    program = (
        "import os, sys; from pathlib import Path\n"
        "from prometheus_persist.storage.lock import StoreLock\n"
        "Path(sys.argv[1], 'store.lock').write_text(str(os.getpid()))\n"
        "StoreLock(Path(sys.argv[1]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "is in use by another process (pid " in other.stderr
    lock.release()


def test_lock_content_decides_nothing(tmp_path: Path) -> None:
    """A lock file that somebody left behind, whatever it says, is not a lock."""
    for content in (b"1\n", b"", b"\xff\xfe", b"99999999"):
        (tmp_path / "store.lock").write_bytes(content)
        lock = StoreLock(tmp_path)
        assert (tmp_path / "store.lock").read_text() == f"{os.getpid()}\n"
        lock.release()


def test_lock_where_none_can_be_is_a_failure_of_the_disk(tmp_path: Path) -> None:
    """A file where the directory should be is a typed error, not a bare OSError."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreFailed):
        StoreLock(tmp_path / "file")


def taken(root: Path) -> StoreLock:
    lock = StoreLock(root, claim=True)
    lock.take()
    return lock


def fenced(lock: StoreLock) -> bool:
    try:
        lock.fence()
    except StoreFailed:
        return True
    return False


def test_lock_claim_takes_nothing_away_until_it_is_taken(tmp_path: Path) -> None:
    """The holder stays the one writer, and again when the claim is given up; then it is out."""
    holder_of_it = StoreLock(tmp_path)
    for _ in range(2):
        claim = StoreLock(tmp_path, claim=True)
        assert (fenced(holder_of_it), fenced(claim)) == (False, True)
        with pytest.raises(StoreLocked):
            StoreLock(tmp_path, claim=True)
        claim.release()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["store.lock"]
    (tmp_path / "store.lock.next").write_bytes(b"of one that was killed")
    new = taken(tmp_path)
    assert (fenced(holder_of_it), fenced(new)) == (True, False)
    with pytest.raises(StoreLocked):
        StoreLock(tmp_path)
    holder_of_it.release()
    assert not fenced(new)
    new.release()
    assert fenced(new)
    StoreLock(tmp_path).release()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_lock_taken_over_within_an_opening_is_not_held_twice(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right before or after another's flock somebody takes over: one of both may write."""
    real, others = fcntl.flock, list[StoreLock]()

    def meddled(file: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        if moment == "before":
            others.append(taken(tmp_path))
        real(file, how)
        if moment == "after":
            others.append(taken(tmp_path))

    monkeypatch.setattr(fcntl, "flock", meddled)
    with pytest.raises(StoreLocked):
        StoreLock(tmp_path)
    assert not fenced(others[0])


def test_lock_taken_over_within_a_takeover_is_not_held_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between one's claim and its taking another take-over ends: the later one is the writer."""
    first = StoreLock(tmp_path)
    slow = StoreLock(tmp_path, claim=True)
    with pytest.raises(StoreLocked):
        StoreLock(tmp_path, claim=True)
    slow.take()
    quick = taken(tmp_path)
    assert [fenced(lock) for lock in (first, slow, quick)] == [True, True, False]


def test_lock_that_has_a_second_name_is_fenced_as_well(tmp_path: Path) -> None:
    """A backup by hard links keeps the old file alive: what counts is where the name leads."""
    old = StoreLock(tmp_path)
    os.link(tmp_path / "store.lock", tmp_path / "backup")
    new = taken(tmp_path)
    assert (fenced(old), fenced(new)) == (True, False)


@pytest.mark.parametrize("what", ["directory", "fifo", "link", "dangling link"])
def test_lock_on_what_is_no_file_is_a_failure(tmp_path: Path, what: str) -> None:
    """Typed, at once, and nothing behind a link is touched."""
    path, other = tmp_path / "store.lock", tmp_path / "other"
    if what == "directory":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(other)
        if what == "link":
            other.write_bytes(b"theirs")
    with pytest.raises(StoreFailed):
        StoreLock(tmp_path)
    assert not other.exists() or other.read_bytes() == b"theirs"


def test_lock_that_is_forgotten_is_given_back(tmp_path: Path) -> None:
    """A holder that nobody holds cannot write any more."""
    StoreLock(tmp_path)
    gc.collect()
    StoreLock(tmp_path).release()


def test_lock_a_successor_draws_higher_than_everybody_before_it(tmp_path: Path) -> None:
    """One that opened drew, its successor drew higher and cleared that away; the third read what
    the first had read. The higher epoch is believed: a lower one would lose what it acknowledges.
    """
    first = StoreLock(tmp_path)
    assert first.draw(2) == 2
    second = taken(tmp_path)
    assert second.draw(2) == 3
    third = taken(tmp_path)
    assert third.draw(2) == 4
    for lock in (first, second, third):
        lock.release()


def test_lock_a_stray_draw_decides_nothing(tmp_path: Path) -> None:
    """One so high that nobody can have got there, and what is no file at all."""
    (tmp_path / "store.lock.e99999999").touch()
    (tmp_path / "store.lock.e00000001").mkdir()
    lock = StoreLock(tmp_path)
    assert lock.draw(2) == 2
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"store.lock.e99999999", "store.lock.e00000001", "store.lock.e00000002"}
    lock.release()


def test_lock_directories_that_a_killed_opening_made_are_entered_durably_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store some directories below one that is there: killed before any of the syncs, the next
    opening makes each name durable, or a power cut takes the store with all that was saved."""
    real, seen, dies = LocalFs.fsync_dir, list[Path](), [0]

    def synced(fs: LocalFs, path: str) -> None:
        if len(seen) == dies[0]:
            raise KeyboardInterrupt
        seen.append(fs.root)
        real(fs, path)

    monkeypatch.setattr(LocalFs, "fsync_dir", synced)
    for number in range(4):
        root = tmp_path / str(number) / "data" / "bot" / "store"
        seen.clear()
        dies[0] = number
        with contextlib.suppress(KeyboardInterrupt):
            StoreLock(root).release()
        before, dies[0] = set(seen), -1
        seen.clear()
        StoreLock(root).release()
        made = {*root.parents} - {*tmp_path.parents}
        assert made <= before | set(seen), number
        seen.clear()
        StoreLock(root).release()
        assert seen == [root.parent]
