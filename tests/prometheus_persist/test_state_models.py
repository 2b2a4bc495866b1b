"""The typed state: every field comes back with its value and its type, or is refused."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.state import (
    Agent,
    FreezeEntry,
    FreezeState,
    Hero,
    Mastermind,
    OrderIntent,
    Position,
    PrivateLedger,
    PublicAccount,
    PublicLedger,
    Registry,
    Supervisor,
    SystemState,
    Unattributed,
    Valhalla,
    VirtualPosition,
    Watermark,
    contracts,
    state_from,
    to_documents,
)
from prometheus_persist.state.documents import document
from prometheus_persist.state.exact_json import dumps, loads_object

AGENT: dict[str, Any] = {
    "agent_id": "LiveAgent_01",
    "state": "MATURE",
    "gene": {"max_position_size": 0.05, "stop_loss": 0.02, "take_profit": 0.05},
    "personality": {"optimism": 0.65, "aggression": 0.45, "risk_tolerance": 0.7},
    "emotional_state": {"stress": 0.3, "confidence": 0.8, "fear": 0.2, "greed": 0.4},
    "current_capital": 12500.0,
    "initial_capital": 10000.0,
    "total_pnl": 2500.0,
    "win_rate": 0.65,
    "trade_count": 45,
    "consecutive_wins": 3,
    "consecutive_losses": 0,
    "max_consecutive_losses": 5,
    "days_alive": 15,
    "birth_time": "2025-11-18T10:30:00",
    "last_update": "2025-12-03T01:12:44",
    "is_in_last_stand": False,
    "last_stand_start_time": None,
    "last_stand_initial_capital": None,
    "trading_level": 3,
    "medals": ["first_profit", "survivor_30d"],
    "fitness_score": 0.75,
    "market_adaptation": 0.8,
}
HERO: dict[str, Any] = {
    "agent_id": "LiveAgent_42",
    "death_time": "2025-11-25T15:30:00",
    "death_reason": "NATURAL_DEATH",
    "final_capital": 25000.0,
    "lifetime_pnl": 15000.0,
    "lifetime_trades": 120,
    "win_rate": 0.75,
    "days_alive": 45,
    "gene": {"stop_loss": 0.02},
    "personality": {"optimism": 0.9},
    "achievements": ["ten in a row"],
    "legacy": "传奇交易员",
}
VALHALLA = {"heroes": [HERO], "total_heroes": 5, "last_review_time": "2025-12-03T01:00:00"}
SUPERVISOR = {
    "environment_pressure": 0.35,
    "last_mastermind_decision": "2025-12-03T01:00:00",
    "agent_rankings": [{"agent_id": "LiveAgent_01", "rank": 1, "score": 0.85}],
    "market_state_history": [
        {"time": "2025-12-03T01:00:00", "trend": "强上升趋势", "difficulty": 0.43}
    ],
    "system_cycle_count": 156,
    "total_runtime_hours": 52.0,
    "last_save_time": "2025-12-03T01:12:44",
}
MASTERMIND = {
    "total_capital": 100000.0,
    "strategy_history": [{"time": "2025-12-03T00:55:00", "decision": "持有", "reason": "趋势"}],
    "intervention_mode": "human",
    "last_strategic_decision": "2025-12-03T00:55:00",
}
VIRTUAL = {
    "symbol": "BTC/USDT",
    "side": "long",
    "amount": 0.01,
    "entry_price": 91234.5,
    "timestamp": "2025-12-03T00:10:00",
}
TYPES: dict[str, type] = {"Decimal": Decimal, "datetime": datetime}
DUE_TYPES = {
    **dict.fromkeys(
        (
            "current_capital",
            "initial_capital",
            "total_pnl",
            "final_capital",
            "lifetime_pnl",
            "total_capital",
            "amount",
            "entry_price",
        ),
        Decimal,
    ),
    **dict.fromkeys(
        (
            "birth_time",
            "last_update",
            "death_time",
            "last_review_time",
            "last_mastermind_decision",
            "last_save_time",
            "last_strategic_decision",
            "timestamp",
        ),
        datetime,
    ),
}
EXAMPLES = [
    (Agent, AGENT),
    (Hero, HERO),
    (Valhalla, VALHALLA),
    (Supervisor, SUPERVISOR),
    (Mastermind, MASTERMIND),
    (VirtualPosition, VIRTUAL),
]


def through_disk(model: BaseModel) -> Any:
    return type(model).model_validate(loads_object(dumps(document(model)), "f"))


def shape(value: Any) -> Any:
    """A value with every type visible, models opened, floats by their bits."""
    if isinstance(value, BaseModel):
        inside = {
            **{n: getattr(value, n) for n in type(value).model_fields},
            **(value.model_extra or {}),
        }
        return (type(value).__name__, {name: shape(item) for name, item in inside.items()})
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    text = value.hex() if isinstance(value, float) else str(value)
    zone = value.utcoffset() if isinstance(value, datetime) else None
    return (type(value).__name__, text, zone)


@pytest.mark.parametrize(("model", "example"), EXAMPLES, ids=lambda x: getattr(x, "__name__", ""))
def test_models_every_field_round_trips(model: type[BaseModel], example: dict[str, Any]) -> None:
    """Every field of a whole example is known or kept, and comes back with its value and type."""
    made = model.model_validate(copy.deepcopy(example))
    back = through_disk(made)
    assert shape(back) == shape(made)
    for name, sent in example.items():
        value = getattr(back, name)
        due = DUE_TYPES.get(name)
        if due is Decimal:
            assert type(value) is Decimal
            assert value == Decimal(repr(sent))
        elif due is datetime:
            assert value == datetime.fromisoformat(sent)
        elif not isinstance(value, BaseModel) and not isinstance(sent, list):
            assert (type(value), value) == (type(sent), sent), name


def test_models_the_example_knows_every_seed_field() -> None:
    """No field of the examples is an extra: all of them have a type of their own."""
    for model, example in EXAMPLES:
        assert example.keys() <= model.model_fields.keys()


def with_extras(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{k: with_extras(v) for k, v in value.items()}, "额外": {"k": [1, 1.0, None, "x"]}}
    return [with_extras(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("model", "example"), EXAMPLES[:5], ids=lambda x: getattr(x, "__name__", "")
)
def test_models_unknown_fields_are_kept_at_every_level(
    model: type[BaseModel], example: dict[str, Any]
) -> None:
    """A field that this version does not know comes back, however deep it stands."""
    made = model.model_validate(with_extras(example))
    assert dumps(document(through_disk(made))).decode().count("额外") == dumps(
        with_extras(example)
    ).decode().count("额外")
    assert shape(through_disk(made)) == shape(made)


ZONES = [None, UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_models_naive_stays_naive_and_aware_stays_aware(zone: timezone | None) -> None:
    """A time comes back with its digits and its offset, or with none where it had none."""
    when = datetime(2025, 11, 18, 10, 30, 0, 123456, tzinfo=zone)
    back = through_disk(Agent(agent_id="A", birth_time=when)).birth_time
    assert back.replace(tzinfo=None) == when.replace(tzinfo=None)
    assert back.utcoffset() == when.utcoffset()


BAD = [float("nan"), float("inf"), float("-inf")]
PLACES: dict[str, Any] = {
    "float field": lambda bad: {"win_rate": bad},
    "money field": lambda bad: {"current_capital": bad},
    "nested model": lambda bad: {"emotional_state": {"stress": bad}},
    "gene": lambda bad: {"gene": {"x": bad}},
    "deep gene": lambda bad: {"gene": {"x": [1, {"y": [bad]}]}},
    "extra": lambda bad: {"unheard_of": bad},
    "deep extra": lambda bad: {"unheard_of": {"a": [{"b": bad}]}},
    "extra of nested model": lambda bad: {"emotional_state": {"unheard_of": bad}},
    "tuple": lambda bad: {"gene": {"x": (1, bad)}},
}


@pytest.mark.parametrize("bad", BAD, ids=str)
@pytest.mark.parametrize("place", PLACES)
def test_models_refuse_non_finite_numbers(place: str, bad: float) -> None:
    """NaN and infinity enter nowhere: not in a field, not in a gene, not in an unknown field."""
    with pytest.raises(ValidationError):
        Agent.model_validate({"agent_id": "A", **PLACES[place](bad)})
    agent = Agent(agent_id="A")
    (name, value), *_ = PLACES[place](bad).items()
    with pytest.raises(BadValue):
        setattr(agent, name, value)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_models_a_smuggled_nan_is_refused_when_saving(bad: float) -> None:
    """A NaN put into a gene behind the model's back stops the save; it is never written as null."""
    agent = Agent(agent_id="A", gene={"x": 1.0}, memory={"y": [1.0]})
    agent.gene["x"] = bad
    with pytest.raises(BadValue):
        dumps(document(agent))
    agent.gene["x"] = 1.0
    agent.memory["y"].append(bad)  # type: ignore[attr-defined]
    with pytest.raises(BadValue):
        dumps(document(agent))


FOREIGN = [datetime(2025, 1, 1, tzinfo=UTC), Decimal("1.5"), (1, 2), {1: 2}, b"x", {1, 2}, object()]


@pytest.mark.parametrize("value", FOREIGN, ids=lambda value: type(value).__name__)
def test_models_unknown_fields_hold_json_only(value: object) -> None:
    """A value that would come back as another type is refused at the door, not silently changed."""
    with pytest.raises(ValidationError):
        Agent.model_validate({"agent_id": "A", "unheard_of": value})
    with pytest.raises(ValidationError):
        Agent.model_validate({"agent_id": "A", "gene": {"x": value}})


def test_models_nesting_is_bounded() -> None:
    """A gene nested without end is a refused value, not a recursion error."""
    bomb: list[Any] = []
    for _ in range(5_000):
        bomb = [bomb]
    with pytest.raises(ValidationError):
        Agent.model_validate({"agent_id": "A", "gene": {"x": bomb}})


def position(**change: Any) -> Position:
    given = {
        "inst_id": "BTC-USDT-SWAP",
        "mgn_mode": "cross",
        "pos_side": "net",
        "qty_contracts": "-1.5",
        "entry_px": "90000.10",
        "opened_ms": 1,
        "updated_ms": 2,
    }
    return Position.model_validate({**given, **change})


@pytest.mark.parametrize("pos_side", ["long", "short"])
def test_models_a_sided_position_is_never_negative(pos_side: str) -> None:
    """Under long and short the contracts count upwards; net may be negative."""
    with pytest.raises(ValidationError, match="never negative"):
        position(pos_side=pos_side)
    assert position().qty_contracts == contracts("-1.5")


def full_state() -> SystemState:
    """A state in which every field of every kind is taken."""
    intent = OrderIntent(
        cl_ord_id="c1",
        agent_id="a/b",
        inst_id="BTC-USDT-SWAP",
        mgn_mode="isolated",
        pos_side="short",
        side="sell",
        qty_contracts=contracts("3"),
        kind="algo",
        ord_type="trigger",
        px=Decimal("1.10"),
        trigger_px=Decimal("1.20"),
        reduce_only=True,
        tag="ab",
        epoch=3,
        created_ms=4,
        outcome="UNKNOWN",
        ord_id="9",
        booked_contracts=contracts("1"),
        reason="timeout",
    )
    dead = Agent.model_validate({**AGENT, "agent_id": "a/b", "state": "DEAD", "death_reason": "x"})
    return SystemState(
        agents={"LiveAgent_01": Agent.model_validate(AGENT), "a/b": dead},
        private_ledgers={
            "a/b": PrivateLedger(
                agent_id="a/b",
                version=7,
                capital=Decimal("12500.00"),
                positions=[position()],
                virtual_positions=[VirtualPosition.model_validate(VIRTUAL)],
                unrealized_pnl=Decimal("-1.0"),
                updated_ms=5,
            )
        },
        public_accounts={"a/b": PublicAccount(agent_id="a/b", version=7, positions=[position()])},
        public_ledger=PublicLedger(
            ranking_history=[{"rank": 1}], archived_agents=[{"id": "x", "n": 1.0}]
        ),
        valhalla=Valhalla.model_validate(VALHALLA),
        supervisor=Supervisor.model_validate(SUPERVISOR),
        mastermind=Mastermind.model_validate(MASTERMIND),
        registry=Registry(store_id="ab12").assign("a/b").assign("LiveAgent_01"),
        intents={"c1": intent},
        freeze=FreezeState(
            everything=FreezeEntry(reason="r", since_ms=1, finding_id="f"),
            instruments={"BTC-USDT-SWAP": FreezeEntry(reason="orphan", since_ms=2)},
        ),
        unattributed=Unattributed(positions=[position(qty_contracts="2")]),
        watermark=Watermark(since_ms=1, fills_ms=2),
    )


def test_models_the_whole_state_round_trips_through_documents() -> None:
    """Documents hold everything: what they give back equals what went in, type by type."""
    state = full_state()
    documents = {key: loads_object(dumps(item), key) for key, item in to_documents(state).items()}
    back = state_from(documents)
    for name in state.__dataclass_fields__:
        assert shape(getattr(back, name)) == shape(getattr(state, name)), name


@pytest.mark.parametrize(
    ("key", "content", "words"),
    [
        ("agents/A", {"agent_id": "A", "trade_count": "many"}, "trade_count"),
        ("agents/A", {}, "agent_id"),
        ("agents/A", {"agent_id": "B"}, "agent_id"),
        ("intents/c1", {"cl_ord_id": "c1"}, "intents/c1"),
        ("registry", {"store_id": "UPPER"}, "store_id"),
        ("nonsense", {}, "nonsense"),
        ("nonsense/x", {}, "nonsense/x"),
        ("agents", {}, "agents"),
        ("supervisor/x", {}, "supervisor/x"),
    ],
)
def test_models_a_document_that_does_not_fit_is_named(
    key: str, content: dict[str, Any], words: str
) -> None:
    """A document of a wrong form, or without a place, is damage that names document and field."""
    with pytest.raises(StoreDamaged, match=words):
        state_from({key: content})
