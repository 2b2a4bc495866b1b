"""One writer's life with a store, without an exchange: opened, saved to, closed.

- ``open`` takes the lock, verifies, restores, repairs and begins a new epoch.
- What is made beside the loop (readable files, snapshots, clean-up) and fails there is raised by
  the next call: by calls that only save once they have done their work, by all others before they
  begin, so that calling again is right in either case. ``close`` waits, and raises the last of it.
- A call that a signal's handler ends by an exception has done nothing, or is finished, or the
  session is shut: every later call that would change anything raises StoreFailed, ``close``
  included, which still lets go of everything.

What trades on top of it is ``session.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from prometheus_persist.clock import Clock, IdSource, SystemClock, SystemIds
from prometheus_persist.commands import options_for
from prometheus_persist.saving import IntentGate, Saver, Trigger, actions_due
from prometheus_persist.saving.triggers import SaveAction
from prometheus_persist.session.closing import closed
from prometheus_persist.session.context import SessionContext
from prometheus_persist.session.dirty import Marks, keys_of
from prometheus_persist.session.joining import joined
from prometheus_persist.session.maintenance import Upkeep
from prometheus_persist.session.opening import Opened, opening
from prometheus_persist.session.settings import Settings
from prometheus_persist.session.stopping import Stops
from prometheus_persist.state import Agent
from prometheus_persist.storage.audit_log import AuditLog
from prometheus_persist.storage.collecting import held_off
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import edges, given_back
from prometheus_persist.storage.store import Observer, Store
from prometheus_persist.storage.tickets import Ticket

if TYPE_CHECKING:  # only a host that is attached needs it
    from prometheus_persist.saving.host_capture import HostCapture
    from prometheus_persist.session.host_views import HostSide

OBJECTS_EACH = 8  # that a document and its model are made of, about


@edges
class StoreWriter:
    """From ``open`` to ``close``. ``state`` is live: change it, then save."""

    def __init__(self, parts: Opened, stops: Stops) -> None:
        self._stops = stops
        self.directory = parts.directory
        self.state = parts.state
        self.restored = parts.found.facts
        self.settings = settings = parts.settings
        self._lock = parts.lock
        self._store = store = parts.store
        self._clock = clock = parts.clock
        self.latches = store.latches
        self._saver = Saver(store, self.state)
        valid_ms = settings.order_valid_ms
        self._gate = IntentGate(self._saver, clock, parts.lane, order_valid_ms=valid_ms)
        self._gate.options = options_for(parts.directory, "", live=False)
        log = AuditLog(parts.fs, parts.lock.fence, store.epoch)
        context = (self.state, settings, clock, store, self._saver, self._gate, log)
        self._context = SessionContext(*context, parts.found.time_ms, self.directory)
        self._context.kept = parts.found.image.sums
        parts.found.image.sums = None
        self._marks = Marks(store.latches)
        self._upkeep = Upkeep(store, parts.fs, clock, settings, parts.base_seq, self._context.sums)

    @classmethod
    def open(
        cls,
        directory: Path | str,
        *,
        fs: Fs | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        settings: Settings | None = None,
        observer: Observer | None = None,
        signals: bool = False,
        take_over: bool = False,
        visit: bool = False,
    ) -> Self:
        """Lock, restore, repair, take over as a new epoch.

        Without ``settings`` those of ``settings_sources.py`` count; what counts is written down.
        ``signals``: Ctrl+C and SIGTERM end it once a step is done, everything saved, with 130 or
        143 (``stopping.py``). ``visit``: for a single command, by what the store's host wrote down
        and without writing anything down. ``take_over``: even from a process that is stopped and
        still holds the lock; it is fenced off and can no longer write. Raises StoreLocked,
        StoreDamaged, StoreFailed, BadConfig.
        """
        at = (Path(directory), fs, clock or SystemClock(), ids or SystemIds(), settings, observer)
        stops, session = Stops(signals=signals), None
        try:
            with held_off(), opening(*at, take_over=take_over, visit=visit) as parts:
                session = cls(parts, stops)
                session._begin(parts)
            session._put_aside()
            return session
        except BaseException:
            stops.end()
            if session is not None:
                session._let_go()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        """Close: saving everything, but where an exception left a step half done."""
        self._stops.left(problem, self.close, lambda: self._store.tip.seq)

    @property
    def fresh(self) -> bool:
        """Whether there was nothing to restore."""
        return self.restored.fresh

    @property
    def epoch(self) -> int:
        """This writer's epoch."""
        return self._store.epoch

    @property
    def seq(self) -> int:
        """The last durable commit."""
        return self._store.tip.seq

    def add_agent(self, agent: Agent, *, trigger: str = Trigger.BIRTH) -> None:
        """Register an agent with both its ledgers, durably; raises BadValue if it is there.

        The public account takes over the record that the agent brings.
        """
        self.add_agents([agent], trigger=trigger)

    def add_agents(self, agents: Iterable[Agent], *, trigger: str = Trigger.BIRTH) -> None:
        """Register many in one commit: all of them or none. The registry is written once."""
        self._attend()
        with self._gate.turn:  # nothing is corrected meanwhile
            joined(self._saver, agents, trigger)

    def save(self, trigger: str) -> int:
        """Save what changed, durably; returns the sequence.

        Everything is looked at; with ``Settings(detect="marked")`` what was marked, nothing else.
        """
        seq = self._save(trigger)
        self._attend()
        return seq

    def mark(self, *agents: str, documents: Iterable[str] = ()) -> None:
        """Say what was changed: agents (with both ledgers) and documents by key.

        Counts with ``Settings(detect="marked")``: then the next ``save``, cycle or death saves what
        is marked, at a cost that does not depend on how much else there is. ``close`` looks at
        everything in any case. Raises BadValue for a key that no document has.
        """
        self._marks.add(agents, documents)

    def save_soon(self, trigger: str, agents: Iterable[str] | None = None) -> Ticket | None:
        """Capture now, return at once; durable when the ticket is done. None: nothing differs.

        ``agents`` narrows it to these agents and their ledgers, and to a copy of them: the writer
        thread encodes it. Raises BadValue for a value that would not come back as it is. One that
        went past its model's own checks, a NaN by ``model_copy``, may be told of by the ticket
        alone, as StoreFailed: the session is shut then.
        """
        self._attend()
        keys = None if agents is None else [key for name in agents for key in keys_of(name)]
        return self._saver.save_soon(trigger, keys=keys)

    def on_trade(self, agent_id: str) -> int:
        """Save what a trade touches: the agent and both its ledgers."""
        seq = self._saver.save(Trigger.TRADE, keys=keys_of(agent_id))
        self._attend()
        return seq

    def on_agent_death(self, agent_id: str) -> int:
        """Save everything the death of an agent touches, at once."""
        seq = self._carry_out(Trigger.DEATH, actions_due(Trigger.DEATH))
        assert seq is not None, f"the death of {agent_id} was not saved"
        return seq

    def take_along(
        self, made: Callable[[Store], HostCapture], host: HostSide | None = None
    ) -> HostCapture:
        """Save a host's own objects with everything else from now on: by what ``made`` makes of the
        store (``attaching.py``). ``host``: whose books are compared with ours."""
        self._attend()
        self._saver.host = made(self._store)
        self._context.host = host
        return self._saver.host

    def pause(self, seconds: float) -> None:
        """Wait between two cycles; with ``signals`` a signal ends it."""
        self._stops.pause(self._clock, seconds)
        self._rest()

    def checkpoint(self) -> list[str]:
        """Refresh the readable files, on this thread; returns those that changed."""
        names = self._store.checkpoint()
        self._attend()
        return names

    def snapshot(self) -> str:
        """Write and verify a full archive, on this thread; returns its path."""
        path = self._upkeep.snapshot()
        self._attend()
        return path

    def wait(self) -> None:
        """Until what is being made beside the loop is done; raises what failed there."""
        self._upkeep.beside.wait()
        self._attend()

    def close(self, *, save: bool = True) -> None:
        """Save, refresh the readable files, give the lock back. ``save=False`` only lets go.

        Waits for what is done beside the loop; what failed there is raised once all is closed.
        """
        parts = (self._store, self._gate, self._saver, self._upkeep.beside, self._let_go)
        self._store.whole(closed, *parts, save=save)

    def digest(self) -> str:
        """SHA-256 of everything that is durable: equal states, equal digests."""
        return self._store.image.digest()

    def _rest(self) -> None:
        self._stops.rest(self.close, lambda: self._store.tip.seq)

    def _let_go(self) -> None:
        try:
            self._store.whole(self._store.close)  # shut, and why, before the lock is anybody's
        finally:
            self._store.refuse()
            given_back(self._lock.release)
            self._stops.end()
            if self._saver.host is not None:
                self._saver.host.let_go()
            self._context.aside.give_back()

    def _put_aside(self) -> None:
        """The collector need not look through what stays: the image, the state, the index."""
        documents, booked = self._store.image.documents, self._context.index.booked
        self._context.aside.put(OBJECTS_EACH * len(documents) + len(booked))

    def _begin(self, parts: Opened) -> None:
        fresh = parts.entered()
        if fresh:
            self._saver.save("created")
        else:
            if parts.damaged:
                self._store.checkpoint()
            self._context.audit(parts.told())
        # Nothing is begun beside an opening that may still fail: it would write on behind it.
        if not self._store.extra_is_written:
            self._upkeep.beside.ask(SaveAction.CHECKPOINT)
        if not fresh:
            self._upkeep.beside.ask(SaveAction.CLEAN_UP)  # what a crash cut short

    def _attend(self) -> None:
        """Raise that all is shut, or what failed beside the loop; look how long the tail is."""
        self._store.refuse_shut()  # first: once it is shut, work beside fails for that alone
        self._upkeep.beside.raise_failed()
        self._upkeep.look()

    def _save(self, trigger: str) -> int:
        marked = self._marks.made()
        everything = self.settings.detect == "everything"
        seq = self._saver.save(trigger, keys=None if everything else marked)
        self._marks.saved(marked)
        return seq

    def _carry_out(self, trigger: Trigger, due: tuple[SaveAction, ...]) -> int | None:
        seq = None
        for action in due:
            if action is SaveAction.SAVE:
                seq = self._save(trigger)
            else:
                self._upkeep.beside.ask(action)
        self._attend()
        return seq
