"""Pure. HOW a change becomes bytes and comes back: frames, chain, replay, archives, projection.

Bytes come in, values go out, and the other way round; nothing here opens a file.
"""
