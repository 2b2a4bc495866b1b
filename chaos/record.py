"""The run record: one ndjson file per scenario, the only thing that judges see.

One line is one event: an object with ``event`` (what), ``by`` (``runner`` or ``child``), ``run``
(which child, counted from 1; 0 for the runner), ``t`` (seconds on the machine's monotonic clock,
which all processes of a machine share) and the event's own fields. The runner and the running child
append to the same file, so that its order is the order in which things happened.

A line is written by one call on an O_APPEND descriptor and starts with a newline of its own: a line
torn by a SIGKILL stays one unreadable line and never swallows the next one. ``read`` counts such
lines; the judge decides what they mean.

| event | by | said when |
|---|---|---|
| scenario | runner | name, seed |
| spawn, exit | runner | a child was started; it ended (``code``, negative for a signal) |
| inject | runner | something was done to the exchange while the trader was away |
| damage | runner | bytes on disk were changed |
| files | runner | hashes of the ledger files |
| dump | runner | a read-only restore: sequence, documents, streams, damages |
| truth | runner | the exchange's own books |
| point, moment | runner | one kill point of a sweep; one restored moment of a long history |
| swept, looked_back | runner | all points of a share, all moments: gone through to the end |
| opened, woke, recovered, approved, reconciled | child | restored; own dump; what it came to |
| begin, durable | child | a commit is about to be written; it was acknowledged |
| held | child | a save returned: hash of the child's own live objects that it was about |
| order | child | about to be sent, answered, refused, or unanswered |
| armed, fired | child | the fault stands ready; it strikes now |
| cycle, death, frozen, refused_save, stopped, end | child | the course of the run |
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.digest import JsonObject

RUNNER = "runner"
CHILD = "child"


class Voice:
    """Appends events to a record; opened by path or on a descriptor that was handed down."""

    def __init__(self, target: Path | int, *, by: str, run: int) -> None:
        self._descriptor = (
            target
            if isinstance(target, int)
            else os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        )
        self._by = by
        self._run = run

    def say(self, event: str, **fields: Any) -> None:
        """Append one event; it survives a SIGKILL that comes right after the return."""
        line = {"event": event, "by": self._by, "run": self._run, "t": time.monotonic(), **fields}
        data = memoryview(("\n" + json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8"))
        while data:
            data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Record:
    """A whole run as it was recorded."""

    events: tuple[JsonObject, ...]
    torn_lines: int = 0
    path: Path | None = None

    def of(self, *names: str, run: int | None = None) -> Iterator[JsonObject]:
        """The events of these names, in order, of one run or of all."""
        return (
            event
            for event in self.events
            if event["event"] in names and (run is None or event["run"] == run)
        )

    def first(self, name: str, run: int | None = None) -> JsonObject | None:
        """The first event of that name."""
        return next(self.of(name, run=run), None)

    def decisions(self) -> list[JsonObject]:
        """What each child's start came to: its recovery, or the approval that took its place."""
        return [
            event
            for event in self.of("recovered", "approved")
            if event["event"] == "approved" or self.first("approved", event["run"]) is None
        ]

    def last(self, name: str, run: int | None = None) -> JsonObject | None:
        """The last event of that name."""
        return next(iter(reversed(list(self.of(name, run=run)))), None)


def read(path: Path) -> Record:
    """The record in ``path``; unreadable lines are counted, not raised."""
    tail = Tail(path)
    return Record(tuple(tail.news()), tail.torn_lines, path)


@dataclass(slots=True)
class Tail:
    """Follows a record while it grows."""

    path: Path
    torn_lines: int = 0
    _offset: int = 0
    _rest: bytes = field(default=b"")

    def news(self) -> list[JsonObject]:
        """The events appended since the last call, whole lines only."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            fresh = file.read()
        self._offset += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        found = []
        for line in lines:
            event = _event(line)
            if event is not None:
                found.append(event)
            elif line.strip():
                self.torn_lines += 1
        return found


def _event(line: bytes) -> JsonObject | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
