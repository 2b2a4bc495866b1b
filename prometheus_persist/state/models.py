"""The typed state of a multi-agent trading system: everything that has to come back.

Rules
- A field this file does not know is kept and written back, never dropped. It holds JSON values
  only. What is given is kept as it is, or refused at once, by name (``base.py``).
- The state itself has no other attributes than its documents: whatever else would be lost.
- Money is ``Money`` (Decimal), contract quantities are ``Contracts``; NaN and infinity are refused
  in known fields and in extra ones.
- Naive times stay naive, aware times stay aware. Times named ``*_ms`` are the exchange's Unix ms.
- ``version`` of an agent's private ledger and of its public account counts the bookings in it. Both
  move together in one commit, so the higher one is the newer one; clocks decide nothing.
- Positions are netted the way OKX nets them: per (instId, mgnMode, posSide). Contracts are signed
  under posSide ``net`` and never negative under ``long`` and ``short``.
- Lists that grow with every cycle are a ``History``: appended to, never changed (``history.py``).
- Trade records are not kept in these models: they are append-only streams beside them
  (``documents.py``), so that a save costs what changed and not what has ever happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, NamedTuple, Self

from pydantic import Field, JsonValue, model_validator

from prometheus_persist.errors import BadValue
from prometheus_persist.state.base import Model
from prometheus_persist.state.history import History
from prometheus_persist.state.money import NO_CONTRACTS, ZERO, Contracts, Money
from prometheus_persist.state.names import DEAD as DEAD
from prometheus_persist.state.naming import named
from prometheus_persist.state.registry import Registry

AGENT_ID_CHARS_MAX = 300

Side = Literal["buy", "sell"]
PosSide = Literal["net", "long", "short"]
MgnMode = Literal["cross", "isolated", "cash"]
Outcome = Literal["PENDING", "ACCEPTED", "UNKNOWN", "REJECTED", "FILLED", "CANCELED"]


class PositionKey(NamedTuple):
    """What OKX nets by."""

    inst_id: str
    mgn_mode: str
    pos_side: str

    def __str__(self) -> str:
        return f"{self.inst_id} {self.mgn_mode} {self.pos_side}"

    def allows(self, quantity: Contracts) -> bool:
        """Whether so much can be held under it."""
        return self.pos_side == "net" or quantity.sign >= 0


class EmotionalState(Model):
    """How an agent feels; each between 0 and 1 by convention of the host."""

    stress: float = 0.0
    confidence: float = 0.0
    fear: float = 0.0
    greed: float = 0.0


class Agent(Model):
    """One agent, whole: genes, character, money, record, rights and honours."""

    family: ClassVar[str] = "agents"
    agent_id: str = Field(min_length=1, max_length=AGENT_ID_CHARS_MAX)
    state: str = "NEWBORN"
    gene: dict[str, JsonValue] = Field(default_factory=dict)
    personality: dict[str, JsonValue] = Field(default_factory=dict)
    emotional_state: EmotionalState = Field(default_factory=EmotionalState)
    current_capital: Money = ZERO
    initial_capital: Money = ZERO
    total_pnl: Money = ZERO
    win_rate: float = 0.0
    trade_count: int = 0
    close_count: int = 0
    win_count: int = 0
    consecutive_wins: int = 0
    consecutive_losses: int = 0
    max_consecutive_losses: int = 0
    days_alive: int = 0
    birth_time: datetime | None = None
    last_update: datetime | None = None
    is_in_last_stand: bool = False
    last_stand_start_time: datetime | None = None
    last_stand_initial_capital: Money | None = None
    trading_level: int = 0
    medals: list[str] = Field(default_factory=list)
    fitness_score: float = 0.0
    market_adaptation: float = 0.0
    death_reason: str | None = None

    @property
    def alive(self) -> bool:
        """Whether the agent still trades."""
        return self.state != DEAD


class Position(Model):
    """A real position of one owner under one PositionKey."""

    inst_id: str
    mgn_mode: MgnMode
    pos_side: PosSide
    qty_contracts: Contracts
    entry_px: Money
    opened_ms: int
    updated_ms: int

    @property
    def key(self) -> PositionKey:
        """Its place among the exchange's positions."""
        return PositionKey(self.inst_id, self.mgn_mode, self.pos_side)

    def refuse_unsound(self) -> None:
        """Raise ValueError where the fields do not fit each other."""
        if self.pos_side != "net" and self.qty_contracts < NO_CONTRACTS:
            raise ValueError(f"{self.key}: contracts are never negative under {self.pos_side}")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        self.refuse_unsound()
        return self


class VirtualPosition(Model):
    """A position an agent only imagines; it never enters the exchange's side of any comparison."""

    symbol: str
    side: str
    amount: Money
    entry_price: Money
    timestamp: datetime


class PrivateLedger(Model):
    """An agent's own book: money and positions. Its history is the stream private_trades/<id>."""

    family: ClassVar[str] = "private_ledgers"
    agent_id: str
    version: int = 0
    capital: Money = ZERO
    positions: list[Position] = Field(default_factory=list)
    virtual_positions: list[VirtualPosition] = Field(default_factory=list)
    unrealized_pnl: Money = ZERO
    updated_ms: int = 0


class PublicAccount(Model):
    """What the public ledger says of one agent. History is the stream public_trades."""

    family: ClassVar[str] = "public_accounts"
    agent_id: str
    version: int = 0
    capital: Money = ZERO
    positions: list[Position] = Field(default_factory=list)
    total_pnl: Money = ZERO
    win_rate: float = 0.0
    trade_count: int = 0
    close_count: int = 0
    win_count: int = 0
    consecutive_wins: int = 0
    consecutive_losses: int = 0
    updated_ms: int = 0


class PublicLedger(Model):
    """The public book beside the accounts: rankings over time and the archive of the dead."""

    ranking_history: History = Field(default_factory=History)
    archived_agents: History = Field(default_factory=History)


class Hero(Model):
    """A dead agent worth remembering."""

    agent_id: str
    death_time: datetime | None = None
    death_reason: str = ""
    final_capital: Money = ZERO
    lifetime_pnl: Money = ZERO
    lifetime_trades: int = 0
    win_rate: float = 0.0
    days_alive: int = 0
    gene: dict[str, JsonValue] = Field(default_factory=dict)
    personality: dict[str, JsonValue] = Field(default_factory=dict)
    achievements: list[str] = Field(default_factory=list)
    legacy: str = ""


class Valhalla(Model):
    """The hall of heroes."""

    heroes: list[Hero] = Field(default_factory=list)
    total_heroes: int = 0
    last_review_time: datetime | None = None


class Supervisor(Model):
    """The loop's own memory, its counters included."""

    environment_pressure: float = 0.0
    last_mastermind_decision: datetime | None = None
    agent_rankings: list[dict[str, JsonValue]] = Field(default_factory=list)
    market_state_history: History = Field(default_factory=History)
    system_cycle_count: int = 0
    total_runtime_hours: float = 0.0
    last_save_time: datetime | None = None


class Mastermind(Model):
    """Strategy over all agents."""

    total_capital: Money = ZERO
    strategy_history: History = Field(default_factory=History)
    intervention_mode: str = "human"
    last_strategic_decision: datetime | None = None


class OrderIntent(Model):
    """An order as it was meant, durable before it leaves; its outcome durable after the answer.

    ``kind`` is ``algo`` for stop and trigger orders, whose clOrdId travels as algoClOrdId; once it
    has fired it is what its child is, the order ``child_ord_id``. ``parent`` is the clOrdId of the
    order that a stop is attached to: it travels with that order as attachAlgoClOrdId, and exists by
    itself only after that order's executions. ``valid_until_ms`` is the order's expTime by the
    exchange's clock (0: none): after it, what has not arrived never will.
    ``booked_contracts`` is how much of it both ledgers already hold.
    """

    family: ClassVar[str] = "intents"
    cl_ord_id: str
    agent_id: str
    inst_id: str
    mgn_mode: MgnMode
    pos_side: PosSide
    side: Side
    qty_contracts: Contracts
    kind: Literal["order", "algo"] = "order"
    ord_type: str = "market"
    px: Money | None = None
    trigger_px: Money | None = None
    reduce_only: bool = False
    tag: str = ""
    epoch: int = 0
    created_ms: int = 0
    outcome: Outcome = "PENDING"
    ord_id: str = ""
    booked_contracts: Contracts = NO_CONTRACTS
    reason: str = ""
    child_ord_id: str = ""
    parent: str = ""
    valid_until_ms: int = 0


class FreezeEntry(Model):
    """Why a gate is shut, and since when."""

    reason: str
    since_ms: int
    finding_id: str = ""

    @property
    def finding_ids(self) -> tuple[str, ...]:
        """The findings that shut it; none where it was shut by hand. A store keeps them as one."""
        return tuple(name for name in self.finding_id.split(",") if name)

    def naming(self, finding_id: str) -> FreezeEntry:
        """The same, with this finding among them; "" is none."""
        ids = dict.fromkeys([*self.finding_ids, *filter(None, [finding_id])])
        return self.model_copy(update={"finding_id": ",".join(ids)})


class FreezeState(Model):
    """What may not trade: ``everything`` shuts the gate, an instrument refuses new entries.

    ``lifted`` has the findings that a human has seen, and the reason given when lifting a freeze:
    the same finding does not freeze again.
    """

    everything: FreezeEntry | None = None
    instruments: dict[str, FreezeEntry] = Field(default_factory=dict)
    lifted: dict[str, str] = Field(default_factory=dict)


class Unattributed(Model):
    """What the exchange holds and no agent owns, kept in sight. History: stream orphan_fills."""

    positions: list[Position] = Field(default_factory=list)


class Watermark(Model):
    """How far the exchange's history has been read and booked, by its own clock, in Unix ms.

    ``fills_ms`` 0 means never: the first reading starts at ``since_ms``, when the store was made.
    """

    since_ms: int = 0
    fills_ms: int = 0


class AccountIdentity(Model):
    """Which account the books are kept for: OKX's uid, demo trading or real, level and mode.

    ``acct_lv`` and ``pos_mode`` are those of the last reconciliation. ``adopted``: the positions in
    the books are still those of the account before it.
    """

    uid: str
    demo: bool
    acct_lv: str = ""
    pos_mode: str = ""
    adopted: bool = False


class AccountCash(Model):
    """Where the account's money stood when it was last reconciled (R4). History: stream cash_flows.

    ``reserve`` is what the account held at the first reconciliation beyond what the books explain;
    ``baseline_ms`` 0 means that there has been none. Bills up to ``bill_seen`` are accounted for.
    ``identity`` is kept from the first reconciliation on.
    """

    ccy: str = "USDT"
    baseline_ms: int = 0
    reserve: Money = ZERO
    settled: Money = ZERO
    bill_seen: int = 0
    bills_ms: int = 0
    identity: AccountIdentity | None = None


@dataclass
class SystemState:
    """Everything typed, in one place. Keys of the dicts are agent ids, and clOrdIds for intents."""

    agents: dict[str, Agent] = field(default_factory=dict)
    private_ledgers: dict[str, PrivateLedger] = field(default_factory=dict)
    public_accounts: dict[str, PublicAccount] = field(default_factory=dict)
    public_ledger: PublicLedger = field(default_factory=PublicLedger)
    valhalla: Valhalla = field(default_factory=Valhalla)
    supervisor: Supervisor = field(default_factory=Supervisor)
    mastermind: Mastermind = field(default_factory=Mastermind)
    registry: Registry = field(default_factory=Registry)
    intents: dict[str, OrderIntent] = field(default_factory=dict)
    freeze: FreezeState = field(default_factory=FreezeState)
    unattributed: Unattributed = field(default_factory=Unattributed)
    watermark: Watermark = field(default_factory=Watermark)
    account_cash: AccountCash = field(default_factory=AccountCash)

    def __setattr__(self, name: str, value: Any) -> None:
        """Replace a document, or a family of them; raises BadValue for what is not saved."""
        due = _PARTS.get(name)
        if due is None:
            raise BadValue(
                f"state.{name}: no document is called so, and it would be lost; a field of its own "
                f"may stand in any document: state.supervisor.{name} = … (JSON values)"
            )
        if type(value) is not due:
            raise BadValue(f"{named(f'state.{name}', value)}: {due.__name__} is due, itself")
        object.__setattr__(self, name, value)


_PARTS: Final[dict[str, Any]] = {each.name: each.default_factory for each in fields(SystemState)}
