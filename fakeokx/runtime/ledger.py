"""The venue's ledger: an append-only file of the commands that changed it.

One line per command, JSON in ASCII, ended by a newline::

    {"n":17,"now_ms":1700000000000,"data":{...},"crc":"89abcdef"}

``crc`` is CRC-32 in hex over the line's text before ``,"crc"``. ``n`` counts from 0; line 0 is
the opening: format version, seed, position mode and first cash. Replaying the commands at
their times gives the same venue, byte for byte.

A line is handed to the kernel in one ``write`` before its command is answered, so an answer
survives any death of this process. It is not fsynced: the death of the machine is not promised.

On opening: text after the last newline is a torn write, nobody was answered, and it is cut
(``torn_bytes`` says how much). Any other flaw — a line that fails its checksum, a gap in ``n``,
a command that cannot be read — means that the truth is lost, and LedgerDamaged names the line.
One process holds the file at a time; the kernel frees the lock when that process dies. It is
read line by line, so a long ledger costs no memory of its own.
"""

import fcntl
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

FILE_NAME: Final = "venue.ledger"
FORMAT: Final = 1
LINE_BYTES_MAX: Final = 4_000_000
_CRC_MARK: Final = ',"crc":"'
_BLOCK_BYTES: Final = 65_536
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode  # made once, not for every line


class LedgerDamaged(Exception):
    """A line in the middle of the file cannot be trusted. Restore the file or start a new one."""

    exit_code = 4


class LedgerBusy(Exception):
    """Another process holds this ledger. Stop it, or use another directory."""

    exit_code = 2


class Entry(NamedTuple):
    """One line: when, and what."""

    now_ms: int
    data: dict[str, Any]


class Ledger:
    """The file, locked and open for appending."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self.torn_bytes = 0
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise LedgerBusy(f"{self.path} is held by another process") from error
        self._next = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        os.close(self._fd)

    def replay(self) -> Iterator[Entry]:
        """Every whole line in turn; cuts a torn tail, raises LedgerDamaged for a bad line."""
        self._cut_torn_tail()
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines):
                entry = self._read(number, line.removesuffix(b"\n"))
                self._next = number + 1
                yield entry

    def append(self, now_ms: int, data: dict[str, Any]) -> None:
        """Hand one line to the kernel; raises OSError if it does not take all of it."""
        text = _encode({"n": self._next, "now_ms": now_ms, "data": data})
        body = text[:-1].encode()
        line = body + f'{_CRC_MARK}{zlib.crc32(body):08x}"}}\n'.encode()
        assert len(line) <= LINE_BYTES_MAX, "a command outgrew the ledger's line"
        written = os.write(self._fd, line)
        if written != len(line):
            raise OSError(f"{self.path}: only {written} of {len(line)} bytes were written")
        self._next += 1

    def _cut_torn_tail(self) -> None:
        """Cut what follows the last newline, which is looked for from the end."""
        size = os.fstat(self._fd).st_size
        start, end = size, 0
        while start and not end:
            start = max(0, start - _BLOCK_BYTES)
            block = os.pread(self._fd, min(_BLOCK_BYTES, size - start), start)
            end = start + block.rfind(b"\n") + 1 if b"\n" in block else 0
        self.torn_bytes = size - end
        if self.torn_bytes:
            os.ftruncate(self._fd, end)

    def _read(self, number: int, line: bytes) -> Entry:
        body, mark, rest = line.rpartition(_CRC_MARK.encode())
        if not mark or rest != f'{zlib.crc32(body):08x}"}}'.encode():
            raise self._damaged(number, "its checksum does not match")
        content = json.loads(body + b"}")
        if content["n"] != number:
            raise self._damaged(number, f"it says that it is line {content['n']}")
        return Entry(content["now_ms"], content["data"])

    def _damaged(self, number: int, why: str) -> LedgerDamaged:
        return LedgerDamaged(f"{self.path}, line {number + 1}: {why}")
