"""A host's own objects as a part of every commit: what its tracker finds, put into the change.

Each save looks at the hot objects; saves at the end of something (a cycle, a death, the exit, a
reconciliation, by hand) look at all of them, and those at the exit also drop what nothing leads to
any more. So a commit holds the typed state, the order's intent and the host as they were at one
moment, or it holds none of them.

Between two looks at everything, a record whose attribute is written is noticed as it is
(``write_barrier.py``). What was found late all the same is said in the log
``prometheus_persist.attach``, once a class and process.

A commit that was not taken in, for whatever reason, makes the next look write everything anew.

What a host keeps beside its objects, as the counters of its loop, stands under ``host/kept``: plain
values by name, in every commit from then on in which they differ (``beside``: any such document).

How many objects of each class there are is counted where that costs nothing beside the rest: as a
host is attached, and at the exit.

What comes to more than one commit takes (the first capture, everything anew, much that is new at
once) is written whole in several (``host_pieces.py``): a kill between two of them leaves the host
as it was saved before, and the store with what the next save removes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from prometheus_persist.errors import BadValue
from prometheus_persist.graph.classes import name_of
from prometheus_persist.graph.node import GraphDelta
from prometheus_persist.graph.survey import survey
from prometheus_persist.graph.tracker import Tracker
from prometheus_persist.journal.change import Change, Ready, written
from prometheus_persist.saving.host_pieces import (
    PIECES,
    Weighed,
    left_behind,
    numbered,
    piece_bytes,
    pieces,
    refuse_too_large,
    room,
    weighed,
)
from prometheus_persist.saving.random_state import RANDOM, GlobalRandom
from prometheus_persist.saving.triggers import Trigger
from prometheus_persist.saving.write_barrier import WriteBarrier
from prometheus_persist.state.documents import is_hosts
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.store import Store

COMPLETE: Final = frozenset({Trigger.CYCLE, Trigger.DEATH, Trigger.EXIT, Trigger.MANUAL,
                             Trigger.RECONCILE})  # fmt: skip
GONE_MAX: Final = 100_000  # names that one commit removes; the next ones remove the others
KEPT: Final = "host/kept"
COUNTED: Final = "host/counted"
LOGGER: Final = "prometheus_persist.attach"


class HostCapture:
    """Looks at what is attached, whenever something is saved."""

    def __init__(
        self, store: Store, tracker: Tracker, rng: GlobalRandom, *, complete: bool = False
    ) -> None:
        self._store = store
        self.tracker, self._rng, self._complete = tracker, rng, complete
        self._waiting: GraphDelta | None = None
        self._since = 0  # the first number of what waits, where that is everything; else 0
        self._gone: list[str] = []  # what nothing leads to any more, and was not removed yet
        self._taken = False
        self._logged: set[str] = set()
        self.beside: dict[str, JsonObject] = {}
        self._barrier = WriteBarrier(tracker.note)

    def let_go(self) -> None:
        """The host's classes are its own again."""
        self._barrier.let_go()

    def keep(self, values: Mapping[str, Any]) -> None:
        """Have these values in the next save; raises BadValue for what is no plain value, and
        for what is called a secret."""
        told: JsonObject = {}
        for name, value in values.items():
            if self.tracker.policy.hidden(name):
                raise BadValue(f"{name} is called a secret; if it is none, name it in public")
            write = self.tracker.leaves[type(value)]
            if write is None:
                raise BadValue(f"{name} is a {type(value).__qualname__}, no plain value")
            told[name] = write(value)
        self.beside[KEPT] = {"values": told}

    def objects(self) -> dict[str, int]:
        """How many instances of each class there are."""
        kinds, classes = self.tracker.kinds, Counter(map(type, self.tracker.objects()))
        return dict(sorted((name_of(cls), n) for cls, n in classes.items() if kinds[cls] == "o"))

    def kept(self, documents: Mapping[str, JsonObject]) -> dict[str, Any]:
        """What was kept; raises StoreDamaged."""
        told = documents.get(KEPT, {}).get("values", {})
        read = self.tracker.leaves.read
        return {name: read(v) if type(v) is list else v for name, v in told.items()}

    @classmethod
    def first(
        cls, store: Store, tracker: Tracker, root: Any, *, complete: bool = False
    ) -> HostCapture:
        """Capture everything, for the next save; raises BadValue."""
        left = [name for name in (*store.image.documents, *store.image.streams) if is_hosts(name)]
        numbers = [int(number) for name in left if (number := name.split("/")[1]).isdecimal()]
        tracker.next = 1 + max(numbers, default=0)  # behind what a crash left of another capture
        since, delta = tracker.next, tracker.begin(root)
        delta.gone += left
        made = cls(store, tracker, GlobalRandom(), complete=complete)
        made.begin(delta, since)
        return made

    def begin(self, delta: GraphDelta, since: int = 0) -> None:
        """Have ``delta`` in the next save, together with everything else that differs; ``since``:
        where it is everything, its first number."""
        self._waiting, self._since = delta, since

    def take(
        self,
        why: str,
        before: Mapping[str, JsonObject],
        change: Change,
        ready: Ready,
        added: dict[str, Sequence[JsonObject]],
    ) -> list[str]:
        """Put what differs into a change that is being made; returns what is removed.

        Raises BadValue for an object that cannot be kept. Until ``taken_in`` says so, nothing of
        it is held to be written, whatever strikes in between.
        """
        if self._taken:
            self.tracker.broken = True
            self._rng.forget()
        self._taken = True
        delta, self._waiting = self._waiting, None
        whole = delta is not None or why == Trigger.EXIT  # then nothing is there but what is led to
        if delta is None:
            self._since = self.tracker.next if self.tracker.broken else 0
            complete = self._complete or why in COMPLETE
            delta = self._looked(complete=complete, tidy=why == Trigger.EXIT)
            self._log_late()
            if not self._complete:
                self._barrier.hold(self.tracker.guarded)
        if whole:
            self.beside[COUNTED] = {"objects": self.objects()}
        found = self._fitting(delta)
        fields = self._rng.look()
        found = self._sent_ahead(found)
        delta, own = found.delta, dict[str, JsonObject]()
        if fields:
            (change.set if RANDOM in before else own)[RANDOM] = fields
        own |= {name: row for name, row in self.beside.items() if before.get(name) != row}
        change.put.update(delta.put | own)
        change.set.update(delta.set)
        ready.put.update(found.ready.put)
        ready.set.update(found.ready.set)
        for name, row in own.items():
            ready.put[name] = written(row)
        if RANDOM in change.set:
            ready.set[RANDOM] = written(fields)
        for name, text in found.ready.add.items():
            added[name], ready.add[name] = delta.add[name], text
        gone = [*self._gone, *delta.gone]
        self._gone = gone[GONE_MAX:]
        return gone[:GONE_MAX]

    def _fitting(self, delta: GraphDelta) -> Weighed:
        """A delta as it is written; everything anew where it does not fit into one commit: only
        then nothing refers to its pieces. Raises BadValue for one object that is too large."""
        found = weighed(delta)
        if found.size <= room():
            return found
        refuse_too_large(delta, self.tracker)
        if not self._since:
            self.tracker.broken, self._since = True, self.tracker.next
            found = weighed(self._looked(complete=True, tidy=True))
            refuse_too_large(found.delta, self.tracker)
        return found

    def _sent_ahead(self, found: Weighed) -> Weighed:
        """What is to be in the commit itself: all, or, of everything, what makes it valid."""
        since, image = self._since, self._store.image
        if not since:
            return found
        delta, self._gone = found.delta, []
        left = numbered(image, 0, since)  # whatever attempts there were before
        delta.gone = list(dict.fromkeys((*delta.gone, *left)))
        if found.size <= piece_bytes():
            over = [PIECES] if PIECES in image.documents else []  # all that it tells of
            delta.gone = over + delta.gone
            return found
        for piece in pieces(delta, since, left_behind(image)):
            self._store.commit(piece)  # waited for: no more than one is there unacknowledged
        return weighed(delta)

    def _looked(self, *, complete: bool, tidy: bool) -> GraphDelta:
        """A look; where something cannot be kept, all of that with its paths."""
        try:
            return self.tracker.look(complete=complete, tidy=tidy)
        except BadValue:
            root = self.tracker.root
            if root is not None:
                name = type(root.obj).__name__.lower()
                told = survey(root.obj, self.tracker.table, self.tracker.policy, name)
                if told.problems:
                    raise BadValue("cannot be saved: " + "; ".join(told.problems)) from None
            raise

    def _log_late(self) -> None:
        for name in self.tracker.late.keys() - self._logged:
            self._logged.add(name)
            logging.getLogger(LOGGER).info("late: %s: %d", name, self.tracker.late[name])

    def taken_in(self) -> None:
        """What was taken last is a part of the store's."""
        self._taken = False
