"""From a plan to a decision: what of it may be applied, and what may trade.

- ``go``             nothing differs, or what differs is proven: apply, open the gate
- ``go_restricted``  the same, while something is frozen or an order's fate is not known
- ``human``          something needs a human
- ``incomplete``     something could not be read or judged: no position is called flat for that

What needs a human or cannot be judged keeps shut what it is about (``Finding.about``), and nothing
of it is applied: its instruments take no new entries, and what is proven of the others is applied
there. Everything stays shut, and nothing is applied, where the exchange was not read in full, where
a direction differs (case D; ``Settings.human_stops``), and for findings about all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from prometheus_persist.reconcile.plan import (
    Case,
    Finding,
    Plan,
    Resolution,
    SettleIntent,
    TakeBack,
    Verdict,
)
from prometheus_persist.state import FreezeState, PositionKey

ENDS = (SettleIntent, TakeBack)


@dataclass(frozen=True, slots=True)
class WithheldFacts:
    """What takes no new entries until a reconciliation lifts it: an instrument ("" with no agent:
    all of them) or an agent. ``waits_for`` is ``human`` (somebody has to decide), ``exchange`` (it
    cannot be judged yet); ``finding_ids`` say why."""

    inst_id: str
    agent_id: str
    waits_for: str
    finding_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a plan comes to. ``apply`` is what of it may be applied, None for nothing; ``is_open``
    whether anything may trade, and then all but ``withheld``."""

    word: str
    apply: Plan | None
    is_open: bool
    withheld: tuple[WithheldFacts, ...] = ()
    unanswered: tuple[str, ...] = ()


def decide(
    plan: Plan | None,
    human_stops: str,
    *,
    approved: Plan | None = None,
    confirmed: bool = True,
) -> Decision:
    """What the plan comes to; ``human_stops`` as in the settings; ``approved`` is the plan that a
    human saw; ``confirmed``: what needs a human was there in the reading before, too."""
    if plan is None or plan.source_problems:
        return Decision("incomplete", None, is_open=False)
    seen = frozenset() if approved is None else _answered(plan, approved)
    open_findings = [
        one
        for one in plan.findings
        if one.resolution is Resolution.UNKNOWN
        or (one.resolution is Resolution.HUMAN and one.finding_id not in seen)
    ]
    humans = [one for one in open_findings if one.resolution is Resolution.HUMAN]
    unknown = [one for one in open_findings if one.resolution is Resolution.UNKNOWN]
    withheld = _withheld(open_findings)
    unanswered = tuple(
        one.params["cl_ord_id"] for one in unknown if not one.about and "cl_ord_id" in one.params
    )
    word = "go"
    if unknown and any(one.about for one in unknown):
        word = "incomplete"
    if humans:
        word = "human" if confirmed else "incomplete"
    whole = any("" in one.about for one in unknown) or _stops(humans, human_stops)
    if whole:
        return Decision(word, None, is_open=False, withheld=withheld, unanswered=unanswered)
    if plan.money is not None and plan.money.problem == "why.money_unread":
        return Decision("incomplete", None, is_open=False)
    apply = plan if not open_findings else part_of(plan, open_findings, withheld)
    shut = {one.inst_id for one in withheld}
    waiting = tuple(
        one for one in _waits_beside(plan, apply, open_findings) if one.inst_id not in shut
    )
    return Decision(word, apply, True, (*withheld, *waiting), unanswered)


def _waits_beside(
    plan: Plan, apply: Plan, open_findings: list[Finding]
) -> tuple[WithheldFacts, ...]:
    """The instruments of what is proven and waits all the same, beside what is open.

    An order's end that waits with its agent's ledgers keeps nothing shut: it moves no position.
    """
    done = {one.finding_id for one in (*apply.findings, *open_findings)}
    places: dict[str, list[str]] = {}
    for one in plan.findings:
        inst_id = one.key.inst_id if one.key else one.params.get("inst_id", "")
        moves = one.key is not None or any(not isinstance(c, ENDS) for c in one.corrections)
        waits = one.finding_id not in done and one.case is not Case.K
        if waits and inst_id and (moves or not one.corrections):
            places.setdefault(inst_id, []).append(one.finding_id)
    return tuple(
        WithheldFacts(inst_id, "", "exchange", tuple(sorted(ids)))
        for inst_id, ids in sorted(places.items())
    )


def disagreeing(plan: Plan) -> tuple[WithheldFacts, ...]:
    """R2, whatever the findings say: where owners and nobody are not what the exchange shows."""
    off = {one.key.inst_id for one in plan.balances if one.verdict is not Verdict.MATCH}
    return tuple(WithheldFacts(inst_id, "", "exchange", ()) for inst_id in sorted(off))


def _answered(plan: Plan, approved: Plan) -> frozenset[str]:
    """What a human has answered: what he saw, and the money that belongs to what he chose."""
    saw = {one.finding_id for one in approved.findings}
    return frozenset(
        one.finding_id
        for one in plan.findings
        if one.chosen and (one.finding_id in saw or (one.case is Case.K and not one.about))
    )


def _stops(humans: list[Finding], human_stops: str) -> bool:
    """Whether a human has to speak before anything trades (``Settings.human_stops``)."""
    if human_stops == "everything":
        return bool(humans)
    account = any(one.case is Case.L and "" in one.about for one in humans)
    turned = any(one.case is Case.D for one in humans)
    return account or (turned and human_stops == "direction")


def _withheld(findings: list[Finding]) -> tuple[WithheldFacts, ...]:
    """What these findings keep shut, each place once."""
    places: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        for inst_id in one.about:
            places.setdefault((inst_id, ""), []).append(one)
        if one.case is Case.C and one.agent_id and one.key is None:
            places.setdefault(("", one.agent_id), []).append(one)
    return tuple(
        WithheldFacts(
            inst_id,
            agent_id,
            "human" if any(f.resolution is Resolution.HUMAN for f in found) else "exchange",
            tuple(sorted(f.finding_id for f in found)),
        )
        for (inst_id, agent_id), found in sorted(places.items())
    )


def part_of(plan: Plan, left_out: list[Finding], withheld: tuple[WithheldFacts, ...]) -> Plan:
    """What of a plan is proven, or chosen, and touches nothing that is left out.

    Money waits as a whole, with the watermarks: both are of all that happened, in order. A choice
    is of what its position comes to once what is proven of it is booked: it waits where that waits.
    """
    ids = {one.finding_id for one in left_out}
    if not withheld:
        return replace(plan, findings=tuple(f for f in plan.findings if f.finding_id not in ids))
    keys = {one.key for one in left_out if one.key is not None}
    legs = keys | {_other_leg(key) for key in keys}
    whole = {name for one in left_out if one.key is None for name in one.about}
    agents = {one.agent_id for one in withheld if one.agent_id}
    kept = tuple(
        one
        for one in plan.findings
        if one.finding_id not in ids
        and one.case is not Case.K
        and not _touches(one, keys if one.resolution is Resolution.HUMAN else legs, whole, agents)
    )
    rests = {one.key for one in plan.findings if one.finding_id not in ids and one not in kept}
    kept = tuple(
        one
        for one in kept
        if one.resolution is not Resolution.HUMAN or not _rests_on(one, rests - {None})
    )
    return replace(plan, findings=kept, money=None, fills_seen_ms=0)


def _rests_on(one: Finding, waiting: Iterable[PositionKey | None]) -> bool:
    """Whether it is about a position of which something waits, or about its instrument."""
    if one.key is not None:
        return one.key in waiting
    return one.params.get("inst_id") in {key.inst_id for key in waiting if key is not None}


def _other_leg(key: PositionKey) -> PositionKey:
    """Long and short of one contract are one question: a hand that turns it over moves both."""
    return key._replace(pos_side={"long": "short", "short": "long"}.get(key.pos_side, "net"))


def _touches(one: Finding, keys: set[PositionKey], whole: set[str], agents: set[str]) -> bool:
    """Whether a finding moves anything of what is left out: a position, a whole instrument, or an
    agent. What has no position (orders, freezes) waits with any of its
    instrument's. What a human chose is carried out beside what he did not."""
    if (one.agent_id or "") in agents:
        return True
    if one.resolution is Resolution.HUMAN:
        return one.key in keys
    if one.key is not None:
        return one.key in keys or one.key.inst_id in whole
    inst_id = one.params.get("inst_id")
    return inst_id is not None and inst_id in whole | {key.inst_id for key in keys}


def with_freeze(decision: Decision, freeze: FreezeState) -> str:
    """``go`` becomes ``go_restricted`` while anything is frozen, withheld or unanswered."""
    standing = freeze.instruments or freeze.everything or decision.withheld or decision.unanswered
    return "go_restricted" if decision.word == "go" and standing else decision.word


def for_a_human(plan: Plan) -> frozenset[str]:
    """The findings that need one."""
    return frozenset(one.finding_id for one in plan.findings if one.resolution is Resolution.HUMAN)
