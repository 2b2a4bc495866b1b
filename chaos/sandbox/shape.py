"""The shape of an answer: what two exchanges must share that have no id and no price in common.

Rules
1. A row becomes its field names, sorted, each with the class of its value. Nothing else of it is
   left: no amount, no id, no account name.
2. Classes: ``empty`` text, ``decimal``, ``integer-id`` (15 digits and more), ``unix-ms``,
   ``unix-us``, ``text``, ``bool``, ``int``, ``float``, ``null``, ``empty list``. Decimals whose
   sign is a promise of the exchange (``SIGNED``) say it: ``decimal<0``, ``decimal=0``.
3. A word of a closed vocabulary (``WORDS``) is kept as it is: ``filled``, ``net``, ``51603``.
4. An id is replaced by a name, the same one wherever the same id comes back: ``ord1``, ``bill2``.
   Two fields with one name are therefore one id, which is what the reconciler builds on.
5. What belongs to an account and says nothing about the exchange is ``any`` (``ACCOUNT_OWN``), and
   what comes and goes with the market is ``decimal or empty`` (``COMES_AND_GOES``).
6. Of a list the different shapes are kept, sorted: neither the order nor the number of its rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

Shape = dict[str, Any]

ID_KINDS: Final[Mapping[str, str]] = {
    "ordId": "ord",
    "algoId": "algo",
    "tradeId": "trade",
    "billId": "bill",
    "posId": "pos",
    "clOrdId": "cl",
    "algoClOrdId": "cl",
    "tag": "tag",
    "ordIdList": "ord",
}
_WORDS_TEXT = """
    acctLv acctStpMode actualSide cancelSource category ccy code ctType direction
    execType failCode feeCcy instType isTpLimit mgnMode ordType posMode posSide reduceOnly
    ruleType sCode settleCcy side slOrdPx slTriggerPxType source state stpMode subCode subType
    tdMode tgtCcy tpOrdPx tpTriggerPxType type
"""
WORDS: Final = frozenset(_WORDS_TEXT.split())
SIGNED: Final = frozenset(
    {"accFillSz", "closeTotalPos", "fee", "fillSz", "openMaxPos", "pos", "sz"}
)
_CONFIG_TEXT = """
    ip kycLv label level levelTmp mainUid opAuth perm roleType settleCcy settleCcyList
    spotRoleType spotTraderInsts traderInsts type uid
"""
ACCOUNT_OWN: Final[Mapping[str, frozenset[str]]] = {
    "account/config": frozenset(_CONFIG_TEXT.split())
}
COMES_AND_GOES: Final = frozenset({"liqPx", "mgnRatio"})
ANY: Final = "any"
CHOSEN: Final = "the instrument"
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_MS = re.compile(r"1\d{12}")
_US = re.compile(r"1\d{15}")
_LONG_ID = re.compile(r"-?\d{15,}")
_DIGITS = re.compile(r"\d+")
_NO_ID = ("", "0")


class Names:
    """A stable name for each id of one run, given at first sight or beforehand."""

    def __init__(self, inst_id: str = "") -> None:
        self.inst_id = inst_id
        self._known: dict[tuple[str, str], str] = {}

    def give(self, kind: str, value: str, name: str) -> None:
        """Let this id of that kind be called ``name``."""
        self._known[kind, value] = name

    def of(self, kind: str, value: str) -> str:
        """The id's name; a new one is ``kind`` and a number."""
        known = self._known.get((kind, value))
        if known is None:
            taken = sum(1 for each, _ in self._known if each == kind)
            known = self._known[kind, value] = f"{kind}{taken + 1}"
        return known

    def in_text(self, text: str) -> str:
        """``text`` without its digits, and without the ids that have a name."""
        for (_, value), name in sorted(self._known.items(), key=lambda item: -len(item[0][1])):
            text = text.replace(value, name) if len(value) > 4 else text
        if self.inst_id:
            text = text.replace(self.inst_id, CHOSEN)
        return _DIGITS.sub("#", text).strip()


def shape_of(row: Mapping[str, Any], names: Names, endpoint: str = "") -> Shape:
    """A row's field names, each with the class of its value."""
    own = ACCOUNT_OWN.get(endpoint, frozenset())
    return {
        field: ANY if field in own else _class(field, row[field], names) for field in sorted(row)
    }


def shapes_of(rows: Iterable[Mapping[str, Any]], names: Names, endpoint: str = "") -> list[Shape]:
    """The different shapes among the rows, sorted."""
    return _distinct(shape_of(row, names, endpoint) for row in rows)


def _distinct(shapes: Iterable[Any]) -> list[Any]:
    found = {json.dumps(shape, sort_keys=True): shape for shape in shapes}
    return [found[text] for text in sorted(found)]


def _class(field: str, value: object, names: Names) -> Any:
    if isinstance(value, str):
        return _class_of_text(field, value, names)
    if isinstance(value, Mapping):
        return shape_of(value, names)
    if isinstance(value, list):
        return _distinct(_class(field, each, names) for each in value) or "empty list"
    return "null" if value is None else type(value).__name__


def _class_of_text(field: str, value: str, names: Names) -> str:
    if field in COMES_AND_GOES and (not value or _DECIMAL.fullmatch(value)):
        return "decimal or empty"
    if not value:
        return "empty"
    kind = ID_KINDS.get(field)
    if kind is not None:
        return value if value in _NO_ID else names.of(kind, value)
    if field == "sMsg":
        return names.in_text(value)
    if names.inst_id and value == names.inst_id:
        return CHOSEN
    if field in WORDS:
        return value if _WORD.fullmatch(value) else "text"
    return _class_of_number(field, value) if _DECIMAL.fullmatch(value) else "text"


def _class_of_number(field: str, value: str) -> str:
    if field in SIGNED:
        digits = re.split("[eE]", value)[0]
        if not digits.strip("-0."):
            return "decimal=0"
        return "decimal<0" if value.startswith("-") else "decimal>0"
    for pattern, name in ((_MS, "unix-ms"), (_US, "unix-us"), (_LONG_ID, "integer-id")):
        if pattern.fullmatch(value):
            return name
    return "decimal"
