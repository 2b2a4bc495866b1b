"""What can be done to a call, as one table: which calls it is for, and what becomes of them.

``reach`` says which calls an action may be used on:

========  =====================================================================
any       every request, over REST or as an operation over WebSocket
read      GET requests
order     operations that answer with one row per order
push      what the exchange sends over WebSocket by itself
socket    anything over WebSocket
========  =====================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

DELAY: Final = "delay"
DELAY_ANSWER: Final = "delay_answer"
REFUSE: Final = "refuse"
ERROR_BEFORE: Final = "error_before"
DROP_ANSWER: Final = "drop_answer"
ERROR_AFTER: Final = "error_after"
REJECT: Final = "reject"
RATE_LIMIT: Final = "rate_limit"
MAINTENANCE: Final = "maintenance"
CLOCK_SKEW: Final = "clock_skew"
EMPTY: Final = "empty"
STALE: Final = "stale"
STALE_POSITIONS: Final = "stale_positions"
LATE_INDEX: Final = "late_index"
INDEX_LAG: Final = "index_lag"
TRUNCATE: Final = "truncate"
DUPLICATE: Final = "duplicate"
REORDER: Final = "reorder"
CUT_BODY: Final = "cut_body"
WS_GAP: Final = "ws_gap"
WS_DUPLICATE: Final = "ws_duplicate"
WS_REORDER: Final = "ws_reorder"
WS_DISCONNECT: Final = "ws_disconnect"

SOCKET: Final = "WS"
PUSH: Final = "push"
_ORDER_OPERATIONS: Final = frozenset(
    {"place", "cancel", "amend", "place_algo", "cancel_algo", "amend_algo"}
)


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the calls it is for, its default code, and its line in the README."""

    reach: str
    effect: str
    code: str = ""
    ms_is_delay: bool = True


ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        DELAY: Action("any", "waits `ms` first; delays of several rules add up"),
        DELAY_ANSWER: Action("any", "executes at once, answers `ms` later", ms_is_delay=False),
        REFUSE: Action("any", "closes the connection, nothing is executed"),
        ERROR_BEFORE: Action("any", "`code` (50001), nothing is executed", "50001"),
        DROP_ANSWER: Action("any", "executes, then closes the connection without an answer"),
        ERROR_AFTER: Action("any", "executes, then answers `code` (50004)", "50004"),
        REJECT: Action("order", "each order is refused in its row with `code` (51149)", "51149"),
        RATE_LIMIT: Action("any", "50011 in the form of `http.rate_limit_form`", "50011"),
        MAINTENANCE: Action(
            "any", "50001 for everything but system/status, which says so", "50001"
        ),
        CLOCK_SKEW: Action(
            "any",
            "the exchange's clock seems `ms` ahead (or behind, negative): public/time says so, "
            "and a signature of the true time is 50102",
            ms_is_delay=False,
        ),
        EMPTY: Action("any", "code 0 without rows; a write is not executed"),
        STALE: Action("read", "everything is as it was when the script was loaded"),
        STALE_POSITIONS: Action("read", "`stale`, for account/positions only"),
        LATE_INDEX: Action(
            "read", "orders, fills and bills younger than `ms` are not there yet", ms_is_delay=False
        ),
        INDEX_LAG: Action(
            "read",
            "everything is as it was `ms` ago: a new order is not there, an amendment not seen",
            ms_is_delay=False,
        ),
        TRUNCATE: Action("read", "only the first `keep` rows of the page (default: half)"),
        DUPLICATE: Action("read", "each row of the page comes twice"),
        REORDER: Action("read", "the rows of the page come in another order, by `seed`"),
        CUT_BODY: Action("any", "executes, then half of the answer's bytes: no JSON any more"),
        WS_GAP: Action("push", "the push is not sent"),
        WS_DUPLICATE: Action("push", "the push is sent twice"),
        WS_REORDER: Action("push", "the push is sent after the one that follows it"),
        WS_DISCONNECT: Action("socket", "the connection is cut"),
    }
)


def reaches(action: str, method: str, operation: str) -> bool:
    """Whether the action may be used on a call of that method and operation."""
    reach = ACTIONS[action].reach
    if operation == PUSH:
        return reach in ("push", "socket") or action == DELAY
    if reach == "read":
        return method == "GET"
    if reach == "order":
        return operation in _ORDER_OPERATIONS
    return reach == "any" or (reach == "socket" and method == SOCKET)


def markdown() -> str:
    """The table of the README."""
    lines = ["| action | for | effect |", "|---|---|---|"]
    lines += [f"| `{name}` | {each.reach} | {each.effect} |" for name, each in ACTIONS.items()]
    return "\n".join(lines)
