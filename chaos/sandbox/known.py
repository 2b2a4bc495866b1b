"""Where OKX answers otherwise than fakeokx, harmlessly and as known: the table of it.

The source of each entry is a row of ``okx-live.md`` (sections A and B), which it names.

1. An entry is one field of one endpoint, with the words of both sides; ``given`` binds it to what
   stands beside the field. Nothing in it is a pattern, and none speaks of a code, of a missing
   field, of an id, or of a step.
2. A difference is known where the exchange says one of OKX's words, and the reference has fakeokx's
   word or another of OKX's: the entry outlives its correction in fakeokx.
3. Rows without an entry are those the check cannot meet. It asks no batch, amend, trade-fee, books,
   subtypes or set-position-mode, no unknown instrument, id or path, and no faulty parameter; code 1
   of a stop's endpoint is a failure whatever its msg. Section C is how fakeokx answers already.
   A5 is an instrument in use, which is left alone; A6 is a wait (``transcript.py``).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Final


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """One field of one endpoint: the words of OKX, and that of fakeokx (None: no such field)."""

    row: str
    ask: str
    field: str
    okx: tuple[str, ...]
    fake: str | None
    given: Mapping[str, str] = dataclasses.field(default_factory=dict)


_INSTRUMENT_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("freq", "method", "seriesId"), ("empty",)),
    **dict.fromkeys(
        (
            "floatPxLmtPct",
            "initPxLmtPct",
            "maxPxLmtPct",
            "maxPlatOICoinLmt",
            "longPosRemainingQuota",
            "shortPosRemainingQuota",
        ),
        ("decimal", "empty"),
    ),
}
_POSITION_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "closeAllFlag": ("bool", "text", "empty"),
    "estMaxWin": ("decimal", "empty"),
    "ruleType": ("normal", "empty"),
}
_POSITIONS: Final = "GET account/positions"
_CANCELED: Final = {"state": "canceled", "cancelSource": "1"}

KNOWN: Final[tuple[Known, ...]] = (
    Known("A8", "GET account/config", "rows.acctLv", ("3", "4"), "2"),
    *(
        Known("A9", _POSITIONS, f"rows.{name}", (okx,), fake, {"posSide": "long"})
        for name, okx, fake in (("availPos", "decimal", "empty"), ("usdPx", "empty", "decimal"))
    ),
    Known(
        "B messages",
        "GET trade/order",
        "msg",
        ("Order does not exist",),
        "Order does not exist.",
        {"code": "51603"},
    ),
    *(
        Known("B cancelSourceReason", ask, "rows.cancelSourceReason", ("text",), "empty", _CANCELED)
        for ask in ("GET trade/order", "GET trade/orders-history")
    ),
    *(
        Known("B positions", _POSITIONS, f"rows.{name}", words, None)
        for name, words in _POSITION_KEYS.items()
    ),
    *(
        Known("B instruments", "GET public/instruments", f"rows.{name}", words, None)
        for name, words in _INSTRUMENT_KEYS.items()
    ),
)


def known_row(
    ask: str, place: str, expected: object, found: object, beside: Mapping[str, Any]
) -> str:
    """The row of okx-live.md that tells of this difference; empty where none does.

    ``expected`` is None where the reference has no such field; ``beside`` is what holds the field.
    """
    entry = _BY_PLACE.get((ask, _NUMBER.sub("", place)))
    if entry is None or found not in entry.okx:
        return ""
    if expected != entry.fake and expected not in entry.okx:
        return ""
    return entry.row if all(beside.get(name) == it for name, it in entry.given.items()) else ""


_NUMBER: Final = re.compile(r"\[\d+\]")
_BY_PLACE: Final = {(one.ask, one.field): one for one in KNOWN}
