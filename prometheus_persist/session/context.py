"""What the parts of a session work on together: state, store, gate, index, audit, clock.

Whatever moves the books goes through ``commit_of``, while ``gate.turn`` is held: no order intent is
issued or answered between what was looked at and what is written. The index is taken on likewise;
interrupted halfway, either shuts the store. It begins with the sums that a snapshot kept, where
there are any (``kept``), and the next snapshot keeps what it then comes to. What it takes in at
once, the collector leaves out (``aside``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BooksMoved
from prometheus_persist.reconcile.books import SUMMED, StreamIndex
from prometheus_persist.saving import IntentGate, Saver, Trigger
from prometheus_persist.session.inbox import Hearing
from prometheus_persist.session.settings import Settings
from prometheus_persist.state import OrderIntent, SystemState
from prometheus_persist.storage.audit_log import AuditLog
from prometheus_persist.storage.collecting import Aside
from prometheus_persist.storage.store import Store

if TYPE_CHECKING:
    from prometheus_persist.exchange.reader import ExchangeReader
    from prometheus_persist.journal.archive import Pieces
    from prometheus_persist.reconcile.apply import Applied
    from prometheus_persist.reconcile.plan import Plan
    from prometheus_persist.reconcile.views import Books, VenueView
    from prometheus_persist.session.host_views import HostSide

TRIES = 3


@dataclass(slots=True)
class SessionContext:
    """Of one open session. ``lived_ms``: until when the process before is known to have lived.
    ``listed``: the contracts that the exchange was last seen to have, each with why none is to be
    traded, or ""."""

    state: SystemState
    settings: Settings
    clock: Clock
    store: Store
    saver: Saver
    gate: IntentGate
    log: AuditLog
    lived_ms: int
    directory: Path
    listed: Mapping[str, str] = field(default_factory=dict)
    host: HostSide | None = None
    _reader: ExchangeReader | None = None
    hearing: Hearing = field(init=False)
    index: StreamIndex = field(default_factory=StreamIndex)
    aside: Aside = field(default_factory=Aside)
    kept: bytes | None = None

    def __post_init__(self) -> None:
        self.hearing = Hearing(self.store.latches)

    def books(self) -> Books:
        """The books as they stand."""
        at = (self.state, self.store.image.streams, self.store.epoch)
        with self.aside.meanwhile(self._unread()), self.gate.turn:
            self.store.whole(self._begin)
            found = self.store.whole(self.index.books, *at)
            if self.host is None:
                return found
            return replace(found, host=self.host.books(self.store.image.streams))

    def tell_host(self, plan: Plan) -> None:
        """Have the host book what the plan tells it; what it then holds is in the next commit."""
        if self.host is not None:
            self.host.tell(plan.corrections)

    def mark_host(self, books: Books, plan: Plan, view: VenueView) -> None:
        """Remember where the host's books agree, as they were looked at; in the next commit."""
        if self.host is not None:
            self.host.mark(books, plan, view, (self.store.tip.seq, self.clock.now_ms()))

    def booked(self) -> Books:
        """The books as far as booking one order needs them: at a cost that does not grow."""
        from prometheus_persist.reconcile.views import Books

        self._take()
        return Books(self.state, self.index.booked, {}, self.index.ended, self.index.flows)

    def recognise(self, reader: ExchangeReader, plan: Plan | None) -> None:
        """Remember who reads the account that the books are kept for."""
        from prometheus_persist.reconcile.account import identity_of

        if plan is not None:
            self._reader = reader if identity_of(plan) is not None else None

    def knows(self, reader: ExchangeReader) -> bool:
        """Whether what a reader does not find is not there: another account's would not have it."""
        kept = self.state.account_cash.identity
        if kept is None or reader is self._reader:
            return True
        whose = getattr(reader, "whose", None)
        return whose is not None and whose() == (kept.uid, kept.demo)

    def commit_of(
        self, work: Callable[[], Applied], trigger: Trigger, keys: Sequence[str] | None = None
    ) -> None:
        """Work another state out, and make it the live one, durably; ``keys``: where the two can
        differ. Worked out again where another thread changed just that meanwhile; raises BooksMoved
        if it does so every time."""
        for left in reversed(range(TRIES)):
            made_from = self.saver.made_from(keys)
            moved = work()
            try:
                self.saver.save_moved(
                    trigger, moved.state, moved.records, keys=keys, made_from=made_from
                )
                break
            except BooksMoved:
                if not left:
                    raise
        self._take()

    def ended(self, cl_ord_id: str) -> OrderIntent | None:
        """The order, if it has ended."""
        self._take()
        return self.index.ended.get(cl_ord_id)

    @property
    def may_trade(self) -> bool:
        """Whether new entries may pass on some instrument."""
        return self.gate.is_open and "" not in self.gate.withheld

    def on_their_way(self) -> dict[str, int]:
        """The unanswered orders that may still arrive, and for how many milliseconds more."""
        return self._waits(self.settings.in_flight_ms)

    def in_hand(self) -> dict[str, int]:
        """Those of them whose block is running in another thread."""
        return {name: ms for name, ms in self.on_their_way().items() if self.gate.in_hand(name)}

    def waits_ms(self) -> dict[str, int]:
        """The same of those that may have arrived and not be shown yet."""
        return self._waits(self.settings.in_flight_ms + self.settings.index_lag_ms)

    def _waits(self, in_flight_ms: int) -> dict[str, int]:
        return self.gate.on_their_way(self.clock.now_ms(), in_flight_ms, self.lived_ms)

    def audit(self, lines: list[str]) -> None:
        """Into ``recovery_log.txt``, with time, epoch and sequence."""
        now = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)
        stamp = now.isoformat(timespec="milliseconds")
        self.log.append(f"{stamp} epoch={self.store.epoch} seq={self.store.tip.seq}", lines)

    def _take(self) -> None:
        at = (self.store.image.streams, self.state.account_cash.bills_ms)
        with self.aside.meanwhile(self._unread()), self.gate.turn:
            self.store.whole(self._begin)
            self.store.whole(self.index.take, *at)

    def _unread(self) -> int:
        """How many records the index has yet to take in."""
        streams, ids = self.store.image.streams, self.index.ids
        return sum(len(streams.get(name, ())) - len(ids[name]) for name in SUMMED)

    def _begin(self) -> None:
        """Have the index that the snapshot kept, if it can be used; looked at once."""
        kept, self.kept = self.kept, None
        if kept is not None:
            from prometheus_persist.reconcile.sums import index_from

            since_ms = self.state.account_cash.bills_ms
            self.index = index_from(kept, self.store.image.streams, since_ms) or self.index

    def sums(self) -> Pieces | None:
        """What a snapshot taken now may keep of the index; None where nothing was added up."""
        with self.gate.turn:
            kept = self.kept
            if kept is not None:
                return lambda: [kept]
            if not self.index.booked:
                return None
            from prometheus_persist.reconcile.sums import sums_of

            return sums_of(self.index)
