"""One damaged store at rest: restore it and say what came of it. Shared by ``bits`` and ``files``.

- ``exact``    the digest is that of the unharmed store, and the damage is named, the right file;
               by the restore itself, or, where it lies in what a restore of now need not read, by
               one that reads everything
- ``unnamed``  the digest is equal and nothing is named: allowed only where nothing could be told,
               because what was harmed carries no information or nothing vouches for it
- ``refused``  a typed error, no state
- ``wrong``    another state, or a file named that was not harmed

Single-file damage has to be ``exact``, or ``unnamed`` where ``silent_by_rule`` says why. These
are the rules: nobody restores from ``recovery_log.txt``; a snapshot that is gone may have been
removed; an older checkpoint is what a crash between two checkpoints leaves; and spelling that
means the same, judged here by ``json`` and ``zipfile`` alone, not by the library's readers.
Nor may a moment of the past be called lost, as it is there.

Damage to both copies of a segment (``look_at_both``) may lose commits, and then

- it is refused, and the error names one of the two, or the journal that has neither; or
- the state is one that was, exactly, and what reads everything says that something is lost.

Whether it is lost is found out by asking for every commit there was. Called lost and there is as
wrong as lost and not said. The oldest segments may be gone without a word: a clean-up removes them.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Collection
from functools import cache
from typing import Any

from chaos.digest import canonical
from chaos.sweeps.reference_workload import Reference, digest_of, reference
from chaos.sweeps.tally import Tally
from chaos.workload.clocks import WoundClock
from chaos.workload.paper_life import DAY_START_MS
from prometheus_persist.errors import PersistError, StoreDamaged
from prometheus_persist.recovery import restore
from prometheus_persist.storage.layout import JOURNAL
from prometheus_persist.testing.memory_fs import MemoryFs

LOG = "recovery_log.txt"
CHECKPOINT = "checkpoint_latest.json"
SLACK_BYTES = 600  # more than a header, and than a sector
NOW_MS = DAY_START_MS + 60_000


def look(
    tally: Tally, whole: Reference, harmed: Collection[str], harm: str, files: dict[str, bytes]
) -> str:
    """Restore ``files``, in which ``harmed`` were damaged; count it; gives the class."""
    names = " and ".join(harmed)
    for thorough in (False, True):
        try:
            found = restore(MemoryFs.of(files), clock=WoundClock(NOW_MS), thorough=thorough)
        except PersistError as problem:
            tally.wrong("refused", f"{names} {harm}: {problem}")
            return "refused"
        named = {damage.file for damage in found.facts.damages}
        if digest_of(found) != whole.digest:
            tally.wrong("wrong" if named else "silent and different", f"{names} {harm}")
            return "wrong"
        if not named <= set(harmed):
            tally.wrong("wrong file named", f"{names} {harm}: {sorted(named)}")
            return "wrong"
        if any(damage.outcome == "lost" for damage in found.facts.damages):
            tally.wrong("called lost", f"{names} {harm}")
            return "wrong"
        if thorough and found.gaps:
            tally.wrong("moments called lost", f"{names} {harm}: {found.gaps[0].problem}")
            return "wrong"
        if named and (thorough or not _holds_the_past(harmed)):
            tally.counts["exact and named"] += 1
            return "exact"
    reasons = [silent_by_rule(name, harm, whole.files[name], files.get(name)) for name in harmed]
    if not all(reasons):
        tally.wrong("silent", f"{names} {harm}: restored exactly, but nothing was named")
        return "silent"
    tally.counts[f"exact, unnamed: {reasons[0]}"] += 1
    return "unnamed"


def _holds_the_past(names: Collection[str]) -> bool:
    return any(name.endswith((".wal", ".zip")) for name in names)


def look_at_both(tally: Tally, harmed: Collection[str], harm: str, files: dict[str, bytes]) -> str:
    """Restore ``files``, in which both copies of a segment were harmed; count it; the class."""
    where, disk = f"{' and '.join(harmed)} {harm}", MemoryFs.of(files)
    try:
        found = restore(disk, clock=WoundClock(NOW_MS), thorough=True)
    except StoreDamaged as problem:
        if problem.file not in (*harmed, JOURNAL):
            tally.wrong("refused for another file", f"{where}: {problem}")
        tally.counts["both copies: refused and named"] += 1
        return "refused"
    except PersistError as problem:
        tally.wrong("refused, and not as damaged", f"{where}: {problem}")
        return "refused"
    told = [one for one in (*found.facts.damages, *found.gaps) if one.outcome == "lost"]
    were = moments(tally.seed)
    gone = [seq for seq, digest in were.items() if _at(disk, seq) != digest]
    if digest_of(found) != were.get(found.seq):
        tally.wrong("a state that never was", f"{where}: commit {found.seq}")
    elif gone and not told and harm == "deleted" and gone == list(were)[: len(gone)]:
        tally.counts["both copies: gone, as a clean-up leaves it"] += 1
        return "gone"
    elif gone and not told:
        tally.wrong("silent", f"{where}: commits {gone} are gone, and nobody says so")
    elif told and not gone:
        tally.wrong("called lost", f"{where}: {told[0].problem}")
    else:
        tally.counts["both copies: " + ("lost, and named" if gone else "exact")] += 1
        return "lost" if gone else "exact"
    return "wrong"


@cache
def moments(seed: int) -> dict[int, str]:
    """The digest after every commit of the reference that can be asked for."""
    whole = reference(seed)
    disk = MemoryFs.of(whole.files)
    found = {seq: _at(disk, seq) for seq in range(1, whole.seq + 1)}
    return {seq: digest for seq, digest in found.items() if digest}


def _at(disk: MemoryFs, seq: int) -> str:
    """The digest after this commit; empty where it cannot be restored."""
    try:
        return digest_of(restore(disk, seq=seq, clock=WoundClock(NOW_MS)))
    except PersistError:
        return ""


def silent_by_rule(name: str, harm: str, before: bytes, after: bytes | None) -> str:
    """Why nobody can name this damage; empty where it has to be named."""
    if name == LOG:
        return "the log, which no restore reads"
    if name.endswith(".zip") and after is None:
        return "a snapshot that is gone may have been removed"
    if name.endswith(CHECKPOINT) and harm.startswith("older"):
        return "an older checkpoint is what a crash leaves"
    if after is not None and meaning(name, before) == meaning(name, after):
        return "bytes that carry no information"
    return ""


def meaning(name: str, data: bytes) -> Any:
    """What a file says, whatever its spelling; its bytes where they cannot be read."""
    try:
        if name.endswith(".json"):
            return canonical(json.loads(data, object_pairs_hook=_distinct))
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return {info.filename: archive.read(info) for info in archive.infolist()}
        if name.endswith(".wal"):
            return data.rstrip(b"\0")
    except (ValueError, zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError):
        pass
    return data


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def told_bytes(data: bytes) -> int:
    """How many bytes are swept one by one: all, but of reserved zeros at the end a few."""
    return min(len(data), len(data.rstrip(b"\0")) + SLACK_BYTES)
