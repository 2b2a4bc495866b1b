"""What is given to the state is kept as it is, or refused at once, by field and type."""

from __future__ import annotations

import copy
from collections import OrderedDict, defaultdict
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest
from sessionkit import opened

from prometheus_persist.errors import BadValue, PersistError
from prometheus_persist.recovery import restore
from prometheus_persist.state import (
    Agent,
    FreezeEntry,
    Hero,
    History,
    Mastermind,
    Position,
    PrivateLedger,
    Supervisor,
    SystemState,
    Valhalla,
    contracts,
)
from prometheus_persist.storage.fs import LocalFs

float64: Any = type("float64", (float,), {"__module__": "numpy"})
int64: Any = type("int64", (int,), {"__module__": "numpy"})
str_: Any = type("str_", (str,), {"__module__": "numpy"})


class Mood(StrEnum):
    CALM = "calm"


class Level(IntEnum):
    ONE = 1


class Plain(Enum):
    X = "x"


LOOK_ALIKES: dict[str, tuple[Any, str]] = {
    "numpy float": (float64(0.5), "numpy.float64"),
    "numpy int": (int64(3), "numpy.int64"),
    "numpy text": (str_("x"), "numpy.str_"),
    "text of an Enum": (Mood.CALM, f"{__name__}.Mood"),
    "int of an Enum": (Level.ONE, f"{__name__}.Level"),
    "Enum": (Plain.X, f"{__name__}.Plain"),
    "defaultdict": (defaultdict(list, {"a": []}), "collections.defaultdict"),
    "OrderedDict": (OrderedDict(a=1), "collections.OrderedDict"),
    "tuple": ((1, 2), "tuple"),
    "set": ({1}, "set"),
    "bytes": (b"x", "bytes"),
    "Decimal among JSON": (Decimal("1.5"), "decimal.Decimal"),
}
FIELDS = ["state", "trade_count", "win_rate", "current_capital", "gene", "medals", "birth_time"]


def position(**more: Any) -> Position:
    given = {"inst_id": "B", "mgn_mode": "cross", "pos_side": "net", "qty_contracts": "1"}
    return Position(**{**given, "entry_px": "1", "opened_ms": 1, "updated_ms": 1, **more})


@pytest.mark.parametrize("what", LOOK_ALIKES)
def test_look_alikes_are_refused_wherever_they_are_given(what: str) -> None:
    """In a field, in a dict of one, deep in a field of the host's own; assigned, or when the model
    is made. The error names field and type, and nothing has changed."""
    value, told = LOOK_ALIKES[what]
    agent = Agent(agent_id="LiveAgent_01", gene={"old": 1})
    before = copy.deepcopy(agent)
    places = {
        "gene": ({"g": value}, "gene.g"),
        "memory": ({"deep": [0, {"g": value}]}, "memory.deep[1].g"),
    }
    for name, (given, place) in places.items():
        named = f"^agents/LiveAgent_01\\.{place}: {told}".replace("[1]", r"\[1\]")
        with pytest.raises(BadValue, match=named):
            setattr(agent, name, given)
        with pytest.raises(BadValue, match=named):
            Agent(**{"agent_id": "LiveAgent_01", name: given})
    assert agent == before
    for name in FIELDS:
        if name == "current_capital" and isinstance(value, Decimal):
            continue
        with pytest.raises(BadValue, match=f"^agents/LiveAgent_01\\.{name}: {told}"):
            setattr(agent, name, value)
        with pytest.raises(BadValue, match=f"^agents/LiveAgent_01\\.{name}: {told}"):
            Agent(**{"agent_id": "LiveAgent_01", name: value})
    assert agent == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trade_count", True),
        ("trade_count", 5.0),
        ("trade_count", "5"),
        ("win_rate", True),
        ("win_rate", 2**60 + 1),
        ("is_in_last_stand", 1),
        ("is_in_last_stand", "yes"),
        ("birth_time", 1_764_723_600),
        ("current_capital", True),
        ("current_capital", "ten"),
        ("current_capital", float("nan")),
        ("state", 5),
        ("emotional_state", {"stress": 0.5}),
        ("emotional_state", None),
    ],
    ids=str,
)
def test_nothing_is_converted_that_would_be_something_else(name: str, value: Any) -> None:
    """A bool is no number, a number no text and no time: refused, by field and type."""
    agent = Agent(agent_id="A")
    before = copy.deepcopy(agent)
    kind = type(value).__name__
    with pytest.raises(BadValue, match=f"^agents/A\\.{name}: {kind}"):
        setattr(agent, name, value)
    assert agent == before


def test_money_contracts_and_times_are_made_of_what_they_are_written_as() -> None:
    """Text, ints and floats become Money and Contracts, an int a float, text a time."""
    agent, held = Agent(agent_id="A"), position()
    for money in ("12.50", 12, 12.5, Decimal("12.5")):
        agent.current_capital = money  # type: ignore[assignment]
        assert type(agent.current_capital) is Decimal
    agent.win_rate = 1
    assert type(agent.win_rate) is float
    agent.birth_time = "2025-12-03T01:00:00"  # type: ignore[assignment]
    assert agent.birth_time == datetime.fromisoformat("2025-12-03T01:00:00")
    east = datetime(2025, 12, 3, tzinfo=timezone(timedelta(hours=8)))
    agent.birth_time = east
    assert agent.birth_time is east
    held.qty_contracts = "2.5"  # type: ignore[assignment]
    assert held.qty_contracts == contracts("2.5")


def test_what_is_given_is_kept_and_later_changes_to_it_are_seen(tmp_path: Path) -> None:
    """Dicts, lists, models and histories are the very objects, made with or assigned: what is put
    into them later comes back after a restart."""
    gene: dict[str, Any] = {"a": 1}
    medals, traits, memory = ["first"], {"calm": 0.5}, {"seen": [1]}
    agent = Agent(agent_id="A", gene=gene, medals=medals, memory=memory)
    agent.personality = traits
    agent.notes = notes = [1]
    assert agent.gene is gene
    assert agent.medals is medals
    assert agent.personality is traits
    positions, heroes, past = [position()], [Hero(agent_id="H")], History([{"n": 1}])
    ledger = PrivateLedger(agent_id="A", positions=positions)
    valhalla, mastermind = Valhalla(), Mastermind(strategy_history=past)
    valhalla.heroes = heroes
    assert (ledger.positions is positions, mastermind.strategy_history is past) == (True, True)
    session = opened(tmp_path)
    session.add_agent(agent)
    session.state.private_ledgers["A"] = ledger
    session.state.valhalla, session.state.mastermind = valhalla, mastermind
    session.save("as given")
    gene["b"], traits["bold"], memory["seen"] = 2, 0.1, [1, 2]
    notes.append(2)
    medals.append("second")
    positions.append(position(pos_side="long", updated_ms=2))
    heroes.append(Hero(agent_id="G"))
    past.append({"n": 2})
    session.save("changed in place")
    session.close()
    found = restore(LocalFs(tmp_path)).documents
    kept = found["agents/A"]
    assert (kept["gene"], kept["medals"]) == ({"a": 1, "b": 2}, ["first", "second"])
    assert kept["personality"] == {"calm": 0.5, "bold": 0.1}
    assert (kept["memory"], kept["notes"]) == ({"seen": [1, 2]}, [1, 2])
    assert len(found["private_ledgers/A"]["positions"]) == 2
    assert [each["agent_id"] for each in found["valhalla"]["heroes"]] == ["H", "G"]
    assert found["mastermind"]["strategy_history"] == [{"n": 1}, {"n": 2}]


def test_what_could_only_be_copied_is_refused_when_it_is_assigned() -> None:
    """Dicts where models are due, a list where a History is: whoever gave it would go on with it.
    Whoever makes a model gives data, and reads the model afterwards."""
    ledger, supervisor = PrivateLedger(agent_id="A"), Supervisor()
    row = position().model_dump(mode="json")
    with pytest.raises(BadValue, match=r"^private_ledgers/A\.positions: list would be copied"):
        ledger.positions = [row]
    with pytest.raises(BadValue, match=r"market_state_history: list would be copied.*History"):
        supervisor.market_state_history = [{"t": 1}]  # type: ignore[assignment]
    assert (ledger.positions, len(supervisor.market_state_history)) == ([], 0)
    assert PrivateLedger(agent_id="A", positions=[row]).positions == [position()]
    assert len(Supervisor(market_state_history=[{"t": 1}]).market_state_history) == 1


@pytest.mark.parametrize("name", ["_secret", "alive", "family", "model_dump", "model_config"])
def test_names_that_no_document_carries_are_refused(name: str) -> None:
    """A private name, a property's, a method's: set, it would be gone after a restart."""
    agent = Agent(agent_id="A")
    with pytest.raises(BadValue, match=f"^agents/A\\.{name} is not saved"):
        setattr(agent, name, 1)
    assert not hasattr(agent, "_secret")
    assert type(agent).alive.fget(agent)  # type: ignore[attr-defined]


def test_the_state_has_its_documents_and_nothing_else() -> None:
    """An attribute that no document carries is refused by name; a document only takes its own."""
    state = SystemState()
    with pytest.raises(BadValue, match=r"^state\.bulletin_board: no document is called so"):
        state.bulletin_board = {"x": 1}  # type: ignore[attr-defined]
    assert not hasattr(state, "bulletin_board")
    for name, value in (("agents", defaultdict(dict)), ("supervisor", Mastermind()), ("agents", 1)):
        with pytest.raises(BadValue, match=f"^state\\.{name}: .*{type(value).__name__}"):
            setattr(state, name, value)
    state.supervisor = supervisor = Supervisor()
    assert state.supervisor is supervisor
    assert copy.deepcopy(state) == state


IN_PLACE: dict[str, tuple[Any, str]] = {
    "a gene": (
        lambda s: s.agents["A"].gene.update(g=float64(1)),
        r"agents/A\.gene\.g: numpy.float",
    ),
    "a gene's key": (lambda s: s.agents["A"].gene.update({1: 1}), r"agents/A\.gene\[1\]: int 1"),
    "no number": (lambda s: s.agents["A"].gene.update(g=float("nan")), r"agents/A\.gene\.g: float"),
    "an object": (lambda s: s.agents["A"].gene.update(g=object()), r"agents/A\.gene\.g: object"),
    "a tuple": (lambda s: s.agents["A"].gene.update(g=(1,)), r"agents/A\.gene\.g: tuple"),
    "text": (lambda s: s.agents["A"].gene.update(g="\ud800"), r"agents/A\.gene\.g: str"),
    "a medal": (lambda s: s.agents["A"].medals.append(Mood.CALM), r"agents/A\.medals\[0\]: .*Mood"),
    "an own field": (lambda s: s.agents["A"].own.append({1}), r"agents/A\.own\[0\]: set"),
    "a dict": (
        lambda s: s.agents["A"].__dict__.update(gene=OrderedDict(a=1)),
        r"agents/A\.gene: collections.OrderedDict",
    ),
    "money": (
        lambda s: s.agents["A"].__dict__.update(current_capital=12),
        r"agents/A\.current_capital: int 12",
    ),
    "deep": (
        lambda s: s.supervisor.agent_rankings.append({"n": [float64(1)]}),
        r"supervisor\.agent_rankings\[0\]\.n\[0\]: numpy\.float64",
    ),
    "a position": (
        lambda s: s.private_ledgers["A"].positions.append({"inst_id": "B"}),
        r"private_ledgers/A\.positions",
    ),
    "a copy": (
        lambda s: s.agents.update(A=s.agents["A"].model_copy(update={"trade_count": int64(1)})),
        r"agents/A\.trade_count: numpy\.int64",
    ),
    "no model": (lambda s: s.agents.update(A=5), r"agents/A: int 5"),
    "another's": (lambda s: s.agents.update(A=Agent(agent_id="B")), r"agents/A"),
    "a freeze": (
        lambda s: s.freeze.instruments.update(X=FreezeEntry(reason="r", since_ms=1).reason),
        r"freeze\.instruments",
    ),
}


@pytest.mark.parametrize("what", IN_PLACE)
def test_what_came_in_in_place_is_refused_by_the_save(what: str, tmp_path: Path) -> None:
    """Behind the model's back: the save names field and type, and writes nothing."""
    change, told = IN_PLACE[what]
    session = opened(tmp_path)
    session.add_agent(Agent(agent_id="A", gene={"a": 1}, own=[]))
    seq, digest = session.seq, session.digest()
    change(session.state)
    with pytest.raises(BadValue, match=f"^cannot be saved: .*{told}"):
        session.save("x")
    with pytest.raises(BadValue, match=told):
        session.on_cycle(5)
    assert (session.seq, session.digest()) == (seq, digest)
    session.close(save=False)


def test_entries_of_a_history_are_named(tmp_path: Path) -> None:
    """What is appended is refused by its place and type."""
    supervisor = Supervisor()
    with pytest.raises(BadValue, match=r"entry\.n\[0\]: numpy\.float64"):
        supervisor.market_state_history.append({"n": [float64(1)]})
    with pytest.raises(BadValue, match=r"collections\.OrderedDict"):
        supervisor.market_state_history.append(OrderedDict(n=1))
    assert len(supervisor.market_state_history) == 0


def test_every_refusal_is_one_of_ours() -> None:
    """Whoever catches PersistError has all of them, and a model is as it was after each."""
    held = position(pos_side="long")
    before = copy.deepcopy(held)
    for name, value in (("qty_contracts", "-1"), ("pos_side", "up"), ("entry_px", "NaN")):
        with pytest.raises(PersistError):
            setattr(held, name, value)
        assert held == before
    with pytest.raises(PersistError, match="agent_id"):
        Agent()  # type: ignore[call-arg]
    with pytest.raises(PersistError, match="never negative"):
        position(pos_side="short", qty_contracts="-1")
    assert Agent(agent_id="A", birth_time=datetime(2025, 1, 1, tzinfo=UTC)).birth_time is not None
