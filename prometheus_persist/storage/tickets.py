"""Frames on their way, and who waits for them.

Who waits for his frame while another thread writes does not queue up for the files: those that had
queued up would take them one after the other, each to find that his frame was done long since, and
the frames of those who are already back would be written by twos and threes. He sleeps until his
frame is done, or it is his turn to write.

- Whoever ends a frame, well or not, wakes who waits for it.
- Whoever gives the files back wakes one whose frame is not done: a flush, the writer thread and a
  close as well (``interrupts.Turn``).
- Where many save at once, whoever writes lets three of four come first: those that were just told
  would find their frames too late by a hair, each time. One thread waits for nobody, and among few
  nobody waits for longer than a few frames take.
- A sleeper enters himself first and asks once more then: who ended his frame or gave the files back
  before has not seen him.
- A frame may be promised before its bytes are made (``Taken``): its ticket has no sequence until
  then, and whoever waits for it has it made first.
- Between giving back and waking a signal's handler may raise. So a sleeper looks after
  ``ASK_AGAIN_S`` in any case; and one who is called away hands on what he was woken for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.change import Change
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.interrupts import Bell, Turn

ASK_AGAIN_S = 0.05
GATHER_S = 0.000_075  # a crowd is waited for no longer, for each who is in it: time to make a frame
LOOK_S = 0.000_05


@dataclass(slots=True)
class Ticket:
    """A frame on its way. ``wait`` returns when it is durable, or raises StoreFailed.

    ``seq`` is 0 while nothing but what was seen is there (``Taken``)."""

    seq: int
    wall_ms: int
    _flush: Callable[[Ticket], None]
    on_durable: Callable[[], None] | None = None
    done: bool = False
    failed: str = ""
    bell: Bell | None = None  # of who waits for it asleep

    def wait(self) -> int:
        """Until it is on the disk; returns its sequence. Raises StoreFailed."""
        if not self.done:
            self._flush(self)
        return self.durable()

    def durable(self) -> int:
        """Its sequence; raises StoreFailed where it did not get to the disk."""
        if self.failed:
            raise StoreFailed(self.failed)
        return self.seq

    def wake(self) -> None:
        """It is done: wake who waits for it asleep."""
        if self.bell is not None:
            self.bell.ring()


class Taken(Protocol):
    """A change of which only what it is made of is there."""

    @property
    def ticket(self) -> Ticket:
        """Of its frame."""
        ...

    def made(self, before: Mapping[str, JsonObject]) -> Change:
        """The change, of the documents that the store holds by then; raises PersistError."""
        ...

    def learn(self, held: Mapping[str, JsonObject]) -> None:
        """The store holds it, in the documents that are ``held``."""
        ...


class Asleep:
    """The frames of one committer that somebody waits for without the files."""

    def __init__(self) -> None:
        self._tickets: dict[int, Ticket] = {}  # whoever waits enters and leaves himself
        self._crowd = 0  # how many wait at once

    @property
    def crowded(self) -> bool:
        """Whether others wait, or did a moment ago."""
        return bool(self._crowd or self._tickets)

    def count(self) -> None:
        """Before they are told: how many there are. Some may have gone home: of a crowd that is not
        seen again, an eighth is forgotten each time."""
        self._crowd = max(len(self._tickets), self._crowd * 7 // 8)

    def gather(self, pending: Callable[[], int]) -> None:
        """Let those who were just told come back, until most of them have: the frames of the others
        are made while theirs are synced."""
        due = self._crowd * 3 // 4
        if due and pending() < due:
            until_s = time.monotonic() + self._crowd * GATHER_S
            while pending() < due and time.monotonic() < until_s:
                time.sleep(LOOK_S)

    def wait(self, ticket: Ticket, files: Turn, write: Callable[[], None]) -> None:
        """Until it is done; by ``write``, with the files, where nobody else has them."""
        try:
            while not ticket.done:
                if files.acquire(blocking=False):
                    try:
                        if not ticket.done:
                            write()
                    finally:
                        files.release()
                    return
                if ticket.bell is None:
                    ticket.bell = Bell()
                    self._tickets[ticket.seq] = ticket
                else:
                    ticket.bell.wait(ASK_AGAIN_S)
        finally:
            if ticket.bell is not None:
                self._tickets.pop(ticket.seq, None)
                ticket.bell.ring()  # for another one who waits for the same
                if not ticket.done:
                    self.hand_over()

    def hand_over(self) -> None:
        """The files were given back: wake one whose frame is not done."""
        if not self._tickets:
            return
        for ticket in self._tickets.copy().values():  # in one step: others enter and leave
            if not ticket.done and ticket.bell is not None:
                ticket.bell.ring()
                return
