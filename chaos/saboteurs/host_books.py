"""Plausible mistakes in the comparison with a host's own books: one for each kind of ``detect``.

Each is one line of the library (``planted.py``); ``detect`` must see it on its kind.
"""

from __future__ import annotations

from typing import Final

from chaos.saboteurs.planted import Mistake

_FINDINGS: Final = "reconcile.findings"

HOST_BOOKS: Final[dict[str, Mistake]] = {
    "first-since-the-mark-forgotten": Mistake(
        f"{_FINDINGS}.host_evidence:explained",
        "at >= mark.trades",
        "at > mark.trades",
        kind="host-lacks",
        seen_as="looked for cause.host_lacks",
    ),
    "door-that-is-not-there": Mistake(
        f"{_FINDINGS}.host_books:_size_finding",
        "and all(name in host.doors for name in doors)",
        "",
        kind="host-lacks-no-door",
        seen_as="looked for cause.host_lacks",
    ),
    "booked-once-more": Mistake(
        f"{_FINDINGS}.host_books:_size_finding",
        "[UNDO] * len(fills) if undoes else list(_doors(off.held, fills))",
        "list(_doors(off.held, fills))",
        kind="host-twice",
        seen_as="after the doors",
    ),
    "too-much-is-nobodys-fill": Mistake(
        f"{_FINDINGS}.host_evidence:explained",
        "missed, doubled = _sets(since, lacks), _sets(since, -lacks)",
        "missed, doubled = _sets(since, lacks), []",
        kind="host-twice-no-door",
        seen_as="looked for cause.host_twice",
    ),
    "door-for-one-of-two-ledgers": Mistake(
        f"{_FINDINGS}.host_books:_size_finding",
        "every = len(off.ledgers) == len(host.ledgers)",
        "every = True",
        kind="host-one-ledger",
        seen_as="looked for cause.host_lacks",
    ),
    "what-was-told-is-forgotten": Mistake(
        "session.host_views:HostViews.tell",
        "self._told = [*self._told, step.name][-REMEMBERED:]",
        "pass",
        kind="host-door-fails",
        seen_as="used: doors",
    ),
    "size-by-its-side": Mistake(
        f"{_FINDINGS}.host_items:_size",
        "held == due",
        "held.sign == due.sign",
        kind="host-size",
        seen_as="looked for cause.host_unexplained",
    ),
    "side-by-its-size": Mistake(
        f"{_FINDINGS}.host_items:_size",
        "held == due",
        "abs(held) == abs(due)",
        kind="host-side",
        seen_as="looked for cause.host_unexplained",
    ),
    "price-in-percent": Mistake(
        f"{_FINDINGS}.host_items:_near",
        "off <= div(tick, _TWO)",
        "off <= div(due, Decimal(100))",
        kind="host-price",
        seen_as="looked for cause.host_item",
    ),
    "whole-hours-are-a-zone": Mistake(
        f"{_FINDINGS}.host_items:_since",
        "abs(row.opened_ms - typed.opened_ms) <= SINCE_MS",
        "abs(row.opened_ms - typed.opened_ms) % 3_600_000 <= SINCE_MS",
        kind="host-since",
        seen_as="looked for cause.host_item",
    ),
    "each-place-by-itself": Mistake(
        f"{_FINDINGS}.host_sizes:paired",
        "if len(others) != 1 or",
        "if others or",
        kind="host-owner",
        seen_as="looked for cause.host_owner",
    ),
    "margin-mode-thrown-away": Mistake(
        f"{_FINDINGS}.host_shown:shown",
        "key, size = row.key, ",
        'key, size = row.key._replace(mgn_mode="cross"), ',
        kind="host-mode",
        seen_as="broken off",
    ),
    "unreadable-is-empty": Mistake(
        "session.host_views:HostViews._rows",
        'problems[ledger] = redacted(f"{type(raised).__name__}: {raised}")',
        "redacted(str(raised))",
        kind="host-unreadable",
        seen_as="looked for cause.host_view",
    ),
}
