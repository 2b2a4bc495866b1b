"""The peers: other ways to make the same bytes durable on the same disk.

Each is set up as its own documentation asks for, and is favoured over the store: raw files, SQLite
and LMDB are handed finished bytes and neither capture nor encode anything. The others start from
the live state, as their users do, and prove nothing of what they write.

    raw_given     pwrite + fdatasync into a file whose blocks were written beforehand
    raw_grown     append + fdatasync to a file that grows
    sqlite        WAL, synchronous=FULL, one INSERT a transaction
    sqlite_job    the same job in SQLite: dump the four models that changed, upsert them, insert the
                  records, commit
    lmdb          one put a transaction, synced
    json_files    the files one trade touches, each tmp + fsync + rename, then the directory
    pickle        the whole state, tmp + fsync + rename, then the directory
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import pickle
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from chaos.bench.host import Host, HostTrade
from prometheus_persist.state.documents import documents_of, member
from prometheus_persist.state.exact_json import dumps

GIVEN_BYTES = 16 * 1024 * 1024
LMDB_BYTES_MAX = 4 * 1024 * 1024 * 1024
_CHUNK = bytes(1024 * 1024)


class Peer(Protocol):
    """Something that makes one trade durable."""

    def prepare(self) -> None:
        """What happens before the clock runs."""
        ...

    def save(self) -> None:
        """Durable on return."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Raw:
    """One file, one write, one sync; ``given`` where the blocks are there beforehand."""

    def __init__(self, folder: Path, host: Host, frames: Sequence[bytes], *, given: bool) -> None:
        self.prepare = host.book
        name = "raw_given" if given else "raw_grown"
        self._file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._next = itertools.cycle(frames)
        self._at = 0
        self._given = given
        if given:
            for start in range(0, GIVEN_BYTES, len(_CHUNK)):
                os.pwrite(self._file, _CHUNK, start)
            os.fsync(self._file)

    def save(self) -> None:
        """pwrite, fdatasync."""
        data = next(self._next)
        if self._given and self._at + len(data) > GIVEN_BYTES:
            self._at = 0
        os.pwrite(self._file, data, self._at)
        self._at += len(data)
        getattr(os, "fdatasync", os.fsync)(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Sqlite:
    """A row a commit."""

    def __init__(self, folder: Path, host: Host, frames: Sequence[bytes]) -> None:
        self.prepare = host.book
        self._base = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL)")
        self._next = itertools.cycle(frames)

    def save(self) -> None:
        """One INSERT, committed by itself."""
        self._base.execute("INSERT INTO journal (payload) VALUES (?)", (next(self._next),))

    def close(self) -> None:
        """Close the database."""
        self._base.close()


class SqliteJob:
    """What the store is asked for, as one would write it with SQLite: a document a row."""

    def __init__(self, folder: Path, host: Host) -> None:
        self._base = sqlite3.connect(folder / "job.sqlite", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE documents (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
            "CREATE TABLE records (n INTEGER PRIMARY KEY, stream TEXT, body TEXT NOT NULL)",
        ):
            self._base.execute(statement)
        self._host = host
        self._trade: HostTrade | None = None

    def prepare(self) -> None:
        """Book, and remember what was touched."""
        self._trade = self._host.trade()

    def save(self) -> None:
        """Dump, upsert, insert, commit."""
        trade = self._trade
        assert trade is not None
        changed = [(key, member(self._host.state, key)) for key in trade.keys]
        rows = [(key, model.model_dump_json()) for key, model in changed if model is not None]
        records = [(name, dumps(one)) for name, added in trade.records.items() for one in added]
        self._base.execute("BEGIN")
        self._base.executemany(
            "INSERT INTO documents VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            rows,
        )
        self._base.executemany("INSERT INTO records (stream, body) VALUES (?, ?)", records)
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._base.close()


class Lmdb:
    """A key a commit."""

    def __init__(self, folder: Path, host: Host, frames: Sequence[bytes]) -> None:
        self.prepare = host.book
        lmdb: Any = importlib.import_module("lmdb")
        self._base = lmdb.open(str(folder / "peer.lmdb"), map_size=LMDB_BYTES_MAX)
        self._next = itertools.cycle(frames)
        self._seq = 0

    def save(self) -> None:
        """One put, committed and synced."""
        self._seq += 1
        with self._base.begin(write=True) as transaction:
            transaction.put(self._seq.to_bytes(8, "big"), next(self._next))

    def close(self) -> None:
        """Close the environment."""
        self._base.close()


class JsonFiles:
    """A JSON file for each thing a trade touches, rewritten atomically."""

    def __init__(self, folder: Path, host: Host) -> None:
        self._folder = folder / "json_files"
        self._folder.mkdir()
        self._host = host
        self._keys: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Book, and remember what was touched."""
        self._keys = self._host.trade().keys

    def save(self) -> None:
        """Four files, each replaced; then the directory."""
        for key, document in documents_of(self._host.state, self._keys).items():
            data = json.dumps(document, ensure_ascii=False).encode()
            replace(self._folder / f"{key.replace('/', '_')}.json", data)
        sync_folder(self._folder)

    def close(self) -> None:
        """Nothing is open."""


class Pickle:
    """Everything, every time."""

    def __init__(self, folder: Path, host: Host) -> None:
        self.prepare = host.book
        self._folder = folder / "pickle"
        self._folder.mkdir()
        self._host = host

    def save(self) -> None:
        """One file with the whole state."""
        replace(self._folder / "state.pickle", pickle.dumps(self._host.state))
        sync_folder(self._folder)

    def close(self) -> None:
        """Nothing is open."""


def missing(name: str) -> bool:
    """Whether an optional peer's package is not installed."""
    try:
        importlib.import_module(name)
    except ImportError:
        return True
    return False


def replace(path: Path, data: bytes) -> None:
    """tmp, write, fsync, rename."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def sync_folder(folder: Path) -> None:
    """Sync a directory's entries."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
