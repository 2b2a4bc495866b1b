"""The GET endpoints: path to handler.

A handler takes the runtime, the query and the key, and returns rows or raises Refusal.
"""

from collections.abc import Mapping
from typing import Final

from fakeokx.rest import reads_account, reads_market, reads_public, reads_trade
from fakeokx.runtime.queries import Handler

READS: Final[Mapping[str, Handler]] = {
    **reads_public.READS,
    **reads_market.READS,
    **reads_account.READS,
    **reads_trade.READS,
}
