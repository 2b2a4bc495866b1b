"""The readable JSON layout: a projection of an image, for people, for ``jq``, and for salvage.

    checkpoint_latest.json         when, cycle, runtime, agents, sequence, every file's checksum
    public_ledger.json             accounts, rankings, the archive of the dead, newest records
    private_ledgers/<stem>.json    one agent's book and newest records
    agents/<stem>_state.json       one agent
    valhalla.json  supervisor_state.json  mastermind_state.json
    exchange_state.json            registry, open intents, orphans, freeze, watermark
    host_<class>_<number>.json     a host's own objects (``host_files.py``)
    records/<list>_<number>.json   older records, ``CHUNK_RECORDS`` each, never written again

Every file is ``{"schema_version", "file", "sequence", "saved_ms", "checksum", "text_checksum",
"head_checksum", "data"}``. All checksums are SHA-256: ``checksum`` over the canonical bytes of
``data``, which do not depend on how a file is laid out; ``text_checksum`` over the file from the
value of ``data`` on, so that a file is known to be whole without being parsed; ``head_checksum``
over the fields before it, so that a file under another's name is noticed. Files from before the
text's checksum lack it and are parsed. Records stand one to a line. Files are replaced one by one,
so they need not be in step with one another; the journal is the truth and no restore depends on
them.

A list of records moves into immutable chunks as it grows, and only files whose documents or lists
were touched are made anew, so that a checkpoint costs what changed and not what has ever happened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.change import Image
from prometheus_persist.journal.records import LINE_END, Records, plain_line
from prometheus_persist.state.exact_json import NESTING_MAX, JsonObject, dumps, loads_object, quoted
from prometheus_persist.state.names import (
    HOST,
    INTENT_LOG,
    ORPHAN_FILLS,
    PUBLIC_TRADES,
    private_trades,
)

SCHEMA_VERSION = 1
CHECKPOINT = "checkpoint_latest.json"
FOLDERS = ("agents", "private_ledgers", "records")
CHUNK_RECORDS = 100
_DATA = b',\n  "data": '
_HEAD = re.compile(
    rb'\{\n  "schema_version": (?P<schema_version>[1-9]\d{0,8}),\n  "file": (?P<file>"[^"\n]*"),\n'
    rb'  "sequence": (?P<sequence>0|[1-9]\d{0,19}),\n  "saved_ms": (?P<saved_ms>0|[1-9]\d{0,19}),\n'
    rb'  "checksum": (?P<checksum>"[0-9a-f]{64}"),\n'
    rb'  "text_checksum": (?P<text_checksum>"[0-9a-f]{64}"),\n'
    rb'  "head_checksum": "(?P<head_checksum>[0-9a-f]{64})"'
)
HEAD_BYTES = 1024  # more than a head has
_SMALL = 1 << 53
_CONSTANTS: Final = {None: b"null", True: b"true", False: b"false"}
_LINE, _LAST_LINE = b"\n      ", b"\n    "
_LOOSE = ("registry", "freeze", "unattributed", "watermark")


@dataclass(frozen=True, slots=True)
class _File:
    """One readable file: what it is made of, and how.

    ``keys`` are documents, ``families`` document families, ``lists`` its streams by field name.
    """

    name: str
    build: Callable[[], JsonObject]
    keys: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    lists: tuple[tuple[str, str, str], ...] = ()  # (field, stream, chunk label)

    def touched(self, touched: AbstractSet[str], families: AbstractSet[str]) -> bool:
        """Whether any of its sources is among the touched documents and streams; ``families`` are
        those of what was touched. Costs this file's sources, however much was touched."""
        return (
            not self.keys.isdisjoint(touched)
            or not self.families.isdisjoint(families)
            or any(stream in touched for _, stream, _ in self.lists)
        )


def project(
    image: Image, *, touched: Collection[str] | None = None, written: Collection[str] = ()
) -> Iterator[tuple[str, JsonObject]]:
    """``(file name, data)`` of every readable file but the checkpoint.

    ``touched``: only files made of these documents and streams, and chunks not yet ``written``;
    None: everything there is.
    """
    names = frozenset(touched or ())
    families = frozenset(name.partition("/")[0] for name in names)
    for file in _files(image):
        if touched is not None and not file.touched(names, families):
            continue
        data = dict(file.build())
        for field, stream, label in file.lists:
            records = image.streams.get(stream) or Records()
            sealed = len(records) // CHUNK_RECORDS
            yield from _chunks(label, records, sealed, () if touched is None else written)
            data[f"{field}_total"] = len(records)
            data[f"{field}_chunks"] = sealed
            data[field] = records.part(sealed * CHUNK_RECORDS, len(records))
        yield file.name, data


def _chunks(
    label: str, records: Records, sealed: int, written: Collection[str]
) -> Iterator[tuple[str, JsonObject]]:
    """The sealed chunks of a list, newest first, down to one that is written: the rest then is."""
    for number in reversed(range(sealed)):
        first = number * CHUNK_RECORDS
        name = f"records/{label}_{number + 1:06d}.json"
        if name in written:
            return
        yield name, {"first": first, "records": records.part(first, first + CHUNK_RECORDS)}


def _files(image: Image) -> Iterator[_File]:
    documents = image.documents

    def one(key: str) -> Callable[[], JsonObject]:
        return lambda: documents.get(key, {})

    yield _File(
        "public_ledger.json",
        lambda: {
            **documents.get("public_ledger", {}),
            "accounts": _family(documents, "public_accounts"),
        },
        keys=frozenset({"public_ledger"}),
        families=frozenset({"public_accounts"}),
        lists=(("records", PUBLIC_TRADES, "public_ledger"),),
    )
    for name, key in (
        ("valhalla.json", "valhalla"),
        ("supervisor_state.json", "supervisor"),
        ("mastermind_state.json", "mastermind"),
    ):
        yield _File(name, one(key), keys=frozenset({key}))
    yield _File(
        "exchange_state.json",
        lambda: {
            **{name: documents.get(name, {}) for name in _LOOSE},
            "intents": _family(documents, "intents"),
        },
        keys=frozenset(_LOOSE),
        families=frozenset({"intents"}),
        lists=(
            ("intent_log", INTENT_LOG, "intent_log"),
            ("orphan_fills", ORPHAN_FILLS, "orphan_fills"),
        ),
    )
    if f"{HOST}/meta" in documents:  # nothing else here is about somebody else's objects
        from prometheus_persist.journal.host_files import host_files

        for name, build in host_files(image):
            yield _File(name, build, families=frozenset({HOST}))
    for agent_id, row in documents.get("registry", {}).get("rows", {}).items():
        stem = row["file_stem"]
        agent, ledger = f"agents/{agent_id}", f"private_ledgers/{agent_id}"
        if agent in documents:
            yield _File(f"agents/{stem}_state.json", one(agent), keys=frozenset({agent}))
        if ledger in documents:
            yield _File(
                f"private_ledgers/{stem}.json",
                one(ledger),
                keys=frozenset({ledger}),
                lists=(("records", private_trades(agent_id), f"private_{stem}"),),
            )


def checkpoint(image: Image, epoch: int, saved_ms: int, checksums: Mapping[str, str]) -> JsonObject:
    """The checkpoint's ``data``: what a person reads first."""
    supervisor = image.documents.get("supervisor", {})
    return {
        "timestamp_ms": saved_ms,
        "sequence": image.seq,
        "epoch": epoch,
        "cycle_count": supervisor.get("system_cycle_count", 0),
        "runtime_hours": supervisor.get("total_runtime_hours", 0.0),
        "agent_count": sum(key.startswith("agents/") for key in image.documents),
        "record_count": len(image.streams.get(PUBLIC_TRADES, [])),
        "files": dict(sorted(checksums.items())),
    }


class Content:
    """A file's ``data`` as text, encoded once: what its checksum covers, and its lines.

    Raises BadValue for what JSON cannot hold exactly.
    """

    __slots__ = ("_canonical", "_lines", "seal")

    def __init__(self, data: JsonObject) -> None:
        """``seal`` is the checksum."""
        self._canonical: dict[str, bytes] = {}
        self._lines: list[bytes] = []
        for name, value in data.items():
            key = _text(name)
            canonical, lines = _encoded(value)
            self._canonical[name] = key + b":" + canonical
            self._lines.append(key + b": " + lines)
        seal = hashlib.sha256(b"{")
        seal.update(b",".join([self._canonical[name] for name in sorted(self._canonical)]))
        seal.update(b"}")
        self.seal = seal.hexdigest()

    def lines(self, indent: bytes) -> bytes:
        """The fields, one to a line."""
        return indent + (b",\n" + indent).join(self._lines)


def checksum(data: JsonObject) -> str:
    """SHA-256 of the canonical bytes."""
    return Content(data).seal


def _text(name: Any) -> bytes:
    """The name of a field, or a text."""
    try:
        return quoted(name).encode()
    except (TypeError, UnicodeEncodeError):
        return dumps({name: 0}).partition(b":")[0]  # which says what is wrong with it


def _encoded(value: object) -> tuple[bytes, bytes]:
    """A value as its checksum covers it, and as it is laid out: a list of objects, or an object of
    objects, has a line for each member."""
    if isinstance(value, Records):
        texts = [block.text for block in value.blocks()]  # each record is on a line already
        return _both(b"[", LINE_END.join(texts), b"]")
    if type(value) is list and value and all(isinstance(item, dict) for item in value):
        return _both(b"[", LINE_END.join([_object(item) for item in value]), b"]")
    if type(value) is dict and value and all(isinstance(item, dict) for item in value.values()):
        rows = {key: (_text(key), _object(item)) for key, item in value.items()}
        canonical = b",".join([b":".join(rows[key]) for key in sorted(rows)])
        lines = (b"," + _LINE).join([b": ".join(row) for row in rows.values()])
        return b"{" + canonical + b"}", b"{" + _LINE + lines + _LAST_LINE + b"}"
    text = _plain(value)
    return text, text


def _both(first: bytes, lines: bytes, last: bytes) -> tuple[bytes, bytes]:
    """Members that stand on lines, as they are covered and as they are laid out."""
    if not lines:
        return first + last, first + last
    laid_out = first + _LINE + lines.replace(LINE_END, b"," + _LINE) + _LAST_LINE + last
    return first + lines.replace(LINE_END, b",") + last, laid_out


def _object(item: JsonObject) -> bytes:
    return plain_line(item) or dumps(item, nesting_max=NESTING_MAX - 2)


def _plain(value: Any) -> bytes:
    """Any value; most are a text, a small number, or nothing."""
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is int and abs(value) < _SMALL:
        return b"%d" % value
    if value is None or kind is bool:
        return _CONSTANTS[value]
    found = plain_line(value) if kind is dict else None
    return found or dumps(value, nesting_max=NESTING_MAX - 1)


def wrap(name: str, data: JsonObject | Content, seal: str, seq: int, saved_ms: int) -> bytes:
    """The bytes of the file ``name``; ``seal`` is the checksum of ``data``."""
    content = data if isinstance(data, Content) else Content(data)
    text = b"{\n" + content.lines(b"    ") + b"\n  }\n}\n"
    head: JsonObject = {
        "schema_version": SCHEMA_VERSION,
        "file": name,
        "sequence": seq,
        "saved_ms": saved_ms,
        "checksum": seal,
        "text_checksum": hashlib.sha256(text).hexdigest(),
    }
    head["head_checksum"] = checksum(head)
    return b"{\n" + Content(head).lines(b"  ") + _DATA + text


def vouch(name: str, content: bytes, where: str) -> tuple[str, int]:
    """The checksum of a whole file's ``data`` and its sequence; raises what ``unwrap`` raises.

    A file that is to the byte what was written is known by its checksums; any other is parsed.
    """
    head, _, text = content.partition(_DATA)
    found = _HEAD.fullmatch(head)
    if found is not None and found["file"] == quoted(name).encode("utf-8", "surrogatepass"):
        fields = found.groupdict()
        seal = fields.pop("head_checksum").decode()
        canonical = b",".join(b'"%s":%s' % (key.encode(), fields[key]) for key in sorted(fields))
        if (
            hashlib.sha256(text).hexdigest() == found["text_checksum"][1:-1].decode()
            and hashlib.sha256(b"{" + canonical + b"}").hexdigest() == seal
            and found["schema_version"] == b"%d" % SCHEMA_VERSION
        ):
            return found["checksum"][1:-1].decode(), int(found["sequence"])
    data, seq = unwrap(name, content, where)
    return checksum(data), seq


def saved_ms(content: bytes) -> int:
    """When a whole file says that it was saved, Unix ms; 0 where its head is not as it is made."""
    found = _HEAD.match(content[:HEAD_BYTES])
    return int(found["saved_ms"]) if found is not None else 0


def unwrap(name: str, content: bytes, where: str) -> tuple[JsonObject, int]:
    """A file's ``data`` and sequence; raises StoreDamaged where it does not fit its checksums."""
    found = loads_object(content, where)
    data, seq = found.pop("data", None), found.get("sequence")
    seal = found.pop("head_checksum", None)
    if not content.endswith(b"}\n"):
        raise StoreDamaged("its end is missing", file=where, offset=len(content))
    if found.get("schema_version") != SCHEMA_VERSION:
        raise StoreDamaged(f"schema version {found.get('schema_version')!r}", file=where)
    if not isinstance(data, dict) or not isinstance(seq, int) or isinstance(seq, bool):
        raise StoreDamaged("lacks data or sequence", file=where)
    if checksum(data) != found.get("checksum"):
        raise StoreDamaged("does not fit its checksum", file=where)
    if checksum(found) != seal:
        raise StoreDamaged("its head does not fit its checksum", file=where)
    text = hashlib.sha256(content.partition(_DATA)[2]).hexdigest()
    if found.get("text_checksum", text) != text:
        raise StoreDamaged("its text is not what was written", file=where)
    if found.get("file") != name:
        raise StoreDamaged(f"is the file {found.get('file')!r} under another name", file=where)
    return data, seq


def _family(documents: Mapping[str, JsonObject], family: str) -> JsonObject:
    head = f"{family}/"
    return {key[len(head) :]: item for key, item in documents.items() if key.startswith(head)}
