"""What can go wrong with a WebSocket, in the words of the same script.

A push is a call too: its path is ``ws/`` and the channel, its method ``PUSH``, its operation
``push``, and it is looked at once for each connection that it goes to. So ``nth`` and ``times``
count the pushes of all connections together; a test that wants one connection to suffer opens
one. A request over a connection is a call with method ``WS``: path ``ws/`` and its op, and for
an order op the operation of its twin over REST, so that a rule for ``place`` finds both.

===============  ========================================================================
action           what becomes of the push
===============  ========================================================================
push_gap         it is not sent
push_duplicate   it is sent twice
push_reorder     it is sent after the next push on its connection
disconnect       the connection ends: with close code ``code``, or cut if there is none
===============  ========================================================================

``delay`` makes a push late by ``ms`` while others overtake it, but only if the rule names a
path under ``ws/`` or the method: a rule for requests in general must not touch the pushes.
"""

from typing import Final

PUSH: Final = "PUSH"
WS: Final = "WS"
PREFIX: Final = "ws/"
PUSH_OPERATION: Final = "push"
GAP: Final = "push_gap"
DUPLICATE: Final = "push_duplicate"
REORDER: Final = "push_reorder"
DISCONNECT: Final = "disconnect"
ACTIONS: Final = (GAP, DUPLICATE, REORDER, DISCONNECT)


def may_hit(action: str, rule_path: str, rule_method: str, call_method: str) -> bool:
    """Whether a rule of that kind is about that kind of call at all."""
    if call_method == PUSH:
        names_pushes = rule_path.startswith(PREFIX) or rule_method == PUSH
        return action in ACTIONS or (action == "delay" and names_pushes)
    if action == DISCONNECT:
        return call_method == WS and (rule_path.startswith(PREFIX) or rule_method == WS)
    return action not in ACTIONS
