"""Faults at the seam strike exactly where they were told to; damage really changes files."""

import contextlib
import signal

import pytest

from chaos.faults import DiskFault, FaultyFs, FileDamage, damage_file, parse_fault
from chaos.faults.deaths import FAILED, deaths, every, forked, rehearsed
from prometheus_persist.errors import StoreFailed
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.testing.memory_fs import MemoryFs

FAULTS = [
    DiskFault("kill", at_op=12),
    DiskFault("tear", after_order=3, share=400),
    DiskFault("errno", at_op=7, code="EIO", sticky=True),
    DiskFault("errno", at_op=1),
]


@pytest.mark.parametrize("fault", FAULTS, ids=DiskFault.text)
def test_a_fault_is_read_back_from_its_text(fault):
    assert parse_fault(fault.text()) == fault


@pytest.mark.parametrize(
    "text", ["kill", "kill:op=1,order=2", "melt:op=1", "tear:op=1,share=1000", "kill:at=3"]
)
def test_a_fault_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match=r"fault|share"):
        parse_fault(text)


def _three_writes(fs):
    handle = fs.append("file")  # operation 1
    for text in (b"aaaa", b"bbbb", b"cccc"):
        handle.write(text)  # 2, 4, 6
        handle.fsync()  # 3, 5, 7
    handle.close()


def _killed(tmp_path, fault):
    return forked(lambda: _three_writes(FaultyFs(LocalFs(tmp_path), fault)))


def test_a_life_is_killed_at_every_operation_and_then_comes_to_its_end():
    """In this process: the dead ones left what they had written, the last one everything."""
    three = lambda: (MemoryFs(), None), lambda fs, _: _three_writes(fs)
    lives = list(deaths(every(), *three))
    assert [one.switch.fired for one in lives] == [1] * 7 + [0]
    left = [len(one.disk.contents().get("file", b"")) for one in lives]
    assert left == [0, 0, 4, 4, 8, 8, 12, 12]
    assert rehearsed(*three) == 7
    assert [one.switch.at for one in deaths(every(start=3, stride=4), *three)] == [3, 7, 11]


def test_what_a_life_raises_by_itself_is_no_death():
    """Of a process that lives it is passed on; a child says so by its exit code."""

    def wrong(fs, _):
        raise StoreFailed("by itself")

    with pytest.raises(StoreFailed):
        list(deaths(every(), lambda: (MemoryFs(), None), wrong))
    assert forked(lambda: wrong(None, None)) == FAILED


@pytest.mark.parametrize(("at_op", "left"), [(2, b""), (4, b"aaaa"), (5, b"aaaabbbb")])
def test_kill_strikes_before_the_operation(tmp_path, at_op, left):
    assert _killed(tmp_path, DiskFault("kill", at_op=at_op)) == -signal.SIGKILL
    assert (tmp_path / "file").read_bytes() == left


def test_tear_leaves_a_part_and_waits_for_a_write(tmp_path):
    assert _killed(tmp_path, DiskFault("tear", at_op=3, share=500)) == -signal.SIGKILL
    assert (tmp_path / "file").read_bytes() == b"aaaabb"


def test_nothing_strikes_beyond_the_end(tmp_path):
    assert _killed(tmp_path, DiskFault("kill", at_op=99)) == 0
    assert (tmp_path / "file").read_bytes() == b"aaaabbbbcccc"


@pytest.mark.parametrize(("sticky", "fails"), [(False, 1), (True, 4)])
def test_errno_fails_once_or_from_then_on(tmp_path, sticky, fails):
    struck = []
    fs = FaultyFs(
        LocalFs(tmp_path),
        DiskFault("errno", at_op=2, code="EIO", sticky=sticky),
        on_fire=lambda operation, number: struck.append((operation, number)),
    )
    fs.make_dir("a")
    for name in ("b", "c", "d", "e"):
        with contextlib.suppress(OSError):
            fs.make_dir(name)
    assert sorted(path.name for path in tmp_path.iterdir()) == list("acde"[: 5 - fails])
    assert fs.fired == fails
    assert len(struck) == fails
    assert struck[0] == ("make_dir b", 2)


def test_an_armed_fault_waits_for_its_order(tmp_path):
    fs = FaultyFs(LocalFs(tmp_path), DiskFault("errno", after_order=2))
    fs.make_dir("a")
    fs.arm(1)
    fs.make_dir("b")
    fs.arm(2)
    with pytest.raises(OSError, match="injected"):
        fs.make_dir("c")


@pytest.mark.parametrize("kind", ["flip", "digit", "truncate", "tail", "zero", "scribble"])
def test_damage_changes_the_file_and_says_how(tmp_path, kind):
    path = tmp_path / "file"
    path.write_bytes(b'{"px": "50123.4", "sz": "12345"}' * 4)
    before = path.read_bytes()
    told = damage_file(path, FileDamage(kind, 500))
    assert path.read_bytes() != before
    assert told["before"] != told["after"]
    if kind == "digit":
        changed = [
            i for i, (a, b) in enumerate(zip(before, path.read_bytes(), strict=True)) if a != b
        ]
        assert changed == [told["offset"]]
        assert path.read_bytes()[told["offset"] : told["offset"] + 1].isdigit()


def test_damage_that_would_change_nothing_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(16))
    with pytest.raises(ValueError, match="change nothing"):
        damage_file(path, FileDamage("zero"))
