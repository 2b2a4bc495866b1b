"""Calls of a session that has somebody else's objects with it, interrupted like all the others.

The host (``workload.attached_host``) is attached to the store of the interrupted lives, takes a
step before each call, and is looked at as a whole in each save. What is asked of the store is
``interrupt_calls``'s; of the host: what a restore gives is what is alive, in types, bits, order and
sharing and in the random numbers to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chaos.sweeps.attach_fixture import seen
from chaos.sweeps.interrupt_calls import InterruptedCall, InterruptedLife
from chaos.sweeps.reference_workload import Yard
from chaos.workload.attached_host import (
    MODULES,
    Client,
    founded,
    own_randomness,
)
from chaos.workload.narrator import Narrator
from chaos.workload.paper_life import FixedIds
from prometheus_persist import attach
from prometheus_persist.errors import PersistError
from prometheus_persist.session import Session
from prometheus_persist.testing.memory_fs import MemoryFs


class HostedLife(InterruptedLife):
    """A session and its host."""

    def __init__(self, disk: MemoryFs, grounds: Yard) -> None:
        self._grounds, self._files = grounds, disk
        self.room = founded()
        self._due = ""
        super().__init__(disk, grounds)

    def opened(self) -> Session:
        """Attach a new host, which becomes what the store has, if it has one."""
        self.room = founded()
        host = attach(
            self.room, self.plot, MODULES, bound=[Client], detect="complete", fs=self.disk,
            clock=self.clock, ids=FixedIds(), settings=self.settings,
            observer=Narrator(self.ears, fold=self.ears.fold),
        )  # fmt: skip
        return host.session

    def touch(self) -> None:
        """The host, too, takes a step."""
        super().touch()
        self.room.step()

    def touch_another(self) -> None:
        """The same."""
        super().touch_another()
        self.room.step()

    def leave(self) -> None:
        """Save all of it and go."""
        self.session.close()
        self._due = seen(self.room)

    def came_back_wrong(self) -> str:
        """What is wrong with the host that was attached just now."""
        return "" if seen(self.room) == self._due else f"step {self.room.steps}"

    def host_differs(self) -> str:
        """What a restore gives, from what the power leaves, and is not alive."""
        with own_randomness():
            alive, room = seen(self.room), founded()
            try:
                host = attach(
                    room, self._grounds.plot(), MODULES, bound=[Client],
                    fs=self._files.after_power_cut(), clock=self.clock, ids=FixedIds(),
                )  # fmt: skip
            except PersistError as problem:
                return str(problem)
            found = seen(room)
            host.close(save=False)
        return "" if found == alive else f"step {room.steps}, alive is {self.room.steps}"


def _left(life: InterruptedLife) -> None:
    assert isinstance(life, HostedLife)
    life.leave()


def _touched(life: InterruptedLife) -> None:
    life.touch()


HOSTED_CALLS: Final[Mapping[str, InterruptedCall]] = {
    "save with a host": InterruptedCall(
        lambda life: life.session.save("struck"), _touched, hosted=True
    ),
    "on_cycle with a host": InterruptedCall(
        lambda life: life.session.on_cycle(next(life.numbers)), _touched, hosted=True
    ),
    "order_intent with a host": InterruptedCall(InterruptedLife.order, _touched, hosted=True),
    "attach": InterruptedCall(lambda life: life.take(life.opened()), _left, hosted=True),
}
