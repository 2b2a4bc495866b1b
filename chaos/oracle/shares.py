"""Who holds how many contracts, forced executions included, by arithmetic of our own.

An execution belongs to whoever sent its order (``oracle.exchange``), and nobody's otherwise. A
liquidation or a deleveraging of the account's position is nobody's order: by the declared rule it
is borne by those whose contracts point the way of what was reduced, each by its share in whole
lots, rounded down; what is left goes to the lowest id up to what it holds, then to the next, and to
nobody last. Executions are taken in the order of their billId.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction

from chaos.digest import JsonObject
from chaos.oracle.exchange import NOBODY, owners

LOT = Fraction(1, 100)
FORCED = frozenset({"full_liquidation", "partial_liquidation", "adl"})
Held = dict[str, Fraction]


def held_contracts(said: Mapping[str, str], truth: JsonObject) -> dict[str, Held]:
    """Owner → instrument → signed contracts, without those that are flat; ``said`` as for owners.

    Raises ValueError where a forced execution reduces more than is held its way.
    """
    by_order = owners(said, truth)
    forced = {row["ordId"] for row in truth["orders"] if row["category"] in FORCED}
    books: dict[str, Held] = defaultdict(dict)  # by instrument, then owner
    for fill in sorted(truth["fills"], key=lambda row: int(row["billId"])):
        book = books[fill["instId"]]
        signed = Fraction(fill["fillSz"]) * (1 if fill["side"] == "buy" else -1)
        if fill["ordId"] in forced:
            _bear(book, signed)
        else:
            owner = by_order.get(fill["ordId"], NOBODY)
            book[owner] = book.get(owner, Fraction(0)) + signed
    found: dict[str, Held] = defaultdict(dict)
    for inst_id, book in books.items():
        for owner, contracts in book.items():
            if contracts:
                found[owner][inst_id] = contracts
    return dict(found)


def booked_contracts(documents: Mapping[str, JsonObject], family: str) -> dict[str, Held]:
    """The same from restored documents: ``private_ledgers``, ``public_accounts``.

    What nobody owns is in either.
    """
    found: dict[str, Held] = {}
    for key, document in documents.items():
        kind, _, owner = key.partition("/")
        if kind == family or key == "unattributed":
            book: Held = defaultdict(Fraction)
            for each in document["positions"]:
                book[each["inst_id"]] += Fraction(each["qty_contracts"])
            if any(book.values()):
                found[owner] = {name: size for name, size in book.items() if size}
    return found


def _bear(book: Held, signed: Fraction) -> None:
    way = -1 if signed > 0 else 1
    size = abs(signed)
    bearers = sorted(
        (name for name, contracts in book.items() if contracts * way > 0),
        key=lambda name: (name == NOBODY, name),
    )
    weights = {name: abs(book[name]) for name in bearers}
    total = sum(weights.values(), Fraction(0))
    if total < size:
        raise ValueError(f"{size} were reduced by force where {total} are held")
    parts = {
        name: min(weights[name], size * weights[name] / total // LOT * LOT) for name in bearers
    }
    left = size - sum(parts.values(), Fraction(0))
    for name in bearers:
        more = min(left, weights[name] - parts[name])
        parts[name] += more
        left -= more
        book[name] -= parts[name] * way
