"""Typed state ↔ documents: what a commit writes and a restore reads.

A document is a JSON object under a key. The keys:

    agents/<agent_id>            Agent
    private_ledgers/<agent_id>   PrivateLedger
    public_accounts/<agent_id>   PublicAccount
    intents/<clOrdId>            OrderIntent, while it is open
    public_ledger  valhalla  supervisor  mastermind  registry  freeze  unattributed  watermark
    account_cash

and the streams, append-only lists of JSON objects that grow beside them:

    public_trades                every execution booked, of all agents
    private_trades/<agent_id>    the same executions, in each agent's own book
    orphan_fills                 executions nobody owns
    cash_flows                   money that moved without an execution: funding, penalties
    intent_log                   order intents that came to an end

Documents and streams under ``host/`` are a host's own objects (``graph``): they stand beside the
typed state in the same commits, and are none of its business.

``is_same`` compares by canonical bytes: 1, 1.0 and true are three different values.
``proven`` is the other half of ``state_from``, before the write: a document that a restore would
refuse, or give back as another value or type, is never saved; what it is about is named by field
and type (``foreign.py``).

Raises ``StoreDamaged`` where a document does not fit its model, naming document and field;
``BadValue`` for the same before it is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.state.exact_json import JsonObject, dumps
from prometheus_persist.state.foreign import foreign, kinds
from prometheus_persist.state.models import (
    AccountCash,
    Agent,
    FreezeState,
    Mastermind,
    OrderIntent,
    PrivateLedger,
    PublicAccount,
    PublicLedger,
    Supervisor,
    SystemState,
    Unattributed,
    Valhalla,
    Watermark,
)
from prometheus_persist.state.names import CASH_FLOWS as CASH_FLOWS
from prometheus_persist.state.names import HOST as HOST
from prometheus_persist.state.names import INTENT_LOG as INTENT_LOG
from prometheus_persist.state.names import ORPHAN_FILLS as ORPHAN_FILLS
from prometheus_persist.state.names import PUBLIC_TRADES as PUBLIC_TRADES
from prometheus_persist.state.names import private_trades as private_trades
from prometheus_persist.state.naming import named
from prometheus_persist.state.registry import Registry

FAMILIES: dict[str, tuple[str, type[BaseModel]]] = {
    "agents": ("agents", Agent),
    "private_ledgers": ("private_ledgers", PrivateLedger),
    "public_accounts": ("public_accounts", PublicAccount),
    "intents": ("intents", OrderIntent),
}
_IDS = {"intents": "cl_ord_id"}  # where it is not agent_id
SINGLES: dict[str, type[BaseModel]] = {
    "public_ledger": PublicLedger,
    "valhalla": Valhalla,
    "supervisor": Supervisor,
    "mastermind": Mastermind,
    "registry": Registry,
    "freeze": FreezeState,
    "unattributed": Unattributed,
    "watermark": Watermark,
    "account_cash": AccountCash,
}


def document(model: BaseModel, key: str = "") -> JsonObject:
    """One model as a JSON object with exact numbers as text; raises BadValue. ``key`` names it."""
    try:
        return model.model_dump(mode="json", warnings="error")
    except (PydanticSerializationError, ValueError) as problem:
        found = odd(key or type(model).__name__, model)
        raise BadValue(f"cannot be saved: {found or problem}") from None


def to_documents(state: SystemState) -> dict[str, JsonObject]:
    """Every document of the state, by key."""
    return {key: document(model, key) for key, model in members(state)}


def documents_of(state: SystemState, keys: Iterable[str]) -> dict[str, JsonObject]:
    """The documents under ``keys`` only; a key whose member is gone is left out."""
    found = ((key, member(state, key)) for key in keys)
    return {key: document(model, key) for key, model in found if model is not None}


def members(state: SystemState) -> Iterator[tuple[str, BaseModel]]:
    """Every model of the state under its document's key."""
    for name in SINGLES:
        yield name, getattr(state, name)
    for family, (attribute, _) in FAMILIES.items():
        held: Mapping[str, BaseModel] = getattr(state, attribute)
        for name, model in held.items():
            yield f"{family}/{name}", model


def member(state: SystemState, key: str) -> BaseModel | None:
    """The model whose document has this key; None where it is gone."""
    family, _, name = key.partition("/")
    if not name:
        return getattr(state, family)  # type: ignore[no-any-return]
    held: Mapping[str, BaseModel] = getattr(state, FAMILIES[family][0])
    return held.get(name)


def put_member(state: SystemState, key: str, model: BaseModel | None) -> None:
    """Put a model under its document's key; None takes away what is there."""
    family, _, name = key.partition("/")
    if not name:
        setattr(state, family, model)
        return
    held: dict[str, BaseModel] = getattr(state, FAMILIES[family][0])
    if model is None:
        held.pop(name, None)
    else:
        held[name] = model


def fits(key: str, model: BaseModel) -> bool:
    """Whether this is the very type a restore would make of it, under its own name."""
    family, slash, name = key.partition("/")
    if not slash:
        return type(model) is SINGLES.get(family)
    at_home = family in FAMILIES and type(model) is FAMILIES[family][1]
    return at_home and bool(getattr(model, id_field(family)) == name)


def id_field(family: str) -> str:
    """The field that a member of a family goes by."""
    return _IDS.get(family, "agent_id")


def is_same(one: JsonObject, other: JsonObject) -> bool:
    """Whether two documents are the same bytes; 1, 1.0 and true are three different values."""
    return one == other and dumps(one) == dumps(other)


def state_from(documents: Mapping[str, JsonObject]) -> SystemState:
    """The typed state; raises StoreDamaged for a document that does not fit or has no place."""
    state = SystemState()
    for key, content in documents.items():
        if is_hosts(key):
            continue
        attribute, name, model = _place(key)
        found = _member(model, key, content)
        if name:
            getattr(state, attribute)[name] = found
        else:
            setattr(state, attribute, found)
    return state


def is_hosts(key: str) -> bool:
    """Whether a document or stream belongs to a host's objects."""
    return key.startswith("host/")


def _place(key: str) -> tuple[str, str, type[BaseModel]]:
    """Where a document goes: attribute of the state, member (empty: none), model."""
    family, slash, name = key.partition("/")
    if not slash and family in SINGLES:
        return family, "", SINGLES[family]
    if slash and family in FAMILIES:
        attribute, model = FAMILIES[family]
        return attribute, name, model
    raise StoreDamaged(f"document {key!r} has no place in this version's state")


def _member(model: type[BaseModel], key: str, content: JsonObject) -> BaseModel:
    """The model in a document; raises StoreDamaged where it does not fit, or is another's."""
    found = _model(model, key, content)
    family, slash, name = key.partition("/")
    if slash and getattr(found, id_field(family)) != name:
        raise StoreDamaged(f"document {key!r} holds another's {id_field(family)}")
    return found


def proven(key: str, live: BaseModel, content: JsonObject) -> None:
    """Raise BadValue where ``content`` would not come back as the live value it was made from."""
    _, _, model = _place(key)
    try:
        again = _member(model, key, content)
    except StoreDamaged as problem:
        raise BadValue(f"cannot be saved: {odd(key, live) or problem.reason}") from None
    if live != again or kinds(live) != kinds(again):
        told = odd(key, live) or named(key, live)
        raise BadValue(f"cannot be saved: {told} would come back as another value or type")


def odd(key: str, live: BaseModel) -> str:
    """What in a model is not as a restore would make it, by field and type; empty: nothing is."""
    found = foreign(key, live, json=False)
    if found:
        return found
    for name, value in live.__dict__.items():
        again = live.model_copy()
        try:
            live.__pydantic_validator__.validate_assignment(again, name, value)
        except ValidationError as problem:
            why = problem.errors(include_url=False)[0]["msg"]
            return f"{named(f'{key}.{name}', value)}: {why}"
        made = again.__dict__[name]
        if kinds(made) != kinds(value) or made != value:
            return named(f"{key}.{name}", value)
    return ""


def _model(model: type[BaseModel], key: str, content: JsonObject) -> BaseModel:
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise StoreDamaged(f"document {key!r}: {place}: {first['msg']}") from None
