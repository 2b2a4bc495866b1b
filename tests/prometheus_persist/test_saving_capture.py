"""Captures: exactly what differs is found, whatever changed it, and only what would come back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from test_state_models import full_state

from prometheus_persist.errors import BadValue
from prometheus_persist.journal.change import Change, Image, Ready, change_from
from prometheus_persist.saving.capture import Capture, Captured
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, Contracts, History, SystemState, contracts
from prometheus_persist.state.documents import document, members, proven, state_from
from prometheus_persist.state.encoding import UNFIT, codec
from prometheus_persist.state.exact_json import JsonObject, dumps
from prometheus_persist.state.models import AccountIdentity

KEYS = [key for key, _ in members(full_state())]


class Book:
    """A capture, the documents that a store would hold, and those that a restore would find."""

    def __init__(self) -> None:
        self.capture = Capture()
        self.held: dict[str, JsonObject] = {}
        self.replayed = Image()

    def save(self, state: SystemState) -> dict[str, Captured]:
        """Capture all and take in what differs."""
        found = {}
        for key, model in members(state):
            captured = self.capture.of(key, model, self.held.get(key))
            if captured is not None:
                found[key] = captured
        change = Change("x", ready=Ready())
        for name in ("put", "set", "grow"):
            parts = {key: getattr(each, name) for key, each in found.items()}
            getattr(change, name).update({key: part for key, part in parts.items() if part})
        seq = self.replayed.seq + 1
        Image(self.held).apply(change, seq, 0)
        self.capture.learn(found, self.held)
        if found:
            self.replayed.apply(change_from(change.to_bytes(), "x"), seq, 0)
        return found


def exactly(document_: JsonObject) -> bytes:
    return dumps(document_)


def assert_holds(book: Book, state: SystemState) -> None:
    """The documents are those of the state, to the byte, written as read; they give it back."""
    assert dumps(book.replayed.documents) == dumps(book.held)
    due = {key: document(model) for key, model in members(state)}
    assert {key: exactly(item) for key, item in book.held.items()} == {
        key: exactly(item) for key, item in due.items()
    }
    for key, model in members(state):
        proven(key, model, book.held[key])


CHANGES: dict[str, Callable[[SystemState], Any]] = {
    "a field": lambda s: setattr(s.agents["LiveAgent_01"], "current_capital", Decimal("1.10")),
    "digits behind the point": lambda s: setattr(s.agents["a/b"], "total_pnl", Decimal("0.00")),
    "a float that was equal": lambda s: setattr(s.agents["a/b"], "win_rate", -0.0),
    "an entry of a dict": lambda s: s.agents["LiveAgent_01"].gene.update(stop_loss=0.03),
    "an int for a float": lambda s: s.agents["LiveAgent_01"].gene.update(stop_loss=1),
    "a true for a one": lambda s: s.agents["LiveAgent_01"].gene.update(stop_loss=True),
    "a new key": lambda s: s.agents["LiveAgent_01"].personality.update(patience=None),
    "a key gone": lambda s: s.agents["LiveAgent_01"].personality.pop("optimism"),
    "deep inside": lambda s: s.supervisor.agent_rankings[0].update(n={"x": [1, {"y": []}]}),
    "an entry more": lambda s: s.public_ledger.archived_agents.append({"n": [1.0, {"é": None}]}),
    "entries more": lambda s: s.public_ledger.ranking_history.extend([{"a": 1}, {"b": True}]),
    "the oldest entry dropped": lambda s: s.public_ledger.archived_agents.keep_last(0),
    "all entries dropped": lambda s: s.supervisor.market_state_history.keep_last(0),
    "other entries": lambda s: setattr(s.mastermind, "strategy_history", History([{"x": "y"}])),
    "an item more": lambda s: s.agents["LiveAgent_01"].medals.append("survivor"),
    "an inner model": lambda s: setattr(s.agents["a/b"].emotional_state, "fear", 0.9),
    "positions": lambda s: [
        setattr(each, "qty_contracts", contracts("9.5"))
        for each in s.private_ledgers["a/b"].positions
    ],
    "no position": lambda s: s.private_ledgers["a/b"].positions.clear(),
    "a time": lambda s: setattr(
        s.supervisor, "last_save_time", datetime.fromisoformat("2026-01-02T03:04:05.000006")
    ),
    "a time in UTC": lambda s: setattr(
        s.supervisor, "last_save_time", datetime(2026, 1, 2, tzinfo=UTC)
    ),
    "a time elsewhere": lambda s: setattr(
        s.supervisor, "last_save_time", datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=8)))
    ),
    "a none": lambda s: setattr(s.agents["a/b"], "death_reason", None),
    "text beyond ASCII": lambda s: setattr(s.agents["a/b"], "death_reason", '爆仓 "\\\n\x00 €😀'),
    "a field of the host's": lambda s: setattr(s.agents["a/b"], "mood", {"x": [1.5]}),
    "an outcome": lambda s: setattr(s.intents["c1"], "outcome", "FILLED"),
    "a watermark": lambda s: setattr(s.watermark, "fills_ms", 10**15),
    "a registry row": lambda s: setattr(s, "registry", s.registry.assign("newcomer")),
    "a freeze": lambda s: s.freeze.instruments.pop("BTC-USDT-SWAP"),
    "another model of the same": lambda s: s.agents.update(
        {"a/b": s.agents["a/b"].model_copy(update={"days_alive": 4})}
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_alone_and_once(name: str) -> None:
    """After whatever kind of change: the document it is in, no other; and then nothing."""
    state, book = full_state(), Book()
    assert book.save(state).keys() == set(KEYS)
    assert book.save(state) == {}
    CHANGES[name](state)
    assert len(book.save(state)) == 1
    assert_holds(book, state)
    assert book.save(state) == {}
    CHANGES["a field"](state)
    book.save(state)
    assert_holds(book, state)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(CHANGES)), unique=True, max_size=8), st.integers(0, 7))
def test_any_changes_in_any_order(names: list[str], saves: int) -> None:
    """Saved in between or not, what is held is what the state is; the text is the content."""
    state, book = full_state(), Book()
    for number, name in enumerate(names):
        if saves >> (number % 3) & 1:
            book.save(state)
        CHANGES[name](state)
    book.save(state)
    assert_holds(book, state)


def test_a_document_is_the_stores_own() -> None:
    """What is changed in place after a capture is not changed in what was captured."""
    state, book = full_state(), Book()
    book.save(state)
    for _ in range(2):
        state.agents["LiveAgent_01"].gene["inner"] = {"list": [1]}
        book.save(state)
        kept = copy.deepcopy(book.held)
        state.agents["LiveAgent_01"].gene["inner"]["list"].append(2)  # type: ignore[index,call-overload,union-attr]
        state.agents["LiveAgent_01"].medals.append("survivor")
        state.public_ledger.ranking_history.append({"rank": 2})
        state.supervisor.agent_rankings.append({"rank": 2})
        assert book.held == kept


def test_a_store_that_was_changed_by_others_is_compared_whole() -> None:
    """What is remembered counts only for the very object that the store was given."""
    state, book = full_state(), Book()
    book.save(state)
    book.held["agents/a/b"] = book.replayed.documents["agents/a/b"] = {"days_alive": 99}
    assert book.save(state).keys() == {"agents/a/b"}
    del book.held["watermark"]
    assert book.save(state).keys() == {"watermark"}
    assert_holds(book, state)


def test_a_capture_that_never_got_to_the_store_is_made_again() -> None:
    state, book = full_state(), Book()
    book.save(state)
    state.agents["a/b"].days_alive = 5
    lost = book.capture.of("agents/a/b", state.agents["a/b"], book.held["agents/a/b"])
    again = book.capture.of("agents/a/b", state.agents["a/b"], book.held["agents/a/b"])
    assert lost is not None
    assert again == lost
    assert again.set == {"days_alive": 5}
    book.held["agents/a/b"] |= again.set
    book.capture.learn({"agents/a/b": again}, book.held)
    assert book.capture.of("agents/a/b", state.agents["a/b"], again.content) is None
    assert again.content is book.held["agents/a/b"]


def test_a_capture_that_the_store_took_in_and_nobody_learned_of_is_looked_at_anew() -> None:
    """Interrupted in between: nothing differs, and what comes after is found, lists included."""
    state, book = full_state(), Book()
    book.save(state)
    state.supervisor.market_state_history.append({"n": 1})
    taken = book.capture.of("supervisor", state.supervisor, book.held["supervisor"])
    assert taken is not None
    assert taken.grow
    for image in (Image(book.held), book.replayed):
        image.apply(Change("x", grow={"supervisor": taken.grow}), 1, 0)
    assert book.save(state) == {}
    state.supervisor.market_state_history.append({"n": 2})
    assert book.save(state).keys() == {"supervisor"}
    assert_holds(book, state)


class Price(float):
    """A float that says it is something else."""


BAD: dict[str, Callable[[SystemState], Any]] = {
    "a tuple": lambda s: s.agents["a/b"].gene.update(x=(1, 2)),
    "a set": lambda s: s.agents["a/b"].gene.update(x={1}),
    "a key that is not text": lambda s: s.agents["a/b"].gene.update({1: 2}),
    "NaN": lambda s: s.agents["a/b"].gene.update(x=float("nan")),
    "infinity": lambda s: s.agents["a/b"].gene.update(x=float("inf")),
    "a giant": lambda s: s.agents["a/b"].gene.update(x=10**60),
    "a lone surrogate": lambda s: s.agents["a/b"].gene.update(x="\ud800"),
    "a subclass": lambda s: s.agents["a/b"].gene.update(x=Price(1)),
    "bytes": lambda s: s.agents["a/b"].gene.update(x=b"x"),
    "a Decimal among JSON": lambda s: s.agents["a/b"].gene.update(x=Decimal(1)),
    "too deep": lambda s: s.agents["a/b"].gene.update(x=json.loads("[" * 90 + "]" * 90)),
    "text for a number": lambda s: swap(s, trade_count="3"),
    "a float for an int": lambda s: swap(s, trade_count=3.0),
    "true for an int": lambda s: swap(s, trade_count=True),
    "an int for money": lambda s: swap(s, current_capital=3),
    "a NaN of money": lambda s: swap(s, current_capital=Decimal("NaN")),
    "a giant of money": lambda s: swap(s, current_capital=Decimal("1e50")),
    "NaN for a float": lambda s: swap(s, win_rate=float("nan")),
    "a medal's subclass": lambda s: s.agents["a/b"].medals.__setitem__(
        0, type("Name", (str,), {})(s.agents["a/b"].medals[0])
    ),
    "a name's subclass": lambda s: swap(s, death_reason=type("Name", (str,), {})("x")),
    "another's name": lambda s: swap(s, agent_id="LiveAgent_01"),
    "another kind of model": lambda s: s.agents.update({"a/b": s.private_ledgers["a/b"]}),  # type: ignore[dict-item]
    "a model's subclass": lambda s: s.agents.update(
        {"a/b": type("Mine", (Agent,), {}).model_validate(s.agents["a/b"].model_dump())}
    ),
    "a short below zero": lambda s: s.private_ledgers["a/b"].positions.__setitem__(
        0,
        s.private_ledgers["a/b"]
        .positions[0]
        .model_copy(update={"pos_side": "long", "qty_contracts": Contracts(Decimal(-1))}),
    ),
    "a side that is none": lambda s: s.intents.update(
        c1=s.intents["c1"].model_copy(update={"side": "up"})
    ),
    "a tuple of the host's": lambda s: s.agents["a/b"].__pydantic_extra__.update(  # type: ignore[union-attr]
        x=(1,)
    ),
}


def swap(state: SystemState, **fields: Any) -> None:
    """Put another agent there without any validation."""
    state.agents["a/b"] = state.agents["a/b"].model_copy(update=fields)


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
def test_what_would_not_come_back_is_refused(name: str, known: bool) -> None:
    """On the first capture and on later ones; once it is mended, the state is saved."""
    state, book = full_state(), Book()
    good = copy.deepcopy((state.agents["a/b"], state.private_ledgers["a/b"], state.intents["c1"]))
    if known:
        book.save(state)
    BAD[name](state)
    for _ in range(2):
        with pytest.raises(BadValue, match="cannot be"):
            book.save(state)
    state.agents["a/b"], state.private_ledgers["a/b"], state.intents["c1"] = good
    book.save(state)
    assert_holds(book, state)


@pytest.mark.parametrize("rows", [[{"n": float("nan")}], [{"t": "\ud800"}], [{"n": 10**60}]])
def test_what_cannot_be_written_is_the_callers_and_never_a_tickets(
    rows: list[JsonObject], tmp_path: Path
) -> None:
    """Asynchronously, too: refused on the spot, nothing taken in, and the next save works."""
    with Session.open(tmp_path) as session:
        saver = session._saver
        session.state.supervisor.system_cycle_count += 1
        before = session._store.image.seq
        with pytest.raises(BadValue, match="cannot be written exactly"):
            saver.save_soon("x", keys=["supervisor"], records={"orphan_fills": rows})
        session.state.mastermind.__dict__["intervention_mode"] = "\ud800"
        with pytest.raises(BadValue, match=r"mastermind\.intervention_mode"):
            saver.save_soon("x")
        assert session._store.image.seq == before
        session.state.mastermind.intervention_mode = "human"
        ticket = saver.save_soon("x")
        assert ticket is not None
        assert ticket.wait() == before + 1


def test_every_model_has_rules_for_nearly_every_field() -> None:
    """The slow way is for what is rare: no field of a trade's documents goes it."""
    state = full_state()
    for key in ("agents/a/b", "private_ledgers/a/b", "public_accounts/a/b", "intents/c1"):
        model = dict(members(state))[key]
        assert codec(type(model)).encoders.keys() >= model.__dict__.keys() - {"virtual_positions"}


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(10**59), 10**59)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(alphabet=st.characters(codec="utf-8")),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=4,
    ),
    st.decimals(
        allow_nan=False, allow_infinity=False, places=7, min_value=-(10**12), max_value=10**12
    ),
    st.datetimes() | st.datetimes(timezones=st.just(UTC)),
)
def test_rules_write_what_the_models_write(gene: Any, money: Decimal, moment: datetime) -> None:
    """Field by field, a rule gives what the slow way writes, and it comes back equal."""
    agent = Agent.model_validate(
        {"agent_id": "A", "gene": gene, "total_pnl": money, "last_update": moment}
    )
    content = codec(Agent).content(agent)
    assert content is not UNFIT
    assert dumps(content) == dumps(document(agent))
    back = state_from({"agents/A": content}).agents["A"]
    assert back == agent
    assert isinstance(back, BaseModel)


def test_a_save_is_as_long_as_what_changed_and_not_as_what_there_is() -> None:
    """Ten thousand entries, one more: one is written; nothing of the others is even looked at."""
    state, book = full_state(), Book()
    state.supervisor.market_state_history.extend([{"n": n, "x": "y" * 50} for n in range(10_000)])
    book.save(state)
    state.supervisor.market_state_history.append({"n": -1})
    state.supervisor.system_cycle_count += 1
    (captured,) = book.save(state).values()
    assert captured.put is None
    assert captured.grow == {"market_state_history": (0, [{"n": -1}])}
    assert captured.set == {"system_cycle_count": state.supervisor.system_cycle_count}
    state.supervisor.market_state_history.keep_last(5_000)
    (captured,) = book.save(state).values()
    assert captured.grow == {"market_state_history": (5002, [])}
    assert_holds(book, state)


def test_an_equal_value_is_no_change_and_the_next_look_is_no_complete_one() -> None:
    state, book = full_state(), Book()
    book.save(state)
    agent = state.agents["a/b"]
    state.agents["a/b"] = agent.model_copy(update={"current_capital": +agent.current_capital})
    assert state.agents["a/b"].current_capital is not agent.current_capital
    assert book.save(state) == {}
    assert book.capture._known["agents/a/b"].content is book.held["agents/a/b"]


def test_a_field_that_held_nothing_and_now_a_model_is_looked_into() -> None:
    state, book = full_state(), Book()
    state.account_cash.identity = None
    book.save(state)
    state.account_cash.identity = AccountIdentity(uid="1", demo=True)
    assert book.save(state)["account_cash"].set == {
        "identity": {"uid": "1", "demo": True, "acct_lv": "", "pos_mode": "", "adopted": False}
    }
    state.account_cash.identity.acct_lv = "2"
    assert book.save(state).keys() == {"account_cash"}
    assert_holds(book, state)
    state.account_cash.identity = None
    assert book.save(state)["account_cash"].set == {"identity": None}
    assert_holds(book, state)


def test_a_history_swapped_for_an_equal_one_is_no_change() -> None:
    state, book = full_state(), Book()
    book.save(state)
    state.public_ledger.ranking_history = History(list(state.public_ledger.ranking_history))
    assert book.save(state) == {}
    state.public_ledger = copy.deepcopy(state.public_ledger)
    assert book.save(state) == {}
    state.public_ledger.ranking_history.append({"rank": 9})
    assert book.save(state).keys() == {"public_ledger"}
    assert_holds(book, state)


def test_a_history_that_lost_more_than_was_saved_is_written_anew() -> None:
    state, book = full_state(), Book()
    book.save(state)
    state.public_ledger.ranking_history.extend([{"rank": n} for n in range(5)])
    state.public_ledger.ranking_history.keep_last(2)
    (captured,) = book.save(state).values()
    assert captured.set == {"ranking_history": [{"rank": 3}, {"rank": 4}]}
    assert_holds(book, state)


def test_what_is_the_same_objects_is_not_looked_into() -> None:
    """However many they are: a registry of hundreds is compared, and not written, each time."""
    state, book = full_state(), Book()
    for number in range(400):
        state.registry = state.registry.assign(f"agent{number}")
    state.agents["a/b"].gene = {str(number): number for number in range(400)}
    book.save(state)
    known = dict(book.capture._known)
    assert book.save(state) == {}
    assert all(book.capture._known[key] is each for key, each in known.items())


def test_a_field_that_is_gone_is_no_default() -> None:
    """Taken out by hand, it would come back as the default, and so is refused."""
    state, book = full_state(), Book()
    book.save(state)
    del state.agents["a/b"].__dict__["gene"]
    with pytest.raises(BadValue, match=r"cannot be saved: agents/a/b"):
        book.save(state)
    state, book = full_state(), Book()
    del state.private_ledgers["a/b"].positions[0].__dict__["opened_ms"]
    with pytest.raises(BadValue, match=r"cannot be saved: .*private_ledgers/a/b"):
        book.save(state)


EQUALS = [(1, 1.0), (1, True), (0.0, -0.0), (0, False), ([1], [1.0]), ({"x": 1}, {"x": True})]


@pytest.mark.parametrize(("before", "after"), EQUALS)
@pytest.mark.parametrize("nested", [False, True])
def test_what_is_equal_to_python_and_not_to_a_restore_is_a_change(
    before: Any, after: Any, nested: bool
) -> None:
    """1, 1.0 and true are three values: among others in a flat dict, and deeper."""
    state, book = full_state(), Book()
    gene = state.agents["a/b"].gene
    if nested:
        gene["inner"] = [{"y": None}]
    gene["x"] = before
    book.save(state)
    gene["x"] = after
    assert book.save(state).keys() == {"agents/a/b"}
    assert_holds(book, state)
    gene["x"] = before
    assert book.save(state).keys() == {"agents/a/b"}
    assert_holds(book, state)
