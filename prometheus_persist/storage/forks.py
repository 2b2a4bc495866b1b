"""A process that was forked off has its parent's memory and open files, and owns none of it.

It has no writer thread and no lock that somebody could still release, and whatever it wrote would
get between the parent's own commits. So what belongs to a session knows its process, and asks
before it touches a lock or a file. In a child
- every public call raises ``ForkedChild`` at once; ``close`` and the end of a ``with`` block do
  nothing, since there is nothing to give back;
- the parent's lock is neither kept alive nor given back (``lock.py``).
"""

from __future__ import annotations

import os

from prometheus_persist.errors import ForkedChild


def in_child(pid: int) -> bool:
    """Whether this process is another one than ``pid``."""
    return os.getpid() != pid


def refuse_child(pid: int) -> None:
    """Raise ForkedChild in any process but ``pid``."""
    if os.getpid() != pid:
        raise ForkedChild(
            f"this session belongs to process {pid}; a forked child opens its own or leaves "
            f"saving to the parent"
        )
