"""Shell. A host that is not edited: places in its code by name, wrapped on their classes.

What ``persist_host.py`` says, and ``prometheus-persist wrap persist_host.py -- bot.py`` runs by:

    store("persistence", exchange="okx")                 the directory, and what ``attach`` takes
    root("__main__:Bot.__init__")                        whose attributes are saved
    wrap("__main__:Bot.trade", agent="agent.name")       whose orders are sent in there
    orders("ccxt:okx.create_order")                      where they leave
    after("__main__:Bot.trade", "trade")                 when to save: trade, death, cycle
    loop("__main__:Bot.run", at="fetch", locals=["n"])   counters of a loop, and each of its passes

``positions``, ``trades`` and ``door`` show the host's own books (``session/host_views.py``).
"""

from prometheus_persist.wrapping.declared import (
    after,
    door,
    loop,
    orders,
    positions,
    root,
    store,
    trades,
    wrap,
)

__all__ = [
    "after",
    "door",
    "loop",
    "orders",
    "positions",
    "root",
    "store",
    "trades",
    "wrap",
]
