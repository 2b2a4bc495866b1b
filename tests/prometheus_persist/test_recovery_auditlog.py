"""The audit's chain: every line proven by the one before, whatever becomes of the file."""

from __future__ import annotations

import contextlib
import errno
import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import HookFs, StillClock, founding, open_store

from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import StoreFailed
from prometheus_persist.recovery import verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.session import Session, Settings
from prometheus_persist.storage.audit_log import CUT_SHORT, AuditLog, check_audit
from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.storage.layout import RECOVERY_LOG
from prometheus_persist.storage.store import append_log
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()


def free() -> None:
    """Nobody has taken over."""


def log_of(disk: Fs) -> bytes:
    return disk.read(RECOVERY_LOG) if disk.size(RECOVERY_LOG) else b""


def written(*lives: int, disk: MemoryFs | None = None) -> MemoryFs:
    """A log of several processes, so many lines each, one appended at a time."""
    disk = disk or MemoryFs()
    for life, lines in enumerate(lives):
        log = AuditLog(disk, free)
        for number in range(lines):
            log.append(f"life={life}", [f"line {number}", f"  more of {number}"])
    return disk


def put(data: bytes) -> MemoryFs:
    disk = MemoryFs()
    handle = disk.create(RECOVERY_LOG)
    handle.write(data)
    handle.close()
    return disk


def test_audit_a_log_of_many_lives_is_one_chain() -> None:
    data = log_of(written(3, 1, 2))
    assert len(data.splitlines()) == 12
    assert check_audit(data) is None
    assert check_audit(b"") is None


def test_audit_any_line_changed_moved_removed_or_put_in_is_named() -> None:
    """The first line that is not what was written, by its number and its byte."""
    lines = log_of(written(2, 2)).splitlines(keepends=True)
    for number in range(len(lines)):
        offset = sum(map(len, lines[:number]))
        head, tail = lines[:number], lines[number + 1 :]
        forged = lines[number].replace(b"line", b"lime").replace(b"more", b"less")
        for harm, data in (
            ("changed", [*head, forged, *tail]),
            ("link removed", [*head, lines[number].rpartition(b" #")[0] + b"\n", *tail]),
            ("put in", [*head, b"a line by hand\n", lines[number], *tail]),
            ("removed", [*head, *tail]),
            ("doubled", [*head, lines[number], lines[number], *tail]),
        ):
            fault = check_audit(b"".join(data))
            if harm == "removed" and not tail:
                assert fault is None, "whoever cuts lines off the end is not found out"
                continue
            late = harm == "doubled"
            assert fault is not None, (number, harm)
            if number == 0 and harm in ("link removed", "put in"):
                assert fault.line in (1, 2), (number, harm, fault)
                continue
            assert fault.line == number + 1 + late, (number, harm, fault)
            assert fault.offset == offset + (len(lines[number]) if late else 0)
            assert not fault.torn


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_audit_no_changed_byte_goes_unseen(data: st.DataObject) -> None:
    """Any one byte of any line, but the end of the very last one: named, or called cut short."""
    whole = log_of(written(2, 2))
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(1, 255))
    harmed = bytearray(whole)
    harmed[at] ^= other
    assert check_audit(bytes(harmed)) is not None


def test_audit_an_old_log_stays_readable_and_is_covered_from_then_on() -> None:
    disk = MemoryFs()
    append_log(disk, RECOVERY_LOG, ["from before there was a chain", "and again #" + "0" * 32])
    assert check_audit(log_of(disk)) is not None, "a link that nothing vouches for"
    disk = MemoryFs()
    append_log(disk, RECOVERY_LOG, ["from before there was a chain", "and again"])
    assert check_audit(log_of(disk)) is None
    old = log_of(disk)
    written(2, 1, disk=disk)
    data = log_of(disk)
    assert data.startswith(old)
    assert check_audit(data) is None
    assert check_audit(data.replace(b"from before", b"from behind")) is not None


def test_audit_a_line_cut_short_is_ended_and_named_and_not_fatal() -> None:
    """Cut anywhere: the next opening ends the line, says so, and the chain goes on."""
    whole = log_of(written(2))
    begin = whole.rstrip(b"\n").rindex(b"\n") + 1
    for end in range(begin + 1, len(whole)):
        disk = put(whole[:end])
        fault = check_audit(whole[:end])
        assert fault is not None
        assert (fault.torn, fault.offset) == (True, begin)
        written(1, disk=disk)
        data = log_of(disk)
        assert data.startswith(whole[:end] + b"\n")
        assert b"cut short" in data
        assert check_audit(data) is None
        assert check_audit(data.replace(b"line 0", b"lime 0", 1)) is not None


def _an_append_under_way(lines: int) -> MemoryFs:
    """A log of three appends, synced, and one of many sectors that is not."""

    def no_sync(op: str, path: str, data: bytes) -> None:
        if op == "fsync" and b"unsynced" in log_of(disk):
            raise OSError(errno.EIO, "the power is going")

    disk = MemoryFs()
    log = AuditLog(HookFs(disk, no_sync), free)
    for number in range(3):
        log.append(f"00:00:0{number} epoch=1 seq={number}", ["synced", "  more"])
    unsynced = [f"unsynced {number} " + "x" * (97 * number) for number in range(lines)]
    with pytest.raises(StoreFailed):
        log.append("00:00:09 epoch=1 seq=9", unsynced)
    return disk


def test_audit_what_a_power_cut_leaves_of_an_append_is_cut_short_and_no_forgery() -> None:
    """Sectors that never arrived within it are no forgery (of 400 cuts, some leave zeros)."""
    disk, holes = _an_append_under_way(12), 0
    synced = log_of(disk).index(b"00:00:09")
    for seed in range(400):
        left = disk.after_power_cut(random.Random(seed))
        data = log_of(left)
        fault = check_audit(data)
        assert fault is None or fault.torn, (seed, fault)
        assert fault is None or fault.offset >= synced
        holes += data.rstrip(b"\0").count(b"\0") > 0
        AuditLog(left, free).append("00:00:10 epoch=2 seq=9", ["the next life"])
        AuditLog(left, free).append("00:00:11 epoch=3 seq=9", ["and another"])
        after = log_of(left)
        assert check_audit(after) is None, seed
        assert after.startswith(data)
        assert (CUT_SHORT.encode() in after) == (fault is not None)
        harmed = after.replace(b"the next", b"the text")
        assert check_audit(harmed) is not None
    assert holes > 50


@pytest.mark.parametrize("whole", [True, False], ids=["a whole line", "a part of a line"])
def test_audit_zeros_that_no_crash_left_are_a_forgery(whole: bool) -> None:
    """Other lines stand behind them that were written later, or a line is missing behind them."""
    lines = log_of(_an_append_under_way(6)).splitlines(keepends=True)

    def zeroed(number: int) -> bytes:
        line = lines[number]
        return bytes(len(line)) if whole else line[:30] + bytes(20) + line[50:]

    for number in range(len(lines)):
        fault = check_audit(b"".join([*lines[:number], zeroed(number), *lines[number + 1 :]]))
        assert fault is not None
        assert fault.torn == (number >= 6 - whole), "one line of nobody's may be gone wholly"
    without = [*lines[:7], zeroed(7), *lines[8:9], *lines[10:]]
    fault = check_audit(b"".join(without))
    assert fault is not None
    assert not fault.torn
    by_hand = [*lines[:7], zeroed(7), *lines[8:], b"by hand\n"]
    fault = check_audit(b"".join(by_hand))
    assert fault is not None
    assert not fault.torn
    forged = [*lines[:7], zeroed(7), lines[8], lines[9].replace(b"unsy", b"made"), *lines[10:]]
    fault = check_audit(b"".join(forged))
    assert fault is not None
    assert not fault.torn


def test_audit_a_line_put_in_at_the_end_stays_named() -> None:
    """What was appended by hand is not proven by whoever writes next."""
    disk = written(2)
    append_log(disk, RECOVERY_LOG, ["by hand"])
    number = len(log_of(disk).splitlines())
    fault = check_audit(log_of(disk))
    assert fault is not None
    assert fault.line == number
    written(1, disk=disk)
    fault = check_audit(log_of(disk))
    assert fault is not None
    assert fault.line == number


def test_audit_odd_text_is_chained_as_it_is_written() -> None:
    disk = MemoryFs()
    AuditLog(disk, free).append(
        "head", ["one\nforged", "\u2028\x85\r", "甲 \ud800", " #" + "0" * 32]
    )
    assert len(log_of(disk).splitlines()) == 4
    assert check_audit(log_of(disk)) is None
    written(1, disk=disk)
    assert check_audit(log_of(disk)) is None


def test_audit_a_failed_append_is_looked_at_anew() -> None:
    """Half a line is on the disk: the next append of the same log ends it."""
    inner, left = MemoryFs(), [10**9]

    def fail(op: str, path: str, data: bytes) -> None:
        if op == "fsync" and left[0] <= 0:
            raise OSError(errno.EIO, "no")

    log = AuditLog(HookFs(inner, fail), free)
    log.append("h", ["one"])
    left[0] = 0
    with pytest.raises(StoreFailed):
        log.append("h", ["two"])
    handle = inner.append(RECOVERY_LOG)
    handle.write(b"half a li")
    handle.close()
    left[0] = 1
    log.append("h", ["three"])
    assert b"cut short" in log_of(inner)
    assert check_audit(log_of(inner)) is None


@pytest.mark.parametrize("heir", [False, True])
def test_audit_lines_whose_sync_failed_outlive_the_power_with_another_behind_them(
    heir: bool,
) -> None:
    """They are seen and are not on the disk; by the same process, and by the next."""
    disk, ill = MemoryFs(), [False]

    def failing(op: str, path: str, data: bytes) -> None:
        if ill[0] and op == "fsync":
            disk.lose(path)
            raise OSError(errno.EIO, "the disk is ill", path)

    log = AuditLog(HookFs(disk, failing), free)
    log.append("life=1", ["first"])
    ill[0] = True
    with pytest.raises(StoreFailed, match="ill"):
        log.append("life=1", ["x" * 9000])
    ill[0] = False
    log = AuditLog(disk, free) if heir else log
    log.append("life=2", ["behind it"])
    left = log_of(disk.after_power_cut())
    assert left == log_of(disk)
    assert (check_audit(left), len(left.splitlines())) == (None, 3)


def test_audit_a_writer_that_was_taken_over_writes_no_line() -> None:
    def taken() -> None:
        raise StoreFailed("fenced off")

    disk = written(1)
    before = log_of(disk)
    with pytest.raises(StoreFailed):
        AuditLog(disk, taken).append("h", ["late"])
    assert log_of(disk) == before


@pytest.mark.parametrize("lines", [0, 1, 2], ids=["first of all", "first of its own", "a later"])
def test_audit_a_writer_that_was_stopped_before_its_line_puts_none_among_its_successors(
    lines: int,
) -> None:
    """Stopped before any operation of an append, it goes on when the log is its successor's: what
    that one wrote is all there, and one chain; a line of the other that was not is no line."""
    for at in itertools.count(1):
        disk, asked, taken = MemoryFs(), [-(10**6)], [False]
        if lines:
            written(1, disk=disk)
        own = f"epoch={1} seq=1"

        def meanwhile(
            op: str,
            path: str,
            data: bytes,
            disk: MemoryFs = disk,
            asked: list[int] = asked,
            taken: list[bool] = taken,
            at: int = at,
        ) -> None:
            asked[0] += 1
            if asked[0] == at:
                taken[0] = True
                heir = AuditLog(disk, free, epoch=2)
                heir.append("now epoch=2 seq=2", ["the heir's", "and more"])
                heir.append("now epoch=2 seq=3", ["the heir's next"])

        def fence(taken: list[bool] = taken) -> None:
            if taken[0]:
                raise StoreFailed("fenced off")

        log = AuditLog(HookFs(disk, meanwhile), fence, epoch=1)
        if lines == 2:
            log.append(own, ["before"])
        asked[0] = 0
        with contextlib.suppress(StoreFailed):
            log.append(own, ["stopped here"])
        if not taken[0]:
            break
        text = log_of(disk)
        assert check_audit(text) is None, (at, text)
        assert [text.count(each) for each in (b"the heir's #", b"and more", b"next")] == [1, 1, 1]
        assert [name for name in disk.contents() if name.endswith(".tmp")] == []
    assert at > 3


def test_audit_verify_names_the_line_and_a_restore_needs_none_of_it(tmp_path: Path) -> None:
    disk = MemoryFs()
    store = open_store(disk, CLOCK)
    store.commit(founding())
    store.close()
    written(2, disk=disk)
    assert verify(disk, clock=CLOCK).sound
    data = log_of(disk)
    disk.unlink(RECOVERY_LOG)
    handle = disk.create(RECOVERY_LOG)
    handle.write(data.replace(b"line 1", b"lime 1"))
    handle.close()
    (damage,) = verify(disk, clock=CLOCK).facts.damages
    assert (damage.file, damage.outcome, "line 3" in damage.problem) == (
        RECOVERY_LOG,
        "altered",
        True,
    )
    session = Session.open(tmp_path)
    session.freeze(None, "checked")
    session.close()
    for _ in range(2):
        Session.open(tmp_path).close()
    assert check_audit((tmp_path / RECOVERY_LOG).read_bytes()) is None
    assert len((tmp_path / RECOVERY_LOG).read_text().splitlines()) == 3


def test_audit_a_log_that_the_disk_does_not_give_is_named_set_aside_and_begun_anew(
    tmp_path: Path,
) -> None:
    """No session opens meanwhile, and says which command is the way out; that one takes it."""
    for _ in range(2):
        session = Session.open(tmp_path, settings=Settings(background=False))
        session.save("life")
        session.close()
    whole = (tmp_path / RECOVERY_LOG).read_bytes()

    def refuse(op: str, path: str, data: bytes) -> None:
        if op == "read" and path == RECOVERY_LOG:
            raise OSError(errno.EIO, "the disk is ill", path)

    ill = HookFs(LocalFs(tmp_path), refuse)
    with pytest.raises(StoreFailed, match="ill") as refused:
        Session.open(tmp_path, fs=ill)
    assert (refused.value.next_step, refused.value.command) == ("next.log_unread", ("repair",))
    found = verify(ill)
    assert [(one.file, one.outcome) for one in found.facts.damages] == [(RECOVERY_LOG, "repaired")]
    assert [(step.path, step.action) for step in repair(ill, SystemClock()).steps] == [
        (RECOVERY_LOG, "moved aside")
    ]
    assert [path.read_bytes() for path in (tmp_path / "damaged").iterdir()] == [whole]
    Session.open(tmp_path, fs=ill).close()
    assert verify(LocalFs(tmp_path)).sound


def test_audit_a_link_in_its_place_is_an_error_and_stays(tmp_path: Path) -> None:
    """Nothing is written through it, and nothing put in its place."""
    store, elsewhere = tmp_path / "store", tmp_path / "log of theirs"
    Session.open(store).close()
    elsewhere.write_text("theirs")
    (store / RECOVERY_LOG).unlink(missing_ok=True)
    (store / RECOVERY_LOG).symlink_to(elsewhere)
    with pytest.raises(StoreFailed, match="is a link"):
        Session.open(store)
    assert (store / RECOVERY_LOG).readlink() == elsewhere
    assert elsewhere.read_text() == "theirs"
