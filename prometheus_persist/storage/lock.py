"""One writer: an exclusive lock on ``store.lock``, held by the kernel.

The kernel gives it back when the process dies, however it dies, so a lock left by SIGKILL needs no
manual step. A second process is refused at once. The file's content, the holder's pid, is for
people; it decides nothing. A directory made for the store is synced into its parent.

Why no two can write (S6)
- Whoever may write holds ``flock`` on one open file, and that file *is* the one named
  ``store.lock`` in the directory that was opened: device and inode are compared after locking, and
  once more each time the fence is asked. A name leads to one file at a time, and a file has one
  holder. The file is never opened a second time: what was locked is what is kept. (The lock
  libraries hide the descriptor, or open by name again; so this is ``fcntl.flock`` itself.)
- A process that was stopped holds its lock for as long as it is stopped. ``take_over`` locks
  another file beside it first (``claim``), and takes nothing away: the holder writes on, and a
  claim that is given up leaves nothing behind that counts. ``take`` then renames it over
  ``store.lock``, in one step. The old holder, once it goes on, finds by ``fence`` that the name
  leads elsewhere, and acknowledges nothing more. Claims exclude each other in the same way.
- Two that open at the same time may have read the same, and would write as the same epoch into the
  same segment: one that was taken over before its first frame, and goes on after the other's. So
  an epoch is drawn (``draw``): a file is made that must not be there yet, and only then the fence
  is asked. Of two branches the higher epoch is believed, so whoever comes later draws higher: above
  every draw that is there. Older ones are cleared away by an owner only, after its own is made, so
  that a successor always finds the highest.
- Names are looked up from the directory that was opened, not by its path, so that one that was
  moved keeps its writer, and its old name belongs to whoever makes a directory there.
- A process that was forked off has the parent's open files, and with them its lock. So the lock
  remembers the process: in any other the fence raises ``ForkedChild``. The child's copies of the
  descriptors are closed as it begins, so that the lock ends with the parent, whoever lives on; only
  the parent *unlocks*, which counts for both. Nothing is forked off between opening a lock and
  knowing that it is there to be closed; and the descriptors themselves are known (``_OPEN``), for a
  lock that the garbage collector is just about to end has no reference left, not even a weak one.

``flock`` is the local kernel's. Over NFS (Linux) it is a byte-range lock at the server, and the
fence sees what the attribute cache shows, some seconds late: a store belongs on a local disk.

Raises ``StoreLocked``; ``StoreFailed`` where there can be no lock, or none any more;
``ForkedChild``.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from pathlib import Path

from prometheus_persist.errors import StoreFailed, StoreLocked
from prometheus_persist.journal.chain import EPOCH_LEAP
from prometheus_persist.storage.forks import in_child, refuse_child
from prometheus_persist.storage.fs import FILE_MODE, LocalFs, make_root
from prometheus_persist.storage.interrupts import given_back, of_the_disk, only_of_the_disk
from prometheus_persist.storage.layout import CLAIM, LOCK, drawn_epoch, drawn_name
from prometheus_persist.storage.mark import marked


class StoreLock:
    """Held from construction to ``release``; with ``claim`` only claimed, until ``take``.

    ``fs`` is the directory that is locked: what the lock is to cover goes through it.
    """

    _file = -1
    _mark: tuple[int, _Identity] | None = None  # the file that was drawn, kept open for its mark

    def __init__(self, root: Path, *, claim: bool = False) -> None:
        self.fs = LocalFs(root)
        self._pid = os.getpid()
        self._name = CLAIM if claim else LOCK
        try:
            make_root(root)
            self._root = self.fs.held()
            self._identity = self._lock()
        except BaseException as problem:
            _allow_forks()
            self._let_go()
            self.fs.close()
            if isinstance(problem, OSError):
                raise StoreFailed(f"{root} cannot be locked: {problem}") from problem
            raise

    def __del__(self) -> None:
        self._let_go()

    def take(self) -> None:
        """Make the claim the lock; who held that is fenced off. Raises StoreFailed."""
        self.refuse_child()
        try:
            os.replace(CLAIM, LOCK, src_dir_fd=self._root, dst_dir_fd=self._root)
        except OSError as problem:
            only_of_the_disk(problem)
            raise StoreFailed(f"{self.fs.root} cannot be taken over: {problem}") from problem
        self._name = LOCK
        self.fence()

    def fence(self) -> None:
        """Raise StoreFailed once somebody else has taken over; ForkedChild in a forked process."""
        refuse_child(self._pid)
        try:
            named = self._named(LOCK) if self._file in _OPEN else None
        except OSError as problem:
            if not of_the_disk(problem):
                raise
            raise StoreFailed(f"{self.fs.root / LOCK} cannot be looked at: {problem}") from problem
        if named != self._identity:
            raise StoreFailed("the lock was taken over or removed; this writer is fenced off")

    def draw(self, least: int) -> int:
        """An epoch from ``least`` on, higher than any that was drawn before. Raises StoreFailed."""
        try:
            far = least + EPOCH_LEAP  # nobody has drawn that often: a stray name
            drawn = (before for before in self._drawn() if before < far)
            epoch = max(least, 1 + max(drawn, default=0))
            while not self._draws(epoch):
                epoch += 1
            self.fence()  # whoever took over may have cleared away the draw of this very epoch
            for before in self._drawn():
                if before < epoch:
                    with contextlib.suppress(FileNotFoundError):  # whoever it was did so as well
                        os.unlink(drawn_name(before), dir_fd=self._root)
        except OSError as problem:
            only_of_the_disk(problem)
            raise StoreFailed(f"{self.fs.root}: no epoch can be drawn: {problem}") from problem
        return epoch

    def _drawn(self) -> list[int]:
        """Every epoch that a file says was drawn."""
        with os.scandir(self._root) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        return [epoch for name in names if (epoch := drawn_epoch(name)) is not None]

    def _draws(self, epoch: int) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            drawn = os.open(drawn_name(epoch), flags, FILE_MODE, dir_fd=self._root)
        except FileExistsError:
            return False
        _OPEN.add(drawn)
        self._forget_mark()
        self._mark = drawn, _identity(os.fstat(drawn))
        return True

    def acknowledged(self, seq: int, wall_ms: int) -> None:
        """Write down that this commit is on the disk (``mark.py``)."""
        if self._mark is not None:
            drawn, identity = self._mark
            try:
                os.pwrite(drawn, marked(seq, wall_ms, identity), 0)
            except OSError as problem:
                only_of_the_disk(problem)  # a full one, say: the mark proves more than is promised

    @property
    def in_child(self) -> bool:
        """Whether this is another process than the one that locked."""
        return in_child(self._pid)

    def refuse_child(self) -> None:
        """Raise ForkedChild in a process that was forked off."""
        refuse_child(self._pid)

    def release(self) -> None:
        """Give back the lock and the directory; in a process that was forked off, nothing."""
        _allow_forks()
        if self._name == CLAIM and self._file >= 0 and not self.in_child:
            with contextlib.suppress(OSError):
                os.unlink(CLAIM, dir_fd=self._root)
        given_back(self._let_go)
        self.fs.close()

    def _let_go(self) -> None:
        """Unlocked first: where a signal strikes afterwards, only a descriptor stays open."""
        if self._file >= 0 and not self.in_child:  # there it would unlock what is the parent's
            with contextlib.suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)
            file, self._file = self._file, -1
            _close(file)
        self._file = -1
        self._forget_mark()

    def _forget_mark(self) -> None:
        mark, self._mark = self._mark, None
        if mark is not None and not self.in_child:
            _close(mark[0])

    def _lock(self) -> _Identity:
        """Lock the file that has the name, again if it lost it on the way; which file it is."""
        for _ in range(_TRIES_MAX):
            held_off = _hold_off_forks()
            try:
                self._file = os.open(self._name, _FLAGS, FILE_MODE, dir_fd=self._root)
                _OPEN.add(self._file)
            finally:
                if held_off:
                    _FORK.release()
            held = _locked(self._file)
            identity = _identity(os.fstat(self._file))
            if identity == self._named(self._name):
                break
            self._let_go()
        else:
            raise StoreFailed(f"{self.fs.root / self._name} is another file each time")
        if not held:
            raise StoreLocked(_refusal(self.fs.root, self._file))
        with contextlib.suppress(OSError):  # a full disk does not take the lock away
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{self._pid}\n".encode("ascii"), 0)
        return identity

    def _named(self, name: str) -> _Identity | None:
        """Which file has this name; None where none has."""
        try:
            found = os.stat(name, dir_fd=self._root, follow_symlinks=False)
            return found.st_dev, found.st_ino
        except FileNotFoundError:
            return None


_Identity = tuple[int, int]
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_TRIES_MAX = 1000
_PID_BYTES_MAX = 32
_OPEN: set[int] = set()  # of this process's locks
_FORK = threading.RLock()  # held where a lock is opened or closed, and while a process is forked
FORK_S = 1.0  # nobody waits longer for it: an exception of a handler may have left it to a thread


def _close(file: int) -> None:
    """Not in a process that was forked off: there the number may be another file's by now."""
    held_off = _hold_off_forks()
    try:
        _OPEN.discard(file)
        os.close(file)
    finally:
        if held_off:
            _FORK.release()


def _hold_off_forks() -> bool:
    """Have no process forked off; False where that cannot be had."""
    return _FORK.acquire(timeout=FORK_S)


def _allow_forks() -> None:
    """Give back all that this thread has of it."""
    with contextlib.suppress(RuntimeError):  # nothing, or nothing more
        while True:
            _FORK.release()


def _in_child() -> None:
    """The parent's locks are the parent's: the descriptors that were inherited are closed."""
    global _FORK
    _FORK = threading.RLock()  # a thread that does not live here may have the other
    while _OPEN:
        with contextlib.suppress(OSError):  # a host that closes all files has closed it before
            os.close(_OPEN.pop())


os.register_at_fork(
    before=_hold_off_forks, after_in_parent=_allow_forks, after_in_child=lambda: _in_child()
)


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino


def _locked(file: int) -> bool:
    """Whether the lock is ours now."""
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise OSError(errno.EINVAL, "it is no file", LOCK)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refusal(root: object, file: int) -> str:
    """Who has the lock. Its number may be that of somebody else in another container; a file that
    is open here is nobody else's."""
    with contextlib.suppress(OSError):
        here = _identity(os.fstat(file))
        if any(_identity(os.fstat(each)) == here for each in _OPEN.copy() if each != file):
            return f"{root} is in use by this process already; close the session that has it"
    with contextlib.suppress(OSError, ValueError):
        pid = int(os.pread(file, _PID_BYTES_MAX, 0))
        return f"{root} is in use by another process (pid {pid})"
    return f"{root} is in use by another process"
