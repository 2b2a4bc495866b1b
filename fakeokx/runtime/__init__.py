"""Shell. What a running exchange is: venue, clock and ledger as one, and what requests share.

``ledger`` what is on disk · ``exchange`` venue, clock and ledger · ``context`` one request, and
what all handlers are given · ``access`` ``keys`` who is let in · ``checkpoints`` ``snapshot`` the
past · ``price_scripts`` prices that move by themselves · ``queries`` what GET endpoints share.
"""
