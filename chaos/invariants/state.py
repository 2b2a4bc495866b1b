"""The whole state agrees with itself, whatever came back: three copies of a capital, and the sums.

- An agent's own document, its private and its public ledger say one capital; its document and its
  public ledger one total profit.
- What an agent gained since it began is what the streams say of it: profit and fee of each of its
  executions, and each of its cash flows.
- ``owed`` is the same by owner, nobody's too, for whoever keeps such a sum elsewhere.

Asked of any restored state, at any commit: a commit moves all of it or nothing. ``edited`` leaves
the sums out: where somebody wrote into the books, they are of what is not booked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from chaos.digest import JsonObject
from chaos.verdict import RunVerdict

NOBODY = ""
Documents = Mapping[str, JsonObject]
Streams = Mapping[str, Sequence[JsonObject]]


def check(verdict: RunVerdict, label: str, documents: Documents, streams: Streams) -> None:
    """One restored state."""
    agents = sum(key.startswith("agents/") for key in documents)
    wrong = disagreements(documents, streams)
    verdict.check("I5", f"{label}: every copy of an agent's money agrees", agents, wrong)


def disagreements(documents: Documents, streams: Streams, *, edited: bool = False) -> list[str]:
    """What differs, in words; empty where nothing does."""
    sums, wrong = owed(streams), []
    for key, agent in sorted(documents.items()):
        family, _, name = key.partition("/")
        if family != "agents":
            continue
        private = documents.get(f"private_ledgers/{name}")
        public = documents.get(f"public_accounts/{name}")
        if private is None or public is None:
            wrong.append(f"{name} has no ledger")
            continue
        said = (agent["current_capital"], private["capital"], public["capital"])
        if len(set(map(Fraction, said))) > 1:
            wrong.append(f"{name}: document, private and public capital are {', '.join(said)}")
        if Fraction(agent["total_pnl"]) != Fraction(public["total_pnl"]):
            wrong.append(f"{name}: total profit {agent['total_pnl']}, public {public['total_pnl']}")
        gained = Fraction(private["capital"]) - Fraction(agent["initial_capital"])
        if not edited and gained != sums.get(name, Fraction(0)):
            due = float(sums.get(name, Fraction(0)))
            wrong.append(f"{name}: gained {float(gained)}, the streams say {due}")
    return wrong


def owed(streams: Streams) -> dict[str, Fraction]:
    """What every owner gained by the streams, without those who gained nothing."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for name in ("public_trades", "orphan_fills"):
        for row in streams.get(name, ()):
            owner = row["agent_id"] if name == "public_trades" else NOBODY
            # what was adopted without an execution earned nothing and says nothing
            found[owner] += Fraction(row.get("pnl", "0")) + Fraction(row.get("fee", "0"))
    for row in streams.get("cash_flows", ()):
        found[row["agent_id"]] += Fraction(row["amount"])
    return {owner: amount for owner, amount in found.items() if amount}
