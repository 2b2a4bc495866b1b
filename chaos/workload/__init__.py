"""The patient: a small seeded multi-agent trading system of our own, kept alive by the library.

It is the demo, and the child that is killed. Ten agents share one exchange account. Everything it
was told is durable it says over its voice; what it decides depends on its seed, its cycle and its
state, and on nothing else.
"""
