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
from prometheus_persist.session.index import StreamIndex
from prometheus_persist.session.settings import Settings
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
from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.storage.layout import (
    COPIES,
    RECOVERY_LOG,
    SNAPSHOTS,
    snapshot_second,
)
from prometheus_persist.storage.lock import StoreLock
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
        lock: StoreLock,
        store: Store,
        restored: RestoreFacts,
        clock: Clock,
        settings: Settings,
        state: SystemState,
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
        self._last_snapshot_s = clock.monotonic_s() - _snapshot_age_s(fs, clock)

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
    ) -> Self:
        """Lock, restore, repair, take over as a new epoch.

        ``take_over``: even from a process that is stopped and still holds the lock; it is fenced
        off and can no longer write. Raises StoreLocked, StoreDamaged, StoreFailed.
        """
        root, clock = Path(directory), clock or SystemClock()
        settings = settings or Settings()
        lock, store = StoreLock(root, take_over=take_over), None
        try:
            fs = fs or LocalFs(root)
            found = restore(fs, clock=clock)
            state = state_from(found.documents)  # before anything is written
            heal(fs, found.due_segments)
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
            )
            session = cls(root, fs, lock, store, found.facts, clock, settings, state)
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
        name = agent.agent_id
        if name in self.state.agents:
            raise BadValue(f"agent {name!r} is there already")
        registry = self.state.registry
        money = {"agent_id": name, "capital": agent.current_capital}
        record = {field: getattr(agent, field) for field in _RECORD}
        books = {
            "agents": agent,
            "private_ledgers": PrivateLedger.model_validate(money),
            "public_accounts": PublicAccount.model_validate(money | record),
        }
        self.state.registry = registry.assign(name)
        for attribute, book in books.items():
            getattr(self.state, attribute)[name] = book
        try:
            self._saver.save(trigger, keys=("registry", *_keys_of(name)))
        except BaseException:  # what was not saved is not there
            self.state.registry = registry
            for attribute in books:
                del getattr(self.state, attribute)[name]
            raise

    def order_intent(self, agent_id: str, *args: Any, **kwargs: Any) -> IntentHandle:
        """See ``saving.intents``: a durable intent, or Frozen."""
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

        One commit for the agent, both ledgers and the intent. An answer that is incomplete changes
        nothing. Raises BadValue for a clOrdId that is not open.
        """
        from prometheus_persist.reconcile.live import apply_steps, live_steps

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
            self._commit(apply_steps(books, steps, self._clock.now_ms()), Trigger.TRADE)
        return self.state.intents.get(cl_ord_id) or self._index.ended[cl_ord_id]

    def save(self, trigger: str) -> int:
        """Save everything that changed, durably; returns the sequence."""
        return self._saver.save(trigger)

    def save_soon(self, trigger: str, agents: Iterable[str] | None = None) -> Ticket | None:
        """Capture now, return at once; durable when the ticket is done. None: nothing differs.

        ``agents`` narrows it to these agents and their ledgers.
        """
        keys = None if agents is None else [key for name in agents for key in _keys_of(name)]
        return self._saver.save_soon(trigger, keys=keys)

    def on_trade(self, agent_id: str) -> int:
        """Save what a trade touches: the agent and both its ledgers."""
        return self._saver.save(Trigger.TRADE, keys=_keys_of(agent_id))

    def on_cycle(self, cycle: int) -> int | None:
        """Save every N cycles, snapshot when one is due; returns the sequence if it saved."""
        due = actions_due(
            Trigger.CYCLE,
            cycle=cycle,
            every_cycles=self.settings.save_every_cycles,
            since_snapshot_s=self._clock.monotonic_s() - self._last_snapshot_s,
            snapshot_every_s=self.settings.snapshot_every_s,
        )
        return self._carry_out(Trigger.CYCLE, due)

    def on_agent_death(self, agent_id: str) -> int:
        """Save everything the death of an agent touches, at once."""
        seq = self._carry_out(Trigger.DEATH, actions_due(Trigger.DEATH))
        assert seq is not None, f"the death of {agent_id} was not saved"
        return seq

    def checkpoint(self) -> list[str]:
        """Refresh the readable files; returns those that changed."""
        return self._store.checkpoint()

    def snapshot(self) -> str:
        """Write and verify a full archive; returns its path."""
        kept, hours = self.settings.snapshots_kept, self.settings.history_hours
        path = self._store.snapshot(kept, history_hours=hours)
        self._last_snapshot_s = self._clock.monotonic_s()
        return path

    def unfreeze(self, inst_id: str | None, reason: str) -> int:
        """Lift a freeze (``None``: the general one), with a reason that goes into the audit."""
        if not reason.strip():
            raise BadValue("lifting a freeze needs a reason")
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
        """Save, refresh the readable files, give the lock back. ``save=False`` only lets go."""
        try:
            if save:
                self._carry_out(Trigger.EXIT, actions_due(Trigger.EXIT))
        finally:
            try:
                self._store.close()
            finally:
                self._lock.release()

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
            return
        if any(not d.file.startswith(COPIES) for d in found.facts.damages):
            self._store.checkpoint()
        damages = [f"{d.outcome}: {d.file} at {d.offset}: {d.problem}" for d in found.facts.damages]
        self._audit([f"restored commit {found.seq} from {found.facts.base}", *damages])

    def _reconcile(self, reader: ExchangeReader | None, approved: str | None) -> RecoveryFacts:
        from prometheus_persist.reconcile.apply import apply_plan
        from prometheus_persist.session.planning import decide, read_plan, with_freeze

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

    def _commit(self, applied: Applied, trigger: Trigger) -> None:
        self._saver.save_moved(trigger, applied.state, applied.records)
        self._index.take(self._store.image.streams)

    def _carry_out(self, trigger: Trigger, due: tuple[Action, ...]) -> int | None:
        seq = None
        for action in due:
            if action is Action.SAVE:
                seq = self._saver.save(trigger)
            elif action is Action.CHECKPOINT:
                self._store.checkpoint()
            else:
                self.snapshot()
        return seq

    def _audit(self, lines: list[str]) -> None:
        stamp = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).isoformat(
            timespec="milliseconds"
        )
        head = f"{stamp} epoch={self.epoch} seq={self.seq}"
        append_log(self._fs, RECOVERY_LOG, [f"{head} {line}" for line in lines])


def _snapshot_age_s(fs: Fs, clock: Clock) -> float:
    """Seconds since the newest snapshot by its name; 0 where there is none, or it is not past.

    A process that is restarted every half hour still takes one every hour.
    """
    taken = [found for name in fs.list_dir(SNAPSHOTS) if (found := snapshot_second(name))]
    return max(clock.now_ms() / 1000 - max(taken), 0.0) if taken else 0.0


def _keys_of(agent_id: str) -> tuple[str, ...]:
    return (f"agents/{agent_id}", f"private_ledgers/{agent_id}", f"public_accounts/{agent_id}")
