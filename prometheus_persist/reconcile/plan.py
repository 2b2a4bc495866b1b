"""What a reconciliation comes to: items with verdicts, findings with evidence, one plan.

- Every compared item of every agent gets a ``Verdict``: MATCH, MISMATCH or UNKNOWN.
- Every deviation is a ``Finding`` of one ``Case``, with the rows that prove it and one
  ``Resolution``: AUTO (corrections attached), ORPHAN (recorded, warned, frozen for new entries),
  HUMAN (nothing is touched until somebody approves), UNKNOWN (cannot be judged from what was read).
- What a human decides carries at least one ``Alternative``, graded, with what it does to whom. The
  finding's ``corrections`` are those of the one that is chosen: the first unless another was asked
  for. An UNKNOWN finding may carry alternatives too; none of them is chosen unasked.
- ``about`` is what a finding that is not settled keeps shut: instruments, "" for all of them. Its
  agent is kept shut with it (case C); an order without an answer keeps nothing else shut.
- ``Correction`` is a closed sum type; ``apply.py`` turns it into one commit.
- Ids are content hashes: the same view and books give the same plan, byte for byte.

The plan's own hash is what a human approves; it covers everything but the hash itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from prometheus_persist.reconcile.items import PRIORITY as PRIORITY
from prometheus_persist.reconcile.items import HostItem as HostItem
from prometheus_persist.reconcile.items import Item as Item
from prometheus_persist.reconcile.items import ItemVerdict as ItemVerdict
from prometheus_persist.reconcile.items import Verdict as Verdict
from prometheus_persist.reconcile.views import TellHost as TellHost
from prometheus_persist.reconcile.views import UnmanagedPosition
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution, OrderIntent, PositionKey


class Case(StrEnum):
    """What a finding is."""

    A = "A"  # the exchange holds more than the books: an execution that was not recorded
    B = "B"  # the books hold more than the exchange: closed outside the system
    C = "C"  # public and private ledger differ
    D = "D"  # the direction differs
    E = "E"  # the books count in another unit than the exchange
    F = "F"  # an order intent without an answer
    G = "G"  # an order rests at the exchange that no book knows
    H = "H"  # a position whose agent does not live
    I = "I"  # one of our ids names several orders  # noqa: E741 the case's own letter
    J = "J"  # a foreign writer or a trade by hand
    K = "K"  # money moved and was not booked: funding, fee, penalty, transfer
    L = "L"  # the account's position or margin mode is not what the books were kept under
    M = "M"  # a part of an order was executed, and not recorded
    N = "N"  # the host's own books are not what ours are


class Resolution(StrEnum):
    """What becomes of a finding."""

    AUTO = "AUTO"
    ORPHAN = "ORPHAN"
    HUMAN = "HUMAN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class KeyBalance:
    """R2 for one key: what the owners add up to, what nobody owns, what the exchange has.

    Contracts as plain text; ``venue`` is None where the exchange could not be read.
    ``after`` is owners + unattributed once every execution is booked where the plan books it; a
    difference that is adopted on approval is not in it.
    """

    key: PositionKey
    owners: str
    unattributed: str
    venue: str | None
    after: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row that proves something: ``kind`` (``row.*``), its id, and what matters, as text."""

    kind: str
    ref: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BookFill:
    """Book one execution into both ledgers of its owner.

    ``part`` tells apart what one execution is split into (a shared liquidation); "" where whole.
    """

    agent_id: str
    execution: Execution
    part: str = ""


@dataclass(frozen=True, slots=True)
class BookOrphan:
    """Book one execution to nobody, visibly."""

    execution: Execution
    part: str = ""


@dataclass(frozen=True, slots=True)
class RebuildLedger:
    """Rewrite one of an agent's two ledgers from ``source`` (private or public), the newer one, or
    on approval the one that was offered."""

    agent_id: str
    source: str


@dataclass(frozen=True, slots=True)
class SettleIntent:
    """Give an open intent the outcome that the exchange proved. ``child_ord_id`` is the order that
    an algo order became."""

    cl_ord_id: str
    outcome: str
    ord_id: str
    reason: str
    child_ord_id: str = ""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Put an order of ours into the books that they do not have, or had ended without it: into the
    open ones, or with a terminal outcome among the ended."""

    intent: OrderIntent


@dataclass(frozen=True, slots=True)
class RaiseEpoch:
    """Let no clOrdId be issued any more in an epoch up to ``above``: the exchange knows them."""

    above: int


@dataclass(frozen=True, slots=True)
class Rescale:
    """The contract's size changed: every holding and open order by ``factor``, no money moves.

    ``first``: before the plan's executions, which are of the new size already.
    """

    inst_id: str
    factor: Decimal
    ct_val: Decimal
    ct_mult: Decimal
    finding_id: str = ""
    first: bool = False


@dataclass(frozen=True, slots=True)
class SetAside:
    """Remember an execution that cannot be judged as seen, without moving anything; only ever on a
    human's word."""

    fill_id: str
    inst_id: str
    ts_ms: int
    finding_id: str
    cl_ord_id: str = ""
    qty_contracts: Contracts = NO_CONTRACTS


@dataclass(frozen=True, slots=True)
class ForgetBefore:
    """Read the account from here on only: the exchange keeps no more; only on a human's word."""

    ts_ms: int


@dataclass(frozen=True, slots=True)
class NoteFinding:
    """Remember that a finding was told: it is no news again."""

    finding_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RestoreAgent:
    """Write what is lost of an agent's three books from what is left of them. ``alive`` False: as
    dead, so that its positions can only be closed."""

    agent_id: str
    alive: bool


@dataclass(frozen=True, slots=True)
class FollowLedgers:
    """Write the capital of an agent's two ledgers, which agree, into its own document."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class FreezeInstrument:
    """Refuse new entries on one instrument until a human lifts it."""

    inst_id: str
    reason: str
    finding_id: str = ""


@dataclass(frozen=True, slots=True)
class AdoptDifference:
    """Let nobody own what the exchange shows and no execution explains; only ever on approval.

    ``qty_contracts`` is what owners + unattributed lack (signed, in the key's own coordinates).
    ``undoes`` names an earlier adoption, of nobody's or written for an agent, that this one gives
    back to its owner, because its executions turned up: it needs no approval, and comes before the
    executions.
    """

    key: PositionKey
    qty_contracts: Contracts
    entry_px: Decimal
    ts_ms: int
    finding_id: str
    undoes: str = ""
    agent_id: str = ""


@dataclass(frozen=True, slots=True)
class BookCash:
    """Book one flow of money that is no execution; ``agent_id`` "" is the account's own entry.

    ``ref`` is its identity: a bill, or a bill and the owner whose share it is. It is booked once.
    ``kind`` is funding, fee, liquidation_penalty, transfer, interest, foreign_trade, unexplained or
    other.
    """

    agent_id: str
    ref: str
    kind: str
    amount: Decimal
    inst_id: str
    ts_ms: int


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """Write how much one agent holds, without an execution; only ever on approval. Zero ends it.

    ``entry_px`` and ``ts_ms`` count where the agent held nothing under the key before.
    """

    agent_id: str
    key: PositionKey
    qty_contracts: Contracts
    entry_px: Decimal = Decimal(0)
    ts_ms: int = 0
    finding_id: str = ""


Correction = (
    BookFill
    | BookOrphan
    | RebuildLedger
    | SettleIntent
    | FreezeInstrument
    | AdoptDifference
    | BookCash
    | SetQuantity
    | TakeBack
    | RaiseEpoch
    | Rescale
    | SetAside
    | NoteFinding
    | ForgetBefore
    | RestoreAgent
    | FollowLedgers
    | TellHost
)


class Grade(StrEnum):
    """How good an alternative is, best first."""

    PROVEN = "proven"  # follows from what the exchange shows
    DECLARED = "declared"  # a declared rule shares out what cannot be proven
    ASSUMED = "assumed"  # somebody says so
    OPEN = "open"  # nobody is charged; it stays in sight, frozen


@dataclass(frozen=True, slots=True)
class Effect:
    """What an alternative does to one owner ("" is nobody): contracts as signed text in the key's
    coordinates, and PnL plus fee as text, "" where no execution tells it."""

    owner: str
    key: str
    contracts: str
    money: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to settle a finding. ``kind`` names its words: what it says, what speaks for it and
    against it, what it leaves open (``alt.*`` in the catalogue); ``agent_id``: whose, if any's."""

    kind: str
    grade: Grade
    effects: tuple[Effect, ...]
    corrections: tuple[Correction, ...]
    agent_id: str = ""

    @property
    def name(self) -> str:
        """What it is chosen by, like ``close_all`` or ``agent:A``."""
        return f"{self.kind}:{self.agent_id}" if self.agent_id else self.kind


@dataclass(frozen=True, slots=True)
class MoneyCheck:
    """R4: does the money that was booked explain the money that is there?

    ``settled`` is the account's equity without unrealised PnL, as the exchange shows it, None where
    it was not read. ``booked`` is all that is booked once the plan is applied, ``basis`` what the
    owners' entry prices differ from the exchange's average price. ``residual`` is
    settled − reserve − booked − basis: what nothing explains, zero to the cent. ``first`` at the
    first reconciliation, which sets ``reserve`` so that the residual is zero.
    ``bill_seen`` is the newest bill that the plan then covers.
    """

    ccy: str
    verdict: Verdict
    first: bool
    settled: Decimal | None
    reserve: Decimal
    booked: Decimal
    basis: Decimal
    residual: Decimal | None
    bill_seen: int
    bills_ms: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation. ``what``, ``cause``, ``remedy`` are message ids; ``params`` fills them in.

    ``alternatives``, ``chosen``, ``about``: see the module. ``items`` are those that it is about
    beyond those of its case.
    """

    finding_id: str
    case: Case
    resolution: Resolution
    agent_id: str | None
    key: PositionKey | None
    what: str
    cause: str
    remedy: str
    params: Mapping[str, str]
    evidence: tuple[Evidence, ...]
    corrections: tuple[Correction, ...]
    alternatives: tuple[Alternative, ...] = ()
    chosen: str = ""
    about: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole outcome. ``fills_seen_ms`` is how far the exchange's fills are then booked.

    ``unmanaged`` are positions of products that the books do not keep: in sight, nobody's.
    ``host_items`` are a host's own books, item by item, where it shows them.
    ``bound`` is what the plan was made for and holds for alone: store id, uid, demo or live.
    """

    read_ms: int
    items: tuple[ItemVerdict, ...]
    balances: tuple[KeyBalance, ...]
    findings: tuple[Finding, ...]
    source_problems: tuple[str, ...]
    fills_seen_ms: int
    plan_hash: str
    money: MoneyCheck | None = None
    unmanaged: tuple[UnmanagedPosition, ...] = ()
    bound: Mapping[str, str] = field(default_factory=dict)
    host_items: tuple[HostItem, ...] = ()

    @property
    def needs_human(self) -> bool:
        """Whether anything must not be touched before somebody approves."""
        return any(finding.resolution is Resolution.HUMAN for finding in self.findings)

    @property
    def incomplete(self) -> bool:
        """Whether anything could not be judged."""
        return (
            any(item.verdict is Verdict.UNKNOWN for item in self.items)
            or any(finding.resolution is Resolution.UNKNOWN for finding in self.findings)
            or bool(self.source_problems)
            or (self.money is not None and self.money.verdict is Verdict.UNKNOWN)
        )

    @property
    def clean(self) -> bool:
        """Whether everything matched and nothing was found."""
        return not self.findings and not self.incomplete

    @property
    def corrections(self) -> tuple[Correction, ...]:
        """All corrections, in the order in which they are applied.

        Ledgers are rebuilt first, then executions are booked in the order in which they happened,
        then money is, then differences are adopted, intents settled and instruments frozen.
        """
        return in_application_order(self.findings)


def in_application_order(findings: Iterable[Finding]) -> tuple[Correction, ...]:
    """All corrections of these findings, in the order in which they are applied."""
    steps = (step for finding in findings for step in finding.corrections)
    return tuple(sorted(steps, key=_application_order))


def _application_order(step: Correction) -> tuple[int, int, int, str]:
    if isinstance(step, RaiseEpoch):
        return (-1, 0, 0, type(step).__name__)
    if isinstance(step, RestoreAgent):
        return (-1, 1, 0, step.agent_id)
    if isinstance(step, RebuildLedger | FollowLedgers):
        return (0, 0, 0, step.agent_id)
    if isinstance(step, TakeBack):
        return (0, 2, 0, step.intent.cl_ord_id)
    if isinstance(step, AdoptDifference) and step.undoes:
        return (0, 1, 0, f"{step.key} {step.undoes} {step.agent_id}")
    if isinstance(step, (BookFill, BookOrphan)):
        execution = step.execution
        place = f"{execution.fill_id} {step.part}"
        return (1, execution.ts_ms, trade_number(execution.trade_id), place)
    if isinstance(step, SetAside):
        return (1, step.ts_ms, 0, step.fill_id)
    if isinstance(step, Rescale):
        return (0, 3, 0, step.inst_id) if step.first else (2, 0, 0, step.inst_id)
    if isinstance(step, SetQuantity):
        return (2, 1, 0, f"{step.key} {step.agent_id}")
    if isinstance(step, BookCash):
        return (3, step.ts_ms, 0, f"{step.ref} {step.agent_id}")
    if isinstance(step, AdoptDifference):
        return (4, 0, 0, str(step.key))
    if isinstance(step, SettleIntent):
        return (5, 0, 0, step.cl_ord_id)
    if isinstance(step, ForgetBefore):
        return (-1, 2, step.ts_ms, "")
    if isinstance(step, NoteFinding):
        return (6, 1, 0, step.finding_id)
    if isinstance(step, TellHost):
        return (7, step.execution.ts_ms, 0, f"{step.execution.fill_id} {step.agent_id}")
    return (6, 0, 0, f"{step.inst_id} {step.finding_id}")


def trade_number(trade_id: str) -> int:
    """A tradeId as a number (liquidations have negative ones); 0 where it is not one."""
    digits = trade_id.removeprefix("-")
    return int(trade_id) if digits.isascii() and digits.isdigit() else 0
