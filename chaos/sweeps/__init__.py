"""Exhaustive sweeps: every bit, every file, every operation of a small store, counted.

Each sweep is a function that takes a seed and gives a ``Tally``; ``table`` has them by name.
"""
