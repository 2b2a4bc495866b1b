"""A session: one process's life with a store, in one direction.

    open ──► recover ──► trade: intent, settle, save ──► close
     │          │
     │          └─ asks the exchange, plans, applies as one commit, or stops for a human
     └─ lock, verify, restore, repair, new epoch

- ``open`` restores; it never talks to an exchange. The gate for orders is shut until ``recover``
  has found the three books in agreement, or brought them there with evidence.
- A plan that needs a human, or a view that is incomplete, changes nothing: no ledger byte, no
  freeze, no watermark. The gate stays shut.
- ``sync`` is ``recover`` on the running system: the same code on the same books
  (``reconciling.py``). ``on_cycle`` with a reader does it every ``reconcile_every_cycles``.
- ``settle`` books what one of our own orders did, in one commit for agent, both ledgers and intent;
  ``settle_unknown`` asks for every order without an answer. Events of a live feed are told to
  ``hear``, and looked into by ``work_off`` once the gate is open (``live_booking.py``).
- What is made beside the loop (readable files, snapshots, clean-up) and fails there is raised by
  the next call: by calls that only save once they have done their work, by all others before they
  begin, so that calling again is right in either case. ``close`` waits, and raises the last of it.
- ``approve`` applies a plan that a human has seen, if and only if the present view still yields it.
- A freeze is a state of the store: it survives restarts, and only ``unfreeze`` lifts it.
- A call that a signal's handler ends by an exception has done nothing, or is finished, or the
  session is shut: every later call that would change anything raises StoreFailed, ``close``
  included, which still lets go of everything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prometheus_persist.clock import Clock, IdSource, SystemClock, SystemIds
from prometheus_persist.errors import BadValue
from prometheus_persist.report.facts import FlattenFacts
from prometheus_persist.saving import IntentGate, IntentHandle, Saver, Trigger, actions_due
from prometheus_persist.saving.triggers import SaveAction
from prometheus_persist.session.closing import closed
from prometheus_persist.session.context import SessionContext
from prometheus_persist.session.dirty import Marks, keys_of
from prometheus_persist.session.freezing import frozen, lifted, put
from prometheus_persist.session.inbox import NOT
from prometheus_persist.session.joining import joined
from prometheus_persist.session.maintenance import Upkeep
from prometheus_persist.session.opening import Opened, opening
from prometheus_persist.session.reached import Reached
from prometheus_persist.session.report import RecoveryReport
from prometheus_persist.session.settings import Settings
from prometheus_persist.session.showing import ShowsItself
from prometheus_persist.session.stopping import Stops
from prometheus_persist.state import Agent, OrderIntent
from prometheus_persist.storage.audit_log import AuditLog
from prometheus_persist.storage.committer import Ticket
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import edges
from prometheus_persist.storage.store import Observer

if TYPE_CHECKING:  # opening needs none of these; what does imports it where it is used
    from prometheus_persist.exchange.reader import ExchangeReader
    from prometheus_persist.reconcile.given import Owners
    from prometheus_persist.session.flattening import Send
    from prometheus_persist.session.reconciling import Asked


@edges
class Session(ShowsItself):
    """One writer, from ``open`` to ``close``. ``state`` is live: change it, then save."""

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
        log = AuditLog(parts.fs, parts.lock.fence)
        context = (self.state, settings, clock, store, self._saver, self._gate, log)
        self._context = SessionContext(*context, parts.found.time_ms, self.directory)
        self._overdue = False
        self.last_sync: RecoveryReport | None = None
        self._marks = Marks(store.latches)
        self._reached = Reached(self.state, clock)
        self._upkeep = Upkeep(store, parts.fs, clock, settings, parts.base_seq)

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
            with opening(*at, take_over=take_over, visit=visit) as parts:
                session = cls(parts, stops)
                session._begin(parts)
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

    @property
    def may_trade(self) -> bool:
        """Whether new entries may pass, on all instruments but those that are withheld."""
        return self._context.may_trade

    def may_trade_on(self, inst_id: str) -> bool:
        """Whether new entries may pass on this instrument."""
        return self._gate.may_trade_on(inst_id)

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

    def order_intent(self, agent_id: str, *args: Any, **kwargs: Any) -> IntentHandle:
        """See ``saving.intents``: a durable intent, or Frozen."""
        self._attend()
        return self._gate.order_intent(agent_id, *args, **kwargs)

    def recover(
        self,
        reader: ExchangeReader | None,
        *,
        policy: str = "adopt",
        confirm: Callable[[RecoveryReport], bool] | None = None,
        send: Send | None = None,
        adopt_account: str = "",
    ) -> RecoveryReport:
        """Settle, compare, correct in one commit; or stop. Opens the gate where all is well.

        ``policy``: ``adopt``; ``observe`` plans and reports, applies nothing and leaves the gate
        shut; ``flatten`` adopts and then closes everything by ``send`` (see ``flatten``).
        ``confirm`` is asked before anything is corrected. ``adopt_account``: the uid of another
        account than the books were kept for, to keep them for from now on. Raises BadValue;
        PlanStale where a plan that was confirmed is not the present one any more.
        """
        from prometheus_persist.session.reconciling import Asked

        if policy == "flatten" and send is None:
            raise BadValue("policy flatten needs a way to send orders: recover(..., send=...)")
        self._rest()
        asked = Asked(policy, confirm=confirm, adopt_account=adopt_account)
        facts = self._reconcile(reader, asked)
        self._rest()
        if policy != "flatten" or not self.may_trade:
            return facts
        assert reader is not None
        assert send is not None
        closed = self.flatten(reader, send)
        after = self._reconcile(reader, Asked("flatten"))
        return dataclasses.replace(after, flattened=closed, applied=facts.applied or after.applied)

    def sync(self, reader: ExchangeReader) -> RecoveryReport:
        """The same on the running system.

        An order whose block is running is waited for, ``in_flight_ms`` at most; what then still is
        puts it off (``RecoveryReport.postponed``), and the gate stays as it is.
        """
        from prometheus_persist.session.reconciling import Asked

        return self._reconcile(reader, Asked())

    def sync_due(self, cycle: int, reader: ExchangeReader) -> RecoveryReport | None:
        """``sync`` without waiting, where it is due; None where it is not.

        It is due every ``reconcile_every_cycles``, and then in every cycle until one has succeeded:
        after one that was put off, while the gate is shut, and when something was heard of that no
        order of ours explains. Orders without an answer are asked for in every cycle.
        """
        from prometheus_persist.session.live_booking import worked_off
        from prometheus_persist.session.reconciling import Asked, postponed

        self._attend()
        worked_off(self._context, reader, unknown=True)
        every = self.settings.reconcile_every_cycles
        if not every:
            return None
        strange = self._context.hearing.strange
        self._overdue |= strange != NOT or cycle % every == 0 or not self.may_trade
        self._context.hearing.explained(strange)
        if not self._overdue:
            return None
        if self._context.in_hand():
            return postponed(self._context, self.restored, Asked(), self._clock.monotonic_s())
        return self._reconcile(reader, Asked(patient=False))

    def approve(
        self, reader: ExchangeReader, plan_hash: str, choices: Mapping[str, str] | None = None
    ) -> RecoveryReport:
        """Apply the plan with this hash, human parts included; raises PlanStale for another.

        ``choices``: alternatives by finding id, where not the suggested one is meant (BadValue for
        what the plan does not offer). What the plan is then, is applied, looked at again, and only
        that second look opens the gate.
        """
        from prometheus_persist.session.planning import Approval
        from prometheus_persist.session.reconciling import Asked

        return self._reconcile(reader, Asked(approved=Approval(plan_hash, choices or {})))

    def flatten(self, reader: ExchangeReader, send: Send) -> FlattenFacts:
        """Close every position in the books at market, reduce-only; says what is left.

        ``send(intent, inst_id, side, contracts)`` sends one order with ``intent.params`` and
        returns the exchange's answer, or raises. Raises Frozen while the gate is shut.
        """
        from prometheus_persist.session.flattening import flatten

        self._attend()
        return flatten(self._context, reader, send)

    def adopt(self, positions: Iterable[object], owners: Owners) -> int:
        """Put positions that exist already into both ledgers of their owners; durable.

        ``positions``: OKX's rows or ``okx.fetch_positions()``. ``owners``: an agent id, or exact
        parts by agent id, by instId (``BTC-USDT-SWAP cross net`` where it has several). What is not
        named stays as it is. Raises BadValue for what does not add up, and writes nothing.
        """
        from prometheus_persist.session.adopting import adopted

        self._attend()
        return adopted(self._context, positions, owners)

    def settle(self, reader: ExchangeReader, cl_ord_id: str) -> OrderIntent:
        """Ask what one of our orders did and book it; returns the intent as it then stands.

        One commit for the agent, both ledgers and the intent; what else has changed waits for its
        own save. An answer that is incomplete changes nothing. Raises BadValue for a clOrdId that
        is not open.
        """
        from prometheus_persist.session.live_booking import settle_one

        self._attend()
        return settle_one(self._context, reader, cl_ord_id)[0]

    def give_up(self, cl_ord_id: str, reason: str) -> OrderIntent:
        """End an open order by a human's word; durable, and in the audit.

        Should it show up at the exchange all the same, the next reconciliation takes it back.
        Raises BadValue without a reason, and for what is not open.
        """
        from prometheus_persist.session.live_booking import given_up

        self._attend()
        return self._store.whole(given_up, self._context, cl_ord_id, reason)

    def settle_unknown(self, reader: ExchangeReader) -> tuple[OrderIntent, ...]:
        """Ask by clOrdId for every order whose answer was not seen; each as it then stands.

        "No such order" proves nothing about one that may still be on its way (``in_flight_ms``).
        """
        from prometheus_persist.session.live_booking import settle_unknown

        self._attend()
        return settle_unknown(self._context, reader)

    def hear(self, row: Mapping[str, Any]) -> None:
        """Something happened to an order, says a live feed: a row or a message of OKX's order or
        algo channel, or any dict with a clOrdId or algoClOrdId. From any thread; returns at once.

        Kept until ``work_off``, ``recover`` or ``on_cycle`` looks into it with the gate open.
        """
        self._context.hearing.hear(row)

    def work_off(self, reader: ExchangeReader) -> tuple[OrderIntent, ...]:
        """Settle every order that was heard of, once; nothing while the gate is shut."""
        from prometheus_persist.session.live_booking import work_off

        self._attend()
        return work_off(self._context, reader)

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

        ``agents`` narrows it to these agents and their ledgers.
        """
        self._attend()
        keys = None if agents is None else [key for name in agents for key in keys_of(name)]
        return self._saver.save_soon(trigger, keys=keys)

    def on_trade(self, agent_id: str) -> int:
        """Save what a trade touches: the agent and both its ledgers."""
        seq = self._saver.save(Trigger.TRADE, keys=keys_of(agent_id))
        self._attend()
        return seq

    def on_cycle(self, cycle: int, reader: ExchangeReader | None = None) -> int | None:
        """Save every N cycles; returns the sequence if it saved.

        In between only the Supervisor's memory is saved, with the cycle and the hours reached
        (``reached.py``). Readable files, and a snapshot when one is due, are made beside the loop.
        With a ``reader`` what ``sync_due`` does is done first; ``last_sync`` has the last of its
        facts.
        """
        if reader is not None:
            self.last_sync = self.sync_due(cycle, reader) or self.last_sync
        self._reached.note(cycle)
        self._marks.add((), ("supervisor",))
        due = self._upkeep.due(cycle)
        if SaveAction.SAVE not in due:
            self._saver.save(Trigger.CYCLE, keys=("supervisor",))
        seq = self._carry_out(Trigger.CYCLE, due)
        self._rest()
        return seq

    def pause(self, seconds: float) -> None:
        """Wait between two cycles; with ``signals`` a signal ends it."""
        self._stops.pause(self._clock, seconds)
        self._rest()

    def on_agent_death(self, agent_id: str) -> int:
        """Save everything the death of an agent touches, at once."""
        seq = self._carry_out(Trigger.DEATH, actions_due(Trigger.DEATH))
        assert seq is not None, f"the death of {agent_id} was not saved"
        return seq

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

    def freeze(self, inst_id: str | None, reason: str) -> int:
        """Refuse new entries on an instrument (``None``: every order), until ``unfreeze``.

        Durable, and in the audit. Raises BadValue without a reason.
        """
        self._attend()
        with self._gate.turn:
            freeze = frozen(self.state.freeze, inst_id, reason, self._clock.now_ms())
            return self._store.whole(put, self._context, freeze, "frozen", inst_id, reason)

    def unfreeze(self, inst_id: str | None, reason: str) -> int:
        """Lift a freeze (``None``: the general one), with a reason that goes into the audit.

        The findings that it stood for are remembered as seen, and do not freeze again. Raises
        BadValue without a reason, and for what is not frozen.
        """
        self._attend()
        with self._gate.turn:
            freeze = lifted(self.state.freeze, inst_id, reason)
            return self._store.whole(put, self._context, freeze, "unfrozen", inst_id, reason)

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
            self._lock.release()
            self._stops.end()

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

    def _reconcile(self, reader: ExchangeReader | None, asked: Asked) -> RecoveryReport:
        from prometheus_persist.session.live_booking import worked_off
        from prometheus_persist.session.reconciling import reconcile_now

        self._attend()
        facts = reconcile_now(self._context, reader, self.restored, asked)
        self._overdue = bool(facts.postponed)
        if reader is not None:
            worked_off(self._context, reader)
        return facts

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
