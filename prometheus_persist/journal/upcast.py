"""Schema versions of what is stored, and how an older one becomes the present one.

The frame format says how bytes are framed; the schema says what documents and records mean. A
segment's OPEN frame and a snapshot's manifest carry it; where neither does, it is 1. One number
stands for all documents and streams, so that one commit has one schema.

``UPCASTERS[n]`` takes a document or record of schema n to n + 1, given the key or stream it is
under. Steps are applied on the way in, one after the other, to images and to changes alike; nothing
on disk is rewritten for it, and the next writer writes the present schema.

    1 → 2   commits may also set single fields of documents and let lists in them grow; documents
            and records are what they were
    2 → 3   more fields, absent before: an intent's child, parent and expTime, the account's
            identity, the registry's epoch ahead, a contract's size with each execution; records of
            what is written, set aside or rescaled without an execution
    3 → 4   a host's own objects under ``host/``; what a commit removes may be a stream
    4 → 5   a snapshot may keep what its records come to; documents and records are what they were

From schema 2 on a step may be given some fields of a document only; what a list grew by is not
given to it, so a step that changes the entries of a list has to take that on.

Rules for whoever adds a step: raise ``SCHEMA`` by one, add the step under the old number, never
change a step that was released, and add a golden store of the new schema to the tests.

Raises ``StoreNewer`` for a schema beyond ``SCHEMA``: an older library does not guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_persist.errors import StoreDamaged, StoreNewer
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.records import Records
from prometheus_persist.state.exact_json import JsonObject, dumps, loads_object

SCHEMA = 5
Step = Callable[[str, JsonObject], JsonObject]


def opening(segment: str, *, mirror: bool = True, reserved: bool = False) -> bytes:
    """The payload of the OPEN frame that begins a segment; it says where there is no mirror, and
    where space is reserved ahead of what is written."""
    told: JsonObject = {"schema": SCHEMA, "segment": segment}
    told |= {} if mirror else {"mirror": False}
    return dumps({**told, "reserved": True} if reserved else told)


def schema_in(found: JsonObject, where: str) -> int:
    """The schema that an OPEN payload or a manifest names; raises StoreNewer, StoreDamaged."""
    schema = found.get("schema", 1)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise StoreDamaged(f"schema {schema!r} is not a version", file=where)
    if schema > SCHEMA:
        raise StoreNewer(
            f"{where} was written with schema {schema}, this version reads up to {SCHEMA}"
        )
    return schema


def schema_of(payload: bytes, where: str) -> int:
    """The schema of the segment that this OPEN frame begins."""
    return schema_in(loads_object(payload, where), where)


def as_it_was(schema: int) -> bool:
    """Whether every document and record of a schema is the same in the present one."""
    return all(UPCASTERS[version] is _as_it_was for version in range(schema, SCHEMA))


def upcast_change(change: Change, schema: int) -> Change:
    """The same change in the present schema."""
    if as_it_was(schema):
        return change
    return Change(
        change.why,
        {key: _upcast(key, item, schema) for key, item in change.put.items()},
        change.remove,
        {
            name: [_upcast(name, record, schema) for record in records]
            for name, records in change.add.items()
        },
        {key: _upcast(key, fields, schema) for key, fields in change.set.items()},
        change.grow,
    )


def upcast_image(image: Image, schema: int) -> Image:
    """The same image in the present schema."""
    if as_it_was(schema):
        return image
    whole = upcast_change(Change("", image.documents, (), image.streams), schema)
    streams = {name: Records(records) for name, records in whole.add.items()}
    return Image(dict(whole.put), streams, image.seq, image.time_ms)


def _upcast(name: str, item: JsonObject, schema: int) -> JsonObject:
    for version in range(schema, SCHEMA):
        item = UPCASTERS[version](name, item)
    return item


def _as_it_was(_name: str, item: JsonObject) -> JsonObject:
    return item


UPCASTERS: Mapping[int, Step] = dict.fromkeys(range(1, SCHEMA), _as_it_was)
