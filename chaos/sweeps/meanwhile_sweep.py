"""Something else happens in the middle of a call, at every point of it.

The situation is ``meanwhile_fixture``: a store and an exchange in this process, an order executed
and not booked, one that rests, one on its way. A ``Scene`` is one public call; a ``Deed`` is what a
second thread does in the middle of it, or somebody else: take over and save, save, save soon,
settle, reconcile, send an order, make files, let ten seconds pass or an order arrive late. For
every scene, every deed that fits it, and every point (``faults.between``) the call is made once:

- before each of its operations on the disk, and after it,
- before each of its requests to the exchange and after each answer (an answer that takes ten
  seconds is time that passes there),
- before every line of what saves, books and decides, when it is reached first.

The caller stands still while the other acts, or until the other has to wait for the caller. The
library's writer thread comes late: what nobody waits for is written after the call.

What must hold, as after a death (``judge_restore``):

- both come to their end, and neither fails where nothing was shut or taken over;
- what either was told to be durable is there after a power cut at that very moment;
- afterwards the disk holds the live state, document by document, and so does the journal alone and,
  once the readable files were made, the mirror alone; it is what was begun and acknowledged, and a
  snapshot is of one moment;
- after a reconciliation everybody holds what the exchange's own executions give him, each of them
  booked once, every order is open or ended, once, and none is called never arrived that did;
- whoever took over has all that the one before was told to be durable, and loses nothing to him;
  nobody else opens the store while its writer touches the disk.

Without ``full`` ``CI_RUNS`` are sampled, every scene, and every deed at every kind of point, among
them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import prometheus_persist
from chaos.chance import generator
from chaos.digest import JsonObject, whole
from chaos.faults.between import Between, Other, PointKind
from chaos.sweeps.judge_restore import judge_disk, reopened
from chaos.sweeps.meanwhile_deeds import DEEDS, SCENES, Deed, Needs, Scene, Scenery
from chaos.sweeps.meanwhile_fixture import OTHER, WATCHER, Floor, floor_at, settled
from chaos.sweeps.reference_workload import Yard, digest_of, yard
from chaos.sweeps.tally import Tally
from chaos.workload.in_process import InProcessClock
from prometheus_persist.errors import BadValue, PersistError, StoreFailed, StoreLocked
from prometheus_persist.journal.archive import unpack
from prometheus_persist.reconcile import books, decision
from prometheus_persist.recovery import restore
from prometheus_persist.state import SystemState, to_documents
from prometheus_persist.storage.layout import JOURNAL, MIRROR, SNAPSHOTS
from prometheus_persist.testing.memory_fs import MemoryFs

CI_RUNS = 90
TRIES = 5
REOPENED_EVERY = 5
_LIBRARY = Path(prometheus_persist.__file__).parent
TRACED: Final = frozenset(
    str(path)
    for folder in ("saving", "session", "storage")
    for path in (_LIBRARY / folder).glob("*.py")
    if path.stem not in ("capture", "fs")
) | {books.__file__, decision.__file__}
"""What decides, books and writes; what is looked at may not change while it is captured."""
PARTS: Final = tuple(scene.name for scene in SCENES)
_RANK: Final[dict[Needs, int]] = {"nothing": 0, "store": 1, "trading": 2}


@dataclass(frozen=True, slots=True)
class MeanwhileRun:
    """One deed at one point of one call. Without a deed: the call alone."""

    scene: Scene
    deed: Deed | None = None
    kind: PointKind | None = None
    at: int = 0

    def __str__(self) -> str:
        deed = f"{self.deed.name} at {self.kind} {self.at}" if self.deed else "alone"
        return f"{self.scene.name}, {deed}"


# -- the sweep


def sweep_meanwhile(seed: int, *, full: bool, only: Collection[str] = ()) -> Tally:
    """Every scene, deed and point; or a sample. ``only`` these scenes, ``PARTS``."""
    tally = Tally("meanwhile", seed, full)
    scenes = [scene for scene in SCENES if scene.name in (only or PARTS)]
    with yard() as grounds:
        every = [run for scene in scenes for run in runs(tally, grounds, scene)]
        for run in every if full else sampled(every, seed):
            strike(tally, grounds, run)
            grounds.clear()
        if not full:
            tally.notes.append(f"sampled: {CI_RUNS} of {len(every):,} runs")
    return tally


def strike(tally: Tally, grounds: Yard, run: MeanwhileRun) -> None:
    """One run. How many points there are depends a little on how long things take: one that was
    not reached this time is the last one that was."""
    for _ in range(TRIES):
        between = play(tally, grounds, run)
        if between.struck or run.kind is None:
            return
        run = replace(run, at=between.counts[run.kind])


def runs(tally: Tally, grounds: Yard, scene: Scene) -> Iterator[MeanwhileRun]:
    """Every deed that fits this scene, at every point; the scene is played alone to count them."""
    counts = play(tally, grounds, MeanwhileRun(scene))
    for deed in DEEDS:
        if _RANK[deed.needs] > _RANK[scene.has]:
            continue
        for kind in deed.kinds:
            for at in range(1, counts.counts[kind] + 1):
                yield MeanwhileRun(scene, deed, kind, at)


def sampled(every: list[MeanwhileRun], seed: int) -> list[MeanwhileRun]:
    """So many of them, each scene, and each deed at each kind, at least once."""
    shuffled = generator(seed, "meanwhile").sample(every, len(every))
    seen: set[str] = set()
    chosen: list[MeanwhileRun] = []
    rest: list[MeanwhileRun] = []
    for run in shuffled:
        assert run.deed is not None
        news = {run.scene.name, f"{run.deed.name} at {run.kind}"} - seen
        seen |= news
        (chosen if news else rest).append(run)
    return chosen + rest[: max(0, CI_RUNS - len(chosen))]


def play(tally: Tally, grounds: Yard, run: MeanwhileRun) -> Between:
    """One run, judged; without a deed it counts the points, and is judged all the same."""
    scene, deed, kind = run.scene, run.deed, run.kind
    between = Between(kind, run.at)
    scenery = Scenery(floor_at(grounds.plot(), between))
    if deed is not None:
        between.act = lambda: _act(scenery, deed)
    first = Other(lambda: _first(scenery, scene, lines=kind in (None, "line")), "first")
    first.start()
    stuck = "" if first.ended() else "the caller"
    if not stuck and scenery.other is not None and not scenery.other.ended():
        stuck = "the other"
    where = f"{run} ({between.struck})"
    if stuck:
        tally.wrong("deadlock", f"{where}: {stuck} does not come to an end")
    elif deed is None or between.struck:
        before = len(tally.problems)
        if deed is not None:
            tally.struck(f"{deed.name}, at {kind}")
            tally.counts[f"during {scene.name}"] += 1
        _judge(tally, grounds, scene, scenery, first, where)
        tally.counts["as it should be"] += len(tally.problems) == before and deed is not None
        _let_go(scenery)
    return between


def _act(scenery: Scenery, deed: Deed) -> None:
    scenery.other = Other(lambda: deed.do(scenery), OTHER)
    scenery.other.start()
    scenery.other.stand_still()


def _first(scenery: Scenery, scene: Scene, *, lines: bool) -> None:
    floor, between = scenery.floor, scenery.floor.between
    if scene.has != "nothing":
        floor.open()
    if scene.has == "trading":
        assert floor.session.recover(floor.reader()).decision == "go"
        floor.ready()
    scene.before(floor)
    traced = between.tracing(TRACED) if lines else contextlib.nullcontext()
    with floor.writer_held(), between.watched(), traced:
        scene.call(floor)
    scenery.cut, scenery.acked = floor.disk.after_power_cut(), floor.ears.acked


# -- the judge


def _judge(
    tally: Tally, grounds: Yard, scene: Scene, scenery: Scenery, first: Other, where: str
) -> None:
    floor, other = scenery.floor, scenery.other
    if scenery.heir is not None:
        _judge_heir(tally, grounds, scene, scenery, first, where)
        return
    for who, problem in (("caller", first.failed), ("other", other.failed if other else None)):
        closed = scene.name == "close" and isinstance(problem, StoreFailed)
        if problem is not None and not closed and not isinstance(problem, BadValue):
            tally.wrong("failed", f"{where}: the {who}: {type(problem).__name__}: {problem}")
            return
    assert scenery.cut is not None, "the call has returned"
    found = restore(scenery.cut, clock=InProcessClock(floor.venue))
    if found.seq < scenery.acked:
        tally.wrong("acknowledged and lost", f"{where}: {found.seq} of {scenery.acked}")
        return
    if scene.name != "close":
        try:
            _judge_living(tally, scene, floor, scenery.stays, where)
            floor.session.close()
        except PersistError as problem:
            tally.wrong("failed", f"{where}: afterwards: {type(problem).__name__}: {problem}")
            return
    if judge_disk(tally, floor.disk, floor.ears, where) and tally.fired % REOPENED_EVERY == 0:
        reopened(tally, MemoryFs.of(floor.disk.contents()), grounds, where)


def _judge_living(
    tally: Tally, scene: Scene, floor: Floor, stays: Callable[[SystemState], bool], where: str
) -> None:
    """The session is open: its live state, both copies, the books."""
    if not stays(floor.session.state):
        tally.wrong("acknowledged and gone", f"{where}: what the other changed is not so")
    floor.session.checkpoint()
    for alone, without in (("journal", MIRROR), ("mirror", JOURNAL)):
        _judge_live(tally, floor, f"{where}: the {alone} alone", f"{without}/")
    if scene.has == "trading":
        problem = settled(floor)
        if problem:
            tally.wrong("wrong books", f"{where}: {problem}")
    _judge_snapshots(tally, floor, where)


def _judge_live(tally: Tally, floor: Floor, where: str, without: str) -> None:
    """What a power cut leaves, without one of the copies, is what lives."""
    files = floor.disk.after_power_cut().contents().items()
    left = MemoryFs.of({path: data for path, data in files if not path.startswith(without)})
    found = restore(left, clock=InProcessClock(floor.venue))
    live = floor.live()
    differ = [
        key
        for key in sorted({*live, *found.documents})
        if live.get(key) != found.documents.get(key)
    ]
    if differ:
        tally.wrong("not the live state", f"{where}: {', '.join(differ[:3])}")
    elif digest_of(found) != floor.ears.acked_digest:
        tally.wrong("not what was begun", f"{where}: {found.seq} of {floor.ears.acked}")


def _differ(live: JsonObject, found: JsonObject) -> list[str]:
    return [key for key in sorted({*live, *found}) if live.get(key) != found.get(key)]


def _judge_snapshots(tally: Tally, floor: Floor, where: str) -> None:
    """A snapshot is of one moment: what it holds is what was begun up to its own commit."""
    for name in floor.disk.list_dir(SNAPSHOTS):
        image, tip = unpack(floor.disk.read(f"{SNAPSHOTS}/{name}"), name)
        due = [digest for seq, digest in floor.ears.begun if seq <= tip.seq]
        digest = whole(image.documents, image.streams).value()
        if digest != (due[-1] if due else floor.first_digest):
            tally.wrong("mixed snapshot", f"{where}: {name}, of commit {tip.seq}")


def _judge_heir(
    tally: Tally, grounds: Yard, scene: Scene, scenery: Scenery, first: Other, where: str
) -> None:
    """Another process has the store."""
    floor, heir, other = scenery.floor, scenery.heir, scenery.other
    assert heir is not None
    assert other is not None
    if other.failed is not None:
        tally.wrong("failed", f"{where}: the heir: {other.failed!r}")
        return
    touched = floor.between.counts["every operation"]
    if scenery.touched_after and touched > scenery.touched_after:
        tally.wrong("two writers", f"{where}: the lock was free, and the disk still touched")
    if floor.ears.acked > scenery.base_seq:
        said = f"{floor.ears.acked} was acknowledged, the heir began after {scenery.base_seq}"
        tally.wrong("acknowledged and lost", f"{where}: {said}")
    late = scene.name == "open" and isinstance(first.failed, StoreLocked)
    if first.failed is not None and not late and not isinstance(first.failed, StoreFailed):
        tally.wrong("failed", f"{where}: {type(first.failed).__name__}: {first.failed}")
    if floor.is_open and scene.name != "close":
        with contextlib.suppress(StoreFailed):
            floor.watch()
            floor.session.on_trade(WATCHER)
            tally.wrong("two writers", f"{where}: the one before still saves")
    try:
        heir.state.supervisor.system_cycle_count += 1
        heir.mark(documents=["supervisor"])
        heir.save("heir")
        live = to_documents(heir.state)
        heir.close()
        found = restore(floor.disk, clock=InProcessClock(floor.venue))
    except PersistError as problem:
        tally.wrong("failed", f"{where}: the heir: {type(problem).__name__}: {problem}")
        return
    differ = _differ(live, found.documents)
    if differ:
        tally.wrong("not the live state", f"{where}: the heir's {', '.join(differ[:3])}")
    lost = [damage for damage in found.facts.damages if damage.outcome == "lost"]
    if lost:
        tally.wrong("called lost", f"{where}: {lost[0].file}: {lost[0].problem}")
    reopened(tally, MemoryFs.of(floor.disk.contents()), grounds, where)


def _let_go(scenery: Scenery) -> None:
    for session in (scenery.heir, scenery.floor.session if scenery.floor.is_open else None):
        if session is not None:
            with contextlib.suppress(BaseException):
                session.close(save=False)
