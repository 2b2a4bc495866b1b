"""What came of a restore and of a whole recovery, as values: renderers only choose words for it.

Every number was counted or measured by whoever made it; nothing is assumed. The ladder makes
``RestoreFacts``; a session adds what it read, decided and applied, and what it could not close
(``RecoveryFacts``, ``FlattenFacts``). They stand here and not with the session, because a session
gives its report out with the renderers, and those read them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a restore needs none of it
    from prometheus_persist.reconcile.decision import WithheldFacts
    from prometheus_persist.reconcile.facts import MoneyRow, SourceFacts
    from prometheus_persist.reconcile.plan import Plan
    from prometheus_persist.state.system_facts import AgentFacts, SystemFacts


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that was wrong on disk: where, what, and what became of it.

    ``outcome`` is ``repaired``, ``ignored`` (not needed: something newer is whole), ``lost``, or,
    of the audit only, ``altered`` (the chain of its lines is broken there).
    """

    file: str
    offset: int | None
    problem: str
    outcome: str


@dataclass(frozen=True, slots=True)
class ObjectCount:
    """A class of an attached host: how many objects of it there were when they were last counted
    (as the host was attached, or at its exit), and how many were restored."""

    name: str
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class RestoreFacts:
    """How the state came back. Times in Unix ms; ``fresh`` when there was nothing to restore.

    ``last_save_ms`` is when the newest commit was written. That the store was opened since, and
    nothing saved, does not make it later. ``objects`` are those of a host that was attached.
    """

    fresh: bool
    restored_ms: int
    last_save_ms: int
    seq: int
    epoch: int
    base: str
    frames_replayed: int
    duration_ms: int
    damages: tuple[Damage, ...] = ()
    warnings: tuple[str, ...] = ()
    objects: tuple[ObjectCount, ...] = ()

    @property
    def losses(self) -> tuple[Damage, ...]:
        """The damages that nothing can repair."""
        return tuple(one for one in self.damages if one.outcome in ("lost", "altered"))


@dataclass(frozen=True, slots=True)
class LeftFacts:
    """What a flattening could not close: whose (SYSTEM_OWNER's is nobody's), how much, and why.

    Contracts are signed under posSide ``net``, as plain text.
    """

    owner: str
    key: str
    contracts: str
    why: str


@dataclass(frozen=True, slots=True)
class FlattenFacts:
    """How closing everything went: orders sent, and what is left of positions and open orders."""

    sent: int
    left: tuple[LeftFacts, ...] = ()
    open_orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecoveryFacts:
    """The whole report. ``plan`` is None where the exchange could not be asked.

    ``money_rows`` and ``sources`` are empty where nothing was read. ``policy`` and ``mode`` are ""
    where there is no choice to tell of.

    ``decision`` is ``go`` (consistent, or corrected with evidence), ``go_restricted`` (something is
    frozen, the rest may trade), ``human`` (nothing was applied; a human must approve the plan), or
    ``incomplete`` (the exchange could not be read: nothing is called flat, trading stays shut).
    ``postponed`` has the orders on their way for whose sake nothing was compared this time; the
    gate is then as it was, and ``decision`` says how.

    ``decision`` is what a second look at the books says, ``left``, once ``plan`` was applied;
    ``later`` has the plans of further looks of which something was applied, in order, and
    ``applied_ids`` the findings of all of them that were. ``human`` and ``incomplete`` may be about
    a part:
    ``withheld`` then takes no new entries, and ``may_trade`` says that the rest does.
    ``unanswered`` are orders whose fate is not known yet; they keep nothing shut but themselves.
    ``before`` has, as they were, the agents that what was applied is about.
    ``offset_ms`` is the exchange's clock less ours. ``options`` are those of a command about this
    store and this account (``--dir``, ``--exchange``, ``--live``).
    """

    restore: RestoreFacts
    system: SystemFacts
    plan: Plan | None
    applied: bool
    decision: str
    venue_problem: str = ""
    frozen_instruments: tuple[str, ...] = ()
    frozen_all: str = ""
    duration_ms: int = 0
    money_rows: tuple[MoneyRow, ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    policy: str = ""
    mode: str = ""
    postponed: tuple[str, ...] = ()
    flattened: FlattenFacts | None = None
    left: Plan | None = None
    applied_ids: frozenset[str] = frozenset()
    withheld: tuple[WithheldFacts, ...] = ()
    may_trade: bool = False
    unanswered: tuple[str, ...] = ()
    offset_ms: int = 0
    options: str = ""
    before: tuple[AgentFacts, ...] = ()
    later: tuple[Plan, ...] = ()


def corrected_later(facts: RecoveryFacts) -> list[Plan]:
    """The plans of further looks with what was corrected of them and was not told before."""
    told = set() if facts.plan is None else {one.finding_id for one in facts.plan.findings}
    found = []
    for plan in facts.later:
        due = facts.applied_ids - told
        new = tuple(one for one in plan.findings if one.corrections and one.finding_id in due)
        found += [replace(plan, findings=new)] if new else []
        told |= {one.finding_id for one in new}
    return found
