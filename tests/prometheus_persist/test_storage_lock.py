"""One writer: a second process is refused at once; the lock dies with its holder, anyhow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prometheus_persist.errors import EXIT_LOCKED, StoreFailed, StoreLocked
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


def test_lock_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    """S6: exit 6 at once while the holder lives; free within a second of its SIGKILL."""
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
    killed = time.monotonic()
    StoreLock(tmp_path).release()
    assert time.monotonic() - killed < 1.0


def test_lock_same_process_is_refused_too(tmp_path: Path) -> None:
    """Two stores on one directory in one process are two writers as well."""
    lock = StoreLock(tmp_path / "new" / "deep")
    with pytest.raises(StoreLocked):
        StoreLock(tmp_path / "new" / "deep")
    lock.release()
    StoreLock(tmp_path / "new" / "deep").release()


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
