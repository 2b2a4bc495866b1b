"""One correction in words: what is written, into whose books."""

from __future__ import annotations

from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    BookCash,
    BookFill,
    BookOrphan,
    Correction,
    FollowLedgers,
    ForgetBefore,
    FreezeInstrument,
    NoteFinding,
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
from prometheus_persist.reconcile.plan_json import KINDS
from prometheus_persist.report.values import Say, known, money, when
from prometheus_persist.state.money import mul, plain


def correction_words(step: Correction, say: Say) -> str:
    """One sentence; every kind of correction has its own."""
    name = KINDS[type(step)]
    if isinstance(step, AdoptDifference) and step.undoes:
        name = "release_difference"
    if isinstance(step, RestoreAgent) and not step.alive:
        name = "restore_agent_dead"
    return say(f"do.{name}", **_values(step, say))


def _values(step: Correction, say: Say) -> dict[str, str]:
    match step:
        case BookFill() | BookOrphan():
            one = step.execution
            return {
                "agent": step.agent_id if isinstance(step, BookFill) else say("report.nobody"),
                "fill": one.fill_id + (f" {step.part}" if step.part else ""),
                "key": str(one.key),
                "side": one.side,
                "contracts": str(one.qty_contracts),
                "px": plain(one.px),
                "fee": plain(one.fee),
            }
        case RebuildLedger():
            return {"agent": step.agent_id, "source": say(f"ledger.{step.source}")}
        case SettleIntent():
            return {"order": step.cl_ord_id, "outcome": step.outcome, "ord_id": step.ord_id or "-"}
        case FreezeInstrument():
            return {"inst_id": step.inst_id}
        case AdoptDifference():
            return {
                "key": str(step.key),
                "contracts": str(step.qty_contracts),
                "px": plain(step.entry_px),
                "undoes": step.undoes,
            }
        case BookCash():
            return {
                "agent": step.agent_id or say("report.account"),
                "kind": known(f"flow.{step.kind}", step.kind, say),
                "amount": money(plain(step.amount), signed=True),
                "ref": step.ref,
            }
        case SetQuantity():
            return {
                "agent": step.agent_id,
                "key": str(step.key),
                "contracts": str(step.qty_contracts),
            }
        case TakeBack():
            order = step.intent
            return {
                "agent": order.agent_id,
                "order": order.cl_ord_id,
                "inst_id": order.inst_id,
                "side": order.side,
                "contracts": str(order.qty_contracts),
                "outcome": order.outcome,
            }
        case RaiseEpoch():
            return {"above": str(step.above)}
        case Rescale():
            size = plain(mul(step.ct_val, step.ct_mult))
            return {"inst_id": step.inst_id, "factor": plain(step.factor), "size": size}
        case SetAside():
            return {"fill": step.fill_id}
        case ForgetBefore():
            return {"since": when(step.ts_ms)}
        case NoteFinding():
            return {}
        case TellHost():
            return {"agent": step.agent_id, "door": step.door, "fill": step.execution.fill_id}
        case RestoreAgent() | FollowLedgers():
            return {"agent": step.agent_id}
