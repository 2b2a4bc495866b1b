"""Every single bit of a store at rest is flipped, one at a time, and the store restored.

Full: every bit of every file. Otherwise every ``CI_STRIDE``-th bit, counted through all files and
begun at a bit that the seed chooses. Zeros that were reserved at the end of a segment are swept for
``SLACK_BYTES`` behind the last frame; every one of them reads like the next.

Places where a flip changes nothing and is not named are listed as byte ranges, file by file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from chaos.chance import generator
from chaos.sweeps.damaged_store import look, told_bytes
from chaos.sweeps.reference_workload import reference
from chaos.sweeps.tally import Tally
from chaos.workers import in_order, workers

CI_STRIDE = 251
BITS = 8


def sweep_bits(seed: int, *, full: bool) -> Tally:
    """All bits, on all processors; or a sample of them."""
    whole = reference(seed)
    tally = Tally("bits", seed, full)
    total = sum(told_bytes(data) for data in whole.files.values()) * BITS
    tally.counts["bits in the store"] = total
    if not full:
        tally.merge(
            sweep_some_bits((seed, generator(seed, "bits").randrange(CI_STRIDE), CI_STRIDE))
        )
        tally.notes.append(f"sampled: every {CI_STRIDE}th of {total:,} bits")
        return tally
    shards = 8 * (os.cpu_count() or 1)
    work = [(seed, index, shards) for index in range(shards)]
    silent: list[str] = []
    with workers(os.cpu_count() or 1) as pool:
        for part in in_order(pool, sweep_some_bits, work):
            silent += part.notes
            part.notes = []
            tally.merge(part)
    tally.notes += _ranges(silent)
    return tally


def sweep_some_bits(share: tuple[int, int, int]) -> Tally:
    """The bits ``start``, ``start + stride``, … of the store of ``seed``; picklable."""
    seed, start, stride = share
    whole = reference(seed)
    tally = Tally("bits", seed, full=False)
    number = 0
    for name, data in whole.files.items():
        size = told_bytes(data) * BITS
        first = (start - number) % stride
        number += size
        for bit in range(first, size, stride):
            flipped = bytearray(data)
            flipped[bit // BITS] ^= 1 << bit % BITS
            tally.struck("flips")
            seen = look(tally, whole, (name,), f"bit {bit}", {**whole.files, name: bytes(flipped)})
            if seen == "unnamed":
                tally.notes.append(f"{name}@{bit // BITS}")
    if stride == CI_STRIDE:
        tally.notes = _ranges(tally.notes)
    return tally


def _ranges(places: Iterable[str]) -> list[str]:
    """``name@byte`` marks as one line a file, neighbours joined."""
    found: dict[str, set[int]] = {}
    for place in places:
        name, _, byte = place.rpartition("@")
        found.setdefault(name, set()).add(int(byte))
    lines = []
    for name, marks in sorted(found.items()):
        first = sorted(mark for mark in marks if mark - 1 not in marks)
        last = sorted(mark for mark in marks if mark + 1 not in marks)
        pairs = zip(first, last, strict=True)
        words = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in pairs)
        lines.append(f"unnamed by rule: {name} bytes {words}")
    return lines
