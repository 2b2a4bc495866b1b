"""What ought to be there, worked out without the library.

``history`` replays what the child said before each commit; ``exchange`` books the exchange's own
fills to their owners with arithmetic of its own. Nothing here imports the library at all.
"""
