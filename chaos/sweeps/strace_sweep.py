"""Nothing goes around the seam: the kernel's list of file operations against the seam's own.

A child lives three lives on real files under ``strace``. Every system call that opens, writes,
syncs, cuts, renames or removes something under the store, or makes a directory there, has to be one
that the seam announced, for the same path and not more often. The other way round, every change
that the seam announced has to be in the trace, so that a blind trace proves nothing. Looking for
sizes and names (stat) is not compared; it neither changes nor reads a file.

And nothing is left to a disk's mercy: by the end every file that was cut, or emptied by opening it,
has been synced after that, and every directory in which another one was made, or into which
something was moved, has been synced after that; the parents of a new store as well, of its mirror's
own directory, and of a store that a restore makes.

The one documented exception are ``store.lock…``, and making and finding the store's own directory:
the kernel holds that lock, no ``Fs`` does, its content is for people, and all other names are
looked up from that directory.

Where there is no strace, or it may not trace, the sweep is skipped, and says so.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from chaos.sweeps.tally import Tally
from prometheus_persist.storage.layout import LOCK

SECONDS_MAX = 120
SYSCALLS: Final = (
    "open,openat,openat2,creat,write,pwrite64,writev,pwritev,pwritev2,fallocate,truncate,ftruncate,"
    "fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,"
    "link,linkat,symlink,symlinkat,copy_file_range,sendfile,mmap"
)
_CALL = re.compile(r"(?:\d+\.\d+ )?(\w+)\((.*)\)\s+= (-?\d+)")
_NAMED = re.compile(r'(?:(?:AT_FDCWD|\d+)<(.*?)>, )?"((?:[^"\\]|\\.)*)"')
_HANDLE = re.compile(r"^(\d+)<(.*?)>")
_WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "fallocate", "sendfile"}
_SYNCS = {"fsync", "fdatasync", "sync_file_range"}
_FOUND = {"make directory", "open directory"}  # of the store's own directory, by its whole name
_OPENS = {"open", "openat", "openat2", "creat"}
# What each announced operation may do in the kernel, by the words used here.
_DOES: Final = {
    "create": ("open for writing",),
    "append": ("open for writing",),
    "write": ("write",),
    "reserve": ("write", "sync"),
    "cut": ("cut",),
    "fsync": ("sync",),
    "rename": ("rename",),
    "unlink": ("remove",),
    "make_dir": ("make directory", "open directory"),
    "fsync_dir": ("open directory", "sync"),
    "read": ("open for reading",),
    "list_dir": ("open directory",),
    "size": (),
}
_EXACT = ("create", "append", "rename", "fsync", "fsync_dir")
Marks = Counter[tuple[str, str]]


def sweep_strace(seed: int, *, full: bool, plant: str | None = None) -> Tally:
    """Trace one child and compare; ``full`` changes nothing."""
    tally = Tally("strace", seed, full)
    tally.skipped = why_not()
    if tally.skipped:
        tally.counts["skipped"] = 1
        return tally
    with tempfile.TemporaryDirectory(prefix="chaos-strace-") as name:
        work = Path(name).resolve()
        world, log = work / "world", work / "seam"
        store = world / "new" / "store"
        world.mkdir()
        (work / "trace").mkdir()
        command = [
            *("strace", "-ff", "-ttt", "-qq", "-y", "-s", "0", "-e", f"trace={SYSCALLS}"),
            *("-o", str(work / "trace" / "t"), sys.executable, "-m", "chaos.sweeps.strace_child"),
            *(str(store), str(log), "--seed", str(seed)),
            *(("--plant", plant) if plant else ()),
        ]
        done = subprocess.run(  # noqa: S603 the command is all our own
            command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
        if done.returncode or not log.exists():
            tally.wrong("the traced child failed", done.stderr[-500:])
            return tally
        parts = [part.read_text("utf-8", "replace") for part in (work / "trace").iterdir()]
        trace = in_order(parts)
        compare(tally, Counter(marks(trace, str(store))), log.read_text("utf-8").splitlines())
        for what, path in unsettled(trace, str(world)):
            tally.wrong(what, path)
    return tally


def why_not() -> str:
    """Why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "there is no strace"
    tried = subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "true"],  # noqa: S607 found on the path just now
        capture_output=True,
        text=True,
        check=False,
    )
    return f"strace may not trace: {tried.stderr.strip()[-200:]}" if tried.returncode else ""


def in_order(parts: Iterable[str]) -> str:
    """The lines of every thread's trace as one, by the time that each begins with."""
    lines = [line for part in parts for line in part.splitlines()]
    return "\n".join(sorted(lines, key=lambda line: float(line.partition(" ")[0])))


def unsettled(trace: str, above: str) -> list[tuple[str, str]]:
    """Files under ``above`` that were cut and not synced since, and directories there that were not
    synced since one was made in them or something moved into them."""
    cut: dict[str, str] = {}
    entered: dict[str, str] = {}
    for line in trace.splitlines():
        found = _CALL.match(line)
        if found is None or int(found[3]) < 0:
            continue
        for what, name in _calls(found[1], found[2]):
            path = name.removesuffix("/.")
            if not path.startswith(f"{above}/") or path.endswith(f"/{LOCK}"):
                if what == "sync":
                    entered.pop(path, None)
                continue
            if what == "cut" or (what == "open for writing" and "O_TRUNC" in found[2]):
                cut[path] = "cut and not synced"
            elif what == "sync":
                cut.pop(path, None)
                entered.pop(path, None)
            elif what == "remove":
                cut.pop(path, None)
            elif what in ("make directory", "rename"):
                done = "made" if what == "make directory" else "moved"
                entered[path.rpartition("/")[0]] = f"{done} in a directory that is not synced"
    lost = (*cut.items(), *entered.items())
    return sorted((what, path.removeprefix(f"{above}/")) for path, what in lost)


def marks(trace: str, store: str) -> Iterator[tuple[str, str]]:
    """``(what, path)`` of every successful call on something under the store but the lock."""
    for line in trace.splitlines():
        found = _CALL.match(line)
        if found is None or int(found[3]) < 0:
            continue
        for what, path in _calls(found[1], found[2]):
            if path.startswith(f"{store}/") and not path.startswith(f"{store}/{LOCK}"):
                yield what, path.removeprefix(f"{store}/")
            elif path == f"{store}/." or (path == store and what not in _FOUND):
                yield what, "."


def _calls(name: str, arguments: str) -> Iterator[tuple[str, str]]:
    handle = _HANDLE.match(arguments)
    quoted = [
        str(Path(above, name)) if name != "." else f"{above}/." for above, name in _names(arguments)
    ]
    if name in _OPENS and quoted:
        if "O_PATH" in arguments:
            return  # finds a name on the way to another; neither reads nor changes anything
        if "O_DIRECTORY" in arguments:
            yield "open directory", quoted[0]
        elif name != "creat" and "O_WRONLY" not in arguments and "O_RDWR" not in arguments:
            yield "open for reading", quoted[0]
        else:
            yield "open for writing", quoted[0]
    elif name in _WRITES and handle:
        yield "write", handle[2]
    elif name in _SYNCS and handle:
        yield "sync", handle[2]
    elif name == "ftruncate" and handle:
        yield "cut", handle[2]
    elif name == "truncate" and quoted:
        yield "cut", quoted[0]
    elif name.startswith("rename") and quoted:
        yield "rename", quoted[-1]
    elif name in ("unlink", "unlinkat", "rmdir") and quoted:
        yield "remove", quoted[0]
    elif name.startswith("mkdir") and quoted:
        yield "make directory", quoted[0]
    elif name.startswith(("link", "symlink")) and quoted:
        yield "link", quoted[-1]
    elif name == "mmap" and "MAP_SHARED" in arguments and "PROT_WRITE" in arguments:
        for path in re.findall(r"\d+<(.*?)>", arguments):
            yield "map for writing", path


def _names(arguments: str) -> Iterator[tuple[str, str]]:
    """Every name in a call, with the directory that it is looked up from."""
    for above, name in _NAMED.findall(arguments):
        yield above, name.encode().decode("unicode_escape")


def compare(tally: Tally, traced: Marks, log: list[str]) -> None:
    """Every traced call was announced; every announced change was traced."""
    announced: Marks = Counter()
    due: Marks = Counter()
    for line in log:
        operation, _, path = line.partition(" ")
        for what in _DOES[operation]:
            announced[what, path] += 1
            due[what, path] += operation in _EXACT
            if operation == "make_dir":
                for above in _above(path):
                    announced[what, above] += 1
    for mark, count in sorted(traced.items()):
        what, path = mark
        tally.struck(what, count)
        if count > announced[mark]:
            problem = f"{path}: {count} traced, {announced[mark]} announced"
            tally.wrong(f"around the seam: {what}", problem)
    for mark, count in sorted(due.items()):
        if traced[mark] < count:
            what, path = mark
            tally.wrong("announced and not traced", f"{what} {path}: {traced[mark]} of {count}")
    tally.counts["operations announced by the seam"] = len(log)


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path
