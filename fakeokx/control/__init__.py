"""Shell. The control API: move the market, act as somebody else, plan faults, read the truth.

``api`` ``market`` ``venue`` ``foreign`` ``streams`` ``events`` answer it, ``page`` shows it to
people, ``client`` and ``connection`` reach it from another process, with the standard library only.
"""
