"""Pure. WHO is right: views → compare → attribute → decide → plan.

Three books are laid side by side: every agent's private ledger, the public ledger, and what the
exchange says. Nothing here reads a clock, a file or a socket; every correction points at the rows
that prove it.
"""
