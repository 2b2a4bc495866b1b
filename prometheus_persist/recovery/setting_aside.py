"""Setting a file's bytes aside under ``damaged/``, before its place is written again.

The same bytes of the same file get the same name, so that a repair that was cut short and begun
again keeps them once. A file that the disk does not give is moved there as it is, under a name of
its own; where it lies on another disk than the store (the mirror's), into ``damaged/`` beside it.
Its new name can be on the disk before the old one goes.

Raises ``OSError`` as the disk gave it, and what the ``fence`` raises.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable

from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import DAMAGED
from prometheus_persist.storage.replacing import renew_dirs, replace_file

Fence = Callable[[], None]


def set_aside(fs: Fs, path: str, fence: Fence, *, needed: bool = False) -> None:
    """Put a copy of a file's bytes under ``damaged/``; a file that nobody can read goes there.

    ``needed``: that one stays where it is, and it is an OSError.
    """
    if fs.size(path) is None:
        return
    fs.make_dir(DAMAGED)
    flat = path.replace("/", "_")
    try:
        data = fs.read(path)
    except OSError as problem:
        only_of_the_disk(problem)
        if needed:
            raise
        try:
            _move(fs, path, DAMAGED, flat, fence)
        except OSError as refused:
            only_of_the_disk(refused)
            if refused.errno != errno.EXDEV:
                raise
            _move(fs, path, f"{_folder(path)}/{DAMAGED}", flat, fence)
    else:
        mark = hashlib.sha256(path.encode() + data).hexdigest()[:16]
        replace_file(fs, f"{DAMAGED}/{mark}_{flat}", data)
        renew_dirs(fs, ".")


def _move(fs: Fs, path: str, folder: str, flat: str, fence: Fence) -> None:
    """Rename it into ``folder``, over nothing that was moved there before."""
    fs.make_dir(folder)
    taken, name, number = set(fs.list_dir(folder)), f"unread_{flat}", 1
    while name in taken:
        number += 1
        name = f"unread{number}_{flat}"
    renew_dirs(fs, _folder(folder))  # there is one name only: on the disk before the old one goes
    fence()
    fs.rename(path, f"{folder}/{name}")
    fs.fsync_dir(folder)
    fs.fsync_dir(_folder(path))


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."
