"""From the live typed state to one durable commit.

The saver compares the live state with the store's image, document by document (``capture.py``),
and commits what differs, together with the records that go onto streams. What is captured is
captured on the caller's thread, before ``save`` returns; later changes to the live objects are not
in it.

What a restore would refuse, or give back as something else, raises ``BadValue`` before anything is
written, and changes nothing.

``keys`` narrows the comparison to the documents a caller knows it touched, so that saving one trade
costs one trade. Nothing changed and nothing to append: no commit.

Threads may save at the same time: capturing and submitting are one step, so that commits are in the
order in which they were captured; waiting for the disk is not part of it. What a save looks at must
not be changed by another thread while it is captured.

A save that is interrupted before the store has taken its change in has done nothing; afterwards the
change waits like any other, and whatever is saved or written next takes it along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_persist.journal.change import Change, Ready
from prometheus_persist.saving.capture import Capture, Captured
from prometheus_persist.state import SystemState
from prometheus_persist.state.documents import member, members
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.committer import Ticket
from prometheus_persist.storage.store import Store

Records = Mapping[str, Sequence[JsonObject]]


class Saver:
    """Saves ``state`` into ``store``."""

    def __init__(self, store: Store, state: SystemState) -> None:
        self.store = store
        self.state = state
        self._capture = Capture()
        self._in_order = store.latches.new()

    def save(
        self, why: str, *, keys: Iterable[str] | None = None, records: Records | None = None
    ) -> int:
        """Commit what differs; returns the sequence that then holds it.

        Raises StoreFailed; BadValue for a value that would not come back as it is.
        """
        ticket = self._submit(self.state, why, keys, records)
        return self.store.flush() if ticket is None else self.store.wait(ticket)

    def save_soon(
        self, why: str, *, keys: Iterable[str] | None = None, records: Records | None = None
    ) -> Ticket | None:
        """The same, durable when the ticket is done; None where nothing differs."""
        ticket = self._submit(self.state, why, keys, records)
        if ticket is not None:
            self.store.write_soon()
        return ticket

    def save_moved(
        self,
        why: str,
        moved: SystemState,
        records: Records,
        *,
        keys: Iterable[str] | None = None,
    ) -> int:
        """Commit another state as one change, and only then make it the live one, in place.

        The live ``SystemState`` object stays the same; its members are replaced. ``keys``: where
        the two can differ. Interrupted halfway it shuts the store.
        """
        return self.store.whole(self._save_moved, why, moved, records, keys)

    def _save_moved(
        self, why: str, moved: SystemState, records: Records, keys: Iterable[str] | None
    ) -> int:
        ticket = self._submit(moved, why, keys, records)
        seq = self.store.flush() if ticket is None else self.store.wait(ticket)
        for name in moved.__dataclass_fields__:
            setattr(self.state, name, getattr(moved, name))
        return seq

    def _submit(
        self, state: SystemState, why: str, keys: Iterable[str] | None, records: Records | None
    ) -> Ticket | None:
        with self._in_order:
            change, found = self._captured(state, why, keys, records)
            if change.empty:
                return None
            ticket = self.store.enqueue(change)
            self._capture.learn(found)
            return ticket

    def _captured(
        self, state: SystemState, why: str, keys: Iterable[str] | None, records: Records | None
    ) -> tuple[Change, dict[str, Captured]]:
        before = self.store.image.documents
        if keys is None:
            live = dict(members(state))
            gone = [key for key in list(before) if key not in live]
        else:
            found = {key: member(state, key) for key in keys}
            live = {key: model for key, model in found.items() if model is not None}
            gone = [key for key in found if key not in live and key in before]
        ready, moved = Ready(), dict[str, Captured]()
        for key, model in live.items():
            captured = self._capture.of(key, model, before.get(key))
            if captured is not None:
                moved[key] = captured
                ready.documents[key] = captured.content
                if captured.put:
                    ready.put[key] = captured.put
                if captured.set:
                    ready.set[key] = captured.set
                if captured.grow:
                    ready.grow[key] = captured.grow
        for key in gone:
            self._capture.forget(key)
        added = {name: rows for name, rows in records.items() if rows} if records else {}
        return Change(why, remove=gone, add=added, ready=ready), moved
