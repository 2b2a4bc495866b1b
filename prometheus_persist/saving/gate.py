"""The one gate through which every order leaves; there is no way round.

It asks when an intent is issued, and again when it is sent (``IntentHandle.params``):

1. Does this writer still own the store? Taken over, it issues and sends nothing (``StoreFailed``).
2. Is the agent registered, and alive unless the order only reduces (``BadValue``)? What nobody owns
   is closed under ``SYSTEM_OWNER``, which is no agent and only ever reduces.
3. Does the exchange list the contract, and can these books hold it (``BadValue``, with the name
   that was probably meant)? Not asked before a reconciliation has said what there is.
4. Is the gate open, and nothing frozen or withheld that concerns the order (``Frozen``)? It is shut
   until a recovery has opened it. While everything is frozen nothing passes; on an instrument that
   is frozen or withheld, and of an agent that is withheld, only what reduces: the account's
   position (reduce-only, or a closing side in long and short mode), or under posSide net the
   agent's own one, as far as its open orders leave any of it. The account may stand on the other
   side, and its exchange then refuses reduce-only.

Stops may be attached to an order (``attached.py``): they are issued with it, in one commit. An
order may say until when it is valid (expTime), by the exchange's clock: ours and ``offset_ms``.

A human may give up an open order, with a reason, without the exchange's word (``give_up``): it ends
as CANCELED. Should it show up all the same, a reconciliation takes it back.

The clOrdId carries an epoch (``state.registry``) and is never re-used: once an order was answered,
or given up, it is not sent again (``IllegalTransition``). Its number begins in ``lane``, drawn anew
for each life: another life of a copy of this directory, with the same epoch, issues other ids.

Thread-safe: ``turn`` is held whenever intents change. What is interrupted while they do shuts the
store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue, IllegalTransition
from prometheus_persist.saving.admission import (
    FREELY,
    Admission,
    own_reduces,
    reduces_only,
    refusal,
)
from prometheus_persist.saving.arrivals import UNANSWERED as UNANSWERED
from prometheus_persist.saving.arrivals import Arrivals
from prometheus_persist.saving.attached import Attached, refuse_attached
from prometheus_persist.saving.contract_names import no_contract
from prometheus_persist.saving.intents import IntentHandle
from prometheus_persist.saving.outcomes import settle
from prometheus_persist.saving.saver import Saver
from prometheus_persist.state import Contracts, OrderIntent
from prometheus_persist.state.models import MgnMode, PosSide, Side
from prometheus_persist.state.money import exact
from prometheus_persist.state.registry import SYSTEM_OWNER

LANE = 36**3  # numbers in a lane: as many orders until the next one is entered
LANES = 36**4


class OrderTerms(TypedDict, total=False):
    """What ``order_intent`` takes by name; whoever passes it on says it with ``Unpack``."""

    mgn_mode: MgnMode
    pos_side: PosSide
    ord_type: str
    px: object
    trigger_px: object
    kind: Literal["order", "algo"]
    reduce_only: bool
    attached: Iterable[Attached]
    valid_ms: int | None


class IntentGate:
    """Issues intents; shut until ``open``.

    ``lane``: 4 random digits of base 36, else BadValue. ``order_valid_ms``: for how long a regular
    order is valid where nothing else is asked for; 0 for ever.
    """

    def __init__(
        self, saver: Saver, clock: Clock, lane: int = 0, *, order_valid_ms: int = 0
    ) -> None:
        if not 0 <= lane < LANES:
            raise BadValue(f"a lane is a number from 0 to below {LANES}, not {lane}")
        self.turn = saver.store.latches.new()
        self._saver = saver
        self._clock = clock
        self._first = lane * LANE
        self._order_valid_ms = order_valid_ms
        self._number = 0
        self._shut = "the books have not been reconciled since the start"
        self._admission = FREELY
        self._arrivals = Arrivals(clock)
        self.offset_ms = 0  # the exchange's clock less ours
        self.options = ""  # of a command about this store, and the account that was read last

    def open(self, admission: Admission = FREELY) -> None:
        """Let orders pass, but for what is withheld; what was withheld before is forgotten."""
        with self.turn:
            self._admission = admission
            if admission.offset_ms is not None:
                self.offset_ms = admission.offset_ms
            self._shut = ""

    def shut(self, why: str) -> None:
        """Let none pass."""
        self._shut = why

    @property
    def is_open(self) -> bool:
        """Whether orders may pass at all."""
        return not self._shut

    @property
    def withheld(self) -> Mapping[str, str]:
        """The instruments that take no new entries until the next reconciliation, and why."""
        return self._admission.withheld

    def may_trade_on(self, inst_id: str) -> bool:
        """Whether new entries on it pass: open, not frozen, not withheld, a contract to trade."""
        with self.turn:
            return not (
                self._shut
                or refusal(self._saver.state.freeze, inst_id, reduces=False)
                or self._admission.withholds(inst_id)
                or no_contract(inst_id, self._admission.contracts)
            )

    @property
    def issued(self) -> int:
        """How many intents were issued so far: whoever compares two of these sees new ones."""
        return self._number

    def on_their_way(self, now_ms: int, in_flight_ms: int, lived_ms: int = 0) -> dict[str, int]:
        """The unanswered orders that may still arrive, and for how many milliseconds more.

        ``lived_ms``: until when the writer before is known to have lived (``arrivals.py``).
        """
        with self.turn:
            intents, epoch = self._saver.state.intents, self._saver.store.epoch
            return self._arrivals.waits(intents, epoch, now_ms, in_flight_ms, lived_ms)

    def in_hand(self, cl_ord_id: str) -> bool:
        """Whether its block is running, or about to begin."""
        with self.turn:
            found = self._arrivals
            return found.has_in_hand(cl_ord_id) or found.is_new(cl_ord_id)

    def give_up(self, cl_ord_id: str, reason: str) -> OrderIntent:
        """End an open order by a human's word, durably; the intent as it then stands.

        Stops attached to it of which nothing was seen end with it. Raises BadValue without a
        reason, and for what is not open.
        """
        if not reason.strip():
            raise BadValue("giving up an order needs a reason")
        with self.turn:
            now = self._saver.state.intents.get(cl_ord_id)
            if now is None:
                raise BadValue(f"no open order {cl_ord_id}")
            said = f"given up: {reason.strip()}"
            return settle(self._saver, now, "CANCELED", reason=said, with_attached=True)

    def order_intent(
        self,
        agent_id: str,
        inst_id: str,
        side: Side,
        quantity: Contracts,
        *,
        mgn_mode: MgnMode = "cross",
        pos_side: PosSide = "net",
        ord_type: str = "market",
        px: object = None,
        trigger_px: object = None,
        kind: Literal["order", "algo"] = "order",
        reduce_only: bool = False,
        attached: Iterable[Attached] = (),
        valid_ms: int | None = None,
    ) -> IntentHandle:
        """A durable intent, ready to be sent; raises Frozen, BadValue, StoreFailed.

        ``attached``: stops that come to stand once it is executed. ``valid_ms``: the exchange may
        not carry it out any later than this from now; 0 for ever, None as the gate has it.
        """
        if not isinstance(quantity, Contracts):
            raise BadValue(
                f"an order needs Contracts, not {quantity!r}: contracts('1') are made of text"
            )
        if quantity.sign <= 0:
            raise BadValue(f"an order needs a positive number of Contracts, not {quantity!r}")
        try:
            order = OrderIntent(
                cl_ord_id="",
                agent_id=agent_id,
                inst_id=inst_id,
                mgn_mode=mgn_mode,
                pos_side=pos_side,
                side=side,
                qty_contracts=quantity,
                kind=kind,
                ord_type=ord_type,
                px=None if px is None else exact(px),
                trigger_px=None if trigger_px is None else exact(trigger_px),
                reduce_only=reduce_only,
            )
        except BadValue as problem:
            raise BadValue(f"order of {agent_id}: {problem.detail}") from None
        stops = tuple(attached)
        refuse_attached(order, stops)
        valid_ms = self._valid(order, valid_ms)
        with self.turn:
            self._refuse(order)
            orders = [order, *(each.intent(order) for each in stops)]
            intent, *others = self._saver.store.whole(self._issued, orders, valid_ms)
            ids = [each.cl_ord_id for each in others]
            rows = [each.row(name) for each, name in zip(stops, ids, strict=True)]
            handle = IntentHandle(self, self._saver, intent, rows)
            self._arrivals.given_out(intent.cl_ord_id, handle)
            return handle

    def admit(self, intent: OrderIntent) -> None:
        """Ask again, now that it is about to leave; raises what ``order_intent`` raises, and
        IllegalTransition for an order that was answered or given up."""
        with self.turn:
            self._saver.store.refuse_fenced()
            now = self._saver.state.intents.get(intent.cl_ord_id)
            if now is None or now.outcome != "PENDING":
                raise IllegalTransition(
                    f"order {intent.cl_ord_id} was answered or given up; a clOrdId is sent once, "
                    f"take a new intent"
                )
            self._refuse(intent)
            self._arrivals.leaves(intent.cl_ord_id)

    def take_in_hand(self, handle: IntentHandle) -> None:
        """Its block begins."""
        with self.turn:
            self._arrivals.take_in_hand(handle.cl_ord_id, handle)

    def let_go(self, cl_ord_id: str) -> None:
        """Its block has ended; from now on it can only be on its way."""
        with self.turn:
            intent = self._saver.state.intents.get(cl_ord_id)
            unanswered = intent is not None and intent.outcome in UNANSWERED
            self._arrivals.let_go(cl_ord_id, unanswered=unanswered)

    def _refuse(self, order: OrderIntent) -> None:
        state, agent_id, inst_id = self._saver.state, order.agent_id, order.inst_id
        reduces = reduces_only(
            order.side, order.pos_side, reduce_only=order.reduce_only
        ) or own_reduces(state, order)
        agent = state.agents.get(agent_id)
        system = agent_id == SYSTEM_OWNER
        if not system and (agent is None or agent_id not in state.registry.rows):
            raise BadValue(f"agent {agent_id!r} is not in the registry; add_agent it first")
        if not reduces and (agent is None or not agent.alive):
            who = "nobody's positions" if agent is None else f"agent {agent_id!r} is dead: its own"
            raise BadValue(f"{who} can only be reduced (reduce_only=True)")
        contract = no_contract(inst_id, self._admission.contracts)
        if contract:
            raise BadValue(f"order of {agent_id}: {contract}")
        at = (self._shut, state.freeze, self.options)
        self._admission.refuse(*at, order, reduces=reduces)

    def _valid(self, order: OrderIntent, valid_ms: int | None) -> int:
        """For how long, 0 for ever; a stop has no such time."""
        if valid_ms is None:
            return 0 if order.kind == "algo" else self._order_valid_ms
        if type(valid_ms) is not int or valid_ms < 0:
            raise BadValue(f"valid_ms is a number of milliseconds, 0 for ever, not {valid_ms!r}")
        if valid_ms and order.kind == "algo":
            raise BadValue("valid_ms: OKX has no expTime for stop and trigger orders")
        return valid_ms

    def _issued(self, orders: list[OrderIntent], valid_ms: int) -> list[OrderIntent]:
        """An order and its stops, durable; nothing stays of what could not be saved."""
        state, agent_id = self._saver.state, orders[0].agent_id
        registry, intents, made = state.registry, state.intents, list[OrderIntent]()
        now_ms = self._clock.now_ms()
        try:
            if agent_id == SYSTEM_OWNER:
                state.registry = registry.assign(SYSTEM_OWNER)
            for order in orders:
                common = {
                    "cl_ord_id": self._next_id(agent_id),
                    "tag": state.registry.rows[agent_id].tag,
                    "epoch": self._saver.store.epoch,
                    "created_ms": now_ms,
                }
                if made:
                    own: dict[str, object] = {"parent": made[0].cl_ord_id}
                else:
                    until_ms = now_ms + self.offset_ms + valid_ms
                    own = {"valid_until_ms": until_ms if valid_ms else 0}
                made.append(order.model_copy(update=common | own))
            intents |= {each.cl_ord_id: each for each in made}
            keys = [f"intents/{each.cl_ord_id}" for each in made]
            new = [] if state.registry is registry else ["registry"]
            self._saver.save("intent", keys=[*new, *keys])
        except BaseException:
            for each in made:
                intents.pop(each.cl_ord_id, None)  # what was not saved may not leave
            state.registry = registry
            raise
        for each in made:
            self._arrivals.leaves(each.cl_ord_id)
        return made

    def _next_id(self, agent_id: str) -> str:
        number = (self._first + self._number + 1) % (LANE * LANES)
        name = self._saver.state.registry.cl_ord_id(agent_id, self._saver.store.epoch, number)
        self._number += 1
        return name
