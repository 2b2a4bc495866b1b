"""Pure. How OKX talks: signatures, envelopes, error texts, pages, limits and rows.

Turns requests into engine commands and engine values into rows; decides nothing about trading.
"""
