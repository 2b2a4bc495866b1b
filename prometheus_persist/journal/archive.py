"""A snapshot archive: a whole image in one zip, checked end to end.

    manifest.json    format, schema, seq, epoch, chain digest, wall time, how many records the
                     ``COUNTED`` streams have (absent in older ones), and size and SHA-256 of
                     every other member; its own SHA-256 over the rest of it
    documents.json   every document, canonical JSON
    streams.ndjson   every record, one line each: ["stream", {record}]
    sums.json        what the first of them come to (``reconcile/sums.py``); absent in older ones,
                     and where nobody had added them up

The same image gives the same bytes (members are stored under the snapshot's own time). Reading
bounds everything before it allocates: member names must be exactly these, sizes and ratio are
capped, links and paths have no place to be. A member that would shrink beyond the ratio that is
read is stored as it is.

Raises ``StoreDamaged`` naming the archive and the member; ``BadValue`` for what is too large.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.journal.change import Image, Outline, documents_text
from prometheus_persist.journal.frame import DIGEST_BYTES, Tip
from prometheus_persist.journal.packed import Packed
from prometheus_persist.journal.records import (
    LINE_END,
    Block,
    Records,
    RecordTally,
)
from prometheus_persist.journal.stream_lines import blocks, head_of, held_blocks
from prometheus_persist.journal.upcast import SCHEMA, as_it_was, schema_in, upcast_image
from prometheus_persist.state.exact_json import (
    JsonObject,
    dumps,
    loads_object,
)
from prometheus_persist.state.names import PUBLIC_TRADES

ARCHIVE_FORMAT = 1
MEMBER_BYTES_MAX = 2 * 1024 * 1024 * 1024 - 1
MANIFEST_BYTES_MAX = 64 * 1024
AHEAD_BYTES = 4 * 1024 * 1024  # of a member that are inflated at a time
PIECE_BYTES = 16 * 1024  # of work that is done at a stretch
RATIO_MAX = 100
LEVEL = 3  # a third of the time of the usual 6, for an archive that is a tenth larger
SMALL_BYTES_MAX = 1024 * 1024  # no bomb, whatever its ratio
_ZIP_YEARS_MS = (315_532_800_000, 4_323_455_999_000)  # 1980 to 2106: what a zip can date
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENDING_BYTES = 22  # of an archive, the last ones
_LOCAL = struct.Struct("<26xHH")  # of a member's header: how long its name and its extra field are
_BEGINNING, _ENDING = b"PK\x03\x04", b"PK\x05\x06"
_NUMBERS = ("seq", "epoch", "time_ms", "wall_ms")
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)
Pieces = Callable[[], Iterable[bytes]]
Ahead = Callable[[Iterator[bytes]], Iterator[bytes]]
COUNTED = (PUBLIC_TRADES,)
_MEMBERS = ("documents.json", "streams.ndjson")
_SUMS = "sums.json"
_MANIFEST = "manifest.json"
_DIGEST = re.compile(f"[0-9a-f]{{{2 * DIGEST_BYTES}}}")


class _Member(zipfile.ZipInfo):
    """A member with its level, which ``ZipFile`` gives only to those that it makes of a name."""

    def __init__(self, name: str, when: tuple[int, int, int, int, int, int]) -> None:
        super().__init__(name, when)
        self._compresslevel = LEVEL


def no_pause() -> None:
    """For whom nobody waits."""


def pack(
    image: Image,
    tip: Tip,
    pause: Callable[[], None] = no_pause,
    sums: Pieces | None = None,
) -> bytes:
    """The archive's bytes for an image whose last frame was ``tip``; ``sums`` are of its records.

    Works in pieces of well under a millisecond and calls ``pause`` between them, so that whoever
    saves meanwhile gets his turn.
    Raises BadValue for more than an archive can hold.
    """
    data, dense = _packed(image, tip, frozenset(), pause, sums)
    return _packed(image, tip, dense, pause, sums)[0] if dense else data


def _packed(
    image: Image,
    tip: Tip,
    plain: frozenset[str],
    pause: Callable[[], None],
    sums: Pieces | None = None,
) -> tuple[bytes, frozenset[str]]:
    """The archive, and which of its members are denser than what is read."""
    first, last = _ZIP_YEARS_MS
    when = datetime.fromtimestamp(min(max(image.time_ms, first), last) / 1000, UTC).timetuple()[:6]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:

        def put(name: str, parts: Iterable[bytes]) -> JsonObject:
            info = _Member(name, when)
            info.compress_type = zipfile.ZIP_STORED if name in plain else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            seal, size = hashlib.sha256(), 0
            with archive.open(info, "w") as member:
                for piece in _pieces(parts):
                    size += len(piece)
                    if size >= MEMBER_BYTES_MAX:
                        raise BadValue(f"{name} of a snapshot exceeds {MEMBER_BYTES_MAX} bytes")
                    seal.update(piece)
                    member.write(piece)
                    pause()
            return {"bytes": size, "sha256": seal.hexdigest()}

        contents: dict[str, Iterable[bytes]] = dict(zip(_MEMBERS, _contents(image), strict=True))
        contents |= {_SUMS: sums()} if sums is not None else {}
        manifest: JsonObject = {
            "format": ARCHIVE_FORMAT,
            "schema": SCHEMA,
            "seq": tip.seq,
            "epoch": tip.epoch,
            "chain_digest": tip.digest.hex(),
            "time_ms": image.time_ms,
            "wall_ms": tip.wall_ms,
            "records": {name: len(image.streams.get(name, ())) for name in COUNTED},
            "members": {name: put(name, parts) for name, parts in contents.items()},
        }
        manifest["sha256"] = hashlib.sha256(dumps(manifest)).hexdigest()
        put(_MANIFEST, [dumps(manifest)])
        dense = frozenset(info.filename for info in archive.infolist() if _too_dense(info))
    return out.getvalue(), dense


def _contents(image: Image) -> tuple[Iterator[bytes], Iterator[bytes]]:
    """What goes into each of the ``_MEMBERS``, bit by bit."""

    def records() -> Iterator[bytes]:
        for name in sorted(image.streams):
            head = head_of(name)
            between = b"]\n" + head
            for block in image.streams[name].blocks():
                yield head + block.text.replace(LINE_END, between) + b"]\n"

    return documents_text(image.documents), records()


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, in pieces of ``PIECE_BYTES`` or a little more, but for the last."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        for start in range(0, len(part), PIECE_BYTES):
            piece = part[start : start + PIECE_BYTES]
            held.append(piece)
            size += len(piece)
            if size >= PIECE_BYTES:
                yield b"".join(held)
                held, size = [], 0
    yield b"".join(held)


def check(data: bytes, where: str, pause: Callable[[], None] = no_pause) -> Tip:
    """Read an archive to its end, every member against its checksum; its tip.

    In small pieces, like ``pack``, and without building the image. Raises StoreDamaged.
    """
    with _reading(data, where) as (archive, manifest):
        for name in manifest["members"]:
            for _ in _inflated(archive, manifest, name, where, PIECE_BYTES):
                pause()
    return _tip(manifest, where)


def _here(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Each piece when it is asked for."""
    return pieces


def refuse_no_archive(first: bytes, last: bytes, where: str) -> None:
    """Raise StoreDamaged where a file with these ``ENDING_BYTES`` at either end is no archive."""
    if not first.startswith(_BEGINNING) or not last.startswith(_ENDING):
        raise StoreDamaged("does not begin and end like a snapshot archive", file=where)


def unpack(
    data: bytes, where: str, ahead: Ahead = _here, *, keep: bool = True, closely: bool = True
) -> tuple[Image, Tip]:
    """The image and its tip; raises StoreDamaged for all that pack did not write.

    ``ahead`` may have the next piece of a member inflated and hashed while this one is decoded.
    Without ``keep`` everything is looked at alike, and records are counted only (``Tally``).
    Not ``closely``: records are taken as the lines that they stand on, which fit their checksum,
    stay packed, and are looked at when they are read (``Origin``); those that a step brings to the
    present schema are looked at now.
    """
    refuse_no_archive(data[:ENDING_BYTES], data[-ENDING_BYTES:], where)
    with _reading(data, where) as (archive, manifest):
        tip, schema = _tip(manifest, where), schema_in(manifest, where)
        image = Image(seq=tip.seq, time_ms=manifest["time_ms"])
        image.documents = _documents(archive, manifest, where)
        for name, block in _streams(
            archive, data, manifest, where, ahead, closely or not as_it_was(schema)
        ):
            stream = image.streams.get(name)
            if stream is None:
                stream = image.streams[name] = Records() if keep else RecordTally()
            stream.append_block(block)
        told = _counted(manifest) or {}
        if any(count != len(image.streams.get(name, ())) for name, count in told.items()):
            raise StoreDamaged("holds not as many records as its manifest says", file=where)
        if _SUMS in manifest["members"]:
            sums = b"".join(_inflated(archive, manifest, _SUMS, where, AHEAD_BYTES))
            image.sums = sums if keep else None
    return (upcast_image(image, schema) if keep else image), tip


def proves_records(data: bytes, where: str) -> bool:
    """Whether every record of an archive is one, and is written as ``pack`` writes it: to have it
    known of records that were not looked at closely. Raises StoreDamaged."""
    with _reading(data, where) as (archive, manifest):
        if schema_in(manifest, where) != SCHEMA:
            return False
        seal, counts = hashlib.sha256(), Counter[str]()
        for name, block in _streams(archive, data, manifest, where, _here, closely=True):
            counts[name] += block.count
            head = head_of(name)
            seal.update(head + block.text.replace(LINE_END, b"]\n" + head) + b"]\n")
        told = _counted(manifest) or {}
        fits = all(counts[name] == count for name, count in told.items())
        return fits and seal.hexdigest() == _announced(manifest, "streams.ndjson", where)[1]


def outline(data: bytes, where: str) -> tuple[Outline, Tip] | None:
    """The documents, and how many records the ``COUNTED`` streams have, by what the manifest says;
    None where it does not say. Raises StoreDamaged for what is wrong with either; the records
    themselves are not looked at."""
    with _reading(data, where) as (archive, manifest):
        tip, schema = _tip(manifest, where), schema_in(manifest, where)
        told = _counted(manifest)
        if told is None or not as_it_was(schema):
            return None
        documents = _documents(archive, manifest, where)
        counts: dict[str, Records] = {name: RecordTally(count) for name, count in told.items()}
    return Outline(documents, counts, tip.seq, manifest["time_ms"]), tip


def _counted(manifest: JsonObject) -> dict[str, int] | None:
    """How many records the ``COUNTED`` streams have; None where the manifest does not say."""
    told = manifest.get("records")
    if not isinstance(told, dict) or not all(type(told.get(name)) is int for name in COUNTED):
        return None
    return {name: told[name] for name in COUNTED}


def _documents(archive: zipfile.ZipFile, manifest: JsonObject, where: str) -> dict[str, JsonObject]:
    content = b"".join(_inflated(archive, manifest, "documents.json", where, AHEAD_BYTES))
    documents = loads_object(content, f"{where}/documents.json")
    if not all(isinstance(item, dict) for item in documents.values()):
        raise StoreDamaged("documents.json holds what is not a document", file=where)
    return documents


@contextlib.contextmanager
def _reading(data: bytes, where: str) -> Iterator[tuple[zipfile.ZipFile, JsonObject]]:
    """An archive whose members and manifest are sound."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        _, manifest = _opened(archive, where)
    except _UNREADABLE as problem:
        raise _not_an_archive(problem, where) from None
    with archive:
        yield archive, manifest


def _streams(
    archive: zipfile.ZipFile,
    data: bytes,
    manifest: JsonObject,
    where: str,
    ahead: Ahead,
    closely: bool,
) -> Iterator[tuple[str, Block]]:
    """The streams and records of an archive; see ``unpack``."""
    name = "streams.ndjson"
    file = f"{where}/{name}"
    if closely:
        yield from blocks(ahead(_inflated(archive, manifest, name, where, AHEAD_BYTES)), file)
    else:
        packed = _stored(archive, data, name, where)
        yield from held_blocks(packed, ahead(_sealed(packed.pieces(), manifest, name, where)), file)


def _inflated(
    archive: zipfile.ZipFile, manifest: JsonObject, name: str, where: str, piece_bytes: int
) -> Iterator[bytes]:
    """A member piece by piece; raises StoreDamaged at the latest after the last one."""

    def pieces() -> Iterator[bytes]:
        with archive.open(name) as member:
            while piece := member.read(piece_bytes):
                yield piece

    return _sealed(pieces(), manifest, name, where)


def _stored(archive: zipfile.ZipFile, data: bytes, name: str, where: str) -> Packed:
    """A member as it lies in ``data``."""
    info = archive.getinfo(name)
    try:
        archive.open(name).close()  # its header fits the directory's
    except _UNREADABLE as problem:
        raise _not_an_archive(problem, where) from None
    header = data[info.header_offset : info.header_offset + _LOCAL.size]
    start = info.header_offset + _LOCAL.size + sum(_LOCAL.unpack(header))
    content = memoryview(data)[start : start + info.compress_size]
    return Packed(content, deflated=info.compress_type == zipfile.ZIP_DEFLATED)


def _sealed(
    pieces: Iterator[bytes], manifest: JsonObject, name: str, where: str
) -> Iterator[bytes]:
    """A member's pieces; raises StoreDamaged at the latest after the last one."""
    size, seal = _announced(manifest, name, where)
    seen, found = 0, hashlib.sha256()
    try:
        for piece in pieces:
            seen += len(piece)
            if seen > size:
                break
            found.update(piece)
            yield piece
    except _UNREADABLE as problem:
        raise _not_an_archive(problem, where) from None
    if seen != size or found.hexdigest() != seal:
        raise StoreDamaged(f"{name} does not fit its checksum", file=where)


def _not_an_archive(problem: BaseException, where: str) -> StoreDamaged:
    return StoreDamaged(f"is not a snapshot archive: {problem}", file=where)


def peek(data: bytes, where: str) -> Tip:
    """Where an archive stands, by its manifest alone; raises StoreDamaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _, manifest = _opened(archive, where)
    except _UNREADABLE as problem:
        raise StoreDamaged(f"is not a snapshot archive: {problem}", file=where) from None
    return _tip(manifest, where)


def _opened(archive: zipfile.ZipFile, where: str) -> tuple[dict[str, zipfile.ZipInfo], JsonObject]:
    """An archive's members and its manifest, both found sound."""
    infos = _checked_infos(archive, where)
    content = _member(archive, infos[_MANIFEST], MANIFEST_BYTES_MAX, where)
    manifest = _manifest(content, where)
    told = manifest.get("members")
    if not isinstance(told, dict) or {*told, _MANIFEST} != infos.keys():
        raise StoreDamaged("the manifest does not announce its members", file=where)
    return infos, manifest


def _announced(manifest: JsonObject, name: str, where: str) -> tuple[int, str]:
    members = manifest.get("members")
    due = members.get(name) if isinstance(members, dict) else None
    size = due.get("bytes") if isinstance(due, dict) else None
    if not isinstance(due, dict) or not isinstance(size, int) or not 0 <= size <= MEMBER_BYTES_MAX:
        raise StoreDamaged(f"the manifest does not announce {name}", file=where)
    return size, str(due.get("sha256"))


def _tip(manifest: JsonObject, where: str) -> Tip:
    numbers = [manifest.get(name) for name in _NUMBERS]
    digest = manifest.get("chain_digest")
    sound = all(isinstance(number, int) and number >= 0 for number in numbers)
    if not sound or not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise StoreDamaged("the manifest does not say where it stands", file=where)
    return Tip(manifest["seq"], manifest["epoch"], bytes.fromhex(digest), manifest["wall_ms"])


def _checked_infos(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    names = sorted(info.filename for info in infos)
    if names not in (sorted((_MANIFEST, *_MEMBERS)), sorted((_MANIFEST, *_MEMBERS, _SUMS))):
        raise StoreDamaged(f"members {names[:5]} are not those of a snapshot", file=where)
    for info in infos:
        if info.compress_type not in _METHODS or info.flag_bits & 1:
            raise StoreDamaged(f"{info.filename} is packed in a way that is not read", file=where)
        if info.file_size > MEMBER_BYTES_MAX:
            raise StoreDamaged(f"{info.filename} announces {info.file_size} bytes", file=where)
        if _too_dense(info):
            raise StoreDamaged(f"{info.filename} is a compression bomb", file=where)
    return {info.filename: info for info in infos}


def _too_dense(info: zipfile.ZipInfo) -> bool:
    return info.file_size > max(SMALL_BYTES_MAX, RATIO_MAX * info.compress_size)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, bytes_max: int, where: str) -> bytes:
    with archive.open(info) as member:
        content = member.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise StoreDamaged(f"{info.filename} is longer than announced", file=where)
    return content


def _manifest(content: bytes, where: str) -> JsonObject:
    manifest = loads_object(content, f"{where}/{_MANIFEST}")
    seal = manifest.pop("sha256", None)
    if hashlib.sha256(dumps(manifest)).hexdigest() != seal:
        raise StoreDamaged("the manifest does not fit its checksum", file=where)
    if manifest.get("format") != ARCHIVE_FORMAT:
        raise StoreDamaged(f"format {manifest.get('format')!r} is not known", file=where)
    return manifest
