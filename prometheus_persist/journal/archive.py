"""A snapshot archive: a whole image in one zip, checked end to end.

    manifest.json    format, store, seq, epoch, chain digest, wall time, and size and SHA-256 of
                     every other member; its own SHA-256 over the rest of it
    documents.json   every document, canonical JSON
    streams.ndjson   every record, one line each: ["stream", {record}]

The same image gives the same bytes (members are stored under the snapshot's own time). Reading
bounds everything before it allocates: member names must be exactly these three, sizes and ratio are
capped, links and paths have no place to be.

Raises ``StoreDamaged`` naming the archive and the member.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from datetime import UTC, datetime

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.change import Image
from prometheus_persist.journal.frame import DIGEST_BYTES, Tip
from prometheus_persist.state.exactjson import JsonObject, dumps, loads, loads_object

ARCHIVE_FORMAT = 1
MEMBER_BYTES_MAX = 2 * 1024 * 1024 * 1024
MANIFEST_BYTES_MAX = 64 * 1024
RATIO_MAX = 2_000
_MEMBERS = ("documents.json", "streams.ndjson")
_MANIFEST = "manifest.json"


def pack(image: Image, tip: Tip) -> bytes:
    """The archive's bytes for an image whose last frame was ``tip``."""
    members = {
        "documents.json": dumps(image.documents),
        "streams.ndjson": b"".join(
            dumps([name, record]) + b"\n"
            for name in sorted(image.streams)
            for record in image.streams[name]
        ),
    }
    manifest: JsonObject = {
        "format": ARCHIVE_FORMAT,
        "seq": tip.seq,
        "epoch": tip.epoch,
        "chain_digest": tip.digest.hex(),
        "time_ms": image.time_ms,
        "wall_ms": tip.wall_ms,
        "members": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
        },
    }
    manifest["sha256"] = hashlib.sha256(dumps(manifest)).hexdigest()
    when = datetime.fromtimestamp(max(image.time_ms, 315_532_800_000) / 1000, UTC).timetuple()[:6]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in {_MANIFEST: dumps(manifest), **members}.items():
            info = zipfile.ZipInfo(name, date_time=when)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def unpack(data: bytes, where: str) -> tuple[Image, Tip]:
    """The image and its tip; raises StoreDamaged for all that pack did not write."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = _checked_infos(archive, where)
            manifest = _manifest(
                _member(archive, infos[_MANIFEST], MANIFEST_BYTES_MAX, where), where
            )
            members = {}
            for name in _MEMBERS:
                due = manifest["members"][name]
                content = _member(archive, infos[name], int(due["bytes"]), where)
                if hashlib.sha256(content).hexdigest() != due["sha256"]:
                    raise StoreDamaged(f"{name} does not fit its checksum", file=where)
                members[name] = content
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValueError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as problem:
        raise StoreDamaged(f"is not a snapshot archive: {problem}", file=where) from None
    image = Image(seq=manifest["seq"], time_ms=manifest["time_ms"])
    image.documents = loads_object(members["documents.json"], f"{where}/documents.json")
    for number, line in enumerate(members["streams.ndjson"].splitlines()):
        name, record = loads(line, f"{where}/streams.ndjson line {number + 1}")
        image.streams.setdefault(name, []).append(record)
    digest = bytes.fromhex(manifest["chain_digest"])
    if len(digest) != DIGEST_BYTES:
        raise StoreDamaged("chain digest of a wrong length", file=where)
    return image, Tip(manifest["seq"], manifest["epoch"], digest, manifest["wall_ms"])


def _checked_infos(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    names = sorted(info.filename for info in infos)
    if names != sorted((_MANIFEST, *_MEMBERS)):
        raise StoreDamaged(f"members {names[:5]} are not those of a snapshot", file=where)
    for info in infos:
        if info.file_size > MEMBER_BYTES_MAX:
            raise StoreDamaged(f"{info.filename} announces {info.file_size} bytes", file=where)
        if info.file_size > RATIO_MAX * max(info.compress_size, 1):
            raise StoreDamaged(f"{info.filename} is a compression bomb", file=where)
    return {info.filename: info for info in infos}


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
