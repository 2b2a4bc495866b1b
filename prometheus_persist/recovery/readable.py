"""The readable files, and the marks: which are whole, and which commit they vouch for.

A restore never depends on them; they prove that a commit was there, and they are named where they
are damaged, so that the next checkpoint writes them anew. Files of other names are somebody else's
and not looked at. Of folders that are not to be read (the sealed chunks of old records, say, which
are never written again) the files are looked for only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.projection import CHECKPOINT, FOLDERS, saved_ms, unwrap, vouch
from prometheus_persist.recovery.facts import Damage
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import INCREMENTAL, is_readable
from prometheus_persist.storage.mark import Mark, marks, read_mark

ALL_BUT_CHUNKS = tuple(folder for folder in FOLDERS if folder != "records")


@dataclass(slots=True)
class Readable:
    """Whole files by checksum, the newest commit that one vouches for and when, and what is wrong.

    ``stands_on``: epoch and sequence of the frame that the checkpoint was made after. ``marks``:
    what stands beside the journal (``storage/mark.py``).
    """

    whole: dict[str, str] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    mark: int = 0
    mark_ms: int = 0
    there: bool = False
    stands_on: tuple[int, int] | None = None
    marks: list[Mark] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)


def check_readable(fs: Fs, folders: Collection[str] = FOLDERS) -> Readable:
    """Check the marks, and the readable files; those in folders, only in these."""
    found = Readable()
    _take_marks(fs, found)
    due: dict[str, str] = {}
    names = [name for name in fs.list_dir(INCREMENTAL) if is_readable(INCREMENTAL, name)]
    unread: list[str] = []
    for folder in FOLDERS:
        place = f"{INCREMENTAL}/{folder}"
        inside = [f"{folder}/{name}" for name in fs.list_dir(place) if is_readable(place, name)]
        (names if folder in folders else unread).extend(inside)
    for name in names:
        path = f"{INCREMENTAL}/{name}"
        found.there = True
        try:
            content = fs.read(path)
            found.whole[name], found.seqs[name] = vouch(name, content, path)
            found.mark_ms = max(found.mark_ms, saved_ms(content))
            if name == CHECKPOINT:
                data, _ = unwrap(name, content, path)
                due = data["files"] if isinstance(data.get("files"), dict) else {}
                found.stands_on = _stands_on(data)
        except StoreDamaged as problem:
            found.damages.append(Damage(path, problem.offset, problem.reason, "repaired"))
        except OSError as problem:
            only_of_the_disk(problem)
            found.damages.append(Damage(path, None, f"cannot be read: {problem}", "repaired"))
    for name in unread:
        if name in due:
            found.there, found.whole[name], found.seqs[name] = True, due[name], 0
    found.mark = max(found.seqs.values(), default=0)
    named = {damage.file for damage in found.damages}
    found.damages += [damage for damage in _astray(found, due) if damage.file not in named]
    return found


def _take_marks(fs: Fs, found: Readable) -> None:
    """One that says nothing is not needed: the next opening makes another."""
    for name in marks(fs):
        try:
            mark = read_mark(fs, name)
        except StoreDamaged as problem:
            found.damages.append(Damage(name, None, problem.reason, "ignored"))
        except OSError as problem:
            only_of_the_disk(problem)
            found.damages.append(Damage(name, None, f"cannot be read: {problem}", "ignored"))
        else:
            found.marks += [mark] if mark is not None else []


def _stands_on(head: JsonObject) -> tuple[int, int] | None:
    epoch, seq = head.get("epoch"), head.get("sequence")
    return (epoch, seq) if isinstance(epoch, int) and isinstance(seq, int) else None


def _astray(found: Readable, due: Mapping[str, str]) -> Iterator[Damage]:
    """Whole files that are not what the checkpoint says, though not newer than it; missing ones."""
    written = found.seqs.get(CHECKPOINT)
    if written is None and found.there:
        yield Damage(f"{INCREMENTAL}/{CHECKPOINT}", None, "missing", "repaired")
    for name, seal in sorted(due.items()):
        path = f"{INCREMENTAL}/{name}"
        if name not in found.seqs:
            yield Damage(path, None, "missing", "repaired")
        elif found.whole[name] != seal and found.seqs[name] <= (written or 0):
            yield Damage(path, None, "is not the version that the checkpoint names", "repaired")
