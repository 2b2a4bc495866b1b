"""S11: what is no file is not opened, no link followed; what is written is its owner's alone."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from strangerkit import IRREGULAR, commit, snapshot

from prometheus_persist.storage.fs import SPARSE_BYTES_MIN, LocalFs, NotAFile


@pytest.mark.parametrize("kind", IRREGULAR)
def test_strangers_what_is_no_file_is_never_opened(short: Path, kind: str) -> None:
    """Nothing waits for it, nothing is read or written through it, and it stays."""
    (short / "target").write_bytes(b"theirs")
    (short / "d").mkdir()
    fs = LocalFs(short)
    for path in ("x", "d/x"):
        place = short / path
        IRREGULAR[kind](place)
        before = place.lstat()
        assert fs.size(path) is None
        for act in (
            lambda path=path: fs.read(path),
            lambda path=path: fs.read_part(path, 0, 9),
            lambda path=path: fs.append(path),
            lambda path=path: fs.create(path),
        ):
            with pytest.raises(NotAFile, match=kind.partition(" to ")[0]):
                act()
        assert place.lstat() == before
    assert (short / "target").read_bytes() == b"theirs"
    assert not (short / "none").exists()


def test_strangers_no_folder_is_entered_through_a_link(tmp_path: Path) -> None:
    """Neither a folder nor what lies below it; a listing does not call it empty. The root may."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "f").write_bytes(b"theirs")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").symlink_to(elsewhere)
    fs = LocalFs(root)
    for act in (
        lambda: fs.list_dir("a"),
        lambda: fs.make_dir("a"),
        lambda: fs.make_dir("a/b"),
        lambda: fs.fsync_dir("a"),
        lambda: fs.read("a/f"),
        lambda: fs.size("a/f"),
        lambda: fs.create("a/f"),
        lambda: fs.unlink("a/f"),
        lambda: fs.rename("a/f", "g"),
    ):
        with pytest.raises(OSError, match="is a link") as caught:
            act()
        assert caught.value.errno == errno.ELOOP
    assert [path.name for path in elsewhere.iterdir()] == ["f"]
    linked = tmp_path / "linked"
    linked.symlink_to(elsewhere)
    assert LocalFs(linked).read("f") == b"theirs"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277])
def test_strangers_what_is_written_is_for_its_owner_alone(tmp_path: Path, mask: int) -> None:
    """Whatever the umask; and what an older version left wider is tightened when it is written."""
    root = tmp_path / "store"
    old = os.umask(mask)
    try:
        fs = LocalFs(root)
        commit(fs, range(2))
        snapshot(fs)
        fs.append("recovery_log.txt").close()
    finally:
        os.umask(old)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
    assert {found[path] for path in found if path.is_dir()} == {0o700}
    assert {found[path] for path in found if path.is_file()} == {0o600}
    for path in found:
        path.chmod(0o777 if path.is_dir() else 0o666)
    commit(fs, range(2))
    fs.append("recovery_log.txt").close()
    wide = [path for path in root.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not [path for path in wide if path.is_dir()]
    assert root / "recovery_log.txt" not in wide


def test_strangers_a_giant_with_nothing_in_it_is_not_read(tmp_path: Path) -> None:
    """A sparse file costs neither the time nor the memory of its length; a part of it does not."""
    fs = LocalFs(tmp_path)
    for size in (SPARSE_BYTES_MIN + 1, 1 << 32, 1 << 40):
        with (tmp_path / "f").open("wb") as file:
            file.write(b"head")
            file.truncate(size)
        with pytest.raises(OSError, match="next to nothing") as caught:
            fs.read("f")
        assert caught.value.errno == errno.EFBIG
        assert fs.read_part("f", 0, 6) == b"head\0\0"
        assert fs.read_part("f", size - 2, 6) == bytes(2)


def test_strangers_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 come back as they were, and find their file."""
    fs = LocalFs(tmp_path)
    (tmp_path / os.fsdecode(b"caf\xe9.json")).write_bytes(b"x")
    (name,) = fs.list_dir(".")
    assert os.fsencode(name) == b"caf\xe9.json"
    assert fs.read(name) == b"x"
