"""A second process proves half of a large store: what ``verify`` says is what it says alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from storekit import START_MS, StillClock
from test_recovery_closely import BAD, spoil, told

from prometheus_persist.journal.archive import proves_records
from prometheus_persist.recovery import Verification, verify
from prometheus_persist.recovery.apart import Errands
from prometheus_persist.storage.fs import LocalFs

CLOCK = StillClock(START_MS + 10_000)
OTHERWISE = {
    "a float that is written otherwise": (b'"version":2', b'"version":2.50'),
    "a space": (b'"version":2', b'"version": 2'),
    "an object inside": (b'"version":2', b'"version":{"b":1,"a":2}'),
}


ENDS: tuple[Callable[[], object], ...] = (
    lambda: os._exit(0),
    lambda: os._exit(3),
    lambda: os.kill(os.getpid(), signal.SIGKILL),
)


FORKED: list[int] = []


@pytest.fixture(autouse=True)
def _shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small a store is, it is worth a second process; which are begun is known."""
    monkeypatch.setattr("prometheus_persist.recovery.bases.LARGE_BYTES", 0)
    monkeypatch.setattr("prometheus_persist.recovery.readable.MANY_FILES", 2)
    fork = os.fork
    FORKED.clear()

    def noted() -> int:
        FORKED.append(fork())
        return FORKED[-1]

    monkeypatch.setattr("os.fork", noted)


def no_child_is_left() -> bool:
    """Some were begun, and each has ended and was reaped."""
    return bool(FORKED) and not any(Path(f"/proc/{pid}").exists() for pid in FORKED)


def seen(root: Path, *, alone: bool) -> tuple[object, ...]:
    found: Verification = verify(LocalFs(root), clock=CLOCK, alone=alone)
    return found.sound, found.digest, found.facts.damages, found.records, found.facts.base


def checkpointed(root: Path) -> Path:
    from prometheus_persist.session import Session

    path = told(root)
    Session.open(root, clock=CLOCK).close()
    return path


def test_a_sound_store_is_proven_by_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record is looked at once, and not by this process; the same is found by one alone."""
    checkpointed(tmp_path)
    alone = seen(tmp_path, alone=False)
    assert alone[0]
    monkeypatch.setattr("prometheus_persist.journal.stream_lines._flat_names", only_elsewhere())
    assert seen(tmp_path, alone=True) == alone
    assert no_child_is_left()


def only_elsewhere() -> Callable[[bytes], object]:
    from prometheus_persist.journal.stream_lines import _flat_names

    here = os.getpid()

    def look(block: bytes) -> object:
        assert os.getpid() != here, "looked at closely here"
        return _flat_names(block)

    return look


@pytest.mark.parametrize("what", BAD | OTHERWISE)
def test_records_that_are_none_are_named_as_by_one_alone(tmp_path: Path, what: str) -> None:
    """What no disk's accident makes, since the checksums fit: it is found by whoever looks at each
    record, and what is only written otherwise gives the digest that it gives."""
    path = checkpointed(tmp_path)
    spoil(path, *(BAD | OTHERWISE)[what], nth=3)
    if what in OTHERWISE:
        assert not proves_records(path.read_bytes(), "s.zip")
    alone = seen(tmp_path, alone=False)
    assert alone[0] is (what in OTHERWISE)
    assert seen(tmp_path, alone=True) == alone


def test_each_readable_file_that_is_damaged_is_named_whoever_read_it(tmp_path: Path) -> None:
    """A byte of each one in turn, the halves of both processes among them."""
    checkpointed(tmp_path)
    for path in sorted((tmp_path / "incremental").rglob("*.json")):
        content = path.read_bytes()
        path.write_bytes(content.replace(b'"data"', b'"dada"'))
        alone = seen(tmp_path, alone=False)
        assert not alone[0], path
        assert seen(tmp_path, alone=True) == alone
        path.write_bytes(content)
    assert seen(tmp_path, alone=True)[0]


@pytest.mark.parametrize("end", ENDS)
def test_a_second_process_that_ends_otherwise_leaves_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Callable[[], object]
) -> None:
    """Killed for want of memory, say: the work is done here, and damage is named as ever."""
    path = checkpointed(tmp_path)
    here = os.getpid()

    def look(*_: object) -> bool:
        assert os.getpid() != here
        end()
        return True

    monkeypatch.setattr("prometheus_persist.recovery.bases.proves_records", look)
    monkeypatch.setattr("prometheus_persist.recovery.readable._as_json", look)
    assert seen(tmp_path, alone=True) == seen(tmp_path, alone=False)
    spoil(path, *BAD["a key twice"], nth=3)
    assert seen(tmp_path, alone=True) == seen(tmp_path, alone=False)
    assert no_child_is_left()


def test_ctrl_c_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that would work for minutes is ended at once, and not waited for."""
    checkpointed(tmp_path)
    monkeypatch.setattr("prometheus_persist.recovery.bases.proves_records", lambda *_: forever())
    monkeypatch.setattr("prometheus_persist.state.state_from", interrupted)
    since_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        verify(LocalFs(tmp_path), clock=CLOCK, alone=True)
    assert time.monotonic() - since_s < 60
    assert no_child_is_left()


def forever() -> bool:
    time.sleep(120)
    return True


def interrupted(_: object) -> None:
    raise KeyboardInterrupt


def test_an_errand_brings_back_what_is_json_and_says_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Large results as well; what raises brings nothing."""
    large = ["x" * 1000] * 1000

    def loud() -> object:
        print("heard")
        raise ValueError("loud")

    with Errands(alone=True) as errands:
        first, second = errands.begin(lambda: large), errands.begin(loud)
        assert first() == large
        assert second() is None
    assert capfd.readouterr() == ("", "")
    assert no_child_is_left()


def test_beside_other_threads_nothing_is_done_apart(tmp_path: Path) -> None:
    """They may hold what a fork would wait for: the library does not fork then by itself."""
    path, over = checkpointed(tmp_path), threading.Event()
    thread = threading.Thread(target=over.wait, daemon=True)
    thread.start()
    try:
        with Errands() as errands:
            assert not errands.can_be
            assert errands.begin(lambda: 1)() is None
            assert not errands.begun
        assert verify(LocalFs(tmp_path), clock=CLOCK).sound
        assert path.exists()
    finally:
        over.set()
        thread.join()


STRUCK = """
import os, signal, sys, time
from prometheus_persist.recovery.apart import Errands

fork, whose, mine = os.fork, sys.argv[1], os.getpid()

def struck():
    pid = fork()
    if (pid == 0) == (whose == "child"):
        os.kill(os.getpid(), signal.SIGINT)
    return pid

os.fork = struck
try:
    with Errands(alone=True) as errands:
        told = errands.begin(lambda: time.sleep(0.2) or "done")
        if whose == "parent":
            time.sleep(5)
        print("told", told())
except KeyboardInterrupt:
    print("cleaned up", flush=True)
try:
    os.waitpid(-1, os.WNOHANG)
    print("left a child")
except ChildProcessError:
    pass
"""


@pytest.mark.parametrize(("whose", "said"), [("child", ["told None"]), ("parent", ["cleaned up"])])
def test_a_signal_at_the_fork_itself_is_heard_by_the_parent_alone(
    whose: str, said: list[str]
) -> None:
    """As soon as there are two: the host's clean-up is done once, and no process is left."""
    done = subprocess.run(
        [sys.executable, "-c", STRUCK, whose], capture_output=True, text=True, check=False
    )
    assert (done.stdout.splitlines(), done.stderr) == (said, "")
