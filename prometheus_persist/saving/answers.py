"""What an exchange's answer says about an order that was sent: refused, or not known.

An order is refused only by an answer that cannot be given while the order is alive. These answers
say no such thing, and the order stays UNKNOWN until the exchange has been asked for it by clOrdId:

    51016, 51065, 51068   the clOrdId (algoClOrdId, attachAlgoClOrdId) exists already: an earlier
                          sending arrived
    50001, 50004, 50013,  out of service, timed out, busy, system error: it may have been carried
    50026, 51054, 51149   out all the same; the last two are an order's own "timed out"
    50036, 50037          its expTime is over: of this sending; an earlier one may have arrived
    no answer             timeouts, resets, 5xx: as an exception of ccxt or of Python
    HTML, "code": 503     not the exchange's word: of something that stands before it, which cannot
                          know what became of the order

A code is looked for anywhere in the text. One that is only mentioned costs one more question.

An acknowledgement is that of another order where it says another clOrdId than the order's own:
clOrdId in OKX's row, clientOrderId and that row (``info``) in ccxt's order; for an algo order the
algoClOrdId or the clOrdId has it. Where it says none it is taken to be the order's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prometheus_persist.state import OrderIntent

THERE_ALREADY = ("51016", "51065", "51068")
UNDECIDED = ("50001", "50004", "50013", "50026", "50036", "50037", "51054", "51149")
_CODES = re.compile(rf"(?<![0-9A-Za-z])({'|'.join(THERE_ALREADY + UNDECIDED)})(?![0-9A-Za-z])")
_FOREIGN = re.compile(r'"code"\s*:\s*(?!\s|"\d{1,5}")|<html|<!doctype', re.IGNORECASE)
_SILENT = frozenset({"NetworkError", "TimeoutError", "ConnectionError", "Timeout"})


def refuses(problem: str | BaseException) -> bool:
    """Whether this answer proves that the order is not at the exchange."""
    if isinstance(problem, BaseException):
        names = {kind.__name__ for kind in type(problem).__mro__}
        if names & _SILENT:
            return False
    said = str(problem)
    return _CODES.search(said) is None and _FOREIGN.search(said) is None


def answers_another(intent: OrderIntent, answer: Mapping[str, Any]) -> str:
    """The clOrdId of the other order that this acknowledges; empty where it is the intent's own."""
    info = answer.get("info")
    row = info if isinstance(info, Mapping) else {}
    said = [answer.get("clientOrderId"), answer.get("clOrdId"), row.get("clOrdId")]
    if intent.kind == "algo":
        said += [answer.get("algoClOrdId"), row.get("algoClOrdId")]
    names = [str(name) for name in said if name]
    others = [name for name in names if name != intent.cl_ord_id]
    if intent.kind == "algo" and intent.cl_ord_id in names:
        return ""
    return others[0] if others else ""
