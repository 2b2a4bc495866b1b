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

The first capture may be large. Its records go ahead, in pieces under a name that nothing refers
to yet; the commit that writes ``host/meta`` makes them valid. What a crash leaves of them is
removed by that commit.
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
from prometheus_persist.saving.random_state import RANDOM, GlobalRandom
from prometheus_persist.saving.triggers import Trigger
from prometheus_persist.saving.write_barrier import WriteBarrier
from prometheus_persist.state.documents import is_hosts
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.store import Store

COMPLETE: Final = frozenset({Trigger.CYCLE, Trigger.DEATH, Trigger.EXIT, Trigger.MANUAL,
                             Trigger.RECONCILE})  # fmt: skip
PIECE_RECORDS: Final = 2000
KEPT: Final = "host/kept"
COUNTED: Final = "host/counted"
LOGGER: Final = "prometheus_persist.attach"


class HostCapture:
    """Looks at what is attached, whenever something is saved."""

    def __init__(self, tracker: Tracker, rng: GlobalRandom, *, complete: bool = False) -> None:
        self.tracker, self._rng, self._complete = tracker, rng, complete
        self._waiting: GraphDelta | None = None
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
        delta = tracker.begin(root)
        delta.gone += left
        made = cls(tracker, GlobalRandom(), complete=complete)
        made.begin(store, delta)
        return made

    def begin(self, store: Store, delta: GraphDelta) -> None:
        """Have ``delta`` in the next save, together with everything else that differs."""
        for name, records in delta.add.items():
            while len(records) > PIECE_RECORDS:
                store.commit(Change("attaching", add={name: records[:PIECE_RECORDS]}))
                del records[:PIECE_RECORDS]
        self._waiting = delta

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
            complete = self._complete or why in COMPLETE
            delta = self._looked(complete=complete, tidy=why == Trigger.EXIT)
            self._log_late()
            if not self._complete:
                self._barrier.hold(self.tracker.guarded)
        if whole:
            self.beside[COUNTED] = {"objects": self.objects()}
        fields = self._rng.look()
        if fields:
            (delta.set if RANDOM in before else delta.put)[RANDOM] = fields
        delta.put |= {name: row for name, row in self.beside.items() if before.get(name) != row}
        for name, row in delta.put.items():
            change.put[name], ready.put[name] = row, written(row)
        for name, row in delta.set.items():
            change.set[name], ready.set[name] = row, written(row)
        for name, records in delta.add.items():
            if records:
                added[name], ready.add[name] = records, written(records)
        return delta.gone

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
