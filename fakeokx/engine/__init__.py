"""Pure. The exchange itself: ``step(venue, command, now_ms) -> events``, and nothing else.

The same commands at the same times make the same venue, byte for byte, in every process.
Time is an argument, ids are counted, nothing is random, and no float is ever a number here.

``commands`` what can be asked · ``step`` the one entry and its invariants · ``venue`` the
state · ``orders`` ``algos`` ``settings`` who decides · ``matching`` ``positions`` ``account``
the arithmetic · ``lifecycle`` the state tables · ``history`` what can still be read.
"""
