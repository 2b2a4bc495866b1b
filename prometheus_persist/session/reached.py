"""How far the loop has come: cycles and hours, in the Supervisor's memory after every cycle.

The loop's number is the one that ``on_cycle`` is given; where the Supervisor is behind it, it is
brought up to it, and never back. Hours grow by the session's own clock, from the opening on; a host
that counts them itself is left alone from the first time it does.
"""

from __future__ import annotations

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue
from prometheus_persist.state import SystemState

HOUR_S = 3600.0


def refuse_no_cycle(cycle: int) -> None:
    """Raise BadValue for what no loop has counted."""
    if type(cycle) is not int or cycle < 0:
        raise BadValue(f"a cycle is a whole number, 0 or more, not {cycle!r}")


class Reached:
    """Of one open session."""

    def __init__(self, state: SystemState, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._since_s = clock.monotonic_s()
        self._before = self._written = state.supervisor.total_runtime_hours
        self._ours = True

    def note(self, cycle: int) -> None:
        """The loop has ended this cycle."""
        supervisor = self._state.supervisor
        if supervisor.system_cycle_count < cycle:
            supervisor.system_cycle_count = cycle
        self._ours = self._ours and supervisor.total_runtime_hours == self._written
        if self._ours:
            passed = (self._clock.monotonic_s() - self._since_s) / HOUR_S
            self._written = supervisor.total_runtime_hours = round(self._before + passed, 6)
