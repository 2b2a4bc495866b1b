"""The readable files, and the marks: which are whole, and which commit they vouch for.

A restore never depends on them; they prove that a commit was there, and they are named where they
are damaged, so that the next checkpoint writes them anew. Files of other names are somebody else's
and not looked at. Of folders that are not to be read (the sealed chunks of old records, say, which
are never written again) the files are looked for only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, NamedTuple

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.projection import CHECKPOINT, FOLDERS, saved_ms, unwrap, vouch
from prometheus_persist.recovery.apart import Errands
from prometheus_persist.recovery.facts import Damage
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.fs import Fs, folders_held
from prometheus_persist.storage.heard import tell_of
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import INCREMENTAL, is_readable
from prometheus_persist.storage.mark import Mark, marks, read_mark

MANY_FILES = 1000
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


def check_readable(
    fs: Fs, folders: Collection[str] = FOLDERS, errands: Errands | None = None
) -> Readable:
    """Check the marks, and the readable files; those in folders, only in these. With ``errands`` a
    second process looks at half of them, where there are many."""
    found = Readable()
    _take_marks(fs, found)
    due: dict[str, str] = {}
    names = [name for name in fs.list_dir(INCREMENTAL) if is_readable(INCREMENTAL, name)]
    unread: set[str] = set()
    for folder in FOLDERS:
        place = f"{INCREMENTAL}/{folder}"
        if folder in folders:
            names += [f"{folder}/{n}" for n in fs.list_dir(place) if is_readable(place, n)]
        else:
            unread.update(f"{folder}/{name}" for name in fs.list_dir(place))
    for name, seen in zip(names, _looks(fs, names, errands), strict=True):
        found.there = True
        if isinstance(seen, Damage):
            found.damages.append(seen)
            continue
        found.whole[name], found.seqs[name] = seen.seal, seen.seq
        found.mark_ms = max(found.mark_ms, seen.saved_ms)
        if seen.head is not None:
            due = seen.head["files"] if isinstance(seen.head.get("files"), dict) else {}
            found.stands_on = _stands_on(seen.head)
    for name in filter(unread.__contains__, due):
        found.there, found.whole[name], found.seqs[name] = True, due[name], 0
    found.mark = max(found.seqs.values(), default=0)
    named = {damage.file for damage in found.damages}
    found.damages += [damage for damage in _astray(found, due) if damage.file not in named]
    return found


class _Whole(NamedTuple):
    """A file that is whole; ``head`` is what the checkpoint says."""

    seal: str
    seq: int
    saved_ms: int
    head: JsonObject | None = None


def _looks(fs: Fs, names: Sequence[str], errands: Errands | None) -> Iterator[_Whole | Damage]:
    """What is seen of each of these files, in order."""
    shared = errands is not None and errands.can_be and len(names) >= MANY_FILES
    half = len(names) // 2 if shared else len(names)
    others, told = names[half:], None
    if others and errands is not None:
        told = errands.begin(lambda: list(map(_as_json, _looked(fs, others))))
    yield from _looked(fs, names[:half])
    seen = told() if told is not None else None
    if seen is None:
        yield from _looked(fs, others)
    for name, one in zip(others, seen or (), strict=seen is not None):
        tell_of("reads", f"{INCREMENTAL}/{name}")
        yield _of_json(one)


def _looked(fs: Fs, names: Sequence[str]) -> list[_Whole | Damage]:
    with folders_held():
        return [_look(fs, name) for name in names]


def _as_json(seen: _Whole | Damage) -> list[Any]:
    return [*(seen if isinstance(seen, _Whole) else (*astuple(seen), "damage"))]


def _of_json(told: list[Any]) -> _Whole | Damage:
    return Damage(*told[:-1]) if told[-1] == "damage" else _Whole(*told)


def _look(fs: Fs, name: str) -> _Whole | Damage:
    path = f"{INCREMENTAL}/{name}"
    try:
        content = fs.read(path)
        seal, seq = vouch(name, content, path)
        head = unwrap(name, content, path)[0] if name == CHECKPOINT else None
        return _Whole(seal, seq, saved_ms(content), head)
    except StoreDamaged as problem:
        return Damage(path, problem.offset, problem.reason, "repaired")
    except OSError as problem:
        only_of_the_disk(problem)
        return Damage(path, None, f"cannot be read: {problem}", "repaired")


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
