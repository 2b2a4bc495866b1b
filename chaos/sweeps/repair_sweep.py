"""``repair`` is killed, cut off from power and failed at every one of its own operations.

The patient is the reference store with something wrong in every kind of file, in three cases:

- ``whole``   never both copies of the same thing: everything can be made exactly what it was;
- ``unread``  the same, but that the files are whole, and the disk gives them only afterwards;
- ``loss``    one commit is damaged in both copies, and the repair is told which to keep.

For every N the process dies before operation N of the repair, or within the write that is operation
N; or the power fails there; or operation N raises one of the errors of ``errors``, once or always.
Asked is, on whatever disk is left:

- the commit that is kept can be restored, with its digest, before anything else is done;
- every byte that was damaged, or not to be had, is still somewhere: nothing is overwritten before
  it is set aside;
- what a failed repair raises is typed, and no handle is left open;
- the same repair, begun again, ends; afterwards ``verify`` finds nothing, the digest is the one
  that was kept, no temporary file is left, and a third repair has nothing to do.

Without ``full``: every ``CI_STRIDE``-th operation, one kind of fault each.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chaos.chance import generator
from chaos.faults.deaths import dying
from chaos.faults.switch import FaultSwitch, SwitchedFs
from chaos.sweeps.errors import FAILURES
from chaos.sweeps.judge_restore import NOW_MS
from chaos.sweeps.reference_workload import FIRST, SETTINGS, digest_of, reference
from chaos.sweeps.tally import Tally
from chaos.workload.clocks import WoundClock
from prometheus_persist.errors import PersistError, StoreDamaged
from prometheus_persist.journal.chain import scan
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.storage.fs import TEMPORARY, Fs
from prometheus_persist.storage.layout import DAMAGED
from prometheus_persist.storage.through import ThroughFs, Value
from prometheus_persist.testing.memory_fs import MemoryFs

CI_STRIDE = 3
FULL_CUTS = 8
CI_CUTS = 1
OPTIONS = SETTINGS[FIRST].store


@dataclass(frozen=True, slots=True)
class RepairCase:
    """A damaged store, the commit that has to come back with its digest, and what was damaged."""

    name: str
    files: dict[str, bytes]
    seq: int
    digest: str
    hurt: frozenset[bytes]
    accept_loss: int | None = None
    unread: frozenset[str] = frozenset()

    def disk(self, inner: MemoryFs, switch: FaultSwitch) -> Fs:
        """As a repair of it finds the disk."""
        return SwitchedFs(_Unread(inner, self.unread), switch)


class _Unread(ThroughFs):
    """A disk that does not give some files."""

    def __init__(self, inner: Fs, paths: frozenset[str]) -> None:
        super().__init__(inner)
        self._paths = paths

    def carry_out(
        self, operation: str, path: str, act: Callable[[], Value], *, read: bool = False
    ) -> Value:
        """EIO for whoever reads one of these."""
        if operation == "read" and path in self._paths:
            raise OSError(errno.EIO, "unreadable", path)
        return super().carry_out(operation, path, act, read=read)


def sweep_repair(seed: int, *, full: bool) -> Tally:
    """All cases, every fault."""
    tally = Tally("repair", seed, full)
    for case in (whole_case(seed), unread_case(seed), loss_case(seed)):
        counting = FaultSwitch(reads=True)
        rehearsal = MemoryFs.of(case.files)
        _repair(case.disk(rehearsal, counting), case.accept_loss)
        _judge(tally, case, rehearsal, f"{case.name}, undisturbed")
        start = 1 if full else 1 + generator(seed, case.name).randrange(CI_STRIDE)
        for number in range(start, counting.count + 1, 1 if full else CI_STRIDE):
            for switch, what in _faults(seed, case.name, number, full=full):
                _struck(tally, case, switch, what, full=full)
    if not full:
        tally.notes.append(f"sampled: every {CI_STRIDE}rd operation, one kind of fault each")
    return tally


def whole_case(seed: int) -> RepairCase:
    """Every kind of file is damaged, never both copies of one thing."""
    whole = reference(seed)
    files = dict(whole.files)
    journal, mirror = _segments(files)
    files[journal[0]] = _flipped(files[journal[0]], 700)
    files[mirror[1]] = files[mirror[1]].rstrip(b"\0")[:-50]
    files["incremental/valhalla.json"] = b"{}\n"
    del files["incremental/public_ledger.json"]
    (snapshot,) = [name for name in files if name.endswith(".zip")]
    files[snapshot] = b"PK nonsense"
    hurt = frozenset(data for name, data in files.items() if data != whole.files[name])
    return RepairCase("whole", files, whole.seq, whole.digest, hurt)


def unread_case(seed: int) -> RepairCase:
    """A readable file, a snapshot and one copy of a segment are whole, and are not to be had."""
    whole = reference(seed)
    _, mirror = _segments(whole.files)
    (snapshot,) = [name for name in whole.files if name.endswith(".zip")]
    unread = frozenset({"incremental/valhalla.json", snapshot, mirror[1]})
    kept = frozenset(whole.files[name] for name in unread)
    return RepairCase("unread", whole.files, whole.seq, whole.digest, kept, unread=unread)


def loss_case(seed: int) -> RepairCase:
    """One commit of the last segment is damaged in both copies: the one before it is kept."""
    whole = reference(seed)
    files = dict(whole.files)
    journal, mirror = _segments(files)
    placed = scan(journal[-1], files[journal[-1]]).frames[-2]
    for path in (journal[-1], mirror[-1]):
        files[path] = _flipped(files[path], placed.offset + 100)
    kept = placed.frame.seq - 1
    found = restore(MemoryFs.of(whole.files), seq=kept, clock=WoundClock(NOW_MS))
    hurt = frozenset((files[journal[-1]], files[mirror[-1]]))
    return RepairCase("loss", files, kept, digest_of(found), hurt, kept)


def _segments(files: dict[str, bytes]) -> tuple[list[str], list[str]]:
    names = sorted(name for name in files if name.endswith(".wal"))
    return (
        [name for name in names if not name.startswith("mirror/")],
        [name for name in names if name.startswith("mirror/")],
    )


def _flipped(data: bytes, byte: int) -> bytes:
    return data[:byte] + bytes([data[byte] ^ 4]) + data[byte + 1 :]


def _faults(seed: int, name: str, number: int, *, full: bool) -> Iterator[tuple[FaultSwitch, str]]:
    share = generator(seed, name, "share", number).randint(1, 999)
    deaths = [("die", "kills"), ("tear", "kills within a write")]
    rng = generator(seed, name, number)
    if full or rng.random() < 0.5:
        for kind, what in deaths if full else [rng.choice(deaths)]:
            yield FaultSwitch(kind, at=number, reads=True, share=share), what  # type: ignore[arg-type]
    if full or rng.random() < 0.5:
        for failure in FAILURES if full else [rng.choice(FAILURES)]:
            yield failure.switch(number), f"errors, {failure}"


def _struck(tally: Tally, case: RepairCase, switch: FaultSwitch, what: str, *, full: bool) -> None:
    disk = MemoryFs.of(case.files)
    problem: BaseException | None = None
    with dying(switch):
        try:
            _repair(case.disk(disk, switch), case.accept_loss)
        except PersistError as raised:
            if switch.dead:
                raise
            problem = raised
        except OSError as raised:
            problem = raised
    where = f"{case.name}, {what} at {switch.at} ({switch.struck})"
    switch.lift()
    if not switch.fired:
        tally.counts["beyond the last write"] += 1
        return
    tally.struck(what)
    if not switch.dead:
        tally.counts["a typed error was raised"] += isinstance(problem, PersistError)
        tally.counts["the repair was done in spite of it"] += problem is None
        if isinstance(problem, OSError):
            tally.wrong("untyped error", f"{where}: {errno.errorcode.get(problem.errno or 0)}")
        if disk.handles_open:
            tally.wrong("handle left open", f"{where}: {disk.handles_open}")
    else:
        # Between a renaming and its sync MemoryFs may lose both names, by chance; what keeps a
        # journal writes both or neither.
        renamed = case.unread and switch.struck == f"fsync_dir {DAMAGED}"
        for cut in range(-1, 0 if renamed else FULL_CUTS if full else CI_CUTS):
            rng = generator(tally.seed, where, cut) if cut >= 0 else None
            tally.struck("power cuts")
            _judge(tally, case, disk.after_power_cut(rng), f"{where}, power {cut}")
    _judge(tally, case, MemoryFs.of(disk.contents()), where)


def _repair(fs: Fs, accept_loss: int | None) -> int:
    return len(repair(fs, WoundClock(NOW_MS), accept_loss=accept_loss, options=OPTIONS).steps)


def _judge(tally: Tally, case: RepairCase, disk: MemoryFs, where: str) -> None:
    """What is left can be restored and repaired, and no damaged byte is gone."""
    try:
        kept = restore(disk, seq=case.seq, clock=WoundClock(NOW_MS))
    except PersistError as problem:
        tally.wrong("refused", f"{where}: {problem}")
        return
    if digest_of(kept) != case.digest:
        tally.wrong("another state", where)
        return
    if not case.hurt <= set(disk.contents().values()):
        tally.wrong("a damaged file's bytes are gone", where)
        return
    try:
        try:
            _repair(disk, None)
        except StoreDamaged:
            _repair(disk, case.accept_loss)
        found, again = verify(disk, clock=WoundClock(NOW_MS)), _repair(disk, None)
    except PersistError as problem:
        tally.wrong("cannot be repaired", f"{where}: {problem}")
        return
    left = [path for path in disk.contents() if path.endswith(TEMPORARY)]
    if digest_of(found.restored) != case.digest:
        tally.wrong("another state after the repair", where)
    elif not found.sound:
        damage = found.facts.damages[0]
        tally.wrong("damaged after the repair", f"{where}: {damage.file}: {damage.problem}")
    elif again:
        tally.wrong("a repair without an end", f"{where}: {again} steps once more")
    elif left:
        tally.wrong("temporary file left", f"{where}: {left[0]}")
    else:
        tally.counts["repaired and sound"] += 1
