"""A signal's handler raises in the middle of a call: nothing is done by halves, nothing is lost.

``sweep interrupt`` strikes everywhere; here is each place that was mended, struck once.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from sessionkit import Venue, lost, opened, trading
from storekit import BTC, Struck, struck

from chaos.faults.bytecodes import at_each_bytecode
from prometheus_persist.errors import StoreFailed
from prometheus_persist.reconcile.books import StreamIndex
from prometheus_persist.recovery import restore
from prometheus_persist.saving import saver
from prometheus_persist.saving.triggers import SaveAction
from prometheus_persist.session import (
    Settings,
    background,
    joining,
    live_booking,
    locks,
    opening,
)
from prometheus_persist.session.background import Beside
from prometheus_persist.session.dirty import Marks
from prometheus_persist.session.inbox import Hearing
from prometheus_persist.state import Agent, contracts
from prometheus_persist.storage import lock
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.interrupts import INTERRUPTED, Latches, given_back
from prometheus_persist.storage.lock import StoreLock
from prometheus_persist.storage.store import Store


def test_a_save_that_is_interrupted_before_it_is_taken_in_is_made_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = trading(tmp_path)
    session.state.agents["A"].trade_count = 5
    with monkeypatch.context() as patch:
        patch.setattr(Store, "enqueue", struck)
        with pytest.raises(Struck):
            session.on_trade("A")
    session.on_trade("A")
    assert restore(LocalFs(tmp_path)).documents["agents/A"]["trade_count"] == 5
    session.close()


@pytest.mark.parametrize(
    "call", ["settle", "give_up", "freeze", "unfreeze", "add_agent", "order_intent", "ack"]
)
def test_what_changes_the_books_is_done_whole_or_the_session_is_shut(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Struck while the commit is waited for: no state in between is ever saved."""
    venue = Venue()
    session = trading(tmp_path, venue)
    name = lost(session, venue)
    session.freeze("ETH-USDT-SWAP", "by hand")
    sent = session.order_intent("A", BTC, "buy", contracts("1"))
    if call == "ack":  # by then the disk has begun with it: what it says may come back
        venue.orders[sent.cl_ord_id] = replace(
            venue.orders[name], ord_id="1", cl_ord_id=sent.cl_ord_id, state="live",
            qty_contracts=contracts("1"), filled_contracts=contracts("0"),
        )  # fmt: skip
    calls: dict[str, Callable[[], object]] = {
        "settle": lambda: session.settle(venue, name),
        "give_up": lambda: session.give_up(name, "by hand"),
        "freeze": lambda: session.freeze(BTC, "by hand"),
        "unfreeze": lambda: session.unfreeze("ETH-USDT-SWAP", "by hand"),
        "ack": lambda: sent.ack({"id": "1"}),
        "add_agent": lambda: session.add_agent(Agent(agent_id="new")),
        "order_intent": lambda: session.order_intent("A", BTC, "buy", contracts("1")),
    }
    monkeypatch.setattr(session._store, "wait", struck)
    with pytest.raises(Struck):
        calls[call]()
    for later in (*calls.values(), lambda: session.save("x"), session.wait, session.close):
        with pytest.raises(StoreFailed, match="interrupted halfway"):
            later()
    again = opened(tmp_path)
    assert again.recover(venue).decision.startswith("go")
    fills = [row["fill_id"] for row in again._store.image.streams["public_trades"]]
    assert len(fills) == len(set(fills)) == 1
    again.close()


def test_a_live_state_that_is_half_another_is_never_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit stands, the live objects were being replaced: the session is over."""
    venue = Venue()
    session = trading(tmp_path, venue)
    name = lost(session, venue)
    monkeypatch.setattr(saver, "put_member", struck)
    with pytest.raises(Struck):
        session.settle(venue, name)
    monkeypatch.undo()
    with pytest.raises(StoreFailed, match="interrupted"):
        session.save("x")
    with pytest.raises(StoreFailed, match="interrupted"):
        session.close()


def test_an_index_that_was_half_read_is_read_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Money that was counted would be counted again."""
    venue = Venue()
    session = trading(tmp_path, venue)
    name = lost(session, venue)
    monkeypatch.setattr(StreamIndex, "_executions", struck)
    with pytest.raises(Struck):
        session.settle(venue, name)
    with pytest.raises(StoreFailed, match="interrupted"):
        session.sync(venue)
    session.close(save=False)


def test_what_was_heard_stays_due_when_the_exchange_is_not_waited_for(tmp_path: Path) -> None:
    """Ctrl+C while the exchange is asked: nothing changed, nothing is forgotten, all goes on."""
    venue = Venue()
    session = trading(tmp_path, venue)
    name = lost(session, venue)
    session.hear({"clOrdId": name})
    honest, venue.read_order = venue.read_order, struck  # type: ignore[method-assign]
    for call in (session.work_off, session.settle_unknown):
        with pytest.raises(Struck):
            call(venue)
    venue.read_order = honest  # type: ignore[method-assign]
    assert [each.cl_ord_id for each in session.work_off(venue)] == [name]
    assert session.work_off(venue) == ()
    session.close()


def test_hearing_of_an_order_again_while_it_is_looked_into_keeps_it_due() -> None:
    hearing = Hearing(Latches(), names_max=2)
    hearing.due(["a", "b"])
    heard = hearing.heard()
    hearing.due(["a"])
    hearing.looked_into(heard, "a")
    hearing.looked_into(heard, "b")
    assert list(hearing.heard().names) == ["a"]
    hearing.due(["b", "c"])
    full = hearing.heard()
    assert not full.names
    hearing.due(["d"])
    hearing.looked_into_all(full)
    assert hearing.heard().everything > full.everything


def test_a_mark_that_was_made_while_a_save_ran_stays() -> None:
    marks = Marks(Latches())
    marks.add([], ["watermark", "freeze"])
    made = marks.made()
    marks.add([], ["freeze"])
    marks.saved(made)
    assert list(marks.made()) == ["freeze"]


def test_marks_stay_when_their_save_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(tmp_path, settings=Settings(detect="marked"))
    session.state.supervisor.system_cycle_count = 3
    session.mark(documents=["supervisor"])
    with monkeypatch.context() as patch:
        patch.setattr(session._saver, "save", struck)
        with pytest.raises(Struck):
            session.save("x")
    session.save("y")
    assert not session._marks.made()
    assert restore(LocalFs(tmp_path)).documents["supervisor"]["system_cycle_count"] == 3
    session.close()


def test_an_order_whose_block_never_began_is_in_nobodys_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reconciliation would be put off for ever."""
    session = trading(tmp_path, Venue())
    handle = session.order_intent("A", BTC, "buy", contracts("1"))
    session._gate.take_in_hand(handle)
    name = handle.cl_ord_id
    assert session._gate.in_hand(name)
    del handle
    gc.collect()
    assert not session._gate.in_hand(name)
    again = session.order_intent("A", BTC, "buy", contracts("1"))
    monkeypatch.setattr(type(again._gate._arrivals), "take_in_hand", _taken_and_struck)
    with pytest.raises(Struck), again:
        pass
    assert not session._gate.in_hand(again.cl_ord_id)
    session.close()


def _taken_and_struck(arrivals: Any, name: str, handle: object) -> None:
    arrivals._in_hand[name] = lambda: handle
    raise Struck


def test_beside_what_was_asked_for_is_done_whatever_interrupts_the_asking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    work = {SaveAction.CHECKPOINT: lambda: done.append("checkpoint")}
    made = Beside(work, Latches(), inline=False)
    with monkeypatch.context() as patch:
        patch.setattr(background, "spawn", struck)
        with pytest.raises(Struck):
            made.ask(SaveAction.CHECKPOINT)
    assert made.busy(SaveAction.CHECKPOINT)
    made.wait()
    assert done == ["checkpoint"]


def test_beside_one_works_at_a_time_whatever_interrupts_the_asking() -> None:
    """Struck at each bytecode of an ``ask`` while a thread is at work, and of ``threading``."""
    begun, go_on, at_work = threading.Semaphore(0), threading.Semaphore(0), []
    most = []

    def work() -> None:
        at_work.append(1)
        most.append(len(at_work))
        begun.release()
        assert go_on.acquire(timeout=10)
        at_work.pop()

    files = (background.__file__, threading.__file__)
    for nth in itertools.count(1):
        latches = Latches()
        made = Beside(dict.fromkeys(SaveAction, work), latches, inline=False)
        made.ask(SaveAction.CHECKPOINT)
        assert begun.acquire(timeout=10)
        was_struck = struck_before(nth, lambda made=made: made.ask(SaveAction.SNAPSHOT), files)
        latches.let_go()  # as an edge does
        made.ask(SaveAction.CLEAN_UP)
        assert not made.busy(SaveAction.SAVE)
        assert made.busy(SaveAction.CHECKPOINT), f"forgotten after bytecode {nth}"
        for _ in range(3):
            go_on.release()
        made.wait()
        while go_on.acquire(blocking=False) or begun.acquire(blocking=False):
            pass
        assert at_work == []
        if not was_struck:
            break
    assert nth > 10
    assert set(most) == {1}


def test_a_second_signal_while_the_locks_of_an_opening_are_released_leaves_none(
    tmp_path: Path,
) -> None:
    """Struck at each bytecode of the release."""
    files = (lock.__file__, locks.__file__)
    for nth in itertools.count(1):
        held = locks.Locks(tmp_path / "store", str(tmp_path / "mirror"), take_over=False)
        was_struck = struck_before(nth, lambda held=held: given_back(held.release), files)
        StoreLock(tmp_path / "store").release()
        StoreLock(tmp_path / "mirror").release()
        if not was_struck:
            break
    assert nth > 100


def struck_before(nth: int, call: Callable[[], object], files: tuple[str, ...]) -> bool:
    """Raise ``Struck`` before the ``nth`` bytecode that the call executes in these files."""
    left = itertools.count(nth - 1, -1)

    def strike(_frame: FrameType) -> None:
        if next(left) == 0:
            raise Struck

    try:
        at_each_bytecode(call, strike, lambda frame: frame.f_code.co_filename in files)
        return False
    except Struck:
        return True


def test_an_opening_that_is_interrupted_at_its_end_holds_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session was there, and nobody got it."""
    honest = opening.opening

    @contextlib.contextmanager
    def then_struck(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with honest(*args, **kwargs) as parts:
            yield parts
        raise Struck

    opened(tmp_path).close()
    with monkeypatch.context() as patch:
        patch.setattr("prometheus_persist.session.writer.opening", then_struck)
        with pytest.raises(Struck) as raised:
            opened(tmp_path)
    opened(tmp_path).close()
    assert raised.value.__traceback__ is not None, "nobody has let go of what it holds"


def test_a_close_that_is_struck_at_its_first_step_says_why_it_is_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is shut yet: the lock is let go, and the store says that it was interrupted."""
    session = opened(tmp_path)

    def struck(*_: object) -> None:
        raise Struck

    monkeypatch.setattr(session, "_store", Wrapped(session._store, whole=struck))
    with pytest.raises(Struck):
        session._let_go()
    monkeypatch.undo()
    session._store._committer.shut("what a thread found once the lock was gone")
    opened(tmp_path).close()
    with pytest.raises(StoreFailed, match="interrupted"):
        session.save("x")


class Wrapped:
    """Something with other methods."""

    def __init__(self, inner: object, **others: object) -> None:
        self.__dict__.update(others, inner=inner)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def test_work_beside_that_fails_for_a_close_that_was_struck_is_not_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The close was struck while a thread was at work; the thread then found the lock gone."""
    session = opened(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(session._upkeep.beside, "wait", struck)
        with pytest.raises(Struck):
            session.close()
    session._upkeep.beside._failed.insert(0, StoreFailed("the lock was taken over or removed"))
    with pytest.raises(StoreFailed, match=r"^this store is shut: "):
        session.wait()


def test_a_close_that_is_interrupted_lets_go_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = trading(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(session._store, "checkpoint", struck)
        with pytest.raises(Struck):
            session.close()
    opened(tmp_path).close()
    with pytest.raises(StoreFailed, match=r"closed|interrupted"):
        session.close()
    session.close(save=False)


def test_agents_that_join_and_are_interrupted_halfway_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was entered before the commit is taken out again, and the session is shut."""
    session = trading(tmp_path)
    before = session.state.registry
    monkeypatch.setattr(joining, "keys_of", struck)
    with pytest.raises(Struck):
        session.add_agent(Agent(agent_id="new"))
    assert "new" not in session.state.agents
    assert session.state.registry is before
    monkeypatch.undo()
    with pytest.raises(StoreFailed, match="interrupted"):
        session.close()


def test_the_audit_is_part_of_giving_an_order_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = trading(tmp_path)
    name = lost(session)
    monkeypatch.setattr(live_booking.SessionContext, "audit", struck)
    with pytest.raises(Struck):
        session.give_up(name, "by hand")
    monkeypatch.undo()
    with pytest.raises(StoreFailed, match="interrupted"):
        session.close()


def test_what_a_handler_raises_within_an_opening_is_no_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm's TimeoutError comes up as it is; the lock is given back, and the store opens."""
    opened(tmp_path).close()

    def alarmed(*_: object, **__: object) -> None:
        raise TimeoutError("a handler's")

    with monkeypatch.context() as interrupted:
        interrupted.setattr(opening, "heal", alarmed)
        with pytest.raises(TimeoutError, match="a handler's"):
            opened(tmp_path)
    opened(tmp_path).close()


def test_a_close_that_is_interrupted_is_shut_before_the_lock_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that still writes would find a lock that is gone, and give that for the reason."""
    session = opened(tmp_path)
    shut: list[str] = []
    release = session._lock.release
    committer = session._store._committer

    def released() -> None:
        shut.append(committer.failed)
        release()

    monkeypatch.setattr(session._lock, "release", released)
    monkeypatch.setattr(committer, "close", struck)
    with pytest.raises(Struck):
        session.close()
    assert [why.startswith(INTERRUPTED) for why in shut] == [True]
