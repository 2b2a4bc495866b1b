"""Deliberately wrong reconcilers: what each of them does can be read in many a trading bot.

| saboteur | what it does | the sweep that must catch it |
|---|---|---|
| failed-read-is-flat | positions that could not be read are none: the books are closed | exchange |
| booked-again | what lies in the window is booked, whether or not it was before | recovery |
| owner-by-size | what is nobody's goes to an agent who holds as many contracts | recovery |

``sabotaged`` puts one in the place of the library's reconciler, in this process and for as long as
its block lasts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from chaos.saboteurs.catalogue import WrongReconciler
from prometheus_persist.reconcile import apply as applying
from prometheus_persist.reconcile import reconciler as deciding
from prometheus_persist.reconcile.decision import Decision
from prometheus_persist.reconcile.finding import Choices
from prometheus_persist.reconcile.plan import (
    BookFill,
    BookOrphan,
    Case,
    Correction,
    Finding,
    Plan,
    Resolution,
    SetQuantity,
)
from prometheus_persist.reconcile.reconciler import NO_CHOICES
from prometheus_persist.reconcile.views import POSITIONS, Books, VenueFill, VenueView
from prometheus_persist.session import reconciling
from prometheus_persist.state import NO_CONTRACTS, Execution

_HONEST: Final = deciding.reconcile
_APPLY: Final = applying.apply_plan
_NOT_SETTLED: Final = reconciling._not_settled
_LIBRARY: Final = "prometheus_persist."


@contextlib.contextmanager
def sabotaged(name: WrongReconciler) -> Iterator[None]:
    """The library with this reconciler in it."""
    wrong = {
        "failed-read-is-flat": _flat,
        "booked-again": _again,
        "owner-by-size": _by_size,
    }[name]
    _replace(_HONEST, wrong)
    if name == "booked-again":
        _replace(_APPLY, _apply_again)
        _replace(_NOT_SETTLED, _unlooked)
        reconciling.reconcile = _content  # type: ignore[attr-defined]
    try:
        yield
    finally:
        _replace(wrong, _HONEST)
        _replace(_content, _HONEST)
        _replace(_apply_again, _APPLY)
        _replace(_unlooked, _NOT_SETTLED)


def _replace(old: Callable[..., Any], new: Callable[..., Any]) -> None:
    for module in [each for name, each in sys.modules.items() if name.startswith(_LIBRARY)]:
        for known, value in list(vars(module).items()):
            if value is old:
                setattr(module, known, new)


def _flat(books: Books, view: VenueView, choices: Choices = NO_CHOICES) -> Plan:
    if view.complete(POSITIONS):
        return _HONEST(books, view, choices)
    closes: tuple[Correction, ...] = tuple(
        SetQuantity(name, position.key, NO_CONTRACTS, finding_id="sabotage")
        for name, ledger in sorted(books.state.private_ledgers.items())
        for position in ledger.positions
    )
    return Plan(view.read_ms, (), (), (_finding(Case.B, closes),), (), 0, "flat")


def _again(books: Books, view: VenueView, choices: Choices = NO_CHOICES) -> Plan:
    plan = _HONEST(books, view, choices)
    steps: tuple[Correction, ...] = tuple(
        BookFill(books.order_owners[fill.cl_ord_id], _execution(fill, view))
        for fill in view.fills
        if fill.fill_id in books.booked_fills and fill.cl_ord_id in books.order_owners
    )
    if not steps:
        return plan
    return dataclasses.replace(plan, findings=(*plan.findings, _finding(Case.A, steps)))


def _apply_again(books: Books, plan: Plan, now_ms: int) -> applying.Applied:
    return _APPLY(dataclasses.replace(books, booked_fills=frozenset()), plan, now_ms)


def _content(books: Books, view: VenueView, choices: Choices = NO_CHOICES) -> Plan:
    """The second look finds all well."""
    return dataclasses.replace(_HONEST(books, view, choices), findings=())


def _unlooked(decision: Decision, _left: Plan, *, looked_again: bool) -> Decision:  # noqa: ARG001
    """Nor does it mind what a second look finds."""
    return decision


def _by_size(books: Books, view: VenueView, choices: Choices = NO_CHOICES) -> Plan:
    plan = _HONEST(books, view, choices)
    findings = tuple(
        dataclasses.replace(
            each, corrections=tuple(_given_away(books, step) for step in each.corrections)
        )
        for each in plan.findings
    )
    return dataclasses.replace(plan, findings=findings)


def _given_away(books: Books, step: Correction) -> Correction:
    if not isinstance(step, BookOrphan):
        return step
    for name, ledger in sorted(books.state.private_ledgers.items()):
        for position in ledger.positions:
            same = abs(position.qty_contracts) == step.execution.qty_contracts
            if position.inst_id == step.execution.inst_id and same:
                return BookFill(name, step.execution)
    return step


def _finding(case: Case, steps: tuple[Correction, ...]) -> Finding:
    return Finding("sabotage", case, Resolution.AUTO, None, None, "", "", "", {}, (), steps)


def _execution(fill: VenueFill, view: VenueView) -> Execution:
    instrument = view.instruments[fill.inst_id]
    return Execution(
        inst_id=fill.inst_id,
        mgn_mode="cross",
        pos_side=cast(Any, fill.pos_side),
        side=cast(Any, fill.side),
        qty_contracts=fill.qty_contracts,
        px=fill.px,
        fee=fill.fee,
        trade_id=fill.trade_id,
        ord_id=fill.ord_id,
        cl_ord_id=fill.cl_ord_id,
        ts_ms=fill.ts_ms,
        ct_val=instrument.ct_val,
        ct_mult=instrument.ct_mult,
    )
