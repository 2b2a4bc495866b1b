"""Files put in place whole, and directories written again: atomic, durable, by any ``Fs``.

tmp → write → fsync → rename → fsync of the directory: the only order in which every crash leaves a
file old or new, whole. Raises ``OSError`` as the disk gave it, and what a ``fence`` raises.
"""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_persist.errors import PersistError
from prometheus_persist.storage.fs import NO_ROOM, TEMPORARY, Fs, Handle, folders_held
from prometheus_persist.storage.layout import is_temporary, path_in

SLICE_BYTES = 1024 * 1024
BATCH_FILES = 128  # two batches are open at a time, and a process may have few files
BATCH_BYTES = 16 * 1024 * 1024
FEW_FILES = 8  # which need no threads
SYNC_THREADS = 16  # the more wait together, the fewer writes of the disk's own journal
RENEWED = f"renewed{TEMPORARY}"

if TYPE_CHECKING:
    from concurrent.futures import Future


def renew_dirs(fs: Fs, *paths: str, making_room: bool = False) -> None:
    """Sync directories of which an earlier sync may have failed: a name in each is made and
    removed, so that it is written again, with all its names. They are synced together, once all
    are ready: one write of the disk's own journal serves them. Who is ``making_room`` on a full
    disk may find none for such a name; there the directory is synced only."""
    for path in paths:
        name = RENEWED if path == "." else f"{path}/{RENEWED}"
        try:
            fs.create(name).close()
        except OSError as problem:
            if not making_room or problem.errno not in NO_ROOM:
                raise
        else:
            fs.unlink(name)
    for path in paths:
        fs.fsync_dir(path)


def clear_temporaries(fs: Fs, folders: Iterable[str]) -> None:
    """Remove what a writer that was killed, or is stopped, was about to put in place in these:
    files of this library's own names, and nobody else's."""
    for folder in folders:
        for name in fs.list_dir(folder):
            path = path_in(folder, name)
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
    journal serves many; only then is the first one renamed. While a batch is synced, the next one
    is made and written. A large file is synced slice by slice, so that somebody else's commit has
    little to wait behind.

    Who may do this beside somebody else gives a ``mark`` of its own for the temporary names, and a
    ``fence``: it is asked before each renaming, and raises where it is somebody else's turn.

    On failure the temporary files go and the error is raised: those of the batch that failed and of
    the one before it are each old or new, all before them new, all after them old. Contents are
    asked for one batch at a time.
    """
    folders: set[str] = set()
    due = iter(files.items() if isinstance(files, Mapping) else files)
    with folders_held():
        _put_all(fs, due, f"{mark}{TEMPORARY}", fence, folders)
    for folder in sorted(folders):
        fs.fsync_dir(folder)


def _put_all(
    fs: Fs,
    due: Iterator[tuple[str, bytes]],
    end: str,
    fence: Callable[[], None] | None,
    folders: set[str],
) -> None:
    """Put them in place, batch by batch, and note in which ``folders``."""
    syncs, under_way = _Syncs(), []
    try:
        while batch := _batch(due):
            folders.update(path.rpartition("/")[0] or "." for path, _ in batch)
            under_way.append(_Batch(fs, [path for path, _ in batch], end))
            under_way[-1].write(batch)
            under_way[-1].synced = syncs.begun(under_way[-1].handles)
            if len(under_way) > 1:
                under_way[0].put_in_place(fence)
                del under_way[0]
        for last in under_way:
            last.put_in_place(fence)
    except (OSError, PersistError):
        syncs.end()
        for each in under_way:
            each.give_up()
        raise
    finally:
        syncs.end()  # before a file is closed that a thread is at
        for each in under_way:
            each.close()


def _batch(due: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The next files, not too many and not too large; none where there are no more."""
    found: list[tuple[str, bytes]] = []
    size, most = 0, _files_at_once()
    for path, data in due:
        found.append((path, data))
        size += len(data)
        if len(found) >= most or size >= BATCH_BYTES:
            break
    return found


def _files_at_once() -> int:
    """How many files a batch has; less where this process may open few."""
    may_open, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if may_open == resource.RLIM_INFINITY:
        return BATCH_FILES
    return max(min(BATCH_FILES, may_open // 8), 1)


class _Batch:
    """Files under their temporary names, from written to put in place."""

    def __init__(self, fs: Fs, paths: list[str], end: str) -> None:
        self._fs, self._paths, self._end = fs, paths, end
        self.handles: list[Handle] = []
        self.synced: list[Future[None]] = []

    def write(self, files: list[tuple[str, bytes]]) -> None:
        """Write all of them; of each but the last slice is synced."""
        for path, data in files:
            handle = self._fs.create(f"{path}{self._end}")
            self.handles.append(handle)
            for start in range(0, len(data), SLICE_BYTES) or (0,):
                if start:
                    handle.fsync()
                handle.write(data[start : start + SLICE_BYTES])

    def put_in_place(self, fence: Callable[[], None] | None) -> None:
        """Rename them, once every one is synced."""
        for each in self.synced:
            each.result()
        self.close()
        for path in self._paths:
            if fence is not None:
                fence()
            self._fs.rename(f"{path}{self._end}", path)

    def close(self) -> None:
        """Close what is open."""
        with contextlib.ExitStack() as closing:
            while self.handles:
                closing.callback(self.handles.pop(0).close)

    def give_up(self) -> None:
        """Remove what is not in place."""
        with contextlib.suppress(OSError):
            self.close()
        for path in self._paths:
            with contextlib.suppress(OSError):
                self._fs.unlink(f"{path}{self._end}")


class _Syncs:
    """Syncs files; many of them by several threads, which the disk serves together."""

    def __init__(self) -> None:
        self._pool = contextlib.ExitStack()
        self._submit: Callable[[list[Handle]], Future[None]] | None = None

    def begun(self, handles: list[Handle]) -> list[Future[None]]:
        """Sync every one: few at once, many while others go on."""
        if len(handles) <= FEW_FILES:
            _sync(handles)
            return []
        if self._submit is None:
            from concurrent.futures import ThreadPoolExecutor  # few files need none

            pool = self._pool.enter_context(ThreadPoolExecutor(SYNC_THREADS, "persist-sync"))
            self._submit = lambda some: pool.submit(_sync, some)
        return [self._submit(handles[first::SYNC_THREADS]) for first in range(SYNC_THREADS)]

    def end(self) -> None:
        """No thread is at a file any more."""
        self._pool.close()
        self._submit = None


def _sync(handles: list[Handle]) -> None:
    for handle in handles:
        handle.fsync()
