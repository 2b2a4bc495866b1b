"""Calls that are interrupted: one session after another, and what is asked after each call.

``CALLS`` are the public calls by name: what comes before, and the call itself. ``Life`` is one
session over a disk in memory (or any other), with ears that hear every commit. After each call that
was interrupted ``judge`` has another thread go on with the session, so that a lock left behind is a
wait that never ends, and asks:

- the session saves a new change, and then the disk, after a power cut at its worst, holds exactly
  what the session has in memory; or every call refuses, and names the interruption;
- what is restored is the last acknowledged state, or the commit that was begun behind it;
- no execution is booked twice, positions are the sum of the executions, and no order ends twice;
- the session lets go of everything, and the store opens again, sound.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any, Final, Literal

from chaos.sweeps.elsewhere import Hangs, elsewhere
from chaos.sweeps.judge_restore import reopened
from chaos.sweeps.reference_workload import FIRST, INSTRUMENT, SETTINGS, Yard, digest_of, ears_for
from chaos.sweeps.tally import Tally
from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper import PaperBroker, execution
from chaos.workload.paper_life import DAY_START_MS, FixedIds
from prometheus_persist.errors import PersistError, StoreFailed, StoreLocked
from prometheus_persist.reconcile.views import VenuePosition
from prometheus_persist.recovery import Restored, restore
from prometheus_persist.saving import IntentHandle
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, Contracts, PositionKey, to_documents
from prometheus_persist.state.documents import is_hosts
from prometheus_persist.storage.committer import Committer
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import INTERRUPTED, Bell
from prometheus_persist.storage.lock import StoreLock
from prometheus_persist.testing.memory_fs import MemoryFs

Detect = Literal["everything", "marked"]
STARTS_MS = DAY_START_MS + 60_000
UNIT = Contracts(Decimal(1))
ANOTHER = "ETH-USDT-SWAP"
OPENINGS = ("open", "attach")
BESIDE_S = 3.0
NOTHING, FINISHED, SHUT = "did nothing", "finished", "shut the session"


class Forgotten(Exception):
    """An order was heard of, and nobody looks into it any more."""


class InterruptedLife:
    """One session, and what a call needs to have at hand."""

    def __init__(self, disk: Fs, grounds: Yard, *, detect: Detect = "everything") -> None:
        self.disk = disk
        self.plot = grounds.plot()
        self.clock = WoundClock(STARTS_MS)
        self.ears = ears_for(disk)
        self.numbers = itertools.count(1)
        self.handle: IntentHandle | None = None
        self.settings = replace(SETTINGS[FIRST], detect=detect)
        self.take(self.opened())
        self.recover()
        names = sorted(self.session.state.agents)
        self.who: str = names[0]
        self.other: str = names[1]
        self.heard = ""
        self.touch()
        self.save_soon()

    def opened(self) -> Session:
        """Open; the same ears hear it."""
        return Session.open(
            self.plot,
            fs=self.disk,
            clock=self.clock,
            ids=FixedIds(),
            settings=self.settings,
            observer=Narrator(self.ears, fold=self.ears.fold),
        )

    def take(self, session: Session) -> None:
        """This is the session now."""
        self.session = session
        self.broker = PaperBroker(session, Narrator(self.ears, fold=self.ears.fold))

    def recover(self) -> None:
        """The exchange agrees."""
        assert self.session.recover(self.broker.reader).decision == "go"

    def touch(self) -> None:
        """The program changes something: a document of its own, an agent, a list that grows."""
        state, number = self.session.state, next(self.numbers)
        state.supervisor.system_cycle_count += 1
        state.agents[self.who].trade_count += 1
        state.supervisor.market_state_history.append({"n": number})
        self.session.mark(self.who, documents=["supervisor"])

    def touch_another(self) -> None:
        """The program changes something else."""
        self.session.state.agents[self.other].trade_count += 1
        self.session.mark(self.other)

    def came_back_wrong(self) -> str:
        """What is wrong with a host that was attached just now; here is none."""
        return ""

    def host_differs(self) -> str:
        """What a restore gives of a host and is not alive."""
        return ""

    def save_soon(self) -> None:
        """By the writer's thread, which is there from then on, and waits for the files."""
        ticket = self.session.save_soon("soon")
        assert ticket is not None
        ticket.wait()

    def save_one_soon(self) -> None:
        """Of one agent: copied here, and made by whoever is quicker."""
        self.session.state.agents[self.who].trade_count += 1
        ticket = self.session.save_soon("soon", agents=[self.who])
        assert ticket is not None
        ticket.wait()

    def order(self) -> IntentHandle:
        """A new intent."""
        self.handle = self.session.order_intent(self.who, INSTRUMENT, "buy", UNIT)
        return self.handle

    def held(self) -> IntentHandle:
        """The last one."""
        assert self.handle is not None
        return self.handle

    def sent(self) -> None:
        """One that was sent and answered."""
        with self.order() as intent:
            _ = intent.params
            intent.ack({"id": execution(intent.intent).ord_id})


Step = Callable[[InterruptedLife], object]


@dataclass(frozen=True, slots=True)
class InterruptedCall:
    """``act`` is interrupted; ``before`` it is not. ``hosted``: with somebody else's objects."""

    act: Step
    before: Step = InterruptedLife.touch
    detect: Detect = "everything"
    hosted: bool = False


def _lost(life: InterruptedLife) -> None:
    """An order without an answer."""
    with contextlib.suppress(TimeoutError), life.order():
        raise TimeoutError
    life.heard = life.held().cl_ord_id
    life.session.hear({"clOrdId": life.heard})


def _in_a_block(life: InterruptedLife) -> None:
    with life.held() as intent:
        intent.ack({"id": execution(intent.intent).ord_id})


def _marked_and_heard(life: InterruptedLife) -> None:
    life.session.mark(life.who)
    life.session.hear({"clOrdId": "none"})


def _saved(life: InterruptedLife) -> None:
    life.touch()
    life.session.save("before")


def _opened(life: InterruptedLife) -> None:
    life.take(life.opened())


def _among_others(life: InterruptedLife) -> None:
    """Others waited a moment ago: nothing is written ahead, whoever waits writes for all."""
    life.touch()
    committer = life.session._saver.store._committer
    while not all(_at_rest(committer) for _ in range(2)):
        time.sleep(0.001)
    committer._asleep._crowd = 2


def _at_rest(committer: Committer) -> bool:
    """Whether the writer's thread has nothing left to do, a moment from now as well."""
    time.sleep(0.0005)
    frames = sys._current_frames()
    writers = [each for each in committer._threads if each.is_alive() and "writer" in each.name]
    stands = [frames.get(each.ident or 0) for each in writers]
    return committer._wake._rings.empty() and all(
        frame is not None and frame.f_code is Bell.wait.__code__ for frame in stands
    )


def _frozen(life: InterruptedLife) -> None:
    life.session.freeze(INSTRUMENT, "by the sweep")


def _adopted(life: InterruptedLife) -> None:
    """A position that exists already, and is larger each time."""
    size, at_ms = Contracts(Decimal(next(life.numbers))), life.clock.peek_ms()
    row = VenuePosition(PositionKey(ANOTHER, "cross", "net"), size, Decimal(100), at_ms)
    life.session.adopt([row], {ANOTHER: life.who})


CALLS: Final[Mapping[str, InterruptedCall]] = {
    "save": InterruptedCall(lambda life: life.session.save("struck")),
    "save among others": InterruptedCall(lambda life: life.session.save("struck"), _among_others),
    "save of what is marked": InterruptedCall(
        lambda life: life.session.save("struck"), detect="marked"
    ),
    "on_trade": InterruptedCall(lambda life: life.session.on_trade(life.who)),
    "on_cycle": InterruptedCall(lambda life: life.session.on_cycle(next(life.numbers))),
    "on_agent_death": InterruptedCall(lambda life: life.session.on_agent_death(life.who)),
    "save_soon and its ticket": InterruptedCall(InterruptedLife.save_soon),
    "save_soon of one and its ticket": InterruptedCall(
        InterruptedLife.save_one_soon, InterruptedLife.save_one_soon
    ),
    "add_agent": InterruptedCall(
        lambda life: life.session.add_agent(Agent(agent_id=f"N{life.clock.peek_ms()}"))
    ),
    "order_intent": InterruptedCall(InterruptedLife.order),
    "params": InterruptedCall(lambda life: life.held().params, InterruptedLife.order),
    "ack": InterruptedCall(_in_a_block, InterruptedLife.order),
    "reject": InterruptedCall(
        lambda life: life.held().reject("51008 insufficient balance"), InterruptedLife.order
    ),
    "settle": InterruptedCall(
        lambda life: life.session.settle(life.broker.reader, life.held().cl_ord_id),
        InterruptedLife.sent,
    ),
    "settle_unknown": InterruptedCall(
        lambda life: life.session.settle_unknown(life.broker.reader), _lost
    ),
    "work_off": InterruptedCall(lambda life: life.session.work_off(life.broker.reader), _lost),
    "give_up": InterruptedCall(
        lambda life: life.session.give_up(life.held().cl_ord_id, "swept"), _lost
    ),
    "mark and hear": InterruptedCall(_marked_and_heard),
    "freeze": InterruptedCall(_frozen),
    "unfreeze": InterruptedCall(lambda life: life.session.unfreeze(INSTRUMENT, "swept"), _frozen),
    "adopt": InterruptedCall(_adopted),
    "checkpoint": InterruptedCall(lambda life: life.session.checkpoint(), _saved),
    "snapshot": InterruptedCall(lambda life: life.session.snapshot()),
    "sync": InterruptedCall(
        lambda life: life.session.sync(life.broker.reader), InterruptedLife.sent
    ),
    "close": InterruptedCall(lambda life: life.session.close()),
    "open": InterruptedCall(_opened, lambda life: life.session.close()),
}


@dataclass(slots=True)
class Findings:
    """Of one interrupted call: what came of it, and whether the session may go on."""

    outcome: str
    goes_on: bool = False
    wrong: list[tuple[str, str]] = field(default_factory=list)


def judge(life: InterruptedLife, name: str, begun: int, *, returned: bool) -> Findings:
    """What the interrupted call left; ``begun``: how many commits had been begun before it.

    ``returned``: it did its work all the same; somebody on the way took the exception for his own.
    """
    found = Findings(FINISHED if len(life.ears.begun) > begun else NOTHING)
    if name in OPENINGS and not returned:
        _judge_open(life, found)
        return found
    answer = elsewhere(lambda: _go_on(life))
    if isinstance(answer, Hangs):
        found.wrong.append(("hangs", f"going on with the session, {answer}"))
        return found
    if isinstance(answer, Forgotten):
        found.wrong.append(("heard and forgotten", str(answer)))
    elif isinstance(answer, BaseException):
        closed = name == "close" and "it was closed" in str(answer)
        found.outcome = FINISHED if closed else SHUT
        if not closed and not (isinstance(answer, StoreFailed) and INTERRUPTED in answer.detail):
            found.wrong.append(("refuses without saying why", repr(answer)))
        _judge_shut(life, found)
    else:
        found.goes_on = True
        _judge_saved(life, found)
    return found


def answers(problem: BaseException, *kinds: type[BaseException]) -> bool:
    """Whether an exception is one of these, or this library's, or was raised in the midst of one.

    Another's clean-up may raise something of its own: ``zipfile`` of a member that is still open.
    """
    while True:
        if isinstance(problem, (PersistError, *kinds)):
            return True
        if problem.__context__ is None:
            return False
        problem = problem.__context__


def _go_on(life: InterruptedLife) -> None:
    life.session.wait()
    life.session.save("next")
    if not life.session.may_trade:
        life.recover()
    life.session.work_off(life.broker.reader)
    if life.heard in life.session.state.intents:
        raise Forgotten(life.heard)
    life.session.settle_unknown(life.broker.reader)
    if INSTRUMENT in life.session.state.freeze.instruments:
        life.session.unfreeze(INSTRUMENT, "swept")
    life.touch_another()
    life.session.save("after")


def _judge_saved(life: InterruptedLife, found: Findings) -> None:
    disk = life.disk.after_power_cut() if isinstance(life.disk, MemoryFs) else life.disk
    held = _restored(disk, found)
    if held is None:
        return
    if _typed(held.documents) != to_documents(life.session.state):
        found.wrong.append(("acknowledged and lost", _difference(held, life.session)))
    elif differs := life.host_differs():
        found.wrong.append(("another host", differs))
    elif digest_of(held) != life.ears.acked_digest:
        found.wrong.append(("mixed", f"commit {held.seq}, {life.ears.acked} acknowledged"))


def _judge_shut(life: InterruptedLife, found: Findings) -> None:
    for what, call in _LATER.items():
        answer = elsewhere(partial(call, life))
        if isinstance(answer, Hangs):
            found.wrong.append(("hangs", f"{what} after the session was shut, {answer}"))
            return
        if not isinstance(answer, PersistError):
            found.wrong.append(("goes on although it is shut", f"{what}: {answer!r}"))
    held = _restored(life.disk, found)
    if held is not None and digest_of(held) not in life.ears.legal():
        found.wrong.append(("mixed", f"commit {held.seq}, {life.ears.acked} acknowledged"))
    if held is not None and held.seq < life.ears.acked:
        found.wrong.append(("acknowledged and lost", f"{held.seq} of {life.ears.acked}"))


_LATER: Final[Mapping[str, Step]] = {
    "save": lambda life: life.session.save("later"),
    "on_trade": lambda life: life.session.on_trade(life.who),
    "order_intent": InterruptedLife.order,
    "freeze": lambda life: life.session.freeze(None, "later"),
    "settle_unknown": lambda life: life.session.settle_unknown(life.broker.reader),
    "work_off": lambda life: life.session.work_off(life.broker.reader),
    "sync": lambda life: life.session.sync(life.broker.reader),
    "checkpoint": lambda life: life.session.checkpoint(),
    "snapshot": lambda life: life.session.snapshot(),
    "close": lambda life: life.session.close(),
}


def _judge_open(life: InterruptedLife, found: Findings) -> None:
    """Nobody holds the lock, and the state is there; the new session is the life's own.

    Of a session that nobody got nothing is left, once what it has begun beside has ended."""
    answer, until_s = elsewhere(life.opened), time.monotonic() + BESIDE_S
    while isinstance(answer, StoreLocked) and time.monotonic() < until_s:
        time.sleep(0.005)
        gc.collect()
        answer = elsewhere(life.opened)
    if not isinstance(answer, Session):
        found.wrong.append(("cannot be opened again", repr(answer)))
        return
    life.take(answer)
    if to_documents(answer.state) != _restored_documents(life.disk):
        found.wrong.append(("mixed", "what was opened is not what is there"))
    if wrong := life.came_back_wrong():
        found.wrong.append(("another host", wrong))


def end(life: InterruptedLife, tally: Tally, grounds: Yard, where: str, known: set[str]) -> None:
    """Let go, give the lock back, and have the store opened again by the next one.

    ``known`` are disks that were found sound already, to the byte.
    """
    answer = elsewhere(lambda: life.session.close(save=False))
    if isinstance(answer, Hangs):
        tally.wrong("hangs", f"{where}: close, {answer}")
        return
    try:
        StoreLock(life.plot).release()
    except PersistError as problem:
        tally.wrong("the lock is still held", f"{where}: {problem}")
    if isinstance(life.disk, MemoryFs):
        left = life.disk.contents()
        name = sha256(repr(left).encode()).hexdigest()
        if name not in known:
            known.add(name)
            reopened(tally, MemoryFs.of(left), grounds, where)


def _restored(disk: Fs, found: Findings) -> Restored | None:
    try:
        held = restore(disk, clock=WoundClock(STARTS_MS))
    except PersistError as problem:
        found.wrong.append(("refused", str(problem)))
        return None
    found.wrong += [(what, where) for what, where in booked_wrongly(held)]
    return held


def _restored_documents(disk: Fs) -> Mapping[str, Any]:
    return _typed(restore(disk, clock=WoundClock(STARTS_MS)).documents)


def _typed(documents: Mapping[str, Any]) -> dict[str, Any]:
    """Without what a host has there."""
    return {key: one for key, one in documents.items() if not is_hosts(key)}


def booked_wrongly(held: Restored) -> Iterator[tuple[str, str]]:
    """Executions and orders, by arithmetic: each once, in both books, and no other contracts."""
    trades = list(held.streams.get("public_trades", ()))
    for name, count in Counter(row["fill_id"] for row in trades).items():
        if count > 1:
            yield "booked twice", name
    ended = Counter(row["cl_ord_id"] for row in held.streams.get("intent_log", []))
    for name, count in ended.items():
        if count > 1 or f"intents/{name}" in held.documents:
            yield "an order ended twice", name
    for key, ledger in held.documents.items():
        family, _, agent = key.partition("/")
        if family != "private_ledgers":
            continue
        own = [row for row in trades if row["agent_id"] == agent]
        if own != held.streams.get(f"private_trades/{agent}", []):
            yield "booked in one ledger", agent
        due = sum(
            (Decimal(row["qty_contracts"]) * (1 if row["side"] == "buy" else -1) for row in own),
            Decimal(0),
        )
        there = sum((Decimal(one["qty_contracts"]) for one in ledger["positions"]), Decimal(0))
        if due != there:
            yield "contracts that nobody traded", f"{agent}: {there}, traded {due}"


def _difference(held: Restored, session: Session) -> str:
    live, there = to_documents(session.state), _typed(held.documents)
    keys = sorted(key for key in {*live, *there} if live.get(key) != there.get(key))
    return f"commit {held.seq}: {', '.join(keys[:5])} differ from what the session has"
