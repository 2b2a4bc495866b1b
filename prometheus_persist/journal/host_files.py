"""A host's own objects as readable files: for people and for ``jq``; nothing is restored from them.

    host_<class>_<number>.json    the root, and every object that a dict holds under its own
                                  ``agent_id``, ``id`` or ``name``; the first 200 of them

A file has the attributes of its object by name, and what they lead to, down to the next object that
has a file of its own (``"see"``). Values are shown as people write them: times, decimals and enum
members as text. Of a long list the newest entries are shown, and how many there are. What is shown
already, stands in an older record elsewhere, or lies deeper than ``LEVELS`` is named by its number
(``"object"``). Secrets are not there: they are in no row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from prometheus_persist.graph.kinds import MAPPINGS
from prometheus_persist.graph.node import FAMILY, Row
from prometheus_persist.graph.rebuild import entries_of
from prometheus_persist.graph.tracker import META
from prometheus_persist.graph.values import Json
from prometheus_persist.journal.change import Image
from prometheus_persist.journal.records import Records
from prometheus_persist.state.exact_json import JsonObject, dumps

LEVELS: Final = 8
FILES_MAX: Final = 200
NEWEST: Final = 20
_PLAIN: Final = frozenset(
    {"8", "d", "t", "D", "dec", "uu", "ns", "w"}
)  # shown by their first value
_NAMES: Final = ("agent_id", "id", "name")
_STEM = re.compile(r"[^a-z0-9]")


def host_files(image: Image) -> Iterator[tuple[str, Callable[[], JsonObject]]]:
    """Name and content of every file; nothing where no host is attached."""
    meta = image.documents.get(META)
    if meta is None:
        return
    names: list[str] = meta["classes"]
    files: dict[int, str] = {}
    for oid in [meta["root"], *_own_names(image)][:FILES_MAX]:
        row = image.documents[f"{FAMILY}/{oid}"]
        files[oid] = f"host_{_class_stem(names, row)}_{oid}.json"
    inside: dict[int, Row] = {}  # what stands in the newest records, once a file is asked for
    for number, name in files.items():
        yield name, partial(_page, image, names, files, inside, number)


def _own_names(image: Image) -> Iterator[int]:
    """The instances that a dict holds under a name of their own: agents by their ids."""
    documents = image.documents
    for key, row in documents.items():
        if not key.startswith(f"{FAMILY}/") or row.get("@") not in MAPPINGS:
            continue
        for name, told in _pairs(row):
            if type(name) is str and type(told) is list and told[0] == "$":
                held = documents.get(f"{FAMILY}/{told[1]}", {})
                if type(held.get("@")) is int and any(
                    [attribute, name] in _pairs(held) for attribute in _NAMES
                ):
                    yield told[1]


def _page(
    image: Image, names: list[str], files: dict[int, str], inside: dict[int, Row], oid: int
) -> JsonObject:
    if not inside:
        for name, records in image.streams.items():
            if name.startswith(f"{FAMILY}/"):
                for record in records[-NEWEST:]:
                    _collect(record["e"], inside)
    return _Page(image, names, files, inside).of(oid)


def _collect(told: Json, inside: dict[int, Row]) -> None:
    if type(told) is dict:
        inside[told["#"]] = told
        for each in told["v"] if type(told["v"]) is list else ():
            _collect(each, inside)


def _class_stem(names: list[str], row: Row) -> str:
    return _STEM.sub("", _class_of(names, row["@"]).lower())[:40] or "object"


def _class_of(names: list[str], number: Json) -> str:
    told = names[number] if type(number) is int and 0 <= number < len(names) else f"?:{number}"
    return told.rpartition(":")[2]


def _pairs(row: Row) -> list[list[Json]]:
    return [pair for _, pair in entries_of(row)]


class _Page:
    """One file; knows what it has shown."""

    def __init__(
        self, image: Image, names: list[str], files: dict[int, str], inside: dict[int, Row]
    ) -> None:
        self._image, self._names, self._files, self._inside = image, names, files, inside
        self._shown: set[int] = set()

    def of(self, oid: int) -> JsonObject:
        self._shown.add(oid)
        row = self._image.documents[f"{FAMILY}/{oid}"]
        shown = self._instance(row, 0)
        return {"object": oid, **shown}

    def _instance(self, row: Row, level: int) -> JsonObject:
        attributes = {str(name): self._value(told, level + 1) for name, told in _pairs(row)}
        return {"class": _class_of(self._names, row["@"]), "attributes": attributes}

    def _value(self, told: Json, level: int) -> Any:
        if type(told) is dict:
            return self._row(told["#"], told, level)
        if type(told) is not list:
            return told
        tag = told[0]
        if tag == "$":
            return self._node(told[1], level)
        if tag == "x":
            return "(withheld)"
        if tag in _PLAIN and type(told[1]) in (str, float):
            return told[1]
        if tag in ("e", "E"):
            return f"{_class_of(self._names, told[1])}.{told[2]}"
        return told

    def _node(self, oid: int, level: int) -> Any:
        if oid in self._files:
            return {"see": self._files[oid]}
        row = self._image.documents.get(f"{FAMILY}/{oid}") or self._inside.get(oid)
        if row is None or oid in self._shown or level > LEVELS:
            return {"object": oid}
        return self._row(oid, row, level)

    def _row(self, oid: int, row: Row, level: int) -> Any:
        self._shown.add(oid)
        if level > LEVELS:
            return {"object": oid}
        kind = row["@"]
        if type(kind) is int:
            return self._instance(row, level)
        if kind == "L":
            records = self._image.streams.get(f"{FAMILY}/{oid}/{row['s']}") or Records()
            newest = records[max(len(records) - NEWEST, row["d"]) :]
            shown = [self._value(each["e"], level + 1) for each in newest]
            return {"entries": len(records) - row["d"], "newest": shown}
        if kind in ("l", "q", "t", "s", "fs", "nt"):
            return [self._value(each, level + 1) for each in row["v"]]
        if kind in MAPPINGS:
            pairs = _pairs(row)
            keys = [self._value(key, level + 1) for key, _ in pairs]
            return {
                key if type(key) is str else dumps(key).decode(): self._value(told, level + 1)
                for key, (_, told) in zip(keys, pairs, strict=True)
            }
        return {"object": oid, "kind": kind}
