"""From the live typed state to one durable commit.

The saver compares the live state with the store's image, document by document (``capture.py``),
and commits what differs, together with the records that go onto streams. What is captured is
captured on the caller's thread, before ``save`` returns; later changes to the live objects are not
in it.

What a restore would refuse, or give back as something else, raises ``BadValue`` before anything is
written, and changes nothing.

``save_soon`` of some documents copies what changed and goes on (``copied.py``); whoever writes
next, the writer thread as a rule, compares, proves and encodes the copies, in their order
(``Store.later``). Types, changed JSON values and records are proven on the caller's thread and
raise ``BadValue`` there. What only encoding can tell of a value that went past its model's own
checks shuts the store, and so does a change that cannot be written: its ticket fails and every one
behind it, nothing of them is written, and a store that is opened anew has what was acknowledged.
Whatever saves, flushes, closes or reads what the store holds has all of it made first.

``keys`` narrows the comparison to the documents a caller knows it touched, so that saving one trade
costs one trade. Nothing changed and nothing to append: no commit.

A host's own objects, where some are attached, are looked at in the same step and go into the same
commit (``host_capture.py``).

Threads may save at the same time: capturing and submitting are one step, so that commits are in the
order in which they were captured; waiting for the disk is not part of it. What a save looks at must
not be changed by another thread while it is captured.

A save that is interrupted before the store has taken its change in has done nothing; afterwards the
change waits like any other, and whatever is saved or written next takes it along.

What was worked out on a copy (``save_moved``) takes the place of what it was made from and of
nothing else: whatever another thread entered, replaced or changed meanwhile stays, and where it is
just that, nothing is written and ``BooksMoved`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from orjson import Fragment
from pydantic import BaseModel

from prometheus_persist.errors import BooksMoved
from prometheus_persist.journal.change import Change, Ready, rows_written
from prometheus_persist.saving.capture import Capture, Captured
from prometheus_persist.saving.copied import Copied, copied, prove
from prometheus_persist.state import SystemState
from prometheus_persist.state.documents import is_hosts, member, members, put_member
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.store import Store
from prometheus_persist.storage.tickets import Ticket

if TYPE_CHECKING:  # only a host that is attached needs it
    from prometheus_persist.saving.host_capture import HostCapture

Records = Mapping[str, Sequence[JsonObject]]
MadeFrom = Mapping[str, tuple[BaseModel, dict[str, Any]]]
"""Models under their keys, each with the values that its fields had."""


TAKEN_MAX = 16  # changes that wait for being made; with more of them a save makes them itself


@dataclass(slots=True)
class _Taken:
    """What a save copied that does not wait, and what is made of it in its turn."""

    ticket: Ticket
    capture: Capture
    why: str
    copies: dict[str, Copied]
    add: dict[str, Sequence[JsonObject]]
    texts: dict[str, Fragment]
    found: dict[str, Captured] = field(default_factory=dict)

    def made(self, before: Mapping[str, JsonObject]) -> Change:
        """The change of the documents ``before`` it; raises BadValue."""
        change = Change(self.why, add=self.add, ready=Ready(add=self.texts))
        self.found = {}
        for key, copy in self.copies.items():
            captured = self.capture.of(key, copy.model(), before.get(key))
            if captured is not None:
                self.found[key] = captured
                _put_into(change, key, captured)
        return change

    def learn(self, held: Mapping[str, JsonObject]) -> None:
        """The store holds it."""
        self.capture.learn(self.found, held)


class Saver:
    """Saves ``state`` into ``store``."""

    def __init__(self, store: Store, state: SystemState) -> None:
        self.store = store
        self.state = state
        self.host: HostCapture | None = None
        self._capture = Capture()
        self._in_order = store.order
        self._taking = store.latches.new()  # nothing is looked at meanwhile; taken after _in_order

    def save(
        self, why: str, *, keys: Iterable[str] | None = None, records: Records | None = None
    ) -> int:
        """Commit what differs; returns the sequence that then holds it.

        Raises StoreFailed; BadValue for a value that would not come back as it is.
        """
        ticket = self._submit(self.state, why, keys, records, awaited=True)
        return self.store.flush() if ticket is None else self.store.wait(ticket)

    def save_soon(
        self, why: str, *, keys: Iterable[str] | None = None, records: Records | None = None
    ) -> Ticket | None:
        """The same, durable when the ticket is done; None where nothing differs."""
        keys = None if keys is None else tuple(keys)
        ticket = None if keys is None else self._take(why, keys, records or {})
        if ticket is None:
            ticket = self._submit(self.state, why, keys, records)
            self._prove(keys or ())
        if ticket is not None:
            self.store.write_soon()
        return ticket

    def _prove(self, keys: Iterable[str]) -> None:
        """Models of such types were saved: their like need only be copied."""
        for key in keys:
            model = member(self.state, key)
            if model is not None:
                prove(model)

    def _take(self, why: str, keys: tuple[str, ...], records: Records) -> Ticket | None:
        """See what differs, and promise that it is made; None where that is not enough."""
        store = self.store
        if self.host is not None or len(store.waiting) >= TAKEN_MAX or not _writable(why, *records):
            return None
        add = {name: rows for name, rows in records.items() if rows}
        texts = rows_written(add, {})
        if texts is None:
            return None
        with self._taking:
            copies: dict[str, Copied] = {}
            for key in keys:
                model, known = member(self.state, key), self._capture.known(key)
                copy = None if model is None or known is None else copied(model, known)
                if copy is None:
                    return None
                copies[key] = copy
            if not (add or self._differ(copies)):
                return None
            taken = _Taken(store.promise(), self._capture, why, copies, add, texts)
            store.later(taken)
            return taken.ticket

    def _differ(self, copies: Mapping[str, Copied]) -> bool:
        """Whether any of them surely differs from the newest that waits for being made, or from
        what the store holds."""
        waiting: dict[str, Copied] = {}
        for each in self.store.waiting.copy():  # in one step: the writer takes them out
            waiting |= each.copies if isinstance(each, _Taken) else {}
        for key, copy in copies.items():
            last = waiting.get(key)
            known = last or self.store.documents.get(key) is copy.known.content
            if known and copy.differs(last):
                return True
        return False

    def made_from(self, keys: Iterable[str] | None = None) -> MadeFrom:
        """What the live state is now, for ``save_moved`` of what is worked out from here on."""
        if keys is None:
            return {key: (model, _fields(model)) for key, model in members(self.state)}
        found = ((key, member(self.state, key)) for key in keys)
        return {key: (model, _fields(model)) for key, model in found if model is not None}

    def save_moved(
        self,
        why: str,
        moved: SystemState,
        records: Records,
        *,
        keys: Iterable[str] | None = None,
        made_from: MadeFrom | None = None,
    ) -> int:
        """Make what differs in another state the live one, as one change, and commit it.

        The live ``SystemState`` and its dicts stay the same objects; the members that differ from
        ``made_from`` (default: from the live ones) are replaced. ``keys``: where the two can
        differ. What could not be saved is not so. Raises BooksMoved where what is to be replaced is
        not what it was made from any more. Interrupted halfway it shuts the store.
        """
        names = None if keys is None else tuple(keys)
        base = self.made_from(names) if made_from is None else made_from
        return self.store.whole(self._save_moved, why, moved, records, names, base)

    def _save_moved(
        self,
        why: str,
        moved: SystemState,
        records: Records,
        keys: tuple[str, ...] | None,
        base: MadeFrom,
    ) -> int:
        with self._in_order, self._taking:  # nobody saves the one half without the other
            before = self._replace(moved, keys, base)
            try:
                ticket = self._submit(self.state, why, keys, records, awaited=True)
            except BaseException:
                self._put(before)
                raise
        try:
            return self.store.flush() if ticket is None else self.store.wait(ticket)
        except BaseException:
            self._put(before)
            raise

    def _replace(
        self, moved: SystemState, keys: tuple[str, ...] | None, base: MadeFrom
    ) -> dict[str, BaseModel | None]:
        """Put the moved members in; what was in their place. Looked at afterwards: what is changed
        in a member once it is replaced is changed in the one that is saved."""
        if keys is None:
            due = dict(members(moved))
            keys = tuple(dict.fromkeys((*base, *due)))
        else:
            found = ((key, member(moved, key)) for key in keys)
            due = {key: model for key, model in found if model is not None}
        made = {key: base[key][0] if key in base else None for key in keys}
        differs = [key for key in keys if due.get(key) is not made[key]]
        before = {key: member(self.state, key) for key in differs}
        self._put({key: due.get(key) for key in differs})
        for key, model in before.items():
            if model is not made[key] or (model and _changed(_fields(model), base[key][1])):
                self._put(before)
                raise BooksMoved(f"{key} was changed by another thread meanwhile")
        return before

    def _put(self, models: Mapping[str, BaseModel | None]) -> None:
        for key, model in models.items():
            put_member(self.state, key, model)

    def _submit(
        self,
        state: SystemState,
        why: str,
        keys: Iterable[str] | None,
        records: Records | None,
        *,
        awaited: bool = False,
    ) -> Ticket | None:
        with self._in_order, self._taking:
            change, found = self._captured(state, why, keys, records)
            ticket = None
            if not change.empty:
                learn = partial(self._capture.learn, found)
                ticket = self.store.enqueue(change, learn, awaited=awaited)
            if self.host is not None:
                self.host.taken_in()
            return ticket

    def _captured(
        self, state: SystemState, why: str, keys: Iterable[str] | None, records: Records | None
    ) -> tuple[Change, dict[str, Captured]]:
        before = self.store.image.documents
        live: dict[str, BaseModel | None]
        if keys is None:
            live = dict(members(state))
            live |= {key: None for key in list(before) if key not in live and not is_hosts(key)}
        else:
            live = {key: member(state, key) for key in keys}
        ready = Ready()
        change = Change(why, ready=ready)
        moved: dict[str, Captured] = {}
        gone: list[str] = []
        for key, model in live.items():
            was = before.get(key)
            if model is None:
                self._capture.forget(key)
                gone += () if was is None else (key,)
                continue
            captured = self._capture.of(key, model, was)
            if captured is not None:
                moved[key] = captured
                _put_into(change, key, captured)
        added: dict[str, Sequence[JsonObject]]
        added = {name: rows for name, rows in records.items() if rows} if records else {}
        if self.host is not None:
            gone += self.host.take(why, before, change, ready, added)
        change.remove, change.add = gone, added
        return change, moved


def _put_into(change: Change, key: str, captured: Captured) -> None:
    if captured.set:
        change.set[key] = captured.set
    if captured.grow:
        change.grow[key] = captured.grow
    if captured.put:
        change.put[key] = captured.put


def _writable(*texts: str) -> bool:
    """Whether any encoding can hold them."""
    return all(map(str.isascii, texts))


def _fields(model: BaseModel) -> dict[str, Any]:
    return {**model.__dict__, **(model.__pydantic_extra__ or {})}


def _changed(now: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether any field was set since; lists in place are the copy's, too."""
    return now.keys() != before.keys() or any(now[name] is not before[name] for name in now)
