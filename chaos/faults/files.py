"""Damage to one file at rest: what a bad disk, a bad copy or a careless hand leaves behind.

Each kind returns what it did, with the bytes before and after, so that the record can prove that
the file was really changed.

- ``flip``      one bit in the middle of the file
- ``digit``     the lowest bit of an ASCII digit, so that the text still parses and only its value
                is wrong: the kind of damage that nothing but a checksum can see
- ``truncate``  the second half is gone
- ``tail``      the last 7 bytes are gone
- ``zero``      all bytes are zero
- ``scribble``  the content is one short line of text
- ``delete``    the file is gone

``at`` is a place between 0 (start) and 999 (end), per mille of the file.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from chaos.digest import JsonObject

DamageKind = Literal["flip", "digit", "truncate", "tail", "zero", "scribble", "delete"]
_TAIL_BYTES = 7


@dataclass(frozen=True, slots=True)
class FileDamage:
    """One damage, as data."""

    kind: DamageKind
    at: int = 500


def damage_file(path: Path, damage: FileDamage) -> JsonObject:
    """Do it; says file, kind, offset and both hashes. Raises ValueError where nothing changes."""
    before = path.read_bytes()
    offset = len(before) * damage.at // 1000
    if damage.kind == "delete":
        path.unlink()
        return _told(path, damage, 0, before, None)
    offset, after = _damaged(before, damage, offset)
    if after == before:
        raise ValueError(f"{path.name}: {damage.kind} would change nothing")
    path.write_bytes(after)
    return _told(path, damage, offset, before, after)


def _damaged(before: bytes, damage: FileDamage, offset: int) -> tuple[int, bytes]:
    if damage.kind == "flip":
        return offset, _with_bit(before, offset, 4)
    if damage.kind == "digit":
        found = _digit_near(before, offset)
        return found, _with_bit(before, found, 1)
    if damage.kind == "truncate":
        return len(before) // 2, before[: len(before) // 2]
    if damage.kind == "tail":
        return len(before) - _TAIL_BYTES, before[:-_TAIL_BYTES]
    if damage.kind == "zero":
        return 0, bytes(len(before))
    return 0, b"x\n"


def _with_bit(data: bytes, offset: int, mask: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1 :]


def _digit_near(data: bytes, offset: int) -> int:
    """The first digit between two digits at or after ``offset``, else the last before it."""
    places = [
        place
        for place in range(1, len(data) - 1)
        if data[place - 1 : place + 2].isdigit() and data[place - 1 : place] != b"0"
    ]
    if not places:
        raise ValueError("no digit to change")
    return next((place for place in places if place >= offset), places[-1])


def _told(
    path: Path, damage: FileDamage, offset: int, before: bytes, after: bytes | None
) -> JsonObject:
    return {
        "file": path.name,
        **asdict(damage),
        "offset": offset,
        "bytes_before": len(before),
        "bytes_after": None if after is None else len(after),
        "before": hashlib.sha256(before).hexdigest(),
        "after": None if after is None else hashlib.sha256(after).hexdigest(),
    }
