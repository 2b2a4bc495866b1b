"""Frames on their way, and who waits for them.

Who waits for his frame while another thread writes does not queue up for the files: those that had
queued up would take them one after the other, each to find that his frame was done long since, and
the frames of those who are already back would be written by twos and threes. He sleeps until his
frame is done, or it is his turn to write.

- Whoever ends a frame, well or not, wakes who waits for it.
- Whoever gives the files back wakes one whose frame is not done: a flush, the writer thread and a
  close as well (``interrupts.Turn``).
- A sleeper enters himself first and asks once more then: who ended his frame or gave the files back
  before has not seen him.
- Between giving back and waking a signal's handler may raise. So a sleeper looks after
  ``ASK_AGAIN_S`` in any case; and one who is called away hands on what he was woken for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_persist.errors import StoreFailed
from prometheus_persist.storage.interrupts import Bell, Turn

ASK_AGAIN_S = 0.05


@dataclass(slots=True)
class Ticket:
    """A frame on its way. ``wait`` returns when it is durable, or raises StoreFailed."""

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


class Asleep:
    """The frames of one committer that somebody waits for without the files."""

    def __init__(self) -> None:
        self._tickets: dict[int, Ticket] = {}  # whoever waits enters and leaves himself

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
        for ticket in self._tickets.copy().values():  # in one step: others enter and leave
            if not ticket.done and ticket.bell is not None:
                ticket.bell.ring()
                return
