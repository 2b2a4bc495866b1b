"""Pure. The exchange itself: ``step(venue, command, now_ms) -> events``, and nothing else.

The same commands at the same times make the same venue, byte for byte, in every process.
Time is an argument, ids are counted, nothing is random, and no float is ever a number here.

Asked and said: ``commands`` (``client_commands`` ``control_commands``) · ``events`` ·
``refusals`` · ``switches``. State: ``venue`` ``accounts`` ``markets`` of the values in ``model``
and ``market``, with ``resting`` ``indexing`` ``tape`` to find them in. Who decides:
``admission`` ``orders`` ``algos`` (``legs`` ``attached`` ``trailing``) ``settings``. What then
happens: ``price_matching`` ``book_matching`` ``fills`` ``positions`` ``triggers``; by time
``funding`` ``due``, by force ``forced``. Arithmetic: ``decimals`` ``instruments`` ``holds``
``account``. ``lifecycle`` are the state tables, ``history`` is what can still be read,
``conservation`` the books that check it all.
"""
