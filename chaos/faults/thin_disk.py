"""A real ext4 on a device that has less room than it promised, and whose power can be cut.

A sparse file in a small tmpfs is a loop device. While the tmpfs is full, whatever ext4 writes to a
block that was never written before fails on the device: the next sync says ENOSPC, the kernel calls
the pages clean and goes on reading them as if they were there. What ext4 itself needs (journal,
tables, the first directories) has its room from the beginning, so that nothing but data fails.

``cut_power`` is the kernel's own: ext4 is shut down without a flush, so that not a byte more
reaches the device, then unmounted and mounted again: the journal is replayed, the page cache is
gone. Needs root, loop devices and mkfs.ext4; ``why_not`` says what is missing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

BLOCK_BYTES: Final = 4096
DISK_BYTES: Final = 32 * 1024 * 1024
ROOM_BYTES: Final = 12 * 1024 * 1024
FIRST_BLOCKS: Final = 24  # for the first directories, behind ext4's own
TOOLS: Final = ("mount", "umount", "losetup", "mkfs.ext4", "dumpe2fs")
FREEZE: Final = 0xC0045877  # FIFREEZE: all is written, the journal is emptied
THAW: Final = 0xC0045878  # FITHAW
SHUT_DOWN: Final = 0x8004587D  # EXT4_IOC_SHUTDOWN
WITHOUT_FLUSH: Final = 2
SECONDS_MAX = 60
_FREE = re.compile(r"\n  Free blocks: (\d+)")


class ThinDisk:
    """A mounted file system on such a device."""

    def __init__(self, pool: Path, mount: Path) -> None:
        self.mount = mount
        self._pool = pool
        self._file = pool / "disk"
        self._filler = pool / "filler"
        self._device = ""

    def make(self) -> None:
        """Make the file system and mount it."""
        _run("mount", "-t", "tmpfs", "-o", f"size={ROOM_BYTES},mode=700", "tmpfs", self._pool)
        with self._file.open("wb") as file:
            file.truncate(DISK_BYTES)
        how = "nodiscard,lazy_itable_init=0,lazy_journal_init=0"
        _run("mkfs.ext4", "-q", "-F", "-b", BLOCK_BYTES, "-J", "size=4", "-m", 0, "-N", 512,
             "-E", how, self._file)  # fmt: skip
        found = _FREE.search(_run("dumpe2fs", self._file))
        assert found is not None, "dumpe2fs does not say where the first free block is"
        with self._file.open("r+b") as file:  # holes become room that is there
            own = file.read((int(found[1]) + FIRST_BLOCKS) * BLOCK_BYTES)
            file.seek(0)
            file.write(own)
        self._device = _run("losetup", "--find", "--show", self._file).strip()
        self._mount()

    def fill(self, blocks_left: int) -> None:
        """Leave the device room for so many blocks that were never written.

        All that was written before is there: ext4's own blocks must not be the ones that fail.
        """
        self._ioctl(FREEZE, 0)
        self._ioctl(THAW, 0)
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(BLOCK_BYTES)):
                pass
        os.truncate(self._filler, max(0, self._filler.stat().st_size - blocks_left * BLOCK_BYTES))

    def room(self) -> None:
        """There is room again."""
        self._filler.unlink(missing_ok=True)

    def cut_power(self) -> None:
        """Nothing more reaches the device; then the power is back."""
        self._ioctl(SHUT_DOWN, WITHOUT_FLUSH)
        _run("umount", self.mount)
        self._mount()

    def remove(self) -> None:
        """Unmount everything and give the device back, whatever is there of it."""
        for undo in (
            ("umount", "-l", self.mount),
            ("losetup", "-d", self._device or "none"),
            ("umount", "-l", self._pool),
        ):
            with contextlib.suppress(subprocess.CalledProcessError):
                _run(*undo)

    def _ioctl(self, request: int, argument: int) -> None:
        root = os.open(self.mount, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(root, request, struct.pack("I", argument))
        finally:
            os.close(root)

    def _mount(self) -> None:
        _run("mount", "-t", "ext4", "-o", "noatime", self._device, self.mount)


@contextlib.contextmanager
def thin_disk() -> Iterator[ThinDisk]:
    """One of them; nothing is left of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="chaos-thin-") as name:
        pool, mount = Path(name) / "pool", Path(name) / "mount"
        pool.mkdir()
        mount.mkdir()
        disk = ThinDisk(pool, mount)
        try:
            disk.make()
            yield disk
        finally:
            disk.remove()


@cache
def why_not() -> str:
    """Why there can be no such disk here; empty where there can."""
    if os.name != "posix" or os.geteuid():
        return "only root may mount"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"there is no {missing[0]}"
    try:
        with thin_disk() as disk:
            disk.cut_power()
    except (OSError, subprocess.SubprocessError) as problem:
        told = getattr(problem, "stderr", "") or str(problem)
        return f"no ext4 on a loop device: {told.strip()[-200:]}"
    return ""


def _run(*words: object) -> str:
    done = subprocess.run(  # noqa: S603 the command is all our own
        [str(word) for word in words],
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    return done.stdout
