"""Freezing and lifting, as changes of the freeze's own document. Only a human's reason lifts one.

``inst_id`` None is everything. Freezing what is frozen adds the reason and takes nothing away. What
is lifted is remembered by the findings it stood for, so that they do not freeze it again. Raises
BadValue. ``put`` makes either durable, with its line in the audit.
"""

from __future__ import annotations

from prometheus_persist.errors import BadValue
from prometheus_persist.session.context import SessionContext
from prometheus_persist.state import FreezeEntry, FreezeState


def frozen(freeze: FreezeState, inst_id: str | None, reason: str, now_ms: int) -> FreezeState:
    """The freeze with one more entry."""
    reason = _given(reason, "freezing")
    if inst_id is not None and not inst_id.strip():
        raise BadValue("an instrument has a name; None freezes everything")
    old = freeze.everything if inst_id is None else freeze.instruments.get(inst_id)
    entry = (
        FreezeEntry(reason=reason, since_ms=now_ms)
        if old is None
        else old.model_copy(update={"reason": f"{old.reason}; {reason}"})
    )
    if inst_id is None:
        return freeze.model_copy(update={"everything": entry})
    return freeze.model_copy(update={"instruments": {**freeze.instruments, inst_id: entry}})


def lifted(freeze: FreezeState, inst_id: str | None, reason: str) -> FreezeState:
    """The freeze without one entry."""
    reason = _given(reason, "lifting a freeze")
    entry = freeze.everything if inst_id is None else freeze.instruments.get(inst_id)
    if entry is None:
        raise BadValue(f"{inst_id or 'everything'} is not frozen")
    known = {**freeze.lifted, **dict.fromkeys(entry.finding_ids, reason)}
    left = {name: each for name, each in freeze.instruments.items() if name != inst_id}
    everything = None if inst_id is None else freeze.everything
    return freeze.model_copy(
        update={"everything": everything, "instruments": left, "lifted": known}
    )


def put(
    context: SessionContext, freeze: FreezeState, what: str, inst_id: str | None, reason: str
) -> int:
    """Freeze like this from now on; returns the sequence. What could not be saved is not so."""
    before = context.state.freeze
    try:
        context.state.freeze = freeze
        seq = context.saver.save(what, keys=("freeze",))
    except BaseException:
        context.state.freeze = before
        raise
    context.audit([f"{what} {inst_id or 'everything'}: {reason}"])
    return seq


def _given(reason: str, doing: str) -> str:
    if not reason.strip():
        raise BadValue(f"{doing} needs a reason")
    return reason
