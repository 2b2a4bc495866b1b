"""Who owns what, by the exchange's own books and arithmetic of our own.

Owners come from the orders that the children said they would send: a fill belongs to the agent of
its order's clOrdId, or of the algoClOrdId that its order is a child of. Everything else on the
account is nobody's.

Each owner's fills, in the order of their billId, give contracts, average entry and realised profit
per instrument (net mode, linear contracts): the entry moves on increases only, profit is made on
reductions, and one fill may do both. Rational numbers, so that nothing is rounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from chaos.digest import JsonObject
from chaos.instruments import CONTRACTS

Row = Mapping[str, Any]
NOBODY = ""


@dataclass(slots=True)
class Holding:
    """One owner's net position on one instrument."""

    contracts: Fraction = Fraction(0)
    entry_px: Fraction = Fraction(0)


@dataclass(slots=True)
class OracleAccount:
    """What one owner has by the exchange's books."""

    money: Fraction = Fraction(0)
    holdings: dict[str, Holding] = field(default_factory=dict)
    fill_ids: list[str] = field(default_factory=list)

    def take(self, fill: Row) -> None:
        """Book one fill."""
        inst_id, px = fill["instId"], Fraction(fill["fillPx"])
        signed = Fraction(fill["fillSz"]) * (1 if fill["side"] == "buy" else -1)
        held = self.holdings.setdefault(inst_id, Holding())
        before = held.contracts
        if before * signed >= 0:
            total = before + signed
            held.entry_px = (abs(before) * held.entry_px + abs(signed) * px) / abs(total)
        else:
            closed = min(abs(before), abs(signed))
            way = 1 if before > 0 else -1
            ct_val = Fraction(CONTRACTS[inst_id].ct_val)
            self.money += closed * ct_val * (px - held.entry_px) * way
            if abs(signed) > abs(before):
                held.entry_px = px
        held.contracts = before + signed
        self.money += Fraction(fill["fee"])
        self.fill_ids.append(f"{inst_id}:{fill['tradeId']}")

    def open(self) -> dict[str, Fraction]:
        """Contracts by instrument, without those that are flat."""
        return {name: held.contracts for name, held in self.holdings.items() if held.contracts}


def owners(orders_said: Mapping[str, str], truth: JsonObject) -> dict[str, str]:
    """ordId → agent, for every order row that is ours."""
    found = {}
    for row in truth["orders"]:
        mark = row["clOrdId"] or row["algoClOrdId"]
        if mark in orders_said:
            found[row["ordId"]] = orders_said[mark]
    return found


def accounts(orders_said: Mapping[str, str], truth: JsonObject) -> dict[str, OracleAccount]:
    """Every owner's account; ``NOBODY`` for what no order of ours explains."""
    by_order = owners(orders_said, truth)
    found: dict[str, OracleAccount] = defaultdict(OracleAccount)
    for fill in sorted(truth["fills"], key=lambda row: int(row["billId"])):
        found[by_order.get(fill["ordId"], NOBODY)].take(fill)
    return dict(found)


def venue_net(truth: JsonObject) -> dict[str, Fraction]:
    """The account's open positions by instrument."""
    return {row["instId"]: Fraction(row["pos"]) for row in truth["positions"]}
