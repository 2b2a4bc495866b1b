"""Every file of a store at rest: lost, cut, zeroed, swapped or taken back, then restored.

For each file: deleted; cut to every length; zeroed, in whole and, at every frame of ``BLOCK``
bytes, in part; swapped with each other file; replaced by each older version of itself that the
store has had. Without ``full`` the lengths are sampled: the ends, and about ``CI_LENGTHS`` between.

And both copies of each segment, alike: deleted, cut, zeroed, replaced by an older version; without
``full`` ``CI_BOTH`` of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.chance import generator
from chaos.sweeps.damaged_store import look, look_at_both, told_bytes
from chaos.sweeps.reference_workload import Reference, reference
from chaos.sweeps.tally import Tally
from prometheus_persist.storage.layout import JOURNAL, MIRROR

CI_LENGTHS = 8
CI_BOTH = 3
BLOCK = 512
Harm = tuple[str, str, dict[str, bytes | None]]


def sweep_files(seed: int, *, full: bool) -> Tally:
    """All harms to every file."""
    whole = reference(seed)
    tally = Tally("files", seed, full)
    tally.counts["files in the store"] = len(whole.files)
    for name in whole.files:
        for kind, harm, change in harms(whole, name, seed, full=full):
            files = {
                each: data for each, data in {**whole.files, **change}.items() if data is not None
            }
            tally.struck(kind)
            look(tally, whole, tuple(change), harm, files)
    for kind, harm, change in harms_to_both(whole, seed, full=full):
        files = {each: data for each, data in {**whole.files, **change}.items() if data is not None}
        tally.struck(f"both copies: {kind}")
        look_at_both(tally, tuple(change), harm, files)
    if not full:
        tally.notes.append(f"sampled: about {CI_LENGTHS} lengths a file")
    return tally


def harms(whole: Reference, name: str, seed: int, *, full: bool) -> Iterator[Harm]:
    """``(kind, what, files changed)``; None is a file that is gone."""
    data = whole.files[name]
    yield "deleted", "deleted", {name: None}
    for length in _lengths(name, data, seed, full=full):
        yield "truncated", f"cut to {length}", {name: data[:length]}
    yield "zeroed", "zeroed", {name: bytes(len(data))}
    for start in range(0, told_bytes(data), BLOCK):
        holed = data[:start] + bytes(len(data[start : start + BLOCK])) + data[start + BLOCK :]
        if holed != data:
            yield "zeroed in part", f"zeroed from {start}", {name: holed}
    for other, content in whole.files.items():
        if other > name and content != data:
            yield "swapped", f"swapped with {other}", {name: content, other: data}
    versions = {files[name] for files in whole.earlier if name in files} - {data}
    for number, version in enumerate(sorted(versions)):
        yield "older version", f"older version {number}", {name: version}


def harms_to_both(whole: Reference, seed: int, *, full: bool) -> Iterator[Harm]:
    """The same harm to both copies of a segment, where it has two."""
    for name in whole.files:
        copy = name.replace(f"{JOURNAL}/", f"{MIRROR}/")
        if copy == name or copy not in whole.files:
            continue
        by_kind: dict[str, list[Harm]] = {}
        for kind, harm, change in harms(whole, name, seed, full=full):
            if kind != "swapped":
                by_kind.setdefault(kind, []).append((kind, harm, {**change, copy: change[name]}))
        for kind, found in by_kind.items():
            rng = generator(seed, "both", name, kind)
            yield from found if full else rng.sample(found, min(len(found), CI_BOTH))


def _lengths(name: str, data: bytes, seed: int, *, full: bool) -> list[int]:
    """Lengths to cut to; reserved zeros at the end are cut at their first bytes only."""
    told = told_bytes(data)
    end = min(told, len(data) - 1)
    if full:
        return list(range(end + 1))
    rng = generator(seed, "lengths", name)
    return sorted({0, 1, end, *(rng.randrange(end + 1) for _ in range(CI_LENGTHS))})
