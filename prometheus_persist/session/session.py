"""A session: one process's life with a store, in one direction.

    open ──► recover ──► trade: intent, settle, save ──► close
     │          │
     │          └─ asks the exchange, plans, applies as one commit, or stops for a human
     └─ lock, verify, restore, repair, new epoch

- ``open`` restores; it never talks to an exchange. The gate for orders is shut until ``recover``
  has found the three books in agreement, or brought them there with evidence.
- A plan that needs a human, or a view that is incomplete, changes nothing: no ledger byte, no
  freeze, no watermark. The gate stays shut.
- ``sync`` is ``recover`` on the running system: the same code on the same books.
- ``settle`` books what one of our own orders did, in one commit for agent, both ledgers and intent.
- What is made beside the loop (readable files, snapshots, clean-up) and fails there is raised by
  the next call: by calls that only save once they have done their work, by all others before they
  begin, so that calling again is right in either case. ``close`` waits, and raises the last of it.
- ``approve`` applies a plan that a human has seen, if and only if the present view still yields it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prometheus_persist.clock import Clock, IdSource, SystemClock, SystemIds
from prometheus_persist.errors import (
    BadValue,
    PlanStale,
    StoreFailed,
)
from prometheus_persist.recovery import Restored, restore
from prometheus_persist.recovery.audit import audit_lines
from prometheus_persist.report.facts import RecoveryFacts, RestoreFacts, SystemFacts
from prometheus_persist.saving import IntentGate, IntentHandle, Saver, Trigger, actions_due
from prometheus_persist.saving.triggers import Action
from prometheus_persist.session.configured import RECORD, disk, load, visiting
from prometheus_persist.session.index import StreamIndex
from prometheus_persist.session.marks import Marks, keys_of
from prometheus_persist.session.place import Locks, mark_mirror, refuse_strange_mirror
from prometheus_persist.session.settings import Settings
from prometheus_persist.session.upkeep import Upkeep
from prometheus_persist.state import (
    Agent,
    OrderIntent,
    PrivateLedger,
    PublicAccount,
    SystemState,
    state_from,
)
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.storage.committer import Ticket
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import (
    COPIES,
    INCREMENTAL,
    RECOVERY_LOG,
)
from prometheus_persist.storage.segments import heal
from prometheus_persist.storage.store import Observer, Store, append_log

if TYPE_CHECKING:  # opening needs none of these; what does imports it where it is used
    from prometheus_persist.exchange.reader import ExchangeReader
    from prometheus_persist.reconcile.apply import Applied
    from prometheus_persist.reconcile.views import Books

_RECORD = (
    "total_pnl",
    "win_rate",
    "trade_count",
    "close_count",
    "win_count",
    "consecutive_wins",
    "consecutive_losses",
)


class Session:
    """One writer, from ``open`` to ``close``. ``state`` is live: change it, then save."""

    def __init__(
        self,
        directory: Path,
        fs: Fs,
        lock: Locks,
        store: Store,
        restored: RestoreFacts,
        clock: Clock,
        settings: Settings,
        state: SystemState,
        base_seq: int = 0,
    ) -> None:
        self.directory = directory
        self.state = state
        self.restored = restored
        self.settings = settings
        self._fs = fs
        self._lock = lock
        self._store = store
        self._clock = clock
        self._saver = Saver(store, self.state)
        self._gate = IntentGate(self._saver, clock)
        self._index = StreamIndex()
        self._marks = Marks()
        self._upkeep = Upkeep(store, fs, clock, settings, base_seq)

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
        take_over: bool = False,
        visit: bool = False,
    ) -> Self:
        """Lock, restore, repair, take over as a new epoch.

        Without ``settings`` those of ``configured.py`` count; what counts is written down.
        ``visit``: for a single command, by what the store's host wrote down and without writing
        anything down. ``take_over``: even from a process that is stopped and still holds the lock;
        it is fenced off and can no longer write. Raises StoreLocked, StoreDamaged, StoreFailed,
        BadConfig.
        """
        root, clock = Path(directory), clock or SystemClock()
        settings = settings or (visiting(root) if visit else load())
        lock, store = Locks(root, settings.mirror_dir, take_over=take_over), None
        try:
            fs = fs or disk(root, settings)
            found = restore(fs, clock=clock)
            state = state_from(found.documents)  # before anything is written
            if settings.mirror_dir:
                refuse_strange_mirror(fs, state.registry.store_id)
            heal(fs, found.due_segments)
            known = RECORD in found.readable or fs.size(f"{INCREMENTAL}/{RECORD}") is None
            store = Store(
                fs,
                found.image,
                found.tip,
                found.next_epoch,
                clock,
                observer,
                found.readable,
                settings.store,
                lock.fence,
                {} if visit and known else {RECORD: settings.to_json()},
            )
            base_seq = found.seq - found.facts.frames_replayed
            session = cls(root, fs, lock, store, found.facts, clock, settings, state, base_seq)
            session._begin(found, ids or SystemIds())
        except BaseException as problem:
            try:
                if store is not None:
                    with contextlib.suppress(StoreFailed):
                        store.close()
            finally:
                lock.release()
            if isinstance(problem, OSError):
                raise StoreFailed(f"opening {root}: {problem}") from problem
            raise
        return session

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
        """Whether the gate is open."""
        return self._gate.is_open

    def add_agent(self, agent: Agent, *, trigger: str = Trigger.BIRTH) -> None:
        """Register an agent with both its ledgers, durably; raises BadValue if it is there.

        The public account takes over the record that the agent brings.
        """
        self.add_agents([agent], trigger=trigger)

    def add_agents(self, agents: Iterable[Agent], *, trigger: str = Trigger.BIRTH) -> None:
        """Register many in one commit: all of them or none. The registry is written once."""
        self._attend()
        books: dict[str, dict[str, Any]] = {}
        for agent in agents:
            if agent.agent_id in self.state.agents or agent.agent_id in books:
                raise BadValue(f"agent {agent.agent_id!r} is there already")
            books[agent.agent_id] = _books_of(agent)
        registry = self.state.registry
        self.state.registry = registry.assign(*books)
        for name, each in books.items():
            for attribute, book in each.items():
                getattr(self.state, attribute)[name] = book
        try:
            keys = [key for name in books for key in keys_of(name)]
            self._saver.save(trigger, keys=("registry", *keys))
        except BaseException:  # what was not saved is not there
            self.state.registry = registry
            for name, each in books.items():
                for attribute in each:
                    del getattr(self.state, attribute)[name]
            raise

    def order_intent(self, agent_id: str, *args: Any, **kwargs: Any) -> IntentHandle:
        """See ``saving.intents``: a durable intent, or Frozen."""
        self._attend()
        return self._gate.order_intent(agent_id, *args, **kwargs)

    def recover(self, reader: ExchangeReader | None) -> RecoveryFacts:
        """Settle, compare, correct in one commit; or stop. Opens the gate where all is well."""
        return self._reconcile(reader, approved=None)

    def sync(self, reader: ExchangeReader) -> RecoveryFacts:
        """The same on the running system."""
        return self._reconcile(reader, approved=None)

    def approve(self, reader: ExchangeReader, plan_hash: str) -> RecoveryFacts:
        """Apply the plan with this hash, human parts included; raises PlanStale for another."""
        return self._reconcile(reader, approved=plan_hash)

    def settle(self, reader: ExchangeReader, cl_ord_id: str) -> OrderIntent:
        """Ask what one of our orders did and book it; returns the intent as it then stands.

        One commit for the agent, both ledgers and the intent; what else has changed waits for its
        own save. An answer that is incomplete changes
        nothing. Raises BadValue for a clOrdId that is not open.
        """
        from prometheus_persist.reconcile.live import apply_steps, live_steps

        self._attend()
        intent = self.state.intents.get(cl_ord_id)
        if intent is None:
            raise BadValue(f"no open order {cl_ord_id}")
        seen = reader.read_order(intent, self._clock.now_ms())
        books = self._books()
        steps = (
            live_steps(books.booked_fills, intent, seen.lookup, seen.fills, seen.instrument)
            if seen.complete
            else ()
        )
        if steps:
            keys = (*keys_of(intent.agent_id), f"intents/{cl_ord_id}", "watermark")
            self._commit(apply_steps(books, steps, self._clock.now_ms()), Trigger.TRADE, keys)
        return self.state.intents.get(cl_ord_id) or self._index.ended[cl_ord_id]

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

    def on_cycle(self, cycle: int) -> int | None:
        """Save every N cycles; returns the sequence if it saved.

        Readable files, and a snapshot when one is due, are made beside the loop.
        """
        due = actions_due(
            Trigger.CYCLE,
            cycle=cycle,
            every_cycles=self.settings.save_every_cycles,
            since_snapshot_s=self._upkeep.since_snapshot_s,
            snapshot_every_s=self.settings.snapshot_every_s,
        )
        return self._carry_out(Trigger.CYCLE, due)

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

    def unfreeze(self, inst_id: str | None, reason: str) -> int:
        """Lift a freeze (``None``: the general one), with a reason that goes into the audit."""
        if not reason.strip():
            raise BadValue("lifting a freeze needs a reason")
        self._attend()
        freeze = self.state.freeze.model_copy(deep=True)
        if inst_id is None:
            freeze.everything = None
        elif freeze.instruments.pop(inst_id, None) is None:
            raise BadValue(f"{inst_id} is not frozen")
        self.state.freeze = freeze
        seq = self._saver.save("unfreeze", keys=("freeze",))
        self._audit([f"unfrozen {inst_id or 'everything'}: {reason}"])
        return seq

    def close(self, *, save: bool = True) -> None:
        """Save, refresh the readable files, give the lock back. ``save=False`` only lets go.

        Waits for what is done beside the loop; what failed there is raised once all is closed.
        """
        beside = self._upkeep.beside
        try:
            try:
                if save:
                    self._saver.save(Trigger.EXIT)
            finally:
                beside.wait()
            if save:
                self._store.checkpoint()
        except BaseException as problem:
            for other in beside.take_failed():
                problem.add_note(f"and {other!r}")
            raise
        finally:
            try:
                self._store.close()
            finally:
                self._lock.release()
        beside.raise_failed()

    def digest(self) -> str:
        """SHA-256 of everything that is durable: equal states, equal digests."""
        return self._store.image.digest()

    def system_facts(self) -> SystemFacts:
        """What is in the state, counted."""
        from prometheus_persist.report.build import system_facts

        return system_facts(self.state, len(self._store.image.streams.get(PUBLIC_TRADES, [])))

    # -- inside

    def _begin(self, found: Restored, ids: IdSource) -> None:
        if found.facts.fresh:
            self.state.registry = self.state.registry.model_copy(update={"store_id": ids.token(4)})
            self.state.watermark.since_ms = self._clock.now_ms()
            self._saver.save("created")
        if self.settings.mirror_dir:
            mark_mirror(self._fs, self.state.registry.store_id)
        if not self._store.extra_is_written:
            self._upkeep.beside.ask(Action.CHECKPOINT)
        if found.facts.fresh:
            return
        if any(not d.file.startswith(COPIES) for d in found.facts.damages):
            self._store.checkpoint()
        damages = [f"{d.outcome}: {d.file} at {d.offset}: {d.problem}" for d in found.facts.damages]
        self._audit([f"restored commit {found.seq} from {found.facts.base}", *damages])
        self._upkeep.beside.ask(Action.CLEAN_UP)  # what a crash cut short

    def _attend(self) -> None:
        """Raise what failed beside the loop; see whether the tail has grown long."""
        self._upkeep.beside.raise_failed()
        self._upkeep.look()

    def _reconcile(self, reader: ExchangeReader | None, approved: str | None) -> RecoveryFacts:
        from prometheus_persist.reconcile.apply import apply_plan
        from prometheus_persist.session.planning import decide, read_plan, with_freeze

        self._attend()
        started = self._clock.monotonic_s()
        plan, problem = None, "no exchange was given"
        if reader is not None:
            self._wait_for_orders_on_their_way()
            plan, problem = read_plan(
                self._books(), reader, self._clock, self.settings.in_flight_ms
            )
        if plan is not None and approved is not None and approved != plan.plan_hash:
            raise PlanStale(
                f"approved {approved[:12]}…, the present view gives {plan.plan_hash[:12]}…"
            )
        decision, applied = decide(plan, approved=approved is not None)
        if plan is not None and applied:
            self._commit(apply_plan(self._books(), plan, self._clock.now_ms()), Trigger.RECONCILE)
        frozen = self.state.freeze
        decision = with_freeze(decision, frozen)
        if decision in ("go", "go_restricted"):
            self._gate.open()
        else:
            self._gate.shut(f"the last reconciliation ended in {decision}")
        facts = RecoveryFacts(
            restore=self.restored,
            system=self.system_facts(),
            plan=plan,
            applied=applied,
            decision=decision,
            venue_problem=problem,
            frozen_instruments=tuple(sorted(frozen.instruments)),
            frozen_all=frozen.everything.reason if frozen.everything else "",
            duration_ms=round((self._clock.monotonic_s() - started) * 1000),
        )
        if plan is None or not plan.clean:
            self._audit(audit_lines(facts))
        return facts

    def _wait_for_orders_on_their_way(self) -> None:
        """An order sent just before a crash may still arrive; let it, before asking for it."""
        now = self._clock.now_ms()
        young = [
            self.settings.in_flight_ms - (now - intent.created_ms)
            for intent in self.state.intents.values()
            if intent.outcome in ("PENDING", "UNKNOWN")
        ]
        wait_ms = min(max(young, default=0), self.settings.in_flight_ms)
        if wait_ms > 0:
            self._clock.sleep(wait_ms / 1000)

    def _books(self) -> Books:
        return self._index.books(self.state, self._store.image.streams)

    def _commit(
        self, applied: Applied, trigger: Trigger, keys: Iterable[str] | None = None
    ) -> None:
        self._saver.save_moved(trigger, applied.state, applied.records, keys=keys)
        self._index.take(self._store.image.streams)

    def _save(self, trigger: str) -> int:
        marked = self._marks.take()
        try:
            everything = self.settings.detect == "everything"
            return self._saver.save(trigger, keys=None if everything else marked)
        except BaseException:
            self._marks.put_back(marked)
            raise

    def _carry_out(self, trigger: Trigger, due: tuple[Action, ...]) -> int | None:
        seq = None
        for action in due:
            if action is Action.SAVE:
                seq = self._save(trigger)
            else:
                self._upkeep.beside.ask(action)
        self._attend()
        return seq

    def _audit(self, lines: list[str]) -> None:
        stamp = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).isoformat(
            timespec="milliseconds"
        )
        head = f"{stamp} epoch={self.epoch} seq={self.seq}"
        append_log(self._fs, RECOVERY_LOG, [f"{head} {line}" for line in lines])


def _books_of(agent: Agent) -> dict[str, Agent | PrivateLedger | PublicAccount]:
    """A new agent and both its ledgers, by the state's attribute."""
    money = {"agent_id": agent.agent_id, "capital": agent.current_capital}
    record = {field: getattr(agent, field) for field in _RECORD}
    return {
        "agents": agent,
        "private_ledgers": PrivateLedger.model_validate(money),
        "public_accounts": PublicAccount.model_validate(money | record),
    }
