"""What stays open on a real disk where an exception of a signal's handler comes between."""

from __future__ import annotations

import contextlib
import gc
import weakref
from pathlib import Path
from types import FrameType

from chaos.faults.bytecodes import at_each_bytecode
from prometheus_persist.storage import fs as fs_module
from prometheus_persist.storage.fs import LocalFs, folders_held
from prometheus_persist.storage.replacing import replace_file


class Struck(Exception):
    """What a signal's handler raises."""


def open_ones() -> int:
    """How many descriptors this process has."""
    return len(list(Path("/dev/fd").iterdir()))


def test_fs_no_folder_is_held_for_good_wherever_a_handler_raises(tmp_path: Path) -> None:
    """Before each bytecode of the block: whoever comes after holds nothing open beyond his call."""
    fs, work = LocalFs(tmp_path), 0
    fs.make_dir("a/b")

    def within(frame: FrameType) -> bool:
        return frame.f_code.co_filename == fs_module.__file__

    def hold() -> None:
        with folders_held():
            replace_file(fs, "a/b/f", b"kept")
            fs.list_dir("a/b")

    def count(_frame: FrameType) -> None:
        nonlocal work
        work += 1

    at_each_bytecode(hold, count, within)
    assert work > 500
    for due in range(1, work + 1):
        left = due

        def strike(_frame: FrameType) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise Struck

        with contextlib.suppress(Struck):
            at_each_bytecode(hold, strike, within)
        assert left <= 0, f"{due} of {work} was not struck"
        gc.collect(0)
        before = open_ones()
        later = LocalFs(tmp_path)
        assert later.read("a/b/f") == b"kept"
        known = weakref.ref(later)
        del later
        assert known() is None, due
        assert open_ones() == before, due


def test_fs_what_was_opened_is_closed_with_who_has_it(tmp_path: Path) -> None:
    """An exception of a handler may be quicker than the ``try`` behind an opening. Closed once: its
    number may be somebody else's by then."""
    fs = LocalFs(tmp_path)
    handle = fs.create("f")
    before = open_ones()
    del handle
    assert open_ones() == before - 1
    handle = fs.append("f")
    handle.close()
    with (tmp_path / "theirs").open("wb") as theirs:
        handle.close()
        del handle
        theirs.write(b"still open")
    assert fs.read("theirs") == b"still open"
