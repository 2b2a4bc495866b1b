"""Shell. A process that answers on a port, keeps its ledger on disk, and can be killed.

``ledger`` what is on disk · ``exchange`` venue, clock and ledger as one · ``reads`` ``writes``
``control`` translate requests · ``http`` ``serve`` the port · ``client`` ``runner`` start and
steer such a process from another one, with the standard library only.
"""
