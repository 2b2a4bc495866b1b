"""Deliberately wrong deciders: what opens the gate, what is chosen, what is remembered.

| saboteur | what it does | caught on |
|---|---|---|
| second-look-skipped | after an apply all is said to be well | a shared close, an own fill |
| withheld-ignored | what waits for a human takes new entries | a shared close |
| choice-ignored | what a human chose by name is passed over | a position gone without a trace |
| not-believed-is-flat | a list that nothing explains is taken for true | a position missing |
| excess-passed-over | a stop that closes others' contracts is its owner's alone | closeFraction |
| epoch-not-raised | an older copy issues ids of an epoch that is known | an older copy |
| freeze-forgotten | what a human lifted a freeze for freezes again | one clOrdId twice |
| shuts-everything | what is asked about one contract keeps all of them shut | a shared close |

``misled`` puts one in the library's place, in this process, for as long as its block lasts. The
command ``ways-out`` must catch every one of them on these kinds (``CAUGHT_ON``).
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, Final

from chaos.saboteurs.catalogue import WrongDecider
from prometheus_persist.reconcile import apply as applying
from prometheus_persist.reconcile import reconciler as deciding
from prometheus_persist.reconcile.finding import chosen_by
from prometheus_persist.reconcile.plan import Finding, Plan, RaiseEpoch, Resolution
from prometheus_persist.saving.admission import Admission
from prometheus_persist.session import freezing, planning, reconciling, session

CAUGHT_ON: Final[dict[WrongDecider, str]] = {
    "second-look-skipped": "hand-close-part own-fill",
    "withheld-ignored": "hand-close-part",
    "choice-ignored": "vanished",
    "not-believed-is-flat": "position-missing",
    "excess-passed-over": "close-fraction",
    "epoch-not-raised": "older-executed",
    "freeze-forgotten": "id-twice",
    "shuts-everything": "hand-close-part",
}
_RECONCILE: Final = deciding.reconcile
_ADMISSION: Final = reconciling._admission


@contextlib.contextmanager
def misled(name: WrongDecider) -> Iterator[None]:
    """The library with this in it."""
    with contextlib.ExitStack() as undo:
        for place, attribute, wrong in _wrong(name):
            undo.callback(setattr, place, attribute, getattr(place, attribute))
            setattr(place, attribute, wrong)
        if name == "epoch-not-raised":
            table: dict[type, Callable[..., None]] = applying._CARRY_OUT
            undo.callback(table.__setitem__, RaiseEpoch, table[RaiseEpoch])
            table[RaiseEpoch] = lambda _work, _step: None
        yield


def _wrong(name: WrongDecider) -> list[tuple[Any, str, Any]]:
    everywhere = (planning, reconciling)
    table: dict[WrongDecider, list[tuple[Any, str, Any]]] = {
        "second-look-skipped": [
            (reconciling, "reconcile", _all_well),
            (reconciling, "disagreeing", lambda _left: ()),
        ],
        "withheld-ignored": [(reconciling, "_admission", _admitted)],
        "choice-ignored": [(deciding, "chosen_by", lambda _choices, found: chosen_by({}, found))],
        "not-believed-is-flat": [(place, "reconcile", _believed) for place in everywhere],
        "excess-passed-over": [(place, "reconcile", _passed_over) for place in everywhere],
        "epoch-not-raised": [],
        "freeze-forgotten": [(session, "lifted", _forgotten)],
        "shuts-everything": [(place, "reconcile", _about_all) for place in everywhere],
    }
    return table[name]


def _all_well(*args: Any) -> Plan:
    return dataclasses.replace(_RECONCILE(*args), findings=())


def _admitted(*args: Any) -> Admission:
    return dataclasses.replace(_ADMISSION(*args), withheld={}, agents={})


def _believed(*args: Any) -> Plan:
    return _settled(_RECONCILE(*args), "what.not_believed", lambda _: 0)


def _passed_over(*args: Any) -> Plan:
    """The whole of it to one agent, the stop's own before others."""

    def own(one: Finding) -> int:
        names = [way.name.partition(":")[0] for way in one.alternatives]
        return names.index("agent")

    return _settled(_RECONCILE(*args), "what.closes_beyond", own)


def _settled(plan: Plan, what: str, way: Callable[[Finding], int]) -> Plan:
    """The plan with one of the ways of these findings as proven."""
    findings = tuple(
        dataclasses.replace(
            one,
            resolution=Resolution.AUTO,
            corrections=one.alternatives[way(one)].corrections,
            about=(),
        )
        if one.what == what
        else one
        for one in plan.findings
    )
    return dataclasses.replace(plan, findings=findings)


def _about_all(*args: Any) -> Plan:
    plan = _RECONCILE(*args)
    findings = (dataclasses.replace(one, about=one.about and ("",)) for one in plan.findings)
    return dataclasses.replace(plan, findings=tuple(findings))


def _forgotten(freeze: Any, inst_id: str | None, reason: str) -> Any:
    return freezing.lifted(freeze, inst_id, reason).model_copy(update={"lifted": freeze.lifted})
