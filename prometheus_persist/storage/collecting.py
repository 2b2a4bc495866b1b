"""Python's collector of cycles, and a large store: it need not be looked through.

A restore makes hundreds of thousands of objects that stay. The collector would go through all of
them, again and again while they are made, and once in a while ever after: a fifth of an opening
with 10,000 agents, and then 0.2 s in the middle of a save.

- ``held_off``: it does not run meanwhile. Where somebody had switched it off it stays off.
- ``Aside``: what is there now is left out of every later pass, until the session ends. Only of a
  large store, and only by whoever holds one: a small one costs nothing worth it. Objects left out
  are freed as ever once nobody has them; only what is in a cycle, the host's own included, waits
  for the end of the session. So what is young is looked at once more before: that is all of what
  an opening made, and little of what a recovery did, whose sets of a million ids have grown old by
  then. A pass over everything there would stop a running system for 0.1 s. What is known to be
  much before it is made (``meanwhile``) is not looked at even once: a set of a million ids is a
  single object, and young, and takes 0.07 s.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

YOUNG = 1  # the generation of what has survived one pass; the next one is everything else
MANY_OBJECTS = 10_000  # a pass over as many as that takes a millisecond or so


@contextlib.contextmanager
def held_off() -> Iterator[None]:
    """No pass of the collector in this block, of any thread."""
    on = gc.isenabled()
    try:
        try:
            gc.disable()
            yield
        finally:
            if on:
                gc.enable()
    finally:  # a signal may strike the one above
        if on:
            gc.enable()


class Aside:
    """What a session has the collector leave out."""

    def __init__(self) -> None:
        self._left_out = 0  # objects that were counted when it was last done
        self._done = False

    def put(self, objects: int) -> None:
        """Have all that is there now left out, where there are many that were not left out yet:
        ``objects`` says how many the store has."""
        if objects < self._left_out + MANY_OBJECTS:
            return
        self._left_out, self._done = objects, True
        gc.collect(YOUNG)
        gc.freeze()

    @contextlib.contextmanager
    def meanwhile(self, objects: int) -> Iterator[None]:
        """Have what a block makes left out, where it is to make many ``objects`` that stay; what is
        young before it is looked at, and no pass sees them."""
        if objects < MANY_OBJECTS:
            yield
            return
        gc.collect(YOUNG)
        with held_off():
            yield
            self._left_out, self._done = self._left_out + objects, True
            gc.freeze()

    def give_back(self) -> None:
        """Have it looked through again."""
        if self._done:
            self._done = False
            gc.unfreeze()
