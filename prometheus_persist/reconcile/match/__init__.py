"""Pure. Whose is what: executions given to owners by exact ids, and replayed through the books.

``attribute`` by ids · ``recognise`` orders of ours that the books lack · ``replay`` the unbooked
executions, one by one · ``split`` who bears a forced one · ``adopted`` evidence that comes late ·
``contract_resize``.
"""
