"""Somebody else's live objects as rows, and back (S8): pure.

``classes.py`` says which classes may be written and read, ``policy.py`` what is left out,
``values.py`` how a value without an identity is written, ``kinds.py`` what an object with one is.
``survey.py`` names everything that cannot be kept, before the first byte; ``tracker.py`` writes
what changed since the last look; ``rebuild.py`` makes the objects again, without calling a
constructor; ``rebinding.py`` gives them what was withheld.
"""
