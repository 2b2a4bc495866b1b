"""From the live typed state to one durable commit.

The saver compares the documents of the live state with those of the store's image and commits what
differs, together with the records that go onto streams. What is captured is captured on the
caller's thread, before ``save`` returns; later changes to the live objects are not in it.

Before anything is written, every document is read back and compared with the live value: what a
restore would refuse, or give back as something else, raises ``BadValue`` and changes nothing.

``keys`` narrows the comparison to the documents a caller knows it touched, so that saving one trade
costs one trade. Nothing changed and nothing to append: no commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_persist.journal.change import Change
from prometheus_persist.state import SystemState, changed_documents, to_documents
from prometheus_persist.state.documents import documents_of, refuse_inexact
from prometheus_persist.state.exactjson import JsonObject
from prometheus_persist.storage.committer import Ticket
from prometheus_persist.storage.store import Store

Records = Mapping[str, Sequence[JsonObject]]


class Saver:
    """Saves ``state`` into ``store``."""

    def __init__(self, store: Store, state: SystemState) -> None:
        self.store = store
        self.state = state

    def save(
        self, why: str, *, keys: Iterable[str] | None = None, records: Records | None = None
    ) -> int:
        """Commit what differs; returns the sequence that then holds it.

        Raises StoreFailed; BadValue for a value that would not come back as it is.
        """
        change = self._captured(why, keys, records)
        return self.store.flush() if change.empty else self.store.commit(change)

    def save_soon(
        self, why: str, *, keys: Iterable[str] | None = None, records: Records | None = None
    ) -> Ticket | None:
        """The same, durable when the ticket is done; None where nothing differs."""
        change = self._captured(why, keys, records)
        return None if change.empty else self.store.submit(change)

    def _captured(self, why: str, keys: Iterable[str] | None, records: Records | None) -> Change:
        before = self.store.image.documents
        if keys is None:
            after = to_documents(self.state)
            looked_at: Iterable[str] = before.keys()
        else:
            looked_at = tuple(keys)
            after = documents_of(self.state, looked_at)
        put = changed_documents(before, after)
        refuse_inexact(self.state, put)
        return Change(
            why,
            put=put,
            remove=tuple(key for key in looked_at if key in before and key not in after),
            add={name: rows for name, rows in (records or {}).items() if rows},
        )

    def save_moved(self, why: str, moved: SystemState, records: Records) -> int:
        """Commit another state as one change, and only then make it the live one, in place.

        The live ``SystemState`` object stays the same; its members are replaced.
        """
        seq = Saver(self.store, moved).save(why, records=records)
        for name in moved.__dataclass_fields__:
            setattr(self.state, name, getattr(moved, name))
        return seq
