"""What somebody may leave in a store's directory: of every kind, in every place, under every name.

``STRANGERS`` are made in a store by ``make``. Three manners:

    beside   under a name that no file of the store has: its own form or none; it takes nothing from
             the store, and is still there afterwards
    in place of a file of the store, or one of its folders: the store may refuse by name, and lets
             nothing out or in through it
    modes    a store that an older version, or a careless copy, left open to others
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

GIANT_BYTES = 1 << 32
OUTSIDE = "outside"  # a directory beside the store, which links lead to
THEIRS = b"this belongs to somebody else\n"
Manner = Literal["beside", "in place", "modes"]


def _text(path: Path) -> None:
    path.write_bytes(THEIRS)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(GIANT_BYTES)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{_folder(path.parent)}/{path.name}")


def _folder(path: Path) -> int:
    """A descriptor for a folder whose name is too long for a socket's; open until the end."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def _directory(path: Path) -> None:
    path.mkdir()
    (path / "theirs").write_bytes(THEIRS)


def _root(path: Path) -> Path:
    return next(above for above in path.parents if (above / OUTSIDE).is_dir())


KINDS: Final[dict[str, Callable[[Path], None]]] = {
    "empty": Path.touch,
    "text": _text,
    "a FIFO": os.mkfifo,
    "a socket": _socket,
    "a directory": _directory,
    "a link": lambda path: path.symlink_to(_root(path) / OUTSIDE / "file"),
    "a link to a directory": lambda path: path.symlink_to(_root(path) / OUTSIDE),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to(_root(path) / OUTSIDE / "none"),
    "a giant with nothing in it": _sparse,
}
_NOT_UTF8 = os.fsdecode(b"caf\xe9")
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "incremental/journal": (
        "e99999999_s00000000000001.wal",
        "e99999999_s99999999999999.wal",
        "e00000001_s00000000000004.wal",
        "e00000002_s00000000000300.wal",
        "e00000004_s00000000000019.wal",
        "e00000009_s00000000000005.wal",
        "theirs.wal.tmp",
        f"{_NOT_UTF8}.wal",
    ),
    "mirror": ("e99999999_s00000000000001.wal", "e00000001_s00000000000004.wal", "theirs.tmp"),
    "snapshots": (
        "snapshot_99991231_235959.zip",
        "snapshot_20200101_000000.zip",
        "theirs.zip",
        "snapshot.zip.tmp",
        f"{_NOT_UTF8}.zip",
    ),
    "history": ("base_s00000000000002_t9999999999999.zip", "theirs.zip.tmp"),
    "incremental": ("theirs.json", "theirs.json.tmp", f"{_NOT_UTF8}.json"),
    "incremental/agents": ("theirs.json", "theirs.tmp", f"{_NOT_UTF8}_state.json"),
    "incremental/records": ("theirs.json", "theirs.json.tmp"),
    ".": ("theirs.txt", "theirs.tmp", "store.lock.e99999999", _NOT_UTF8),
}
FOLDERS: Final = ("incremental/journal", "mirror", "snapshots", "incremental/agents", "incremental")


@dataclass(frozen=True, slots=True)
class Stranger:
    """One of them: how it came, where, and what it is."""

    manner: Manner
    path: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} {self.manner}: {os.fsencode(self.path)!r}"

    def make(self, store: Path) -> None:
        """Put it into a store."""
        place = store / self.path
        if self.manner == "modes":
            for path in (place, *place.rglob("*")):
                path.chmod(0o777 if path.is_dir() else 0o666)
            return
        if self.manner == "in place" and place.is_dir():
            shutil.move(place, _root(place) / OUTSIDE / "folder")
            place.symlink_to(_root(place) / OUTSIDE / "folder")
            return
        if self.manner == "in place":
            place.unlink()
        KINDS[self.kind](place)

    def seen(self, store: Path) -> object:
        """What it is now, to compare: kind, size, where it leads, what is in it; None: gone."""
        return _looks(store / self.path)


def _looks(path: Path) -> object:
    if not os.path.lexists(path):
        return None
    found = path.lstat()
    what: object = path.readlink() if path.is_symlink() else found.st_size
    if path.is_dir() and not path.is_symlink():
        what = sorted((each.name, each.read_bytes()) for each in path.iterdir())
    elif path.is_file() and not path.is_symlink() and found.st_size < GIANT_BYTES:
        what = path.read_bytes()
    return (found.st_ino, found.st_mode, what)


def outside(store: Path) -> dict[str, bytes]:
    """Everything that lies where links lead."""
    root = store.parent / OUTSIDE
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def strangers(files: list[str]) -> Iterator[Stranger]:
    """All of them, for a store that has these files."""
    for folder, names in NAMES.items():
        for name in names:
            for kind in KINDS:
                yield Stranger("beside", f"{folder}/{name}".removeprefix("./"), kind)
    for path in files:
        for kind in KINDS:
            yield Stranger("in place", path, kind)
    for folder in FOLDERS:
        yield Stranger("in place", folder, "a link to a directory")
    yield Stranger("modes", ".", "open to everybody")
