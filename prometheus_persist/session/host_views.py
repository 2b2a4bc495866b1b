"""A host's own books: seen through functions of the host, and written by its own doors alone.

    @p.positions("private")
    def held(bot):
        for agent in bot.agents.values():
            yield Held(agent.name, "BTC-USDT-SWAP", "cross", "net", contracts(agent.position))

    @p.door("close")
    def close(bot, agent_id, fill): bot.agents[agent_id].booked(fill)

1. A view is called with the root, at each reconciliation, in the moment in which the typed books
   are taken. It yields ``Held``, or as a view of trades ``Dealt``, which are netted. A quantity is
   ``contracts(...)`` or ``coins(...)``: a bare number has no unit (BadValue).
2. A view that raises, or yields something else, is no empty book: its problem is told.
3. A door is given the root, the agent's id and the execution. Executions that went through one are
   remembered with the same commit; none goes through a second time, whatever became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from prometheus_persist.errors import BadConfig, BadValue
from prometheus_persist.reconcile.plan import Correction, TellHost
from prometheus_persist.reconcile.views import HostBooks, HostRow
from prometheus_persist.saving.host_capture import LOGGER, HostCapture
from prometheus_persist.state import BaseQty, Contracts, Execution, PositionKey
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.models import MgnMode, PosSide, Side
from prometheus_persist.state.redacted import redacted

LEDGERS: Final = ("private", "public")
DOORS: Final = ("open", "close")
TOLD: Final = "host/told"
RECENT: Final = 300
REMEMBERED: Final = 1000
Function = TypeVar("Function", bound=Callable[..., Any])


class HostSide(Protocol):
    """What a session asks of a host."""

    def books(self, streams: Mapping[str, Any]) -> HostBooks | None:
        """Its own books, now; None where it shows none."""

    def tell(self, steps: Iterable[Correction]) -> None:
        """Have it book what these tell it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One position in a host's ledger; signed under ``net``."""

    agent_id: str
    inst_id: str
    mgn_mode: MgnMode
    pos_side: PosSide
    quantity: Contracts | BaseQty

    def __post_init__(self) -> None:
        _refuse_bare(self.quantity)

    def row(self, ledger: str) -> HostRow:
        """As it is compared."""
        key = PositionKey(self.inst_id, self.mgn_mode, self.pos_side)
        return HostRow(ledger, self.agent_id, key, self.quantity)


@dataclass(frozen=True, slots=True)
class Dealt:
    """One execution in a host's ledger that keeps no positions."""

    agent_id: str
    inst_id: str
    mgn_mode: MgnMode
    pos_side: PosSide
    side: Side
    quantity: Contracts | BaseQty

    def __post_init__(self) -> None:
        _refuse_bare(self.quantity)

    def row(self, ledger: str) -> HostRow:
        """What it adds to its position."""
        adds = self.side == ("sell" if self.pos_side == "short" else "buy")
        key = PositionKey(self.inst_id, self.mgn_mode, self.pos_side)
        return HostRow(ledger, self.agent_id, key, self.quantity if adds else -self.quantity)


class HostViews:
    """The views and doors of one host."""

    def __init__(self) -> None:
        self._views: dict[str, tuple[type, Callable[[Any], Iterable[Any]]]] = {}
        self._doors: dict[str, Callable[..., object]] = {}
        self._root: Any = None
        self._capture: HostCapture | None = None
        self._told: list[str] = []

    def positions(self, ledger: str) -> Callable[[Function], Function]:
        """The positions of a ledger: ``private`` or ``public``."""
        return self._view(ledger, Held)

    def trades(self, ledger: str) -> Callable[[Function], Function]:
        """The executions of a ledger that keeps no positions."""
        return self._view(ledger, Dealt)

    def door(self, name: str) -> Callable[[Function], Function]:
        """How the host books an execution that it lacks: ``open`` or ``close``."""
        if name not in DOORS:
            raise BadConfig(f"door {name!r}: there are {', '.join(DOORS)}")

        def given(function: Function) -> Function:
            self._doors[name] = function
            return function

        return given

    def begin(self, root: Any, capture: HostCapture, told: JsonObject | None) -> None:
        """What is seen from now on; ``told`` as it was written."""
        self._root, self._capture = root, capture
        self._told = list((told or {}).get("fills", []))

    def books(self, streams: Mapping[str, Any]) -> HostBooks | None:
        """See ``HostSide``."""
        if not self._views:
            return None
        ledgers, rows, problem = tuple(sorted(self._views)), list[HostRow](), ""
        for ledger in ledgers:
            kind, view = self._views[ledger]
            try:
                rows += _rows(ledger, kind, view(self._root))
            except Exception as raised:  # noqa: BLE001 whatever the host's code raises
                problem = redacted(f"{ledger}: {type(raised).__name__}: {raised}")
        recent = tuple(_recent(streams.get(PUBLIC_TRADES, ())))
        doors, told = frozenset(self._doors), frozenset(self._told)
        return HostBooks(ledgers, tuple(rows), problem, recent, doors, told)

    def tell(self, steps: Iterable[Correction]) -> None:
        """See ``HostSide``. What a door raises is logged: the view says what became of it."""
        for step in steps:
            if not isinstance(step, TellHost) or step.execution.fill_id in self._told:
                continue
            self._told = [*self._told, step.execution.fill_id][-REMEMBERED:]
            try:
                self._doors[step.door](self._root, step.agent_id, step.execution)
            except Exception as raised:  # noqa: BLE001 the same
                said = redacted(f"{type(raised).__name__}: {raised}")
                logging.getLogger(LOGGER).error("door %s: %s", step.door, said)
            assert self._capture is not None
            self._capture.beside[TOLD] = {"fills": list(self._told)}

    def _view(self, ledger: str, kind: type) -> Callable[[Function], Function]:
        if ledger not in LEDGERS:
            raise BadConfig(f"ledger {ledger!r}: there are {', '.join(LEDGERS)}")

        def given(function: Function) -> Function:
            self._views[ledger] = kind, function
            return function

        return given


def _rows(ledger: str, kind: type[Any], shown: Iterable[Any]) -> Iterator[HostRow]:
    for each in shown:
        if type(each) is not kind:
            raise BadValue(f"a view yields {kind.__name__}, not {type(each).__name__}")
        yield each.row(ledger)


def _refuse_bare(quantity: object) -> None:
    if not isinstance(quantity, (Contracts, BaseQty)):
        raise BadValue(f"{quantity!r} has no unit: write contracts(...) or coins(...)")


def _recent(records: Any) -> Iterator[tuple[str, Execution]]:
    """The newest executions of the typed books, as they were booked."""
    for row in records[-RECENT:]:
        if "side" not in row or row["category"] in ("written", "unwritten"):
            continue  # written without an execution
        number = Decimal(row["qty_contracts"])
        yield row["agent_id"], Execution(
            inst_id=row["inst_id"], mgn_mode=row["mgn_mode"], pos_side=row["pos_side"],
            side=row["side"], qty_contracts=Contracts(number), px=Decimal(row["px"]),
            fee=Decimal(row["fee"]), trade_id=row["fill_id"].rpartition(":")[2],
            ord_id=row["ord_id"], cl_ord_id=row["cl_ord_id"], ts_ms=row["ts_ms"],
            ct_val=Decimal(row["ct_val"]), ct_mult=Decimal(row["ct_mult"]),
            category=row["category"], source=row["source"],
        )  # fmt: skip
