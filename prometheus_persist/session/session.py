"""A session: one process's life with a store, in one direction.

    open ──► recover ──► trade: intent, settle, save ──► close
     │          │
     │          └─ asks the exchange, plans, applies as one commit, or stops for a human
     └─ lock, verify, restore, repair, new epoch

- What a store alone can do, opening, saving, closing, is ``writer.py``; here is what trades.
- ``open`` never talks to an exchange. The gate for orders is shut until ``recover`` has found the
  three books in agreement, or brought them there with evidence.
- A plan that needs a human, or a view that is incomplete, changes nothing: no ledger byte, no
  freeze, no watermark. The gate stays shut.
- ``sync`` is ``recover`` on the running system: the same code on the same books
  (``reconciling.py``). ``on_cycle`` with a reader does it every ``reconcile_every_cycles``.
- ``settle`` books what one of our own orders did, in one commit for agent, both ledgers and intent;
  ``settle_unknown`` asks for every order without an answer. Events of a live feed are told to
  ``hear``, and looked into by ``work_off`` once the gate is open (``live_booking.py``).
- ``approve`` applies a plan that a human has seen, if and only if the present view still yields it.
- A freeze is a state of the store: it survives restarts, and only ``unfreeze`` lifts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from prometheus_persist.errors import BadValue
from prometheus_persist.saving import IntentHandle, Trigger
from prometheus_persist.saving.triggers import SaveAction
from prometheus_persist.session.freezing import frozen, lifted, put
from prometheus_persist.session.inbox import NOT
from prometheus_persist.session.opening import Opened
from prometheus_persist.session.reached import Reached, refuse_no_cycle
from prometheus_persist.session.showing import ShowsItself
from prometheus_persist.session.stopping import Stops
from prometheus_persist.session.writer import StoreWriter
from prometheus_persist.state import Contracts, OrderIntent
from prometheus_persist.storage.interrupts import edges

if TYPE_CHECKING:  # opening needs none of these; what does imports it where it is used
    from prometheus_persist.exchange.reader import ExchangeReader
    from prometheus_persist.reconcile.given import Owners
    from prometheus_persist.recovery.facts import FlattenFacts
    from prometheus_persist.saving.gate import OrderTerms
    from prometheus_persist.session.flattening import Send
    from prometheus_persist.session.reconciling import Asked
    from prometheus_persist.session.report import RecoveryReport
    from prometheus_persist.session.telling import OnReport
    from prometheus_persist.state.models import Side


@edges
class Session(StoreWriter, ShowsItself):
    """One writer, from ``open`` to ``close``. ``state`` is live: change it, then save.

        a loop      open recover add_agent order_intent on_trade on_cycle pause close
        orders      settle settle_unknown give_up hear work_off
        saving      save save_soon mark on_agent_death add_agents checkpoint snapshot wait
        exchange    sync sync_due approve flatten adopt
        a human     freeze unfreeze on_report
        to read     state may_trade may_trade_on last_sync seq epoch digest
        as opened   fresh restored directory settings take_along

    The first line is all that a trading loop needs; with ``settle`` where an answer was not seen.
    ``on_report``: who is told of a report, a human above all (``telling.py``).
    """

    def __init__(self, parts: Opened, stops: Stops) -> None:
        super().__init__(parts, stops)
        self._overdue = False
        self.last_sync: RecoveryReport | None = None
        self.on_report: OnReport | None = None
        self._reported = False
        self._reached = Reached(self.state, parts.clock)

    @property
    def may_trade(self) -> bool:
        """Whether new entries may pass, on all instruments but those that are withheld."""
        return self._context.may_trade

    def may_trade_on(self, inst_id: str) -> bool:
        """Whether new entries may pass on this instrument."""
        return self._gate.may_trade_on(inst_id)

    def order_intent(
        self,
        agent_id: str,
        inst_id: str,
        side: Side,
        quantity: Contracts,
        **terms: Unpack[OrderTerms],
    ) -> IntentHandle:
        """See ``saving.intents``: a durable intent, or Frozen."""
        self._attend()
        return self._gate.order_intent(agent_id, inst_id, side, quantity, **terms)

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
        from prometheus_persist.session.reconciling import Asked, flattened

        if policy == "flatten" and send is None:
            raise BadValue("policy flatten needs a way to send orders: recover(..., send=...)")
        self._rest()
        asked = Asked(policy, confirm=confirm, adopt_account=adopt_account)
        facts = self._reconcile(reader, asked)
        self._rest()
        self._put_aside()
        if policy != "flatten" or not self.may_trade:
            return facts
        assert reader is not None
        assert send is not None
        closed = self.flatten(reader, send)
        after = self._reconcile(reader, Asked("flatten"))
        return flattened(facts, after, closed)

    def on_cycle(self, cycle: int, reader: ExchangeReader | None = None) -> int | None:
        """Save every N cycles; returns the sequence if it saved.

        In between only the Supervisor's memory is saved, with the cycle and the hours reached
        (``reached.py``). Readable files, and a snapshot when one is due, are made beside the loop.
        With a ``reader`` what ``sync_due`` does is done first; ``last_sync`` has the last of its
        facts. Raises BadValue for what is no number of a cycle.
        """
        refuse_no_cycle(cycle)
        if reader is not None:
            from prometheus_persist.exchange.reader import refuse_no_reader

            refuse_no_reader(reader)
            self.last_sync = self.sync_due(cycle, reader) or self.last_sync
        self._reached.note(cycle)
        self._marks.add((), ("supervisor",))
        due = self._upkeep.due(cycle)
        if SaveAction.SAVE not in due:
            self._saver.save(Trigger.CYCLE, keys=("supervisor",))
        seq = self._carry_out(Trigger.CYCLE, due)
        self._rest()
        return seq

    def settle(self, reader: ExchangeReader, cl_ord_id: str) -> OrderIntent:
        """Ask what one of our orders did and book it; returns the intent as it then stands.

        One commit for the agent, both ledgers and the intent; what else has changed waits for its
        own save. An answer that is incomplete changes nothing. Raises BadValue for a clOrdId that
        is not open.
        """
        from prometheus_persist.exchange.reader import refuse_no_reader
        from prometheus_persist.session.live_booking import settle_one

        self._attend()
        refuse_no_reader(reader)
        return settle_one(self._context, reader, cl_ord_id)[0]

    def settle_unknown(self, reader: ExchangeReader) -> tuple[OrderIntent, ...]:
        """Ask by clOrdId for every order whose answer was not seen; each as it then stands.

        "No such order" proves nothing about one that may still be on its way (``in_flight_ms``).
        """
        from prometheus_persist.session.live_booking import settle_unknown

        self._attend()
        return settle_unknown(self._context, reader)

    def give_up(self, cl_ord_id: str, reason: str) -> OrderIntent:
        """End an open order by a human's word; durable, and in the audit.

        Should it show up at the exchange all the same, the next reconciliation takes it back.
        Raises BadValue without a reason, and for what is not open.
        """
        from prometheus_persist.session.live_booking import given_up

        self._attend()
        return self._store.whole(given_up, self._context, cl_ord_id, reason)

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
        order of ours explains. Orders without an answer are asked for in every cycle. Raises
        BadValue for what is no number of a cycle.
        """
        from prometheus_persist.session.live_booking import worked_off
        from prometheus_persist.session.reconciling import Asked, postponed

        refuse_no_cycle(cycle)
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

        Where the exchange is not read in full, nothing is applied: ``incomplete``, ask again.
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

    def freeze(self, inst_id: str | None, reason: str) -> int:
        """Refuse new entries on an instrument (``None``: every order), until ``unfreeze``.

        Durable, and in the audit. Raises BadValue without a reason, and for a name that no contract
        has at OKX: no order would be held up.
        """
        self._attend()
        with self._gate.turn:
            at = (self._clock.now_ms(), self._context.listed)
            freeze = frozen(self.state.freeze, inst_id, reason, *at)
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

    def _reconcile(self, reader: ExchangeReader | None, asked: Asked) -> RecoveryReport:
        from prometheus_persist.session.live_booking import worked_off
        from prometheus_persist.session.reconciling import reconcile_now

        self._attend()
        facts = reconcile_now(self._context, reader, self.restored, asked)
        self._overdue = bool(facts.postponed)
        if reader is not None:
            worked_off(self._context, reader)
        if self.on_report is not None:
            from prometheus_persist.session.telling import told

            told(self.on_report, facts, first=not self._reported)
        self._reported = self._reported or not facts.postponed
        return facts
