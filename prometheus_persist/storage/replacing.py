"""Files put in place whole, and directories written again: atomic, durable, by any ``Fs``.

tmp → write → fsync → rename → fsync of the directory: the only order in which every crash leaves a
file old or new, whole. Raises ``OSError`` as the disk gave it, and what a ``fence`` raises.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_persist.errors import StoreFailed
from prometheus_persist.storage.fs import NO_ROOM, TEMPORARY, Fs, Handle
from prometheus_persist.storage.layout import is_temporary

SLICE_BYTES = 1024 * 1024
BATCH_FILES = 128  # of open files, of which a process may have few
BATCH_BYTES = 16 * 1024 * 1024
SYNC_THREADS = 8
RENEWED = f"renewed{TEMPORARY}"


def renew_dir(fs: Fs, path: str, *, making_room: bool = False) -> None:
    """Sync a directory of which an earlier sync may have failed: a name in it is made and removed,
    so that it is written again, with all its names. Who is ``making_room`` on a full disk may find
    none for that name; there it is synced only."""
    name = RENEWED if path == "." else f"{path}/{RENEWED}"
    try:
        fs.create(name).close()
    except OSError as problem:
        if not making_room or problem.errno not in NO_ROOM:
            raise
    else:
        fs.unlink(name)
    fs.fsync_dir(path)


def clear_temporaries(fs: Fs, folders: Iterable[str]) -> None:
    """Remove what a writer that was killed, or is stopped, was about to put in place in these:
    files of this library's own names, and nobody else's."""
    for folder in folders:
        for name in fs.list_dir(folder):
            path = f"{folder}/{name}"
            if is_temporary(folder, name) and fs.size(path) is not None:
                fs.unlink(path)


def sync_file(fs: Fs, path: str) -> None:
    """Sync a file that is there, once more."""
    handle = fs.append(path)
    try:
        handle.fsync()
    finally:
        handle.close()


def replace_file(
    fs: Fs, path: str, data: bytes, *, mark: str = "", fence: Callable[[], None] | None = None
) -> None:
    """Put ``data`` under ``path`` atomically and durably; see ``replace_files``."""
    replace_files(fs, {path: data}, mark=mark, fence=fence)


def replace_files(
    fs: Fs,
    files: Mapping[str, bytes] | Iterable[tuple[str, bytes]],
    *,
    mark: str = "",
    fence: Callable[[], None] | None = None,
) -> None:
    """Put each content under its path, each atomically, all durably on return.

    tmp → write → fsync → rename, then fsync of every directory, once: the only order in which every
    crash leaves each file old or new, whole. Not atomic as a set. Many files go by batches: all are
    written, then all are synced, by several threads at once, so that one write of the disk's own
    journal serves many; only then is the first one renamed. A large file is synced slice by slice,
    so that somebody else's commit has little to wait behind.

    Who may do this beside somebody else gives a ``mark`` of its own for the temporary names, and a
    ``fence``: it is asked before each renaming, and raises where it is somebody else's turn.

    On failure the temporary files go and the error is raised: the files of the batches before are
    new, those of this one each old or new, those after it old. Contents are asked for one batch at
    a time.
    """
    folders: set[str] = set()
    due = iter(files.items() if isinstance(files, Mapping) else files)
    while batch := _batch(due):
        _replace_batch(fs, batch, mark, fence)
        folders.update(path.rpartition("/")[0] or "." for path, _ in batch)
    for folder in sorted(folders):
        fs.fsync_dir(folder)


def _batch(due: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The next files, not too many and not too large; none where there are no more."""
    found: list[tuple[str, bytes]] = []
    size = 0
    for path, data in due:
        found.append((path, data))
        size += len(data)
        if len(found) >= BATCH_FILES or size >= BATCH_BYTES:
            break
    return found


def _replace_batch(
    fs: Fs, batch: list[tuple[str, bytes]], mark: str, fence: Callable[[], None] | None
) -> None:
    end = f"{mark}{TEMPORARY}"
    try:
        with contextlib.ExitStack() as opened:
            handles = []
            for path, data in batch:
                handle = fs.create(f"{path}{end}")
                opened.callback(handle.close)
                handles.append(handle)
                for start in range(0, len(data), SLICE_BYTES) or (0,):
                    if start:
                        handle.fsync()
                    handle.write(data[start : start + SLICE_BYTES])
            _sync_all(handles)
        for path, _ in batch:
            if fence is not None:
                fence()
            fs.rename(f"{path}{end}", path)
    except (OSError, StoreFailed):
        for path, _ in batch:
            with contextlib.suppress(OSError):
                fs.unlink(f"{path}{end}")
        raise


def _sync_all(handles: list[Handle]) -> None:
    """Sync every one; many of them by several threads, which the disk serves together."""
    if len(handles) <= SYNC_THREADS:
        for handle in handles:
            handle.fsync()
        return
    from concurrent.futures import ThreadPoolExecutor  # few files need none

    with ThreadPoolExecutor(SYNC_THREADS, "persist-sync") as pool:
        for done in [pool.submit(handle.fsync) for handle in handles]:
            done.result()
