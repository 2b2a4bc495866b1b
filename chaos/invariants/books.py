"""I5: the books balance, judged from the exchange's own ledger.

R1 per agent, private and public ledger say the same; R2 per instrument, the agents' contracts plus
what nobody owns are what the exchange holds; R3 each agent holds what its own orders bought; R4
each agent's capital is what it began with plus its profit and fees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from chaos.digest import JsonObject
from chaos.oracle.exchange import NOBODY, OracleAccount, accounts, venue_net
from chaos.verdict import RunVerdict

MONEY_TOLERANCE_QUOTE = Fraction(1, 10**9)
Documents = Mapping[str, JsonObject]


def check(
    verdict: RunVerdict,
    label: str,
    documents: Documents,
    orders_said: Mapping[str, str],
    truth: JsonObject,
) -> None:
    """One settled state against the exchange's books of the same moment."""
    agents = sorted(key.partition("/")[2] for key in documents if key.startswith("agents/"))
    due = accounts(orders_said, truth)
    verdict.check(
        "I5",
        f"R1 {label}: private and public ledger agree",
        len(agents),
        [agent for agent in agents if not _ledgers_agree(documents, agent)],
    )
    net, venue = _net(documents, agents), venue_net(truth)
    verdict.check(
        "I5",
        f"R2 {label}: agents plus unattributed are what the exchange holds",
        len(net.keys() | venue.keys()),
        [
            f"{inst_id}: books {net.get(inst_id, 0)}, exchange {venue.get(inst_id, 0)}"
            for inst_id in sorted(net.keys() | venue.keys())
            if net.get(inst_id, 0) != venue.get(inst_id, 0)
        ],
    )
    verdict.check(
        "I5",
        f"R3 {label}: every owner holds what its own orders bought",
        len(agents) + 1,
        _wrong_owners(documents, agents, due),
    )
    verdict.check(
        "I5",
        f"R4 {label}: capital is what it was plus profit and fees",
        len(agents),
        _wrong_money(documents, agents, due),
    )


def _ledgers_agree(documents: Documents, agent: str) -> bool:
    private = documents[f"private_ledgers/{agent}"]
    public = documents[f"public_accounts/{agent}"]
    return all(private[name] == public[name] for name in ("positions", "capital", "version"))


def _contracts(positions: list[Mapping[str, Any]]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = defaultdict(Fraction)
    for position in positions:
        found[position["inst_id"]] += Fraction(position["qty_contracts"])
    return {inst_id: quantity for inst_id, quantity in found.items() if quantity}


def _net(documents: Documents, agents: list[str]) -> dict[str, Fraction]:
    books = [documents[f"private_ledgers/{agent}"] for agent in agents]
    return _contracts(
        [position for book in [*books, documents["unattributed"]] for position in book["positions"]]
    )


def _wrong_owners(
    documents: Documents, agents: list[str], due: Mapping[str, OracleAccount]
) -> list[str]:
    held = {
        agent: _contracts(documents[f"private_ledgers/{agent}"]["positions"]) for agent in agents
    }
    held[NOBODY] = _contracts(documents["unattributed"]["positions"])
    return [
        f"{owner or 'nobody'}: books {_text(found)}, own orders {_text(bought)}"
        for owner, found in held.items()
        if found != (bought := due.get(owner, OracleAccount()).open())
    ]


def _wrong_money(
    documents: Documents, agents: list[str], due: Mapping[str, OracleAccount]
) -> list[str]:
    wrong = []
    for agent in agents:
        began = Fraction(documents[f"agents/{agent}"]["initial_capital"])
        has = Fraction(documents[f"private_ledgers/{agent}"]["capital"])
        ought = began + due.get(agent, OracleAccount()).money
        if abs(has - ought) > MONEY_TOLERANCE_QUOTE:
            wrong.append(f"{agent}: books {float(has)}, own fills {float(ought)}")
    return wrong


def _text(holdings: Mapping[str, Fraction]) -> str:
    return ", ".join(f"{float(qty):g} {name}" for name, qty in sorted(holdings.items())) or "flat"
