"""An attached host that keeps books of its own, and trades on an exchange in this process.

``OwnBooks`` is the host: plain objects, two ledgers, prices as floats, naive times in Shanghai. It
books each execution by itself, from the exchange's row; ``HostLife`` lets its agents trade, through
order intents, and has the three books reconciled now and then, as a live system does.

``careless`` says of what a door does other than it should.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from chaos.detect.restart import Files, fast, stored
from chaos.detect.world import SETTINGS, Place, World
from chaos.instruments import INST_IDS
from chaos.workload.in_process import Row
from fakeokx.engine.commands import OrderRequest, PlaceOrders
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.session import AttachedHost, Held, HostViews, attach
from prometheus_persist.state import Contracts, contracts
from prometheus_persist.state.models import MgnMode, PosSide, Side
from prometheus_persist.testing.memory_fs import MemoryFs

ZONE = "Asia/Shanghai"
LEDGERS = ("private", "public")
Where = tuple[str, str, str, str]
"""Agent, instId, mgnMode, posSide."""


@dataclass(slots=True)
class OwnPosition:
    """What the host keeps of one; ``size`` is text, signed under ``net``."""

    size: str
    px: float
    since: datetime


class OwnBooks:
    """The host. ``unreadable`` is a ledger whose view raises."""

    def __init__(self) -> None:
        self.private: dict[Where, OwnPosition] = {}
        self.public: dict[Where, OwnPosition] = {}
        self.unreadable = ""
        self.careless = ""
        self.doors: list[str] = []

    def ledger(self, name: str) -> dict[Where, OwnPosition]:
        """One of the two."""
        return self.private if name == "private" else self.public

    def book(self, name: str, where: Where, signed: Decimal, px: Decimal, ts_ms: int) -> None:
        """Take one execution into a ledger, the way traders net."""
        ledger = self.ledger(name)
        held = ledger.get(where)
        before = Decimal(0) if held is None else Decimal(held.size)
        after = before + signed
        if not after:
            del ledger[where]
        elif held is None or before * after < 0:
            ledger[where] = OwnPosition(format(after, "f"), float(px), clock(ts_ms))
        else:
            if abs(after) > abs(before):
                cost = held.px * float(abs(before)) + float(px) * float(abs(signed))
                held.px = cost / float(abs(after))
            held.size = format(after, "f")

    def undo(self, name: str, where: Where, signed: Decimal, px: Decimal) -> None:
        """Take back what was booked of one that added to the position."""
        held = self.ledger(name)[where]
        before = Decimal(held.size)
        after = before - signed
        cost = held.px * float(abs(before)) - float(px) * float(abs(signed))
        held.px, held.size = cost / float(abs(after)), format(after, "f")

    def rows(self) -> list[str]:
        """Both ledgers as text."""
        return [
            f"{name} {' '.join(where)} {one.size} @ {one.px!r} since {one.since}"
            for name in LEDGERS
            for where, one in sorted(self.ledger(name).items())
        ]


def clock(ts_ms: int) -> datetime:
    """The host's naive time of a moment."""
    return datetime.fromtimestamp(ts_ms // 1000, ZoneInfo(ZONE)).replace(tzinfo=None)


def views(doors: Sequence[str]) -> HostViews:
    """Both ledgers, and these doors."""
    made = HostViews()
    for name in LEDGERS:

        def held(bot: OwnBooks, name: str = name) -> Iterator[Held]:
            if bot.unreadable == name:
                raise LookupError("the ledger is being rewritten")
            for (agent, inst_id, mode, side), one in bot.ledger(name).items():
                yield Held(
                    agent, inst_id, cast(MgnMode, mode), cast(PosSide, side), contracts(one.size),
                    px=one.px, since=one.since, tz=ZONE,
                )  # fmt: skip

        made.positions(name)(held)
    for door in doors:

        def told(bot: OwnBooks, agent: str, fill: Any, door: str = door) -> None:
            bot.doors.append(door)
            where: Where = (agent, *fill.key)
            for name in LEDGERS:
                if bot.careless == "door raises":
                    raise LookupError("no such agent")
                if bot.careless == "door does nothing":
                    continue
                if door == "undo":
                    bot.undo(name, where, fill.signed.value, fill.px)
                else:
                    bot.book(name, where, fill.signed.value, fill.px, fill.ts_ms)

        made.door(door)(told)
    return made


class HostLife:
    """See the module. ``world`` has the exchange, the agents and all randomness."""

    def __init__(self, world: World, doors: Sequence[str] = ("open", "close", "undo")) -> None:
        self.world, self.doors = world, doors
        self.bot = OwnBooks()
        self._place = Path(tempfile.mkdtemp(prefix="chaos-detect-", dir=fast()))
        self._begin(stored(world))

    def _begin(self, files: Files) -> None:
        self.disk = MemoryFs.of(files)
        self.p: AttachedHost = attach(
            self.bot, self._place, ["chaos.detect.host_life"], views=views(self.doors),
            fs=self.disk, clock=self.world.clock, settings=SETTINGS,
        )  # fmt: skip
        self.p.reader = self.world.reader()

    def end(self) -> None:
        """Let go."""
        self.p.close(save=False)
        shutil.rmtree(self._place, ignore_errors=True)

    def restart(self) -> None:
        """Killed, and started again: a new host, filled with what is durable."""
        files = self.disk.contents()
        self.p.close(save=False)
        self.bot = OwnBooks()
        self._begin(files)

    def recover(self) -> RecoveryFacts:
        """The three books, and the host's."""
        return self.p.recover()

    def place(self) -> Place:
        """Somewhere to trade."""
        side = self.world.rng.choice(("long", "short")) if self.world.hedged else "net"
        return (self.world.rng.choice(INST_IDS), self.world.rng.choice(("cross", "isolated")), side)

    def held(self, agent: str, place: Place) -> Decimal:
        """By the typed books."""
        ledger = self.p.session.state.private_ledgers.get(agent)
        rows = () if ledger is None else ledger.positions
        return next(
            (one.qty_contracts.value for one in rows if tuple(one.key) == place), Decimal(0)
        )

    def trade(self, agent: str, place: Place, signed: Decimal, times: int = 1) -> list[Row]:
        """One market order, booked by the library; the host books it so many times. Its rows."""
        world, side = self.world, "buy" if (signed > 0) != (place[2] == "short") else "sell"
        inst_id, mode, pos_side = place
        terms: dict[str, Any] = {"mgn_mode": mode, "pos_side": pos_side}
        size: Contracts = contracts(abs(signed))
        with self.p.order_intent(agent, inst_id, cast(Side, side), size, **terms) as intent:
            request = OrderRequest(
                inst_id=inst_id, td_mode=mode, side=side, ord_type="market",
                sz=format(abs(signed), "f"), pos_side="" if pos_side == "net" else pos_side,
                cl_ord_id=intent.cl_ord_id, tag=intent.intent.tag,
            )  # fmt: skip
            ord_id = world.venue.ordered(PlaceOrders(orders=(request,)))
            world.sent[ord_id] = agent
            intent.ack({"ordId": ord_id, "clOrdId": intent.cl_ord_id, "sCode": "0"})
        self.p.settle(intent.cl_ord_id)
        rows = [row for row in world.venue.fills() if row["ordId"] == ord_id]
        for _ in range(times):
            for name in LEDGERS:
                self.heard(name, agent, place, rows)
        return rows

    def heard(self, name: str, agent: str, place: Place, rows: list[Row]) -> None:
        """The host takes an order's executions into one ledger."""
        for row in rows:
            adds = row["side"] == ("sell" if place[2] == "short" else "buy")
            signed = Decimal(row["fillSz"]) * (1 if adds else -1)
            self.bot.book(name, (agent, *place), signed, Decimal(row["fillPx"]), int(row["ts"]))

    def honest(self, count: int) -> None:
        """So many orders, each of which the host books at once."""
        for _ in range(count):
            self.world.drift()
            place, agent = self.place(), self.world.rng.choice(self.world.agents)
            held, size = self.held(agent, place), self.world.size(place[0])
            if held and self.world.rng.random() < 0.4:
                size = abs(held) if self.world.rng.random() < 0.5 else min(size, abs(held))
                self.trade(agent, place, size * (-1 if held > 0 else 1))
            else:
                way = self.world.rng.choice((1, -1)) if place[2] == "net" else 1
                self.trade(agent, place, size * (way if not held else (1 if held > 0 else -1)))
            if self.world.rng.random() < 0.15:
                self.recover()
