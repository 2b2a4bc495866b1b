"""``apply_plan(books, plan, now_ms)``: the plan carried out on a copy, as one commit's content.

``apply_corrections`` is the one that books, whoever asks for it: a plan, an order that is settled
while the system runs (``live.py``), positions that are put into the books by hand (``given.py``).

1. The books are not touched. The result is a new state and the records that the streams gain; the
   caller commits both together or neither.
2. Both ledgers and the agent move together, by the arithmetic of every other booking.
3. An execution or a cash flow that the books hold already is refused: a plan is applied once, to
   the books it was made from (P2). What one execution is split into is booked together.
4. A reading that was whole, and is taken in, moves the watermarks after it in steps of a day, a
   week behind: an account on which nothing happens for months is still read from where OKX reaches.
5. Applying does not ask whether it may. A plan that needs a human is applied only after approval,
   and that is the caller's to know.
6. What is written without an execution is recorded all the same: with it, every agent's records add
   up to what it holds.
7. Whose account the plan was made for is remembered with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from prometheus_persist.errors import PlanStale
from prometheus_persist.reconcile.account import identity_of
from prometheus_persist.reconcile.books import adoption_id
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    BookCash,
    BookFill,
    BookOrphan,
    Correction,
    FollowLedgers,
    ForgetBefore,
    FreezeInstrument,
    MoneyCheck,
    NoteFinding,
    Plan,
    RaiseEpoch,
    RebuildLedger,
    Rescale,
    RestoreAgent,
    SetAside,
    SetQuantity,
    SettleIntent,
    TakeBack,
    TellHost,
)
from prometheus_persist.reconcile.views import Books
from prometheus_persist.reconcile.written import (
    Work,
    adopted,
    books_of,
    give_back,
    rescale,
    set_quantity,
)
from prometheus_persist.state import (
    NO_CONTRACTS,
    Agent,
    Execution,
    FreezeEntry,
    PrivateLedger,
    PublicAccount,
    SystemState,
    book_execution,
    next_outcome,
)
from prometheus_persist.state.booking import (
    book_cash,
    book_unattributed,
    execution_record,
    record_of,
)
from prometheus_persist.state.documents import (
    CASH_FLOWS,
    INTENT_LOG,
    ORPHAN_FILLS,
    PUBLIC_TRADES,
    document,
    private_trades,
)
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.models import DEAD, Outcome
from prometheus_persist.state.money import ZERO, sub
from prometheus_persist.state.registry import EPOCH_MAX

DAY_MS = 24 * 3_600_000
LATE_MS = 7 * DAY_MS
"""How late a row may turn up, and how wrong our clock may be, for the watermarks to be right."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A new state, and what each stream gains by name, in order."""

    state: SystemState
    records: dict[str, list[JsonObject]]


def apply_plan(books: Books, plan: Plan, now_ms: int) -> Applied:
    """The state after ``plan``; raises PlanStale where it was not made from these books."""
    done = apply_corrections(books, plan.corrections, now_ms)
    state = done.state
    quiet_ms = _quiet_ms(plan, state.watermark.since_ms)
    seen = max(state.watermark.fills_ms, plan.fills_seen_ms, quiet_ms)
    state.watermark = state.watermark.model_copy(update={"fills_ms": seen})
    if plan.money is not None and plan.money.settled is not None:
        _reconciled(state, plan.money, plan.read_ms, quiet_ms)
    identity = identity_of(plan)
    kept = state.account_cash.identity
    judged = plan.money is not None and plan.money.settled is not None
    if identity is not None and kept is not None and kept.adopted and not judged:
        identity = identity.model_copy(update={"adopted": True})
    if identity is not None and identity != kept:
        state.account_cash = state.account_cash.model_copy(update={"identity": identity})
    return done


def apply_corrections(books: Books, corrections: Iterable[Correction], now_ms: int) -> Applied:
    """The state after these, carried out in their order; raises PlanStale as ``apply_plan``."""
    before = books.state
    state = dataclasses.replace(
        before,
        agents=dict(before.agents),
        private_ledgers=dict(before.private_ledgers),
        public_accounts=dict(before.public_accounts),
        intents=dict(before.intents),
    )
    work = Work(books, state, now_ms, books.booked_fills, books.booked_flows)
    for step in corrections:
        _CARRY_OUT[type(step)](work, step)
    return Applied(state, work.records)


def _quiet_ms(plan: Plan, since_ms: int) -> int:
    """Up to when nothing is left to be read, whether anything happened then or not; 0: unknown."""
    # Money that could be judged means that the positions agree: no execution was left unbooked.
    if plan.money is None or plan.money.settled is None or plan.incomplete:
        return 0
    quiet_ms = (plan.read_ms - LATE_MS) // DAY_MS * DAY_MS
    return quiet_ms if quiet_ms > since_ms else 0  # what was before the store is not looked at


def _reconciled(state: SystemState, money: MoneyCheck, read_ms: int, quiet_ms: int) -> None:
    """Remember where the money stood."""
    cash = state.account_cash
    update: dict[str, object] = {
        "settled": money.settled,
        "reserve": money.reserve,
        "bill_seen": max(cash.bill_seen, money.bill_seen),
        "bills_ms": max(cash.bills_ms, money.bills_ms, quiet_ms),
    }
    if money.first:
        update |= {"baseline_ms": read_ms, "ccy": money.ccy}
    state.account_cash = cash.model_copy(update=update)


def _book_fill(work: Work, step: BookFill) -> None:
    state, name = work.state, step.agent_id
    _book_once(work, step.execution, step.part)
    agent, private, account = books_of(state, name)
    done = book_execution(agent, private, account, step.execution)
    state.agents[name] = done.agent
    state.private_ledgers[name] = done.private
    state.public_accounts[name] = done.account
    work.append(PUBLIC_TRADES, done.record)
    work.append(private_trades(name), done.record)
    _count(state, step.execution)
    place = (name, step.execution.key)
    work.moved[place] = work.moved.get(place, NO_CONTRACTS) + step.execution.signed


def _count(state: SystemState, execution: Execution) -> None:
    """The execution is booked with its order, where that is still open."""
    intent = state.intents.get(execution.cl_ord_id)
    if intent is not None:
        booked = intent.booked_contracts + execution.qty_contracts
        state.intents[intent.cl_ord_id] = intent.model_copy(update={"booked_contracts": booked})


def _book_orphan(work: Work, step: BookOrphan) -> None:
    _book_once(work, step.execution, step.part)
    work.state.unattributed, pnl = book_unattributed(work.state.unattributed, step.execution)
    work.append(ORPHAN_FILLS, execution_record(step.execution, pnl, found_ms=work.now_ms))
    _count(work.state, step.execution)


def _book_cash(work: Work, step: BookCash) -> None:
    state, name = work.state, step.agent_id
    if step.ref in work.flows or step.ref in work.fresh:
        raise PlanStale(f"cash flow {step.ref} is booked already")
    work.fresh.add(step.ref)
    if name:
        books = book_cash(*books_of(state, name), step.amount, step.ts_ms)
        state.agents[name], state.private_ledgers[name], state.public_accounts[name] = books
    work.append(
        CASH_FLOWS,
        {
            "ref": step.ref,
            "agent_id": name,
            "kind": step.kind,
            "amount": str(step.amount),
            "inst_id": step.inst_id,
            "ts_ms": step.ts_ms,
            "found_ms": work.now_ms,
        },
    )


def _set_aside(work: Work, step: SetAside) -> None:
    if step.fill_id in work.booked or step.fill_id in work.fresh:
        raise PlanStale(f"execution {step.fill_id} is booked already")
    work.fresh.add(step.fill_id)
    intent = work.state.intents.get(step.cl_ord_id)
    if intent is not None:
        booked = intent.booked_contracts + step.qty_contracts
        intents = work.state.intents
        intents[step.cl_ord_id] = intent.model_copy(update={"booked_contracts": booked})
    work.append(
        ORPHAN_FILLS,
        {
            "fill_id": step.fill_id,
            "inst_id": step.inst_id,
            "ts_ms": step.ts_ms,
            "category": "set_aside",
            "finding_id": step.finding_id,
            "source": "reconcile",
            "found_ms": work.now_ms,
        },
    )


def _take_back(work: Work, step: TakeBack) -> None:
    intent = step.intent
    if intent.outcome in TERMINAL:
        work.append(INTENT_LOG, document(intent))
    elif intent.cl_ord_id in work.state.intents:
        raise PlanStale(f"order intent {intent.cl_ord_id} is open")
    else:
        work.state.intents[intent.cl_ord_id] = intent


def _raise_epoch(work: Work, step: RaiseEpoch) -> None:
    registry = work.state.registry
    above = min(step.above, EPOCH_MAX)  # no id makes the next one impossible
    ahead = max(registry.epoch_ahead, above + 1 - work.books.epoch)
    work.state.registry = registry.model_copy(update={"epoch_ahead": ahead})


def _note(work: Work, step: NoteFinding) -> None:
    freeze = work.state.freeze
    lifted = {**freeze.lifted, step.finding_id: step.reason}
    work.state.freeze = freeze.model_copy(update={"lifted": lifted})


def _forget_before(work: Work, step: ForgetBefore) -> None:
    state = work.state
    fills_ms = max(state.watermark.fills_ms, step.ts_ms)
    state.watermark = state.watermark.model_copy(update={"fills_ms": fills_ms})
    if state.account_cash.baseline_ms:
        bills_ms = max(state.account_cash.bills_ms, step.ts_ms)
        state.account_cash = state.account_cash.model_copy(update={"bills_ms": bills_ms})


def _restore_agent(work: Work, step: RestoreAgent) -> None:
    """What is lost of an agent, from what is left: its ledgers, or its document and records."""
    state, name = work.state, step.agent_id
    agent = state.agents.get(name)
    private, account = state.private_ledgers.get(name), state.public_accounts.get(name)
    capital = agent.current_capital if agent is not None else ZERO
    newest = max((one for one in (private, account) if one), key=_version, default=None)
    told = {"agent_id": name, "capital": capital if newest is None else newest.capital}
    if newest is not None:
        told |= {"version": newest.version, "positions": list(newest.positions)}
    state.private_ledgers[name] = private or PrivateLedger.model_validate(told)
    kept = account or agent
    record = {} if kept is None else record_of(kept)
    state.public_accounts[name] = account or PublicAccount.model_validate(told | record)
    agent = agent or _agent_of(state.public_accounts[name])
    if not step.alive:
        agent = agent.model_copy(update={"state": DEAD, "death_reason": "its document was lost"})
    state.agents[name] = agent
    state.registry = state.registry.assign(name)


def _agent_of(account: PublicAccount) -> Agent:
    """What a public account knows of its agent; it began with what it has not gained since."""
    money = {
        "current_capital": account.capital,
        "initial_capital": sub(account.capital, account.total_pnl),
    }
    told = {"agent_id": account.agent_id, "state": "MATURE"}
    return Agent.model_validate(told | money | record_of(account))


def _version(ledger: PrivateLedger | PublicAccount) -> int:
    return ledger.version


def _adopt(work: Work, step: AdoptDifference) -> None:
    record = _adoption_record(step, work)
    if step.undoes and record["fill_id"] in work.booked:
        raise PlanStale(f"the adoption of {step.undoes} is given back already")
    if step.agent_id:
        give_back(work, step)
        return
    held = {position.key: position for position in work.state.unattributed.positions}
    before = held.pop(step.key, None)
    after = adopted(before, step)
    if after.qty_contracts:
        held[step.key] = after
    positions = [held[key] for key in sorted(held)]
    work.state.unattributed = work.state.unattributed.model_copy(update={"positions": positions})
    work.append(ORPHAN_FILLS, record)


def _adoption_record(step: AdoptDifference, work: Work) -> JsonObject:
    """No execution: its fill id is the finding's, which no exchange gives."""
    category = "released" if step.undoes else "adopted"
    told = {"undoes": step.undoes} if step.undoes else {}
    return {
        **told,
        "fill_id": adoption_id(step.key.inst_id, category, step.finding_id),
        **step.key._asdict(),
        "qty_contracts": str(step.qty_contracts.value),
        "px": str(step.entry_px),
        "ts_ms": step.ts_ms,
        "category": category,
        "source": "reconcile",
        "found_ms": work.now_ms,
        "since_ms": work.state.watermark.fills_ms,
    }


def _book_once(work: Work, execution: Execution, part: str) -> None:
    name = f"{execution.fill_id}#{part}"
    if execution.fill_id in work.booked or name in work.fresh:
        raise PlanStale(f"execution {execution.fill_id} is booked already")
    work.fresh.add(name)


def _rebuild(work: Work, step: RebuildLedger) -> None:
    state, name = work.state, step.agent_id
    private = state.private_ledgers.get(name) or PrivateLedger(agent_id=name)
    agent = state.agents[name]
    lost = PublicAccount.model_validate({"agent_id": name, **record_of(agent)})
    account = state.public_accounts.get(name) or lost
    source: PrivateLedger | PublicAccount = private if step.source == "private" else account
    update: dict[str, object] = {
        "version": source.version,
        "capital": source.capital,
        "positions": list(source.positions),
        "updated_ms": source.updated_ms,
    }
    if step.source == "private":
        # A private ledger keeps no record; the document does, if it is of the same moment.
        record = record_of(agent) if agent.current_capital == source.capital else {}
        state.public_accounts[name] = account.model_copy(update=update | record)
    else:
        state.private_ledgers[name] = private.model_copy(update=update)
    moved = {"current_capital": source.capital, **record_of(state.public_accounts[name])}
    state.agents[name] = agent.model_copy(update=moved)


def _follow(work: Work, step: FollowLedgers) -> None:
    state, name = work.state, step.agent_id
    capital = state.private_ledgers[name].capital
    state.agents[name] = state.agents[name].model_copy(update={"current_capital": capital})


def _settle(work: Work, step: SettleIntent) -> None:
    intent = work.state.intents.pop(step.cl_ord_id, None)
    if intent is None:
        raise PlanStale(f"order intent {step.cl_ord_id} is not open")
    outcome = next_outcome(intent.outcome, cast(Outcome, step.outcome))
    settled = intent.model_copy(
        update={
            "outcome": outcome,
            "ord_id": step.ord_id,
            "reason": step.reason,
            "child_ord_id": step.child_ord_id,
        }
    )
    if outcome in TERMINAL:
        work.append(INTENT_LOG, document(settled))
    else:
        work.state.intents[step.cl_ord_id] = settled


def _freeze(work: Work, step: FreezeInstrument) -> None:
    frozen = dict(work.state.freeze.instruments)
    entry = frozen.get(step.inst_id) or FreezeEntry(reason=step.reason, since_ms=work.now_ms)
    frozen[step.inst_id] = entry.naming(step.finding_id)
    work.state.freeze = work.state.freeze.model_copy(update={"instruments": frozen})


_CARRY_OUT: dict[type, Callable[[Work, Any], None]] = {
    BookFill: _book_fill,
    BookOrphan: _book_orphan,
    RebuildLedger: _rebuild,
    SettleIntent: _settle,
    FreezeInstrument: _freeze,
    AdoptDifference: _adopt,
    BookCash: _book_cash,
    SetQuantity: set_quantity,
    TakeBack: _take_back,
    RaiseEpoch: _raise_epoch,
    Rescale: rescale,
    SetAside: _set_aside,
    NoteFinding: _note,
    ForgetBefore: _forget_before,
    RestoreAgent: _restore_agent,
    FollowLedgers: _follow,
    TellHost: lambda *_: None,  # of the host, not of these books
}
