"""Which executions a host's ledgers lack, or have booked twice: proven, or not said at all.

1. Since the mark of its last agreement (``HostMark``) a host should have booked each execution of
   the typed books once. What it lacks now is the sum of some of them, what it has too much the sum
   of some that it booked twice. That counts as proven only if exactly one set of them comes to the
   difference, of both kinds together. (A host that missed one and doubled another at once is not
   thought of: what it then shows beside, its entry price, is compared all the same.)
2. Where the typed books were moved without an execution since, nothing is proven: what was held at
   the mark and the executions since do not add up to what is held now.
3. Of more than ``SUBSETS_MAX`` executions only the newest ones in a row are thought of, and only
   where no other run comes to the same. So it is where the ledger was never seen to agree.
4. A mark that is spent proves nothing: the place has a number of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from prometheus_persist.reconcile.host_seen import HostBooks, HostMark, Place
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution

SUBSETS_MAX = 12
NEWEST_MAX = 50


@dataclass(frozen=True, slots=True)
class Explained:
    """The executions that a host lacks or has twice, oldest first, since ``mark``."""

    lacks: tuple[Execution, ...] = ()
    twice: tuple[Execution, ...] = ()
    mark: HostMark | None = None

    @property
    def fills(self) -> tuple[Execution, ...]:
        """Either."""
        return self.lacks or self.twice


def explained(
    host: HostBooks,
    ledgers: Iterable[str],
    place: Place,
    lacks: Contracts,
    should: Contracts,
    booked: Iterable[tuple[str, Execution]],
) -> Explained:
    """What these ledgers' ``lacks`` consists of; ``booked`` is being booked by the typed books."""
    known = [(one, at) for agent, one, at in host.recent if (agent, one.key) == place]
    fresh = [one for agent, one in booked if (agent, one.key) == place]
    marks = [host.marks[name].of(place) if name in host.marks else None for name in ledgers]
    told = [mark for mark in marks if mark is not None]
    if not told:
        return Explained(_newest([*(one for one, _ in known), *fresh], lacks))
    mark = min(told, key=lambda one: one.trades)
    since = [*(one for one, at in known if at >= mark.trades), *fresh]
    spent = len(told) < len(marks) or any(one.spent for one in told)
    if spent or mark.trades < host.reach or mark.held + _sum(since) != should:
        return Explained(mark=mark)
    if len(since) > SUBSETS_MAX:
        return Explained(_newest(since, lacks), mark=mark)
    missed, doubled = _sets(since, lacks), _sets(since, -lacks)
    if len(missed) + len(doubled) != 1:
        return Explained(mark=mark)
    return Explained(missed[0] if missed else (), doubled[0] if doubled else (), mark)


def _sum(executions: Iterable[Execution]) -> Contracts:
    return sum((one.signed for one in executions), NO_CONTRACTS)


def _sets(executions: Sequence[Execution], total: Contracts) -> list[tuple[Execution, ...]]:
    """Every set of them that comes to ``total``; no more than two, which is too many."""
    found = []
    for size in range(1, len(executions) + 1):
        for some in combinations(executions, size):
            if _sum(some) == total:
                found.append(some)
                if len(found) > 1:
                    return found
    return found


def _newest(executions: Sequence[Execution], lacks: Contracts) -> tuple[Execution, ...]:
    """The newest executions that add up to it, oldest first; none where none do, or where a run of
    earlier ones does as well: whichever the host lacks, it is not to be guessed."""
    newest = executions[-NEWEST_MAX:]
    runs = []
    for end in range(len(newest), 0, -1):
        total = NO_CONTRACTS
        for start in range(end - 1, -1, -1):
            total = total + newest[start].signed
            if total == lacks:
                runs.append((start, end))
                break
    if len(runs) != 1 or runs[0][1] != len(newest):
        return ()
    return tuple(newest[runs[0][0] :])
