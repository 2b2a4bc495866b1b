"""Freezing and lifting, as changes of the freeze's own document. Only a human's reason lifts one.

``inst_id`` None is everything. Freezing what is frozen adds the reason and takes nothing away. What
is lifted is remembered by the findings it stood for, so that they do not freeze it again. Raises
BadValue. ``put`` makes either durable, with its line in the audit.

A brake that holds nothing is refused. Orders are asked for by the name that OKX has for a contract,
letter for letter: a freeze of ``BTC/USDT:USDT``, ``btc-usdt-swap`` or ``BTC-USDT`` would let every
one of them pass. Once the exchange was read, its list decides; before that, the form of the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from prometheus_persist.errors import BadValue
from prometheus_persist.saving.contract_names import no_contract
from prometheus_persist.session.context import SessionContext
from prometheus_persist.state import FreezeEntry, FreezeState

_CONTRACT: Final = re.compile(r"[A-Z0-9]+-[A-Z0-9_]+-(?:SWAP|\d{6}(?:-[0-9.]+-[CP])?)")
_SYMBOL: Final = re.compile(r"([A-Z0-9]+)[-/_ ]?(USDT|USDC|USD)(?::[A-Z]+)?(?:[-_ ]?(SWAP|\d{6}))?")


def frozen(
    freeze: FreezeState,
    inst_id: str | None,
    reason: str,
    now_ms: int,
    listed: Mapping[str, str],
) -> FreezeState:
    """The freeze with one more entry. ``listed``: what the exchange has, once it was read."""
    reason = _given(reason, "freezing")
    if inst_id is not None and not inst_id.strip():
        raise BadValue("an instrument has a name; None freezes everything")
    if inst_id is not None and inst_id not in freeze.instruments:
        _refuse_no_contract(inst_id, listed)
    old = freeze.everything if inst_id is None else freeze.instruments.get(inst_id)
    entry = (
        FreezeEntry(reason=reason, since_ms=now_ms)
        if old is None
        else old.model_copy(update={"reason": f"{old.reason}; {reason}"})
    )
    if inst_id is None:
        return freeze.model_copy(update={"everything": entry})
    return freeze.model_copy(update={"instruments": {**freeze.instruments, inst_id: entry}})


def _refuse_no_contract(inst_id: str, listed: Mapping[str, str]) -> None:
    """Raise BadValue for a name that no order will ever have, with the one probably meant."""
    if listed:
        if inst_id not in listed:  # one that is there and cannot be traded may well be frozen
            raise BadValue(no_contract(inst_id, listed))
        return
    if _CONTRACT.fullmatch(inst_id) is None:
        found = _SYMBOL.fullmatch(inst_id.strip().upper())
        base, quote, rest = ("BTC", "USDT", None) if found is None else found.groups()
        like = f"{base}-{quote}-{rest or 'SWAP'}"
        raise BadValue(f"{inst_id!r} is no contract's name at OKX; write it like {like}")


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
