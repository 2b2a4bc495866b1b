"""The ledger: torn tails are cut, anything else is refused, and nothing is written twice."""

import contextlib
import json
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakeokx_tools import BTC, ask, new_venue

from fakeokx.engine import indexing
from fakeokx.engine.commands import (
    CancelAllAfter,
    Command,
    MovePrice,
    PlaceAlgo,
    PlaceOrders,
    SetPartial,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime import checkpoints
from fakeokx.runtime.exchange import Exchange
from fakeokx.runtime.ledger import FILE_NAME, Ledger, LedgerBusy, LedgerDamaged

BUY = PlaceOrders(orders=(ask(cl_ord_id="a"),))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    exchange = Exchange(tmp_path)
    exchange.do(MovePrice(inst_id=BTC, px="49000"))
    exchange.do(BUY)
    exchange.do(PlaceOrders(orders=(ask(ord_type="limit", px="48000"),)))
    exchange.close()
    return tmp_path


def lines(home: Path) -> list[bytes]:
    return (home / FILE_NAME).read_bytes().splitlines(keepends=True)


def rewrite(home: Path, content: list[bytes]) -> None:
    (home / FILE_NAME).write_bytes(b"".join(content))


def truth(home: Path) -> tuple[object, ...]:
    exchange = Exchange(home)
    venue = exchange.venue
    exchange.close()
    return (venue.main.cash, list(venue.orders.values()), venue.fills, venue.bills, venue.prices)


def test_reopening_gives_the_same_venue_and_writes_nothing(home: Path) -> None:
    before = (home / FILE_NAME).read_bytes()
    first = truth(home)
    assert truth(home) == first
    assert len(first[1]) == 2
    assert (home / FILE_NAME).read_bytes() == before


def test_a_reopened_venue_goes_on_where_it_stopped(home: Path) -> None:
    exchange = Exchange(home)
    last = max(exchange.venue.orders)
    exchange.do(BUY)
    assert max(exchange.venue.orders) > last
    assert [json.loads(line)["n"] for line in lines(home)] == [0, 1, 2, 3, 4]
    exchange.close()


def test_refused_and_idle_commands_leave_no_line(home: Path) -> None:
    before = lines(home)
    exchange = Exchange(home)
    exchange.do(PlaceOrders(orders=(ask(sz="x"),)))
    with pytest.raises(Refusal):
        exchange.do(MovePrice(inst_id=BTC, px="nope"))
    exchange.close()
    assert lines(home) == before


@pytest.mark.parametrize("kept", [1, 10, -1])
def test_a_torn_tail_is_cut_and_its_command_never_happened(home: Path, kept: int) -> None:
    whole = lines(home)
    rewrite(home, [*whole[:-1], whole[-1][:kept]])
    exchange = Exchange(home)
    assert exchange.ledger.torn_bytes == len(whole[-1][:kept])
    assert len(exchange.venue.orders) == 1
    exchange.close()
    assert lines(home) == whole[:-1]


def test_a_torn_tail_longer_than_a_block_is_cut_too(home: Path) -> None:
    whole = lines(home)
    rewrite(home, [*whole, b"x" * 200_000])
    exchange = Exchange(home)
    assert exchange.ledger.torn_bytes == 200_000
    exchange.close()
    assert lines(home) == whole


def test_a_replay_that_leads_to_a_wrong_sum_is_damage(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = indexing.put_on

    def leaky(holder: Any, market: Any, order: Any) -> None:
        real(holder, market, order)
        if order.px_quote is not None:
            holder.frozen["USDT"] += 1

    monkeypatch.setattr(indexing, "put_on", leaky)
    with pytest.raises(LedgerDamaged, match="what it leads to is wrong"):
        Exchange(home)


def test_what_is_stored_leaves_the_collectors_sight(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[int] = []
    monkeypatch.setattr("fakeokx.runtime.exchange.FREEZE_EVERY", 2)
    monkeypatch.setattr("fakeokx.runtime.exchange.gc.freeze", lambda: frozen.append(1))
    exchange = Exchange(home)
    assert len(frozen) == 1
    exchange.do(BUY)
    assert len(frozen) == 2
    exchange.close()


def test_commands_after_what_was_due_find_it_done_and_both_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_700_000_000_000]
    monkeypatch.setattr("fakeokx.runtime.exchange.machine_ms", lambda: clock[0])
    exchange = Exchange(tmp_path)
    exchange.do(PlaceOrders(orders=(ask(ord_type="limit", px="48000"),)))
    exchange.do(CancelAllAfter(time_out_s="10"))
    assert exchange.wake() == ()
    heard: list[str] = []
    exchange.listeners.append(lambda command, _events: heard.append(type(command).__name__))
    clock[0] += 10_000
    exchange.do(BUY)
    assert heard == ["Tick", "PlaceOrders"]
    assert exchange.venue.main.open_orders == {}
    exchange.do(CancelAllAfter(time_out_s="10"))
    clock[0] += 10_000
    assert exchange.wake() != ()
    exchange.close()
    ops = [json.loads(line)["data"].get("op") for line in lines(tmp_path)[1:]]
    wanted = ["PlaceOrders", "CancelAllAfter", "Tick", "PlaceOrders", "CancelAllAfter", "Tick"]
    assert ops == wanted
    assert truth(tmp_path)[0] == exchange.venue.main.cash


def test_an_opening_that_was_torn_starts_afresh(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'{"n":0,')
    exchange = Exchange(tmp_path, seed=3)
    assert (exchange.venue.seed, exchange.ledger.torn_bytes) == (3, 7)
    exchange.close()


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_every_flipped_bit_of_a_whole_line_is_noticed(home: Path, number: int) -> None:
    whole = lines(home)
    for at in range(0, len(whole[number]) - 1, 7):
        bad = bytearray(whole[number])
        bad[at] ^= 0x01
        if b"\n" in bad[:-1]:
            continue
        rewrite(home, [*whole[:number], bytes(bad), *whole[number + 1 :]])
        with pytest.raises(LedgerDamaged, match=f"line {number + 1}:"):
            Exchange(home)


@pytest.mark.parametrize("order", [[0, 2, 3], [0, 1, 3, 2], [0, 1, 1, 2, 3], [1, 2, 3]])
def test_lost_moved_and_repeated_lines_are_noticed(home: Path, order: list[int]) -> None:
    whole = lines(home)
    rewrite(home, [whole[number] for number in order])
    with pytest.raises(LedgerDamaged):
        Exchange(home)


def test_a_command_that_cannot_be_replayed_is_damage(home: Path) -> None:
    with Ledger(home) as ledger:
        entries = list(ledger.replay())
        ledger.append(entries[-1].now_ms, {"op": "Nonsense"})
    with pytest.raises(LedgerDamaged, match="cannot be replayed"):
        Exchange(home)


def test_one_process_at_a_time(home: Path) -> None:
    exchange = Exchange(home)
    with pytest.raises(LedgerBusy):
        Exchange(home)
    exchange.close()
    Exchange(home).close()


def test_an_existing_ledger_wins_over_the_options(home: Path) -> None:
    exchange = Exchange(home, seed=9, pos_mode="long_short_mode")
    assert (exchange.venue.seed, exchange.venue.main.pos_mode) == (0, "net_mode")
    exchange.close()


def test_a_line_that_cannot_be_written_ends_the_process(tmp_path: Path) -> None:
    ended: list[str] = []
    exchange = Exchange(tmp_path, fail=lambda: ended.append("ended"))
    exchange.close()
    with pytest.raises(OSError, match="descriptor"):
        exchange.do(SetPartial(inst_id=BTC, sz="1"))
    assert ended == ["ended"]


def test_a_broken_invariant_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    exchange = Exchange(tmp_path, fail=lambda: ended.append("ended"))
    monkeypatch.setattr(exchange, "venue", _Leaky(new_venue()))
    with pytest.raises(AssertionError, match="misstates the balance"):
        exchange.do(BUY)
    assert ended == ["ended"]
    exchange.close()


class _Leaky:
    """A venue whose cash moves a little on its own whenever an order is stored."""

    def __init__(self, venue: object) -> None:
        self.__dict__["_venue"] = venue

    def __getattr__(self, name: str) -> object:
        found = getattr(self._venue, name)
        if name == "put_order":
            self._venue.main.cash["USDT"] += 1
        return found

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._venue, name, value)


def told(value: Any, seen: tuple[int, ...] = ()) -> Any:
    """Everything that an object holds, however deep, as something that can be compared."""
    if id(value) in seen:
        return "itself"
    seen = (*seen, id(value))
    if isinstance(value, Mapping):
        return {repr(key): told(item, seen) for key, item in value.items()}
    if isinstance(value, list | tuple | deque):
        return [told(item, seen) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    names = [*getattr(value, "__dict__", ()), *slots]
    if not names or isinstance(value, str | int | Decimal | Enum):
        return repr(value)
    return {name: told(getattr(value, name, None), seen) for name in names if name != "events"}


WAITS = PlaceOrders(orders=(ask(ord_type="limit", px="48000", tag="a", cl_ord_id="w"),))
STOP = PlaceAlgo(
    inst_id=BTC, td_mode="cross", side="sell", ord_type="conditional", sz="1",
    sl_trigger_px="45000", sl_ord_px="-1",
)  # fmt: skip
LAST: dict[str, tuple[Command, ...]] = {
    "a dead man's switch of all": (CancelAllAfter(time_out_s="60", tag=""),),
    "a dead man's switch of a tag": (CancelAllAfter(time_out_s="60", tag="a"),),
    "two of them": (
        CancelAllAfter(time_out_s="60", tag="a"),
        CancelAllAfter(time_out_s="30", tag=""),
    ),
    "one that was armed again": (
        CancelAllAfter(time_out_s="60", tag=""),
        CancelAllAfter(time_out_s="90", tag=""),
    ),
    "one that was disarmed": (
        CancelAllAfter(time_out_s="60", tag=""),
        CancelAllAfter(time_out_s="0", tag=""),
    ),
    "a part to come": (SetPartial(inst_id=BTC, sz="1"),),
    "a stop that waits": (STOP,),
    "a price": (MovePrice(inst_id=BTC, px="48500"),),
}


@pytest.mark.parametrize("last", LAST)
def test_a_reopened_venue_is_the_venue_before_it_in_all_that_it_holds(
    home: Path, last: str
) -> None:
    """Timers and what is still to come included: not only what was looked at so far."""
    exchange = Exchange(home)
    for command in (BUY, WAITS, *LAST[last]):
        exchange.do(command)
    before = told(exchange.venue)
    exchange.close()
    again = Exchange(home)
    after = told(again.venue)
    again.close()
    assert after == before
    if "switch" in last or "armed" in last:
        assert "timers" in str(before)


@pytest.mark.parametrize("dies", ["_store", "truncate", "Exchange"])
def test_a_rewind_that_is_killed_leaves_no_checkpoint_beyond_its_ledger(
    home: Path, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    """Wherever it dies: to go back to one that is left never makes the ledger longer, nor cuts it
    within what came later."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    runtime: Any = SimpleNamespace(exchange=Exchange(home))
    checkpoints.save(runtime, "early")
    runtime.exchange.do(BUY)
    checkpoints.save(runtime, "late")
    with monkeypatch.context() as dying:
        dying.setattr(checkpoints.os if dies == "truncate" else checkpoints, dies, killed)
        with pytest.raises(Killed):
            checkpoints.rewind(runtime, "early")
    with contextlib.suppress(OSError):
        runtime.exchange.close()
    again: Any = SimpleNamespace(exchange=Exchange(home))
    again.exchange.do(MovePrice(inst_id=BTC, px="51000"))
    again.exchange.close()
    ends = [0]
    for line in lines(home):
        ends.append(ends[-1] + len(line))
    assert {mark["bytes"] for mark in checkpoints.saved(again)} <= set(ends)
