"""Names under a store's directory. Every path is relative to it, with ``/`` between parts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from prometheus_persist.errors import BadValue

ROOT = "."
JOURNAL = "incremental/journal"
MIRROR = "mirror"
INCREMENTAL = "incremental"
SNAPSHOTS = "snapshots"
HISTORY = "history"
DAMAGED = "damaged"
RECOVERY_LOG = "recovery_log.txt"
LOCK = "store.lock"
CLAIM = f"{LOCK}.next"  # of a take-over that has taken nothing yet
COPIES = (JOURNAL, MIRROR)

EPOCH_MAX = 10**8 - 1  # what a segment's name has room for
SEQ_MAX = 10**14 - 1
_SEGMENT = re.compile(r"e(\d{8})_s(\d{14})\.wal", re.ASCII)
_SNAPSHOT = re.compile(r"snapshot_(\d{8}_\d{6})\.zip", re.ASCII)
_BASE = re.compile(r"base_s(\d{14})_t(\d{13,20})\.zip", re.ASCII)
_DRAWN = re.compile(rf"{re.escape(LOCK)}\.e(\d{{8}})", re.ASCII)
_MARK = r"\.e\d{8}"
_STAMP = "%Y%m%d_%H%M%S"
SECOND_MAX = 253_402_300_799  # the last one that a snapshot's name has room for

_STEM = "[A-Za-z0-9][A-Za-z0-9_-]{0,79}"
_READABLE = {
    INCREMENTAL: r"(checkpoint_latest|public_ledger|valhalla|settings|"
    r"(supervisor|mastermind|exchange)_state|host_[a-z0-9]{1,40}_\d+)\.json",
    f"{INCREMENTAL}/agents": rf"{_STEM}_state\.json",
    f"{INCREMENTAL}/private_ledgers": rf"{_STEM}\.json",
    f"{INCREMENTAL}/records": r"[A-Za-z0-9_-]{1,99}_\d{6,}\.json",
}
_FORMS = {
    ROOT: re.escape(RECOVERY_LOG),
    JOURNAL: _SEGMENT.pattern,
    MIRROR: rf"{_SEGMENT.pattern}|owner\.json|store_id",
    SNAPSHOTS: _SNAPSHOT.pattern,
    HISTORY: _BASE.pattern,
    DAMAGED: "[0-9a-f]{16}_.+",
    **_READABLE,
}


def is_readable(folder: str, name: str) -> bool:
    """Whether this library gives a readable file in ``folder`` such a name."""
    return re.fullmatch(_READABLE[folder], name, re.ASCII) is not None


def is_temporary(folder: str, name: str) -> bool:
    """Whether this is what a writer that was killed leaves in ``folder``: a name of this library's
    own and ``.tmp``. Any other name is somebody else's, and is never removed."""
    form = rf"(({_FORMS[folder]})({_MARK})?|renewed|take_over)\.tmp"
    return re.fullmatch(form, name, re.ASCII) is not None


def path_in(folder: str, name: str) -> str:
    """The path of a name in a folder, the root itself included."""
    return name if folder == ROOT else f"{folder}/{name}"


def mark_of(epoch: int) -> str:
    """What tells one opening's temporary files from another's."""
    return f".e{epoch:08d}"


def drawn_name(epoch: int) -> str:
    """The name of the file that says that an epoch was drawn, and by nobody else."""
    return f"{LOCK}.e{epoch:08d}"


def drawn_epoch(name: str) -> int | None:
    """The epoch in such a name; None for any other name."""
    found = _DRAWN.fullmatch(name)
    return int(found[1]) if found else None


def segment_name(epoch: int, seq: int) -> str:
    """The name of the segment that begins with frame ``seq`` of ``epoch``; names sort by age.

    Raises BadValue for what no name has room for: it would never be found again.
    """
    if not (0 <= epoch <= EPOCH_MAX and 0 <= seq <= SEQ_MAX):
        raise BadValue(f"epoch {epoch}, frame {seq}: a segment's name has no room for it")
    return f"e{epoch:08d}_s{seq:014d}.wal"


def segment_epoch(name: str) -> int | None:
    """The epoch in a segment's name; None for any other name."""
    found = _SEGMENT.fullmatch(name)
    return int(found[1]) if found else None


def segment_start(name: str) -> tuple[int, int] | None:
    """Epoch and first sequence in a segment's name; None for any other name."""
    found = _SEGMENT.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def base_name(seq: int, wall_ms: int) -> str:
    """The name in ``history/`` of the image after commit ``seq``; names sort by sequence."""
    return f"base_s{seq:014d}_t{wall_ms:013d}.zip"


def base_time(name: str) -> int | None:
    """The wall time in the name of a base in ``history/``, Unix ms; None for any other name."""
    found = _BASE.fullmatch(name)
    return int(found[2]) if found else None


def base_seq(name: str) -> int | None:
    """The sequence in the name of a base in ``history/``; None for any other name."""
    found = _BASE.fullmatch(name)
    return int(found[1]) if found else None


def snapshot_name(second: int) -> str:
    """The name of a snapshot taken at this Unix second; names sort by age."""
    return f"snapshot_{datetime.fromtimestamp(second, UTC).strftime(_STAMP)}.zip"


def snapshot_second(name: str) -> int | None:
    """The Unix second in a snapshot's name; None for any other name."""
    found = _SNAPSHOT.fullmatch(name)
    if found is None:
        return None
    try:
        return int(datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def is_snapshot(name: str) -> bool:
    """Whether this is a snapshot's name."""
    return snapshot_second(name) is not None
