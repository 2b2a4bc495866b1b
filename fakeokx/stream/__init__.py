"""Pure. The WebSocket side of OKX: sessions, channels, order ops, and pushes from engine events.

``codes`` what can be said no with · ``frames`` from text to requests · ``channels`` what can be
subscribed to, and where · ``login`` who is asking · ``session`` one connection's state · ``ops``
orders over a connection · ``pushes`` from events to rows · ``rows`` the rows themselves ·
``market`` books · ``candlesticks`` · ``feed`` all of it, and when. Sockets, timers and time are
the server's.
"""
