"""The demonstration: kill a trading system in the worst moment, and watch it come back.

``python -m chaos.demo`` tells the whole story in under 40 seconds and checks every claim it makes.
``python -m chaos.demo --keep-running`` trades until you stop it or kill it yourself.
"""
