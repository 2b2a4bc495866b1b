"""What every row is given: where to work, how long, how much, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prometheus_persist.errors import BadConfig

SECONDS_MIN = 0.01
SECONDS_MAX = 3600.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many rounds, and how much data the rows with much data use.

    ``restarts`` and ``requests`` are those of one round. ``long_rounds`` are the rounds of what
    takes seconds: restores, recoveries, attached hosts.
    """

    rounds: int
    long_rounds: int
    agents: int
    records: int
    snapshot_records: int
    restarts: int
    requests: int
    host_cycles: int
    host_rounds: int
    crowd_entries: int


TINY = Scale(
    rounds=2, long_rounds=1, agents=20, records=50, snapshot_records=50, restarts=1, requests=64,
    host_cycles=8, host_rounds=2, crowd_entries=1_000,
)  # fmt: skip
QUICK = Scale(
    rounds=3, long_rounds=2, agents=300, records=15_000, snapshot_records=5_000, restarts=1,
    requests=512, host_cycles=300, host_rounds=40, crowd_entries=20_000,
)  # fmt: skip
FULL = Scale(
    rounds=5,
    long_rounds=3,
    agents=10_000,
    records=1_000_000,
    snapshot_records=100_000,
    restarts=3,
    requests=1_024,
    host_cycles=2_000,
    host_rounds=50,
    crowd_entries=1_000_000,
)
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Options:
    """A run as it was asked for; raises BadConfig for what cannot be carried out.

    ``seconds`` is the time that each contestant of a race gets, in all rounds; in a round of its
    own it is that round's. ``home`` is the tree whose commands are measured.
    """

    folder: Path
    seconds: float
    scale: Scale = QUICK
    home: Path = ROOT
    tell: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        if not SECONDS_MIN <= self.seconds <= SECONDS_MAX:
            raise BadConfig(f"--seconds is {self.seconds}; {SECONDS_MIN} to {SECONDS_MAX}")
        if not self.folder.is_dir():
            raise BadConfig(f"{self.folder} is no directory; name one with --dir")

    def place(self, name: str) -> Path:
        """A directory of its own for one contestant; made here."""
        path = self.folder / name
        path.mkdir(parents=True)
        return path
